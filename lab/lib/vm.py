# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine of the lab: its disks, its seed, its QEMU."""

import os
import re
import secrets
import shutil
import subprocess

from . import daemon, fabric, follow, image, nodes, ssh
from .cpio import Archive
from .paths import BARE_HOSTS, LIVE
from .qmp import QMP
from .say import LabError

STATE_SIZE = 2 << 30  # bytes; a sparse file
APPLETS = ("cat", "cp", "echo", "insmod", "mkdir", "mount", "poweroff", "sh", "switch_root", "sync", "tr")


def qmp(node, timeout=30):
    return QMP(LIVE / f"{node.name}.qmp", timeout)


def events(node):
    """The file to which the machine tells that it is ready, one line per boot."""
    return LIVE / f"{node.name}.ready"


def console(node):
    """The file that holds what the machine has said on its console, in all its boots."""
    return LIVE / f"{node.name}.console"


def prepare(node):
    """A new machine: an empty state disk and an initramfs with its seed."""
    _make_state(LIVE / f"{node.name}.state")
    (LIVE / f"{node.name}.initrd").write_bytes(_initramfs(_seed(node)))
    events(node).touch()
    console(node).touch()


def _make_state(path):
    with open(path, "wb") as disk:
        disk.truncate(STATE_SIZE)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,root_owner=0:0", "-m", "0", path],
                       check=True, env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"})
    except FileNotFoundError:
        raise LabError("mkfs.ext4 is missing; install e2fsprogs (see lab/packages)") from None


def _seed(node):
    """The files that make this machine itself: path -> (contents, mode)."""
    key = (LIVE / "key").read_text()
    public = (LIVE / "key.pub").read_text()
    seed = {
        "etc/hostname": (node.name + "\n", 0o644),
        "etc/hosts": ("127.0.0.1 localhost\n" + "".join(
            f"{host.peer_address} {host.name}\n" for host in nodes.HOSTS), 0o644),
        "etc/machine-id": (secrets.token_hex(16) + "\n", 0o444),
        "etc/lab/address/out0": ("10.0.2.15/24\n", 0o644),
        "etc/ssh/ssh_host_ed25519_key": ((LIVE / f"{node.name}.hostkey").read_text(), 0o600),
        "root/.ssh/authorized_keys": (public, 0o600),
        "root/.ssh/known_hosts": (ssh.known_hosts(), 0o600),
        "root/.ssh/id_ed25519": (key, 0o600),
    }
    if node.peer_address:
        seed["etc/lab/address/peer0"] = (node.peer_address + "/24\n", 0o644)
    return seed


def _initramfs(seed):
    archive = Archive()
    for directory in ("dev", "proc", "sys"):
        archive.directory(directory)
    archive.file("bin/busybox", (LIVE / "busybox").read_bytes(), 0o755)
    for applet in APPLETS:
        archive.symlink(f"bin/{applet}", "busybox")
    modules = sorted((LIVE / "modules").iterdir())
    for module in modules:
        archive.file(f"modules/{module.name}", module.read_bytes())
    archive.file("modules.order", "".join(f"/modules/{module.name}\n" for module in modules))
    archive.file("init", (image.IMAGE / "init").read_bytes(), 0o755)
    archive.directory("seed/root/.ssh", 0o700)
    for path, (contents, mode) in seed.items():
        archive.file(f"seed/{path}", contents, mode)
    return archive.bytes()


def take_images():
    """Links the images into LIVE: the machines keep what they came up with, whatever is built meanwhile."""
    base = image.base()
    for source, name in ((base / "vmlinux", "vmlinux"), (base / "busybox", "busybox"),
                         (base / "root.sqsh", "base.sqsh"), (image.libvirt(), "libvirt.sqsh"),
                         (image.lab(), "lab.sqsh")):
        os.link(source, LIVE / name)
    shutil.copytree(base / "modules", LIVE / "modules", copy_function=os.link)


def _layers(node):
    has_libvirt = node.role == "host" and not BARE_HOSTS
    return ["base.sqsh", "libvirt.sqsh", "lab.sqsh"] if has_libvirt else ["base.sqsh", "lab.sqsh"]


def _argv(node):
    """QEMU's command line. Paths are relative to LIVE, where it runs."""
    layers = _layers(node)
    names = [f"vd{chr(ord('a') + index)}" for index in range(len(layers) + 1)]
    # tsc: the clock that there would be otherwise, the ACPI timer, is asked through QEMU, and by a system call.
    # norandmaps: QEMU translates a program anew when it is found at another address than the time before.
    kernel_words = ["console=ttyS0", "quiet", "panic=-1", "mitigations=off", "tsc=reliable", "norandmaps",
                    "net.ifnames=0",
                    f"lab.layers={','.join(names[:-1])}", f"lab.state={names[-1]}", f"lab.role={node.role}",
                    "systemd.show_status=0", "systemd.log_target=journal"]
    if node.peer_address:
        # Not enabled in the image: a machine without this interface would wait 90 s for it.
        kernel_words.append("systemd.wants=lab-net@peer0.service")
    argv = ["qemu-system-x86_64", "-name", node.name, "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", "pc,usb=off,vmport=off,hpet=off", "-accel", "tcg,thread=multi",
            "-cpu", "Nehalem", "-smp", str(node.processors),
            "-m", str(node.memory),
            "-kernel", "vmlinux", "-initrd", f"{node.name}.initrd",
            "-append", " ".join(kernel_words),
            "-chardev", f"file,id=console,path={node.name}.console,append=on", "-serial", "chardev:console",
            "-qmp", f"unix:{node.name}.qmp,server=on,wait=off",
            "-device", "virtio-rng-pci"]
    for layer in layers:
        argv += ["-drive", f"if=virtio,format=raw,readonly=on,file={layer}"]
    argv += ["-drive", f"if=virtio,format=raw,discard=unmap,file={node.name}.state"]
    for interface, mac, port in node.fc_ports:
        argv += _nic(interface, mac, f"stream,server=off,addr.type=unix,addr.path={port}.sock")
    argv += _nic("fc2", node.second_mac,
                 f"stream,server=off,addr.type=unix,addr.path={fabric.SECOND.place}/{node.name}.sock")
    argv += _nic("out0", node.out_mac, "user,restrict=on,hostfwd=tcp:127.0.0.1:0-:22")
    if node.peer_address:
        other = next(host for host in nodes.HOSTS if host != node)
        argv += _nic("peer0", node.peer_mac,
                     f"dgram,local.type=unix,local.path={node.name}.peer,"
                     f"remote.type=unix,remote.path={other.name}.peer")
    argv += ["-device", "virtio-serial-pci",
             "-chardev", f"file,id=ready,path={node.name}.ready,append=on",
             "-device", "virtserialport,chardev=ready,name=lab.ready"]
    if node.role == "target":
        argv += ["-device", "virtio-scsi-pci,id=luns"]
    return argv


def _nic(name, mac, backend):
    kind, _, options = backend.partition(",")
    return ["-netdev", f"{kind},id={name},{options}", "-device", f"virtio-net-pci,netdev={name},mac={mac},romfile="]


def start(node):
    """Powers a machine on. Returns where in its event file the news of this boot will begin."""
    offset = follow.size(events(node))
    for socket in (f"{node.name}.qmp", f"{node.name}.peer"):
        (LIVE / socket).unlink(missing_ok=True)
    daemon.start(node.name, _argv(node), LIVE / f"{node.name}.qemu.log")
    return offset


def wait_kernel(node, offset, timeout=60):
    """Waits until a machine that has power says something on its console behind `offset`. timeout in seconds."""
    follow.wait_line(console(node), bool, timeout, f"the first word of {node.name}'s kernel", offset)


def wait_restart(node, offset, timeout=180):
    """Waits until a kernel that reboots says its last word behind `offset` on the console. timeout in seconds."""
    follow.wait_line(console(node), lambda line: "reboot: Restarting system" in line, timeout,
                     f"{node.name} to shut down", offset)


def wait_ready(node, offset, timeout=300):
    """Waits until ssh works on a machine whose news of this boot begin at `offset`. timeout in seconds."""
    pidfd = daemon.pidfd(node.name)
    if pidfd is None:
        log = LIVE / f"{node.name}.qemu.log"
        raise LabError(f"the QEMU of {node.name} ended at once: {log.read_text().strip()[-400:]} (in {log})")
    try:
        follow.wait_line(events(node), lambda line: line.startswith("ready"), timeout,
                         f"{node.name} to boot (its console: {console(node)})", offset, pidfd)
    finally:
        os.close(pidfd)


def ssh_port(node):
    """The port on 127.0.0.1 that leads to the machine's sshd; the kernel chose it when QEMU started."""
    with qmp(node) as monitor:
        table = monitor.hmp("info usernet")
    match = re.search(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s", table)
    if not match:
        raise LabError(f"QEMU of {node.name} does not tell its forwarded port: {table}")
    return int(match.group(1))
