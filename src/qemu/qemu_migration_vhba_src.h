/*
 * qemu_migration_vhba_src.h: the source of a hand-over
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
#include "qemu_migration_vhba_cookie.h"
#include "qemu_vhba_nodedev.h"

int
qemuMigrationVHBASrcLend(virDomainObj *vm,
                         const qemuMigrationVHBACookie *cookie);

int
qemuMigrationVHBASrcSent(virDomainObj *vm);

void
qemuMigrationVHBASrcNotSent(virDomainObj *vm);

bool
qemuMigrationVHBASrcMayResume(virDomainObj *vm);

int
qemuMigrationVHBASrcCheckSettled(virDomainObj *vm);

int
qemuMigrationVHBASrcReclaim(virDomainObj *vm);

void
qemuMigrationVHBASrcGone(virDomainObj *vm);

bool
qemuMigrationVHBASrcDisown(virDomainObj *vm);

void
qemuMigrationVHBASrcGiveUp(virDomainObj *vm);

void
qemuMigrationVHBASrcConfirm(virDomainObj *vm,
                            int answer);

int
qemuMigrationVHBASrcExitFinish(virDomainObj *vm,
                               virDomainPtr ddomain,
                               unsigned int flags);

void
qemuMigrationVHBASrcConfirmLate(virDomainObj *vm,
                                int answer);

/* for settling and recovery */

int
qemuMigrationVHBASrcGiveUpRest(virConnectPtr conn,
                               qemuVHBANodedev *secondary);

int
qemuMigrationVHBASrcGiveUpPrimary(virConnectPtr conn,
                                  qemuVHBANodedev *primary);

int
qemuMigrationVHBASrcTakeBack(virConnectPtr conn,
                             qemuVHBANodedev *secondary);

int
qemuMigrationVHBASrcSettle(virConnectPtr conn,
                           virDomainObj *vm,
                           virDomainJobObj *job,
                           bool running);
