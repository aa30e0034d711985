# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's machine protocol, as much of it as the lab needs."""

import json

from .say import LabError
from .sockets import connect


class QMP:
    """One connection to a VM's monitor. Use as a context manager."""

    def __init__(self, path, timeout=30):
        try:
            self.sock = connect(path, timeout)
        except OSError as error:
            raise LabError(f"no monitor at {path}: {error.strerror}; is the VM running (`lab status`)?") from None
        self.file = self.sock.makefile("rw", encoding="utf-8")
        json.loads(self.file.readline())
        self.execute("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def execute(self, command, **arguments):
        """The command's return value. Events that come in between are dropped."""
        json.dump({"execute": command, "arguments": arguments}, self.file)
        self.file.write("\n")
        self.file.flush()
        for line in self.file:
            answer = json.loads(line)
            if "error" in answer:
                raise LabError(f"QEMU refused {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise LabError(f"QEMU went away during {command}")

    def wait_event(self, name, match=lambda data: True):
        """The data of the next event of that name that matches; the socket's timeout applies."""
        for line in self.file:
            event = json.loads(line)
            if event.get("event") == name and match(event.get("data", {})):
                return event.get("data", {})
        raise LabError(f"QEMU went away while the lab waited for {name}")

    def hmp(self, line):
        return self.execute("human-monitor-command", **{"command-line": line})
