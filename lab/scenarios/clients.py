# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an administrator can do with the unpatched clients of Debian 12: virsh, Python, virt-xml and virt-install.

They run where the lab runs, and reach a and b by ssh. The tables are those of docs/project/clients.md.
"""

import contextlib
import re
import shlex
import time
from dataclasses import dataclass, field
from typing import Callable

from lib import debian, fabric, faults, follow, guest, handover, listener, nodes, stop, target, vhba
from lib.handover import NAME
from lib.journey import Journey
from lib.matrix import WORKS, Matrix
from lib.paths import LIVE, TOP
from lib.say import LabError

BY_NAME = "it fetches Debian's own clients; they do not change with what is tested"

PAIR = vhba.number(0)
P, S = PAIR
PROBE = vhba.number(1).primary
NAMES_P, NAMES_S = ((port.wwnn, port.wwpn) for port in PAIR)
DOC = TOP / "docs" / "project" / "clients.md"
VERSION = "9.0.0"
VIRSH, PYTHON = f"virsh {VERSION}", f"python3-libvirt {VERSION}"
NODEDEV = f"{VIRSH}, nodedev+ssh"
VIRT_XML, VIRT_INSTALL = "virt-xml 4.1.0", "virt-install 4.1.0"


@dataclass(frozen=True)
class Step:
    """One action. virsh: words; python: statements; a client for which there is neither does not do it.

    says: what is in the words that are printed. is_so: whether it has come true, asked of the Scenario.
    fails: client -> what its error says. but: what is to be said although it works. {HBA} is the HBA's node device.
    """
    what: str
    virsh: str = ""
    python: str = ""
    stdin: str = ""
    says: tuple = ()
    is_so: Callable = lambda t: True
    fails: dict = field(default_factory=dict)
    but: str = ""
    editor: str = ""


def run(t):
    clients = debian.Clients()
    are_debians(t, clients)
    target.add("disk", guest.DISK_SIZE, guest.image())
    for port in PAIR:
        target.show("disk", port.wwpn)
    for part in (node_devices, domains, tools, moves):
        matrix = part(t, clients)
        t.say(matrix)
        t.contains(DOC.read_text(), str(matrix), f"docs/project/clients.md has this table: {matrix.what}")


def are_debians(t, clients):
    """Nothing of them is from the libvirt under test."""
    uri = debian.uri(t.a)
    t.contains(clients.run(clients.virsh(uri, "version")).stdout, f"Using library: libvirt {VERSION}",
               f"virsh is {VERSION}, with its own library")
    loaded = clients.run(clients.python(uri, "print(libvirt.getVersion(), open('/proc/self/maps').read())")).stdout
    paths = set(re.findall(r"\S+/libvirt\S*\.so\S*", loaded))
    t.ok(loaded.startswith("9000000 ") and paths and all(path.startswith(f"{clients.root}/") for path in paths),
         f"Python's libvirt is {VERSION}, and loads its own library", loaded)
    for name, version in (("virt-xml", VIRT_XML), ("virt-install", VIRT_INSTALL)):
        t.equal(f"{name} {clients.run(clients.tool(name, '--version')).stdout.strip()}", version, f"{name} is Debian's")


# Playing a step

class Player:
    """One client, and the table that tells what it can do."""

    def __init__(self, t, clients, matrix, name, driver="qemu"):
        self.t, self.clients, self.matrix, self.name = t, clients, matrix, name
        self.kind = PYTHON if name == PYTHON else VIRSH
        self.uri = debian.uri(t.a, driver)
        self.names = {"HBA": "scsi_" + t.a.hba()}

    def command(self, step, **names):
        """The command line of a step, or None."""
        if self.kind == PYTHON:
            return step.python and self.clients.python(self.uri, step.python.format(**self.names, **names))
        return step.virsh and self.clients.virsh(self.uri, *shlex.split(step.virsh.format(**self.names, **names)))

    def play(self, steps):
        for step in steps:
            self.matrix.put(step.what, self.name, "")
            argv = self.command(step)
            if argv:
                environment = {"EDITOR": step.editor} if step.editor else {}
                judge(self.t, self.matrix, self.name, step, self.clients.run(argv, step.stdin, **environment),
                      [word.format(**self.names) for word in step.says], step.fails.get(self.kind))


def judge(t, matrix, client, step, done, says=(), fails=None):
    """Puts what has come of a step into the table; it must be what was expected of it."""
    printed, error = " ".join(done.stdout.split()), done.stderr.strip()
    if fails:
        good = done.returncode != 0 and fails in error
    else:
        good = done.returncode == 0 and all(word in printed for word in says) and step.is_so(t)
    outcome = f"`{fails}`" if fails else f"{WORKS}, {step.but}" if step.but else WORKS
    t.ok(good, f"{client}: {step.what}: {outcome}", f"status {done.returncode}: {printed}\n{error}")
    matrix.put(step.what, client, outcome if good else f"NOT {outcome}")


# Node devices

DEVICE = f"device = conn.nodeDeviceLookupByName('{P.name}'); "
LIST = "print(*(device.name() for device in conn.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST{})))"
INACTIVE = "libvirt.VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE"
INFO = "; ".join(f"print('{what}:', 'yes' if device.{call}() else 'no')" for what, call in (
    ("Active", "isActive"), ("Persistent", "isPersistent"), ("Autostart", "autostart")))

VHBA = (
    Step("define a vHBA of a pair", "nodedev-define /dev/stdin", "conn.nodeDeviceDefineXML(sys.stdin.read())",
         stdin=P.xml(f"<secondary wwpn='{S.wwpn}'/>"), is_so=lambda t: state(t).role == "primary"),
    Step("change it by defining it again", "nodedev-define /dev/stdin", "conn.nodeDeviceDefineXML(sys.stdin.read())",
         stdin=P.xml(), is_so=lambda t: state(t).role == "single"),
    Step("change it by an update", f"nodedev-update {P.name} /dev/stdin", DEVICE + "device.update(sys.stdin.read())",
         stdin=P.xml(), fails={VIRSH: "unknown command: 'nodedev-update'", PYTHON: "has no attribute 'update'"}),
    Step("list it while it is inactive", "nodedev-list --cap fc_host --inactive", LIST.format(f" | {INACTIVE}"),
         says=(P.name,)),
    Step("let it start with the host", f"nodedev-autostart {P.name}", DEVICE + "device.setAutostart(True)",
         is_so=lambda t: state(t).autostart),
    Step("start it", f"nodedev-start {P.name}", DEVICE + "device.create()", is_so=lambda t: t.a.logged_in(P.wwpn)),
    Step("list HBAs and vHBAs", "nodedev-list --cap fc_host", LIST.format(""), says=(P.name, "{HBA}")),
    Step("XML of the vHBA", f"nodedev-dumpxml {P.name}", DEVICE + "print(device.XMLDesc())",
         says=(f"<wwpn>{P.wwpn}</wwpn>", "<state>online</state>")),
    Step("XML of its HBA", "nodedev-dumpxml {HBA}", "print(conn.nodeDeviceLookupByName('{HBA}').XMLDesc())",
         says=("<vports num='1'", f"wwpn='{P.wwpn}'", "<state>online</state>")),
    Step("XML of its definition while it is active", f"nodedev-dumpxml --inactive {P.name}",
         DEVICE + "print(device.XMLDesc(libvirt.VIR_NODE_DEVICE_XML_INACTIVE))",
         fails={VIRSH: "doesn't support option --inactive",
                PYTHON: "has no attribute 'VIR_NODE_DEVICE_XML_INACTIVE'"}),
    Step("the same, with the flag's number, 1", "", DEVICE + "print('<state>' in device.XMLDesc(1))", says=("False",)),
    Step("active, persistent, autostarted?", f"nodedev-info {P.name}", DEVICE + INFO,
         says=("Active: yes", "Persistent: yes", "Autostart: yes")),
    Step("stop it", f"nodedev-destroy {P.name}", DEVICE + "device.destroy()",
         is_so=lambda t: not t.a.logged_in(P.wwpn)),
    Step("undefine it", f"nodedev-undefine {P.name}", DEVICE + "device.undefine()", is_so=lambda t: t.a.vhbas() == []),
)


def state(t):
    """What a's libvirt says of P."""
    return vhba.states(t.a, P)[0]


def node_devices(t, clients):
    matrix = Matrix("node devices", (VIRSH, NODEDEV, PYTHON))
    with listening(t, clients) as heard:
        for name, driver in ((VIRSH, "qemu"), (NODEDEV, "nodedev"), (PYTHON, "qemu")):
            Player(t, clients, matrix, name, driver).play(VHBA)
        settle(t, heard)
    hba = "scsi_" + t.a.hba()
    for name, files in heard.items():
        text = "".join(path.read_text() for path in files)
        told(t, matrix, name, "hear of its life, in order",
             re.findall(rf"'lifecycle' for node device {P.name}: (\w+)$", text, re.M)
             == ["Defined", "Created", "Deleted", "Undefined"] * 3, text)
        for what, device in (("hear when it changes", P.name), ("hear when its HBA changes", hba)):
            told(t, matrix, name, what, text.count(f"'update' for node device {device}\n") >= 3, text)
    return matrix


def told(t, matrix, client, what, good, why):
    matrix.put(what, client, WORKS if good else f"NOT {WORKS}")
    t.ok(good, f"{client}: {what}", why)


@contextlib.contextmanager
def listening(t, clients):
    """While it lasts, each client writes what it hears to files: {client: [path, …]}."""
    commands = {}
    for name, driver in ((VIRSH, "qemu"), (NODEDEV, "nodedev")):
        uri = debian.uri(t.a, driver)
        commands[name] = [clients.virsh(uri, "nodedev-event", "--loop", "--event", event)
                          for event in ("lifecycle", "update")]
    commands[PYTHON] = [clients.python(debian.uri(t.a), listener.SCRIPT)]
    heard, running = {}, []
    try:
        for client, lines in commands.items():
            heard[client] = []
            for argv in lines:
                heard[client].append(LIVE / f"clients-{len(running)}.events")
                running.append(clients.follow(argv, heard[client][-1]))
        settle(t, heard)
        yield heard
    finally:
        for process in running:
            process.terminate()
            process.wait()


def settle(t, heard):
    """Until all have heard of something that begins now: by then they have heard of all that was before."""
    files = {path: follow.size(path) for paths in heard.values() for path in paths}
    for _ in range(20):
        t.a.virsh("nodedev-define", "/dev/stdin", stdin=PROBE.xml())
        t.a.virsh("nodedev-define", "/dev/stdin", stdin=PROBE.xml())  # once more is an update
        t.a.virsh("nodedev-undefine", PROBE.name)
        if all(PROBE.name in path.read_bytes()[size:].decode() for path, size in files.items()):
            return
    raise LabError(f"a client hears nothing of {PROBE.name}; see {', '.join(map(str, files))}")


# Domains

DOMAIN = f"domain = conn.lookupByName('{NAME}'); "
MORE_MEMORY = 20480  # KiB

GUEST = (
    Step("define a guest whose disk names its LUN by WWNs", "define /dev/stdin", "conn.defineXML(sys.stdin.read())",
         stdin=guest.domain(NAME, PAIR.source()), is_so=lambda t: source_of(t) == NAMES_P),
    Step("edit it", f"edit {NAME}", editor=f"sed -i s/16384/{MORE_MEMORY}/",
         is_so=lambda t: str(MORE_MEMORY) in definition(t) and source_of(t) == NAMES_P),
    Step("list its disks while it does not run", f"domblklist {NAME}", says=("vda -",),
         but="but prints `-` for the LUN"),
    Step("start it", f"start {NAME}", DOMAIN + "domain.create()", is_so=lambda t: writes()),
    Step("its XML while it runs", f"dumpxml {NAME}", DOMAIN + "print(domain.XMLDesc())", says=(f"wwpn='{P.wwpn}'",)),
    Step("list its disks while it runs", f"domblklist {NAME}", says=("vda /dev/",)),
    Step("stop the vHBA under it", f"nodedev-destroy {P.name}", DEVICE + "device.destroy()",
         fails=dict.fromkeys((VIRSH, PYTHON), f"is in use by domain '{NAME}'")),
    Step("stop it", f"destroy {NAME}", DOMAIN + "domain.destroy()", is_so=lambda t: t.a.names("list", "--name") == []),
    Step("undefine it", f"undefine {NAME}", DOMAIN + "domain.undefine()",
         is_so=lambda t: t.a.names("list", "--all", "--name") == []),
)


def domains(t, clients):
    PAIR.define(t.a)
    fabric.control("zone", "add", NAME, P.wwpn, S.wwpn, nodes.TARGET.hba_wwpn)
    matrix = Matrix("a guest", (VIRSH, PYTHON))
    for name in matrix.columns:
        Player(t, clients, matrix, name).play(GUEST)
    return matrix


def definition(t, name=NAME):
    return t.a.virsh("dumpxml", "--inactive", name)


def source_of(t, name=NAME):
    """The WWNs that the disk of a guest names, or None."""
    found = re.search(r"<source wwnn='(\w+)' wwpn='(\w+)'", definition(t, name))
    return found and found.groups()


def writes():
    """Whether the guest writes to its LUN."""
    with guest.Watch(target.backing("disk")) as watch:
        watch.wait()
    return True


# virt-xml and virt-install

SET_S = f"xpath1.set=./source/@wwnn,xpath1.value={S.wwnn},xpath2.set=./source/@wwpn,xpath2.value={S.wwpn}"
ADD = [f"type=block,target.bus=virtio,{SET_S}"]
DISK = [word for path, value in (
    ("@type", "block"), ("@device", "disk"), ("driver/@name", "qemu"), ("driver/@type", "raw"),
    ("source/@wwnn", P.wwnn), ("source/@wwpn", P.wwpn), ("target/@dev", "vda"), ("target/@bus", "virtio"))
    for word in ("--xml", f"./devices/disk/{path}={value}")]
NEW = ["--import", "--name", NAME, "--memory", "16", "--osinfo", "generic", "--virt-type", "qemu", "--machine", "pc",
       "--graphics", "none", "--network", "none", "--controller", "usb,model=none", "--memballoon", "none",
       "--noautoconsole"]
UNKNOWN = "Unknown --disk options"

# client, words, step
TOOLS = (
    (VIRT_XML, [NAME, "--edit", "--memory", "20"],
     Step("edit something else of the guest",
          is_so=lambda t: str(MORE_MEMORY) in definition(t) and source_of(t) == NAMES_P)),
    (VIRT_XML, [NAME, "--edit", "target=vda", "--disk", "cache=writethrough"],
     Step("edit something else of the disk",
          is_so=lambda t: "cache='writethrough'" in definition(t) and source_of(t) == NAMES_P)),
    (VIRT_XML, [NAME, "--edit", "target=vda", "--disk", f"source.wwpn={S.wwpn}"],
     Step("`--disk source.wwnn=…,source.wwpn=…`", fails={VIRT_XML: UNKNOWN})),
    (VIRT_XML, [NAME, "--edit", "target=vda", "--disk", SET_S],
     Step("`--edit --disk xpath1.set=./source/@wwnn,xpath1.value=…`",
          is_so=lambda t: source_of(t) == NAMES_S)),
    (VIRT_XML, [NAME, "--remove-device", "--disk", "target=vda"],
     Step("`--remove-device`", is_so=lambda t: "<disk" not in definition(t))),
    (VIRT_XML, [NAME, "--add-device", "--disk", *ADD],
     Step("a new disk with `--disk xpath1.set=./source/@wwnn,xpath1.value=…`", fails={VIRT_XML: "requires a path"})),
    (VIRT_XML, [NAME, "--edit", *DISK],
     Step("a new disk with `--xml ./devices/disk/source/@wwnn=…`", is_so=lambda t: source_of(t) == NAMES_P)),
    (VIRT_INSTALL, [*NEW, "--disk", f"source.wwnn={P.wwnn},source.wwpn={P.wwpn}"],
     Step("`--disk source.wwnn=…,source.wwpn=…`", fails={VIRT_INSTALL: UNKNOWN})),
    (VIRT_INSTALL, [*NEW, "--disk", *ADD],
     Step("a new disk with `--disk xpath1.set=./source/@wwnn,xpath1.value=…`",
          fails={VIRT_INSTALL: "requires a path"})),
    (VIRT_INSTALL, [*NEW, "--disk", "none", *DISK],
     Step("a new disk with `--xml ./devices/disk/source/@wwnn=…`",
          is_so=lambda t: writes() and source_of(t) == NAMES_P)),
)


def tools(t, clients):
    matrix = Matrix("the disk of a guest", (VIRT_XML, VIRT_INSTALL))
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, PAIR.source()))
    for client, words, step in TOOLS:
        if client == VIRT_INSTALL:
            t.a.attempt("virsh", "-q", "undefine", NAME)
        argv = clients.tool(client.split()[0], "--connect", debian.uri(t.a), *words)
        judge(t, matrix, client, step, clients.run(argv), fails=step.fails.get(client))
    t.a.virsh("destroy", NAME)
    t.a.virsh("undefine", NAME)
    return matrix


# Migration

FLAGS = " | ".join(f"libvirt.VIR_MIGRATE_{flag}" for flag in ("LIVE", "PERSIST_DEST", "UNDEFINE_SOURCE"))
DIRECT = Step("migrate it live, direct", f"migrate --live --persistent --undefinesource {NAME} {{there}}",
              DOMAIN + f"domain.migrate3(libvirt.open('{{there}}'), {{{{}}}}, {FLAGS})")
PEER_TO_PEER = Step("migrate it live, peer-to-peer",
                    f"migrate --live --p2p --persistent --undefinesource {NAME} {{peer}}",
                    DOMAIN + f"domain.migrateToURI3('{{peer}}', {{{{}}}}, {FLAGS} | libvirt.VIR_MIGRATE_PEER2PEER)")
LATE_REFUSAL = Step("migrate it, direct, and the destination refuses in its last step",
                    DIRECT.virsh)


def moves(t, clients):
    matrix = Matrix("migration", (VIRSH, PYTHON))
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, PAIR.source()))
    with Journey(t, PAIR) as journey:
        handover.take_console(t.a)  # what it has said in earlier lives
        journey.start()
        for client in matrix.columns:
            for step in (DIRECT, PEER_TO_PEER):
                move(journey, Player(t, clients, matrix, client), step)
        refused_late(journey, Player(t, clients, matrix, VIRSH))
        journey.end()
    return matrix


def command(journey, player, step):
    player.uri = debian.uri(journey.here)
    return player.command(step, there=debian.uri(journey.there), peer=journey.uri)


def move(journey, player, step):
    t, before = journey.t, journey.t.tap.failed
    journey.departs()
    done = player.clients.run(command(journey, player, step))
    judge(t, player.matrix, player.name, step, done)
    if done.returncode != 0:
        raise LabError(f"the guest has not moved: {done.stderr.strip()}")
    journey.has_moved(f"{player.name}: {step.what}")
    if t.tap.failed > before:
        player.matrix.put(step.what, player.name, f"NOT {WORKS}")


def refused_late(journey, player):
    """The guest's QEMU dies on the destination before it runs there; such a client cannot tell the source so."""
    t, here, there = journey.t, journey.here, journey.there
    outcome = "the guest stays paused; `virsh resume` goes on with it"
    stop.prepare(there)
    held = stop.Stop(there, "virtqemud", f"'{journey.secondary.wwpn}': mark none: begins")
    migration = player.clients.start(command(journey, player, LATE_REFUSAL))
    t.ok(held.wait(migration, timeout=180), "the destination is about to decide")
    faults.strike(faults.Victim("QEMU", faults.DESTINATION), {faults.DESTINATION: there})
    held.go()
    _, error = migration.communicate(timeout=300)
    paused = [t.ok(migration.returncode != 0, f"{player.name}: the migration fails", error),
              t.equal(here.virsh("domstate", "--reason", NAME), "paused (migrating)", "the guest is paused"),
              t.equal([port.mark for port in vhba.states(here, *journey.pairs[0])], ["lent", "lent"],
                      "both vHBAs are lent")]
    begin = time.time()
    done = player.clients.run(player.clients.virsh(player.uri, "resume", NAME))
    paused.append(t.equal(done.returncode, 0, f"{player.name}: resume goes on with it"))
    handover.check_has_all(t, here, *journey.pairs[0], "resumed")
    handover.check_writes(t, journey.life, begin, "resumed")
    stop.withdraw(there)
    player.matrix.put(LATE_REFUSAL.what, player.name, outcome if all(paused) else f"NOT: {outcome}")
