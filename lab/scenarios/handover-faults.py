# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever dies at whatever step of a hand-over, what is left is one guest, one pair, and nothing in between.

A daemon is held up at a point, something dies there and comes back, and both hosts are judged. It is a representative
part unless LAB_FULL=1; LAB_FAULTS=TEXT takes the rows whose description contains TEXT. The rows get into
build/lab/faults.json, beside those of earlier walks with the same src/ and patches/.
"""

import json
import os
import subprocess
import time
from concurrent import futures
from dataclasses import dataclass

from lib import fabric, faults, guest, handover, outcome, stop, target, vhba
from lib.faults import DESTINATION, POINTS, SOURCE, VICTIMS
from lib.handover import NAME
from lib.paths import BUILD, TOP
from lib.say import LabError, LabTimeout

PAIR = vhba.number(0)
REPORT = BUILD / "faults.json"
DAEMONS = ("virtnodedevd.service", "virtqemud.service")
KEEPALIVE = "keepalive_interval = 1\nkeepalive_count = 3\n"
PATIENCE = 60  # seconds for what goes on in the background after a fault

# The representative part: point, victim and policy, and where it has to end. Of the other rows it is only asked that
# they end, and that nobody has to decide about a guest that was not sent.
PART = {
    "'{S}': stop: done / power of the source / first": "before",
    "'{P}': mark lent: done / virtqemud of the source / first": "before",
    "Setting 'migration in' phase to 'finish3' / network / first": "undecided, after by hand",
    "'{S}': mark none: begins / virtnodedevd of the destination / first": "before",
    "'{S}': mark none: begins / QEMU of the source / first": "after",
    "'{S}': mark none: done / virtqemud of the destination / first": "undecided, after by hand",
    "'{P}': start: begins / virtqemud of the destination / last": "after",
}


@dataclass
class Row:
    """One fault, and what came of it."""
    point: faults.Point
    victim: faults.Victim
    policy: str
    result: str = ""
    recovered_to: str = ""
    seconds: float = 0.0

    def __str__(self):
        return f"{self.point.text} / {self.victim} / {self.policy}"

    def as_dict(self):
        return {"point": self.point.name, "host": self.point.host, "who": str(self.victim),
                "fabric_policy": self.policy, "result": self.result, "recovered_to": self.recovered_to}


class Report:
    """The rows of build/lab/faults.json; those that were walked with other code are forgotten."""

    def __init__(self):
        self.code = subprocess.run(["git", "rev-parse", "HEAD:src", "HEAD:patches"], capture_output=True, text=True,
                                   cwd=TOP, check=True).stdout.split()
        old = json.loads(REPORT.read_text()) if REPORT.exists() else []
        self.rows = {self.key(row): row for row in old if row.get("code") == self.code}

    @staticmethod
    def key(row):
        return row["point"], row["host"], row["who"], row["fabric_policy"]

    def add(self, row):
        entry = {**row.as_dict(), "code": self.code}
        self.rows[self.key(entry)] = entry
        REPORT.write_text(json.dumps(list(self.rows.values()), indent=1) + "\n")


def run(t):
    rows = wanted()
    done = []
    report = Report()
    with handover.prepare(t.a, PAIR):
        pass
    each((t.a, t.b), get_ready)
    try:
        for row in rows:
            play(t, row)
            if not row.result:
                t.say(f"not a row, since it was dead already: {row}")
            else:
                done.append(row)
                t.ok(row.result == "ok", f"{row.point.name} ({row.point.host}); dies: {row.victim}; "
                     f"{row.policy} login wins: {row.recovered_to}, {row.seconds:.0f} s", row.result)
                report.add(row)
    finally:
        each((t.a, t.b), put_back)
    table(t, done)


def get_ready(host):
    host.shell(f"echo '{KEEPALIVE}' > /etc/libvirt/virtqemud.conf; sync")
    stop.prepare(host)


def put_back(host):
    host.run("rm", "-f", "/etc/libvirt/virtqemud.conf")
    stop.withdraw(host)


def wanted():
    """The rows to be played."""
    rows = [Row(point, victim, policy) for policy in ("first", "last") for point in POINTS for victim in VICTIMS
            if makes_sense(point, victim)]
    if text := os.environ.get("LAB_FAULTS"):
        named = [row for row in rows if text in str(row)]
        if not named:
            raise LabError(f"LAB_FAULTS: no row is described by '{text}'; one is described as '{rows[0]}'")
        return named
    if unknown := set(PART) - {str(row) for row in rows}:
        raise LabError(f"no row is described as {unknown}; see PART")
    if not os.environ.get("LAB_FULL"):
        return [row for row in rows if str(row) in PART]
    return [row for row in rows if row.policy == "first" or str(row).replace("/ last", "/ first") in PART
            or str(row) in PART]


def makes_sense(point, victim):
    """There has to be something that dies; what virtnodedevd is in the middle of concerns its host only."""
    if victim.name == "QEMU" and victim.host == DESTINATION and point.stage == 0:
        return False
    return point.daemon == "virtqemud" or (victim.host == point.host and victim.name != "QEMU")


def table(t, done):
    for row in done:
        t.say(f"{row.point.host:12} {row.point.name:42} {str(row.victim):27} {row.policy:6} "
              f"{row.recovered_to:26} {row.result}")
    t.say(f"{len(done)} rows, {sum(row.result == 'ok' for row in done)} ok; {REPORT}")


def each(hosts, work):
    """work(host) for all hosts at the same time; the results in the order of the hosts."""
    with futures.ThreadPoolExecutor() as pool:
        return list(pool.map(work, hosts))


class Story:
    """One migration, from the host where the guest is to the other, in which something dies."""

    def __init__(self, t):
        looks = dict(zip((t.a, t.b), each((t.a, t.b), outcome.look)))
        self.source = next(host for host in looks if looks[host].guest == "running")
        self.destination = t.b if self.source is t.a else t.a
        self.hosts = {SOURCE: self.source, DESTINATION: self.destination}
        roles = {role: wwpn for wwpn, (role, _) in looks[self.source].definitions.items()}
        self.p, self.s = (next(port for port in PAIR if port.wwpn == roles[role]) for role in ("primary", "secondary"))
        self.pair = vhba.Pair(self.p, self.s)
        self.watch = guest.Watch(target.backing("disk"))
        self.mark = fabric.mark()
        self.wrong = []
        self.last = None  # the last looks, if nothing has happened since

    def given_up(self):
        """Waits until the destination's virtqemud is back and has ended its QEMU, which could take the guest before."""
        self.destination.wait_until(lambda: not self.destination.definitions(), "lifecycle", PATIENCE,
                                    lambda: f"{self.destination.name} to give up the pair, since virtqemud has died")

    def looks(self):
        return each(self.hosts.values(), outcome.look)

    def migrate(self):
        return self.source.start_virsh("-k", "1", "-K", "3", "migrate", "--live", "--persistent", "--undefinesource",
                                       NAME, f"qemu+ssh://{self.destination.name}/system")

    def check(self, good, otherwise):
        if not good:
            self.wrong.append(otherwise)


def play(t, row):
    begin = time.monotonic()
    fabric.control("policy", row.policy)
    story = Story(t)
    try:
        if fault(story, row):
            recovered(story, row)
            row.result = "; ".join(story.wrong) or "ok"
    except LabError as error:
        row.result = "; ".join([*story.wrong, str(error)])
    finally:
        story.watch.stop()
    row.seconds = time.monotonic() - begin
    if row.result not in ("", "ok"):
        t.say("\n".join(f"{host.name}: {look}" for host, look in zip(story.hosts.values(), story.looks())))
    revive(t, story)


def fault(story, row):
    """Lets it die, and come back. False if there was nothing that could die."""
    host = story.hosts[row.point.host]
    held = stop.Stop(host, row.point.daemon, row.point.text.format(P=story.p.wwpn, S=story.s.wwpn))
    migration = story.migrate()
    if not held.wait(migration):
        raise LabError(f"the point was not reached: {migration.stderr.read().strip()}")
    struck = faults.strike(row.victim, story.hosts)
    if row.victim.name == "network":
        held.go()
        wait_end(migration, 10)
    faults.mend(row.victim, story.hosts)
    if row.point.stage == 0 and (row.victim.name, row.victim.host) == ("virtqemud", DESTINATION):
        story.given_up()
    held.go()
    if not wait_end(migration, 120):
        raise LabTimeout("virsh migrate has not ended for 120 s")
    each(story.hosts.values(), lambda host: host.run("systemctl", "start", *DAEMONS))
    return struck


def wait_end(process, timeout):
    """Whether a Popen ends in time."""
    try:
        process.communicate(timeout=timeout)
        return True
    except subprocess.TimeoutExpired:
        return False


def recovered(story, row):
    word, looks = wait_outcome(story)
    row.recovered_to = word
    story.check(word, "neither before nor after nor undecided")
    story.check(word != "undecided" or row.point.stage > 0, "undecided, though nothing of the guest was sent")
    if word == "undecided":
        row.recovered_to = f"undecided, {settle(story, *looks)} by hand"
        word, looks = wait_outcome(story)
        story.check(row.recovered_to == f"undecided, {word} by hand", f"what was said by hand ended in '{word}'")
    story.check(not fabric.double_logins(story.mark), "a WWPN was logged in twice")
    due = PART.get(str(row), row.recovered_to)
    story.check(row.recovered_to == due, f"it came to '{row.recovered_to}', not to '{due}'")
    alive(story, row, looks)
    twice(story, looks)


def wait_outcome(story):
    """Waits until both hosts have come to an end: what outcome.judge says of it, '' if they do not; and the looks."""
    deadline = time.monotonic() + PATIENCE
    before = None
    while True:
        mark = fabric.mark()
        looks = story.looks()
        word = outcome.judge(*looks, story.pair)
        # A daemon that has just been restarted may not have got to it yet, so "undecided" counts when it stays.
        if word in ("before", "after") or (word and looks == before) or time.monotonic() > deadline:
            return word, looks
        before = looks
        try:
            fabric.wait(lambda event: True, "anything to happen", timeout=2, since=mark)
        except LabTimeout:
            pass


def settle(story, source, destination):
    """What the administrator does after a look at the destination: one command."""
    there = destination.marks(story.pair)[1] == "none"
    if source.guest == "paused":
        story.source.virsh("destroy" if there else "resume", NAME)
    else:
        story.source.virsh("nodedev-undefine" if there else "nodedev-start", story.s.name)
    return "after" if there else "before"


def alive(story, row, looks):
    """The guest dies only of the death of the QEMU or the host that it was in."""
    running = [look.guest for look in looks].count("running")
    story.check(running <= 1, "the guest runs twice")
    story.check(not story.watch.lost, f"writes are lost: {story.watch.lost[:5]}")
    if running:
        story.watch.wait(5)
        story.check(not story.watch.problems, f"{story.watch.problems}")
    else:
        story.check(may_die(row), "the guest is dead")


def may_die(row):
    if row.victim.name not in ("QEMU", "power"):
        return False
    return row.victim.host == (DESTINATION if row.point.stage == 2 else SOURCE)


def twice(story, before):
    """Recovering twice is recovering once."""
    mark = fabric.mark()
    each(story.hosts.values(), lambda host: host.run("systemctl", "restart", *DAEMONS))
    after = story.last = story.looks()
    story.check(before == after, f"another restart of the daemons changed something: {before} {after}")
    moved = [event for event in fabric.events(mark) if event["event"] in ("login", "logout")]
    story.check(not moved, f"another restart of the daemons made ports move: {moved}")


def revive(t, story):
    """Makes sure that the guest runs on one host, for the next row."""
    looks = story.last or story.looks()
    if "running" in [look.guest for look in looks]:
        return
    for host, look in zip(story.hosts.values(), looks):
        if look.holds(story.pair):
            if not look.guest:
                roles = {role: wwpn for wwpn, (role, _) in look.definitions.items()}
                port = next(port for port in PAIR if port.wwpn == roles["primary"])
                host.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, port.source()))
            host.virsh("start", NAME)
            return
    anew(t)


def anew(t):
    """Neither host has the pair as it should be: begin again."""
    for host in (t.a, t.b):
        host.attempt("virsh", "destroy", NAME)
        host.attempt("virsh", "undefine", NAME)
        for port in PAIR:
            host.attempt("virsh", "nodedev-destroy", port.name)
            host.attempt("virsh", "nodedev-undefine", port.name)
    PAIR.define(t.a)
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, PAIR.source()))
    t.a.virsh("start", NAME)
