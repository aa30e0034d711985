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
            steps = ["nodedev-define /dev/stdin", f"nodedev-autostart {port.name}", f"nodedev-start {port.name}"]
            host.virsh("; ".join(steps if autostart else steps[::2]), stdin=xml)

    def source(self, lun=""):
        """The <source> of a disk on the pair's LUN. lun: as in Port.source."""
        return self.primary.source(lun)


def number(n):
    """The n-th pair of WWPNs that the lab uses, n from 0 to 127."""
    first, second = 0x100 + 2 * n, 0x101 + 2 * n
    return Pair(*(Port(f"2001001b32a9{k:04x}", f"2101001b32a9{k:04x}") for k in (first, second)))


@dataclass(frozen=True)
class State:
    """What a host's libvirt says of a vHBA."""
    active: bool
    persistent: bool
    autostart: bool
    role: str  # 'primary', 'secondary' or 'single'
    mark: str | None  # 'lent' or 'borrowed' while a hand-over has marked it

    @property
    def survives(self):
        """It is there, and will be after a boot."""
        return self.active and self.persistent and self.autostart


def states(host, *ports):
    """What a host's libvirt says of several vHBAs: a State for each, None for one that it does not know."""
    questions = [(word, port.name) for port in ports for word in ("nodedev-info", "nodedev-dumpxml")]
    answers = iter(host.ask(*questions, ("uri",)))
    return [_state(info, xml) if info and xml else None for _, info, xml in zip(ports, answers, answers)]


def parse_info(text):
    """What `virsh nodedev-info` has printed, such as {"Active": "yes", "Autostart": "no", …}."""
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def in_listing(text):
    """The names of the vHBAs in what a virsh listing of node devices has printed, sorted."""
    return sorted(name for name in text.split() if name.startswith("vhba_"))


def _state(info, xml):
    hba = ElementTree.fromstring(xml).find(".//capability[@type='fc_host']")
    yes = {key for key, value in parse_info(info).items() if value == "yes"}
    handover = hba.find("handover")
    return State(
        active="Active" in yes,
        persistent="Persistent" in yes,
        autostart="Autostart" in yes,
        role=next((role for role, partner in (("primary", "secondary"), ("secondary", "primary"))
                   if hba.find(partner) is not None), "single"),
        mark=None if handover is None else handover.get("state"))


def wait_settled(host, *ports, timeout=60):
    """Waits until vHBAs are active and no hand-over marks them any more: their States. timeout in seconds."""
    def settled():
        now = states(host, *ports)
        return now if all(state and state.active and not state.mark for state in now) else None

    return host.wait_until(settled, "update", timeout, lambda: (
        f"{', '.join(port.name for port in ports)} to be settled on {host.name}: {states(host, *ports)}"))


LEFT = r"""
virsh -q nodedev-list --cap fc_host --all | sed 's/^ *\(vhba_[^ ]*\).*/node device \1/;t;d'
cat /sys/class/fc_host/*/port_name | sed 's/^0x/fc_host with /'
find /etc/libvirt/nodedev /run/libvirt \( -name '*.xml' -o -path '*/vhba/*' \) -printf 'file %p\n' 2> /dev/null || true
"""


def left_on(host, ports):
    """What a host still has of vHBAs: node devices, SCSI hosts, definition and other files; as sentences."""
    return [line for line in host.shell(LEFT).splitlines() if any(port.wwpn in line for port in ports)]
