# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the processor's time goes on the lab's hosts while something is measured: `bench --profile`, with perf.

It slows down what is measured, hence the numbers of such a run are not to be quoted.
"""

import contextlib
import os

from paths import OUT

DATA = "/var/tmp/profile"
RECORD = ("systemd-run", "--quiet", "--collect", "--unit=profile", "--property=KillSignal=SIGINT", "perf", "record",
          "--all-cpus", "--freq=199", "--event=cpu-clock", f"--output={DATA}")
REPORT = ("perf", "report", f"--input={DATA}", "--stdio", "--percent-limit=0.5")
BY = ("comm,dso", "comm,dso,symbol")

_wanted = False


def turn_on():
    """To be called before the lab is up: its machines get perf, and a libvirt with all its symbols."""
    global _wanted
    _wanted = True
    os.environ.update(LAB_PACKAGES="linux-perf", LAB_SYMBOLS="1")


@contextlib.contextmanager
def kept(name, *hosts):
    """While this lasts, hosts (lib.host.Host) are profiled, if that is wanted; the report is OUT/NAME-HOST.profile."""
    if not _wanted:
        yield
        return
    for host in hosts:
        host.run(*RECORD)
    try:
        yield
    finally:
        for host in hosts:
            host.run("systemctl", "stop", "profile.service")
    for host in hosts:
        reports = [host.run(*REPORT, f"--sort={by}", timeout=600) for by in BY]
        (OUT / f"{name}-{host.name}.profile").write_text("".join(reports))
