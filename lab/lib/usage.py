# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libvirt's daemons on the hosts have taken after so many rounds of something, and whether it grows."""

USE = """
for daemon in virtqemud virtnodedevd; do
    systemctl is-active --quiet $daemon.service || continue
    pid=$(systemctl show --property=MainPID --value $daemon.service)
    echo $daemon $(ls /proc/$pid/fd | wc -l) $(awk '/^Threads|^RssAnon/ { print $2 }' /proc/$pid/status)
done
"""
# A domain's directory has a number that grows with each start.
FILES = "find /etc/libvirt /run/libvirt /var/lib/libvirt -type f | sed 's/domain-[0-9]*-/domain-N-/' | sort"
FILES_MORE, THREADS_MORE = 2, 4  # that may come and go
ROUND_KIB = 24  # that a daemon may grow in each round: what malloc does not get together again
LEAST_KIB = 4096


class Usage:
    """Looks after the first round, after each quarter of them, and at last.

    By the end of the first quarter the daemons have taken what they keep; what they grow by is counted from there.
    """

    def __init__(self, t, rounds):
        self.t = t
        self.rounds = rounds
        self.settled = max(1, rounds // 4)
        self.points = {1, self.settled, rounds // 2, 3 * rounds // 4, rounds}
        self.taken = {}
        self.files = {}

    def look(self, number):
        """To be called after each round."""
        if number not in self.points:
            return
        hosts = (self.t.a, self.t.b)
        self.taken[number] = {key: used for host in hosts for key, used in taken_on(host).items()}
        self.files[number] = [host.shell(FILES).splitlines() for host in hosts]
        for (host, daemon), used in self.taken[number].items():
            self.t.say(f"{daemon} on {host}: " + ", ".join(f"{value} {what}" for what, value in used.items()))

    def check(self):
        """To be called after the last round."""
        t, rounds = self.t, self.rounds - self.settled
        first, last = self.taken[self.settled], self.taken[self.rounds]
        bound = max(LEAST_KIB, ROUND_KIB * rounds)
        for (host, daemon), used in last.items():
            grown = {what: used[what] - first[host, daemon][what] for what in used}
            counts = f"after round {self.settled}: {first[host, daemon]}, at last: {used}"
            t.ok(grown["fds"] <= FILES_MORE, f"{daemon} on {host} has no more open files than at first", counts)
            t.ok(grown["threads"] <= THREADS_MORE, f"{daemon} on {host} has no more threads", counts)
            t.ok(grown["KiB"] <= bound, f"{daemon} on {host} has grown by no more than {bound} KiB", counts)
            t.say(f"{daemon} on {host} has grown by {grown['KiB'] / max(1, rounds):.1f} KiB a round")
        t.equal(self.files[self.rounds], self.files[self.settled], "no file has come to either host, and none has gone")


def taken_on(host):
    """{(host's name, daemon): {"fds": …, "KiB": …, "threads": …}} of the daemons that run."""
    lines = (line.split() for line in host.shell(USE).splitlines())
    return {(host.name, daemon): dict(zip(("fds", "KiB", "threads"), map(int, numbers))) for daemon, *numbers in lines}
