# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a hand-over has left on the two hosts: who holds the pair, and where the guest is."""

from dataclasses import dataclass

from .handover import NAME

LOOK = r"""
cd /etc/libvirt/nodedev/vhba 2> /dev/null && for file in *.xml; do
    text=$(cat "$file" 2> /dev/null) || continue
    role=single mark=none
    case $text in *"<secondary "*) role=primary;; *"<primary "*) role=secondary;; esac
    case $text in *"state='lent'"*) mark=lent;; *"state='borrowed'"*) mark=borrowed;; esac
    echo "definition ${file%.xml} $role $mark"
done
for vport in /sys/class/fc_vports/*; do
    test ! -e "$vport" || echo "vport $(sed s/0x// "$vport/port_name") $(cat "$vport/vport_state")"
done
virsh -q list --all | sed -n 's/^ *[-0-9]* *\([^ ]*\) *\(.*[^ ]\) *$/domain \1 \2/p'
pgrep -f '^/usr/bin/qemu-system.*guest=' | sed 's/^/qemu /'
"""


@dataclass(frozen=True)
class Look:
    """What is on one host."""
    definitions: dict  # WWPN -> (role, mark)
    vports: dict  # WWPN -> state
    domains: dict  # name -> state
    qemus: int

    @property
    def guest(self):
        """'running', 'paused', 'shut off', or '' if the host does not know it."""
        return self.domains.get(NAME, "")

    @property
    def active(self):
        return self.guest not in ("", "shut off")

    def marks(self, pair):
        return tuple(self.definitions.get(port.wwpn, ("", "undefined"))[1] for port in pair)

    def holds(self, pair):
        """Both vHBAs are defined and logged in, and nothing is marked."""
        return (self.marks(pair) == ("none", "none") and
                all(self.vports.get(port.wwpn) == "Active" for port in pair))

    def is_clean(self):
        """Nothing is left of any vHBA, nor a domain that is active. A definition of the domain is no harm."""
        return not (self.definitions or self.vports or self.active or self.qemus)

    def __str__(self):
        vhbas = [f"{wwpn} {role} {mark} {'up' if wwpn in self.vports else 'down'}"
                 for wwpn, (role, mark) in self.definitions.items()]
        orphans = [f"{wwpn} undefined up" for wwpn in self.vports if wwpn not in self.definitions]
        return "; ".join([f"guest {self.domains.get(NAME, 'unknown')}", *vhbas, *orphans])


def look(host):
    definitions, vports, domains, qemus = {}, {}, {}, 0
    for line in host.shell(LOOK + "true\n").splitlines():
        kind, name, *rest = line.split(" ", 2) if line.startswith(("domain", "vport")) else line.split()
        if kind == "definition":
            definitions[name] = tuple(rest)
        elif kind == "vport":
            vports[name] = rest[0]
        elif kind == "domain":
            domains[name] = rest[0] if rest else ""
        else:
            qemus += 1
    return Look(definitions, vports, domains, qemus)


def judge(source, destination, pair):
    """In one word where the guest and the pair are: 'before', 'after', 'undecided', or '' while it is none of these."""
    if source.holds(pair) and destination.is_clean() and source.guest != "paused":
        return "before"
    if destination.holds(pair) and source.is_clean() and destination.guest != "paused":
        return "after"
    if (source.marks(pair) == ("lent", "lent") and source.guest in ("paused", "shut off", "") and
            (destination.is_clean() or destination.marks(pair)[1] == "none")):
        return "undecided"
    return ""
