# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows 2 to 5: what takes a fabric, in the lab."""

import json
import time
from concurrent import futures

from lib import bare, cluster, daemon, fabric, guest, handover, nodes, ordinary, reset, scenario, target, vhba
from lib.host import Host

import perf
from paths import HERE
from table import compare, compare_turns, median

PAIR = vhba.number(0)
POOL_DAEMONS = ("virtnodedevd", "virtstoraged")
MEASURED_DAEMONS = {"virtnodedevd": "nodedev:///system", "virtqemud": "qemu:///system"}
SCRIPT = (HERE / "onhost.py").read_text()
DAEMON_SCRIPT = (HERE / "ondaemon.py").read_text()


class Lab:
    """The lab's hosts, as scenarios have them, without a word of what they do."""

    def __init__(self):
        self.a, self.b = Host("a"), Host("b")
        self.floor = None  # what the kernel needs for a vport's login and scan, in milliseconds

    def say(self, _):
        pass


def run(say, quick, measure):
    """measure(name, part) is called for each part: a function that returns rows."""
    own = not daemon.running()
    try:
        if own:
            say("starting the lab")
            cluster.up(list(nodes.NODES))
        lab = Lab()
        for name, part in (("row 2", start_rows), ("row 4", migration_rows), ("row 3", autostart_rows),
                           ("row 5", daemon_rows)):
            measure(name, lambda: part(lab, say, quick))
            if name in ("row 2", "row 4"):  # the vHBAs of row 3 are there for row 5
                reset.clean()
        if not own:
            forget_vhbas(lab.a)
            reset.clean()
    finally:
        if own:
            cluster.down()


# Row 2

def on_host(host, ways, rounds):
    """{way: samples in milliseconds} of the start of a vHBA."""
    case = {"wwnn": PAIR.primary.wwnn, "wwpn": PAIR.primary.wwpn, "hba": host.hba(),
            "link": f"/dev/disk/by-id/wwn-0x{target.identity('disk')}", "ways": ways, "rounds": rounds}
    return json.loads(host.run("python3", "-", json.dumps(case), stdin=SCRIPT, timeout=600))


def start_rows(lab, say, quick):
    target.add("disk", guest.DISK_SIZE)
    target.show("disk", PAIR.primary.wwpn)
    lab.a.virsh("nodedev-define", "/dev/stdin", stdin=PAIR.primary.xml())
    say("row 2: start of a vHBA, ours and by hand")
    ours = on_host(lab.a, ["ours", "raw"], 3 if quick else 9)
    lab.floor = median(ours["raw"])
    return [
        compare("2 vHBA to LUN / vport_create by hand", ours["ours"], ours["raw"], "ms", "within 1.1",
                lambda mine, theirs: mine <= 1.1 * theirs),
        *([] if quick else pool_rows(lab, say, ours["ours"]))
    ]


def pool_rows(lab, say, ours):
    """Row 2's comparison with the release, which takes a build of it."""
    say("row 2: start of a pool of the bare release")
    bare.bring(lab.a)
    bare.use(lab.a, *POOL_DAEMONS)
    try:
        pool = on_host(lab.a, ["pool", "refreshed"], 2)
    finally:
        bare.use_installed(lab.a, *POOL_DAEMONS)
    return [compare(f"2 vHBA to LUN / fc_host pool of v11.3.0, {how}", ours, pool[way], "ms", "10 times faster",
                    lambda mine, theirs: mine * 10 <= theirs)
            for way, how in (("pool", "by itself"), ("refreshed", "refreshed when udev is done"))]


# Row 3

def many_vhbas(quick):
    """The scenario that makes many vHBAs, and those of them that are made here."""
    known = scenario.load("vhba-autostart")
    known.MANY = known.MANY[:32] if quick else known.MANY
    return known, known.MANY


def autostart_rows(lab, say, quick):
    """From the HBA's login to the last of its vHBAs' logins, as the fabric saw them."""
    known, ports = many_vhbas(quick)
    times = {"by hand": [], "by autostart": []}
    for turn in range(1 if quick else 2):
        for way, begin in (("by hand", by_hand), ("by autostart", by_autostart)):
            say(f"row 3: {len(ports)} vHBAs at once, {way}, {turn + 1}")
            if turn or times[way] or way == "by autostart":
                forget_vhbas(lab.a)
            with perf.kept("3-" + way.replace(" ", "-"), lab.a):
                times[way].append(until_logged_in(lab, known, ports, begin))
    return [compare(f"3 autostart of {len(ports)} vHBAs / a shell loop", times["by autostart"], times["by hand"],
                    "s", "within 1.2", lambda mine, theirs: mine <= 1.2 * theirs)]


def until_logged_in(lab, known, ports, begin):
    """Seconds from the HBA's login to that of the last of its vHBAs, for one way to begin."""
    known.hba_goes(lab)
    lab.a.shell("systemctl stop virtnodedevd.service")
    mark = begin(lab, known, ports)
    known.wait_logins(ports, mark)
    logins = {event["wwpn"]: event["t"] for event in fabric.events(mark) if event["event"] == "login"}
    return max(logins[port.wwpn] for port in ports) - logins[lab.a.node.hba_wwpn]


def forget_vhbas(host):
    """The kernel deletes vports one after the other; a power cut is quicker."""
    host.shell("rm -rf /etc/libvirt/nodedev/vhba; sync")
    host.kill()
    host.start()


def by_hand(lab, known, ports):
    """A loop in the background waits for the HBA; returns a mark of the fabric's log."""
    words = "".join(f"{port.wwpn}:{port.wwnn}\n" for port in ports)
    lab.a.run("tee", "/run/bench-ports", stdin=words)
    mark = fabric.mark()
    known.hba_comes(lab)
    lab.a.shell(f"while read words; do echo $words > /sys/class/fc_host/{lab.a.hba()}/vport_create & done "
                "< /run/bench-ports; wait", timeout=300)
    return mark


def by_autostart(lab, known, _):
    known.write_definitions(lab)
    lab.a.shell("systemctl start virtnodedevd.service")
    mark = fabric.mark()
    known.hba_comes(lab)
    return mark


# Row 4

def migrate(source, destination, name, watch):
    """Seconds that a migration takes, and the longest gap between two writes of the guest since it began."""
    begin = time.time()
    source.virsh("migrate", "--live", "--persistent", "--undefinesource", name,
                 f"qemu+ssh://{destination.name}/system", timeout=300)
    took = time.time() - begin
    watch.wait(10)
    return took, watch.longest_gap(begin)[0]


def measure_floor(lab):
    """If row 2 has not been measured."""
    target.add("disk", guest.DISK_SIZE)
    target.show("disk", PAIR.primary.wwpn)
    lab.floor = median(on_host(lab.a, ["raw"], 3)["raw"])


def start_guests(lab):
    """An ordinary one on b, one with a pair on a: their watches."""
    path = ordinary.show(lab.a, lab.b)
    with futures.ThreadPoolExecutor() as pool:
        other = pool.submit(ordinary.start_on, lab.b, path)
        ours = handover.prepare(lab.a, PAIR)
        return other.result(), ours


def migration_rows(lab, say, quick):
    total, gap = {"ours": [], "other": []}, {"ours": [], "other": []}
    say("row 4: two guests, one on a pair of vHBAs, one on a shared LUN")
    other, ours = start_guests(lab)
    with other, ours:
        say("row 4: a migration that is not measured: the first one on a host takes longer")
        migrate(lab.b, lab.a, ordinary.NAME, other)
        for turn in range(1 if quick else 6):
            source, destination = (lab.a, lab.b) if turn % 2 == 0 else (lab.b, lab.a)
            for way, name, watch in (("ours", handover.NAME, ours), ("other", ordinary.NAME, other)):
                say(f"row 4: migration {turn + 1}, {name}")
                with perf.kept(f"4-{way}-{source.name}-to-{destination.name}", lab.a, lab.b):
                    took, longest = migrate(source, destination, name, watch)
                total[way].append(took * 1000)
                gap[way].append(longest * 1000)
            vhba.wait_settled(destination, *PAIR)
    reset.clean()
    if lab.floor is None:
        measure_floor(lab)
    longer = lab.floor + 200
    return [
        compare("4 migration with a hand-over / shared LUN: total", total["ours"], total["other"], "ms",
                f"at most {longer:.0f} ms more", lambda mine, theirs: mine - theirs <= longer),
        compare("4 migration with a hand-over / shared LUN: longest gap", gap["ours"], gap["other"], "ms",
                "within 1.02", lambda mine, theirs: mine <= 1.02 * theirs),
    ]


# Row 5

def daemon_rows(lab, say, quick):
    """The daemons on a host full of vHBAs, those that row 3 has left if it was measured, and of disks. Those are the
    kernel's own scsi_debug and behind no vHBA, and they are fewer than 16,320: one takes the emulated machine some
    milliseconds and 50 KiB. What one of them costs is told by the difference to a host without them."""
    luns = 64 if quick else 1024
    if not lab.a.vports():
        say("row 5: many vHBAs")
        until_logged_in(lab, *many_vhbas(quick), by_autostart)
    bare.bring(lab.a)
    empty = measure_daemons(lab, say, "no disks", ("virtnodedevd",), 1, 0)
    say(f"row 5: {luns} disks")
    # udevd would look into each of them for a long time; the daemons find them in sysfs.
    lab.a.shell("systemctl stop systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket; "
                f"modprobe scsi_debug max_luns={luns} num_tgts=1 fake_rw=1 dev_size_mb=8; "
                "systemctl start systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udevd.service",
                timeout=900)
    full = measure_daemons(lab, say, f"{luns} disks", MEASURED_DAEMONS, 1 if quick else 3, 20 if quick else 100)
    starts = measure_daemons(lab, say, "start-up", ("virtnodedevd",), 0 if quick else 2, None)
    where = f"{luns} disks, {len(lab.a.vports())} vHBAs"

    def row(name, what, key, unit, goal, factor, part=lambda sample, _: sample):
        mine, theirs = ([part(sample[key], way) for sample in full[name, way]] for way in ("ours", "bare"))
        return compare(f"5 {name}, {where}: {what}", mine, theirs, unit, goal, lambda a, b: a <= factor * b)

    def per_lun(memory, way):
        return (memory - empty["virtnodedevd", way][0]["memory"]) / luns

    def start_up(name):
        mine, theirs = ([sample["start"] for sample in full[name, way] + starts.get((name, way), [])]
                        for way in ("ours", "bare"))
        return compare_turns(f"5 {name}, {where}: start-up", mine, theirs, "ms", "not slower", 1.0)

    return [row("virtnodedevd", "memory", "memory", "KiB", "within 1.05", 1.05),
            row("virtnodedevd", "memory of one disk", "memory", "KiB", "within 1.05", 1.05, per_lun),
            start_up("virtnodedevd"),
            row("virtnodedevd", "one event", "event", "ms", "not slower", 1.0),
            row("virtnodedevd", "XML of the HBA", "xml", "ms", "not slower", 1.0),
            row("virtqemud", "memory", "memory", "KiB", "within 1.05", 1.05),
            start_up("virtqemud")]


def measure_daemons(lab, say, when, names, turns, events):
    """{(daemon, "ours" or "bare"): [sample, …]}; events: how many to measure, None to measure the start-up only."""
    found = {}
    ways = [("bare", bare.use), ("ours", bare.use_installed)]
    for turn in range(turns):
        ways.reverse()  # the machine may get slower, or faster, all the time
        for way, use in ways:
            for name in names:
                say(f"row 5: {when}, {name}, {way}, {turn + 1}")
                use(lab.a, name)
                case = json.dumps({"unit": f"{name}.service", "uri": MEASURED_DAEMONS[name], "events": events,
                                   "hba": f"scsi_{lab.a.hba()}" if name == "virtnodedevd" else None})
                with perf.kept(f"5-{name}-{way}", lab.a):
                    sample = lab.a.run("python3", "-", case, stdin=DAEMON_SCRIPT, timeout=600)
                found.setdefault((name, way), []).append(json.loads(sample))
    return found
