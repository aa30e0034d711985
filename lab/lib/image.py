# SPDX-License-Identifier: LGPL-2.1-or-later
"""The disks that a VM boots from, made once and kept under a name made of their inputs.

    base      Debian: kernel, systemd, ssh, QEMU          rebuilt when its list of packages changes
    libvirt   what `meson install` wrote, stripped        rebuilt when libvirt was
    lab       our own units and scripts                   rebuilt when they change

Later ones lie over earlier ones. Needs no root: mmdebstrap works in a user namespace.
"""

import lzma
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

from . import aptconf, digest, elf, squashfs, units
from .paths import IMAGES, LAB, LIBVIRT_ROOT
from .say import LabError, say

IMAGE = LAB / "image"
# What a distribution starts on a host: the services at boot, their sockets with them.
LIBVIRT_UNITS = ("virtlogd.socket", "virtnodedevd.service", "virtqemud.service")
LAB_UNITS = ("lab-net@out0.service", "lab-fc.service", "lab-target.service", "lab-ready.service")
LIBVIRT_PARTS = ("etc", "usr/bin", "usr/lib", "usr/lib64", "usr/libexec", "usr/sbin", "usr/share/libvirt",
                 "var/cache", "var/lib", "var/log")


def words(name):
    """The lines of a list file under lab/image."""
    return (IMAGE / name).read_text().split()


def base():
    """The directory of the base image: root.sqsh, vmlinux, and modules and busybox for the initramfs."""
    packages = sorted({*words("packages"), *_libvirt_packages(), *os.environ.get("LAB_PACKAGES", "").split()})
    recipe = [(IMAGE / name).read_bytes() for name in ("dpkg.cfg", "customize", "boot-modules")]
    home = IMAGES / f"base-{digest.of(aptconf.codename(), *packages, *recipe)}"
    if not home.exists():
        _make(home, lambda directory: _make_base(directory, packages))
    return home


def _libvirt_packages():
    """The packages of the libraries that libvirt loads; worked out once for each build of it."""
    answer = IMAGES / f"libvirt-{digest.of_tree(LIBVIRT_ROOT)}.packages"
    if not answer.exists():
        packages = elf.packages(LIBVIRT_ROOT)
        IMAGES.mkdir(parents=True, exist_ok=True)
        _forget_others("libvirt-*.packages")
        partial = answer.with_suffix(".partial")
        partial.write_text("\n".join(packages) + "\n")
        partial.rename(answer)
    return answer.read_text().split()


def _make(home, recipe):
    """Runs recipe(directory) and gives the directory its name only when it is complete."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    partial = pathlib.Path(tempfile.mkdtemp(prefix=home.name + ".", dir=IMAGES))
    try:
        recipe(partial)
        os.rename(partial, home)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _make_base(directory, packages):
    say(f"making the base image of {len(packages)} Debian packages and what they need (some minutes, once)")
    tar = directory / "root.tar"
    _debootstrap(tar, directory, packages)
    with tarfile.open(tar) as archive:
        _extract_boot_files(archive, directory)
    squashfs.from_tar(tar, directory / "root.sqsh")
    tar.unlink()


def _debootstrap(tar, directory, packages):
    (directory / "sources.list").write_text("\n".join(aptconf.sources()) + "\n")
    # Lists, archive and hook go by descriptors and arguments: in a user namespace mmdebstrap works as somebody
    # who may not be allowed into this directory.
    argv = ["mmdebstrap", "--variant=minbase", "--format=tar", "--include=" + ",".join(packages),
            *(f"--aptopt={option}" for option in aptconf.options()),
            *(f"--dpkgopt={line}" for line in (IMAGE / "dpkg.cfg").read_text().splitlines() if line[0] != "#"),
            f"--customize-hook={(IMAGE / 'customize').read_text()}",
            aptconf.codename(), "-", "-"]
    log = IMAGES / "mmdebstrap.log"
    try:
        with open(tar, "wb") as out, open(log, "wb") as err, open(directory / "sources.list", "rb") as sources:
            done = subprocess.run(argv, stdin=sources, stdout=out, stderr=err, check=False)
    except FileNotFoundError:
        raise LabError("mmdebstrap is missing; install what lab/packages lists") from None
    if done.returncode != 0:
        raise LabError(f"mmdebstrap could not make the base image; its log is {log}")


def _extract_boot_files(archive, directory):
    """vmlinux, and what the initramfs holds: busybox and, numbered in order of loading, modules."""
    members = {member.name.removeprefix("./"): member for member in archive}

    def read(name):
        return archive.extractfile(members[name]).read()

    kernel = next(name for name in members if name.startswith("boot/vmlinuz-"))
    version = kernel.removeprefix("boot/vmlinuz-")
    (directory / "vmlinux").write_bytes(_unpack_kernel(read(kernel)))
    (directory / "busybox").write_bytes(read("usr/bin/busybox" if "usr/bin/busybox" in members else "bin/busybox"))
    tree = next(name for name in members if name.endswith(f"lib/modules/{version}/modules.dep"))
    top = tree.removesuffix("modules.dep")
    (directory / "modules").mkdir()
    for number, path in enumerate(_load_order(read(tree).decode(), words("boot-modules"))):
        (directory / "modules" / f"{number:02}-{os.path.basename(path)}").write_bytes(read(top + path))


def _unpack_kernel(bzimage):
    """The ELF file inside a bzImage: QEMU starts it directly, and nothing has to be unpacked in emulation."""
    start = bzimage.find(b"\xfd7zXZ\0")
    if start < 0:
        raise LabError("the Debian kernel is not compressed with xz any more; teach lab/lib/image.py its format")
    return lzma.LZMADecompressor().decompress(bzimage[start:])


def _load_order(modules_dep, wanted):
    """Paths of the wanted modules and of all that they need, each after what it needs."""
    needs = {}
    for line in modules_dep.splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
    paths = {os.path.basename(path).split(".")[0].replace("-", "_"): path for path in needs}
    order = []

    def add(path):
        for need in reversed(needs[path]):
            add(need)
        if path not in order:
            order.append(path)

    for name in wanted:
        add(paths[name])
    return order


def libvirt():
    """The image of the libvirt under LIBVIRT_ROOT."""
    symbols = os.environ.get("LAB_SYMBOLS", "")
    image = IMAGES / f"libvirt-{digest.of(digest.of_tree(LIBVIRT_ROOT), ' '.join(LIBVIRT_UNITS), symbols)}.sqsh"
    if not image.exists():
        say(f"making the libvirt image of {LIBVIRT_ROOT}")
        IMAGES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=IMAGES) as scratch:
            root = pathlib.Path(scratch)
            for part in LIBVIRT_PARTS:
                if (LIBVIRT_ROOT / part).exists():
                    shutil.copytree(LIBVIRT_ROOT / part, root / part, symlinks=True)
            if not symbols:
                elf.strip(root)
            for unit in LIBVIRT_UNITS:
                units.enable(root, unit)
            root.chmod(0o755)
            _forget_others("libvirt-*.sqsh")
            squashfs.from_directory(root, image)
    return image


def lab():
    """The image of lab/image/rootfs, and of stop.so."""
    tree = IMAGE / "rootfs"
    contents = [f"{path.relative_to(tree)}\n{path.read_text()}" for path in sorted(tree.rglob("*")) if path.is_file()]
    recipe = [*LAB_UNITS, *words("masked-units"), (IMAGE / "stop.c").read_text()]
    image = IMAGES / f"lab-{digest.of(*contents, *recipe)}.sqsh"
    if not image.exists():
        IMAGES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=IMAGES) as scratch:
            root = pathlib.Path(scratch, "root")
            shutil.copytree(tree, root)
            for unit in LAB_UNITS:
                units.enable(root, unit)
            for unit in words("masked-units"):
                units.mask(root, unit)
            _compile_stop(root / "usr/lib/lab/stop.so")
            _forget_others("lab-*.sqsh")
            squashfs.from_directory(root, image)
    return image


def _compile_stop(target):
    """stop.so runs there with the C library of the release that runs here."""
    done = subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", target,
                           IMAGE / "stop.c"], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"lab/image/stop.c does not compile:\n{done.stderr}")


def _forget_others(pattern):
    """Removes earlier images of a kind. A running VM keeps the one that it has open."""
    for old in IMAGES.glob(pattern):
        old.unlink(missing_ok=True)
