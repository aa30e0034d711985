# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients do with transient vHBAs and with fc_host storage pools gives what it gives without the patches.

The same is done on one host with the daemons and the virsh of the bare release, and with those under test.
"""

import base64
import io
import re
import tarfile
from xml.etree import ElementTree

from lib import target, vhba
from lib.paths import TOP
from lib.say import LabError

BARE = TOP / "build" / "pristine" / "root"
THERE = "/opt/pristine"
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

# The environment of the bare release: none of its parts is to be mixed with the other's.
ENVIRONMENT = (f"LD_LIBRARY_PATH={THERE}/lib", f"LIBVIRT_DRIVER_DIR={THERE}/drivers",
               f"LIBVIRT_STORAGE_BACKEND_DIR={THERE}/backends", f"LIBVIRT_STORAGE_FILE_DIR={THERE}/none")

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
    if not BARE.exists():
        raise LabError(f"{BARE} is missing; `make pristine` makes it")
    target.add("disk", 4 << 20)
    target.show("disk", PORT.wwpn)
    bring(t.a)
    try:
        use_bare_release(t.a)
        bare = Client(t, ["env", *ENVIRONMENT, f"{THERE}/bin/virsh"]).live()
        t.equal(programs(t.a), [f"{THERE}/bin/{daemon}" for daemon in DAEMONS], "these were the bare release's daemons")
    finally:
        use_installed(t.a)
    ours = Client(t, ["virsh"]).live()
    t.equal(programs(t.a), [f"/usr/sbin/{daemon}" for daemon in DAEMONS], "these were the daemons under test")
    for (what, is_now), (_, was) in zip(ours, bare):
        t.equal(is_now, was, what)
    t.equal(len(ours), len(bare), "as many steps as without the patches")
    t.equal(t.a.definitions(), [], "nothing of it is kept as a definition")


def bring(host):
    """The bare release's programs and libraries, to a place of their own."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
        tar.add(BARE, arcname=".")
    host.run("sh", "-ec", f"mkdir -p {THERE}; base64 -d | tar -C {THERE} -xz",
             stdin=base64.b64encode(archive.getvalue()).decode())


def use_bare_release(host):
    for daemon in DAEMONS:
        directory = f"/run/systemd/system/{daemon}.service.d"
        host.run("mkdir", "-p", directory)
        host.run("tee", f"{directory}/pristine.conf", stdin="\n".join((
            "[Service]", "Type=notify", *(f"Environment={word}" for word in ENVIRONMENT),
            "ExecStart=", f"ExecStart={THERE}/bin/{daemon}", "")))
    restart(host)


def use_installed(host):
    host.shell(f"for daemon in {' '.join(DAEMONS)}; do rm -rf /run/systemd/system/$daemon.service.d; done")
    restart(host)


def restart(host):
    host.shell(f"systemctl daemon-reload; systemctl restart {' '.join(f'{daemon}.service' for daemon in DAEMONS)}")


def programs(host):
    script = 'for daemon; do readlink /proc/$(systemctl show --property=MainPID --value $daemon.service)/exe; done'
    return host.run("sh", "-ec", script, "sh", *DAEMONS).split()


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
        restart(self.host)
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
