# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of Debian's Python binding that hears of node devices, and says so as `virsh nodedev-event` does."""

# Argument: a URI. As a service of systemd it tells when it has begun to listen.
SCRIPT = r"""
import os, socket, sys, libvirt

EVENTS = ("Created", "Deleted", "Defined", "Undefined")

def lifecycle(conn, device, event, detail, opaque):
    print(f"event 'lifecycle' for node device {device.name()}: {EVENTS[event]}", flush=True)

def update(conn, device, opaque):
    print(f"event 'update' for node device {device.name()}", flush=True)

libvirt.virEventRegisterDefaultImpl()
print(f"libvirt {libvirt.getVersion()}", flush=True)
conn = libvirt.open(sys.argv[1])
conn.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, lifecycle, None)
conn.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_UPDATE, update, None)
if "NOTIFY_SOCKET" in os.environ:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect(os.environ["NOTIFY_SOCKET"])
        notify.send(b"READY=1")
while True:
    libvirt.virEventRunDefaultImpl()
"""
