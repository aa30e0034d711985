# SPDX-License-Identifier: LGPL-2.1-or-later
"""A vHBA's life, promise by promise: lists, lookups, what may change and when, and who inherits what."""

import re
from xml.etree import ElementTree

from lib import fabric, vhba

ACTIVE, INACTIVE = vhba.number(0)
TRANSIENT, OTHER = vhba.number(1)

# What `nodedev-list` shows of: an active and an inactive persistent vHBA, a transient one, the HBA.
LISTS = (
    ("", "active transient hba"),
    ("--inactive", "inactive"),
    ("--all", "active inactive transient hba"),
    ("--persistent", "active"),
    ("--transient", "transient hba"),
    ("--all --persistent", "active inactive"),
    ("--cap fc_host", "active transient hba"),
    ("--cap fc_host --inactive", "inactive"),
    ("--cap fc_host --all", "active inactive transient hba"),
    ("--cap fc_host --all --persistent", "active inactive"),
    ("--cap scsi_host --all", "active inactive transient hba"),
    ("--cap vports --all", "hba"),
)

# nodedev-info: Active, Persistent, Autostart
STATES = (
    ("active", ("yes", "yes", "no")),
    ("inactive", ("no", "yes", "yes")),
    ("transient", ("yes", "no", "no")),
    ("hba", ("yes", "no", "no")),
)


def run(t):
    names = prepare(t)
    listings(t, names)
    lookups(t, names)
    dumps(t, names)
    updates_inactive(t)
    updates_active(t)
    refused_definitions(t, names)
    recycled_number(t, names)
    read_late(t)
    undefined_while_active(t)
    t.no_double_login()


def parent(host):
    return f"<parent wwnn='{host.node.hba_wwnn}' wwpn='{host.node.hba_wwpn}'/>"


def prepare(t):
    """One vHBA of each kind; their names, and that of the HBA, by kind."""
    for port in (ACTIVE, INACTIVE):
        t.a.virsh("nodedev-define", "/dev/stdin", "--validate", stdin=port.xml())
    t.a.virsh("nodedev-start", ACTIVE.name)
    t.a.virsh("nodedev-autostart", INACTIVE.name)
    in_upper_case = vhba.Port(TRANSIENT.wwnn.upper(), TRANSIENT.wwpn.upper())
    t.a.virsh("nodedev-create", "/dev/stdin", "--validate", stdin=in_upper_case.xml(), timeout=40)
    t.equal(fabric.where(TRANSIENT.wwpn), "a", "a transient vHBA is created from WWNs in upper case")
    return {"active": ACTIVE.name, "inactive": INACTIVE.name,
            "transient": "scsi_" + t.a.fc_host(TRANSIENT.wwpn), "hba": "scsi_" + t.a.hba()}


def listings(t, names):
    for words, kinds in LISTS:
        found = t.a.names("nodedev-list", *words.split())
        shown = " ".join(kind for kind, name in names.items() if name in found)
        t.equal(shown, kinds, f"nodedev-list {words}".rstrip())
    tree = parents(t.a.virsh("nodedev-list", "--tree"))
    t.equal([tree.get(names[kind]) for kind in ("active", "inactive", "transient")], [names["hba"], None, names["hba"]],
            "nodedev-list --tree has vHBAs below their HBA")
    for kind, state in STATES:
        info = fields(t.a.virsh("nodedev-info", names[kind]))
        t.equal((info["Active"], info["Persistent"], info["Autostart"]), state, f"nodedev-info of the {kind} one")
        if kind in ("active", "transient"):
            t.equal(info["Parent"], names["hba"], f"nodedev-info of the {kind} one names the HBA")


def parents(tree):
    """The parent of each device in the output of `nodedev-list --tree`."""
    found, above = {}, []
    for line in tree.splitlines():
        match = re.match(r"([ |]*(?:\+- )?)(\S+)$", line)
        if not match or match[2] == "|":
            continue
        depth = len(match[1])
        while above and above[-1][0] >= depth:
            above.pop()
        found[match[2]] = above[-1][1] if above else None
        above.append((depth, match[2]))
    return found


def fields(text):
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def lookups(t, names):
    def name_of(device):
        return fields(t.a.virsh("nodedev-info", device))["Name"]

    for kind, port in (("active", ACTIVE), ("inactive", INACTIVE), ("transient", TRANSIENT)):
        for form in ("{}", "0x{}"):
            t.equal(name_of(",".join(form.format(wwn.upper()) for wwn in (port.wwnn, port.wwpn))), names[kind],
                    f"the {kind} one is found by WWNs such as {form.format(port.wwpn.upper())}")
    t.equal(name_of("scsi_" + t.a.fc_host(ACTIVE.wwpn)), ACTIVE.name, "the active one answers to scsi_hostN")


def dumps(t, names):
    def has(xml):
        device = ElementTree.fromstring(xml)
        return [what for what in ("path", "parent", "capability/host", "capability/capability/fabric_wwn")
                if device.find(what) is not None]

    live, stored, inactive = (t.a.virsh("nodedev-dumpxml", *words) for words in
                              ((ACTIVE.name,), (ACTIVE.name, "--inactive"), (INACTIVE.name,)))
    t.equal(has(live), ["path", "parent", "capability/host", "capability/capability/fabric_wwn"],
            "dumpxml of the active one says where it is")
    t.equal(has(stored), [], "dumpxml --inactive says what is defined and no more")
    t.equal(stored.replace(ACTIVE.wwpn, INACTIVE.wwpn).replace(ACTIVE.wwnn, INACTIVE.wwnn), inactive,
            "dumpxml of the inactive one does, too")
    t.contains(t.a.virsh_refuses("nodedev-dumpxml", names["transient"], "--inactive"), "not persistent",
               "dumpxml --inactive of the transient one is refused")
    for what, xml, port in (("live", live, ACTIVE), ("inactive", inactive, INACTIVE)):
        t.a.virsh("nodedev-define", "/dev/stdin", "--validate", stdin=xml)
        t.equal(t.a.virsh("nodedev-dumpxml", port.name), xml, f"the {what} XML can be given back, and changes nothing")


def update(t, port, xml, *words):
    t.a.virsh("nodedev-update", port.name, "/dev/stdin", *words, stdin=xml)
    return t.a.virsh("nodedev-dumpxml", port.name, "--inactive")


def refuse(t, promise, word, port, xml, *words):
    before = t.a.virsh("nodedev-dumpxml", port.name)
    t.contains(t.a.virsh_refuses("nodedev-update", port.name, "/dev/stdin", *words, stdin=xml), word, promise)
    t.equal(t.a.virsh("nodedev-dumpxml", port.name), before, f"{promise}: nothing has changed")


def updates_inactive(t):
    moved = vhba.Port("2001001b32a90fff", INACTIVE.wwpn)
    xml = update(t, INACTIVE, moved.xml(f"<primary wwpn='{OTHER.wwpn}'/>", parent(t.a)), "--config")
    t.ok(all(word in xml for word in (moved.wwnn, t.a.node.hba_wwpn, OTHER.wwpn)),
         "inactive: WWNN, parent and partner can be updated", xml)
    t.equal(t.a.vhba_info(INACTIVE)["Autostart"], "yes", "and autostart stays as it was")
    xml = update(t, INACTIVE, INACTIVE.xml())
    t.ok(OTHER.wwpn not in xml and t.a.node.hba_wwpn not in xml, "without an option it is the definition, too", xml)
    refuse(t, "inactive: another WWPN", INACTIVE.name, INACTIVE, OTHER.xml())
    refuse(t, "inactive: --live", "not active", INACTIVE, INACTIVE.xml(), "--live")


def updates_active(t):
    paired = ACTIVE.xml(f"<secondary wwpn='{OTHER.wwpn}'/>")
    for words in ((), ("--live", "--config")):
        promise = " ".join(("active: the partner can be updated", *words))
        t.contains(update(t, ACTIVE, paired, *words), OTHER.wwpn, promise)
        t.contains(t.a.virsh("nodedev-dumpxml", ACTIVE.name), OTHER.wwpn, "and is so at once")
        t.ok(OTHER.wwpn not in update(t, ACTIVE, ACTIVE.xml(), *words), "and taken back")
    for word in ("--live", "--config"):
        refuse(t, f"active: only {word}", "both", ACTIVE, paired, word)
    refuse(t, "active: another WWNN", "<wwnn>", ACTIVE, vhba.Port(OTHER.wwnn, ACTIVE.wwpn).xml())
    refuse(t, "active: another parent", "<parent>", ACTIVE, ACTIVE.xml(parent=parent(t.a)))
    refuse(t, "active: another WWPN", ACTIVE.name, ACTIVE, vhba.Port(ACTIVE.wwnn, OTHER.wwpn).xml())


def refused_definitions(t, names):
    unknown = OTHER.xml().replace("</wwpn>", "</wwpn><tertiary/>")
    for promise, word, command, xml in (
            ("the WWPN of a transient vHBA is not defined", names["transient"], "nodedev-define", TRANSIENT.xml()),
            ("the WWPN of a definition is not created", INACTIVE.name, "nodedev-create", INACTIVE.xml()),
            ("--validate refuses what is unknown", "validate", "nodedev-define", unknown)):
        words = ["--validate"] if xml is unknown else []
        t.contains(t.a.virsh_refuses(command, "/dev/stdin", *words, stdin=xml), word, promise)
    error = t.a.virsh_refuses("nodedev-update", names["transient"], "/dev/stdin", stdin=TRANSIENT.xml())
    t.contains(error, "not a persistent vHBA", "a transient vHBA has nothing to be updated")


def recycled_number(t, names):
    t.a.virsh("nodedev-autostart", ACTIVE.name)
    number = "scsi_" + t.a.fc_host(ACTIVE.wwpn)
    for device in (names["transient"], ACTIVE.name):
        t.a.virsh("nodedev-destroy", device)
    created = [create(t, port) for port in (TRANSIENT, OTHER)]
    t.ok(number in created, f"{number} is another vHBA's now", created)
    for name in created:
        info = fields(t.a.virsh("nodedev-info", name))
        t.equal((info["Name"], info["Active"], info["Persistent"], info["Autostart"]), (name, "yes", "no", "no"),
                f"{name}, new and transient, inherits nothing")
    info = t.a.vhba_info(ACTIVE)
    t.equal((info["Active"], info["Autostart"]), ("no", "yes"), "what had the number before has kept its own")
    for name in created:
        t.a.virsh("nodedev-destroy", name)


def create(t, port):
    t.a.virsh("nodedev-create", "/dev/stdin", stdin=port.xml())
    return "scsi_" + t.a.fc_host(port.wwpn)


def read_late(t):
    """What udev tells of a vHBA is read only when the vHBA is gone."""
    t.a.virsh("nodedev-start", ACTIVE.name)
    host = t.a.fc_host(ACTIVE.wwpn)
    t.a.shell("systemctl kill --signal=STOP virtnodedevd.service")
    try:
        t.a.run("udevadm", "trigger", "--settle", "--action=change", f"/sys/bus/scsi/devices/{host}")
        t.a.vport_delete(ACTIVE.wwpn, ACTIVE.wwnn)
        t.a.run("udevadm", "settle")
    finally:
        t.a.shell("systemctl kill --signal=CONT virtnodedevd.service")
    t.a.wait_until(lambda: t.a.vhba_info(ACTIVE)["Active"] == "no", "lifecycle", 60,
                   lambda: f"{ACTIVE.name} to be inactive, whose vport is gone")
    t.ok(f"scsi_{host}" not in t.a.names("nodedev-list", "--all"),
         "late news of a vHBA that is gone make no other device of it")


def undefined_while_active(t):
    t.a.virsh("nodedev-undefine", INACTIVE.name)
    t.a.virsh("nodedev-start", ACTIVE.name)
    t.a.virsh("nodedev-undefine", ACTIVE.name)
    info = t.a.vhba_info(ACTIVE)
    t.equal((info["Active"], info["Persistent"], info["Autostart"]), ("yes", "no", "no"),
            "undefined while active: it is transient and keeps its name")
    t.equal(fabric.where(ACTIVE.wwpn), "a", "and is still logged in")
    t.a.shell("systemctl restart virtnodedevd.service")
    t.equal(t.a.vhba_info(ACTIVE)["Persistent"], "no", "and keeps it when the daemon is restarted")
    t.equal(t.a.definitions(), [], "and has no file any more")
    t.a.virsh("nodedev-destroy", ACTIVE.name)
    t.equal((t.a.vhbas(), t.a.vports()), ([], []), "destroyed and undefined, they are gone")
