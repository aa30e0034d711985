# SPDX-License-Identifier: LGPL-2.1-or-later
"""`systemctl enable` and `mask` on a tree that is not running."""

UNIT_DIRECTORIES = ("usr/lib/systemd/system", "etc/systemd/system")


def _find(root, unit):
    """The file of a unit; that of the template for NAME@INSTANCE.service."""
    name, at, rest = unit.partition("@")
    file = f"{name}@.{rest.rpartition('.')[2]}" if at else unit
    for directory in UNIT_DIRECTORIES:
        if (root / directory / file).exists():
            return root / directory / file
    raise FileNotFoundError(f"{root} has no unit {file}")


def _install(path):
    """The words of each key of a unit file's [Install] section."""
    section, words = "", {}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif section == "Install" and "=" in line:
            key, _, value = line.partition("=")
            words.setdefault(key, []).extend(value.split())
    return words


def enable(root, unit, done=None):
    """Enables a unit and those that its Also= names."""
    done = set() if done is None else done
    if unit in done:
        return
    done.add(unit)
    path = _find(root, unit)
    install = _install(path)
    for kind in ("WantedBy", "RequiredBy"):
        for wanter in install.get(kind, ()):
            suffix = "wants" if kind == "WantedBy" else "requires"
            link = root / "etc/systemd/system" / f"{wanter}.{suffix}" / unit
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to("/" + str(path.relative_to(root)))
    for other in install.get("Also", ()):
        enable(root, other, done)


def mask(root, unit):
    link = root / "etc/systemd/system" / unit
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to("/dev/null")
