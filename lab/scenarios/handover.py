# SPDX-License-Identifier: LGPL-2.1-or-later
"""A running guest migrates and takes its vHBA along, there and back again."""

import time

from lib import fabric, guest, handover, vhba
from lib.handover import NAME

PAIR = vhba.number(0)
P, S = PAIR


def run(t):
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
            consoles.append(take_console(source))
        consoles.append(take_console(t.a))
        handover.finish(t, watch, t.a, consoles)


def take_console(host):
    """What the guest has said on a host it has left; the file begins anew."""
    text = host.read(guest.console_path(NAME))
    host.run("truncate", "--size=0", guest.console_path(NAME))
    return text
