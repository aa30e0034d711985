# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machines of the lab."""

import os
from dataclasses import dataclass

HOST_MEMORY = int(os.environ.get("LAB_MEMORY", "768"))  # MiB


@dataclass(frozen=True)
class Node:
    name: str
    role: str  # "host" runs libvirt, "target" exports LUNs
    number: int  # last byte of its MAC addresses
    processors: int
    memory: int  # MiB
    peer_address: str = ""  # on the wire between a and b

    @property
    def fc_mac(self):
        return f"52:54:00:fc:00:{self.number:02x}"

    @property
    def fc_ports(self):
        """Its Ethernet ports for FCoE: (interface, MAC address, port of the fabric at its other end)."""
        ports = [("fc0", self.fc_mac, self.name)]
        if self.role == "target":
            # Nothing logs in there until somebody asks for a second target port.
            ports.append(("fc1", f"52:54:00:fc:01:{self.number:02x}", self.name + "2"))
        return ports

    @property
    def second_mac(self):
        """Of the interface fc2, which leads to the second fabric."""
        return f"52:54:00:fc:02:{self.number:02x}"

    @property
    def second_wwpn(self):
        """The port name of its HBA on the second fabric."""
        return "2000" + self.second_mac.replace(":", "")

    @property
    def peer_mac(self):
        return f"52:54:00:aa:00:{self.number:02x}"

    @property
    def out_mac(self):
        return f"52:54:00:bb:00:{self.number:02x}"

    @property
    def hba_wwpn(self):
        """fcoe makes the port name of the FCoE interface's MAC address: NAA 2, 000, MAC."""
        return "2000" + self.fc_mac.replace(":", "")

    @property
    def hba_wwnn(self):
        return "1000" + self.fc_mac.replace(":", "")


NODES = {
    node.name: node
    for node in (
        Node("a", "host", 0x0A, 2, HOST_MEMORY, "10.77.0.1"),
        Node("b", "host", 0x0B, 2, HOST_MEMORY, "10.77.0.2"),
        Node("target", "target", 0x10, 1, 320),
    )
}
HOSTS = [node for node in NODES.values() if node.role == "host"]
TARGET = NODES["target"]
FABRIC_PORTS = [port for node in NODES.values() for _, _, port in node.fc_ports]
