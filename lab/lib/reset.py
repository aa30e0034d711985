# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab made clean: no LUNs, no domains, no vHBAs, all links up, whatever happened before.

A machine that cannot be made clean in time loses its power and comes up again. It is the target that needs it: when an
initiator loses its power in the middle of a write, tcm_fc forgets the command whose data will never come (ft_recv_seq),
and LIO waits for it for ever before it lets go of the LUN.
"""

from concurrent import futures

from . import cluster, crashes, daemon, fabric, nodes, ssh, target, vm
from .say import LabTimeout, say

# Leaves a host without domains and vHBAs, even one on which a scenario failed half-way.
CLEAN_HOST = crashes.FORGET + r"""
command -v virsh > /dev/null || exit 0  # a bare host
known() {
    virsh -q 'list --all --name; nodedev-list --cap fc_host --all'
}
has_vhba() {
    case $1 in *vhba_*) ;; *) false;; esac
}
first=$(known)
for name in $first; do  # the domains come first
    case $name in
        scsi_*) ;;
        vhba_*) virsh -q "nodedev-destroy $name; nodedev-undefine $name" || true;;
        *) virsh -q "destroy $name; undefine $name" || true;;
    esac
done
# What a domain leaves that died with its daemon, or with its host: nobody else takes it away.
rm -rf /var/lib/libvirt/qemu/domain-*
if ls /etc/libvirt/nodedev/vhba/*.xml* > /dev/null 2>&1 || { has_vhba "$first" && has_vhba "$(known)"; }; then
    systemctl stop virtnodedevd.service
    rm -rf /etc/libvirt/nodedev/vhba /run/libvirt/vhba
    systemctl start virtnodedevd.service
fi
if [ -e /etc/multipath.conf ]; then
    /usr/lib/lab/multipath down || true
fi
for vport in /sys/class/fc_vports/*/vport_delete; do
    test ! -e "$vport" || echo 1 > "$vport" || true
done
rm -f /var/log/libvirt/*.console
test -e /sys/class/net/fc0/ctlr_* || /usr/lib/lab/fc-up fc0
! test -e /sys/class/net/fc2/ctlr_* || echo fc2 > /sys/bus/fcoe/ctlr_destroy
"""


def clean(note=say):
    """Makes the lab as it was when it came up; gives power to what has none, or has not come up.

    note: told what did not go as it should have.
    """
    for node in nodes.NODES.values():
        if cluster.is_up(node.name) or not vm.events(node).exists():
            continue
        if daemon.pid(node.name):
            cluster.kill(node.name)
        cluster.start(node.name)
    for each in fabric.ALL:
        each.reset()
    with futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda node: _clean_host(node, note), (node for node in nodes.HOSTS if daemon.pid(node.name))))
    _clear_target(note)


def _clean_host(node, note):
    try:
        done = _run_clean(node)
    except LabTimeout as stuck:
        note(f"{stuck}; {node.name} gets power again")
        cluster.kill(node.name)
        cluster.start(node.name)
        done = _run_clean(node)
    if done.returncode != 0:
        note(f"{node.name} could not be made clean: {done.stderr.strip()}")


def _run_clean(node):
    return ssh.run(node.name, ["sh", "-c", CLEAN_HOST], timeout=180)


def _clear_target(note):
    try:
        target.clear()
    except LabTimeout as stuck:
        note(f"{stuck}: done, without LUNs")
        cluster.kill(nodes.TARGET.name)
        target.forget()
        cluster.start(nodes.TARGET.name)
