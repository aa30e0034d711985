# SPDX-License-Identifier: LGPL-2.1-or-later
"""Unix sockets whose path may be longer than the 107 bytes of sockaddr_un."""

import os
import socket


def connect(path, timeout):
    """A stream socket connected to `path`; timeout in seconds, also for later reads."""
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
    except BaseException:
        sock.close()
        raise
    finally:
        os.close(directory)
    return sock
