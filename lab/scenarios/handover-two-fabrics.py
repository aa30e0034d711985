# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest with a pair of vHBAs on each of two fabrics takes both along, or neither.

b has no HBA on the second fabric at first: the migration is refused, and the pair on the first fabric comes back as
well. When b has one, both pairs go there, and back again.
"""

from lib import fabric, guest, handover, nodes, target, vhba
from lib.handover import NAME
from lib.journey import Journey

PAIRS = (vhba.number(0), vhba.number(1))
NETS = (fabric.FIRST, fabric.SECOND)


def run(t):
    target.join_second_fabric()
    t.a.join_second_fabric()
    prepare(t)
    with Journey(t, *PAIRS, nets=NETS) as journey:
        journey.start()
        for port in PAIRS[1]:
            t.equal(fabric.SECOND.where(port.wwpn), "a", f"{port.wwpn} is on the second fabric")
        foreseen = journey.here.attempt("virt-npiv-validate", "--quiet", NAME, journey.uri)
        t.contains(foreseen.stdout, fabric.SECOND.wwn, "virt-npiv-validate foresees that b is not on that fabric")
        error = journey.refused("--live")
        t.contains(error, fabric.SECOND.wwn, "without an HBA on the second fabric b refuses, and names that")
        journey.has_stayed("refused")
        t.b.join_second_fabric()
        for when in ("there", "back"):
            journey.migrate("--live", "--persistent", "--undefinesource")
            journey.has_moved(when)
        journey.end()


def prepare(t):
    """vda is a LUN behind the pair on the first fabric, vdb one behind that on the second."""
    first, second = (f"<parent fabric_wwn='{net.wwn}'/>" for net in NETS)
    handover.define(t.a, PAIRS[0], parent=first)
    target.add("second", guest.DISK_SIZE)
    for port in PAIRS[1]:
        target.show("second", port.wwpn)
    fabric.SECOND.control("zone", "add", NAME, *(port.wwpn for port in PAIRS[1]), nodes.TARGET.second_wwpn)
    PAIRS[1].define(t.a, parent=second)
    xml = t.a.virsh("dumpxml", NAME)
    disk = (f"<disk type='block' device='disk'><driver name='qemu' type='raw' cache='none'/>{PAIRS[1].source()}"
            "<target dev='vdb' bus='virtio'/></disk>")
    t.a.virsh("define", "/dev/stdin", stdin=xml.replace("</disk>", "</disk>" + disk, 1))
