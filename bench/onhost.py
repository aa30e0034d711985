# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs on a host of the lab: makes a vHBA in several ways, in turns, and times each until its LUN can be read.

Argument: JSON with wwnn, wwpn, hba (its SCSI host), link (the LUN's, made by udev), ways, rounds. Prints JSON:
{way: [milliseconds, …]}. The bare release's way needs its daemons; the client library is the installed one.
"""

import json
import os
import subprocess
import sys
import time

import libvirt

POOL = """<pool type='scsi'>
  <name>bench</name>
  <uuid>0f6f5b5e-7f0b-4c1b-9a53-7c3f5a1d2e01</uuid>
  <source>
    <adapter type='fc_host' parent='scsi_{hba}' managed='yes' wwnn='{wwnn}' wwpn='{wwpn}'/>
  </source>
  <target>
    <path>/dev/disk/by-path</path>
  </target>
</pool>"""


class Ours:
    """virNodeDeviceCreate of a defined vHBA."""

    def __init__(self, case):
        self.conn = libvirt.open("nodedev:///system")
        self.device = self.conn.nodeDeviceLookupByName(f"vhba_{case['wwpn']}")

    def make(self):
        self.device.create()

    def ready(self):
        return True

    def unmake(self):
        self.device.destroy()


class Raw:
    """What the kernel offers, and nothing else."""

    def __init__(self, case):
        self.case = case

    def write(self, attribute):
        with open(f"/sys/class/fc_host/{self.case['hba']}/{attribute}", "w", encoding="ascii") as file:
            file.write(f"{self.case['wwpn']}:{self.case['wwnn']}")

    def make(self):
        self.write("vport_create")

    def ready(self):
        return True

    def unmake(self):
        self.write("vport_delete")


class Pool:
    """Start of an fc_host pool, until it has found the LUN by itself."""

    def __init__(self, case):
        self.conn = libvirt.open("storage:///system")
        self.pool = self.conn.storagePoolDefineXML(POOL.format(**case))

    def make(self):
        self.pool.create()

    def ready(self):
        return self.pool.numOfVolumes() > 0

    def unmake(self):
        self.pool.destroy()


class RefreshedPool(Pool):
    """The same, by somebody who sees when udev has made the link, and has the pool refreshed at that moment."""

    def ready(self):
        if not super().ready():
            self.pool.refresh()
        return super().ready()


WAYS = {"ours": Ours, "raw": Raw, "pool": Pool, "refreshed": RefreshedPool}


def once(way, link):
    """Milliseconds from the request until a sector of the LUN has been read."""
    waiter = subprocess.Popen(["udevadm", "wait", "--timeout=120", link])
    time.sleep(1)  # until it listens, and the host is quiet
    begin = time.monotonic()
    way.make()
    waiter.wait()
    fd = os.open(link, os.O_RDONLY)
    os.read(fd, 512)
    os.close(fd)
    while not way.ready():
        pass
    took = (time.monotonic() - begin) * 1000
    way.unmake()
    subprocess.run(["udevadm", "settle"], check=True)
    return took


def main():
    case = json.loads(sys.argv[1])
    ways = {name: WAYS[name](case) for name in case["ways"]}
    times = {name: [] for name in ways}
    for number in range(case["rounds"] + 1):
        for name, way in ways.items():
            took = once(way, case["link"])
            if number:  # the first one only warms up
                times[name].append(took)
    for way in ways.values():
        if isinstance(way, Pool):
            way.pool.undefine()
            break
    print(json.dumps(times))


main()
