# SPDX-License-Identifier: LGPL-2.1-or-later
"""The index of LUNs says what a fresh walk through sysfs says, whatever happens to LUNs, links, target and daemon.

What it says is seen in the command line that libvirt would start QEMU with; for that, virtqemud asks its index only.
"""

import re

from lib import cluster, fabric, guest, nodes, target, vhba
from lib.say import LabError

NAME = "byunit"
P, _ = vhba.number(0)
LUNS = ("zero", "one", "two")
UNITS = range(len(LUNS))
# Some five hundred events overrun a socket of the size that a process gets without privileges.
STORM = "i=0; while [ $i -lt 1000 ]; do echo change > /sys/devices/virtual/mem/null/uevent; i=$((i + 1)); done"
UNPRIVILEGED = "[Service]\nCapabilityBoundingSet=~CAP_NET_ADMIN\n"


def run(t):
    for name in LUNS:
        target.add(name, guest.DISK_SIZE, guest.image() if name == "zero" else b"")
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=P.xml())
    index = Index(t)
    wait_for_lun(t, index)
    map_and_unmap(t, index)
    link(t, index)
    target_reboot(t, index)
    daemon_restart(t, index)
    overrun(t, index)
    t.no_double_login()


class Index:
    """What virtqemud's index and a walk say of P's units."""

    def __init__(self, t):
        self.t, self.host = t, t.a

    def says(self, unit):
        """The device of a unit, or None if the error is that there is none."""
        xml = guest.domain(NAME, P.source(f"<lun unit='{unit}'/>"))
        done = self.host.attempt("virsh", "domxml-to-native", "qemu-argv", "--xml", "/dev/stdin", stdin=xml)
        found = re.search(r'"filename":"(/dev/[^"]+)"', done.stdout)
        if found:
            return found[1]
        if f"no usable LUN {unit}" not in done.stderr:
            raise LabError(f"what is behind unit {unit}? {done.stderr.strip() or done.stdout}")
        return None

    def walk(self):
        """{unit: device} as sysfs has it."""
        paths = self.host.shell(f"cd /sys/class/fc_host/{self.host.fc_host(P.wwpn)}/device; "
                                "ls -d rport-*/target*/*:*:*:*/block/* 2> /dev/null || true")
        return {int(unit): f"/dev/{disk}" for unit, disk in re.findall(r"/\d+:\d+:\d+:(\d+)/block/(\S+)", paths)}

    def agrees(self, when, there):
        """A result: both say the same, and these units are there."""
        said = {unit: device for unit in UNITS if (device := self.says(unit))}
        self.t.equal(said, self.walk(), f"{when}: the index says what a walk says")
        self.t.equal(sorted(said), sorted(there), f"{when}: the units {there} are there, and no others")

    def scan(self):
        """Makes the kernel ask the target for its units; their block devices are there afterwards."""
        self.host.shell(f"echo '- - -' > /sys/class/scsi_host/{self.host.fc_host(P.wwpn)}/scan; udevadm settle")

    def take(self, unit):
        """Unmaps a unit and makes the kernel forget it."""
        disk = self.walk()[unit].removeprefix("/dev/")
        target.unmap(P.wwpn, unit)
        self.host.shell(f"echo 1 > /sys/block/{disk}/device/delete; udevadm settle")


def start_once(t):
    """A start of a domain waits for its LUN. The first one makes the daemon's index."""
    t.a.virsh("start", NAME)
    t.a.virsh("destroy", NAME)


def wait_for_lun(t, index):
    """The target answers nobody to whom it has nothing to show; hence unit 1."""
    target.show("one", P.wwpn, 1)
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, P.source("<lun unit='0'/>")))
    start = t.a.start_virsh("start", NAME)
    t.a.wait_lun(target.identity("one"))
    target.show("zero", P.wwpn, 0)
    index.scan()
    _, errors = start.communicate(timeout=60)
    t.equal((start.returncode, errors), (0, ""), "a start that waits goes on when the LUN comes")
    t.a.virsh("destroy", NAME)
    index.agrees("at first", [0, 1])


def map_and_unmap(t, index):
    target.show("two", P.wwpn, 2)
    index.agrees("mapped, but not asked for by the kernel", [0, 1])
    index.scan()
    index.agrees("after a rescan", [0, 1, 2])
    index.take(1)
    index.take(2)
    index.agrees("unmapped and deleted", [0])
    target.show("two", P.wwpn, 1)
    target.show("one", P.wwpn, 2)
    index.scan()
    index.agrees("each under the number of the other", [0, 1, 2])


def link(t, index):
    mark = fabric.mark()
    fabric.control("link", "a", "down")
    fabric.wait_logout(P.wwpn, since=mark)
    index.agrees("link down", [0, 1, 2])
    fabric.control("link", "a", "up")
    fabric.wait_login(P.wwpn, "a", since=mark)
    index.agrees("link up", [0, 1, 2])


def target_reboot(t, index):
    """The lab's target logs in before it has its LUNs again, and nobody asks twice; hence the second login."""
    cluster.reboot("target")
    mark = fabric.mark()
    for state in ("down", "up"):
        fabric.control("link", "target", state)
    fabric.wait_login(nodes.TARGET.hba_wwpn, "target", since=mark)
    for name in LUNS:
        wait_readable(t, target.identity(name))
    index.take(1)
    index.agrees("the target has been rebooted, and one LUN is gone", [0, 2])


def wait_readable(t, identity):
    """A slow machine reboots longer than the kernel waits for a target; then all units go, and come anew."""
    read = ("dd", "iflag=direct", "bs=512", "count=1", "of=/dev/null")
    if t.a.attempt(*read, f"if={t.a.wait_lun(identity)}").returncode != 0:
        t.a.shell("udevadm settle")
        t.a.run(*read, f"if={t.a.wait_lun(identity)}")


def daemon_restart(t, index):
    """In the middle of a change: half of it before, half of it after."""
    target.show("two", P.wwpn, 1)
    t.a.shell("systemctl stop virtqemud.service")
    index.scan()
    t.a.shell("systemctl start virtqemud.service")
    start_once(t)
    index.take(2)
    index.agrees("virtqemud has been restarted", [0, 1])


def overrun(t, index):
    """virtqemud stands still while more happens than fits into its sockets."""
    directory = "/run/systemd/system/virtqemud.service.d"
    t.a.run("mkdir", "-p", directory)
    t.a.run("tee", f"{directory}/unprivileged.conf", stdin=UNPRIVILEGED)
    t.a.shell("systemctl daemon-reload; systemctl restart virtqemud.service")
    start_once(t)
    index.agrees("before the overrun", [0, 1])
    t.a.shell("systemctl kill --signal=STOP virtqemud.service")
    try:
        index.take(1)
        target.show("one", P.wwpn, 2)
        index.scan()
        t.a.shell(STORM)
    finally:
        t.a.shell("systemctl kill --signal=CONT virtqemud.service")
    index.agrees("after the overrun", [0, 2])
    t.contains(t.a.shell("journalctl --no-pager --unit virtqemud.service"), "came faster than they were read",
               "the log says that events were lost")
