# SPDX-License-Identifier: LGPL-2.1-or-later
"""An HBA tells its state and its vHBAs, and tells clients when these change."""

import shlex
import subprocess
from xml.etree import ElementTree

from lib import fabric, vhba
from lib.paths import LIBVIRT_ROOT
from lib.say import LabError

P, PROBE = vhba.number(0)
RAW = vhba.number(1).primary
HEARD = "/run/hba-xml.events"
SCHEMA = LIBVIRT_ROOT / "usr/share/libvirt/schemas/nodedev.rng"


def run(t):
    began = t.a.run("date", "+%F %T").strip()
    hba = late_hba(t)
    at_rest(t, hba)
    vports(t, hba)
    link(t, hba)
    log = t.a.run("journalctl", "-u", "virtnodedevd", "--since", began, "--no-pager")
    t.ok("cannot listen" not in log, "nothing was complained of before there was an FC transport", log)
    t.a.shell("systemctl stop lab-hba-events")


# What clients hear

def listen(t):
    t.a.run("systemd-run", "--quiet", "--collect", "--unit=lab-hba-events",
            f"--property=StandardOutput=truncate:{HEARD}",
            *shlex.split("stdbuf -oL virsh nodedev-event --event update --loop --timestamp"))
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=PROBE.xml())
    settle(t)


def settle(t):
    """Until the client has heard of something that begins now: by then it has heard of all that was before.

    A definition that is made once more is an update."""
    script = f"""
        size=$(stat -c %s {HEARD})
        for attempt in $(seq 20); do
            virsh -q nodedev-define /run/probe.xml > /dev/null
            if tail -c +$((size + 1)) {HEARD} | grep -q '{PROBE.name}$'; then exit 0; fi
        done
        exit 1"""
    t.a.run("tee", "/run/probe.xml", stdin=PROBE.xml())
    if t.a.attempt("sh", "-c", script).returncode:
        raise LabError(f"no client hears of {PROBE.name} on {t.a.name}; see {HEARD} there")


def mark(t):
    """A place in what was heard, for hears()."""
    settle(t)
    return int(t.a.run("stat", "-c", "%s", HEARD))


def waits(t, name, since, times, timeout):
    """Waits until a client has heard so many times from a mark on that a device has changed. timeout in seconds."""
    script = f"grep -m{times} 'update.* {name}$' < <(tail -c +{since + 1} -f {HEARD}) > /dev/null"
    return t.a.attempt("timeout", str(timeout), "bash", "-c", script, timeout=timeout + 30).returncode == 0


def hears(t, name, since, promise, timeout=30):
    """Whether a client hears from a mark on that a device has changed."""
    t.ok(waits(t, name, since, 1, timeout), promise, f"heard:\n{t.a.read(HEARD)}")


def hears_state(t, name, states, since, promise, timeout=60):
    """Whether a client hears from a mark on of a change after which a device is in one of some states.

    A port may go through others first; each is a change of its own."""
    times, now = 1, None
    while now not in states and waits(t, name, since, times, timeout):
        times, now = times + 1, state(t, name)
    t.ok(now in states, promise, f"state: {now}; heard:\n{t.a.read(HEARD)}")


def times_heard(t, name, since):
    settle(t)
    return t.a.shell(f"tail -c +{since + 1} {HEARD}").count(f"device {name}\n")


# What the XML says

def dump(t, name):
    return t.a.virsh("nodedev-dumpxml", name)


def host(t, name):
    """The <capability type='scsi_host'> of a device."""
    return ElementTree.fromstring(dump(t, name)).find("capability")


def state(t, name):
    return host(t, name).findtext("state")


def shown(t, hba):
    """The vHBAs that an HBA shows: pairs of name and WWPN."""
    return [(vport.get("name"), vport.get("wwpn")) for vport in host(t, hba).find("vports")]


def is_valid(t, name, what):
    checked = subprocess.run(["xmllint", "--noout", "--relaxng", SCHEMA, "-"], input=dump(t, name), text=True,
                             capture_output=True, check=False)
    t.ok(checked.returncode == 0, f"the XML of {what} is valid", checked.stderr)


def upstream(t, hba):
    """What libvirt has always printed of an HBA, made of what sysfs says."""
    fc = f"/sys/class/fc_host/{hba.removeprefix('scsi_')}"
    values = {name: t.a.read(f"{fc}/{name}").strip().removeprefix("0x")
              for name in ("node_name", "port_name", "fabric_name", "max_npiv_vports", "npiv_vports_inuse")}
    return f"""\
    <host>{hba.removeprefix("scsi_host")}</host>
    <unique_id>{t.a.read(f"{fc}/../../scsi_host/{hba.removeprefix('scsi_')}/unique_id").strip()}</unique_id>
    <capability type='fc_host'>
      <wwnn>{values["node_name"]}</wwnn>
      <wwpn>{values["port_name"]}</wwpn>
      <fabric_wwn>{values["fabric_name"]}</fabric_wwn>
    </capability>
    <capability type='vport_ops'>
      <max_vports>{values["max_npiv_vports"]}</max_vports>
      <vports>{values["npiv_vports_inuse"]}</vports>
    </capability>
""".splitlines()


# The story

def without_scsi(host):
    """Starts virtnodedevd on a host that has forgotten SCSI; returns which modules are there."""
    return host.shell("""
        systemctl stop virtnodedevd.service
        echo fc0 > /sys/bus/fcoe/ctlr_destroy
        for module in fcoe libfcoe libfc scsi_transport_fc sr_mod sg sd_mod scsi_mod; do
            modprobe -r --wait 10000 $module 2> /dev/null || true  # destroying takes its time
        done
        systemctl start virtnodedevd.service
        cat /proc/modules""")


def late_hba(t):
    """Loads the HBA's driver when the daemon is there already; returns the HBA's name.

    So the links that are heard of below are those of an FC transport that came late."""
    modules = without_scsi(t.a)
    if "scsi_mod" in modules:
        t.say("something in the kernel has not let go of scsi_mod, so a gets a new one")
        t.a.kill()
        t.a.start()
        modules = without_scsi(t.a)
    t.ok("scsi_mod" not in modules, "a daemon starts on a host that does not know SCSI yet", modules)
    listen(t)
    before = fabric.mark()
    t.a.shell("systemctl restart lab-fc.service")
    fabric.wait_login(t.a.node.hba_wwpn, "a", since=before)
    hba = t.a.hba().replace("host", "scsi_host")
    hears_state(t, hba, ("online",), 0, "a client hears when its HBA is online")
    return hba


def at_rest(t, hba):
    told = host(t, hba)
    t.equal(told.findtext("state"), "online", "an HBA on the fabric is online")
    t.equal(told.find("vendor").get("id"), "0x1af4", "its vendor is that of the adapter that it works over")
    t.equal(told.findtext("capability[@type='fc_host']/port_type"), "NPort (fabric via point-to-point)",
            "its port type is there")
    address = told.find("address")
    path = t.a.run("readlink", "-f", f"/sys/class/fc_host/{hba.removeprefix('scsi_')}")
    function = "{}:{}:{}.{}".format(*(address.get(name)[2:] for name in ("domain", "bus", "slot", "function")))
    t.contains(path, f"/{function}/", "its PCI address is that of the adapter")
    t.equal((told.find("vports").get("num"), told.find("vports").get("max")), ("0", "65535"), "it carries no vHBA")
    lines = dump(t, hba).splitlines()
    t.equal([line for line in upstream(t, hba) if line not in lines], [],
            "what libvirt has always printed is there, unchanged")
    is_valid(t, hba, "an idle HBA")


def vports(t, hba):
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=P.xml())
    before = mark(t)
    t.a.virsh("nodedev-start", P.name)
    hears(t, hba, before, "a client hears that the HBA has changed when a vHBA is started")
    t.equal(shown(t, hba), [(P.name, P.wwpn)], "the HBA shows the vHBA")
    t.equal(host(t, P.name).findtext("state"), "online", "the vHBA is online")
    t.equal([ElementTree.tostring(host(t, P.name).find(name)).strip() for name in ("vendor", "address")],
            [ElementTree.tostring(host(t, hba).find(name)).strip() for name in ("vendor", "address")],
            "the vHBA has its HBA's vendor and address")
    is_valid(t, hba, "an HBA with a vHBA")
    is_valid(t, P.name, "an active vHBA")
    inactive = t.a.virsh("nodedev-dumpxml", "--inactive", P.name)
    t.equal([word for word in ("<state", "<vendor", "<address", "<speed", "<port_type", "<vports") if word in inactive],
            [], "a definition says nothing of all this")

    before = mark(t)
    t.a.vport_create(RAW.wwpn, RAW.wwnn)
    hears(t, hba, before, "a client hears of a vHBA that is made behind libvirt's back")
    raw = "scsi_" + t.a.fc_host(RAW.wwpn)
    t.equal(shown(t, hba), [(P.name, P.wwpn), (raw, RAW.wwpn)], "the HBA shows both, sorted by WWPN")
    t.equal(host(t, hba).find("vports").get("num"), "2", "and counts them")
    quiet = mark(t)
    for _ in range(3):
        dump(t, hba)
    t.equal(times_heard(t, hba, quiet), 0, "as long as nothing changes, no client hears anything")

    before = mark(t)
    t.a.vport_delete(RAW.wwpn, RAW.wwnn)
    hears(t, hba, before, "a client hears that a vHBA is gone")
    t.equal(shown(t, hba), [(P.name, P.wwpn)], "the HBA shows the one that is left")


def link(t, hba):
    before = mark(t)
    fabric.control("link", "a", "down")
    hears_state(t, hba, ("offline", "linkdown"), before, "a client hears that the link of the HBA is down")
    hears_state(t, P.name, ("linkdown",), before, "and that of the vHBA")
    is_valid(t, hba, "an HBA without a link")
    is_valid(t, P.name, "a vHBA without a link")
    before = mark(t)
    fabric.control("link", "a", "up")
    hears_state(t, hba, ("online",), before, "a client hears that the HBA is online again")
    hears_state(t, P.name, ("online",), before, "and the vHBA")
    t.a.virsh("nodedev-destroy", P.name)
    t.equal(shown(t, hba), [], "the HBA shows no vHBA any more when the last one is destroyed")
