# SPDX-License-Identifier: LGPL-2.1-or-later
"""What virtqemud says about vHBAs, as docs/kbase/migration-npiv.rst tells an administrator to have it."""

import contextlib

CONFIG = "/etc/libvirt/virtqemud.conf"
LOG = ('log_filters = "2:qemu.qemu_vhba 2:qemu.qemu_migration_vhba"', 'log_outputs = "2:journald"')


@contextlib.contextmanager
def kept(*hosts):
    """virtqemud of the hosts logs what it does with vHBAs; it is restarted for that, guests run on."""
    for host in hosts:
        host.run("tee", "-a", CONFIG, stdin="\n".join(LOG) + "\n")
        host.run("systemctl", "restart", "virtqemud.service")
    try:
        yield
    finally:
        for host in hosts:
            host.shell(f"sed -i '/^log_/d' {CONFIG}; systemctl restart virtqemud.service")


def of(host):
    """All that virtqemud of a host has logged since the host was booted."""
    return host.run("journalctl", "--no-pager", "--boot", "--output=cat", "--unit=virtqemud.service")
