# SPDX-License-Identifier: LGPL-2.1-or-later
"""On a fabric where the first login wins, and on one where the last does: no WWPN is logged in twice, none displaced.

There and back, and a migration that is refused by b, where the last login wins; with LAB_FULL=1 in the environment
under each policy, and where the last wins without a common zone as well. What protection is left there is in the
documentation.
"""

import os

from lib import fabric, handover, target, vhba
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
        if FULL:
            without_zone(journey)
        else:
            t.say("not here: where the first login wins, and where there is no common zone; LAB_FULL=1 has these")
        none_displaced(t)
        journey.end()


def moves(journey, policy):
    for when in ("there", "back"):
        journey.migrate("--live", "--persistent", "--undefinesource")
        journey.has_moved(f"{policy} login wins, {when}")


def refused(journey, policy):
    """b takes S, finds no LUN behind it, and gives it back."""
    target.unmap(journey.secondary.wwpn, 0)
    target.add("other", target.backing("disk").stat().st_size)
    target.show("other", journey.secondary.wwpn)
    journey.refused("--live")
    target.remove("other")
    target.show("disk", journey.secondary.wwpn)
    journey.wait_back()
    journey.has_stayed(f"{policy} login wins, refused")


def without_zone(journey):
    """Partners that do not see each other: b takes P only after a has had time to let go of it."""
    fabric.control("zone", "del", "guest")
    for when in ("there", "back"):
        journey.migrate("--live", "--persistent", "--undefinesource")
        journey.has_moved(f"last login wins, no common zone, {when}")


def none_displaced(t):
    displaced = [event for event in fabric.events(t.fabric_mark)
                 if event["event"] in ("logout", "reject") and event.get("reason") == "displaced"]
    t.nothing_wrong(displaced, "no login was displaced by another")
