/*
 * qemu_migration_offline.c: offline migration without its client
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

#include <config.h>

#include "qemu_migration_offline.h"

#include "qemu_domain.h"
#include "qemu_migration.h"
#include "qemu_migration_forget.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_migration_offline");


/**
 * qemuMigrationDstOfflineClosed:
 * @vm: a locked domain that comes here offline
 * @conn: the connection which controls the migration, and has been closed
 *
 * A virCloseCallback that ends the job of the migration and forgets @vm. Offline
 * there is no QEMU that would be destroyed with the connection.
 */
void
qemuMigrationDstOfflineClosed(virDomainObj *vm,
                              virConnectPtr conn G_GNUC_UNUSED)
{
    qemuDomainObjPrivate *priv = vm->privateData;

    if (!qemuMigrationJobIsActive(vm, VIR_ASYNC_JOB_MIGRATION_IN) ||
        qemuMigrationJobStartPhase(vm, QEMU_MIGRATION_PHASE_FINISH3) < 0)
        return;

    VIR_WARN("The connection which controls migration of domain %s was closed",
             vm->def->name);

    qemuMigrationJobFinish(vm);
    qemuMigrationDstForget(priv->driver, vm, vm->persistent);
}
