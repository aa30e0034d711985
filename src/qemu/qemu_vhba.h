/*
 * qemu_vhba.h: disks behind a Fibre Channel vHBA
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

#include "domain_conf.h"
#include "snapshot_conf.h"
#include "virfchost.h"
#include "virfclun.h"

/* For whom a source is resolved */
typedef struct _qemuVHBAUser qemuVHBAUser;
struct _qemuVHBAUser {
    char *name; /* of the domain */
    char uuid[VIR_UUID_STRING_BUFLEN];
    bool incoming; /* it is on its way to this host */
    bool pretend; /* it will not run: nothing may be changed for it */
};

unsigned int
qemuVHBAGetLunTimeout(virDomainObj *vm);

virFCLun *
qemuVHBAFindPathOn(const virFCHost *fchost,
                   const char *path);

int
qemuVHBAResolveSource(virStorageSource *src,
                      const qemuVHBAUser *user,
                      unsigned int timeout);

int
qemuVHBAResolveChain(virDomainObj *vm,
                     virStorageSource *src,
                     bool pretend);

void
qemuVHBAReconnect(virDomainObj *vm);

void
qemuVHBAReleaseSource(virDomainObj *vm,
                      virStorageSource *src,
                      bool chain);

int
qemuVHBACheckOfflineSnapshot(virDomainDiskDef *disk,
                             virStorageSource *image);

void
qemuVHBAReleaseSnapshot(virDomainObj *vm,
                        virDomainSnapshotDef *def);

void
qemuVHBAReleaseDomain(virDomainObj *vm);
