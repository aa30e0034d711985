# SPDX-License-Identifier: LGPL-2.1-or-later
"""vHBAs start by themselves as soon as they can, however late the HBA, the link or the fabric; 255 on one HBA.

One that was destroyed stays so.
"""

import itertools
import time

from lib import fabric, target, vhba

A, LENT = vhba.number(0)
BORROWED, OTHER = vhba.number(1)
MANY = list(itertools.chain.from_iterable(vhba.number(n) for n in range(128)))[:255]
BAD = MANY[100]
HANDOVER = "<handover state='{}' domain='guest' migration='5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b'/>"
IDLE = 3  # seconds after which the daemon exits when it has nothing to do


def run(t):
    mark = fabric.mark()
    target.add("disk", 4 << 20, b"hello")
    target.show("disk", A.wwpn)
    prepare(t)
    late_hba(t)
    stays_destroyed(t)
    late_link_and_target(t)
    late_fabric(t)
    t.nothing_wrong([event for event in fabric.events(mark) if event.get("wwpn") in (LENT.wwpn, BORROWED.wwpn)],
                    "what is lent or borrowed was never started by itself")
    many(t)
    t.no_double_login()


def prepare(t):
    hba = f"<parent wwnn='{t.a.node.hba_wwnn}' wwpn='{t.a.node.hba_wwpn}'/>"
    for port, how in ((A, {"parent": hba}), (LENT, {"partner": HANDOVER.format("lent")}),
                      (BORROWED, {"partner": HANDOVER.format("borrowed")})):
        t.a.virsh("nodedev-define", "/dev/stdin", stdin=port.xml(**how))
        t.a.virsh("nodedev-autostart", port.name)


def hba_goes(t):
    mark = fabric.mark()
    t.a.shell("echo fc0 > /sys/bus/fcoe/ctlr_destroy")
    fabric.wait_logout(t.a.node.hba_wwpn, since=mark)


def hba_comes(t):
    mark = fabric.mark()
    t.a.run("/usr/lib/lab/fc-up", "fc0")
    fabric.wait_login(t.a.node.hba_wwpn, "a", since=mark)


def seconds_between(mark, first, second):
    """The time between the first logins of two WWPNs in the fabric's log from a mark on."""
    times = {}
    for event in fabric.events(mark):
        if event["event"] == "login":
            times.setdefault(event["wwpn"], event["t"])
    return times[second] - times[first]


def comes_up(t, mark, what):
    comes_back(t, mark, what)
    t.say(f"{what}: {seconds_between(mark, t.a.node.hba_wwpn, A.wwpn):.1f} s after the HBA's own login")


def late_hba(t):
    hba_goes(t)
    t.a.run("systemctl", "restart", "virtnodedevd")
    t.equal(t.a.vhba_info(A)["Active"], "no", "without its HBA it is not active")
    mark = fabric.mark()
    hba_comes(t)
    comes_up(t, mark, "the HBA comes late")
    hba_goes(t)
    mark = fabric.mark()
    hba_comes(t)
    comes_up(t, mark, "the HBA comes again")


def stays_destroyed(t):
    """Its WWPN may be meant for another host. The other vHBA tells when the daemon has started what it starts."""
    mark = fabric.mark()
    t.a.virsh("nodedev-destroy", A.name)
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=OTHER.xml())
    t.a.virsh("nodedev-autostart", OTHER.name)
    t.a.run("systemctl", "restart", "virtnodedevd")
    fabric.wait_login(OTHER.wwpn, "a", since=mark)
    t.a.virsh("nodedev-destroy", OTHER.name)
    t.a.virsh("nodedev-undefine", OTHER.name)
    hba_goes(t)
    hba_comes(t)
    t.equal([event for event in fabric.events(mark) if event["event"] == "login" and event["wwpn"] == A.wwpn], [],
            "what was destroyed starts with neither the daemon nor the HBA")
    mark = fabric.mark()
    t.a.virsh("nodedev-autostart", A.name)
    t.a.run("systemctl", "restart", "virtnodedevd")
    comes_back(t, mark, "to be started by itself again")


def comes_back(t, mark, what):
    fabric.wait_login(A.wwpn, "a", since=mark)
    t.a.wait_vhba(A)
    t.ok(t.a.logged_in(A.wwpn), f"{what}: the vHBA starts by itself")


def make_inactive(t):
    """... without having it stay so."""
    t.a.virsh("nodedev-destroy", A.name)
    t.a.virsh("nodedev-autostart", A.name)


def late_link_and_target(t):
    make_inactive(t)
    for port in ("a", "target"):
        fabric.control("link", port, "down")
    t.a.run("systemctl", "restart", "virtnodedevd")
    t.equal(fabric.where(A.wwpn), None, "without a link it is not on the fabric")
    mark = fabric.mark()
    fabric.control("link", "a", "up")
    comes_up(t, mark, "the link comes late")
    fabric.control("link", "target", "up")
    link = t.a.wait_lun(target.identity("disk"))
    t.equal(t.a.run("head", "-c", "5", link), "hello", "the target comes late: its LUN is there")


def late_fabric(t):
    make_inactive(t)
    fabric.control("npiv", "off")
    try:
        mark = fabric.mark()
        for state in ("down", "up"):
            fabric.control("link", "a", state)
        t.a.run("systemctl", "restart", "virtnodedevd")
        fabric.wait_login(t.a.node.hba_wwpn, "a", since=mark)
        t.equal(fabric.where(A.wwpn), None, "a fabric without NPIV does not let it in")
    finally:
        fabric.control("npiv", "on")
    mark = fabric.mark()
    for state in ("down", "up"):
        fabric.control("link", "a", state)
    comes_up(t, mark, "the fabric supports NPIV late")


def many(t):
    """As many as an HBA and a port of the fabric can have, and one of them is logged in elsewhere."""
    hba_goes(t)
    t.a.run("systemctl", "stop", "virtnodedevd")
    write_definitions(t)
    t.b.vport_create(BAD.wwpn, BAD.wwnn)
    fabric.wait_login(BAD.wwpn, "b")
    t.a.run("systemctl", "start", "virtnodedevd")
    t.equal(len(t.a.vhbas()), 255, "255 are defined")
    mark, start = fabric.mark(), time.time()
    hba_comes(t)
    good = [port for port in MANY if port != BAD]
    wait_logins(good, mark)
    logins = time.time() - start
    t.a.wait_vhbas(good, timeout=300)
    t.ok(True, "254 start by themselves, although one cannot")
    t.say(f"254 vHBAs: all logged in {logins:.0f} s after the HBA was made, active after {time.time() - start:.0f} s")
    t.say(f"threads of virtnodedevd: {t.a.shell('ls /proc/$(pidof virtnodedevd)/task | wc -l').strip()}")
    t.equal(fabric.where(BAD.wwpn), "b", "the one that cannot has not been let in")
    idle_exit(t)
    # The kernel deletes 255 vports one after the other; this is quicker.
    t.a.shell("rm -r /etc/libvirt/nodedev/vhba; sync")
    t.a.kill()
    t.a.start()


def wait_logins(ports, mark):
    missing = {port.wwpn for port in ports}

    def is_last(event):
        if event["event"] == "login" and event["port"] == "a":
            missing.discard(event["wwpn"])
        return not missing

    fabric.wait(is_last, f"{len(ports)} logins at a", timeout=300, since=mark)


def write_definitions(t):
    template = vhba.Port("$wwnn", "$wwpn").xml().replace('"', "'")
    t.a.run("sh", "-ec", "rm -rf /etc/libvirt/nodedev/vhba; mkdir -p /etc/libvirt/nodedev/vhba/autostart; "
            f'cd /etc/libvirt/nodedev/vhba; while read wwnn wwpn; do echo "{template}" > $wwpn.xml; done; '
            "ln -s $PWD/*.xml autostart; mkdir -p /run/systemd/system/virtnodedevd.service.d; "
            f"printf '[Service]\\nEnvironment=\"VIRTNODEDEVD_ARGS=--timeout {IDLE}\"\\n' "
            "> /run/systemd/system/virtnodedevd.service.d/timeout.conf; systemctl daemon-reload",
            stdin="".join(f"{port.wwnn} {port.wwpn}\n" for port in MANY))


def idle_exit(t):
    def pid():
        return t.a.run("systemctl", "show", "--property=MainPID", "--value", "virtnodedevd").strip()

    before, quiet, mark = pid(), time.time() + 3 * IDLE, fabric.mark()
    fabric.wait(lambda event: event["event"] == "reject" and event["wwpn"] == BAD.wwpn and event["t"] > quiet,
                f"another attempt to start {BAD.name}", timeout=90, since=mark)
    t.equal(pid(), before, "the daemon does not exit for being idle as long as one is pending")
    mark = fabric.mark()
    t.b.vport_delete(BAD.wwpn, BAD.wwnn)
    fabric.wait_login(BAD.wwpn, "a", timeout=90, since=mark)
    t.ok(True, "it starts by itself when it can")
    t.a.run("timeout", "60", "tail", f"--pid={before}", "-f", "/dev/null")
    t.equal(pid(), "0", "the daemon exits when nothing is pending")
    t.equal(len(t.a.vports()), 255, "and all 255 are there")
