# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hand-over that cannot end well is refused with its reason, and both hosts are as before.

What a can know, it refuses before it touches anything; what only b can know, b refuses, and a takes the secondary
back. The guest writes on all the time. virt-npiv-validate has foreseen what can be, and has touched nothing. With
LAB_FULL=1 in the environment every reason of the table is tried.
"""

import contextlib
import time
from dataclasses import dataclass
from typing import Callable

from lib import bare, fabric, guest, handover, table, target, vhba
from lib.handover import NAME
from lib.journey import Journey

PAIR = vhba.number(0)
P, S = PAIR
SINGLE, OTHER = vhba.number(1)
FABRIC = fabric.FIRST.wwn

# What a host has of definitions, autostart, claims, vports and domains
STATE = """
    cd /etc/libvirt/nodedev/vhba 2> /dev/null && find . | sort && cat $(find . -type f | sort)
    cd /run/libvirt/vhba 2> /dev/null && grep -r . . | sort
    cat /sys/class/fc_vports/*/port_name 2> /dev/null | sort
    virsh -q list --all --name
"""
USER = "user"  # a second guest
OLD_SOURCE = "the source's libvirt is too old"
OLD = ("virtnodedevd", "virtqemud")
OLD_PARTS = ("lib", *(f"bin/{daemon}" for daemon in OLD),
             *(f"drivers/libvirt_driver_{driver}.so" for driver in ("nodedev", "qemu")))


@dataclass(frozen=True)
class Refusal:
    """Why a hand-over is refused.

    there_is: a context manager in which that is so, given the Scenario. words: what the error says. at: the host
    that refuses; what a refuses it refuses before anything is touched. foreseen: what virt-npiv-validate says
    beforehand, None if that cannot know it.
    """
    name: str
    at: str
    there_is: Callable
    words: tuple
    foreseen: str = None
    options: tuple = ("--live",)
    guest: str = NAME
    always: bool = False  # even without LAB_FULL


def run(t):
    handover.define(t.a, PAIR)
    target.add("other", guest.DISK_SIZE, guest.image())
    rows = []
    with Journey(t, PAIR) as journey:
        journey.start()
        foresee(journey, None)
        foresee_little_room(journey)
        for refusal in table.chosen(REFUSALS, OLD_SOURCE):
            t.say(f"reason: {refusal.name}")
            begin = time.time()
            rows.append((refusal, refuse(journey, refusal), time.time() - begin))
        t.say("after all that, it moves")
        journey.migrate("--live", "--persistent", "--undefinesource")
        journey.has_moved("after all that")
        journey.end()
        journey.here.virsh("undefine", NAME)
    if table.FULL and not table.WORDS or table.wanted(OLD_SOURCE):
        from_old_libvirt(t)
    t.say(f"{'reason':44} at seconds  error")
    for refusal, error, seconds in rows:
        t.say(f"{refusal.name:44} {refusal.at}  {seconds:6.1f}  {error}")
    table.tell_left_out(t, REFUSALS)


def refuse(journey, refusal):
    """Returns the error."""
    t = journey.t
    with refusal.there_is(t):
        before = state(t)
        mark = fabric.mark()
        foresee(journey, refusal.foreseen, refusal.guest, f"{refusal.name}: ")
        error = journey.refused(*refusal.options, name=refusal.guest)
        t.ok(all(word in error for word in refusal.words), f"{refusal.name}: the error says so", error)
        if refusal.at == "a":
            moved = [event for event in fabric.events(mark) if event["event"] in ("login", "logout")]
            t.equal(moved, [], f"{refusal.name}: nothing has left the fabric or come")
        else:
            came_back(journey, refusal.name)
        t.equal(state(t), before, f"{refusal.name}: both hosts are as before")
    handover.check_writes(t, journey.life, journey.begin, refusal.name)
    return error.removeprefix("error: ").splitlines()[0]


def foresee(journey, what, name=NAME, when=""):
    """What virt-npiv-validate says; what: the failure that it should tell, None if none."""
    done = journey.here.attempt("virt-npiv-validate", "--quiet", name, journey.uri)
    if what is None:
        # It may have a warning, since what a sees of the secondary's LUNs can be out of date.
        journey.t.ok(done.returncode == 0 and "FAIL" not in done.stdout, f"{when}it is not foreseen to fail",
                     done.stdout + done.stderr)
    else:
        journey.t.ok(done.returncode == 1 and f"FAIL ({what}" in done.stdout, f"{when}it has been foreseen",
                     done.stdout + done.stderr)


def foresee_little_room(journey):
    """It moves with room for one vport, but the pair is not complete then."""
    with room_there(journey.t, 1):
        done = journey.here.attempt("virt-npiv-validate", "--quiet", NAME, journey.uri)
    journey.t.ok(done.returncode == 0 and "WARN (there is room for one" in done.stdout,
                 "virt-npiv-validate warns of room for one vport", done.stdout + done.stderr)


def came_back(journey, reason):
    """The secondary is a's again, and the primary was so all the time."""
    journey.wait_back()
    vhba.wait_settled(journey.here, S)
    since = journey.marks[fabric.FIRST]
    gone = [event for event in fabric.events(since) if event["event"] == "logout" and event["wwpn"] == P.wwpn]
    journey.t.equal(gone, [], f"{reason}: P never left the fabric")


def state(t):
    """All that a refused hand-over must leave as it was, as text by where it is."""
    found = {host.name: host.shell(STATE) for host in (t.a, t.b)}
    found["logins"] = sorted((login["port"], login["wwpn"]) for login in fabric.control("logins")["logins"])
    return found


# Why, each with a way to make it so and to undo it.

@contextlib.contextmanager
def nothing_wrong(_):
    yield


@contextlib.contextmanager
def no_secondary(t):
    """P is not paired any more."""
    undefine(t.a, S)
    define(t.a, P)
    yield
    pair_again(t)


@contextlib.contextmanager
def secondary_missing(t):
    undefine(t.a, S)
    yield
    pair_again(t)


@contextlib.contextmanager
def secondary_inactive(t):
    t.a.virsh("nodedev-destroy", S.name)
    yield
    t.a.virsh("nodedev-start", S.name)


@contextlib.contextmanager
def secondary_used(t):
    """The vHBA that another guest uses alone has been made P's secondary."""
    undefine(t.a, S)
    start_user(t, SINGLE)
    define(t.a, P, f"<secondary wwpn='{SINGLE.wwpn}'/>")
    define(t.a, SINGLE, f"<primary wwpn='{P.wwpn}'/>")
    yield
    end_user(t, SINGLE)
    pair_again(t)


@contextlib.contextmanager
def shared(t):
    """Two guests use a vHBA that has been paired only afterwards."""
    start_user(t, SINGLE)
    target.show("other", SINGLE.wwpn, 1)
    t.a.wait_lun(target.identity("other"))
    t.a.virsh("create", "/dev/stdin", stdin=guest.domain("second", SINGLE.source("<lun unit='1'/>")))
    define(t.a, SINGLE, f"<secondary wwpn='{OTHER.wwpn}'/>")
    define(t.a, OTHER, f"<primary wwpn='{SINGLE.wwpn}'/>")
    t.a.virsh("nodedev-start", OTHER.name)
    yield
    t.a.virsh("destroy", "second")
    target.unmap(SINGLE.wwpn, 1)
    undefine(t.a, OTHER)
    end_user(t, SINGLE)


@contextlib.contextmanager
def still_lent(t):
    define(t.a, S, f"<primary wwpn='{P.wwpn}'/>"
           "<handover state='lent' domain='guest' migration='5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b'/>")
    yield
    define(t.a, S, f"<primary wwpn='{P.wwpn}'/>")


@contextlib.contextmanager
def primary_defined_there(t):
    define(t.b, P)
    yield
    t.b.virsh("nodedev-undefine", P.name)


@contextlib.contextmanager
def secondary_defined_there(t):
    define(t.b, S)
    yield
    t.b.virsh("nodedev-undefine", S.name)


@contextlib.contextmanager
def no_link_there(t):
    mark = fabric.mark()
    fabric.control("link", "b", "down")
    t.b.wait_hba("offline", "linkdown")
    yield
    fabric.control("link", "b", "up")
    fabric.wait_login(t.b.node.hba_wwpn, "b", since=mark)
    t.b.wait_hba("online")


@contextlib.contextmanager
def room_there(t, vports):
    """b's HBA carries so many vports; fcoe's own limit of 65535 is out of reach."""
    limit = f"/sys/class/fc_host/{t.b.hba()}/max_npiv_vports"
    t.b.shell(f"echo {vports} > /tmp/limit; mount --bind /tmp/limit $(readlink -f {limit})")
    yield
    t.b.shell(f"umount $(readlink -f {limit})")


def full_there(t):
    return room_there(t, 0)


@contextlib.contextmanager
def masked_to(t, name, **how):
    """S shows another LUN than P, or none."""
    target.unmap(S.wwpn, 0)
    if name:
        target.show(name, S.wwpn, **how)
    yield
    if name:
        target.unmap(S.wwpn, how.get("unit", 0))
    target.show("disk", S.wwpn)


def lun_missing(t):
    return masked_to(t, None)


def other_lun(t):
    return masked_to(t, "other")


@contextlib.contextmanager
def other_size(t):
    """A LUN that calls itself the same, and is larger."""
    target.add("grown", 2 * guest.DISK_SIZE, guest.image(), serial=target.serial("disk"))
    with masked_to(t, "grown"):
        yield
    target.remove("grown")


@contextlib.contextmanager
def old_libvirt_there(t):
    bare.bring(t.b, OLD_PARTS)
    bare.use(t.b, *OLD)
    yield
    bare.use_installed(t.b, *OLD)


def from_old_libvirt(t):
    """a's libvirt knows nothing of vHBAs on disks, so its guest names a path; b has no such thing, and refuses it."""
    t.say(f"reason: {OLD_SOURCE}")
    for port in PAIR:
        undefine(t.b, port)
    bare.bring(t.a, OLD_PARTS)
    bare.use(t.a, *OLD)
    try:
        t.a.virsh("nodedev-create", "/dev/stdin", stdin=P.xml())
        link = t.a.wait_lun(target.identity("disk"))
        with guest.Watch(target.backing("disk")) as watch:
            t.a.virsh("create", "/dev/stdin", stdin=guest.domain(NAME, f"<source dev='{link}'/>"))
            watch.wait(20)
            begin, before = time.time(), state(t)
            error = t.a.virsh_refuses("migrate", "--live", NAME, "qemu+ssh://b/system", timeout=200)
            t.contains(error, link, f"{OLD_SOURCE}: b refuses the guest, and names the disk")
            t.equal(state(t), before, f"{OLD_SOURCE}: both hosts are as before")
            handover.check_writes(t, watch, begin, OLD_SOURCE)
            t.a.virsh("destroy", NAME)
        t.a.virsh("nodedev-destroy", "scsi_" + t.a.fc_host(P.wwpn))
    finally:
        bare.use_installed(t.a, *OLD)


# What they are made of

def define(host, port, partner=""):
    host.virsh("nodedev-define", "/dev/stdin", stdin=port.xml(partner))


def undefine(host, port):
    host.virsh("nodedev-destroy", port.name)
    host.virsh("nodedev-undefine", port.name)


def pair_again(t):
    """P and S are what they were at first."""
    for port, xml in PAIR.definitions():
        t.a.virsh("nodedev-define", "/dev/stdin", stdin=xml)
        t.a.virsh("nodedev-autostart", port.name)
    t.a.virsh("nodedev-start", S.name)


def start_user(t, port):
    """A second guest, on a vHBA of its own."""
    target.show("other", port.wwpn)
    define(t.a, port)
    t.a.virsh("create", "/dev/stdin", stdin=guest.domain(USER, port.source("<lun unit='0'/>")))


def end_user(t, port):
    t.a.virsh("destroy", USER)
    undefine(t.a, port)
    target.unmap(port.wwpn, 0)


REFUSALS = (
    Refusal("no secondary", "a", no_secondary, (P.wwpn, "has no secondary"),
            f"{P.name} is not paired", always=True),
    Refusal("secondary not defined", "a", secondary_missing, (S.wwpn, "is not defined on the source"),
            f"{S.name} is not defined"),
    Refusal("secondary not active", "a", secondary_inactive, (S.wwpn, "is not active", "nodedev-start"),
            "start it with 'virsh nodedev-start"),
    Refusal("secondary used by another guest", "a", secondary_used, (SINGLE.wwpn, f"used by domain '{USER}'"),
            f"used by domain {USER}"),
    Refusal("primary shared with another guest", "a", shared, (SINGLE.wwpn, "'second'"), "used by domain second",
            guest=USER),
    Refusal("an earlier hand-over is not settled", "a", still_lent, (S.wwpn, "is still lent"), "lent for migration"),
    Refusal("the disk would be copied onto itself", "a", nothing_wrong, ("'vda'", "copied onto itself"),
            options=("--live", "--copy-storage-all")),
    Refusal("P is defined there", "b", primary_defined_there, (P.wwpn, "already defined on the destination"), "it is;"),
    Refusal("S is defined there", "b", secondary_defined_there, (S.wwpn, "already defined on the destination"),
            "it is;", always=True),
    Refusal("the destination has no link", "b", no_link_there, (FABRIC, "its port is offline"), "no", always=True),
    Refusal("the destination's HBA is full", "b", full_there, (FABRIC, "carries as many vHBAs as it can"),
            "all of them carry as many"),
    Refusal("the destination's libvirt is too old", "b", old_libvirt_there,
            ("missing source information", "vda"), "it is too old"),
    Refusal("no LUN there", "b", lun_missing, (S.wwpn, "showed no usable LUN")),
    Refusal("another LUN there", "b", other_lun, (S.wwpn, "must be masked to the same LUNs")),
    Refusal("another size there", "b", other_size, (S.wwpn, f"{2 * guest.DISK_SIZE} bytes"), always=True),
)
