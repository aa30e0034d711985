# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemons of the bare release, on a host of the lab: what `make pristine` has built, in a place of their own."""

from .paths import TOP
from .say import LabError

BUILT = TOP / "build" / "pristine" / "root"
THERE = "/opt/pristine"

# The environment of the bare release: none of its parts is to be mixed with the other's.
ENVIRONMENT = (f"LD_LIBRARY_PATH={THERE}/lib", f"LIBVIRT_DRIVER_DIR={THERE}/drivers",
               f"LIBVIRT_STORAGE_BACKEND_DIR={THERE}/backends", f"LIBVIRT_STORAGE_FILE_DIR={THERE}/none")


def bring(host, parts=(".",)):
    """Puts programs and libraries on a host; parts: which of build/pristine/root."""
    if not BUILT.exists():
        raise LabError(f"{BUILT} is missing; `make pristine` makes it")
    host.put(THERE, {part: BUILT / part for part in parts})


def use(host, *daemons):
    """Restarts daemons as those of the bare release."""
    for daemon in daemons:
        directory = f"/run/systemd/system/{daemon}.service.d"
        host.run("mkdir", "-p", directory)
        host.run("tee", f"{directory}/pristine.conf", stdin="\n".join((
            "[Service]", "Type=notify", *(f"Environment={word}" for word in ENVIRONMENT),
            "ExecStart=", f"ExecStart={THERE}/bin/{daemon}", "")))
    restart(host, *daemons)


def use_installed(host, *daemons):
    """Restarts daemons as those under test."""
    host.shell(f"for daemon in {' '.join(daemons)}; do rm -rf /run/systemd/system/$daemon.service.d; done")
    restart(host, *daemons)


def restart(host, *daemons):
    host.shell(f"systemctl daemon-reload; systemctl restart {' '.join(f'{daemon}.service' for daemon in daemons)}")


def programs(host, *daemons):
    """The paths of what runs."""
    script = 'for daemon; do readlink /proc/$(systemctl show --property=MainPID --value $daemon.service)/exe; done'
    return host.run("sh", "-ec", script, "sh", *daemons).split()
