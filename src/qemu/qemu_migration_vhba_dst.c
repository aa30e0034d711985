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

#include "qemu_migration_vhba_guest.h"
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
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, idle->def->primary, &used)) <= 0)
        return rc;

    if (used->def->handover != VIR_NODE_DEV_VHBA_HANDOVER_NONE)
        return 0;

    return qemuVHBANodedevSetMark(used, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                  idle->def->domain, idle->def->migration);
}


/* Returns 1 if @migration has not been decided about: the last mark of those that
 * the guest would use decides. 0 if it has, -1 with an error reported if that
 * cannot be told. */
static int
qemuMigrationVHBADstIsUndecided(virConnectPtr conn,
                                const char *migration)
{
    return qemuMigrationVHBAJournalAny(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                       NULL, migration, true, NULL);
}


/* A crash has come between the pairs of a commit: what it had done already is
 * revoked, before any pair is forgotten. */
int
qemuMigrationVHBADstRevokePartial(virConnectPtr conn,
                                  qemuVHBANodedev *idle)
{
    int rc;

    if ((rc = qemuMigrationVHBADstIsUndecided(conn, idle->def->migration)) <= 0)
        return rc;

    return qemuMigrationVHBADstRevokeOne(conn, idle);
}


/* Takes qemuMigrationVHBADstCommit back. Returns 0 on success; -1 with an error
 * reported, and then nobody can tell what is decided. */
static int
qemuMigrationVHBADstRevokeAll(virDomainObj *vm)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    g_autoptr(virConnect) conn = NULL;

    if (!(conn = qemuMigrationVHBAJournalOpen(vm)) ||
        qemuMigrationVHBAJournalForJob(conn, vm, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                       false, qemuMigrationVHBADstRevokeOne) < 0)
        return -1;

    if (jobPriv->vhbaHandover)
        jobPriv->vhbaHandover->committed = false;
    return 0;
}


/**
 * qemuMigrationVHBADstRevoke:
 * @vm: domain that has not run, and of which nobody was told that it does
 *
 * Takes qemuMigrationVHBADstCommit back, so that the current error, which is
 * preserved, refuses the guest: the source goes on with it then.
 *
 * Where that fails, the vHBAs may be left as if it did run here. Then the source
 * must not hear a refusal but nothing, and stay paused: the error becomes one of
 * the connection, see virDomainMigrateGetCancelled.
 *
 * Returns 0 on success, -1 otherwise.
 */
int
qemuMigrationVHBADstRevoke(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    g_autofree char *reason = NULL;
    virErrorPtr orig_err = NULL;

    virErrorPreserveLast(&orig_err);
    if (qemuMigrationVHBADstRevokeAll(vm) == 0) {
        virErrorRestore(&orig_err);
        return 0;
    }

    virFreeError(orig_err);
    reason = g_strdup(virGetLastErrorMessage());
    virReportErrorHelper(VIR_FROM_RPC, VIR_ERR_OPERATION_FAILED,
                         __FILE__, __FUNCTION__, __LINE__,
                         _("domain '%1$s' does not run on the destination, but its vHBAs cannot be marked as borrowed there again: %2$s; destroy and undefine both of each pair there, then resume it on the source"),
                         vm->def->name, reason);
    return -1;
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


/* What the current error says keeps @vm from running here; @refusal says how. It may
 * be an error of the connection to the node device driver, or to virtlockd; to the
 * source, that would not be a refusal, see virDomainMigrateGetCancelled. */
static void
qemuMigrationVHBADstReportRefusal(virDomainObj *vm,
                                  const char *refusal)
{
    g_autofree char *reason = g_strdup(virGetLastErrorMessage());

    virReportError(VIR_ERR_OPERATION_FAILED, _(refusal), vm->def->name, reason);
}


/* Returns 0 on success; -1 with an error that refuses the guest, unless it says
 * otherwise, see qemuMigrationVHBADstRevoke. */
static int
qemuMigrationVHBADstKeepOrRefuse(virDomainObj *vm)
{
    g_autoptr(virConnect) conn = NULL;
    virErrorPtr orig_err = NULL;
    bool refused = true;
    int rc = -1;

    if ((conn = qemuMigrationVHBAJournalOpen(vm))) {
        rc = qemuMigrationVHBADstKeepPrimaries(conn, vm);

        /* to close a dead one is an error, which would hide the refusal */
        virErrorPreserveLast(&orig_err);
        g_clear_pointer(&conn, virObjectUnref);
        virErrorRestore(&orig_err);

        if (rc < 0)
            refused = qemuMigrationVHBADstRevoke(vm) == 0;
    }

    if (rc < 0 && refused)
        qemuMigrationVHBADstReportRefusal(vm,
                                          N_("domain '%1$s' is not run on the destination, because its vHBAs cannot be kept there: %2$s"));

    return rc;
}


static int
qemuMigrationVHBADstKeepWork(virConnectPtr conn,
                             virDomainObj *vm,
                             const void *opaque G_GNUC_UNUSED)
{
    return qemuMigrationVHBADstKeepPrimaries(conn, vm);
}


/* Nowhere else can the guest go on. What cannot be written down now is tried again
 * when the job ends. */
static void
qemuMigrationVHBADstKeepAnyway(virDomainObj *vm)
{
    if (qemuMigrationVHBAJournalDo(vm, qemuMigrationVHBADstKeepWork, NULL) == 0)
        return;

    VIR_WARN("Domain '%s' is run although its vHBAs are still marked as borrowed: %s",
             vm->def->name, virGetLastErrorMessage());
    virResetLastError();
}


/**
 * qemuMigrationVHBADstCommit:
 * @vm: domain that has come in completely and does not run yet
 * @noWayBack: whether the source cannot go on with it, as after the switch-over of
 *             post-copy: then it is not refused
 *
 * From now on the vHBAs that @vm uses stay here, and it does not matter any
 * more what happens to @vm, or to who has asked for it. To be called before its
 * CPUs start: a guest that may have run here is never forgotten.
 *
 * Returns 0 on success; -1 with an error reported, and then nothing is decided,
 * unless the error says otherwise, see qemuMigrationVHBADstRevoke.
 */
int
qemuMigrationVHBADstCommit(virDomainObj *vm,
                           bool noWayBack)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;

    if (!qemuMigrationVHBAConcerns(vm))
        return 0;

    if (noWayBack)
        qemuMigrationVHBADstKeepAnyway(vm);
    else if (qemuMigrationVHBADstKeepOrRefuse(vm) < 0)
        return -1;

    /* If QEMU dies from now on, nobody can tell whether the guest has run. Offline
     * there is none. */
    if (!(vm->job->apiFlags & VIR_MIGRATE_OFFLINE) &&
        !qemuMigrationVHBADstIsStopped(vm)) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("QEMU of domain '%1$s' has died before its CPUs were started; see its log on the destination"),
                       vm->def->name);
        ignore_value(qemuMigrationVHBADstRevoke(vm));
        return -1;
    }

    if (jobPriv->vhbaHandover)
        jobPriv->vhbaHandover->committed = true;
    virCloseCallbacksDomainRemove(vm, NULL, qemuProcessAutoDestroy);
    return 0;
}


/* Returns 1 if qemuMigrationVHBADstCommit has been done for @vm and what it
 * brings with it is not there yet, 0 if not, -1 with an error reported if that
 * cannot be told. */
static int
qemuMigrationVHBADstIsCommitted(virConnectPtr conn,
                                virDomainObj *vm,
                                const void *opaque G_GNUC_UNUSED)
{
    qemuVHBANodedev **vhbas = NULL;
    size_t nvhbas = 0;
    size_t i;
    int ret;

    if (qemuVHBANodedevListMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                  vm->def->name, &vhbas, &nvhbas) < 0)
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
    int committed;

    if (!qemuMigrationVHBAIsUsed(vm->def))
        return false;

    if ((committed = qemuMigrationVHBAJournalDo(vm, qemuMigrationVHBADstIsCommitted, NULL)) == 0)
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
 * @noWayBack: as it was told to that
 *
 * Returns true if the guest has not run here, so that the source can be told that,
 * with the current error; it goes on with the guest if the vHBAs are borrowed
 * again, see qemuMigrationVHBADstRevoke. Returns false if QEMU has died of the
 * question: then nobody can tell, and the guest stays with us, dead. So it does,
 * paused, if the source cannot go on with it.
 */
bool
qemuMigrationVHBADstMayRefuse(virDomainObj *vm,
                              bool noWayBack)
{
    virErrorPtr orig_err = NULL;
    bool stopped;

    if (!qemuMigrationVHBAConcerns(vm))
        return true;

    if (noWayBack)
        return false;

    virErrorPreserveLast(&orig_err);
    stopped = qemuMigrationVHBADstIsStopped(vm);
    virErrorRestore(&orig_err);

    if (stopped && qemuMigrationVHBADstRevoke(vm) == 0)
        qemuMigrationVHBADstReportRefusal(vm,
                                          N_("CPUs of domain '%1$s' do not start on the destination: %2$s"));

    return stopped;
}


/* After the job: the journal tells what is left to do */

/* Fills @primary with the vHBA that @vhba is to be the secondary of, if that is
 * here. Returns 1 if it belongs here, 0 if not, -1 with an error reported. */
static int
qemuMigrationVHBADstFindKept(virConnectPtr conn,
                             const qemuVHBANodedev *vhba,
                             qemuVHBANodedev **primary)
{
    int rc;

    if (!vhba->def->primary)
        return 0;

    if ((rc = qemuVHBANodedevFind(conn, vhba->def->primary, primary)) <= 0)
        return rc;

    return (*primary)->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE;
}


/* A secondary belongs here now. One that was not active on the source is not
 * started here either. */
static int
qemuMigrationVHBADstLetIn(virConnectPtr conn,
                          qemuVHBANodedev *vhba)
{
    if (vhba->def->inactive)
        return qemuMigrationVHBADstKeep(conn, vhba);

    qemuVHBAStartWhenFree(vhba->wwpn, vhba->def->migration);
    return 0;
}


/* The same, where it may not be decided yet that it does. */
int
qemuMigrationVHBADstLetInDecided(virConnectPtr conn,
                                 qemuVHBANodedev *vhba)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;
    int rc;

    if ((rc = qemuMigrationVHBADstFindKept(conn, vhba, &primary)) <= 0)
        return rc;

    if ((rc = qemuMigrationVHBADstIsUndecided(conn, vhba->def->migration)) != 0)
        return MIN(rc, 0);

    return qemuMigrationVHBADstLetIn(conn, vhba);
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
    int rc;

    if ((rc = qemuMigrationVHBADstFindKept(conn, vhba, &primary)) < 0)
        return -1;

    if (rc == 1 &&
        virWWNEqual(primary->def->secondary, vhba->wwpn))
        return qemuMigrationVHBADstLetIn(conn, vhba);

    return qemuMigrationVHBADstForget(conn, vhba);
}


/* QEMU lives. That alone decides nothing: it may be one that we have refused to
 * run and could not stop. After a restart nobody remembers: then what runs stays,
 * and what does not may have been refused, unless the marks say otherwise. */
static int
qemuMigrationVHBADstSettleRunning(virConnectPtr conn,
                                  virDomainObj *vm)
{
    const virNodeDevVHBAHandover borrowed = VIR_NODE_DEV_VHBA_HANDOVER_BORROWED;
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    int undecided = 0;

    if (!jobPriv->vhbaHandover &&
        virDomainObjGetState(vm, NULL) != VIR_DOMAIN_RUNNING &&
        (undecided = qemuMigrationVHBAJournalHas(conn, vm, borrowed, true)) < 0)
        return -1;

    if (undecided == 1) {
        VIR_WARN("Domain '%s' is here and does not run, and nobody can tell whether the "
                 "source goes on with it; its vHBAs stay borrowed. Look there: if it "
                 "runs, destroy it here, otherwise resume it here, and define both of "
                 "each pair without <handover>", vm->def->name);
        return 0;
    }

    if (jobPriv->vhbaHandover && !jobPriv->vhbaHandover->committed) {
        VIR_WARN("Domain '%s' was refused but is still here, and its vHBAs stay borrowed. "
                 "Destroy it; they are given back when this daemon is restarted, or when "
                 "the domain comes again",
                 vm->def->name);
        return 0;
    }

    if (qemuMigrationVHBAJournalForJob(conn, vm, borrowed, true,
                                       qemuMigrationVHBADstKeep) < 0)
        return -1;

    return qemuMigrationVHBAJournalForJob(conn, vm, borrowed, false,
                                          qemuMigrationVHBADstLetIn);
}


static int
qemuMigrationVHBADstSettleDead(virConnectPtr conn,
                               virDomainObj *vm)
{
    const virNodeDevVHBAHandover borrowed = VIR_NODE_DEV_VHBA_HANDOVER_BORROWED;
    int undecided;
    int used = 0;
    int idle;

    if ((undecided = qemuMigrationVHBAJournalHas(conn, vm, borrowed, true)) < 0)
        return -1;

    if (undecided == 1) {
        if (qemuMigrationVHBAJournalForJob(conn, vm, borrowed, false,
                                           qemuMigrationVHBADstRevokePartial) < 0)
            return -1;

        used = qemuMigrationVHBAJournalForJob(conn, vm, borrowed, true,
                                              qemuMigrationVHBADstForget);
    }

    idle = qemuMigrationVHBAJournalForJob(conn, vm, borrowed, false,
                                          qemuMigrationVHBADstForgetIdle);

    return MIN(used, idle);
}


int
qemuMigrationVHBADstSettle(virConnectPtr conn,
                           virDomainObj *vm,
                           bool running)
{
    if (running)
        return qemuMigrationVHBADstSettleRunning(conn, vm);

    return qemuMigrationVHBADstSettleDead(conn, vm);
}
