/*
 * qemu_migration_vhba_journal.h: what bears a mark of a hand-over
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

#include "qemu_conf.h"
#include "qemu_domain.h"
#include "qemu_vhba_nodedev.h"
#include "viridentity.h"

/*
 * The journal of a hand-over is the marks in the definitions of the vHBAs, see
 * qemu_vhba_nodedev.h. It is read by taking a step for each that has a mark.
 */

/* Returns 0 on success, -1 with an error reported if the vHBA stays as it is. */
typedef int
(*qemuMigrationVHBAJournalStep)(virConnectPtr conn,
                                qemuVHBANodedev *vhba);

/* Returns 1 or 0, or -1 with an error reported if that cannot be told. */
typedef int
(*qemuMigrationVHBAJournalTest)(virConnectPtr conn,
                                const qemuVHBANodedev *vhba);

virIdentity *
qemuMigrationVHBAAuthorityTake(void);

virConnectPtr
qemuMigrationVHBAJournalOpen(virDomainObj *vm);

/* Does what the journal of @vm tells, as far as it has not been done, or finds
 * something out of it. Returns 0 on success, or the answer, which is 0 or 1; -1 with
 * an error reported if something is left, or cannot be told. */
typedef int
(*qemuMigrationVHBAJournalWork)(virConnectPtr conn,
                                virDomainObj *vm,
                                const void *opaque);

int
qemuMigrationVHBAJournalDo(virDomainObj *vm,
                           qemuMigrationVHBAJournalWork work,
                           const void *opaque);

int
qemuMigrationVHBAJournalForEach(virConnectPtr conn,
                                virQEMUDriver *driver,
                                virNodeDevVHBAHandover mark,
                                const char *domain,
                                bool primary,
                                qemuMigrationVHBAJournalStep step);

int
qemuMigrationVHBAJournalForDomain(virConnectPtr conn,
                                  virNodeDevVHBAHandover mark,
                                  const char *domain,
                                  bool primary,
                                  qemuMigrationVHBAJournalStep step);

int
qemuMigrationVHBAJournalForJob(virConnectPtr conn,
                               virDomainObj *vm,
                               virNodeDevVHBAHandover mark,
                               bool primary,
                               qemuMigrationVHBAJournalStep step);

int
qemuMigrationVHBAJournalHas(virConnectPtr conn,
                            virDomainObj *vm,
                            virNodeDevVHBAHandover mark,
                            bool primary);

int
qemuMigrationVHBAJournalAny(virConnectPtr conn,
                            virNodeDevVHBAHandover mark,
                            const char *domain,
                            const char *migration,
                            bool primary,
                            qemuMigrationVHBAJournalTest test);

int
qemuMigrationVHBAJournalUnmark(virConnectPtr conn,
                               qemuVHBANodedev *vhba);
