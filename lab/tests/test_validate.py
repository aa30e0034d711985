# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-npiv-validate keeps what its manual page promises, with a libvirt that knows two hosts made of XML."""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import types
import unittest
import xml.etree.ElementTree as ElementTree
from unittest import mock

P, S, OTHER = "2101001b32a90002", "2101001b32a90004", "2101001b32a90008"
FABRIC = "2001000dec9877c1"
DESTINATION = "qemu+ssh://b/system"
PARTNER = {P: f"<secondary wwpn='{S}'/>", S: f"<primary wwpn='{P}'/>", OTHER: ""}
PATH = {P: "/sys/devices/host0/vport-0:0-1/host1", S: "/sys/devices/host0/vport-0:0-2/host2",
        OTHER: "/sys/devices/host0/vport-0:0-1/host10"}
PATH_ONLY = "<source dev='/dev/sdb' model='vport'/>"


class LibvirtError(Exception):
    def get_error_code(self):
        return self.args[0]


# Its flags are what they select; there is nothing in it that could change a host.
libvirt = types.SimpleNamespace(
    libvirtError=LibvirtError, registerErrorHandler=mock.Mock(), openReadOnly=None,
    VIR_ERR_NO_SUPPORT="no support", VIR_ERR_NO_NODE_DEVICE="no node device",
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST="fc_host", VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPORTS="vport_ops",
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE="storage", VIR_CONNECT_LIST_DOMAINS_ACTIVE="active")

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "tools" / "virt-npiv-validate"
loader = importlib.machinery.SourceFileLoader("virt_npiv_validate", str(PROGRAM))
program = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
with mock.patch.dict(sys.modules, libvirt=libvirt), mock.patch.object(sys, "dont_write_bytecode", True):
    loader.exec_module(program)


class Thing:
    """A domain or a node device. active: an exception if libvirt does not tell."""

    def __init__(self, xml, active=True):
        self.xml, self.active = xml, active

    def without(self, text):
        assert text in self.xml
        return Thing(self.xml.replace(text, ""), self.active)

    def name(self):
        return ElementTree.fromstring(self.xml).findtext("name")

    UUID = name

    def connect(self):
        return self.host

    def XMLDesc(self):
        return self.xml

    def isActive(self):
        if isinstance(self.active, Exception):
            raise self.active
        return int(self.active)


class Host:
    """A connection to it."""

    def __init__(self, *things):
        self.things = {}
        self.have(*things)

    def have(self, *things):
        """A thing takes the place of one of the same name."""
        for thing in things:
            self.things[thing.name()] = thing
            thing.host = self

    def lookupByName(self, name, error="no domain"):
        if name not in self.things:
            raise LibvirtError(error, f"there is no '{name}'")
        return self.things[name]

    def nodeDeviceLookupByName(self, name):
        return self.lookupByName(name, libvirt.VIR_ERR_NO_NODE_DEVICE)

    def listAllDevices(self, capability):
        return [thing for thing in self.things.values() if f"<capability type='{capability}'>" in thing.xml]

    def listAllDomains(self, flag):
        assert flag == "active"
        return [thing for thing in self.things.values() if thing.xml.startswith("<domain>") and thing.active]


def hba(name="scsi_host0", fabric=FABRIC, state="online", room=2):
    return Thing(f"<device><name>{name}</name><parent>pci_0000_06_00_1</parent><capability type='scsi_host'>"
                 f"<state>{state}</state><capability type='fc_host'><wwpn>100052540000a001</wwpn>"
                 f"<fabric_wwn>{fabric}</fabric_wwn></capability><capability type='vport_ops'>"
                 f"<max_vports>5</max_vports><vports>{5 - room}</vports></capability><vports/></capability></device>")


def vhba(wwpn, partner=None, mark="", active=True, name=None, fabric=FABRIC):
    partner = PARTNER[wwpn] if partner is None else partner
    where, own = f"<parent fabric_wwn='{fabric}'/>", ""
    if active:
        where, own = f"<path>{PATH[wwpn]}</path><parent>scsi_host0</parent>", f"<fabric_wwn>{fabric}</fabric_wwn>"
    return Thing(f"<device><name>{name or 'vhba_' + wwpn}</name>{where}<capability type='scsi_host'>"
                 f"<capability type='fc_host'><wwpn>{wwpn}</wwpn>{own}{partner}{mark}</capability></capability>"
                 "</device>", active)


def lun(wwpn, number=4, serial="3600c", size=1048576):
    return Thing(f"<device><name>lun_of_{wwpn}</name><path>{PATH[wwpn]}/rport-1:0-0/1:0:0:{number}/block/sda</path>"
                 f"<parent>scsi_1_0_0_{number}</parent><capability type='storage'><serial>{serial}</serial>"
                 f"<size>{size}</size></capability></device>")


def domain(*sources, name="guest", active=True):
    disks = "".join(f"<disk>{source}<target dev='vda'/></disk>" for source in sources)
    return Thing(f"<domain><name>{name}</name><devices>{disks}</devices></domain>", active)


def behind(wwpn, more=""):
    return f"<source wwnn='2001001b32a9da4e' wwpn='{wwpn}'>{more}</source>"


class World(unittest.TestCase):
    """A guest on one host that can move to another: each test makes one thing different."""

    def setUp(self):
        self.source = Host(domain(behind(P)), hba(), vhba(P), vhba(S), lun(P), lun(S))
        self.hosts = {None: self.source, DESTINATION: Host(hba())}
        patch = mock.patch.object(libvirt, "openReadOnly", self.connect)
        patch.start()
        self.addCleanup(patch.stop)

    def connect(self, uri):
        if uri not in self.hosts:
            raise LibvirtError("no route", f"unable to connect to {uri}")
        return self.hosts[uri]

    def play(self, *words):
        """The exit status, and the lines of output. self.err: what was said on stderr."""
        with mock.patch.object(sys, "argv", ["virt-npiv-validate", *words]), \
                contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            try:
                status = program.main()
            except SystemExit as end:
                status = end.code
        self.err = err.getvalue()
        return status, out.getvalue().splitlines()

    def expect(self, status, *verdicts):
        """The exit status; with --quiet a line with each of the verdicts, and no other."""
        got, lines = self.play("--quiet", "guest", DESTINATION)
        self.assertEqual((got, len(lines)), (status, len(verdicts)), lines)
        for verdict, line in zip(verdicts, lines):
            self.assertIn(f": {verdict}", line)


class Well(World):
    def test_all_is_well(self):
        status, lines = self.play("guest", DESTINATION)
        self.assertEqual(status, 0)
        self.assertEqual([line for line in lines if not line.endswith(": PASS")], [])
        self.assertIn("libvirt on the destination can take vHBAs over", lines[0])
        self.assertIn(f"and for vhba_{P}", lines[-1])
        self.expect(0)

    def test_the_hypervisor_of_the_source_can_be_named(self):
        self.hosts["qemu+ssh://a/system"] = self.hosts.pop(None)
        self.assertEqual(self.play("-c", "qemu+ssh://a/system", "guest", DESTINATION)[0], 0)

    def test_disks_behind_one_pair_name_either_in_any_notation(self):
        self.source.have(domain(behind("0x" + S.upper()), behind(P)))
        status, lines = self.play("guest", DESTINATION)
        self.assertEqual((status, sum("is settled" in line for line in lines)), (0, 2), lines)

    def test_a_domain_that_names_no_vhba(self):
        self.source.have(domain("<source dev='/dev/sda'/>"))
        status, lines = self.play("guest", DESTINATION)
        self.assertEqual((status, lines), (0, ["  domain guest names no vHBA; nothing is checked"]))


class Disks(World):
    def test_a_path_is_not_checked_and_a_warning_says_so(self):
        self.source.have(domain(behind(P), PATH_ONLY))
        self.expect(0, "WARN (it is behind one, but says only '/dev/sdb')")

    def test_a_data_store_behind_a_vhba(self):
        for store in behind(P), PATH_ONLY:
            self.source.have(domain(behind(P, f"<dataStore>{store}</dataStore>")))
            self.expect(1, "FAIL (it cannot be handed over")

    def test_a_data_store_elsewhere(self):
        self.source.have(domain(behind(P, "<dataStore><source file='/data'/></dataStore>")))
        self.expect(0)

    def test_an_image_down_the_chain(self):
        self.source.have(domain(f"<source file='/top'/><backingStore>{behind(OTHER)}</backingStore>"))
        self.expect(1, f"FAIL (vhba_{OTHER} is not defined on the source)")


class Source(World):
    def test_the_vhba_of_one_disk_is_not_defined(self):
        self.source.have(domain(behind(P), behind(OTHER)))
        self.expect(1, f"FAIL (vhba_{OTHER} is not defined on the source)")

    def test_vhba_has_no_secondary(self):
        self.source.have(vhba(P, partner=""))
        self.expect(1, f"FAIL (vhba_{P} is not paired; define a secondary)")

    def test_secondary_is_not_defined_or_not_as_such(self):
        del self.source.things[f"vhba_{S}"]
        self.expect(1, f"FAIL (vhba_{S} is not defined as such)")
        self.source.have(vhba(S, partner=f"<primary wwpn='{OTHER}'/>"))
        self.expect(1, f"FAIL (vhba_{S} is not defined as such)")

    def test_either_is_not_active(self):
        for wwpn in P, S:
            self.source.have(vhba(P), vhba(S), vhba(wwpn, active=False))
            self.expect(1, f"FAIL (start it with 'virsh nodedev-start vhba_{wwpn}')")

    def test_neither_need_be_active_for_a_domain_that_is_shut_off(self):
        self.source.have(domain(behind(P), active=False), vhba(P, active=False), vhba(S, active=False))
        self.expect(0)

    def test_the_fabric_has_to_be_known(self):
        by_name = vhba(P, active=False).without(f" fabric_wwn='{FABRIC}'")
        for running, primary in (True, vhba(P, fabric="0")), (False, by_name):
            self.source.have(domain(behind(P), active=running), primary)
            self.expect(1, "FAIL (it is not logged in; start it)", "FAIL (no HBA there is logged in")

    def test_all_are_active_where_libvirt_does_not_tell(self):
        self.source.have(*(vhba(wwpn, active=LibvirtError(libvirt.VIR_ERR_NO_SUPPORT)) for wwpn in (P, S)))
        self.expect(0)

    def test_another_domain_that_runs_uses_either(self):
        for wwpn in P, S:
            self.source.have(domain(behind(wwpn), name="second"))
            self.expect(1, "FAIL (used by domain second)")
        self.source.have(domain(behind(P), name="second", active=False))
        self.expect(0)

    def test_an_earlier_migration_has_left_a_mark_on_either(self):
        for wwpn in P, S:
            mark = "<handover state='lent' domain='old' migration='5c3f'/>"
            self.source.have(vhba(P), vhba(S), vhba(wwpn, mark=mark))
            self.expect(1, "FAIL (lent for migration 5c3f of domain 'old')")

    def test_the_secondary_shows_other_luns(self):
        for other in lun(S, serial="3600d"), lun(S, size=2097152), lun(S, number=5):
            self.source.have(other)
            self.expect(0, "WARN (LUN 4 is not the same behind both)")

    def test_a_vhba_is_just_going(self):
        for wwpn, reason in (P, f"vhba_{P} is not paired; define a secondary"), (S, f"vhba_{S} is not defined as such"):
            going = ElementTree.fromstring(vhba(wwpn).xml)
            scsi_host = going.find("capability")
            scsi_host.remove(scsi_host.find("capability"))
            self.source.have(vhba(P), vhba(S), Thing(ElementTree.tostring(going, "unicode")))
            self.expect(1, f"FAIL ({reason})")

    def test_a_vhba_has_just_gone(self):
        self.source.have(vhba(S).without(f"<path>{PATH[S]}</path>"))
        self.expect(0, "WARN (LUN 4 is not the same behind both)")
        self.source.have(vhba(S), vhba(P).without(f"<path>{PATH[P]}</path>"))
        self.expect(0)

    def test_the_luns_of_another_vhba_do_not_matter(self):
        self.source.have(vhba(OTHER), lun(OTHER, serial="3600d"))
        self.expect(0)


class Destination(World):
    def there(self, *things):
        self.hosts[DESTINATION] = Host(*things)

    def test_libvirt_is_too_old(self):
        self.there(hba().without("<vports/>"))
        self.expect(1, "FAIL (it is too old)")

    def test_a_domain_of_that_name_runs(self):
        self.there(hba(), domain())
        self.expect(1, "FAIL (there is one of the same name)")
        self.there(hba(), domain(active=False))
        self.expect(0)

    def test_either_vhba_is_there_already(self):
        for wwpn in P, S:
            for there in vhba(wwpn, active=False), vhba(wwpn, name="scsi_host14"):
                self.there(hba(), there)
                self.expect(1, "FAIL (it is; if no domain needs it there")

    def test_an_fc_host_there_is_just_going(self):
        self.there(hba(), Thing("<device><name>scsi_host14</name><!-- <capability type='fc_host'> --></device>"))
        self.expect(0)

    def test_no_hba_is_on_that_fabric(self):
        for hbas in [], [hba(fabric="2001000dec9877c2")], [hba(fabric="0")]:
            self.there(*hbas)
            self.expect(1, f"FAIL (no HBA there is logged in to fabric {FABRIC})")

    def test_none_is_online(self):
        self.there(hba(state="linkdown"), hba("scsi_host1", fabric="2001000dec9877c2"))
        self.expect(1, "FAIL (none of them is; check the link)")

    def test_there_is_no_room(self):
        self.there(hba(room=0), hba("scsi_host1", state="linkdown"), hba("scsi_host2", fabric="2001000dec9877c2"))
        self.expect(1, "FAIL (all of them carry as many vports as they can)")

    def test_there_is_room_for_one(self):
        self.there(hba(room=1))
        self.expect(0, "WARN (there is room for one; the other stays borrowed until there is more, "
                       "after ten minutes until virtqemud is restarted there)")

    def test_two_hbas_have_room_for_one_each(self):
        self.there(hba(room=1), hba("scsi_host1", room=1))
        self.expect(0)


class CannotTell(World):
    def check(self, why, *words):
        self.assertEqual(self.play(*words)[0], 2)
        self.assertIn(why, self.err)

    def test_there_is_no_such_domain(self):
        self.check("there is no 'nobody'", "nobody", DESTINATION)

    def test_a_host_cannot_be_reached(self):
        self.check("unable to connect to c", "guest", "c")
        self.check("unable to connect to c", "-c", "c", "guest", DESTINATION)

    def test_a_host_is_lost_on_the_way(self):
        self.source.have(vhba(S, active=LibvirtError("connection is broken")))
        self.check("connection is broken", "guest", DESTINATION)

    def test_the_options_are_wrong(self):
        self.check("desturi", "guest")


if __name__ == "__main__":
    unittest.main()
