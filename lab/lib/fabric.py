# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fabrics, lab/fcf, from outside: their control sockets and their logs.

There are two. All machines are on the first; what is called without naming one is about it. The second is for
scenarios that want hosts with two HBAs: nobody logs in to it until somebody asks for that.
"""

import json
import os
import subprocess

from . import daemon, follow
from .paths import BUILD, LAB, LIVE
from .say import LabError
from .sockets import connect

PROGRAM = BUILD / "fcf"


def build():
    """Compiles fcf; make decides whether there is anything to do."""
    BUILD.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["make", "--no-print-directory", "-C", LAB / "fcf", f"BUILD={BUILD / 'fcf-obj'}",
                           f"BIN={PROGRAM}"], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"lab/fcf does not compile:\n{done.stdout}{done.stderr}")


class Fabric:
    """One fabric. name: of its process; place: the directory of its sockets; wwn: the fabric's name."""

    def __init__(self, name, place, log, wwn):
        self.name, self.place, self.wwn = name, place, wwn
        self.log = LIVE / log
        self.output = LIVE / f"{name}.out"

    def start(self, ports, policy="first"):
        """Starts it; returns when it listens on its ports."""
        self.log.touch()
        (LIVE / self.place).mkdir(exist_ok=True)
        words = [word for port in ports for word in ("--port", port)]
        daemon.start(self.name, [PROGRAM, "--dir", self.place, *words, "--policy", policy, "--fabric", self.wwn,
                                 "--log", self.log], self.output)
        self._wait(self.output, lambda line: line.startswith("fcf: ready"), 10, "the fabric to open its ports", 0)

    def control(self, *words):
        """Gives fcf one command line; returns its answer as a dictionary. See lab/fcf for the commands."""
        line = " ".join(words)
        try:
            with connect(LIVE / self.place / "control.sock", 10) as sock:
                sock.sendall(line.encode() + b"\n")
                answer = json.loads(sock.makefile().readline())
        except OSError as error:
            raise LabError(f"{self.name} does not answer `{line}`: {error}; is the lab up (`lab status`)?") from None
        if not answer.get("ok"):
            raise LabError(f"{self.name} refused `{line}`: {answer.get('error')}")
        return answer

    def reset(self):
        """All links up, no zones, the first login wins."""
        for port in self.control("ports")["ports"]:
            if port["link"] == "down":
                self.control("link", port["name"], "up")
        for zone in self.control("zones")["zones"]:
            self.control("zone", "del", zone["name"])
        self.control("policy", "first")

    def mark(self):
        """A place in the log, for events(since) and wait(…, since)."""
        return follow.size(self.log)

    def events(self, since=0):
        """The events in the log from a mark on, oldest first."""
        with follow.Follower(self.log, since) as log:
            return [json.loads(line) for line in log.lines()]

    def wait(self, match, what, timeout=60, since=0):
        """The first event from a mark on for which match(event) is true; waits for it. timeout in seconds."""
        def parse(line):
            event = json.loads(line)
            return event if match(event) else None

        return self._wait(self.log, parse, timeout, what, since)

    def _wait(self, path, match, timeout, what, since):
        pidfd = daemon.pidfd(self.name)
        if pidfd is None:
            raise LabError(f"{self.name} is not running while the lab waits for {what}; see {self.output}")
        try:
            return follow.wait_line(path, match, timeout, what, since, pidfd)
        finally:
            os.close(pidfd)

    def wait_login(self, wwpn, port=None, timeout=60, since=0):
        """The login of a WWPN, at a certain port of the fabric if one is named."""
        return self.wait(lambda event: event["event"] == "login" and event["wwpn"] == wwpn
                         and port in (None, event["port"]),
                         f"{wwpn} to log in to the fabric{f' at {port}' if port else ''}", timeout, since)

    def wait_logout(self, wwpn, timeout=60, since=0):
        return self.wait(lambda event: event["event"] == "logout" and event["wwpn"] == wwpn,
                         f"{wwpn} to log out of the fabric", timeout, since)

    def where(self, wwpn):
        """The port of the fabric at which a WWPN is logged in now, or None."""
        place = None
        for event in self.events():
            if event.get("wwpn") == wwpn:
                if event["event"] == "login":
                    place = event["port"]
                elif event["event"] == "logout":
                    place = None
        return place

    def double_logins(self, since=0):
        """The moments at which a WWPN was logged in twice; there should be none."""
        return [event for event in self.events(since) if event["event"] == "double_login"]

    def contests(self, since=0):
        """The moments at which somebody asked for a WWPN that was logged in elsewhere, whoever had it then."""
        return [event for event in self.events(since) if event.get("reason") in ("duplicate", "displaced")]


FIRST = Fabric("fcf", ".", "fabric.log", "100002fcf0000001")
SECOND = Fabric("fcf2", "second", "fabric2.log", "100002fcf0000002")
ALL = (FIRST, SECOND)

LOG = FIRST.log
control, mark, events, wait = FIRST.control, FIRST.mark, FIRST.events, FIRST.wait
wait_login, wait_logout, where, double_logins = FIRST.wait_login, FIRST.wait_logout, FIRST.where, FIRST.double_logins
