# SPDX-License-Identifier: LGPL-2.1-or-later
"""The small guest: its disk image, its domain, and the judgement of what it wrote (lab/guest/guest.s says what)."""

import pathlib
import re
import struct
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

from . import follow
from .paths import LAB
from .say import LabError, LabTimeout

SOURCE = LAB / "guest"
MAGIC = b"NPIVLAB1"
SECTOR = 512  # bytes
RING = 2048  # sectors
FIRST = 2  # sector of the ring's start
CONSOLE_STEP = 8  # counts from one console line to the next
DISK_SIZE = 2 << 20  # bytes; enough for the program and the ring


def image():
    """The bytes with which the guest's disk begins: its boot sector."""
    with tempfile.TemporaryDirectory() as scratch:
        built = pathlib.Path(scratch, "guest")
        try:
            subprocess.run(["as", "--32", "-o", f"{built}.o", SOURCE / "guest.s"], check=True)
            subprocess.run(["ld", "-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary", "-e", "_start",
                            "-o", built, f"{built}.o"], check=True)
        except FileNotFoundError as error:
            raise LabError(f"{error.filename} is missing; install binutils (see lab/packages)") from None
        return built.read_bytes()


def domain(name, source):
    """The guest's domain XML; source: its disk's <source …> element."""
    return (SOURCE / "domain.xml").read_text().replace("@NAME@", name).replace("@SOURCE@", source)


def console_path(name):
    """Where on a host the guest's console goes."""
    return f"/var/log/libvirt/{name}.console"


@dataclass(frozen=True)
class Record:
    """One sector of the ring."""
    boot: int
    sector: int
    count: int


def parse(data):
    """The record in a sector, or None if the sector is not wholly one write of the guest's."""
    if data[:8] != MAGIC:
        return None
    boot, sector, *counts = struct.unpack("<126I", data[8:])
    if len(set(counts)) != 1:
        return None
    return Record(boot, sector, counts[0])


def place(count):
    """The sector that a count belongs to."""
    return FIRST + (count - 1) % RING


class Disk:
    """The guest's disk, read from outside."""

    def __init__(self, path):
        self.file = open(path, "rb", buffering=0)

    def close(self):
        self.file.close()

    def record(self, sector):
        self.file.seek(sector * SECTOR)
        return parse(self.file.read(SECTOR))

    def boot(self):
        """The number of the guest's present boot; 0 if it never ran."""
        self.file.seek(SECTOR)
        data = self.file.read(12)
        return struct.unpack("<I", data[8:])[0] if data[:8] == MAGIC else 0

    def last(self):
        """The highest count of the present boot in the ring, 0 if there is none."""
        boot = self.boot()
        records = (self.record(sector) for sector in range(FIRST, FIRST + RING))
        return max((record.count for record in records if record and record.boot == boot), default=0)


def check_disk(path):
    """What is wrong with the ring of a guest that does not run: a list of sentences, empty when all is well."""
    disk = Disk(path)
    boot, last = disk.boot(), disk.last()
    wrong = []
    for count in range(max(1, last - RING + 1), last + 1):
        record = disk.record(place(count))
        if record != Record(boot, place(count), count):
            wrong.append(f"sector {place(count)} should hold count {count}, and holds {record}")
    disk.close()
    if last == 0:
        wrong.append("the guest has written nothing")
    return wrong


class Watch:
    """Follows a guest's writes while they come, on one clock whichever host they come from.

    times[n]: when count first + n was seen, in seconds since 1970; lost: counts that never came though a later
    one did; problems: sentences.
    """

    def __init__(self, path):
        self.path = path
        self.disk = Disk(path)
        self.boot = self.disk.boot()
        self.next = self.disk.last() + 1
        self.first = self.next
        self.times = []
        self.lost = []
        self.problems = []
        self.news = threading.Condition()
        self.ending = False
        self.follower = follow.Changes(path)
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends the watch; what was seen stays to be asked for."""
        if not self.ending:
            self.ending = True
            self.follower.wake()
            self.thread.join()
            self.disk.close()

    def _follow(self):
        while not self.ending:
            self.follower.wait()
            with self.news:
                self._advance(time.time())
                self.news.notify_all()
        self.follower.close()

    def _advance(self, now):
        boot = self.disk.boot()
        if boot != self.boot:
            if self.boot and self.times:
                self.problems.append(f"the guest was started anew after count {self.next - 1}")
            self.boot, self.next = boot, 1
        while True:
            if self._has(self.next):
                self.times.append(now)
            elif self._has(self.next + 1):
                if not self._has(self.next):  # nor has it come since the first look
                    self.lost.append(self.next)
                self.times.append(now)
            else:
                return
            self.next += 1

    def _has(self, count):
        record = self.disk.record(place(count))
        return record == Record(self.boot, place(count), count)

    def wait(self, more=20, timeout=60):
        """Waits until the guest has written `more` further counts. timeout in seconds."""
        self.wait_total(len(self.times) + more, timeout)

    def wait_total(self, total, timeout=60):
        """Waits until the watch has seen `total` counts in all. timeout in seconds."""
        with self.news:
            if not self.news.wait_for(lambda: len(self.times) >= total, timeout):
                raise LabTimeout(f"waited {timeout:g} s for {total} writes of the guest to {self.path}; "
                                 f"{len(self.times)} came")

    def longest_gap(self, since=0.0):
        """The longest time in seconds between two writes that followed each other, and when it began."""
        times = [when for when in list(self.times) if when >= since]
        return max(((later - sooner, sooner) for sooner, later in zip(times, times[1:])), default=(0.0, since))


def check_console(text):
    """What is wrong with a guest's console, from its boot on: a list of sentences, empty when all is well.

    For a guest that has moved, the text of each host's part, joined.
    """
    wrong = []
    expected = None
    for line in text.replace("\r", "").split("\n")[:-1]:
        match = re.fullmatch(r"(?:.*[^ -~].*)?([bcem]) ([0-9a-f]{8})", line)
        if not match:
            if expected is not None:
                wrong.append(f"the console says {line!r}")
            continue
        kind, value = match.group(1), int(match.group(2), 16)
        if kind == "b":
            if expected is not None:
                wrong.append("the guest was started anew")
            expected = CONSOLE_STEP
        elif kind == "c":
            if value != expected:
                wrong.append(f"the console says count {value} where {expected} was due")
            expected = value + CONSOLE_STEP
        elif kind == "e":
            wrong.append(f"a write failed with BIOS status {value:#x} before count {expected}")
        else:
            wrong.append(f"memory had changed by itself before count {expected}")
    if expected is None:
        wrong.append("the guest never said that it started")
    return wrong
