# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hand-over that is cancelled or refused leaves both hosts as they were, and the guest never stops.

What has failed does not stand in the way of the next migration."""

import time

from lib import fabric, guest, handover, target, vhba
from lib.handover import NAME

PAIR = vhba.number(0)
P, S = PAIR


def run(t):
    watch = handover.prepare(t.a, PAIR)
    with watch:
        aborted(t, watch)
        refused(t, watch)
        moved_after_all(t, watch)
        handover.finish(t, watch, t.b, [host.read(guest.console_path(NAME)) for host in (t.a, t.b)])


def aborted(t, watch):
    t.say("cancelled in the middle by domjobabort")
    begin, mark = time.time(), fabric.mark()
    # The guest makes more pages dirty than this lets through, so the migration goes on until it is aborted.
    t.a.virsh("migrate-setspeed", NAME, "1")
    iteration = t.a.start_virsh("event", NAME, "--event", "migration-iteration", "--timeout", "180")
    migration = t.a.start_virsh("migrate", "--live", NAME, "qemu+ssh://b/system")
    fabric.wait_login(S.wwpn, "b", since=mark, timeout=120)
    t.ok(True, "S is on b while the guest is on its way")
    heard, _ = iteration.communicate(timeout=200)
    t.contains(heard, "migration-iteration", "memory is being sent")
    t.a.virsh("domjobabort", NAME)
    _, error = migration.communicate(timeout=200)
    t.ok(migration.returncode != 0, "virsh migrate says that it did not migrate", error)
    t.a.virsh("migrate-setspeed", NAME, "1024")
    as_before(t, watch, begin, mark, "aborted")


def refused(t, watch):
    t.say("refused by b because S shows another LUN there")
    target.add("other", guest.DISK_SIZE, guest.image())
    target.unmap(S.wwpn, 0)
    target.show("other", S.wwpn)
    begin, mark = time.time(), fabric.mark()
    error = t.a.virsh_refuses("migrate", "--live", NAME, "qemu+ssh://b/system", timeout=200)
    t.contains(error, S.wwpn, "the error names the vHBA")
    t.contains(error, target.identity("disk"), "the error names the LUN that was expected")
    as_before(t, watch, begin, mark, "refused")


def moved_after_all(t, watch):
    t.say("what failed before does not stand in the way of the next one, peer-to-peer")
    target.unmap(S.wwpn, 0)
    target.show("disk", S.wwpn)
    begin, mark = time.time(), fabric.mark()
    t.a.virsh("migrate", "--live", "--p2p", "--persistent", "--undefinesource", NAME, "qemu+ssh://b/system",
              timeout=300)
    fabric.wait_login(P.wwpn, "b", since=mark)
    handover.check_has_nothing(t, t.a, PAIR, "after all")
    handover.check_has_all(t, t.b, S, P, "after all")
    handover.check_writes(t, watch, begin, "after all")


def as_before(t, watch, begin, mark, when):
    fabric.wait(lambda event: event["event"] == "login" and event["port"] == "a" and event["wwpn"] == S.wwpn,
                "S to be back on a", since=mark)
    handover.check_has_nothing(t, t.b, PAIR, when)
    handover.check_has_all(t, t.a, P, S, when)
    moved = [event for event in fabric.events(mark) if event["event"] == "logout" and event["wwpn"] == P.wwpn]
    t.equal(moved, [], f"{when}: P never left the fabric")
    handover.check_writes(t, watch, begin, when)
