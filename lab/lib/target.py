# SPDX-License-Identifier: LGPL-2.1-or-later
"""The target's LUNs: made, shown to initiators, hidden again.

A LUN is a file on the lab's own machine, a SCSI disk of the VM `target`, and an iblock backstore of its LIO; so what
a guest writes can be read outside, at once and with the lab's own clock. What should exist is kept in LIVE/luns.json,
and `restore` brings a target that has lost its power back to it.
"""

import json
import re

from . import daemon, digest, fabric, nodes, ssh, vm
from .paths import LIVE
from .say import LabError, LabTimeout

RECORD = LIVE / "luns.json"


def _load():
    try:
        return json.loads(RECORD.read_text())
    except FileNotFoundError:
        return {"luns": {}, "maps": []}


def _save(record):
    partial = RECORD.with_suffix(".new")
    partial.write_text(json.dumps(record, indent=1))
    partial.rename(RECORD)


def _lio(*words):
    return _root("/usr/lib/lab/target", *words)


def _root(*argv):
    """Runs a command on the target. LIO lets go of a LUN when its last command has ended, be that never."""
    try:
        done = ssh.run("target", [*map(str, argv)], timeout=90)
    except LabTimeout as stuck:
        raise LabTimeout(f"{stuck}; `lab kill target` and `lab start target` give it power again") from None
    if done.returncode != 0:
        raise LabError(f"the target could not `{' '.join(map(str, argv))}`: {done.stderr.strip()}")
    return done.stdout


def backing(name):
    """The file that holds a LUN's data."""
    return LIVE / f"{name}.lun"


def parse_size(text):
    """'16M' -> bytes"""
    match = re.fullmatch(r"(\d+)([KMG]?)", text)
    if not match:
        raise LabError(f"'{text}' is no size; write bytes, or a number with K, M or G")
    return int(match.group(1)) << {"": 0, "K": 10, "M": 20, "G": 30}[match.group(2)]


def add(name, size, contents=b"", serial=None):
    """Makes a LUN of `size` bytes that begins with `contents`. serial: what makes its VPD 0x83 identity."""
    if not daemon.pid("target"):
        raise LabError("the target does not run, so it can have no LUN; `lab up` or `lab start target` starts it")
    record = _load()
    if not re.fullmatch(r"[a-z0-9-]{1,16}", name):
        raise LabError(f"'{name}' is no name for a LUN; use up to 16 of a-z, 0-9 and -")
    if name in record["luns"]:
        raise LabError(f"there is a LUN {name} already; `lab lun del {name}` removes it")
    with open(backing(name), "wb") as file:
        file.write(contents)
        file.truncate(size)
    record["luns"][name] = {"serial": serial or digest.of(name)}
    _attach(name, record["luns"][name])
    _save(record)


def _attach(name, lun):
    node_name = f"lun-{name}"
    with vm.qmp(nodes.TARGET) as monitor:
        # After a reboot, unlike after a power cut, QEMU still has the disk.
        if all(node["node-name"] != node_name for node in monitor.execute("query-named-block-nodes")):
            monitor.execute("blockdev-add", **{"node-name": node_name, "driver": "raw",
                                               "file": {"driver": "file", "filename": str(backing(name))}})
            monitor.execute("device_add", driver="scsi-hd", id=f"disk-{name}", drive=node_name, bus="luns.0",
                            serial=name, device_id=name)
    _lio("add", name, lun["serial"])


def second_port():
    """A second port for the target, through which every LUN made from now on is shown as well; returns its WWPN.

    To be called while there is no LUN. `clear` removes it."""
    interface, mac, port = nodes.TARGET.fc_ports[1]
    return _add_port(interface, "2000" + mac.replace(":", ""), fabric.FIRST, port)


def join_second_fabric():
    """A port for the target on the second fabric; as second_port."""
    return _add_port("fc2", nodes.TARGET.second_wwpn, fabric.SECOND, nodes.TARGET.name)


def _add_port(interface, wwpn, net, port):
    record = _load()
    if record["luns"]:
        raise LabError("the target has LUNs already; another port wants to be made before them")
    mark = net.mark()
    _make_port(interface)
    net.wait_login(wwpn, port, since=mark)
    _save({**record, "more_ports": [*record.get("more_ports", ()), interface]})
    return wwpn


def _make_port(interface):
    _lio("port", interface)
    _root("/usr/lib/lab/fc-up", interface)


def serial(name):
    """What makes a LUN's identity; another LUN of the same serial takes itself for the same."""
    return _load()["luns"][name]["serial"]


def identity(name):
    """The hex digits of a LUN's NAA identifier in VPD page 0x83: LIO's own prefix, then the serial."""
    return ("6001405" + serial(name)).ljust(32, "0")


def resize(name, size):
    """Makes a LUN larger, or smaller: `size` bytes. Initiators do not hear of it until they ask."""
    with vm.qmp(nodes.TARGET) as monitor:
        monitor.execute("block_resize", **{"node-name": f"lun-{name}", "size": size})
    _lio("rescan", name)


def remove(name):
    """Hides a LUN from everybody and removes it with its data."""
    record = _load()
    if name not in record["luns"]:
        raise LabError(f"there is no LUN {name}; `lab lun list` lists them")
    for entry in [entry for entry in record["maps"] if entry["name"] == name]:
        unmap(entry["wwpn"], entry["unit"])
    _lio("del", name)
    with vm.qmp(nodes.TARGET) as monitor:
        monitor.execute("device_del", id=f"disk-{name}")
        monitor.wait_event("DEVICE_DELETED", lambda data: data.get("device") == f"disk-{name}")
        monitor.execute("blockdev-del", **{"node-name": f"lun-{name}"})
    backing(name).unlink()
    record = _load()
    del record["luns"][name]
    _save(record)


def show(name, wwpn, unit=0):
    """Maps a LUN to an initiator's WWPN under a LUN number."""
    record = _load()
    if name not in record["luns"]:
        raise LabError(f"there is no LUN {name}; `lab lun add {name} SIZE` makes it")
    _lio("map", name, colons(wwpn), unit)
    record["maps"].append({"name": name, "wwpn": wwpn, "unit": unit})
    _save(record)


def unmap(wwpn, unit):
    """Hides what an initiator sees under a LUN number."""
    record = _load()
    _lio("unmap", colons(wwpn), unit)
    record["maps"] = [entry for entry in record["maps"] if (entry["wwpn"], entry["unit"]) != (wwpn, unit)]
    _save(record)


def listing():
    """{"luns": {name: …}, "maps": [{"name", "wwpn", "unit"}, …]}"""
    return _load()


def clear():
    """Removes all LUNs, and all ports but the first."""
    record = _load()
    for name in record["luns"]:
        remove(name)
    for interface in record.get("more_ports", ()):
        _root("sh", "-c", f"echo {interface} > /sys/bus/fcoe/ctlr_destroy")
        _lio("unport", interface)
    _save({"luns": {}, "maps": []})


def forget():
    """Removes all LUNs of a target that has no power; it will come up without any, and with its first port only."""
    for name in _load()["luns"]:
        backing(name).unlink(missing_ok=True)
    _save({"luns": {}, "maps": []})


def restore():
    """Gives a target that has just booted what it had before."""
    record = _load()
    for interface in record.get("more_ports", ()):
        _make_port(interface)
    for name, lun in record["luns"].items():
        _attach(name, lun)
    for entry in record["maps"]:
        _lio("map", entry["name"], colons(entry["wwpn"]), entry["unit"])


def colons(wwpn):
    """2101001b32a90004 -> 21:01:00:1b:32:a9:00:04, as LIO's configfs wants it."""
    return ":".join(wwpn[at:at + 2] for at in range(0, 16, 2))
