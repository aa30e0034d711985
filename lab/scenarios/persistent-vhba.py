# SPDX-License-Identifier: LGPL-2.1-or-later
"""A vHBA that is defined once is there after every boot, and brings its LUN."""

from lib import fabric, target, vhba

P, S = vhba.number(0)


def run(t):
    target.add("disk", 4 << 20, b"hello")
    target.show("disk", P.wwpn)
    define(t)
    start_and_destroy(t)
    boots(t)
    refusals(t)
    undefine(t)
    t.no_double_login()


def define(t):
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=P.xml())
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=S.xml())
    t.equal(t.a.vhbas(), sorted([P.name, S.name]), "both vHBAs are listed")
    info = t.a.vhba_info(P)
    t.equal((info["Active"], info["Persistent"], info["Autostart"]), ("no", "yes", "no"),
            "a new definition is inactive, persistent, and not started at boot")
    t.equal(fabric.where(P.wwpn), None, "to define is not to log in")
    t.contains(t.a.virsh("nodedev-dumpxml", P.name), f"<wwpn>{P.wwpn}</wwpn>", "its XML can be read while inactive")


def start_and_destroy(t):
    t.a.virsh("nodedev-start", P.name)
    t.equal(fabric.where(P.wwpn), "a", "a started vHBA is logged in to the fabric")
    t.equal(t.a.vhba_info(P)["Active"], "yes", "it is active when the start returns")
    link = t.a.wait_lun(target.identity("disk"))
    t.equal(t.a.run("head", "-c", "5", link), "hello", "its LUN is there")
    mark = fabric.mark()
    t.a.virsh("nodedev-destroy", P.name)
    fabric.wait_logout(P.wwpn, since=mark)
    t.equal(t.a.vhbas(), sorted([P.name, S.name]), "a destroyed vHBA is still defined")
    t.equal(t.a.vports(), [], "and has no vport")


def boots(t):
    t.a.virsh("nodedev-autostart", P.name)
    for what, again in (("a reboot", t.a.reboot), ("a power cut", lambda: (t.a.kill(), t.a.start()))):
        mark = fabric.mark()
        again()
        fabric.wait_login(P.wwpn, "a", since=mark)
        t.a.wait_vhba(P)
        link = t.a.wait_lun(target.identity("disk"))
        t.equal(t.a.run("head", "-c", "5", link), "hello", f"after {what} the vHBA and its LUN are there")
        info = t.a.vhba_info(P)
        t.equal((info["Persistent"], info["Autostart"]), ("yes", "yes"), f"after {what} its settings are the same")
        t.equal(t.a.vhba_info(S)["Active"], "no", f"after {what} the one without autostart is inactive")


def refusals(t):
    error = t.a.virsh_refuses("nodedev-define", "/dev/stdin", stdin=vhba.Port(P.wwnn, "21010g1b32a90002").xml())
    t.contains(error, "21010g1b32a90002", "a WWPN that is none is refused and named")
    error = t.a.virsh_refuses("nodedev-start", P.name)
    t.contains(error, P.name, "an active vHBA is not started again")
    t.equal(t.a.vports(), [P.wwpn], "what was refused has left nothing behind")


def undefine(t):
    t.a.virsh("nodedev-autostart", P.name, "--disable")
    t.equal(t.a.vhba_info(P)["Autostart"], "no", "autostart can be taken back")
    t.a.virsh("nodedev-destroy", P.name)
    for member in (P, S):
        t.a.virsh("nodedev-undefine", member.name)
    t.equal(t.a.vhbas(), [], "an undefined vHBA is gone")
    t.equal(t.a.definitions(), [], "and so is its file")
