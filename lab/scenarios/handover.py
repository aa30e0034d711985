# SPDX-License-Identifier: LGPL-2.1-or-later
"""A running guest migrates and takes its vHBA along, there and back again; the logs tell where the time went."""

import re
import time

from lib import daemonlog, fabric, handover, vhba
from lib.handover import NAME

PAIR = vhba.number(0)
P, S = PAIR

# What takes time on the source and on the destination, in order
AWAY = [(S, "mark lent"), (S, "stop"), (P, "mark lent"), (S, "undefine"), (P, "stop"), (P, "undefine")]
IN = [(P, "define"), (S, "define"), (S, "start"), (S, "mark none"), (P, "start"), (P, "mark none")]


def run(t):
    with daemonlog.kept(t.a, t.b) as log:
        there_and_back(t, log)


def there_and_back(t, log):
    watch = handover.prepare(t.a, PAIR)
    with watch:
        handover.check_has_all(t, t.a, P, S, "at first")
        hosts = {"there": (t.a, t.b, P, S), "back": (t.b, t.a, S, P)}
        consoles = []
        for when, (source, destination, primary, secondary) in hosts.items():
            begin, mark = time.time(), fabric.mark()
            source.virsh("migrate", "--live", "--persistent", "--undefinesource", NAME,
                         f"qemu+ssh://{destination.name}/system", timeout=300)
            t.ok(True, f"{when}: the migration succeeds")
            fabric.wait_login(primary.wwpn, destination.name, since=mark)
            handover.check_has_nothing(t, source, PAIR, when)
            handover.check_has_all(t, destination, secondary, primary, when)
            handover.check_writes(t, watch, begin, when)
            consoles.append(handover.take_console(source))
            if when == "there":
                check_times(t, log)
        consoles.append(handover.take_console(t.a))
        handover.finish(t, watch, t.a, consoles)


def check_times(t, log):
    """After the way there: what an administrator can learn about where the time went."""
    for host, wanted in ((t.a, AWAY), (t.b, IN)):
        found = re.findall(r"vHBA '(\w+)': ([\w ]+): done, took (\d+) ms", log(host))
        t.equal([(wwpn, step) for wwpn, step, _ in found], [(port.wwpn, step) for port, step in wanted],
                f"the log of {host.name} tells how long each step took")
        t.say(f"{host.name}: " + ", ".join(f"{wwpn} {step} {time_taken} ms" for wwpn, step, time_taken in found))
    info = t.b.virsh("domjobinfo", "--completed", NAME)
    for what in ("Time elapsed:", "Total downtime:"):
        t.contains(info, what, f"virsh domjobinfo --completed tells: {what}")
    t.say(" ".join(info.split()))
