# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that listen hear of each step in a vHBA's life once, and in order: virsh, and Debian's Python binding.

And the daemon starts while it hears of ports, and ends when it is told to, even if the thread that reads events is
late.
"""

import re
import shlex

from lib import listener, vhba
from lib.say import LabError

P, PROBE = vhba.number(0)
VIRSH, PYTHON = "/run/events.virsh", "/run/events.python"

# Holds the thread that reads from udev until the daemon, told to end, waits for its threads.
LATE_THREAD = r'''
import ctypes, os, subprocess, sys, time

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)

def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) < 0:
        sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")

def read(task, name):
    """Nothing, if the thread has ended."""
    try:
        with open(f"/proc/{pid}/task/{task}/{name}") as file:
            return file.read().strip()
    except OSError:
        return ""

def find(name):
    return [int(task) for task in os.listdir(f"/proc/{pid}/task") if read(task, "comm") == name]

def wait_for_the_end():
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(read(task, "wchan").startswith("futex") for task in find("daemon-shutdown")):
            return
    sys.exit("the daemon does not begin to end")

pid = subprocess.check_output(["systemctl", "show", "-P", "MainPID", "virtnodedevd"], text=True).strip()
thread, = find("udev-event")
ptrace(SEIZE, thread)
ptrace(INTERRUPT, thread)
os.waitpid(thread, WALL)
subprocess.check_call(["systemctl", "stop", "--no-block", "virtnodedevd.service"])
wait_for_the_end()
ptrace(DETACH, thread)
'''

# Five starts while udev tells of what is there again and again, as at boot
STORM = """
    (while :; do
        for device in /sys/class/fc_remote_ports/*/uevent /sys/class/fc_host/*/uevent; do echo change > $device; done
    done) & storm=$!
    trap "kill $storm" EXIT
    for attempt in 1 2 3 4 5; do
        systemctl restart virtnodedevd.service || exit 1
        systemctl reset-failed virtnodedevd.service
    done"""


def run(t):
    begin(t)
    listen(t)
    steps = live(t)
    settle(t)
    heard = {"virsh": t.a.read(VIRSH), "Python": t.a.read(PYTHON)}
    for client, text in heard.items():
        check(t, client, text, steps)
    ours = t.a.virsh("version").split("library: libvirt ")[1].split()[0]
    major, minor, release = map(int, ours.split("."))
    t.contains(heard["Python"], f"libvirt {major * 1000000 + minor * 1000 + release}\n",
               f"the Python binding has used libvirt {ours}, the one under test")
    stamps = re.findall(r"^(\S+ \S+): event", heard["virsh"], re.M)
    t.ok(stamps and stamps == sorted(stamps), "the time stamps of virsh do not go back", stamps)
    t.a.shell("systemctl stop lab-events-virsh lab-events-python")
    end(t)


def begin(t):
    done = t.a.attempt("sh", "-c", STORM)
    t.equal(done.returncode, 0, "a daemon that starts while it hears of ports starts")


def listen(t):
    t.a.run("tee", "/run/events.py", stdin=listener.SCRIPT)
    for name, kind, output, command in (
            ("virsh", "simple", VIRSH, "stdbuf -oL virsh nodedev-event --event lifecycle --loop --timestamp"),
            ("python", "notify", PYTHON, "python3 /run/events.py nodedev:///system")):
        t.a.run("systemd-run", "--quiet", "--collect", f"--unit=lab-events-{name}", f"--service-type={kind}",
                f"--property=StandardOutput=truncate:{output}", *shlex.split(command))
    settle(t)


def settle(t):
    """Until both clients have heard of something that begins now: by then they have heard of all that was before."""
    script = f"""
        for attempt in 1 2 3 4 5 6 7 8 9 10; do
            virsh -q nodedev-define /run/probe.xml > /dev/null
            virsh -q nodedev-undefine {PROBE.name}
            tail -n 1 {VIRSH} {PYTHON} | grep -c '{PROBE.name}: Undefined' | grep -qx 2 && exit 0
        done
        exit 1"""
    t.a.run("tee", "/run/probe.xml", stdin=PROBE.xml())
    if t.a.attempt("sh", "-c", script).returncode:
        raise LabError(f"a client has not heard of {PROBE.name}; see {VIRSH} and {PYTHON} on {t.a.name}")


def live(t):
    """A life with all that can happen in it. Returns what is to be heard of it."""
    partner = f"<secondary wwpn='{vhba.number(1).secondary.wwpn}'/>"
    steps = (
        (("nodedev-define", "/dev/stdin"), P.xml(), "Defined"),
        (("nodedev-define", "/dev/stdin"), P.xml(partner), "update"),
        (("nodedev-start", P.name), "", "Created"),
        (("nodedev-update", P.name, "/dev/stdin"), P.xml(), "update"),
        (("nodedev-destroy", P.name), "", "Deleted"),
        (("nodedev-start", P.name), "", "Created"),
        (("nodedev-destroy", P.name), "", "Deleted"),
        (("nodedev-undefine", P.name), "", "Undefined"),
        (("nodedev-define", "/dev/stdin"), P.xml(), "Defined"),
        (("nodedev-start", P.name), "", "Created"),
        (("nodedev-undefine", P.name), "", "Undefined"),
        (("nodedev-destroy", P.name), "", "Deleted"),
    )
    for words, xml, _ in steps:
        t.a.virsh(*words, stdin=xml)
    return [event for _, _, event in steps]


def check(t, client, text, steps):
    """virsh listens to one kind of event at a time: here it is the life cycle."""
    heard = [event or kind for kind, event in
             re.findall(rf"event '(\w+)' for node device {P.name}(?:: (\w+))?$", text, re.M)]
    t.equal([event for event in heard if event != "update"], [event for event in steps if event != "update"],
            f"{client} has heard of each step in a vHBA's life once, and in order")
    if client == "Python":
        # udev tells of changes, too, while a vHBA is active
        t.equal(heard[:3], steps[:3], "Python has heard once that the definition has changed")


def end(t):
    t.a.run("python3", "-", stdin=LATE_THREAD)
    t.a.run("systemctl", "stop", "virtnodedevd.service")
    t.equal(t.a.run("systemctl", "show", "-P", "Result", "virtnodedevd.service").strip(), "success",
            "a daemon that is told to end while it hears of a device ends")
    t.a.run("systemctl", "start", "virtnodedevd.service")
