# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs on a host of the lab: what a daemon costs that has just been started.

Argument: JSON with unit (systemd's), uri, hba (a node device's name, or null) and events (how many to make, or null).
Prints JSON: start (ms until it has answered); unless events is null memory (KiB of its own); with an hba and events
also event (ms of processor time for one change of a disk) and xml (ms for the HBA's XML).
"""

import glob
import json
import os
import subprocess
import sys
import time

import libvirt

HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled"
TICKS = os.sysconf("SC_CLK_TCK")
CALLS = 20


def pid(unit):
    return subprocess.run(["systemctl", "show", "--property=MainPID", "--value", unit], check=True,
                          capture_output=True, text=True).stdout.strip()


def memory(unit):
    with open(f"/proc/{pid(unit)}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("RssAnon")).split()[1])


def processor(unit):
    """Milliseconds that the daemon has used."""
    with open(f"/proc/{pid(unit)}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def events(unit, conn, count):
    """Milliseconds of the daemon's processor time for one change of a disk."""
    disks = sorted(glob.glob("/sys/block/sd*") or glob.glob("/sys/block/vd*"))
    before = processor(unit)
    for number in range(count):
        with open(f"{disks[number % len(disks)]}/uevent", "w", encoding="ascii") as file:
            file.write("change")
    subprocess.run(["udevadm", "settle"], check=True)
    settled(unit, conn)
    return (processor(unit) - before) / count


def settled(unit, conn):
    """The daemon's worker may be behind, and nothing tells when it has done: until it uses no more of the processor."""
    used = -1
    while used != (used := processor(unit)):
        conn.getLibVersion()
        time.sleep(0.5)


def xml(conn, name):
    device = conn.nodeDeviceLookupByName(name)
    device.XMLDesc()
    begin = time.monotonic()
    for _ in range(CALLS):
        device.XMLDesc()
    return (time.monotonic() - begin) * 1000 / CALLS


def without_huge_pages():
    """One of 2 MiB comes under a thread's stack, or not, as its address falls, and hides what is looked for."""
    with open(HUGE_PAGES, "w", encoding="ascii") as file:
        file.write("never")


def main():
    case = json.loads(sys.argv[1])
    without_huge_pages()
    unit = case["unit"]
    subprocess.run(["systemctl", "stop", unit], check=True)
    begin = time.monotonic()
    subprocess.run(["systemctl", "start", unit], check=True)
    conn = libvirt.open(case["uri"])
    if case["hba"]:
        conn.listAllDevices()
    found = {"start": (time.monotonic() - begin) * 1000}
    if case["events"] is not None:
        settled(unit, conn)
        found["memory"] = memory(unit)
    if case["hba"] and case["events"]:
        found.update(event=events(unit, conn, case["events"]), xml=xml(conn, case["hba"]))
    print(json.dumps(found))


main()
