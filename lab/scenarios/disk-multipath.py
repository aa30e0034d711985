# SPDX-License-Identifier: LGPL-2.1-or-later
"""A LUN with two paths: its multipath map is used, never a path, and the guest goes on when one path goes down.

Before, without multipathd: the paths are one LUN, either can be asked for, and one that is down is not taken.
"""

import re
from xml.etree import ElementTree

from lib import fabric, guest, nodes, target, vhba

NAME = "paths"
P, _ = vhba.number(0)


def run(t):
    second = target.second_port()
    target.add("disk", guest.DISK_SIZE, guest.image())
    target.show("disk", P.wwpn, 4)
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=P.xml())
    without_multipathd(t, second)
    t.a.run("/usr/lib/lab/multipath", "up")
    every_way_to_name_it(t, second)
    paths_go_down(t)
    t.no_double_login()


def without_multipathd(t, second):
    first = nodes.TARGET.hba_wwpn
    for port in (first, second):
        define(t, P.source(f"<lun unit='4' target='{port}'/>"))
        t.a.virsh("start", NAME)
        t.equal(opened(t), [device_behind(t, port)], f"without multipathd: behind {port}, as asked for")
        t.a.virsh("destroy", NAME)
    define(t, P.source())
    for (_, _, link), down, up in zip(nodes.TARGET.fc_ports, (first, second), (second, first)):
        fabric.control("link", link, "down")
        t.a.wait_remote_port(P, down, "Blocked")
        with guest.Watch(target.backing("disk")) as watch:
            t.a.virsh("start", NAME)
            t.equal(opened(t), [device_behind(t, up)], f"without multipathd: {down} is down, hence behind {up}")
            watch.wait(5)
        t.a.virsh("destroy", NAME)
        fabric.control("link", link, "up")
        t.a.wait_remote_port(P, down, "Online")
    t.a.virsh("nodedev-destroy", P.name)


def device_behind(t, port):
    """The SCSI disk that P shows the LUN as behind a target port."""
    return t.a.shell(f"""
        cd /sys/class/fc_host/{t.a.fc_host(P.wwpn)}/device
        rport=$(grep -l {port} rport-*/fc_remote_ports/*/port_name | cut -d/ -f1)
        echo /dev/$(ls $rport/target*/*:4/block)""").strip()


def paths(t):
    """The paths of the LUN's map: {SCSI disk: state}, from the kernel's own table."""
    status = t.a.run("dmsetup", "status", "--target", "multipath")
    numbers = dict(re.findall(r" (\d+:\d+) ([AF]) ", status))
    return {t.a.run("readlink", f"/sys/dev/block/{number}").strip().split("/")[-1]: state
            for number, state in numbers.items()}


def wait_paths(t, wanted, timeout=60):
    """Waits until the states of the map's paths, sorted, are such as "AF"; each change of theirs is an event."""
    t.a.run("timeout", timeout, "sh", "-ec", f"""
        map=$(dmsetup ls --target multipath | cut -f1)
        while
            number=$(dmsetup info -c --noheadings -o events $map)
            states=$(dmsetup status $map | grep -o ' [0-9]*:[0-9]* [AF] ' | cut -d' ' -f3 | sort | tr -d '\\n')
            test "$states" != {wanted}
        do
            dmsetup wait $map $number > /dev/null
        done""", timeout=timeout + 30)


def opened(t):
    """The block devices that the guest's QEMU has open."""
    pid = t.a.read(f"/run/libvirt/qemu/{NAME}.pid").strip()
    found = t.a.shell(f"ls -l /proc/{pid}/fd | sed -n 's/.* -> \\(\\/dev\\/\\(sd\\|dm-\\|mapper\\).*\\)/\\1/p'")
    return sorted(set(found.split()))


def live_dev(t):
    return ElementTree.fromstring(t.a.virsh("dumpxml", NAME)).find(".//disk/source").get("dev")


def the_map(t):
    return t.a.shell("ls /dev/mapper/mpath*").strip()


def uses_the_map(t, how):
    t.equal(opened(t), [t.a.run("readlink", "-f", the_map(t)).strip()], f"{how}: the map is all that QEMU has open")


def define(t, source):
    t.a.attempt("virsh", "-q", "undefine", NAME)
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, source))


def every_way_to_name_it(t, second):
    """Starts the guest with each form of source."""
    define(t, P.source())
    t.a.virsh("start", NAME)
    uses_the_map(t, "by WWNs")
    t.equal(live_dev(t), the_map(t), "the live XML names the map")
    wait_paths(t, "AA")
    t.equal(len(paths(t)), 2, "the map has both paths, and no <lun> was needed: they are one LUN")
    t.a.virsh("destroy", NAME)
    for how, source in (("by unit and target port", P.source(f"<lun unit='4' target='{second}'/>")),
                        ("by one of its paths", f"<source dev='/dev/{sorted(paths(t))[0]}' model='vport'/>")):
        define(t, source)
        t.a.virsh("start", NAME)
        uses_the_map(t, how)
        t.a.virsh("destroy", NAME)


def paths_go_down(t):
    define(t, P.source())
    with guest.Watch(target.backing("disk")) as watch:
        t.a.virsh("start", NAME)
        for _, _, port in nodes.TARGET.fc_ports:
            wait_paths(t, "AA")
            fabric.control("link", port, "down")
            wait_paths(t, "AF")
            watch.wait(40)
            t.ok(True, f"the guest goes on without the path through {port}")
            fabric.control("link", port, "up")
        wait_paths(t, "AA")
        t.ok(True, "both paths come back")
        t.say(f"longest gap in the guest's writes: {watch.longest_gap()[0]:.1f} s")
    t.a.virsh("destroy", NAME)
    t.equal(watch.lost + watch.problems, [], "no write of the guest is lost")
    t.nothing_wrong(guest.check_disk(target.backing("disk")), "its disk is as it should be")
