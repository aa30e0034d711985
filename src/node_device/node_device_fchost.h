/*
 * node_device_fchost.h: keeps what FC hosts tell of themselves fresh
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

#include "virnodedeviceobj.h"

/*
 * What the node devices of HBAs and vHBAs tell (see node_device_fchost_conf.h)
 * changes without the devices coming or going. It is read anew when udev or
 * the FC transport tells of an occasion, and when a client asks for the XML; if
 * it has changed, clients get an "update" event.
 */
typedef struct _nodeDeviceFCHosts nodeDeviceFCHosts;

/* Looks up PCI IDs; sets the names, to be freed by the caller, or NULL. */
typedef void (*nodeDeviceFCHostPCINamesFunc)(unsigned int vendor,
                                             unsigned int product,
                                             char **vendorName,
                                             char **productName);

/* Life of the driver. Those that return nothing take NULL. */

nodeDeviceFCHosts *nodeDeviceFCHostsNew(virNodeDeviceDriverState *driver,
                                        nodeDeviceFCHostPCINamesFunc names);

int nodeDeviceFCHostsInit(virNodeDeviceDriverState *driver,
                          nodeDeviceFCHostPCINamesFunc names);

void nodeDeviceFCHostsStop(nodeDeviceFCHosts *fchosts);

void nodeDeviceFCHostsFree(nodeDeviceFCHosts *fchosts);

/* What udev tells. */

void nodeDeviceFCHostAdded(nodeDeviceFCHosts *fchosts,
                           virNodeDeviceObj *obj);

void nodeDeviceFCHostRemoved(nodeDeviceFCHosts *fchosts,
                             virNodeDeviceDef *def);

void nodeDeviceFCHostsOtherDevice(nodeDeviceFCHosts *fchosts,
                                  const char *subsystem,
                                  const char *sysname);

/* What clients ask for. */

void nodeDeviceFCHostRefresh(nodeDeviceFCHosts *fchosts,
                             virNodeDeviceObj *obj);
