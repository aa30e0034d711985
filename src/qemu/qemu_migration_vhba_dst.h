/*
 * qemu_migration_vhba_dst.h: the destination of a hand-over decides
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

#include "qemu_domain.h"
#include "qemu_vhba_nodedev.h"

bool
qemuMigrationVHBADstIsStopped(virDomainObj *vm)
    G_NO_INLINE;

int
qemuMigrationVHBADstCommit(virDomainObj *vm,
                           bool noWayBack);

int
qemuMigrationVHBADstRevoke(virDomainObj *vm);

bool
qemuMigrationVHBADstMayRefuse(virDomainObj *vm,
                              bool noWayBack);

bool
qemuMigrationVHBADstGoOn(virQEMUDriver *driver,
                         virDomainObj *vm,
                         const virDomainJobObj *job);

/* for settling and recovery */

int
qemuMigrationVHBADstRevokePartial(virConnectPtr conn,
                                  qemuVHBANodedev *idle);

int
qemuMigrationVHBADstLetInDecided(virConnectPtr conn,
                                 qemuVHBANodedev *vhba);

int
qemuMigrationVHBADstForget(virConnectPtr conn,
                           qemuVHBANodedev *vhba);

int
qemuMigrationVHBADstSettle(virConnectPtr conn,
                           virDomainObj *vm,
                           bool running);
