# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds a libvirt daemon of a host up at a line of its log, while something is done to it or around it.

lab/image/stop.c says how. The daemon is the one that is installed; it only has another log file and stop.so loaded.
"""

import select
import shlex
import time

from .say import LabError

FILTERS = {
    "virtqemud": "1:qemu.qemu_vhba 1:qemu.qemu_migration_vhba 1:qemu.qemu_domainjob",
    "virtnodedevd": "1:node_device.node_device_vhba 1:util.fchost",
}
HOME = "/run/lab-stop"
GRACE = 12  # seconds after the end of a migration in which what it leaves to the background happens

PREPARE = """
for daemon in {daemons}; do
    mkdir -p {home}/$daemon /run/systemd/system/$daemon.service.d
    test -p {home}/$daemon/hit || mkfifo {home}/$daemon/hit {home}/$daemon/go
done
systemctl daemon-reload
systemctl restart {units}
"""

DROP_IN = """[Unit]
StartLimitIntervalSec=0
[Service]
Environment=LD_PRELOAD=/usr/lib/lab/stop.so LAB_STOP={home}/{daemon}
Environment="LIBVIRT_LOG_FILTERS={filters}" LIBVIRT_LOG_OUTPUTS=1:file:{log}
"""


def log(daemon):
    """Where a daemon logs to."""
    return f"/var/log/libvirt/{daemon}.log"


def prepare(host):
    """Restarts the daemons of a host so that they can be stopped."""
    for daemon, filters in FILTERS.items():
        path = f"/run/systemd/system/{daemon}.service.d/stop.conf"
        host.run("install", "-D", "/dev/stdin", path,
                 stdin=DROP_IN.format(home=HOME, daemon=daemon, filters=filters, log=log(daemon)))
    host.shell(PREPARE.format(home=HOME, daemons=" ".join(FILTERS), units=" ".join(f"{d}.service" for d in FILTERS)))


def withdraw(host):
    """Makes the daemons of a host what they were before `prepare`."""
    host.shell(f"rm -rf {HOME} /run/systemd/system/virt*.service.d/stop.conf; systemctl daemon-reload")
    host.run("systemctl", "restart", *(f"{daemon}.service" for daemon in FILTERS))


class Stop:
    """One stop of a daemon, where its log next says a text. Armed when this returns."""

    def __init__(self, host, daemon, text):
        self.host, self.text = host, text
        self.home = f"{HOME}/{daemon}"
        self.reached = False
        self.listener = host.start_shell(f"printf %s {shlex.quote(text)} > {self.home}/text; echo armed; "
                                         f"cat {self.home}/hit")
        if self.listener.stdout.readline() != "armed\n":
            raise LabError(f"{daemon} on {host.name} cannot be stopped: {self.listener.stderr.read()}")

    def wait(self, *others, timeout=180):
        """Waits until the daemon has stopped. False if all of the other Popens ended first, and it did not follow.

        timeout in seconds; after the end of the others it has GRACE seconds.
        """
        deadline = time.monotonic() + timeout
        running = list(others)
        while True:
            left = deadline - time.monotonic()
            files = [self.listener.stdout, *(process.stdout for process in running)]
            ready, _, _ = select.select(files, [], [], max(0, left))
            if self.listener.stdout in ready:
                self.reached = bool(self.listener.stdout.readline())
                return self.reached
            if not ready:
                self.withdraw()
                return False
            running = [process for process in running if process.stdout not in ready]
            if not running:
                deadline = min(deadline, time.monotonic() + GRACE)

    def go(self):
        """Lets the daemon go on, if it has stopped and still lives."""
        # opened for both ways, so that this does not wait for a reader
        self.host.shell(f": <> {self.home}/go")

    def withdraw(self):
        """It shall not stop any more."""
        self.host.shell(f"rm -f {self.home}/text; : <> {self.home}/hit")
        line, _ = self.listener.communicate(timeout=30)
        if line:
            self.go()
