# SPDX-License-Identifier: LGPL-2.1-or-later
"""How often QEMU loses a guest on its way where there is no libvirt: what lab/lib/lost.py is about.

A hundred migrations on each host, or as many as LAB_ROUNDS says.
"""

import json
import os
from concurrent import futures

from lib import guest, lost
from lib.paths import LAB, LIVE

BY_NAME = "it looks at QEMU only"

MOVES = int(os.environ.get("LAB_ROUNDS", "100"))
SCRIPT = LAB / "lib" / "qemualone.py"
HOME = "/var/tmp/qemu-alone"


def run(t):
    with futures.ThreadPoolExecutor() as pool:
        moves = sum(pool.map(lambda host: migrations(t, host), (t.a, t.b)))
    t.say(f"{moves} migrations went well")


def migrations(t, host):
    """How many went well before one did not; that one must be such as lost.py says."""
    disk = LIVE / f"qemu-alone-{host.name}.disk"
    disk.write_bytes(guest.image().ljust(guest.DISK_SIZE, b"\0"))
    host.put(HOME, {"disk": disk})
    found = json.loads(host.run("python3", "-", HOME, MOVES, stdin=SCRIPT.read_text(), timeout=60 * MOVES))
    registers = found["registers"]
    then = "a lost guest" if registers else "enough"
    t.ok(not registers or lost.is_lost(registers), f"{host.name}: {found['moves']} migrations, then {then}", registers)
    return found["moves"]
