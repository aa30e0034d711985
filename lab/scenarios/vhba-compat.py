# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients do with transient vHBAs and with fc_host storage pools gives what it gives without the patches.

The same is done on one host with the daemons and the virsh of the bare release, and with those under test.
"""

import re
from xml.etree import ElementTree

from lib import bare, target, vhba
from lib.say import LabError

PARTS = ("bin/virsh", "bin/virtnodedevd", "bin/virtstoraged", "lib", "backends",
         "drivers/libvirt_driver_nodedev.so", "drivers/libvirt_driver_storage.so")
DAEMONS = ("virtnodedevd", "virtstoraged")
PORT, _ = vhba.number(0)
ABSENT = "the WWPN is not there"
LISTS = "; ".join(" ".join(("nodedev-list", words)) for words in (
    "", "--tree", "--cap fc_host", "--cap vports", "--cap scsi_host", "--inactive", "--persistent"))

# All that the XML of a device has gained: children, by the type of the capability that they are in.
NEW = {
    "scsi_host": {"state", "vendor", "address", "vports"},
    "fc_host": {"speed", "port_type"},
}

POOL = f"""<pool type='scsi'>
  <name>fc</name>
  <uuid>7c3f7d6e-5b0a-4b57-8f0e-3f6f1f6f0c01</uuid>
  <source>
    <adapter type='fc_host' parent='HBA' managed='yes' wwnn='{PORT.wwnn}' wwpn='{PORT.wwpn}'/>
  </source>
  <target>
    <path>/dev/disk/by-path</path>
  </target>
</pool>
"""


def run(t):
    bare.bring(t.a, PARTS)
    target.add("disk", 4 << 20)
    target.show("disk", PORT.wwpn)
    try:
        bare.use(t.a, *DAEMONS)
        before = Client(t, ["env", *bare.ENVIRONMENT, f"{bare.THERE}/bin/virsh"]).live()
        t.equal(bare.programs(t.a, *DAEMONS), [f"{bare.THERE}/bin/{daemon}" for daemon in DAEMONS],
                "these were the bare release's daemons")
    finally:
        bare.use_installed(t.a, *DAEMONS)
    ours = Client(t, ["virsh"]).live()
    t.equal(bare.programs(t.a, *DAEMONS), [f"/usr/sbin/{daemon}" for daemon in DAEMONS],
            "these were the daemons under test")
    for (what, is_now), (_, was) in zip(ours, before):
        t.equal(is_now, was, what)
    t.equal(len(ours), len(before), "as many steps as without the patches")
    t.equal(t.a.definitions(), [], "nothing of it is kept as a definition")


class Client:
    """A client's day, and what it saw: pairs of what was done and what came of it."""

    def __init__(self, t, virsh):
        self.t, self.host, self.virsh = t, t.a, virsh
        self.hba = "scsi_" + self.host.hba()
        self.seen = []

    def see(self, words, stdin="", word=""):
        """Takes down what a virsh command says, whether or not it succeeds. word: something that is in it."""
        uri = "storage:///system" if words.startswith(("pool", "vol")) else "nodedev:///system"
        self.t.say(f"{self.virsh[-1]} {words}")
        done = self.host.attempt(*self.virsh, "-c", uri, *words.split(), stdin=stdin)
        said = plain(done.stdout + done.stderr)
        if word not in said:
            raise LabError(f"`{self.virsh[-1]} {words}` says nothing of {word!r} but: {said}")
        self.seen.append((words, said))

    def device(self):
        """The vHBA as it is called now."""
        found = self.host.fc_host(PORT.wwpn)
        return f"scsi_{found}" if found else ABSENT

    def live(self):
        self.lists("at first")
        self.see(f"nodedev-dumpxml {self.hba}")
        self.transient()
        self.pool()
        self.lists("at last")
        return self.seen

    def lists(self, when):
        self.t.say(f"{self.virsh[-1]} '{LISTS}'")
        self.seen.append((f"nodedev-list {when}", self.host.run(*self.virsh, "-c", "nodedev:///system", LISTS)))

    def transient(self):
        self.see("nodedev-create /dev/stdin", PORT.xml(parent=f"<parent>{self.hba}</parent>"), word="created")
        self.lun()
        device = self.device()
        self.lists("with a transient vHBA")
        for command in ("dumpxml", "info", "start", "undefine", "autostart"):
            self.see(f"nodedev-{command} {device}")
        self.see(f"nodedev-dumpxml --inactive {device}")
        self.see(f"nodedev-info {PORT.wwnn},{PORT.wwpn}")
        self.see(f"nodedev-dumpxml {self.hba}")
        self.restarted(device)
        self.see(f"nodedev-destroy {device}")
        self.gone()

    def restarted(self, device):
        """The daemon is restarted, and tells the same, to the byte."""
        def dump():
            return [self.host.run(*self.virsh, "-c", "nodedev:///system", "nodedev-dumpxml", name)
                    for name in (self.hba, device)]

        before = dump()
        bare.restart(self.host, *DAEMONS)
        self.seen.append(("dumpxml is the same after a restart of the daemon", dump() == before))
        self.t.ok(self.seen[-1][1], f"{self.virsh[-1]}: {self.seen[-1][0]}")

    def pool(self):
        self.see("pool-define /dev/stdin", POOL.replace("HBA", self.hba))
        self.see("pool-start fc", word="started")
        self.lun()
        self.lists("with a pool")
        self.see("pool-refresh fc")
        self.see("vol-list fc", word="unit:0:0:0")
        self.see("vol-info unit:0:0:0 fc")
        self.see("pool-dumpxml --inactive fc")
        self.see("pool-start fc")
        self.see(f"nodedev-dumpxml {self.device()}")
        self.see("pool-destroy fc")
        self.gone()
        self.see("pool-undefine fc")

    def lun(self):
        self.host.wait_lun(target.identity("disk"))
        self.host.run("udevadm", "settle")

    def gone(self):
        self.host.run("udevadm", "settle")
        self.seen.append(("the vHBA is gone", self.device() == ABSENT and self.host.vports() == []))


def plain(text):
    """Text without what is new and what is another each time."""
    if text.startswith("<device>"):
        text = without_new(text)
    return re.sub(r"\b((?:vport|rport)-\d+:0-)\d+", r"\1N", text)


def without_new(xml):
    device = ElementTree.fromstring(xml)
    for capability in device.iter("capability"):
        for child in list(capability):
            if child.tag in NEW.get(capability.get("type"), ()):
                capability.remove(child)
    return ElementTree.canonicalize(ElementTree.tostring(device, encoding="unicode"), strip_text=True)
