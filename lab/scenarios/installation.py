# SPDX-License-Identifier: LGPL-2.1-or-later
"""The package of `make deb` takes the place of Debian's libvirt on a host, does its work, and Debian's comes back.

As README says it, on hosts that have no libvirt; they cannot reach a mirror, so their .debs are brought to them.
"""

import pathlib
import subprocess
import tempfile

from lib import debian, fabric, guest, handover, vhba
from lib.journey import Journey
from lib.paths import BARE_HOSTS, TOP
from lib.say import LabError

BY_NAME = "it needs hosts without libvirt, and the package: make deb; LAB_BARE=1 lab/lab run installation"

PAIR = vhba.number(0)
DEBIANS = ("libvirt0", "libvirt-clients", "libvirt-daemon-system")
KEPT = "<domain type='qemu'><name>kept</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>"
# With the answers that somebody gives who presses Enter.
INSTALL = ("DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends --allow-downgrades "
           "-o Dpkg::Options::=--force-confold")
DAEMONS = ("virtnodedevd.service", "virtqemud.service", "virtlogd.socket", "virtproxyd.socket")


def run(t):
    if not BARE_HOSTS:
        raise LabError(f"the hosts have a libvirt: {BY_NAME}")
    ours = package()
    for host in (t.a, t.b):
        # What the lab's images leave out is wanted now.
        host.shell("rm -f /etc/dpkg/dpkg.cfg.d/*")
        host.put("/root/ours", {ours.name: ours})
        bring(host, "ours", needed_by(ours), without=DEBIANS)
    bring(t.a, "debians", DEBIANS, "--reinstall")
    debians_is_there(t)
    ours_takes_its_place(t)
    install(t.b, "ours")
    daemons_run(t, t.b, "a host that had no libvirt")
    does_its_work(t)
    debians_comes_back(t)


def package():
    packages = list((TOP / "build" / "deb").glob("*.deb"))
    if len(packages) != 1:
        raise LabError("there is no package to install; `make deb` makes it")
    return packages[0]


def needed_by(package):
    """The names of the packages that one depends on. What these need of Debian's libvirt, it gives them."""
    depends = subprocess.run(["dpkg-deb", "--field", package, "Depends"], check=True, capture_output=True, text=True)
    return [dependency.split()[0] for dependency in depends.stdout.split(",")]


def bring(host, which, packages, *options, without=()):
    """Puts on a host what it has to download elsewhere."""
    with tempfile.TemporaryDirectory() as home:
        debs = debian.fetch_for(host, packages, pathlib.Path(home), *options)
        host.put(f"/root/{which}", {deb.name: deb for deb in debs if deb.name.split("_")[0] not in without})


def install(host, which, options=""):
    return host.shell(f"{INSTALL} {options} /root/{which}/*.deb 2>&1", timeout=900)


def debians_is_there(t):
    """A host as an administrator has it: a guest is defined, and a configuration file was edited."""
    install(t.a, "debians", "--reinstall")
    t.equal(version(t.a), "9.0.0", "Debian's libvirt is on the host")
    t.a.virsh("define", "/dev/stdin", stdin=KEPT)
    t.a.shell("echo 'keepalive_interval = 7' >> /etc/libvirt/qemu.conf")


def ours_takes_its_place(t):
    said = install(t.a, "ours")
    t.ok(version(t.a).startswith("11."), "the package takes the place of Debian's", said)
    t.equal(t.a.names("list", "--all", "--name"), ["kept"], "the guest that was defined is defined")
    t.contains(t.a.read("/etc/libvirt/qemu.conf"), "keepalive_interval = 7", "what was edited stays")
    t.equal(left_over(t.a), [], "nothing else of Debian's libvirt is installed")
    daemons_run(t, t.a, "a host that had Debian's")
    t.equal(t.a.shell("find /etc/libvirt/nodedev -printf '%m %y\\n' | sort -u"), "700 d\n",
            "definitions of vHBAs are nobody else's business")


def version(host):
    """Of the daemon."""
    return host.shell("virsh -q version --daemon | sed -n 's/^Running against daemon: //p'").strip()


def left_over(host):
    names = " ".join(("libvirt-daemon", "libvirt-daemon-driver-qemu", *DEBIANS))
    listing = host.shell(f"dpkg-query --show --showformat '${{db:Status-Abbrev}}${{Package}}\\n' {names} || true")
    return [line for line in listing.splitlines() if line.startswith("ii")]


def daemons_run(t, host, what):
    states = {unit: host.attempt("systemctl", "is-active", unit).stdout.strip() for unit in DAEMONS}
    t.equal(states, dict.fromkeys(DAEMONS, "active"), f"{what}: the daemons run")


def does_its_work(t):
    handover.define(t.a, PAIR)
    mark = fabric.mark()
    t.a.reboot()
    fabric.wait_login(PAIR.primary.wwpn, "a", since=mark)
    t.a.wait_vhba(PAIR.primary)
    daemons_run(t, t.a, "after a reboot")
    with Journey(t, PAIR, others=["kept"]) as journey:
        journey.start()
        told = t.a.attempt("virt-npiv-validate", "--quiet", handover.NAME, journey.uri)
        t.ok(told.returncode == 0, "virt-npiv-validate says that the guest can move", told.stdout + told.stderr)
        journey.migrate("--live", "--persistent", "--undefinesource")
        journey.has_moved("installed from the package")
        journey.end()


def debians_comes_back(t):
    """A guest that Debian's libvirt does not understand is not lost either."""
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain("named", vhba.number(1).source()))
    before = t.a.read("/etc/libvirt/qemu/named.xml")
    install(t.a, "debians", "--reinstall")
    t.equal(version(t.a), "9.0.0", "Debian's libvirt comes back")
    t.equal(t.a.read("/etc/libvirt/qemu/named.xml"), before, "the definition of a guest on a vHBA stays what it was")
    t.contains(t.a.virsh("list", "--all", "--name"), "kept", "with the guest that was defined")
    t.equal(t.a.shell("dpkg-query --show --showformat '${db:Status-Abbrev}' libvirt-npiv")[:1], "r",
            "the package is gone")
    t.equal(t.a.shell("ldconfig -p | sed -n 's/^\tlibvirt.so.0 .* //p' | xargs readlink -f").split()[-1:],
            [t.a.shell("dpkg -L libvirt0 | grep '/libvirt.so.0\\.'").strip()], "programs load Debian's library")
    t.equal(t.a.shell("ls -d /usr/sbin/virtqemud /usr/lib64/libvirt 2>/dev/null || true"), "", "nothing of it is left")
    t.equal(t.a.attempt("systemctl", "is-system-running").stdout.strip(), "running", "all units are well")
