# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines appended to a file, as they come: inotify(7) instead of polling."""

import ctypes
import os
import select
import time

from .say import LabError, LabTimeout

IN_MODIFY = 0x00000002

libc = ctypes.CDLL(None, use_errno=True)


def size(path):
    """The present length of a file in bytes, 0 if there is none: where news will start."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _watch(path):
    """An inotify descriptor that tells of writes to a file."""
    inotify = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if inotify < 0 or libc.inotify_add_watch(inotify, os.fsencode(path), IN_MODIFY) < 0:
        raise OSError(ctypes.get_errno(), f"cannot watch {path}")
    return inotify


class Follower:
    """Reads the complete lines of an existing file from an offset on, and waits for more."""

    def __init__(self, path, offset=0):
        self.path = path
        self.file = open(path, "rb")
        self.file.seek(offset)
        self.rest = b""
        self.inotify = _watch(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.inotify)
        self.file.close()

    def lines(self):
        """The lines that are there now."""
        *whole, self.rest = (self.rest + self.file.read()).split(b"\n")
        return [line.decode(errors="replace") for line in whole]

    def pause(self, timeout, pidfd=None):
        """Sleeps until the file grows. False if the time (seconds) is over, or the process has gone."""
        watched = [self.inotify] if pidfd is None else [self.inotify, pidfd]
        ready, _, _ = select.select(watched, [], [], max(0, timeout))
        if self.inotify in ready:
            os.read(self.inotify, 65536)
            return True
        return False


def wait_line(path, match, timeout, what, offset=0, pidfd=None):
    """The first true value of match(line), for the lines of `path` from `offset` on.

    timeout: seconds. pidfd: the process that writes the file; its death ends the wait.
    """
    deadline = time.monotonic() + timeout
    with Follower(path, offset) as follower:
        grows = True
        while True:
            for line in follower.lines():
                found = match(line)
                if found:
                    return found
            if not grows:  # that was a last look
                break
            grows = follower.pause(deadline - time.monotonic(), pidfd)
    if time.monotonic() < deadline:
        raise LabError(f"the program that writes {path} ended while the lab waited for {what}")
    raise LabTimeout(f"waited {timeout:g} s for {what}; see {path}")


class Changes:
    """Wakes when a file is written to, whoever writes."""

    def __init__(self, path):
        self.inotify = _watch(path)
        self.bell = os.eventfd(0, os.EFD_CLOEXEC)

    def wait(self):
        """Sleeps until the file is written to or wake() is called."""
        ready, _, _ = select.select([self.inotify, self.bell], [], [])
        if self.inotify in ready:
            os.read(self.inotify, 65536)

    def wake(self):
        os.eventfd_write(self.bell, 1)

    def close(self):
        os.close(self.inotify)
        os.close(self.bell)
