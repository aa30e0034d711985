/*
 * qemu_migration_vhba_dst.c: the destination of a hand-over decides
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

#include "qemu_migration_vhba_dst.h"

#include "qemu_migration_vhba.h"
#include "qemu_migration_vhba_journal.h"
#include "qemu_monitor.h"
#include "qemu_process.h"
#include "qemu_vhba_start.h"

#include "datatypes.h"
#include "driver.h"
#include "virclosecallbacks.h"
#include "virerror.h"
#include "virlog.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_migration_vhba_dst");


/* The guest runs here, so this one stays. */
static int
qemuMigrationVHBADstKeep(virConnectPtr conn G_GNUC_UNUSED,
                         qemuVHBANodedev *vhba)
{
    g_autofree char *migration = g_strdup(vhba->def->migration);

    if (qemuVHBANodedevSetMark(vhba, VIR_NODE_DEV_VHBA_HANDOVER_NONE, NULL, NULL) < 0)
        return -1;

    VIR_INFO("hand-over %s: vHBA '%s' is settled here", migration, vhba->wwpn);
    return 0;
}


/* The other way round: before anybody has heard of it, and if the guest has not
 * run. The idle one, which is marked still, tells whom it concerns. */
static int
qemuMigrationVHBADstRevokeOne(virConnectPtr conn,
                              qemuVHBANodedev *idle)
{
    g_autoptr(qemuVHBANodedev) used = NULL;

    if (!(used = qemuVHBANodedevLookup(conn, idle->def->primary)))
        return -1;

    if (used->def->handover != VIR_NODE_DEV_VHBA_HANDOVER_NONE)
        return 0;

    return qemuVHBANodedevSetMark(used, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                  idle->def->domain, idle->def->migration);
}


/**
 * qemuMigrationVHBADstRevoke:
 * @vm: domain that has not run, and of which nobody was told that it does
 *
 * Takes qemuMigrationVHBADstCommit back. The current error is preserved.
 */
void
qemuMigrationVHBADstRevoke(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    g_autoptr(virConnect) conn = NULL;
    virErrorPtr orig_err = NULL;

    virErrorPreserveLast(&orig_err);
    if ((conn = qemuMigrationVHBAJournalOpen(vm)))
        ignore_value(qemuMigrationVHBAJournalForJob(conn, vm, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                                    false, qemuMigrationVHBADstRevokeOne));
    virErrorRestore(&orig_err);
}


/**
 * qemuMigrationVHBADstIsStopped:
 * @vm: domain that is coming in
 *
 * Returns true if QEMU is there to say that the guest does not run.
 */
bool
qemuMigrationVHBADstIsStopped(virDomainObj *vm)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    bool running = true;
    int rc;

    if (qemuDomainObjEnterMonitorAsync(vm, VIR_ASYNC_JOB_MIGRATION_IN) < 0)
        return false;

    rc = qemuMonitorGetStatus(priv->mon, &running, NULL);
    qemuDomainObjExitMonitor(vm);

    return rc == 0 && !running;
}


/* The guest waits for this, hence nothing is looked up that is known. */
static int
qemuMigrationVHBADstKeepPrimaries(virConnectPtr conn,
                                  virDomainObj *vm)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    qemuMigrationVHBAHandover *handover = jobPriv->vhbaHandover;
    size_t i;

    if (!handover)
        return qemuMigrationVHBAJournalForDomain(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                                 vm->def->name, true,
                                                 qemuMigrationVHBADstKeep);

    for (i = 0; i < handover->npairs; i++) {
        qemuVHBANodedev *primary = qemuMigrationVHBAHandoverGetPrimary(handover, i);

        if (!primary || qemuMigrationVHBADstKeep(conn, primary) < 0)
            return -1;
    }

    return 0;
}


/**
 * qemuMigrationVHBADstCommit:
 * @vm: domain that has come in completely and does not run yet
 *
 * From now on the vHBAs that @vm uses stay here, and it does not matter any
 * more what happens to @vm, or to who has asked for it. To be called before its
 * CPUs start: a guest that may have run here is never forgotten.
 *
 * Returns 0 on success; -1 with an error reported, and then nothing is decided.
 */
int
qemuMigrationVHBADstCommit(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    g_autoptr(virConnect) conn = NULL;

    if (!qemuMigrationVHBAConcerns(vm))
        return 0;

    if (!(conn = qemuMigrationVHBAJournalOpen(vm)))
        return -1;

    if (qemuMigrationVHBADstKeepPrimaries(conn, vm) < 0) {
        qemuMigrationVHBADstRevoke(vm);
        return -1;
    }

    /* If QEMU dies from now on, nobody can tell whether the guest has run. Offline
     * there is none. */
    if (!(vm->job->apiFlags & VIR_MIGRATE_OFFLINE) &&
        !qemuMigrationVHBADstIsStopped(vm)) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("QEMU of domain '%1$s' has died before its CPUs were started"),
                       vm->def->name);
        qemuMigrationVHBADstRevoke(vm);
        return -1;
    }

    virCloseCallbacksDomainRemove(vm, NULL, qemuProcessAutoDestroy);
    return 0;
}


/* Returns 1 if qemuMigrationVHBADstCommit has been done for @domain and what it
 * brings with it is not there yet, 0 if not, -1 with an error reported if that
 * cannot be told. */
static int
qemuMigrationVHBADstIsCommitted(virConnectPtr conn,
                                const char *domain)
{
    qemuVHBANodedev **vhbas = NULL;
    size_t nvhbas = 0;
    size_t i;
    int ret;

    if (qemuVHBANodedevListMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                  domain, &vhbas, &nvhbas) < 0)
        return -1;

    /* With several pairs, the last mark that goes decides. */
    ret = nvhbas > 0;
    for (i = 0; i < nvhbas; i++) {
        if (vhbas[i]->def->secondary)
            ret = 0;
    }

    qemuVHBANodedevListFree(vhbas, nvhbas);
    return ret;
}


/**
 * qemuMigrationVHBADstGoOn:
 * @driver: the driver
 * @vm: domain that was coming in and is paused since the daemon has died
 * @job: its migration job at that time
 *
 * If it is decided that the guest runs here, it does: nobody else will.
 *
 * Returns true if @vm is to stay; false if nothing is decided, and it may be
 * killed.
 */
bool
qemuMigrationVHBADstGoOn(virQEMUDriver *driver,
                         virDomainObj *vm,
                         const virDomainJobObj *job)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    g_autoptr(virConnect) conn = NULL;
    int committed = -1;

    if (!qemuMigrationVHBAIsUsed(vm->def))
        return false;

    if ((conn = qemuMigrationVHBAJournalOpen(vm)))
        committed = qemuMigrationVHBADstIsCommitted(conn, vm->def->name);

    if (committed == 0)
        return false;

    if (committed == 1 && !(job->apiFlags & VIR_MIGRATE_PAUSED) &&
        qemuProcessStartCPUs(driver, vm, VIR_DOMAIN_RUNNING_MIGRATED,
                             VIR_ASYNC_JOB_NONE) < 0)
        VIR_WARN("Domain '%s' is here and cannot be resumed: %s",
                 vm->def->name, virGetLastErrorMessage());

    return true;
}


/**
 * qemuMigrationVHBADstMayRefuse:
 * @vm: domain whose CPUs could not be started after qemuMigrationVHBADstCommit
 *
 * Returns true if the guest has not run here, so that the source can be told to
 * go on with it; the vHBAs are borrowed again. Returns false if QEMU has died
 * of the question: then nobody can tell, and the guest stays with us, dead. The
 * current error is preserved.
 */
bool
qemuMigrationVHBADstMayRefuse(virDomainObj *vm)
{
    virErrorPtr orig_err = NULL;
    bool stopped;

    if (!qemuMigrationVHBAConcerns(vm))
        return true;

    virErrorPreserveLast(&orig_err);
    stopped = qemuMigrationVHBADstIsStopped(vm);
    virErrorRestore(&orig_err);

    if (stopped)
        qemuMigrationVHBADstRevoke(vm);

    return stopped;
}


/* After the job: the journal tells what is left to do */

/* A secondary belongs here now. One that was not active on the source is not
 * started here either. */
int
qemuMigrationVHBADstLetIn(virConnectPtr conn,
                          qemuVHBANodedev *vhba)
{
    if (vhba->def->inactive)
        return qemuMigrationVHBADstKeep(conn, vhba);

    qemuVHBAStartWhenFree(vhba->wwpn, vhba->def->migration);
    return 0;
}


int
qemuMigrationVHBADstForget(virConnectPtr conn G_GNUC_UNUSED,
                           qemuVHBANodedev *vhba)
{
    if (qemuVHBANodedevStop(vhba) < 0 ||
        qemuVHBANodedevUndefine(vhba) < 0)
        return -1;

    VIR_INFO("hand-over %s of domain '%s': vHBA '%s' is given back",
             vhba->def->migration, vhba->def->domain, vhba->wwpn);
    return 0;
}


/* An idle vHBA shares the fate of the one that it is the secondary of. */
static int
qemuMigrationVHBADstForgetIdle(virConnectPtr conn,
                               qemuVHBANodedev *vhba)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;
    int rc = 0;

    if (vhba->def->primary &&
        (rc = qemuVHBANodedevFind(conn, vhba->def->primary, &primary)) < 0)
        return -1;

    if (rc == 1 && primary->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE &&
        virWWNEqual(primary->def->secondary, vhba->wwpn))
        return qemuMigrationVHBADstLetIn(conn, vhba);

    return qemuMigrationVHBADstForget(conn, vhba);
}


void
qemuMigrationVHBADstSettle(virConnectPtr conn,
                           virDomainObj *vm,
                           bool running)
{
    const virNodeDevVHBAHandover borrowed = VIR_NODE_DEV_VHBA_HANDOVER_BORROWED;

    ignore_value(qemuMigrationVHBAJournalForJob(conn, vm, borrowed, true,
                                                running ? qemuMigrationVHBADstKeep
                                                     : qemuMigrationVHBADstForget));
    ignore_value(qemuMigrationVHBAJournalForJob(conn, vm, borrowed, false,
                                                running ? qemuMigrationVHBADstLetIn
                                                     : qemuMigrationVHBADstForgetIdle));
}
