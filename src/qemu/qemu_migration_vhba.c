/*
 * qemu_migration_vhba.c: hand-over of vHBAs between hosts
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

#include "qemu_migration_vhba.h"

#include "qemu_migration.h"
#include "qemu_migration_vhba_journal.h"

#include "datatypes.h"
#include "virerror.h"
#include "virfcclaim.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_QEMU


typedef struct {
    virDomainJobObj *job;
    bool running;
} qemuMigrationVHBAEnd;


static int
qemuMigrationVHBASettleEnd(virConnectPtr conn,
                           virDomainObj *vm,
                           const void *opaque)
{
    const qemuMigrationVHBAEnd *end = opaque;

    if (end->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN)
        return qemuMigrationVHBADstSettle(conn, vm, end->running);

    return qemuMigrationVHBASrcSettle(conn, vm, end->job, end->running);
}


static void
qemuMigrationVHBASettleJob(virDomainObj *vm,
                           virDomainJobObj *job,
                           bool running)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    const qemuMigrationVHBAEnd end = { job, running };
    char uuid[VIR_UUID_STRING_BUFLEN];

    /* We may be called while the domain is being stopped: QEMU is gone, but
     * its claims are not yet. */
    if (!running)
        ignore_value(virFCClaimDropAll(virUUIDFormat(vm->def->uuid, uuid)));

    ignore_value(qemuMigrationVHBAJournalDo(vm, qemuMigrationVHBASettleEnd, &end));
}


/**
 * qemuMigrationVHBADstAbandon:
 * @vm: domain that was coming in and whose QEMU has just been killed
 *
 * Gives back what was borrowed for @vm. This is for the time when nobody works
 * on the migration; what kills QEMU then may have discarded the job already.
 */
void
qemuMigrationVHBADstAbandon(virDomainObj *vm)
{
    virDomainJobObj job = { .asyncJob = VIR_ASYNC_JOB_MIGRATION_IN };
    virErrorPtr orig_err = NULL;

    if (!qemuMigrationVHBAIsUsed(vm->def))
        return;

    virErrorPreserveLast(&orig_err);
    qemuMigrationVHBASettleJob(vm, &job, false);
    virErrorRestore(&orig_err);
}


/**
 * qemuMigrationVHBASettle:
 * @vm: domain whose migration job is about to end
 * @running: whether its QEMU lives on
 *
 * Whatever way a migration ends, this brings the vHBAs into the state that
 * belongs to it. What cannot be done at once is done in the background; what
 * nobody on this host can know is left marked. The current error is preserved.
 */
void
qemuMigrationVHBASettle(virDomainObj *vm,
                        bool running)
{
    virErrorPtr orig_err = NULL;

    if ((vm->job->asyncJob != VIR_ASYNC_JOB_MIGRATION_IN &&
         vm->job->asyncJob != VIR_ASYNC_JOB_MIGRATION_OUT) ||
        !qemuMigrationVHBAConcerns(vm))
        return;

    virErrorPreserveLast(&orig_err);
    qemuMigrationVHBASettleJob(vm, vm->job, running);
    virErrorRestore(&orig_err);
}


/**
 * qemuMigrationVHBARecover:
 * @vm: domain that was found when the daemon started, and that had vHBAs then
 * @job: what it was doing when the daemon stopped
 *
 * Settles a hand-over that was interrupted by a restart of the daemon, unless
 * the migration goes on, and what could not be settled when it ended.
 */
void
qemuMigrationVHBARecover(virDomainObj *vm,
                         virDomainJobObj *job)
{
    virErrorPtr orig_err = NULL;

    virErrorPreserveLast(&orig_err);
    if (job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN ||
        job->asyncJob == VIR_ASYNC_JOB_MIGRATION_OUT) {
        if (vm->job->asyncJob == VIR_ASYNC_JOB_NONE)
            qemuMigrationVHBASettleJob(vm, job, virDomainObjIsActive(vm));
    } else if (virDomainObjIsActive(vm)) {
        qemuMigrationVHBARecoverStranded(vm);
    }
    virErrorRestore(&orig_err);
}
