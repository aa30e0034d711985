# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab itself works: machines, fabric, LUNs, power switches; no libvirt patch is needed.

A program that crashes is found. A vport is made by hand, gets its LUN, moves to the other host; a machine keeps its
files over a reboot and a power cut, and loses its logins with its power.
"""

from lib import crashes, fabric, target

WWPN, WWNN = "2101001b32a900f2", "2001001b32a900f2"


def run(t):
    streams(t)
    crash(t)
    vport(t)
    move(t)
    power(t)
    t.no_double_login()


def streams(t):
    done = t.a.attempt("sh", "-c", "cat; echo err >&2; exit 7", stdin="in")
    t.equal((done.stdout, done.stderr, done.returncode), ("in", "err\n", 7),
            "exec passes the three streams and the exit status")
    t.equal(t.a.run("ssh", "b", "hostname").strip(), "b", "a reaches b by ssh")


def crash(t):
    t.a.attempt("sh", "-c", "kill -SEGV $$")
    found = crashes.found()
    t.ok(len(found) == 1 and found[0].startswith("a: dash-signal11-"), "a program that crashes is found", found)
    crashes.forget(t.a)


def vport(t):
    target.add("disk", 4 << 20, b"hello")
    target.show("disk", WWPN, 3)
    t.say("a vport by hand on a")
    t.a.vport_create(WWPN, WWNN)
    fabric.wait_login(WWPN, "a", since=t.fabric_mark)
    link = t.a.wait_lun(target.identity("disk"))
    t.equal(t.a.run("head", "-c", "5", link), "hello", "the vport sees its LUN")
    t.a.shell(f"printf HELLO | dd of={link} bs=512 conv=sync oflag=direct status=none")
    t.equal(target.backing("disk").read_bytes()[:5], b"HELLO", "what a host writes is seen outside")


def move(t):
    t.say("the same vport on b while it is on a: the fabric lets the first keep it")
    mark = fabric.mark()
    t.b.vport_create(WWPN, WWNN)
    fabric.wait(lambda event: event["event"] == "reject" and event["port"] == "b" and event["wwpn"] == WWPN,
                "the fabric to reject the second login", since=mark)
    t.equal(fabric.where(WWPN), "a", "a WWPN that is logged in is not let in again")
    t.a.vport_delete(WWPN, WWNN)
    fabric.wait_login(WWPN, "b", since=mark)
    t.b.wait_lun(target.identity("disk"))
    t.ok(True, "it comes up on b by itself once a has let go")


def power(t):
    t.say("a keeps its files")
    t.a.shell("echo kept > /etc/libvirt/lab-selftest; sync /etc/libvirt/lab-selftest")
    t.a.reboot()
    t.equal(t.a.read("/etc/libvirt/lab-selftest"), "kept\n", "/etc/libvirt survives a reboot")
    t.equal(t.a.names("list", "--all", "--name"), [], "virtqemud answers after a reboot")
    mark = fabric.mark()
    t.b.kill()
    fabric.wait_logout(WWPN, since=mark)
    t.ok(True, "a power cut ends the logins of a host at once")
    t.b.start()
    t.equal(t.b.fc_host(WWPN), "", "a vport by hand is gone after a power cut")
    t.say("the target keeps its LUNs")
    t.a.vport_create(WWPN, WWNN)
    link = t.a.wait_lun(target.identity("disk"))
    t.equal(t.a.run("head", "-c", "5", link), "HELLO", "a sees the LUN again")
    t.a.run("rm", "/etc/libvirt/lab-selftest")
