/*
 * node_device_vhba_store.h: definitions of vHBAs on disk
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

#include "node_device_conf.h"

/*
 * One directory holds the definitions of vHBAs, one file each:
 *
 *   <wwpn>.xml                 its definition
 *   autostart/<wwpn>.xml       link to it, if it is to be started by itself
 *
 * A function that changes something has it on disk when it returns: after a
 * power cut either the old or the new definition is there, whole. This is what
 * makes the <handover> mark in a definition a journal.
 *
 * A file that cannot be used, or that says more than this libvirt can keep, is
 * never changed.
 */
typedef struct _nodeDeviceVHBAStore nodeDeviceVHBAStore;

nodeDeviceVHBAStore *nodeDeviceVHBAStoreNew(const char *dir);

void nodeDeviceVHBAStoreFree(nodeDeviceVHBAStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(nodeDeviceVHBAStore, nodeDeviceVHBAStoreFree);

typedef void (*nodeDeviceVHBAStoreFound)(virNodeDeviceDef *def,
                                         bool autostart,
                                         void *opaque);

int nodeDeviceVHBAStoreLoad(nodeDeviceVHBAStore *store,
                            nodeDeviceVHBAStoreFound found,
                            void *opaque);

int nodeDeviceVHBAStorePrepareNew(nodeDeviceVHBAStore *store,
                                  const char *wwpn);

int nodeDeviceVHBAStoreSave(nodeDeviceVHBAStore *store,
                            const virNodeDeviceDef *def);

int nodeDeviceVHBAStoreRemove(nodeDeviceVHBAStore *store,
                              const char *wwpn);

int nodeDeviceVHBAStoreSetAutostart(nodeDeviceVHBAStore *store,
                                    const char *wwpn,
                                    bool autostart);
