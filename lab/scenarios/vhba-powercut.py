# SPDX-License-Identifier: LGPL-2.1-or-later
"""A definition survives a power cut at any moment: that which virsh has told last is there, or the next one, whole.

LAB_POWERCUTS=N in the environment sets how often the power is cut.
"""

import os
import re
from xml.etree import ElementTree

from lib import vhba

PORTS = [vhba.number(n).primary for n in range(3)]
OTHER = vhba.number(3).primary  # of whose first definition only the beginning has been written
ROUNDS = int(os.environ.get("LAB_POWERCUTS", "4"))
STORE = "/etc/libvirt/nodedev/vhba"
TOLD = re.compile(r"defined from '/tmp/(\w+)\.(\d+)'")
VERSIONS = 100  # of each definition, the number of which is in the fabric that it names: more than virsh gets done

# From /tmp/WWPN, a definition with FABRIC in it, all versions, and what defines them one after the other.
PREPARE = """
for number in $(seq 1 {versions}); do
    for wwpn in {wwpns}; do
        sed s/FABRIC/$(printf 2001%012x $number)/ /tmp/$wwpn > /tmp/$wwpn.$number
        echo nodedev-define /tmp/$wwpn.$number
    done
done > /tmp/commands
"""


def run(t):
    for number in range(1, ROUNDS + 1):
        for port in PORTS:
            t.a.run("sh", "-ec", f"cat > /tmp/{port.wwpn}", stdin=port.xml(parent="<parent fabric_wwn='FABRIC'/>"))
        t.a.shell(PREPARE.format(versions=VERSIONS, wwpns=" ".join(port.wwpn for port in PORTS)))
        enough = 5 + 2 * number
        if number % 2:
            check(t, f"power cut {number}, in the middle of a definition", cut(t, VERSIONS * len(PORTS), enough))
        else:
            check(t, f"power cut {number}, after the last definition", cut(t, enough, enough))


def cut(t, commands, enough):
    """Lets virsh define so many times, and cuts the power when it has told of enough of them.

    Returns what it has told to be defined: WWPN -> version.
    """
    partial = f"{STORE}/{OTHER.wwpn}.xml.new"
    t.a.shell(f"mkdir -p {STORE}; echo '<device>' > {partial}; sync {partial} {STORE}")
    virsh = t.a.start_shell(f"head -n {commands} /tmp/commands | stdbuf -oL virsh")
    told = {}
    while enough:
        if match := TOLD.search(virsh.stdout.readline()):
            told[match[1]] = int(match[2])
            enough -= 1
    t.a.kill()
    virsh.kill()
    told.update((wwpn, int(version)) for wwpn, version in TOLD.findall(virsh.communicate()[0]))
    t.a.start()
    return told


def check(t, what, told):
    texts = {port: t.a.read(f"{STORE}/{port.wwpn}.xml") for port in PORTS}
    versions = {port.wwpn: version_of(text) for port, text in texts.items()}
    t.ok(None not in versions.values(), f"{what}: each file is a definition, whole", str(texts))
    t.ok(all(versions[wwpn] >= version for wwpn, version in told.items()),
         f"{what}: what virsh has told to be defined is there", f"told: {told}, there: {versions}")
    t.equal(t.a.vhbas(), sorted(port.name for port in PORTS), f"{what}: all are defined, and nothing else is")
    t.equal([version_of(t.a.virsh("nodedev-dumpxml", port.name)) for port in PORTS], list(versions.values()),
            f"{what}: the daemon says what the files say")
    t.equal(sorted(t.a.shell(f"find {STORE} -type f -printf '%f\\n'").split()), [f"{port.wwpn}.xml" for port in PORTS],
            f"{what}: nothing half written stays")
    t.say(f"{what}: told {told}, there {versions}")


def version_of(text):
    """The number of a definition; None if it is not whole."""
    try:
        return int(ElementTree.fromstring(text).find("parent").get("fabric_wwn")[4:], 16)
    except (ElementTree.ParseError, AttributeError):
        return None
