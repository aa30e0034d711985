# SPDX-License-Identifier: LGPL-2.1-or-later
"""What virtqemud says about vHBAs, as docs/kbase/migration-npiv.rst tells an administrator to have it."""

import contextlib

CONFIG = "/etc/libvirt/virtqemud.conf"
LOG = ('log_filters = "2:qemu.qemu_vhba 2:qemu.qemu_migration_vhba"', 'log_outputs = "2:journald"')
READ = ("journalctl", "--no-pager", "--quiet", "--output=cat")


@contextlib.contextmanager
def kept(*hosts):
    """virtqemud of the hosts logs what it does with vHBAs; it is restarted for that, guests run on.

    Yields a function of a host: all that its virtqemud has logged since.
    """
    cursors = {host: host.run(*READ, "--lines=0", "--show-cursor").strip().removeprefix("-- cursor: ")
               for host in hosts}
    for host in hosts:
        host.run("tee", "-a", CONFIG, stdin="\n".join(LOG) + "\n")
        host.run("systemctl", "restart", "virtqemud.service")
    try:
        yield lambda host: host.run(*READ, "--unit=virtqemud.service", f"--after-cursor={cursors[host]}")
    finally:
        for host in hosts:
            host.shell(f"sed -i '/^log_/d' {CONFIG}; systemctl restart virtqemud.service")
