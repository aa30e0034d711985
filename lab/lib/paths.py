# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where things are. Everything that the lab writes is under BUILD; what one running lab writes is under LIVE."""

import os
import pathlib

LAB = pathlib.Path(__file__).resolve().parents[1]
TOP = LAB.parent
BUILD = pathlib.Path(os.environ.get("LAB_BUILD", TOP / "build" / "lab")).resolve()
IMAGES = BUILD / "images"  # built once, kept
LIVE = BUILD / os.environ.get("LAB_LIVE", "live")  # sockets, disks and logs of the running lab; gone after `down`
RUNS = BUILD / "run"  # logs of failed scenarios

# What `meson install` wrote with DESTDIR: the libvirt that the hosts run.
LIBVIRT_ROOT = pathlib.Path(os.environ.get("LAB_LIBVIRT_ROOT", TOP / "build" / "root")).resolve()

# Whether the hosts have no libvirt at all, for scenarios that install one.
BARE_HOSTS = bool(os.environ.get("LAB_BARE"))
