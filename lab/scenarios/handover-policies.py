# SPDX-License-Identifier: LGPL-2.1-or-later
"""On a fabric where the first login wins, and on one where the last does: no WWPN is logged in twice, none displaced.

One way, and a migration that is refused, where the last login wins, and one without a common zone; with LAB_FULL=1 in
the environment there and back under each policy. What protection is left there is in the documentation.
"""

import os

from lib import daemonlog, fabric, handover, target, vhba
from lib.journey import Journey

FULL = bool(os.environ.get("LAB_FULL"))
PAIR = vhba.number(0)
P, S = PAIR


def run(t):
    handover.define(t.a, PAIR)
    with Journey(t, PAIR) as journey:
        journey.start()
        for policy in ("first", "last") if FULL else ("last",):
            fabric.control("policy", policy)
            moves(journey, policy)
            refused(journey, policy)
        fabric.control("zone", "del", "guest")
        told_by_peer(journey)
        if FULL:
            without_zone(journey)
        else:
            t.say("not here: where the first login wins, and direct without a common zone; LAB_FULL=1 has these")
        none_displaced(t)
        journey.end()


def moves(journey, policy):
    for when in ("there", "back") if FULL else ("there",):
        journey.migrate("--live", "--persistent", "--undefinesource")
        journey.has_moved(f"{policy} login wins, {when}")


def refused(journey, policy):
    """The destination takes S, finds no LUN behind it, and gives it back."""
    target.unmap(journey.secondary.wwpn, 0)
    target.add("other", target.backing("disk").stat().st_size)
    target.show("other", journey.secondary.wwpn)
    journey.refused("--live")
    target.remove("other")
    target.show("disk", journey.secondary.wwpn)
    journey.wait_back()
    journey.has_stayed(f"{policy} login wins, refused")


def told_by_peer(journey):
    """Partners that do not see each other, peer-to-peer: the source tells when it has let go of P."""
    left, primary = journey.here, journey.primary
    with daemonlog.kept(left) as log:
        journey.migrate("--live", "--p2p", "--persistent", "--undefinesource")
        journey.has_moved("no common zone, peer-to-peer")
        journey.t.contains(log(left), f"The destination was told that vHBA '{primary.name}' is free",
                           f"{left.name} has told {journey.here.name}")


def without_zone(journey):
    """Partners that do not see each other: P is taken only after the source has had time to let go of it."""
    for when in ("there", "back"):
        journey.migrate("--live", "--persistent", "--undefinesource")
        journey.has_moved(f"last login wins, no common zone, {when}")


def none_displaced(t):
    displaced = [event for event in fabric.events(t.fabric_mark)
                 if event["event"] in ("logout", "reject") and event.get("reason") == "displaced"]
    t.nothing_wrong(displaced, "no login was displaced by another")
