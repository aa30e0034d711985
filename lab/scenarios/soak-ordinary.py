# SPDX-License-Identifier: LGPL-2.1-or-later
"""What handover-soak does, with a guest that has no vHBAs: how much virtqemud grows by that.

A hundred times there and back, or as often as LAB_ROUNDS says.
"""

import os

from lib import ordinary, usage

BY_NAME = "it only tells what handover-soak is to be compared with"

ROUNDS = int(os.environ.get("LAB_ROUNDS", "100"))


def run(t):
    used = usage.Usage(t, ROUNDS)
    with ordinary.start(t.a, t.b) as watch:
        for number in range(1, ROUNDS + 1):
            for source, destination in ((t.a, t.b), (t.b, t.a)):
                source.virsh("migrate", "--live", "--persistent", "--undefinesource", ordinary.NAME,
                             f"qemu+ssh://{destination.name}/system", timeout=300)
                watch.wait(10)
            used.look(number)
        t.equal(watch.lost, [], "no write is lost")
