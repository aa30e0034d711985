# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest goes there and back again and again, and nothing is left over: vports, files, memory, file descriptors.

Four times, which shows one file descriptor that is left over each time; with LAB_FULL=1 in the environment a hundred
times, or as often as LAB_ROUNDS says.
"""

import os
import time

from lib import fabric, handover, outcome, usage, vhba
from lib.journey import Journey

ROUNDS = int(os.environ.get("LAB_ROUNDS") or (100 if os.environ.get("LAB_FULL") else 4))
PAIR = vhba.number(0)


def run(t):
    handover.define(t.a, PAIR)
    with Journey(t, PAIR) as journey:
        journey.start()
        gaps, used = [], usage.Usage(t, ROUNDS)
        since = time.time()
        for number in range(1, ROUNDS + 1):
            begin = time.time()
            for when in ("there", "back"):
                gaps.append(travel(journey, f"round {number} {when}"))
            t.say(f"round {number}: {time.time() - begin:.1f} s")
            used.look(number)
        used.check()
        t.say(f"{2 * ROUNDS} hand-overs; longest pauses of the guest: median {sorted(gaps)[len(gaps) // 2]:.2f} s, "
              f"longest {max(gaps):.2f} s")
        t.ok(journey.life.longest_gap(since)[0] < handover.LONGEST_GAP, "the guest has written all the time")
        handover.check_has_nothing(t, journey.there, journey.ports, "at last")
        handover.check_has_all(t, journey.here, journey.primary, journey.secondary, "at last")
        journey.end()


def travel(journey, when):
    """One way; everything is looked at, and only what is wrong is a result of its own. Returns the longest pause."""
    journey.migrate("--live", "--persistent", "--undefinesource")
    journey.swap()
    fabric.wait_login(journey.secondary.wwpn, journey.here.name, since=journey.marks[fabric.FIRST])
    vhba.wait_settled(journey.here, journey.secondary)
    here, there = outcome.look(journey.here), outcome.look(journey.there)
    wrong = [f"write {count} is lost" for count in journey.life.lost]
    if outcome.judge(there, here, PAIR) != "after" or here.guest != "running" or len(here.vports) != 2:
        wrong += [f"{journey.here.name}: {here}", f"{journey.there.name}: {there}"]
    if wrong:
        journey.t.nothing_wrong(wrong, when)
    journey.life.wait(10)
    return journey.gap()
