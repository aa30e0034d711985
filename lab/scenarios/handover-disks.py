# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest with all sorts of disks moves: LUNs behind one pair, an ordinary shared disk, and one that is copied.

The LUNs of the pair, one of which is named by a path, go with its vHBAs, the shared disk is on both hosts already, and
the local file's contents are sent; asked to copy all disks, or the LUNs, libvirt refuses before anything is touched.
"""

from xml.etree import ElementTree

from lib import guest, handover, target, vhba
from lib.handover import NAME
from lib.journey import Journey

PAIR = vhba.number(0)
FIXED = vhba.number(1)  # no pair: one stays on each host
LOCAL = "/var/lib/libvirt/images/local.img"
LOCAL_SIZE = 1 << 20  # bytes
COPY = ("--live", "--persistent", "--undefinesource", "--copy-storage-all")


def run(t):
    add("third", 2)
    handover.define(t.a, PAIR)
    add("second", 1)
    shared = share(t)
    fill_local(t.a)
    t.b.run("truncate", f"--size={LOCAL_SIZE}", LOCAL)
    path = t.a.wait_lun(target.identity("third"))
    t.a.virsh("define", "/dev/stdin", stdin=more_disks(t.a.virsh("dumpxml", NAME), shared, path))
    with Journey(t, PAIR) as journey:
        journey.start()
        check_disks(t, t.a, "at first")
        error = journey.refused(*COPY)
        t.contains(error, "copied onto itself", "a copy of all disks is refused")
        error = journey.refused(*COPY, "--migrate-disks", "vdb,vdd")
        t.contains(error, "'vdb'", "a copy of a LUN is refused, and the error names the disk")
        journey.migrate(*COPY, "--migrate-disks", "vdd")
        journey.has_moved("with a copy")
        check_disks(t, t.b, "with a copy")
        t.equal(t.b.run("sha256sum", LOCAL), t.a.run("sha256sum", LOCAL), "the local file has been copied")
        journey.end()


def add(lun, unit):
    """A LUN more for the pair."""
    target.add(lun, guest.DISK_SIZE)
    for port in PAIR:
        target.show(lun, port.wwpn, unit)


def share(t):
    """A LUN that both hosts see all the time, each through a vport of its own; returns its path on either."""
    target.add("shared", guest.DISK_SIZE)
    for host, port in zip((t.a, t.b), FIXED):
        target.show("shared", port.wwpn)
        host.vport_create(port.wwpn, port.wwnn)
        path = host.wait_lun(target.identity("shared"))
    return path


def fill_local(host):
    host.shell(f"mkdir -p {LOCAL.rpartition('/')[0]}; head -c {LOCAL_SIZE} /dev/urandom > {LOCAL}")


def more_disks(xml, shared, path):
    """The guest's XML with four disks more; it writes to vda. path: of the LUN third."""
    def disk(kind, source, name):
        return (f"<disk type='{kind}' device='disk'><driver name='qemu' type='raw' cache='none'/>{source}"
                f"<target dev='{name}' bus='virtio'/></disk>")

    more = (disk("block", PAIR.source("<lun unit='1'/>"), "vdb") + disk("block", f"<source dev='{shared}'/>", "vdc")
            + disk("file", f"<source file='{LOCAL}'/>", "vdd")
            + disk("block", f"<source dev='{path}' model='vport'/>", "vde"))
    xml = xml.replace(f"wwpn='{PAIR.primary.wwpn}'/>", f"wwpn='{PAIR.primary.wwpn}'><lun unit='0'/></source>")
    return xml.replace("</disk>", "</disk>" + more, 1)


def check_disks(t, host, when):
    """Each disk that is a LUN is the one that it should be."""
    disks = ElementTree.fromstring(host.virsh("dumpxml", NAME)).findall(".//disk")
    devices = {disk.find("target").get("dev"): disk.find("source").get("dev") for disk in disks}
    for name, lun in (("vda", "disk"), ("vdb", "second"), ("vdc", "shared"), ("vde", "third")):
        found = host.shell(f"cat /sys/class/block/$(basename $(readlink -f {devices[name]}))/device/wwid").strip()
        t.equal(found, f"naa.{target.identity(lun)}", f"{when}: {name} is LUN {lun} on {host.name}")
