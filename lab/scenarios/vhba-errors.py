# SPDX-License-Identifier: LGPL-2.1-or-later
"""What cannot be started says why and what to do about it, and leaves nothing behind."""


from lib import fabric, vhba

A, B = vhba.number(0)
C, D = vhba.number(1)
OTHER_FABRIC = "<parent fabric_wwn='2001000dec9877ff'/>"
NO_HBA = "<parent wwnn='20000000c9848140' wwpn='10000000c9848140'/>"
LENT = "<handover state='lent' domain='guest' migration='5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b'/>"


def run(t):
    t.say("not here: an HBA that is full (fcoe carries 65535), a fabric without resources (libfc does not tell it from "
          "another refusal), and what only other drivers return; virfchosttest has these")
    refused_definitions(t)
    refused_at_once(t)
    for port in (A, B, C, D):
        define(t, port)
    refused_by_the_fabric(t)
    link_lost(t)
    fabric_without_npiv(t)
    cause_gone(t)
    t.no_double_login()


def define(t, port, **how):
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=port.xml(**how))


def nothing_left(t, port, cause):
    t.equal((t.a.vports(), t.a.fc_host(port.wwpn), fabric.where(port.wwpn) == "a", t.a.vhba_info(port)["Active"]),
            ([], "", False, "no"), f"{cause}: nothing is left behind")


def refused_definitions(t):
    def refused(words, promise, port, parent="", command="nodedev-define"):
        error = t.a.virsh_refuses(command, "/dev/stdin", stdin=port.xml(parent=parent))
        t.ok(all(word in error for word in words) and "No such file" not in error, promise, error)

    node = t.a.node
    for command in ("nodedev-define", "nodedev-create"):
        refused(["malformed WWN '21010g1b32a90100'"], f"{command}: a WWPN that is none",
                vhba.Port(A.wwnn, "21010g1b32a90100"), command=command)
    refused(["malformed WWN '2001001b32a9'"], "a WWNN that is none", vhba.Port("2001001b32a9", A.wwpn))
    refused(["cannot begin with '0'"], "a WWPN that no port can have", vhba.Port(A.wwnn, "0101001b32a90100"))
    refused(["must differ"], "a WWPN that is the WWNN", vhba.Port(A.wwnn, A.wwnn))
    refused(["'scsi_host77'", "--cap vports"], "a parent that is not there", A, "<parent>scsi_host77</parent>")
    refused(["HBA", t.a.hba().replace("host", "scsi_host")], "the WWPN of an HBA", vhba.Port(A.wwnn, node.hba_wwpn))
    refused(["does not accept these WWNs; are they in use", "(errno 22)"], "the kernel refuses the WWPN of an HBA",
            vhba.Port(A.wwnn, node.hba_wwpn), command="nodedev-create")
    t.a.virsh("nodedev-create", "/dev/stdin", stdin=A.xml())
    refused(["transient vHBA 'scsi_host"], "the WWPN of a transient vHBA", A)
    t.a.virsh("nodedev-destroy", "scsi_" + t.a.fc_host(A.wwpn))
    t.equal((t.a.definitions(), t.a.vports()), ([], []), "what was not defined is not there")


def refused_at_once(t):
    for cause, words, how in (
            ("the parent is not there", "is not there; is its driver loaded?", {"parent": NO_HBA}),
            ("the parent is on another fabric", "it is on another fabric", {"parent": OTHER_FABRIC}),
            ("lent to another host", "is lent to the host that domain 'guest' migrates to", {"partner": LENT})):
        define(t, A, **how)
        t.contains(t.a.virsh_refuses("nodedev-start", A.name), words, cause)
        nothing_left(t, A, cause)
    define(t, A)
    t.a.run("mount", "-o", "remount,ro", "/sys")
    error = t.a.virsh_refuses("nodedev-start", A.name)
    t.a.run("mount", "-o", "remount,rw", "/sys")
    t.contains(error, "sysfs is mounted read-only", "sysfs is read-only")
    nothing_left(t, A, "sysfs is read-only")


def refused_by_the_fabric(t):
    """Three at a time: each takes ten seconds."""
    t.b.vport_create(A.wwpn, A.wwnn)
    fabric.wait_login(A.wwpn, "b")
    for port in (B, C):
        fabric.control("reject", port.wwpn, "on")
    mark = fabric.mark()
    starts = {port: t.a.start_virsh("nodedev-start", port.name) for port in (A, B, C)}
    wait_reject(C, mark)
    t.a.shell(f"cd /sys/class/fc_vports; vport=$(grep -l {C.wwpn} */port_name); echo 1 > ${{vport%/*}}/vport_disable")
    for port, cause, words in ((A, "logged in elsewhere", ["'Initializing'", "is it logged in elsewhere?"]),
                               (B, "kept out by the fabric", ["'Initializing'", "has not accepted the login"]),
                               (C, "disabled", ["'Disabled'", "vport_disable"])):
        error = starts[port].communicate(timeout=120)[1]
        t.ok(starts[port].returncode != 0 and all(word in error for word in [port.wwpn, *words]), cause, error)
    for port in (A, B, C):
        nothing_left(t, port, "refused by the fabric")
    t.equal(fabric.where(A.wwpn), "b", "whoever had the WWPN keeps it")


def wait_reject(port, mark):
    fabric.wait(lambda event: event["event"] == "reject" and event["wwpn"] == port.wwpn and event["port"] == "a",
                f"the fabric to refuse {port.wwpn}", since=mark)


def link_lost(t):
    mark = fabric.mark()
    start = t.a.start_virsh("nodedev-start", B.name)
    wait_reject(B, mark)
    fabric.control("link", "a", "down")
    t.contains(start.communicate(timeout=120)[1], "vport state 'Linkdown'", "the link is lost during a start")
    nothing_left(t, B, "the link is lost during a start")
    t.contains(t.a.virsh_refuses("nodedev-start", D.name), "its port is offline; check the cable", "the link is down")
    nothing_left(t, D, "the link is down")


def fabric_without_npiv(t):
    fabric.control("npiv", "off")
    try:
        link_up(t)
        error = t.a.virsh_refuses("nodedev-start", D.name)
    finally:
        fabric.control("npiv", "on")
    t.contains(error, "'No Fabric Support'", "the fabric does not support NPIV")
    nothing_left(t, D, "the fabric does not support NPIV")
    fabric.control("link", "a", "down")
    link_up(t)


def link_up(t):
    """The HBA's link, which is down, comes up, and the HBA is online."""
    t.a.wait_hba("offline", "linkdown")
    fabric.control("link", "a", "up")
    t.a.wait_hba("online")


def cause_gone(t):
    t.a.virsh("nodedev-start", D.name)
    t.equal(fabric.where(D.wwpn), "a", "with a fabric that supports NPIV it starts")
    fabric.control("reject", B.wwpn, "off")
    t.a.virsh("nodedev-start", B.name)
    t.equal(fabric.where(B.wwpn), "a", "one that is not kept out any more starts")
    fabric.control("reject", C.wwpn, "off")
