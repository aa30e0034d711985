# SPDX-License-Identifier: LGPL-2.1-or-later
"""vHBAs as an administrator defines them: the XML, and the usual steps for a pair."""

from dataclasses import dataclass
from xml.etree import ElementTree


@dataclass(frozen=True)
class Port:
    """The names of a vHBA: 16 hex digits each."""
    wwnn: str
    wwpn: str

    @property
    def name(self):
        """Its node device."""
        return f"vhba_{self.wwpn}"

    def xml(self, partner="", parent=""):
        """The definition. partner and parent: elements, such as <secondary wwpn='…'/> and <parent fabric_wwn='…'/>."""
        device = ElementTree.fromstring(
            f"<device>{parent}<capability type='scsi_host'><capability type='fc_host'><wwnn>{self.wwnn}</wwnn>"
            f"<wwpn>{self.wwpn}</wwpn>{partner}</capability></capability></device>")
        ElementTree.indent(device)
        return ElementTree.tostring(device, encoding="unicode") + "\n"

    def source(self, lun=""):
        """The <source> of a disk on its LUN. lun: an element, such as <lun unit='4'/>."""
        return f"<source wwnn='{self.wwnn}' wwpn='{self.wwpn}'>{lun}</source>"


@dataclass(frozen=True)
class Pair:
    """The two vHBAs of a guest: what each was when the story began."""
    primary: Port
    secondary: Port

    def __iter__(self):
        return iter((self.primary, self.secondary))

    def definitions(self, parent=""):
        """Pairs of port and XML. parent: as in Port.xml."""
        return [(self.primary, self.primary.xml(f"<secondary wwpn='{self.secondary.wwpn}'/>", parent)),
                (self.secondary, self.secondary.xml(f"<primary wwpn='{self.primary.wwpn}'/>", parent))]

    def define(self, host, autostart=True, parent=""):
        """Defines and starts both on a host. parent: as in Port.xml."""
        for port, xml in self.definitions(parent):
            host.virsh("nodedev-define", "/dev/stdin", stdin=xml)
            if autostart:
                host.virsh("nodedev-autostart", port.name)
            host.virsh("nodedev-start", port.name)

    def source(self, lun=""):
        """The <source> of a disk on the pair's LUN. lun: as in Port.source."""
        return self.primary.source(lun)


def number(n):
    """The n-th pair of WWPNs that the lab uses, n from 0 to 127."""
    first, second = 0x100 + 2 * n, 0x101 + 2 * n
    return Pair(*(Port(f"2001001b32a9{k:04x}", f"2101001b32a9{k:04x}") for k in (first, second)))


def role(host, port):
    """'primary', 'secondary' or 'single': what a host's definition says a vHBA is."""
    hba = ElementTree.fromstring(host.virsh("nodedev-dumpxml", port.name)).find(".//capability[@type='fc_host']")
    if hba.find("secondary") is not None:
        return "primary"
    return "single" if hba.find("primary") is None else "secondary"


def mark(host, port):
    """'lent' or 'borrowed' while a hand-over has marked a host's definition, else None."""
    found = ElementTree.fromstring(host.virsh("nodedev-dumpxml", port.name)).find(".//handover")
    return None if found is None else found.get("state")


def left_on(host, pair):
    """What a host still has of a pair: node devices, definition files, SCSI hosts; as sentences."""
    found = [f"node device {name}" for name in host.names("nodedev-list", "--cap", "fc_host", "--all")
             if name in {port.name for port in pair}]
    found += [f"fc_host {host.fc_host(port.wwpn)} of {port.wwpn}" for port in pair if host.fc_host(port.wwpn)]
    files = host.shell("find /etc/libvirt/nodedev /run/libvirt -name '*.xml' -o -path '*/vhba/*' 2>/dev/null || true")
    return found + [f"file {path}" for path in files.split() if any(port.wwpn in path for port in pair)]
