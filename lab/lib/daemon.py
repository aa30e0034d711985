# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that outlive the command that started them, and can be found again without doubt.

Each holds a POSIX lock on LIVE/<name>.lock from before its exec to its death, however it dies; F_GETLK tells
who holds it. So a recycled process id is never mistaken for one of ours, and no stale pid file exists.
"""

import fcntl
import os
import select
import signal
import struct
import subprocess

from .paths import LIVE
from .say import LabError

FLOCK = "hhqqi"  # struct flock


def lock_path(name):
    return LIVE / f"{name}.lock"


def start(name, argv, log):
    """Starts argv in LIVE (so that socket paths are short), output appended to the file `log`."""
    if pid(name):
        raise LabError(f"{name} is running already; stop it with `lab down`")
    lock = os.open(lock_path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with open(log, "ab") as out:
            subprocess.Popen(
                argv, cwd=LIVE, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                pass_fds=[lock], preexec_fn=lambda: fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB))
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not there; install what lab/packages lists and run `lab build`") from None
    finally:
        os.close(lock)


def pid(name):
    """The process id of a running daemon, else None."""
    try:
        lock = os.open(lock_path(name), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        query = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, holder = struct.unpack(FLOCK, fcntl.fcntl(lock, fcntl.F_GETLK, query))
    finally:
        os.close(lock)
    return holder if kind != fcntl.F_UNLCK else None


def pidfd(name):
    """A file descriptor that becomes readable when the daemon ends; the caller closes it. None if not running."""
    holder = pid(name)
    if holder is None:
        return None
    try:
        fd = os.pidfd_open(holder)
    except ProcessLookupError:
        return None
    if pid(name) != holder:
        os.close(fd)
        return None
    return fd


def stop(name, signals=(signal.SIGTERM, signal.SIGKILL), grace=5):
    """Ends a daemon: each signal in turn gets `grace` seconds. Returns whether it was running."""
    fd = pidfd(name)
    if fd is None:
        return False
    try:
        for number in signals:
            try:
                signal.pidfd_send_signal(fd, number)
            except ProcessLookupError:
                return True
            if select.select([fd], [], [], grace)[0]:
                return True
    finally:
        os.close(fd)
    raise LabError(f"{name} (process {pid(name)}) did not end within {grace} s of a SIGKILL; end it by hand")


def running():
    """The names of the daemons that run now."""
    return sorted(path.stem for path in LIVE.glob("*.lock") if pid(path.stem))
