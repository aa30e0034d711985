# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest goes there and back again and again, and nothing is left over: vports, files, memory, file descriptors.

Twice; with LAB_FULL=1 in the environment a hundred times, or as often as LAB_ROUNDS says.
"""

import os
import time

from lib import fabric, handover, outcome, vhba
from lib.journey import Journey

ROUNDS = int(os.environ.get("LAB_ROUNDS") or (100 if os.environ.get("LAB_FULL") else 2))
SETTLING = max(1, ROUNDS // 4)  # rounds until the daemons have taken what they keep
# KiB that a daemon may grow from then on: what malloc does not get together again
MEMORY = max(4096, 24 * (ROUNDS - SETTLING))
PAIR = vhba.number(0)

USE = """
for daemon in virtqemud virtnodedevd; do
    pid=$(systemctl show --property=MainPID --value $daemon.service)
    echo $daemon $(ls /proc/$pid/fd | wc -l) $(awk '/^Threads|^RssAnon/ { print $2 }' /proc/$pid/status)
done
"""
# A domain's directory has a number that grows with each start.
FILES = "find /etc/libvirt /run/libvirt /var/lib/libvirt -type f | sed 's/domain-[0-9]*-/domain-N-/' | sort"


def run(t):
    handover.define(t.a, PAIR)
    with Journey(t, PAIR) as journey:
        journey.start()
        gaps, usage, files = [], {}, {}
        since = time.time()
        for number in range(1, ROUNDS + 1):
            begin = time.time()
            for when in ("there", "back"):
                gaps.append(travel(journey, f"round {number} {when}"))
            t.say(f"round {number}: {time.time() - begin:.1f} s")
            if number in (1, SETTLING, ROUNDS):
                usage[number] = {**use(t.a), **use(t.b)}
                files[number] = [host.shell(FILES).splitlines() for host in (t.a, t.b)]
                tell(t, usage[number])
        check_use(t, usage[SETTLING], usage[ROUNDS])
        t.equal(files[ROUNDS], files[SETTLING], "no file has come to either host, and none has gone")
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


def use(host):
    """What the daemons have taken: {(host, daemon): {"fds": …, "threads": …, "KiB": …}}."""
    lines = (line.split() for line in host.shell(USE).splitlines())
    return {(host.name, daemon): dict(zip(("fds", "KiB", "threads"), map(int, numbers))) for daemon, *numbers in lines}


def tell(t, usage):
    for (host, daemon), used in usage.items():
        t.say(f"{daemon} on {host}: " + ", ".join(f"{value} {what}" for what, value in used.items()))


def check_use(t, first, last):
    for key, used in last.items():
        host, daemon = key
        grown = {what: used[what] - first[key][what] for what in used}
        counts = f"after round {SETTLING}: {first[key]}, at last: {used}"
        t.ok(grown["fds"] <= 2, f"{daemon} on {host} has no more open files than at first", counts)
        t.ok(grown["threads"] <= 4, f"{daemon} on {host} has no more threads", counts)
        t.ok(grown["KiB"] <= MEMORY, f"{daemon} on {host} has grown by no more than {MEMORY} KiB", counts)
        t.say(f"{daemon} on {host} has grown by {grown['KiB'] / max(1, ROUNDS - SETTLING):.1f} KiB a round")
