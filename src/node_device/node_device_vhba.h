/*
 * node_device_vhba.h: persistent vHBAs
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

#include "libvirt_internal.h"
#include "node_device_fc_events.h"
#include "virnodedeviceobj.h"

/*
 * A persistent vHBA is one node device, vhba_<wwpn>, whether it is active or
 * not. Its definition is kept here and on disk; the rest of the driver asks
 * for it when the device comes and goes.
 */
typedef struct _nodeDeviceVHBAs nodeDeviceVHBAs;

/* Life of the driver. All but New take NULL. */

nodeDeviceVHBAs *nodeDeviceVHBAsNew(virNodeDeviceDriverState *driver,
                                    const char *dir,
                                    virStateInhibitCallback inhibit,
                                    void *inhibitOpaque);

int nodeDeviceVHBAsInit(virNodeDeviceDriverState *driver,
                        bool privileged,
                        virStateInhibitCallback inhibit,
                        void *inhibitOpaque);

void nodeDeviceVHBAsAutostart(nodeDeviceVHBAs *vhbas);

nodeDeviceFCEvents *nodeDeviceVHBAsGetFCEvents(nodeDeviceVHBAs *vhbas);

void nodeDeviceVHBAsStop(nodeDeviceVHBAs *vhbas);

void nodeDeviceVHBAsDrain(nodeDeviceVHBAs *vhbas);

void nodeDeviceVHBAsFree(nodeDeviceVHBAs *vhbas);

/* What the public API does for vHBAs. Functions that take an object by address
 * release it and set it to NULL, since they wait. */

virNodeDeviceObj *nodeDeviceVHBAFindByHostName(nodeDeviceVHBAs *vhbas,
                                               const char *name);

char *nodeDeviceVHBADefine(nodeDeviceVHBAs *vhbas,
                           virNodeDeviceDef *def);

int nodeDeviceVHBAUpdate(nodeDeviceVHBAs *vhbas,
                         virNodeDeviceObj **obj,
                         const char *xml,
                         unsigned int flags);

int nodeDeviceVHBAUndefine(nodeDeviceVHBAs *vhbas,
                           virConnectPtr conn,
                           virNodeDeviceObj **obj);

int nodeDeviceVHBASetAutostart(nodeDeviceVHBAs *vhbas,
                               virNodeDeviceObj **obj,
                               bool autostart);

int nodeDeviceVHBAStart(nodeDeviceVHBAs *vhbas,
                        virConnectPtr conn,
                        virNodeDeviceObj **obj);

int nodeDeviceVHBADestroy(nodeDeviceVHBAs *vhbas,
                          virNodeDeviceObj **obj);

bool nodeDeviceVHBAIsDeleting(nodeDeviceVHBAs *vhbas,
                              const char *name);

virNodeDevicePtr nodeDeviceVHBACreateTransient(nodeDeviceVHBAs *vhbas,
                                               virNodeDeviceObjList *devs,
                                               virConnectPtr conn,
                                               virNodeDeviceDef *def);

/* What udev tells. */

void nodeDeviceVHBASetName(nodeDeviceVHBAs *vhbas,
                           virNodeDeviceDef *def);

bool nodeDeviceVHBAIsStale(const virNodeDeviceDef *def);

void nodeDeviceVHBAAdded(nodeDeviceVHBAs *vhbas,
                         virNodeDeviceObj *obj);

void nodeDeviceVHBARemoved(nodeDeviceVHBAs *vhbas,
                           virNodeDeviceDef *def);

void nodeDeviceVHBAsChanged(nodeDeviceVHBAs *vhbas,
                            bool newHBA);

void nodeDeviceVHBAsLinkUp(nodeDeviceVHBAs *vhbas);

void nodeDeviceVHBAsOtherDevice(nodeDeviceVHBAs *vhbas,
                                const char *subsystem,
                                const char *name);
