# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs on a host of the lab: what a node device daemon costs that has just been started.

Argument: JSON with hba (a node device's name) and events (how many to make). Prints JSON: start (ms until it has
listed all devices), memory (KiB of its own), event (ms of processor time for one), xml (ms for the HBA's XML).
"""

import glob
import json
import os
import subprocess
import sys
import time

import libvirt

UNIT = "virtnodedevd.service"
TICKS = os.sysconf("SC_CLK_TCK")
CALLS = 20


def pid():
    return subprocess.run(["systemctl", "show", "--property=MainPID", "--value", UNIT], check=True,
                          capture_output=True, text=True).stdout.strip()


def memory():
    with open(f"/proc/{pid()}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("RssAnon")).split()[1])


def processor():
    """Milliseconds that the daemon has used."""
    with open(f"/proc/{pid()}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def events(conn, count):
    """Milliseconds of the daemon's processor time for one change of a disk."""
    disks = sorted(glob.glob("/sys/block/sd*"))
    before = processor()
    for number in range(count):
        with open(f"{disks[number % len(disks)]}/uevent", "w", encoding="ascii") as file:
            file.write("change")
    subprocess.run(["udevadm", "settle"], check=True)
    conn.listAllDevices()
    time.sleep(2)  # the daemon's worker is behind, and nothing tells when it has done with them
    return (processor() - before) / count


def xml(conn, name):
    device = conn.nodeDeviceLookupByName(name)
    device.XMLDesc()
    begin = time.monotonic()
    for _ in range(CALLS):
        device.XMLDesc()
    return (time.monotonic() - begin) * 1000 / CALLS


def main():
    case = json.loads(sys.argv[1])
    subprocess.run(["systemctl", "stop", UNIT], check=True)
    begin = time.monotonic()
    subprocess.run(["systemctl", "start", UNIT], check=True)
    conn = libvirt.open("nodedev:///system")
    devices = len(conn.listAllDevices())
    start = (time.monotonic() - begin) * 1000
    print(json.dumps({"start": start, "memory": memory(), "event": events(conn, case["events"]),
                      "xml": xml(conn, case["hba"]), "devices": devices}))


main()
