# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever way a guest migrates, its vHBAs go with it, and it loses no write.

The guest goes to and fro between a and b, each time in another way. With LAB_FULL=1 in the environment it takes every
way of the table; otherwise those that differ most.
"""

import subprocess
import time
from dataclasses import dataclass
from typing import Callable

from lib import fabric, handover, table, vhba
from lib.handover import NAME
from lib.journey import Journey
from lib.say import LabError

PAIR = vhba.number(0)
MOVES = ("--persistent", "--undefinesource")
RENAMED = "renamed"


@dataclass(frozen=True)
class Way:
    """How to migrate. go: does it, given a Journey and the name of the way, with all checks."""
    name: str
    go: Callable
    always: bool = False  # even without LAB_FULL


def run(t):
    handover.define(t.a, PAIR)
    rows = []
    with Journey(t, PAIR) as journey:
        journey.start()
        for way in table.chosen(WAYS):
            t.say(f"way: {way.name}")
            begin = time.time()
            gap = way.go(journey, way.name)
            rows.append((way.name, time.time() - begin, gap))
        journey.end()
    t.say(f"{'way':36} seconds  guest's longest pause")
    for name, seconds, gap in rows:
        t.say(f"{name:36} {seconds:7.1f}  {'-' if gap is None else f'{gap:.2f}'}")
    table.tell_left_out(t, WAYS)


# Each returns the guest's longest pause in seconds, or None if it did not run.

def plainly(*options):
    def go(journey, name):
        journey.migrate(*options, *MOVES)
        journey.has_moved(name)
        return journey.gap()
    return go


def keeping_definition(journey, name):
    """Without --persistent it is transient there; without --undefinesource its definition stays here."""
    journey.migrate("--live")
    left = journey.here
    journey.t.equal(left.names("list", "--all", "--name"), [NAME], f"{name}: the definition stays")
    journey.t.contains(left.virsh_refuses("start", NAME), "is not known on this host",
                       f"{name}: {left.name} does not start the guest, since its vHBAs have gone")
    left.virsh("undefine", NAME)
    journey.has_moved(name)
    journey.t.contains(journey.here.virsh("dominfo", NAME), "Persistent:     no", f"{name}: it is transient there")
    return journey.gap()


def paused(journey, name):
    journey.here.virsh("suspend", NAME)
    journey.migrate("--live", *MOVES)
    return goes_on(journey, name)


def suspended_on_arrival(journey, name):
    journey.migrate("--live", "--suspend", *MOVES)
    return goes_on(journey, name)


def goes_on(journey, name):
    """The guest has arrived paused, and waits for somebody to resume it."""
    journey.vhbas_have_moved(name)
    journey.t.contains(journey.here.virsh("domstate", NAME), "paused", f"{name}: it is paused on {journey.here.name}")
    journey.here.virsh("resume", NAME)
    journey.departs()
    journey.is_here(name)


def post_copy(*options):
    def go(journey, name):
        journey.migrate("--live", "--postcopy", "--postcopy-after-precopy", *options, *MOVES)
        journey.has_moved(name)
        return journey.gap()
    return go


def end_of_cut(migration, there):
    """What virsh says when the connection was cut."""
    try:
        return migration.communicate(timeout=60)[1]
    except subprocess.TimeoutExpired:
        log = there.shell(f"grep -h qemu-system-x86_64: /var/log/libvirt/qemu/{NAME}.log | tail -n 3")
        raise LabError(f"no end of the migration for 60 s after the cut; QEMU of {there.name} says: {log}") from None


def post_copy_recovered(journey, name):
    """The connection is cut when the guest runs there and some of its memory, though it has little, is still here."""
    t, here, there = journey.t, journey.here, journey.there
    journey.departs()
    here.virsh("migrate-setspeed", NAME, "1")
    # A QEMU that is still reading its devices' state cannot wait for another connection.
    resumed = there.start_shell("stdbuf -oL virsh event --all --loop --timeout 180 | "
                                "grep --max-count=1 'Resumed Post-copy'")
    iteration = here.start_virsh("event", NAME, "--event", "migration-iteration", "--timeout", "180")
    migration = here.start_virsh("migrate", "--live", "--postcopy", *MOVES, NAME, journey.uri)
    t.contains(iteration.communicate(timeout=200)[0], "migration-iteration", f"{name}: memory is being sent")
    here.virsh("qemu-monitor-command", NAME, "--hmp", "migrate_set_parameter max-postcopy-bandwidth 20k")
    here.virsh("migrate-postcopy", NAME)
    t.contains(resumed.stdout.readline(), NAME, f"{name}: it goes on there")
    here.virsh("qemu-monitor-command", NAME, '{"execute": "migrate-pause"}')
    error = end_of_cut(migration, there)
    t.ok(migration.returncode != 0, f"{name}: virsh migrate says that it did not end well", error)
    for host, state in ((here, "paused"), (there, "running")):
        t.equal(host.virsh("domstate", "--reason", NAME), f"{state} (post-copy failed)", f"{name}: so says {host.name}")
    t.equal(fabric.where(journey.primary.wwpn), here.name, f"{name}: meanwhile P stays")
    here.virsh("migrate-setspeed", NAME, "1024")
    # QEMU 7.2 does not tell that the recovery has begun, and libvirt warns that it may report a failure all the same.
    said = here.attempt("virsh", "migrate", "--live", "--postcopy", "--postcopy-resume", "--postcopy-bandwidth", "1024",
                        *MOVES, NAME, journey.uri)
    fabric.wait_login(journey.primary.wwpn, there.name, since=journey.marks[fabric.FIRST])
    if said.returncode != 0:
        t.contains(said.stderr, "failed in post-copy phase", f"{name}: virsh cannot tell yet that it is resumed")
        here.virsh("undefine", NAME)
    journey.vhbas_have_moved(name)
    t.equal(journey.here.names("list", "--name"), [NAME], f"{name}: the guest runs on {journey.here.name}")
    journey.life.wait(20)
    t.equal(journey.life.lost, [], f"{name}: no write is lost")
    return journey.gap()


def renamed(journey, name):
    """To another name, and back."""
    journey.migrate("--live", "--dname", RENAMED, *MOVES)
    journey.has_moved(f"{name} there", RENAMED)
    gap = journey.gap()
    journey.migrate("--live", "--dname", NAME, *MOVES, name=RENAMED)
    journey.has_moved(f"{name} back")
    return max(gap, journey.gap())


def with_xml(journey, name):
    """The destination XML names the other member of the pair, and so means the same."""
    xml = journey.here.virsh("dumpxml", "--migratable", NAME)
    named, other = journey.pairs[0] if journey.primary.wwpn in xml else reversed(journey.pairs[0])
    xml = xml.replace(named.wwpn, other.wwpn).replace(named.wwnn, other.wwnn)
    for option in ("--xml", "--persistent-xml"):
        journey.here.run("tee", f"/tmp/destination{option}", stdin=xml)
    journey.migrate("--live", "--xml", "/tmp/destination--xml", "--persistent-xml", "/tmp/destination--persistent-xml",
                    *MOVES)
    journey.has_moved(name)
    journey.t.contains(journey.here.virsh("dumpxml", "--inactive", NAME), other.wwpn, f"{name}: it was used")
    return journey.gap()


def offline(*options):
    def go(journey, name):
        journey.end()
        journey.migrate("--offline", *options, *MOVES)
        journey.vhbas_have_moved(name)
        journey.t.equal(journey.here.names("list", "--all", "--name"), [NAME], f"{name}: the definition has moved")
        journey.start()
        journey.t.ok(True, f"{name}: the guest starts there")
    return go


WAYS = (
    Way("peer-to-peer, tunnelled", plainly("--live", "--p2p", "--tunnelled"), always=True),
    Way("peer-to-peer", plainly("--live", "--p2p")),
    Way("direct", plainly("--live")),
    Way("direct, not live", plainly()),
    Way("peer-to-peer, not live", plainly("--p2p")),
    Way("paused", paused),
    Way("suspended on arrival", suspended_on_arrival),
    Way("post-copy", post_copy(), always=True),
    Way("post-copy, peer-to-peer", post_copy("--p2p")),
    Way("post-copy, recovered", post_copy_recovered),
    Way("auto-converge", plainly("--live", "--auto-converge")),
    Way("parallel", plainly("--live", "--parallel", "--parallel-connections", "2")),
    Way("compressed", plainly("--live", "--compressed")),
    Way("change protection asked for", plainly("--live", "--change-protection")),
    Way("transient there, definition kept", keeping_definition),
    Way("renamed", renamed),
    Way("destination XML", with_xml),
    Way("offline", offline(), always=True),
    Way("offline, peer-to-peer", offline("--p2p")),
)
