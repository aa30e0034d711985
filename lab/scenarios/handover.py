# SPDX-License-Identifier: LGPL-2.1-or-later
"""A running guest migrates and takes its vHBA along, there and back again; the logs tell where the time went."""

import contextlib
import re
import time

from lib import fabric, guest, handover, vhba
from lib.handover import NAME

PAIR = vhba.number(0)
P, S = PAIR

CONFIG = "/etc/libvirt/virtqemud.conf"
LOG = ('log_filters = "2:qemu.qemu_vhba 2:qemu.qemu_migration_vhba"', 'log_outputs = "2:journald"')
# What takes time on the source and on the destination, in order
AWAY = [(S, "mark lent"), (S, "stop"), (P, "mark lent"), (S, "undefine"), (P, "stop"), (P, "undefine")]
IN = [(P, "define"), (S, "define"), (S, "start"), (S, "mark none"), (P, "start"), (P, "mark none")]


def run(t):
    with logs(t.a, t.b):
        there_and_back(t)


def there_and_back(t):
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
            if when == "there":
                check_times(t)
        consoles.append(take_console(t.a))
        handover.finish(t, watch, t.a, consoles)


def take_console(host):
    """What the guest has said on a host it has left; the file begins anew."""
    text = host.read(guest.console_path(NAME))
    host.run("truncate", "--size=0", guest.console_path(NAME))
    return text


@contextlib.contextmanager
def logs(*hosts):
    """virtqemud logs what it does with vHBAs, as docs/kbase/migration-npiv.rst says."""
    for host in hosts:
        host.run("tee", "-a", CONFIG, stdin="\n".join(LOG) + "\n")
        host.run("systemctl", "restart", "virtqemud.service")
    try:
        yield
    finally:
        for host in hosts:
            host.shell(f"sed -i '/^log_/d' {CONFIG}; systemctl restart virtqemud.service")


def check_times(t):
    """After the way there: what an administrator can learn about where the time went."""
    for host, wanted in ((t.a, AWAY), (t.b, IN)):
        log = host.run("journalctl", "--no-pager", "--output=cat", "--unit=virtqemud.service")
        found = re.findall(r"vHBA '(\w+)': ([\w ]+): done, took (\d+) ms", log)
        t.equal([(wwpn, step) for wwpn, step, _ in found], [(port.wwpn, step) for port, step in wanted],
                f"the log of {host.name} tells how long each step took")
        t.say(f"{host.name}: " + ", ".join(f"{wwpn} {step} {time_taken} ms" for wwpn, step, time_taken in found))
    info = t.b.virsh("domjobinfo", "--completed", NAME)
    for what in ("Time elapsed:", "Total downtime:"):
        t.contains(info, what, f"virsh domjobinfo --completed tells: {what}")
    t.say(" ".join(info.split()))
