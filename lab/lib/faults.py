# SPDX-License-Identifier: LGPL-2.1-or-later
"""The points of a hand-over, and what can die there.

A point is a line of a daemon's log: before and after each write to the journal and each vport that comes or goes, and
before each change of phase, whose other side is the next point.
"""

from dataclasses import dataclass

from . import cluster, nodes, stop, vm
from .handover import NAME

SOURCE, DESTINATION = "source", "destination"


@dataclass(frozen=True)
class Point:
    """A line of the log of one daemon. {P} and {S} stand for the WWPNs of the pair."""
    host: str  # SOURCE or DESTINATION
    daemon: str
    text: str
    stage: int  # 0: QEMU runs on the source only; 1: on both hosts; 2: the guest may have run on the destination

    @property
    def name(self):
        return self.text.format(P="P", S="S").replace("'", "")


def _points(host, daemon, *stages):
    return [Point(host, daemon, line, stage) for stage, lines in enumerate(stages) for line in lines]


POINTS = _points(SOURCE, "virtqemud", [
    "Setting 'migration out' phase to 'begin3'",
    "'{S}': mark lent: begins", "'{S}': mark lent: done",
    "'{S}': stop: begins", "'{S}': stop: done",
    "Setting 'migration out' phase to 'perform3'",
], [
    "'{P}': mark lent: begins", "'{P}': mark lent: done",
    "Setting 'migration out' phase to 'perform3_done'",
], [
    "Setting 'migration out' phase to 'confirm3'",
    "'{S}': undefine: begins", "'{S}': undefine: done",
    "'{P}': stop: begins", "'{P}': stop: done",
    "'{P}': undefine: begins", "'{P}': undefine: done",
]) + _points(DESTINATION, "virtqemud", [
    "Setting 'migration in' phase to 'prepare'",
    "'{P}': define: begins", "'{P}': define: done",
    "'{S}': define: begins", "'{S}': define: done",
    "'{S}': start: begins", "'{S}': start: done",
], [
    "Setting 'migration in' phase to 'finish3'",
    "'{S}': mark none: begins",
], [
    "'{S}': mark none: done",
    "'{P}': start: begins", "'{P}': start: done",
    "'{P}': mark none: begins", "'{P}': mark none: done",
]) + _points(SOURCE, "virtnodedevd", [
    "{S}.xml': being written", "{S}.xml': on disk",
    "writing '{S}:", "wrote '{S}:",
], [
    "{P}.xml': being written", "{P}.xml': on disk",
], [
    "writing '{P}:", "wrote '{P}:",
]) + _points(DESTINATION, "virtnodedevd", [
    "{P}.xml': being written", "{P}.xml': on disk",
    "{S}.xml': being written", "{S}.xml': on disk",
    "writing '{S}:", "wrote '{S}:",
], [
], [
    "writing '{P}:", "wrote '{P}:",
])


class Victim:
    """Something that dies."""

    def __init__(self, name, host=None):
        self.name, self.host = name, host

    def __str__(self):
        return f"{self.name} of the {self.host}" if self.host else self.name


VICTIMS = [*(Victim(name, host) for name in ("virtqemud", "virtnodedevd", "QEMU", "power")
             for host in (SOURCE, DESTINATION)), Victim("client"), Victim("network")]


def strike(victim, hosts):
    """Makes it die. hosts: SOURCE and DESTINATION -> Host. False if there is nothing that could die."""
    host = hosts.get(victim.host)
    if victim.name in ("virtqemud", "virtnodedevd"):
        host.run("systemctl", "kill", "--kill-who=main", "--signal=KILL", f"{victim.name}.service")
    elif victim.name == "QEMU":
        return host.attempt("pkill", "-KILL", "-f", f"^/usr/bin/qemu-system.*guest={NAME},").returncode == 0
    elif victim.name == "client":
        return hosts[SOURCE].attempt("pkill", "-KILL", "-f", "^virsh .*migrate").returncode == 0
    elif victim.name == "network":
        set_network(hosts, False)
    elif victim.name == "power":
        cluster.kill(host.name)
    return True


def set_network(hosts, up):
    """The wire between the hosts."""
    for host in hosts.values():
        with vm.qmp(nodes.NODES[host.name]) as monitor:
            monitor.execute("set_link", name="peer0", up=up)


def mend(victim, hosts):
    """What has died comes back; libvirt's daemons do by themselves."""
    if victim.name == "network":
        set_network(hosts, True)
    elif victim.name == "power":
        cluster.start(hosts[victim.host].name)
        stop.prepare(hosts[victim.host])
