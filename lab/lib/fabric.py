# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fabric, lab/fcf, from outside: its control socket and its log."""

import json
import os
import subprocess

from . import daemon, follow, nodes
from .paths import BUILD, LAB, LIVE
from .say import LabError
from .sockets import connect

LOG = LIVE / "fabric.log"
PROGRAM = BUILD / "fcf"


def build():
    """Compiles fcf; make decides whether there is anything to do."""
    BUILD.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["make", "--no-print-directory", "-C", LAB / "fcf", f"BUILD={BUILD / 'fcf-obj'}",
                           f"BIN={PROGRAM}"], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"lab/fcf does not compile:\n{done.stdout}{done.stderr}")


def start(policy="first"):
    """Starts the fabric; returns when it listens on its ports."""
    LOG.touch()
    output = LIVE / "fcf.out"
    ports = [word for port in nodes.FABRIC_PORTS for word in ("--port", port)]
    daemon.start("fcf", [PROGRAM, "--dir", ".", *ports, "--policy", policy, "--log", LOG], output)
    _wait(output, lambda line: line.startswith("fcf: ready"), 10, "the fabric to open its ports", 0)


def control(*words):
    """Gives fcf one command line; returns its answer as a dictionary. See lab/fcf for the commands."""
    line = " ".join(words)
    try:
        with connect(LIVE / "control.sock", 10) as sock:
            sock.sendall(line.encode() + b"\n")
            answer = json.loads(sock.makefile().readline())
    except OSError as error:
        raise LabError(f"the fabric does not answer `{line}`: {error}; is the lab up (`lab status`)?") from None
    if not answer.get("ok"):
        raise LabError(f"the fabric refused `{line}`: {answer.get('error')}")
    return answer


def mark():
    """A place in the log, for events(since) and wait(…, since)."""
    return follow.size(LOG)


def events(since=0):
    """The events in the log from a mark on, oldest first."""
    with follow.Follower(LOG, since) as log:
        return [json.loads(line) for line in log.lines()]


def wait(match, what, timeout=60, since=0):
    """The first event from a mark on for which match(event) is true; waits for it. timeout in seconds."""
    def parse(line):
        event = json.loads(line)
        return event if match(event) else None

    return _wait(LOG, parse, timeout, what, since)


def _wait(path, match, timeout, what, since):
    pidfd = daemon.pidfd("fcf")
    if pidfd is None:
        raise LabError(f"the fabric is not running while the lab waits for {what}; see {LIVE / 'fcf.out'}")
    try:
        return follow.wait_line(path, match, timeout, what, since, pidfd)
    finally:
        os.close(pidfd)


def wait_login(wwpn, port=None, timeout=60, since=0):
    """The login of a WWPN, at a certain port of the fabric if one is named."""
    return wait(lambda event: event["event"] == "login" and event["wwpn"] == wwpn and port in (None, event["port"]),
                f"{wwpn} to log in to the fabric{f' at {port}' if port else ''}", timeout, since)


def wait_logout(wwpn, timeout=60, since=0):
    return wait(lambda event: event["event"] == "logout" and event["wwpn"] == wwpn,
                f"{wwpn} to log out of the fabric", timeout, since)


def where(wwpn):
    """The port of the fabric at which a WWPN is logged in now, or None."""
    place = None
    for event in events():
        if event.get("wwpn") == wwpn:
            if event["event"] == "login":
                place = event["port"]
            elif event["event"] == "logout":
                place = None
    return place


def double_logins(since=0):
    """The moments at which a WWPN was logged in twice; there should be none."""
    return [event for event in events(since) if event["event"] == "double_login"]
