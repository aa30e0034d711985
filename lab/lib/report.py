# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one hand-over looked like from outside: its phases, its timeline, its report.

The witnesses are the guest's disk (when each write came) and the fabric's log (who was logged in where), both on
the clock of the machine that the lab runs on.
"""

from .timeline import Timeline


class Handover:
    """The story of one migration, told by what was seen between start and end (seconds since 1970); in between, at
    done, the command that migrates came back.

    pair: a vhba.Pair.

    events: the fabric's log, from its first line on. watch: the guest.Watch that saw the guest's writes.
    """

    def __init__(self, pair, source, destination, start, done, end, events, watch):
        self.pair, self.source, self.destination = pair, source, destination
        self.start, self.done, self.end = start, done, end
        self.events = [event for event in events if event["t"] <= end]
        self.gap, self.gap_start = watch.longest_gap(start)
        self.lost = len(watch.lost)

    def moment(self, event, wwpn, port):
        """When the fabric first logged that event of a WWPN at a port during the migration, or None."""
        for entry in self.events:
            if (entry["event"], entry.get("wwpn"), entry.get("port")) == (event, wwpn, port) \
                    and entry["t"] >= self.start:
                return entry["t"]
        return None

    def steps(self):
        """[(what, host, time)]: the steps in the order of the protocol; the time is None for one not seen."""
        source, destination, primary, secondary = self.source, self.destination, *self.pair
        return [
            ("S is lent", source, self.moment("logout", secondary.wwpn, source)),
            ("S is borrowed", destination, self.moment("login", secondary.wwpn, destination)),
            ("the guest stops", source, self.gap_start),
            ("the guest runs", destination, self.gap_start + self.gap),
            ("P is given up", source, self.moment("logout", primary.wwpn, source)),
            ("P is the secondary", destination, self.moment("login", primary.wwpn, destination)),
        ]

    def phases(self):
        """{step: seconds since the start}, None for a step that was not seen."""
        return {f"{what} on {host}": None if t is None else round(t - self.start, 3) for what, host, t in self.steps()}

    def double_logins(self):
        return [event for event in self.events if event["event"] == "double_login" and event["t"] >= self.start]

    def logins(self, wwpn):
        """[(port, from, until)] of a WWPN, as far as they reach into the migration."""
        spans, open_since = [], {}
        for event in self.events:
            if event.get("wwpn") != wwpn:
                continue
            if event["event"] == "login":
                open_since[event["port"]] = event["t"]
            elif event["event"] == "logout" and event["port"] in open_since:
                spans.append((event["port"], open_since.pop(event["port"]), event["t"]))
        spans += [(port, t, self.end) for port, t in open_since.items()]
        return [(port, max(t, self.start), until) for port, t, until in spans if until >= self.start]

    def timeline(self, title, commands=()):
        """commands: (time, host, text) of what an administrator typed and saw."""
        line = Timeline(title, self.start, self.end)
        guest = line.lane("guest")
        guest.bar(self.start, self.gap_start, f"writes on {self.source}", self.source)
        guest.bar(self.gap_start + self.gap, self.end, f"writes on {self.destination}", self.destination)
        for host in (self.source, self.destination):
            lane = line.lane(f"host {host}")
            seen = [(t, where, what) for what, where, t in self.steps() if t is not None]
            for t, where, text in sorted([*commands, *seen]):
                if where == host:
                    lane.mark(t, text)
        for name, wwpn in (("P", self.pair.primary.wwpn), ("S", self.pair.secondary.wwpn)):
            lane = line.lane(f"fabric: {name} …{wwpn[-4:]}")
            for port, since, until in self.logins(wwpn):
                lane.bar(since, until, f"{name} at {port}", port)
        return line

    def report(self, left_on_source):
        """What build/demo/report.json holds. left_on_source: names of what should have gone and has not."""
        good = not (self.lost or self.double_logins() or left_on_source or None in self.phases().values())
        return {
            "result": "ok" if good else "failed",
            "lost_writes": self.lost,
            "longest_gap_s": round(self.gap, 3),
            "double_logins": len(self.double_logins()),
            "left_on_source": left_on_source,
            "migration_s": round(self.done - self.start, 3),
            "phases": self.phases(),
        }
