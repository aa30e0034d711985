# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host of the lab, as scenarios see it."""

import base64
import contextlib
import io
import shlex
import tarfile
import time
from xml.etree import ElementTree

from . import cluster, fabric, nodes, ssh
from .say import LabError, LabTimeout
from .vhba import in_listing, parse_info

BETWEEN = "====="  # what virsh says between the answers to several commands


class Host:
    def __init__(self, name, trace=lambda text: None):
        """trace: told every virsh command line before it runs."""
        self.name = name
        self.node = nodes.NODES[name]
        self.trace = trace

    def attempt(self, *argv, stdin="", timeout=120):
        """Runs a command as root, whatever comes of it: a CompletedProcess with text. timeout in seconds."""
        return ssh.run(self.name, list(map(str, argv)), stdin, timeout)

    def run(self, *argv, stdin="", timeout=120):
        """Runs a command that must succeed; returns what it printed."""
        done = self.attempt(*argv, stdin=stdin, timeout=timeout)
        if done.returncode != 0:
            raise LabError(f"`{shlex.join(map(str, argv))}` on {self.name} ended with status {done.returncode}: "
                           f"{(done.stderr or done.stdout).strip()}")
        return done.stdout

    def shell(self, script, timeout=120):
        return self.run("sh", "-ec", script, timeout=timeout)

    def put(self, there, files):
        """Copies files and directories into a directory, which is made. files: {name there: path here}."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
            for name, path in files.items():
                tar.add(path, arcname=name)
        self.run("sh", "-ec", f"mkdir -p {shlex.quote(there)}; base64 -d | tar -C {shlex.quote(there)} -xz",
                 stdin=base64.b64encode(archive.getvalue()).decode())

    def read(self, path):
        return self.run("cat", path)

    def virsh(self, *words, stdin="", timeout=120):
        """A virsh command that must succeed; returns what it printed, without blank ends."""
        self.trace(f"{self.name}# virsh {shlex.join(map(str, words))}")
        return self.run("virsh", "-q", *words, stdin=stdin, timeout=timeout).strip()

    def ask(self, *commands):
        """What several virsh commands print, each without blank ends; one virsh for all costs no more than for one.

        '' for one that fails; the last must succeed.
        """
        lines = [shlex.join(map(str, command)) for command in commands]
        for line in lines:
            self.trace(f"{self.name}# virsh {line}")
        answers = self.run("virsh", "-q", f"; echo {BETWEEN}; ".join(lines))
        return [answer.strip() for answer in answers.split(BETWEEN)]

    def virsh_refuses(self, *words, stdin="", timeout=120):
        """A virsh command that must fail; returns its error."""
        self.trace(f"{self.name}# virsh {shlex.join(map(str, words))}")
        done = self.attempt("virsh", "-q", *words, stdin=stdin, timeout=timeout)
        if done.returncode == 0:
            raise LabError(f"`virsh {shlex.join(map(str, words))}` on {self.name} succeeded, and should not have")
        return done.stderr.strip()

    def start_virsh(self, *words):
        """A virsh command that runs on meanwhile: a Popen with text pipes."""
        self.trace(f"{self.name}# virsh {shlex.join(map(str, words))} &")
        return ssh.popen(self.name, ["virsh", "-q", *map(str, words)])

    def start_shell(self, script):
        """A shell script that runs on meanwhile: a Popen with text pipes."""
        return ssh.popen(self.name, ["sh", "-ec", script])

    def names(self, *words):
        """The lines that a virsh listing prints, as a sorted list."""
        return sorted(line.strip() for line in self.virsh(*words).splitlines() if line.strip())

    # vHBAs

    def vhbas(self):
        """The names of all vHBAs that libvirt knows, defined or active."""
        return in_listing(self.virsh("nodedev-list", "--cap", "fc_host", "--all"))

    def vhba_info(self, vhba):
        """What `virsh nodedev-info` says of a vhba.Port; see parse_info."""
        return parse_info(self.virsh("nodedev-info", vhba.name))

    def wait_vhba(self, vhba, timeout=60):
        """Waits until a vHBA is active for libvirt. timeout in seconds."""
        self.wait_vhbas([vhba], timeout)

    def wait_vhbas(self, vhbas, timeout=60):
        """Waits until all of several vHBAs are active for libvirt. timeout in seconds."""
        def missing():
            return {vhba.name for vhba in vhbas} - set(self.names("nodedev-list", "--cap", "fc_host"))

        self.wait_until(lambda: not missing(), "lifecycle", timeout,
                        lambda: f"{len(missing())} vHBAs to be active on {self.name}: {sorted(missing())[:5]}…")

    def wait_hba(self, *states, wwpn=None, timeout=60):
        """Waits until the HBA, or another one, is in one of some states for libvirt, such as online.

        timeout in seconds.
        """
        name = "scsi_" + self.fc_host(wwpn or self.node.hba_wwpn)

        def state():
            done = self.attempt("virsh", "-q", "nodedev-dumpxml", name)
            return ElementTree.fromstring(done.stdout).findtext(".//state") if done.returncode == 0 else "not known"

        self.wait_until(lambda: state() in states, "update", timeout,
                        lambda: f"{name} on {self.name} to be {' or '.join(states)}; it is {state()}")

    def wait_until(self, true, event, timeout, what, domain=None):
        """The first true value of true(); looks again with every event of a kind: a domain's, or else node devices'.

        timeout: seconds. what(): what was waited for, for the error.
        """
        listen = ["event", domain] if domain else ["nodedev-event"]
        deadline = time.monotonic() + timeout
        while not (found := true()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise LabTimeout(f"waited {timeout:g} s for {what()}")
            # The event may have come just before anybody listened, hence not for long.
            self.attempt("virsh", *listen, "--event", event, "--timeout", str(max(1, min(3, int(left)))))
        return found

    def wait_domain(self, name, state, timeout=60):
        """Waits until libvirt says that a domain is in a state, such as "shut off". timeout in seconds."""
        def now():
            return self.virsh("domstate", name)

        self.wait_until(lambda: now() == state, "lifecycle", timeout,
                        lambda: f"{name} on {self.name} to be {state}; it is {now()}", domain=name)

    def wait_vhba_state(self, vhba, state, timeout=60):
        """Waits until libvirt says that a vHBA's port is in a state, such as "linkdown". timeout in seconds."""
        self.wait_until(lambda: f"<state>{state}</state>" in self.virsh("nodedev-dumpxml", vhba.name), "update",
                        timeout, lambda: f"{vhba.name} on {self.name} to be {state}")

    def wait_remote_port(self, vhba, wwpn, state, timeout=60):
        """Waits until a vHBA's remote port is in a state, such as "Blocked". timeout in seconds."""
        ports = f"/sys/class/fc_host/{self.fc_host(vhba.wwpn)}/device/rport-*/fc_remote_ports/*"

        def now():
            return self.shell(f"cat $(dirname $(grep -l {wwpn} {ports}/port_name))/port_state").strip()

        self.wait_until(lambda: now() == state, "update", timeout,
                        lambda: f"{vhba.name} on {self.name} to see {wwpn} {state}; it is {now()}")

    def vports(self):
        """The WWPNs of the vports that exist, whoever made them."""
        return sorted(self.shell("cat /sys/class/fc_vports/*/port_name 2> /dev/null || true")
                      .replace("0x", "").split())

    def definitions(self):
        """The WWPNs that have a definition file."""
        return sorted(self.shell("cd /etc/libvirt/nodedev/vhba 2> /dev/null && ls *.xml 2> /dev/null || true")
                      .replace(".xml", "").split())

    @contextlib.contextmanager
    def lun_timeout(self, seconds):
        """While this lasts, qemu.conf says how long a LUN may take to appear."""
        self.shell(f"echo 'vhba_lun_timeout = {seconds}' >> /etc/libvirt/qemu.conf; "
                   "systemctl restart virtqemud.service")
        try:
            yield
        finally:
            self.shell("sed -i '/^vhba_lun_timeout/d' /etc/libvirt/qemu.conf; systemctl restart virtqemud.service")

    def claims(self):
        """Which domains hold which vHBAs: {WWPN: [name, …]}."""
        lines = self.shell("cd /run/libvirt/vhba 2> /dev/null && grep . -- * /dev/null || true").splitlines()
        found = {}
        for line in lines:
            wwpn, _, holder = line.partition(":")
            found.setdefault(wwpn, []).append(holder.split(" ", 1)[1])
        return found

    # The HBA and raw vports, without libvirt

    def hba(self):
        """The sysfs name of the HBA, such as host0."""
        return self.shell(f"cd /sys/class/fc_host && grep -l {self.node.hba_wwpn} */port_name | cut -d/ -f1").strip()

    def join_second_fabric(self):
        """Makes an HBA on the second fabric, until the next scenario; returns when libvirt finds it online."""
        mark = fabric.SECOND.mark()
        self.run("/usr/lib/lab/fc-up", "fc2")
        fabric.SECOND.wait_login(self.node.second_wwpn, self.name, since=mark)
        self.wait_hba("online", wwpn=self.node.second_wwpn)

    def vport_create(self, wwpn, wwnn):
        self.shell(f"echo {wwpn}:{wwnn} > /sys/class/fc_host/{self.hba()}/vport_create")

    def vport_delete(self, wwpn, wwnn):
        self.shell(f"echo {wwpn}:{wwnn} > /sys/class/fc_host/{self.hba()}/vport_delete")

    def fc_host(self, wwpn):
        """The sysfs name of the fc_host with that WWPN, or '' if there is none."""
        return self.shell(f"cd /sys/class/fc_host && grep -l {wwpn} */port_name | cut -d/ -f1 || true").strip()

    def wait_lun(self, serial, timeout=60):
        """Waits until udev has made the links of a LUN; returns its stable link. timeout in seconds.

        serial: the VPD 0x83 identity, as target.identity(name) gives it.
        """
        link = f"/dev/disk/by-id/wwn-0x{serial}"
        self.run("udevadm", "wait", f"--timeout={timeout:g}", link, timeout=timeout + 30)
        return link

    # Power

    def reboot(self):
        self.trace(f"reboot {self.name}")
        cluster.reboot(self.name)

    def kill(self):
        self.trace(f"cut the power of {self.name}")
        cluster.kill(self.name)

    def start(self):
        self.trace(f"give {self.name} power")
        cluster.start(self.name)

    def logged_in(self, wwpn):
        """Whether the fabric has a WWPN at this host's port now."""
        return fabric.where(wwpn) == self.name
