# SPDX-License-Identifier: LGPL-2.1-or-later
"""When b's answer is lost, a's guest stays paused until the administrator tells, with one command.

b is held up in Finish, after a has sent the whole guest. First its daemon dies there, before the guest runs on b. Then
the guest runs on b, and only the answer does not get through. If b can refuse, though, the guest goes on by itself; and
if it is a's QEMU that dies, b's answer is heard."""

import time

from lib import fabric, faults, handover, stop, vhba
from lib.handover import NAME

PAIR = vhba.number(0)
P, S = PAIR


def run(t):
    watch = handover.prepare(t.a, PAIR)
    for host in (t.a, t.b):
        stop.prepare(host)
    with watch:
        for options in ((), ("--p2p",)):
            refused(t, watch, *options)
        died(t, watch)
        orphaned(t, watch, (t.a, t.b), (P, S))
        consoles = [handover.take_console(t.a)]
        orphaned(t, watch, (t.b, t.a), (S, P), "--p2p")
        consoles.append(handover.take_console(t.b))
        unheard(t, watch)
        handover.finish(t, watch, t.b, consoles + [handover.take_console(host) for host in (t.a, t.b)])
    for host in (t.a, t.b):
        stop.withdraw(host)


def refused(t, watch, *options):
    when = f"refused {' '.join(options) or 'direct'}"
    t.say(f"the guest's QEMU dies on b before it runs there, {when}")
    held, migration = migrate_until_commit(t, options=options)
    begin = time.time()
    faults.strike(faults.Victim("QEMU", faults.DESTINATION), {faults.DESTINATION: t.b})
    held.go()
    _, error = migration.communicate(timeout=200)
    t.ok(migration.returncode != 0, "virsh migrate says that it did not migrate", error)
    handover.check_has_all(t, t.a, P, S, when)
    handover.check_has_nothing(t, t.b, PAIR, when)
    handover.check_writes(t, watch, begin, when)


def died(t, watch):
    t.say("b's virtqemud dies in Finish, before the guest runs there")
    mark = fabric.mark()
    _, migration = migrate_until_commit(t)
    t.b.run("systemctl", "kill", "--kill-who=main", "--signal=KILL", "virtqemud.service")
    undecided(t, migration)
    fabric.wait(lambda event: event["event"] == "logout" and event["port"] == "b" and event["wwpn"] == S.wwpn,
                "b to let go of S", since=mark)
    given_up(t)
    t.a.virsh("resume", NAME)
    begin = time.time()
    t.equal(fabric.where(S.wwpn), "a", "resumed by hand, S is back before the guest runs")
    handover.check_has_all(t, t.a, P, S, "resumed")
    handover.check_has_nothing(t, t.b, PAIR, "resumed")
    handover.check_writes(t, watch, begin, "resumed")


def given_up(t):
    """The secondary is given up by mistake, and had back. Meanwhile the guest does not go on."""
    _, (_, xml) = PAIR.definitions()
    t.a.virsh("nodedev-undefine", S.name)
    error = t.a.virsh_refuses("resume", NAME)
    t.contains(error, "has been given up here", "without the secondary the guest is not resumed")
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=xml)
    error = t.a.virsh_refuses("resume", NAME)
    t.contains(error, f"nodedev-start {S.name}", "nor before the fabric has let it in; the error says how to ask")
    t.a.virsh("nodedev-autostart", S.name)
    t.a.virsh("nodedev-start", S.name)


def orphaned(t, watch, hosts, ports, *options):
    """The source's QEMU dies while the destination is about to decide, and nobody has to be told anything by hand."""
    source, destination = hosts
    when = f"orphaned {' '.join(options) or 'direct'}"
    t.say(f"the guest's QEMU dies on {source.name} before {destination.name} has answered, {when}")
    held, migration = migrate_until_commit(t, hosts, ports, ["--persistent", *options])
    begin = time.time()
    faults.strike(faults.Victim("QEMU", faults.SOURCE), {faults.SOURCE: source})
    held.go()
    _, error = migration.communicate(timeout=200)
    t.ok(migration.returncode == 0, f"{when}: virsh migrate says that it did migrate", error)
    source.virsh("undefine", NAME)
    handover.check_has_all(t, destination, *reversed(ports), when)
    handover.check_has_nothing(t, source, PAIR, when)
    handover.check_writes(t, watch, begin, when)


def unheard(t, watch):
    t.say("b runs the guest, and its answer does not get through")
    held, migration = migrate_until_commit(t)
    # Only now: b would not have got the call whose answer is to be lost.
    deaf = f"blackhole {t.a.node.peer_address}/32"
    t.b.shell(f"ip route add {deaf}")
    begin, mark = time.time(), fabric.mark()
    held.go()
    watch.wait(20)
    t.equal(t.b.virsh("domstate", NAME), "running", "the guest writes, from b")
    undecided(t, migration)
    t.b.shell(f"ip route del {deaf}")
    for policy in ("first", "last"):
        fabric.control("policy", policy)
        error = t.a.virsh_refuses("resume", NAME)
        t.contains(error, "may run on the host that it was migrated to",
                   f"where the {policy} login wins, a does not resume it, and says why")
        t.contains(error, S.name, "the error names the vHBA that tells")
    fabric.control("policy", "first")
    t.a.virsh("destroy", NAME)
    error = t.a.virsh_refuses("start", NAME)
    t.contains(error, P.wwpn, "destroyed by hand, a has no pair any more to start it with")
    t.a.virsh("undefine", NAME)
    fabric.wait_login(P.wwpn, "b", since=mark)
    handover.check_has_nothing(t, t.a, PAIR, "destroyed")
    handover.check_has_all(t, t.b, S, P, "destroyed")
    handover.check_writes(t, watch, begin, "destroyed")


def migrate_until_commit(t, hosts=None, ports=(P, S), options=()):
    """Migrates until the destination is about to decide that the guest runs there: where it is held, and the virsh.

    hosts: source and destination, a and b if it is None. ports: the primary and the secondary on the source.
    """
    source, destination = hosts or (t.a, t.b)
    primary, secondary = ports
    held = stop.Stop(destination, "virtqemud", f"'{secondary.wwpn}': mark none: begins")
    migration = source.start_virsh("migrate", "--live", *options, NAME, f"qemu+ssh://{destination.name}/system")
    t.ok(held.wait(migration, timeout=180), f"{destination.name} is about to decide")
    t.equal([state.mark for state in vhba.states(source, primary)], ["lent"],
            f"the mark of the primary on {source.name} says that {destination.name} may run the guest")
    return held, migration


def undecided(t, migration):
    """virsh has no answer, and a keeps the guest paused, with all marks."""
    _, error = migration.communicate(timeout=200)
    t.ok(migration.returncode != 0, "virsh migrate says that it did not migrate", error)
    t.equal(t.a.virsh("domstate", "--reason", NAME), "paused (migrating)", "the guest is paused on a")
    t.equal([state.mark for state in vhba.states(t.a, *PAIR)], ["lent", "lent"], "both vHBAs are lent")
