# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios: files in lab/scenarios, each with a docstring that says what it shows and a function run(t).

t is a Scenario. Before each one the lab is made clean (reset.py).
"""

import contextlib
import importlib.util
import signal
import time
import traceback

from . import cluster, crashes, daemon, fabric, lost, nodes, reset, ssh
from .host import Host
from .paths import LAB, RUNS
from .say import LabError
from .tap import Tap

HOME = LAB / "scenarios"


class Scenario:
    """What a scenario works with: the hosts a and b, its results, and its place for logs."""

    def __init__(self, name, tap):
        self.name = name
        self.tap = tap
        self.a = Host("a", self.say)
        self.b = Host("b", self.say)
        self.fabric_mark = fabric.mark()
        self.second_mark = fabric.SECOND.mark()

    def say(self, text):
        self.tap.note(text)

    def ok(self, good, promise, why=""):
        """A result. why: shown when it is not good."""
        if not self.tap.ok(good, promise) and why:
            self.tap.note(why)
        return bool(good)

    def equal(self, got, wanted, promise):
        return self.ok(got == wanted, promise, f"is:     {got!r}\nshould: {wanted!r}")

    def contains(self, text, word, promise):
        return self.ok(word in text, promise, f"{word!r} is not in:\n{text}")

    def nothing_wrong(self, wrong, promise):
        """A result for a list of complaints, which should be empty."""
        return self.ok(not wrong, promise, "\n".join(map(str, wrong[:20])))

    def no_double_login(self):
        wrong = fabric.double_logins(self.fabric_mark) + fabric.SECOND.double_logins(self.second_mark)
        self.nothing_wrong(wrong, "no WWPN was ever logged in twice")


def paths():
    return {path.stem: path for path in sorted(HOME.glob("*.py"))}


def load(name):
    """The module of a scenario."""
    try:
        path = paths()[name]
    except KeyError:
        raise LabError(f"there is no scenario {name}; `lab list` lists them") from None
    spec = importlib.util.spec_from_file_location("scenario_" + name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listing():
    """Triples of name, first line of the description, and why it is played only when it is named, or None."""
    modules = {name: load(name) for name in paths()}
    return [(name, module.__doc__.strip().splitlines()[0], getattr(module, "BY_NAME", None))
            for name, module in modules.items()]


def run_all(names, limit=0):
    """Runs scenarios one after the other, on the running lab or on one of their own. True if all is well.

    limit: of each, in seconds; 0 is none.
    """
    modules = {name: load(name) for name in names}
    own = not daemon.running()
    tap = Tap()
    try:
        if own:
            cluster.up(list(nodes.NODES))
        for name, module in modules.items():
            _run_one(name, module, tap, limit)
    finally:
        if own:
            cluster.down()
    tap.plan()
    return tap.failed == 0


class TooLong(Exception):
    """A scenario has had its time. No LabError, which somebody may catch on the way."""


@contextlib.contextmanager
def limited(seconds):
    """Ends with TooLong what is not done after so many seconds; 0 is no limit."""
    def end(*_):
        raise TooLong(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _run_one(name, module, tap, limit=0, again=False):
    tap.note(f"scenario {name}: {module.__doc__.strip().splitlines()[0]}")
    count, before, begin = tap.count, tap.failed, time.monotonic()
    try:
        with limited(limit):
            reset.clean(tap.note)
            module.run(Scenario(name, tap))
        if tap.count == count:
            tap.ok(False, f"{name} has results")
    except LabError as error:
        tap.note(error)
        if not again and lost.any_guest():
            tap.note(f"{lost.WHY}; the logs are in {collect(name)}")
            _run_one(name, module, tap, limit, again=True)
            return
        tap.ok(False, f"{name} runs to its end")
    except Exception:
        tap.ok(False, f"{name} runs to its end")
        tap.note(traceback.format_exc())
    _tell_crashes(name, tap)
    tap.note(f"{name} took {time.monotonic() - begin:.0f} s")
    if tap.failed > before:
        for node in nodes.HOSTS:
            tap.note(state_of(node))
        tap.note(f"the logs of {name} are in {collect(name)}")


def _tell_crashes(name, tap):
    """A program that has crashed is a failure, even if nobody has missed it."""
    try:
        crashed = crashes.found()
    except LabError as error:
        crashed = [str(error)]
    if not tap.ok(not crashed, f"{name}: no program has crashed"):
        tap.note("\n".join(crashed))


STATE = r"""
for domain in $(virsh -q list --name); do
    for what in status registers blockstats; do
        virsh -q qemu-monitor-command "$domain" --hmp info "$what" | grep -E 'VM status|EIP=|rd_bytes' |
            sed "s/^/$domain: /"
    done
done
for host in /sys/class/fc_host/*; do
    echo "${host##*/} $(cat "$host/port_name" "$host/port_state" | tr '\n' ' ')"
done
cat /sys/class/fc_remote_ports/*/port_state | sort | uniq -c
ps -eo stat=,comm= | grep '^D' || true
dmesg | tail -n 12
journalctl --no-pager -q -o short-precise -u virtnodedevd.service -u virtqemud.service | tail -n 12
"""


def state_of(node):
    """What a glance at a host shows, for a scenario that has failed, as text."""
    if not daemon.pid(node.name):
        return f"{node.name} has no power"
    try:
        done = ssh.run(node.name, ["sh", "-c", STATE], timeout=60)
        return f"{node.name}:\n{done.stdout}{done.stderr}"
    except LabError as error:
        return f"{node.name}: {error}"


def collect(name):
    """Copies the logs of everything to RUNS/name; returns that directory."""
    home = cluster.keep_logs(RUNS / name)
    for node in nodes.NODES.values():
        if daemon.pid(node.name):
            _collect_from(node, home)
    return home


def _collect_from(node, home):
    commands = {"journal": "journalctl --no-pager -o short-precise", "kernel": "dmesg"}
    if node.role == "host":
        commands["vhbas"] = ("for d in $(virsh -q nodedev-list --cap fc_host); do virsh -q nodedev-dumpxml $d; done; "
                             "head -v -n 99 /etc/libvirt/nodedev/vhba/* /etc/libvirt/nodedev/vhba/autostart/*")
        commands["domains"] = "virsh -q list --all; head -v -n 200 /var/log/libvirt/qemu/*.log"
        commands["guests"] = ("for d in $(virsh -q list --name); do for c in status registers pic irq blockstats; do "
                              "echo \"$d: $c\"; virsh -q qemu-monitor-command $d --hmp info $c; done; done")
    for what, script in commands.items():
        try:
            done = ssh.run(node.name, ["sh", "-c", script], timeout=60)
            (home / f"{node.name}.{what}").write_text(done.stdout + done.stderr)
        except LabError as error:
            (home / f"{node.name}.{what}").write_text(f"{error}\n")
    try:
        crashes.collect(node, home)
    except LabError as error:
        (home / f"{node.name}.cores").write_text(f"{error}\n")
