/*
 * node_device_vhba_autostart.h: vHBAs that start by themselves
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with this library.  If not, see
 * <http://www.gnu.org/licenses/>.
 */

#pragma once

#include "internal.h"
#include "libvirt_internal.h"
#include "node_device_fc_events.h"

/*
 * A vHBA that is to be started may have to wait: its HBA has not appeared yet,
 * the link is down, the fabric does not let it in. It is tried again whenever
 * something changes, and after a while anyway. Each has its own attempts, so
 * that none holds up another. While any is pending, the daemon stays.
 */
typedef struct _nodeDeviceVHBAAutostart nodeDeviceVHBAAutostart;

/* Attempts to start the vHBA @name. Returns 0 if there is nothing more to be
 * done for it, -1 with an error if it should be tried again. */
typedef int (*nodeDeviceVHBAAutostartFunc)(const char *name,
                                           void *opaque);

nodeDeviceVHBAAutostart *
nodeDeviceVHBAAutostartNew(nodeDeviceVHBAAutostartFunc start,
                           void *opaque,
                           nodeDeviceFCEvents *events,
                           virStateInhibitCallback inhibit,
                           void *inhibitOpaque);

void nodeDeviceVHBAAutostartAdd(nodeDeviceVHBAAutostart *autostart,
                                const char *name);

bool nodeDeviceVHBAAutostartCancel(nodeDeviceVHBAAutostart *autostart,
                                   const char *name);

void nodeDeviceVHBAAutostartHurry(nodeDeviceVHBAAutostart *autostart);

void nodeDeviceVHBAAutostartStop(nodeDeviceVHBAAutostart *autostart);

void nodeDeviceVHBAAutostartDrain(nodeDeviceVHBAAutostart *autostart);

void nodeDeviceVHBAAutostartFree(nodeDeviceVHBAAutostart *autostart);
