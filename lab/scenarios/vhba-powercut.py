# SPDX-License-Identifier: LGPL-2.1-or-later
"""A definition survives a power cut at any moment: the old or the new one is there, whole.

LAB_POWERCUTS=N in the environment sets how often the power is cut.
"""

import os
from xml.etree import ElementTree

from lib import vhba

PORTS = [vhba.number(n).primary for n in range(3)]
OTHER = vhba.number(3).primary  # of whose first definition only the beginning has been written
ROUNDS = int(os.environ.get("LAB_POWERCUTS", "3"))
STORE = "/etc/libvirt/nodedev/vhba"
FABRICS = ("2001000000000001", "2002000000000002")

# Redefines all, in the one version and then in the other, without a pause until the power is cut; tells each.
LOOP = "while :; do cat /tmp/commands; done | stdbuf -oL virsh"


def run(t):
    files = {f"/tmp/{port.wwpn}.{version}": port.xml(parent=f"<parent fabric_wwn='{wwn}'/>")
             for port in PORTS for version, wwn in enumerate(FABRICS)}
    for number in range(ROUNDS):
        for path, text in files.items():
            t.a.run("sh", "-ec", f"cat > {path}", stdin=text)
        t.a.run("sh", "-ec", "cat > /tmp/commands", stdin="".join(f"nodedev-define {path}\n" for path in order(files)))
        cut(t, number)
        check(t, number)


def order(files):
    """The paths, those of one version after those of the other."""
    return sorted(files, key=lambda path: path.rpartition(".")[2])


def cut(t, number):
    """Lets the loop run, each time for some definitions more, and cuts the power in the middle of one."""
    partial = f"{STORE}/{OTHER.wwpn}.xml.new"
    t.a.shell(f"mkdir -p {STORE}; echo '<device>' > {partial}; sync {partial} {STORE}")
    loop = t.a.start_shell(LOOP)
    for _ in range(20 + 7 * number):
        loop.stdout.readline()
    t.a.kill()
    loop.kill()
    loop.communicate()
    t.a.start()


def check(t, number):
    what = f"power cut {number + 1}"
    texts = {port: t.a.read(f"{STORE}/{port.wwpn}.xml") for port in PORTS}
    t.equal([fabric_of(text) in FABRICS for text in texts.values()], [True] * len(PORTS),
            f"{what}: each file is the old or the new definition, whole")
    t.equal(t.a.vhbas(), sorted(port.name for port in PORTS), f"{what}: all are defined, and nothing else is")
    t.equal([fabric_of(t.a.virsh("nodedev-dumpxml", port.name)) for port in PORTS],
            [fabric_of(text) for text in texts.values()], f"{what}: the daemon says what the files say")
    t.equal(sorted(t.a.shell(f"find {STORE} -type f -printf '%f\\n'").split()), [f"{port.wwpn}.xml" for port in PORTS],
            f"{what}: nothing half written stays")
    t.say(f"{what}: versions {[FABRICS.index(fabric_of(text)) for text in texts.values()]}")


def fabric_of(text):
    """The fabric that a definition names; None if it is not whole."""
    try:
        return ElementTree.fromstring(text).find("parent").get("fabric_wwn")
    except (ElementTree.ParseError, AttributeError):
        return None
