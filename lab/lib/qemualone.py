# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs on a host of the lab, without libvirt: the small guest migrates from one QEMU to the next, again and again.

Arguments: the directory in which `disk` is, how often. Prints JSON: {"moves": how many went well, "registers": what
QEMU says of the guest's processor when the guest counts no more, or ""}.
"""

import json
import os
import select
import socket
import subprocess
import sys
import time

HOME, MOVES = sys.argv[1], int(sys.argv[2])
ARGV = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg", "-machine", "pc",
        "-m", "16", "-serial", "stdio", "-drive", f"if=virtio,format=raw,file={HOME}/disk,cache=none,file.locking=off"]
PATIENCE = 60  # seconds


class Emulator:
    """A QEMU with a QMP socket."""

    def __init__(self, name, *options):
        path = f"{HOME}/{name}.qmp"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        self.process = subprocess.Popen([*ARGV, "-qmp", f"unix:{path}", *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.lines = listener.accept()[0].makefile("rw")
        self.lines.readline()
        self.call("qmp_capabilities")

    def call(self, command, **arguments):
        self.lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.lines.flush()
        while "return" not in (answer := json.loads(self.lines.readline())):
            if "error" in answer:
                sys.exit(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    def wait_event(self, status):
        """Until the migration has come to a state."""
        while json.loads(self.lines.readline()).get("data", {}).get("status") != status:
            pass

    def counts(self):
        """Whether the guest says a count on its console; it does so after each eight writes."""
        console, deadline = self.process.stdout.fileno(), time.monotonic() + PATIENCE
        while select.select([console], [], [], max(0, deadline - time.monotonic()))[0]:
            if b"c " in os.read(console, 4096):
                return True
        return False

    def end(self):
        self.process.kill()
        self.process.wait()


def move(source, number):
    """One migration; returns the QEMU that has the guest then."""
    incoming = f"unix:{HOME}/{number}.move"
    destination = Emulator(number, "-S", "-incoming", incoming)
    source.call("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
    source.call("migrate", uri=incoming)
    source.wait_event("completed")
    source.end()
    destination.call("cont")
    return destination


def main():
    emulator, moves, registers = Emulator("first"), 0, ""
    emulator.counts()
    while moves < MOVES and not registers:
        emulator = move(emulator, moves)
        if emulator.counts():
            moves += 1
        else:
            registers = emulator.call("human-monitor-command", **{"command-line": "info registers"})
    emulator.end()
    print(json.dumps({"moves": moves, "registers": registers}))


main()
