# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk whose LUN cannot be had: each cause has its own message, nothing starts, and no claim is left."""

from lib import fabric, guest, nodes, target, vhba

NAME = "refused"
TIMEOUT = 2  # seconds: vhba_lun_timeout for this scenario
P, S = vhba.number(0)
LENT = "<handover state='lent' domain='guest' migration='5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b'/>"
BORROWED = LENT.replace("lent", "borrowed")


def run(t):
    target.add("one", guest.DISK_SIZE, guest.image())
    target.add("two", guest.DISK_SIZE)
    with t.a.lun_timeout(TIMEOUT):
        vhba_not_usable(t)
        luns_not_as_wanted(t)
        named_by_path(t)
        in_use(t)
        link_down(t)
    t.no_double_login()


def define(t, port, **how):
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=port.xml(**how))


def undefine(t, *ports):
    for port in ports:
        t.a.attempt("virsh", "-q", "nodedev-destroy", port.name)
        t.a.virsh("nodedev-undefine", port.name)


def refused(t, cause, source, *words, held=()):
    """A domain with this source is refused; the error has all the words; held: the claims of others."""
    error = t.a.virsh_refuses("create", "/dev/stdin", stdin=guest.domain(NAME, source))
    missing = [word for word in words if word not in error]
    t.ok(not missing, cause, f"{missing} is not in:\n{error}")
    t.equal((NAME in t.a.names("list", "--all", "--name"), t.a.claims()), (False, dict(held)),
            f"{cause}: nothing is left")


def vhba_not_usable(t):
    refused(t, "not defined", P.source(), P.wwpn, "is not known on this host; define it as a node device")
    define(t, P)
    other = vhba.Port("2001001b32a9ffff", P.wwpn)
    refused(t, "defined with another WWNN", other.source(), f"has wwnn '{P.wwnn}', not '{other.wwnn}'")
    xml = guest.domain(NAME, P.source())
    t.contains(t.a.virsh_refuses("domxml-to-native", "qemu-argv", "/dev/stdin", stdin=xml), f"'{P.wwpn}' is not active",
               "inactive, where nothing may be started for it")
    fabric.control("reject", P.wwpn, "on")
    refused(t, "inactive and kept out by the fabric", P.source(),
            f"vHBA '{P.wwpn}' is not active and cannot be started", "has not accepted the login")
    fabric.control("reject", P.wwpn, "off")
    for mark, words in ((LENT, "is lent to another host"), (BORROWED, "is borrowed from another host")):
        define(t, P, partner=mark)
        refused(t, f"marked: {words}", P.source(), words, "domain 'guest'", P.name)
    undefine(t, P)
    define(t, S, partner=f"<primary wwpn='{P.wwpn}'/>")
    refused(t, "a secondary whose primary is not here", S.source(), f"secondary of '{P.wwpn}', which is not defined")
    undefine(t, S)


def luns_not_as_wanted(t):
    define(t, P)
    host = f"vHBA {P.wwpn} (host"
    refused(t, "no LUN", P.source(), host, f"within {TIMEOUT * 1000} ms", "zoning and LUN masking", "no LUN at all")
    # LIO lets nobody in who has no LUN, and the kernel does not ask again before the next login.
    t.a.virsh("nodedev-destroy", P.name)
    target.show("one", P.wwpn, 1)
    target.show("two", P.wwpn, 2)
    t.a.virsh("nodedev-start", P.name)
    for name in ("one", "two"):
        t.a.wait_lun(target.identity(name))
    shown = [f"LUN {unit} of target {nodes.TARGET.hba_wwpn}" for unit in (1, 2)]
    sizes = [f"naa.{target.identity(name)}, {guest.DISK_SIZE} bytes" for name in ("one", "two")]
    refused(t, "several LUNs", P.source(), host, "several LUNs, name one with <lun unit='N'/>", *shown, *sizes)
    refused(t, "wrong unit", P.source("<lun unit='7'/>"), host, "no usable LUN 7 within", *shown)
    refused(t, "wrong target", P.source("<lun target='50060e801049cfd1'/>"), host,
            "no usable LUN of target 50060e801049cfd1", *shown)
    undefine(t, P)


def named_by_path(t):
    vda = t.a.shell("ls /dev/vd* | head -1").strip()
    for path in (vda, "/dev/disk/by-path/nowhere"):
        refused(t, f"model='vport': {path} is not behind a vHBA", f"<source dev='{path}' model='vport'/>",
                f"'{path}' does not lead to a LUN behind an active vHBA")


def in_use(t):
    """A pair serves one domain, whichever member a second one names and wherever it wants it."""
    pair = vhba.Pair(P, S)
    pair.define(t.a, autostart=True)
    other = guest.domain("first", P.source("<lun unit='1'/>"))
    t.a.virsh("create", "/dev/stdin", stdin=other)
    for port in pair:
        refused(t, f"{port.wwpn} is used by another domain", port.source("<lun unit='2'/>"),
                f"vHBA '{P.wwpn}' belongs to a pair and is in use by domain 'first'", held={P.wwpn: ["first"]})
    t.a.virsh("destroy", "first")
    undefine(t, S, P)


def link_down(t):
    define(t, P)
    t.a.virsh("nodedev-start", P.name)
    t.a.wait_lun(target.identity("one"))
    fabric.control("link", "a", "down")
    t.a.wait_vhba_state(P, "linkdown")
    refused(t, "the link is down and the LUN is still there", P.source("<lun unit='1'/>"),
            "LUN 1 of target", "cannot be reached", P.wwpn, "Linkdown")
    fabric.control("link", "a", "up")
    t.a.wait_vhba_state(P, "online")  # and its HBA, which the next scenario wants
    undefine(t, P)
