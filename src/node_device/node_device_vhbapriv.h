/*
 * node_device_vhbapriv.h: what the files of persistent vHBAs share
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

#ifndef LIBVIRT_NODE_DEVICE_VHBAPRIV_H_ALLOW
# error "node_device_vhbapriv.h may only be included by node_device_vhba*.c"
#endif /* LIBVIRT_NODE_DEVICE_VHBAPRIV_H_ALLOW */

#pragma once

#include "node_device_vhba.h"
#include "node_device_vhba_autostart.h"
#include "node_device_vhba_store.h"
#include "virthread.h"

/* A definition, in memory. */
typedef struct _nodeDeviceVHBAEntry nodeDeviceVHBAEntry;
struct _nodeDeviceVHBAEntry {
    virNodeDeviceDef *def;
    bool autostart;
};

struct _nodeDeviceVHBAs {
    /* immutable */
    nodeDeviceVHBAStore *store;
    char *namesDir;     /* see nodeDeviceVHBAKeepName */
    char *destroyedDir; /* see nodeDeviceVHBASetDestroyed */
    virNodeDeviceObjList *devs;
    virObjectEventState *events;
    nodeDeviceFCEvents *fcEvents;
    nodeDeviceVHBAAutostart *autostart;

    /* Held while definitions change, on disk and here. Taken before any
     * object is locked. */
    virMutex defineLock;

    /* Guards all that follows. Taken after an object is locked, if one is. */
    virMutex lock;
    GHashTable *entries;    /* name -> nodeDeviceVHBAEntry */
    GHashTable *busy;       /* name of one being started or destroyed -> NULL, or not
                             * if its vport is to be deleted */
    unsigned int changes;   /* counts what @changed tells */
    virCond changed;        /* a vHBA came or went, or is not busy any more */
    bool enumerated;        /* udev has told of all that was there at first */
    bool stopping;          /* the driver stops: udev tells of nothing more */
};

/* node_device_vhba.c: the definitions in memory */

void nodeDeviceVHBASetEntry(nodeDeviceVHBAs *vhbas,
                            virNodeDeviceDef *def,
                            bool autostart);

bool nodeDeviceVHBAGetEntry(nodeDeviceVHBAs *vhbas,
                            const char *name,
                            virNodeDeviceDef **def,
                            bool *autostart);

void nodeDeviceVHBAQueueEvent(nodeDeviceVHBAs *vhbas,
                              const char *name,
                              virNodeDeviceEventLifecycleType type);

/* node_device_vhba_define.c */

int nodeDeviceVHBADoDefine(nodeDeviceVHBAs *vhbas,
                           virNodeDeviceDef *def);

int nodeDeviceVHBADoUndefine(nodeDeviceVHBAs *vhbas,
                             const char *name);

int nodeDeviceVHBAUpdateDevice(nodeDeviceVHBAs *vhbas,
                               const virNodeDeviceDef *def,
                               bool autostart);

/* node_device_vhba_lent.c */

typedef int (*nodeDeviceVHBAEnsureACL)(virConnectPtr conn,
                                       virNodeDeviceDef *def);

int nodeDeviceVHBACheckLentAccess(nodeDeviceVHBAs *vhbas,
                                  virConnectPtr conn,
                                  const char *name,
                                  nodeDeviceVHBAEnsureACL ensure);

int nodeDeviceVHBACheckHandover(nodeDeviceVHBAs *vhbas,
                                const virNodeDeviceDef *def);

int nodeDeviceVHBATakeBack(nodeDeviceVHBAs *vhbas,
                           const virNodeDeviceDef *def);

int nodeDeviceVHBAGiveUp(nodeDeviceVHBAs *vhbas,
                         const char *name);

/* node_device_vhba_note.c */

void nodeDeviceVHBAKeepName(nodeDeviceVHBAs *vhbas,
                            const char *name);

void nodeDeviceVHBAForgetName(nodeDeviceVHBAs *vhbas,
                              const char *name);

bool nodeDeviceVHBAKeepsName(nodeDeviceVHBAs *vhbas,
                             const char *name);

void nodeDeviceVHBASetDestroyed(nodeDeviceVHBAs *vhbas,
                                const char *name);

void nodeDeviceVHBAClearDestroyed(nodeDeviceVHBAs *vhbas,
                                  const char *name);

bool nodeDeviceVHBAIsDestroyed(nodeDeviceVHBAs *vhbas,
                               const char *name);

/* node_device_vhba_start.c */

int nodeDeviceVHBADoStart(nodeDeviceVHBAs *vhbas,
                          const char *name);

int nodeDeviceVHBADoDestroy(nodeDeviceVHBAs *vhbas,
                            const char *name,
                            const char *wwpn);

/* node_device_vhba_transient.c */

int nodeDeviceVHBACheckTransient(nodeDeviceVHBAs *vhbas,
                                 virNodeDeviceDef *def);

virNodeDevicePtr nodeDeviceVHBAAwaitTransient(nodeDeviceVHBAs *vhbas,
                                              virConnectPtr conn,
                                              const char *wwnn,
                                              const char *wwpn);

/* node_device_vhba_wait.c */

bool nodeDeviceVHBAIsActive(nodeDeviceVHBAs *vhbas,
                            const char *name);

bool nodeDeviceVHBAIsInactive(nodeDeviceVHBAs *vhbas,
                              const char *name);

int nodeDeviceVHBAWaitActive(nodeDeviceVHBAs *vhbas,
                             const char *name);

int nodeDeviceVHBAWaitInactive(nodeDeviceVHBAs *vhbas,
                               const char *name);

int nodeDeviceVHBABegin(nodeDeviceVHBAs *vhbas,
                        const char *name);

void nodeDeviceVHBAEnd(nodeDeviceVHBAs *vhbas,
                       const char *name);

void nodeDeviceVHBASetDeleting(nodeDeviceVHBAs *vhbas,
                               const char *name);
