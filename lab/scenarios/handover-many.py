# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many guests migrate at once, there and back, and each takes its own vHBAs along.

Eight of them with LAB_FULL=1 in the environment, otherwise two.
"""

import contextlib
import os
import time

from lib import fabric, guest, handover, target, vhba

COUNT = 8 if os.environ.get("LAB_FULL") else 2
LONGEST_GAP = 60.0  # seconds; so many emulators share two processors


class Traveller:
    """One guest, with its pair and its LUN."""

    def __init__(self, number):
        self.name = f"guest{number}"
        self.disk = f"disk{number}"
        self.pair = vhba.number(number)
        self.watch = None
        self.console = ""

    def start(self, host):
        handover.define(host, self.pair, self.name, self.disk)
        self.watch = guest.Watch(target.backing(self.disk))
        host.virsh("start", self.name)


def run(t):
    travellers = [Traveller(number) for number in range(COUNT)]
    with contextlib.ExitStack() as watches:
        for traveller in travellers:
            traveller.start(t.a)
            watches.enter_context(traveller.watch)
        for traveller in travellers:
            traveller.watch.wait(10, timeout=120)
        move(t, travellers, t.a, t.b, "there")
        move(t, travellers, t.b, t.a, "back")
        for traveller in travellers:
            end(t, traveller, t.a)
    t.no_double_login()
    handover.no_contest(t)


def move(t, travellers, source, destination, when):
    begin, mark = time.time(), fabric.mark()
    migrations = [source.start_virsh("migrate", "--live", "--persistent", "--undefinesource", traveller.name,
                                     f"qemu+ssh://{destination.name}/system") for traveller in travellers]
    errors = [migration.communicate(timeout=500)[1] for migration in migrations]
    t.equal([migration.returncode for migration in migrations], [0] * COUNT, f"{when}: all have migrated")
    t.nothing_wrong([error for error in errors if error.strip()], f"{when}: and nothing was reported")
    t.say(f"{when}: {COUNT} migrations in {time.time() - begin:.1f} s")
    ports = [port for traveller in travellers for port in traveller.pair]
    for port in ports:
        fabric.wait_login(port.wwpn, destination.name, since=mark, timeout=120)
    states = dict(zip(ports, vhba.wait_settled(destination, *ports, timeout=120)))
    t.equal(destination.names("list", "--name"), sorted(traveller.name for traveller in travellers),
            f"{when}: all guests run on {destination.name}")
    t.equal(destination.vhbas(), sorted(port.name for port in ports), f"{when}: and so are all vHBAs")
    for traveller in travellers:
        carrier = traveller.pair.primary if destination is t.a else traveller.pair.secondary
        t.equal(states[carrier].role, "primary", f"{when}: {traveller.name} is on its own pair")
    handover.check_has_nothing(t, source, ports, when)
    for traveller in travellers:
        traveller.watch.wait(10, timeout=120)
        gap, _ = traveller.watch.longest_gap(begin)
        t.ok(gap < LONGEST_GAP, f"{when}: {traveller.name} writes on", f"longest gap {gap:.2f} s")
        t.say(f"{when}: {traveller.name} paused for {gap:.2f} s at most")
        traveller.console += handover.take_console(source, traveller.name)


def end(t, traveller, host):
    host.virsh("destroy", traveller.name)
    traveller.watch.stop()
    traveller.console += handover.take_console(host, traveller.name)
    t.equal(traveller.watch.lost, [], f"{traveller.name}: no write is lost")
    t.nothing_wrong(traveller.watch.problems, f"{traveller.name}: it was never started anew")
    t.nothing_wrong(guest.check_disk(traveller.watch.path), f"{traveller.name}: its disk is as it should be")
    t.nothing_wrong(guest.check_console(traveller.console), f"{traveller.name}: its console is as it should be")
