/*
 * qemu_migration_vhba_src.c: the source of a hand-over
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

#include "qemu_migration_vhba_src.h"

#include "qemu_migration.h"
#include "qemu_migration_vhba_guest.h"
#include "qemu_migration_vhba_journal.h"
#include "qemu_migration_vhba_peer.h"
#include "qemu_vhba_start.h"

#include "datatypes.h"
#include "driver.h"
#include "libvirt_internal.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_migration_vhba_src");


/* Begin */

/**
 * qemuMigrationVHBASrcLend:
 * @vm: domain that is to be migrated away; a migration job is active
 * @cookie: made by qemuMigrationVHBASrcBegin, or NULL
 *
 * Gives the secondaries away: marks each of them lent and lets go of it. If @vm
 * does not run, the primaries are marked as well. On failure nothing needs to be
 * undone by the caller, since the end of the job settles it.
 *
 * Returns 0 on success, -1 with an error reported otherwise.
 */
int
qemuMigrationVHBASrcLend(virDomainObj *vm,
                         const qemuMigrationVHBACookie *cookie)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    g_autoptr(virConnect) conn = NULL;
    size_t i;

    if (!cookie)
        return 0;

    if (!(conn = virGetConnectNodeDev()))
        return -1;

    g_clear_pointer(&jobPriv->vhbaHandover, qemuMigrationVHBAHandoverFree);
    jobPriv->vhbaHandover = qemuMigrationVHBAHandoverNew(cookie, false);

    for (i = 0; i < cookie->npairs; i++) {
        g_autoptr(qemuVHBANodedev) secondary = NULL;

        if (!(secondary = qemuVHBANodedevLookup(conn, cookie->pairs[i]->secondary.wwpn)) ||
            qemuVHBANodedevSetMark(secondary, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                   vm->def->name, cookie->migration) < 0 ||
            (!secondary->active && qemuVHBANodedevLookAgain(secondary) < 0) ||
            qemuVHBANodedevStop(secondary) < 0)
            return -1;

        VIR_INFO("hand-over %s of domain '%s': vHBA '%s' is lent",
                 cookie->migration, vm->def->name, secondary->wwpn);
    }

    /* Nothing will be sent: Finish may follow at once. */
    if (vm->job->apiFlags & VIR_MIGRATE_OFFLINE)
        return qemuMigrationVHBASrcSent(vm);

    qemuMigrationVHBAHandoverGetReady(jobPriv->vhbaHandover);
    return 0;
}


/* Source, end of Perform: the destination may run the guest from now on */

/* Whatever has become of the secondaries: the guest is on its way. */
static int
qemuMigrationVHBASrcMarkPrimaries(qemuMigrationVHBAHandover *handover,
                                  const char *domain)
{
    size_t i;

    for (i = 0; i < handover->npairs; i++) {
        qemuVHBANodedev *primary = qemuMigrationVHBAHandoverGetPrimary(handover, i);

        if (!primary ||
            qemuVHBANodedevSetMark(primary, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                   domain, handover->migration) < 0)
            return -1;
    }

    return 0;
}


/**
 * qemuMigrationVHBASrcSent:
 * @vm: domain that is paused, and all of which has been sent
 *
 * Marks the primaries lent. To be called before anybody hears that the guest
 * has been sent: from then on the destination may run it, so that it must not
 * go on here, nor be started anew, without a word from there.
 *
 * The guest waits for this, hence nothing is done but that.
 *
 * Returns 0 on success; -1 with an error reported, and no primary marked.
 */
int
qemuMigrationVHBASrcSent(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    virErrorPtr orig_err = NULL;

    if (!jobPriv->vhbaHandover)
        return 0;

    jobPriv->vhbaHandover->sent = true;
    if (qemuMigrationVHBASrcMarkPrimaries(jobPriv->vhbaHandover, vm->def->name) == 0)
        return 0;

    virErrorPreserveLast(&orig_err);
    qemuMigrationVHBASrcNotSent(vm);
    virErrorRestore(&orig_err);
    return -1;
}


static int
qemuMigrationVHBASrcUnmarkPrimaries(virConnectPtr conn,
                                    virDomainObj *vm,
                                    const void *opaque G_GNUC_UNUSED)
{
    return qemuMigrationVHBAJournalForJob(conn, vm, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                          true, qemuMigrationVHBAJournalUnmark);
}


/**
 * qemuMigrationVHBASrcNotSent:
 * @vm: domain that the destination has refused, or was never told to run
 *
 * Takes back what qemuMigrationVHBASrcSent has said. Where that fails, the
 * domain stays paused, see qemuMigrationVHBASrcMayResume. The current error is
 * preserved.
 */
void
qemuMigrationVHBASrcNotSent(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    virErrorPtr orig_err = NULL;

    /* the disk may have been unplugged with QEMU */
    if (!jobPriv->vhbaHandover && !qemuMigrationVHBAIsUsed(vm->def))
        return;

    virErrorPreserveLast(&orig_err);
    ignore_value(qemuMigrationVHBAJournalDo(vm, qemuMigrationVHBASrcUnmarkPrimaries, NULL));
    virErrorRestore(&orig_err);
}


/* Returns 1 if the guest may run on the destination as far as this host knows,
 * 0 if it does not, -1 with an error reported if that cannot be told. */
static int
qemuMigrationVHBASrcIsSent(virConnectPtr conn,
                           virDomainObj *vm,
                           const void *opaque G_GNUC_UNUSED)
{
    return qemuMigrationVHBAJournalHas(conn, vm, VIR_NODE_DEV_VHBA_HANDOVER_LENT, true);
}


/**
 * qemuMigrationVHBASrcMayResume:
 * @vm: domain whose migration away from here has failed
 *
 * Returns false, and tells the log what to do, if the destination may run the
 * guest all the same, because its answer was lost. If @vm is not active, there
 * is nothing to resume, and true is returned.
 */
bool
qemuMigrationVHBASrcMayResume(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;

    if (!virDomainObjIsActive(vm) || !qemuMigrationVHBAIsUsed(vm->def))
        return true;

    /* what this job has not done needs no journal to tell; and what was done before,
     * qemuMigrationVHBASrcCheckSettled has looked for */
    if (jobPriv->vhbaHandover && !jobPriv->vhbaHandover->sent)
        return true;

    if (qemuMigrationVHBAJournalDo(vm, qemuMigrationVHBASrcIsSent, NULL) == 0)
        return true;

    VIR_WARN("Domain '%s' stays paused: the destination may run it, its answer was lost. "
             "Look there at the vHBA that is its secondary here: where that is not marked, "
             "the domain runs there, or has run. If it has not, 'virsh resume %s' here, "
             "otherwise 'virsh destroy %s' here",
             vm->def->name, vm->def->name, vm->def->name);
    return false;
}


/**
 * qemuMigrationVHBASrcCheckSettled:
 * @vm: domain that is to be migrated away; its job has not lent anything yet
 *
 * What may run on another host already must not be sent to a third one, not even
 * if its destination XML names vHBAs that are not concerned.
 *
 * Returns 0 if @vm is known to be here alone, -1 with an error reported otherwise.
 */
int
qemuMigrationVHBASrcCheckSettled(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    g_autoptr(virConnect) conn = NULL;
    int sent;

    if (!(conn = virGetConnectNodeDev()) ||
        (sent = qemuMigrationVHBASrcIsSent(conn, vm, NULL)) < 0)
        return -1;

    if (sent == 0)
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("domain '%1$s' may run on the host that it was migrated to before, whose answer was lost; its vHBAs are still lent: look there, and settle that migration first"),
                   vm->def->name);
    return -1;
}


/* Source, when the administrator says that the guest does not run elsewhere */

/* Logs the secondary in again, now or not at all: as long as another host has
 * it, the guest may run there. It stays lent until it is here. */
static int
qemuMigrationVHBASrcFetch(virConnectPtr conn,
                          qemuVHBANodedev *secondary)
{
    if (qemuVHBAStartNow(conn, secondary->wwpn, secondary->def->migration) < 0) {
        g_autofree char *reason = g_strdup(virGetLastErrorMessage());

        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("domain '%1$s' may run on the host that it was migrated to, because vHBA 'vhba_%2$s' cannot be had back from there: %3$s; if it runs there, or has run, destroy it here; if it has not, remove what keeps the vHBA away and resume it again"),
                       secondary->def->domain, secondary->wwpn, reason);
        return -1;
    }

    return 0;
}


/* The fabric is asked by logging in a secondary that is lent, or has been asked
 * so if it is active. One that is not here was given up, because the guest runs on
 * the other host. */
static int
qemuMigrationVHBASrcCheckPair(virConnectPtr conn,
                              qemuVHBANodedev *primary)
{
    g_autoptr(qemuVHBANodedev) secondary = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, primary->def->secondary, &secondary)) < 0)
        return -1;

    if (rc == 1 && !secondary->active &&
        secondary->def->handover != VIR_NODE_DEV_VHBA_HANDOVER_LENT) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("domain '%1$s' may run on the host that it was migrated to: vHBA 'vhba_%2$s' is lent, and its secondary is not active here; if the domain has not run there, start that first with 'virsh nodedev-start vhba_%3$s', which asks the fabric"),
                       primary->def->domain, primary->wwpn, primary->def->secondary);
        return -1;
    }

    if (rc == 0) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("domain '%1$s' may run on the host that it was migrated to: vHBA 'vhba_%2$s' is lent, and its secondary 'vhba_%3$s' has been given up here; if the domain runs there, or has run, end it here with 'virsh destroy %1$s', otherwise define the secondary again and start it first"),
                       primary->def->domain, primary->wwpn, primary->def->secondary);
        return -1;
    }

    return 0;
}


static int
qemuMigrationVHBASrcReclaimAll(virConnectPtr conn,
                               const char *domain)
{
    if (qemuMigrationVHBAJournalForDomain(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                          domain, true, qemuMigrationVHBASrcCheckPair) < 0)
        return -1;

    if (qemuMigrationVHBAJournalForDomain(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                          domain, false, qemuMigrationVHBASrcFetch) < 0)
        return -1;

    return qemuMigrationVHBAJournalForDomain(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                             domain, true, qemuMigrationVHBAJournalUnmark);
}


/**
 * qemuMigrationVHBASrcReclaim:
 * @vm: domain that somebody wants to resume; there is a job, not a migration's
 *
 * If the guest may run on another host since a migration has ended without an
 * answer: takes the lent vHBAs back, which the fabric allows only if that host
 * has let go of them. Otherwise does nothing.
 *
 * Returns 0 if @vm may be resumed, -1 with an error reported otherwise.
 */
int
qemuMigrationVHBASrcReclaim(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    g_autoptr(virConnect) conn = NULL;
    g_autofree char *domain = g_strdup(vm->def->name);
    int sent;
    int ret;

    if (!qemuMigrationVHBAIsUsed(vm->def))
        return 0;

    if (!(conn = virGetConnectNodeDev()) ||
        (sent = qemuMigrationVHBASrcIsSent(conn, vm, NULL)) < 0)
        return -1;

    if (sent == 0)
        return 0;

    qemuDomainObjEnterRemote(vm);
    ret = qemuMigrationVHBASrcReclaimAll(conn, domain);
    if (qemuDomainObjExitRemote(vm, true) < 0)
        return -1;

    return ret;
}


/* Source, after the job: the journal tells what is left to do */

/* Marks the primary of @secondary, unless it is marked. */
static int
qemuMigrationVHBASrcMarkPrimary(virConnectPtr conn,
                                qemuVHBANodedev *secondary)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;

    if (!(primary = qemuVHBANodedevLookup(conn, secondary->def->primary)))
        return -1;

    if (primary->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_LENT)
        return 0;

    return qemuVHBANodedevSetMark(primary, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                  secondary->def->domain,
                                  secondary->def->migration);
}


/* The guest runs elsewhere. The definition of S goes first: a primary that is
 * lent and has no secondary any more is one that is to be given up. */
static int
qemuMigrationVHBASrcGiveUpSecondary(virConnectPtr conn,
                                    qemuVHBANodedev *secondary)
{
    if (qemuMigrationVHBASrcMarkPrimary(conn, secondary) < 0 ||
        qemuVHBANodedevStop(secondary) < 0 ||
        qemuVHBANodedevUndefine(secondary) < 0)
        return -1;

    VIR_INFO("hand-over %s of domain '%s': vHBA '%s' is given up",
             secondary->def->migration, secondary->def->domain, secondary->wwpn);
    return 0;
}


static int
qemuMigrationVHBASrcIsGivenUp(virConnectPtr conn,
                              const qemuVHBANodedev *primary)
{
    g_autoptr(qemuVHBANodedev) secondary = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, primary->def->secondary, &secondary)) < 0)
        return -1;

    return rc == 0;
}


/* S of another pair is given up: the guest runs elsewhere, with all its pairs. */
int
qemuMigrationVHBASrcGiveUpRest(virConnectPtr conn,
                               qemuVHBANodedev *secondary)
{
    int rc;

    if ((rc = qemuMigrationVHBAJournalAny(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                          NULL, secondary->def->migration, true,
                                          qemuMigrationVHBASrcIsGivenUp)) <= 0)
        return rc;

    return qemuMigrationVHBASrcGiveUpSecondary(conn, secondary);
}


int
qemuMigrationVHBASrcGiveUpPrimary(virConnectPtr conn,
                                  qemuVHBANodedev *primary)
{
    g_autoptr(qemuVHBANodedev) secondary = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, primary->def->secondary, &secondary)) < 0)
        return -1;

    /* Somebody has taken the pair back if the secondary is, otherwise nothing is
     * decided. */
    if (rc == 1 && secondary->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE)
        return qemuMigrationVHBAJournalUnmark(conn, primary);
    if (rc == 1)
        return 0;

    if (qemuVHBANodedevStop(primary) < 0 ||
        qemuVHBANodedevUndefine(primary) < 0)
        return -1;

    VIR_INFO("hand-over %s of domain '%s': vHBA '%s' is given up",
             primary->def->migration, primary->def->domain, primary->wwpn);
    return 0;
}


static int
qemuMigrationVHBASrcGiveUpSecondaries(virConnectPtr conn,
                                      virDomainObj *vm,
                                      const void *opaque G_GNUC_UNUSED)
{
    return qemuMigrationVHBAJournalForJob(conn, vm, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                          false, qemuMigrationVHBASrcGiveUpSecondary);
}


/**
 * qemuMigrationVHBASrcGone:
 * @vm: domain that the destination has said it runs, or has
 *
 * Writes that down, before QEMU is stopped here. It has said so as well when it
 * takes part in resuming post-copy: it can do that only with a guest that it runs.
 */
void
qemuMigrationVHBASrcGone(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();

    if (qemuMigrationVHBAConcerns(vm))
        ignore_value(qemuMigrationVHBAJournalDo(vm, qemuMigrationVHBASrcGiveUpSecondaries, NULL));
}


/* Source, when the administrator says that the guest runs elsewhere */

/* If the fabric bears that out. Otherwise the definitions may be the only ones
 * that there are. */
static int
qemuMigrationVHBASrcDisownSecondary(virConnectPtr conn,
                                    qemuVHBANodedev *secondary)
{
    if (qemuVHBAStartAskPartner(secondary) == VIR_FC_REMOTE_PORT_PRESENT)
        return qemuMigrationVHBASrcGiveUpSecondary(conn, secondary);

    VIR_WARN("No other host is seen to have the vHBAs of domain '%s', they stay lent. "
             "If it runs elsewhere, or has run, give them up with 'virsh nodedev-undefine vhba_%s'; "
             "otherwise take them back with 'virsh nodedev-start vhba_%s'",
             secondary->def->domain, secondary->wwpn, secondary->wwpn);
    return 0;
}


/**
 * qemuMigrationVHBASrcDisown:
 * @vm: domain that is about to be destroyed by somebody
 *
 * If the guest may run on another host since a migration has ended without an
 * answer: takes that for the word that it does, and writes it down.
 *
 * Returns true if qemuMigrationVHBASrcGiveUp is to follow: @vm uses vHBAs. When it
 * has been destroyed, its definition may not tell that any more.
 */
bool
qemuMigrationVHBASrcDisown(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();
    g_autoptr(virConnect) conn = NULL;

    if (!qemuMigrationVHBAIsUsed(vm->def))
        return false;

    if (vm->job->asyncJob != VIR_ASYNC_JOB_NONE ||
        !(conn = qemuMigrationVHBAJournalOpen(vm)) ||
        qemuMigrationVHBASrcIsSent(conn, vm, NULL) != 1)
        return true;

    ignore_value(qemuMigrationVHBAJournalForDomain(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                                   vm->def->name, false,
                                                   qemuMigrationVHBASrcDisownSecondary));
    return true;
}


static int
qemuMigrationVHBASrcGiveUpDisowned(virConnectPtr conn,
                                   virDomainObj *vm,
                                   const void *opaque G_GNUC_UNUSED)
{
    return qemuMigrationVHBAJournalForDomain(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                             vm->def->name, true,
                                             qemuMigrationVHBASrcGiveUpPrimary);
}


/**
 * qemuMigrationVHBASrcGiveUp:
 * @vm: domain that has used vHBAs, and whose QEMU has been destroyed
 *
 * Lets go of what qemuMigrationVHBASrcDisown has decided about.
 */
void
qemuMigrationVHBASrcGiveUp(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();

    ignore_value(qemuMigrationVHBAJournalDo(vm, qemuMigrationVHBASrcGiveUpDisowned, NULL));
}


/**
 * qemuMigrationVHBASrcConfirm:
 * @vm: domain that was sent, or that does not run and was to change hosts
 * @answer: virDomainMigrateCancelled, what the destination has said
 *
 * Writes down whether @vm is the destination's, before anything else is done about
 * it. If nobody can tell, because the answer was lost, the vHBAs stay lent. In
 * post-copy an error does not tell either.
 */
void
qemuMigrationVHBASrcConfirm(virDomainObj *vm,
                            int answer)
{
    if (answer == VIR_DOMAIN_MIGRATE_FINISHED)
        qemuMigrationVHBASrcGone(vm);
    else if (answer == VIR_DOMAIN_MIGRATE_REFUSED &&
             !virDomainObjIsPostcopy(vm, vm->job))
        qemuMigrationVHBASrcNotSent(vm);
}


/**
 * qemuMigrationVHBASrcExitFinish:
 * @vm: domain, unlocked, whose destination has been asked to finish, peer-to-peer
 * @ddomain: what it has answered; if that is NULL, its error is the current one
 * @flags: of the migration
 *
 * Does qemuDomainObjExitRemote. If QEMU has died here meanwhile, nobody is going to
 * confirm the answer, so that it is written down now.
 *
 * Returns 0 on success, -1 with an error reported otherwise.
 */
int
qemuMigrationVHBASrcExitFinish(virDomainObj *vm,
                               virDomainPtr ddomain,
                               unsigned int flags)
{
    int answer = virDomainMigrateGetCancelled(ddomain);
    virErrorPtr orig_err = NULL;

    if (qemuDomainObjExitRemote(vm, !(flags & VIR_MIGRATE_OFFLINE)) == 0)
        return 0;

    /* after the switch-over of post-copy an error says nothing of the guest there,
     * and here nothing is left that tells of that switch-over, maybe not even the job */
    if (answer == VIR_DOMAIN_MIGRATE_REFUSED && flags & VIR_MIGRATE_POSTCOPY)
        answer = VIR_DOMAIN_MIGRATE_LOST;

    virErrorPreserveLast(&orig_err);
    qemuMigrationVHBASrcConfirm(vm, answer);
    virErrorRestore(&orig_err);
    return -1;
}


/**
 * qemuMigrationVHBASrcConfirmLate:
 * @vm: domain whose migration the client wants to confirm
 * @answer: what the destination has said, as the client tells
 *
 * If QEMU has died here before, there is no migration job any more. If the fabric
 * bears out that the destination runs the guest, the pair is given up, as it is when
 * somebody destroys the guest here. Otherwise nothing is done.
 */
void
qemuMigrationVHBASrcConfirmLate(virDomainObj *vm,
                                int answer)
{
    if (answer == VIR_DOMAIN_MIGRATE_FINISHED &&
        vm->job->asyncJob == VIR_ASYNC_JOB_NONE && !virDomainObjIsActive(vm) &&
        qemuMigrationVHBASrcDisown(vm))
        qemuMigrationVHBASrcGiveUp(vm);

    virResetLastError();
}


/* The guest stays: take back the secondary. One that was not stopped yet, or
 * was not active, has nowhere gone; any other is borrowed until it is logged in
 * here again. It is that already if the node device driver has died before it
 * could say so. */
int
qemuMigrationVHBASrcTakeBack(virConnectPtr conn,
                             qemuVHBANodedev *secondary)
{
    g_autofree char *domain = g_strdup(secondary->def->domain);
    g_autofree char *migration = g_strdup(secondary->def->migration);

    if (secondary->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_LENT) {
        if (secondary->active || secondary->def->inactive)
            return qemuMigrationVHBAJournalUnmark(conn, secondary);

        if (qemuVHBANodedevSetMark(secondary, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                   domain, migration) < 0)
            return -1;
    }

    qemuVHBAStartWhenFree(secondary->wwpn, migration);
    return 0;
}


typedef enum {
    QEMU_MIGRATION_VHBA_UNDECIDED,  /* it may run there, only the peer knows */
    QEMU_MIGRATION_VHBA_HERE,       /* it does not run there and never will */
    QEMU_MIGRATION_VHBA_THERE,      /* it runs there, and not here any more */
} qemuMigrationVHBAFate;


/* Where the guest is after a migration away from here has come to an end */
static qemuMigrationVHBAFate
qemuMigrationVHBASrcGetFate(virConnectPtr conn,
                            virDomainObj *vm,
                            virDomainJobObj *job,
                            bool running)
{
    switch ((qemuMigrationJobPhase) job->phase) {
    case QEMU_MIGRATION_PHASE_BEGIN3:
        /* Finish was not called, though offline all is marked from the start. */
        if (job->apiFlags & VIR_MIGRATE_OFFLINE)
            return QEMU_MIGRATION_VHBA_HERE;
        G_GNUC_FALLTHROUGH;

    case QEMU_MIGRATION_PHASE_NONE:
    case QEMU_MIGRATION_PHASE_PERFORM2:
    case QEMU_MIGRATION_PHASE_PERFORM3:
    case QEMU_MIGRATION_PHASE_PERFORM3_DONE:
    case QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED:
        if (virDomainObjIsPostcopy(vm, job) ||
            qemuMigrationVHBASrcIsSent(conn, vm, NULL) != 0)
            return QEMU_MIGRATION_VHBA_UNDECIDED;
        return QEMU_MIGRATION_VHBA_HERE;

    case QEMU_MIGRATION_PHASE_CONFIRM3:
        /* The destination runs it. Our QEMU may only have failed to stop. */
        return running ? QEMU_MIGRATION_VHBA_UNDECIDED
                       : QEMU_MIGRATION_VHBA_THERE;

    case QEMU_MIGRATION_PHASE_CONFIRM_RESUME:
        /* It may be QEMU only that says that all has been sent. What the destination
         * has said, when it was resumed or now, qemuMigrationVHBASrcGone has written
         * down. */
    case QEMU_MIGRATION_PHASE_POSTCOPY_FAILED:
    case QEMU_MIGRATION_PHASE_BEGIN_RESUME:
    case QEMU_MIGRATION_PHASE_PERFORM_RESUME:
    case QEMU_MIGRATION_PHASE_PREPARE:
    case QEMU_MIGRATION_PHASE_PREPARE_RESUME:
    case QEMU_MIGRATION_PHASE_FINISH2:
    case QEMU_MIGRATION_PHASE_FINISH3:
    case QEMU_MIGRATION_PHASE_FINISH_RESUME:
    case QEMU_MIGRATION_PHASE_LAST:
        break;
    }

    return QEMU_MIGRATION_VHBA_UNDECIDED;
}


/* Tells the destination which primaries this host has let go of. One that was not
 * active here is not started there. */
static void
qemuMigrationVHBASrcTellPeer(virConnectPtr conn,
                             const qemuMigrationVHBAHandover *handover,
                             virConnectPtr peer)
{
    size_t i;

    for (i = 0; i < handover->npairs; i++) {
        const char *wwpn = handover->pairs[i].primary;
        g_autoptr(qemuVHBANodedev) left = NULL;

        if (!handover->pairs[i].inactive &&
            qemuVHBANodedevFind(conn, wwpn, &left) == 0)
            qemuMigrationVHBAPeerTell(peer, wwpn);
    }
}


/* Gives up the primaries that are to be given up, and tells the destination, if
 * there is a connection to it. */
static int
qemuMigrationVHBASrcGiveUpPrimaries(virConnectPtr conn,
                                    virDomainObj *vm)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    int ret = qemuMigrationVHBAJournalForJob(conn, vm, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                             true, qemuMigrationVHBASrcGiveUpPrimary);

    if (jobPriv->vhbaHandover && jobPriv->vhbaPeer)
        qemuMigrationVHBASrcTellPeer(conn, jobPriv->vhbaHandover, jobPriv->vhbaPeer);

    return ret;
}


/* The guest has not gone: unmark the primaries, take the secondaries back. */
static int
qemuMigrationVHBASrcStay(virConnectPtr conn,
                         virDomainObj *vm)
{
    int unmarked = qemuMigrationVHBAJournalForJob(conn, vm, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                                  true, qemuMigrationVHBAJournalUnmark);
    int back = qemuMigrationVHBAJournalForJob(conn, vm, QEMU_VHBA_NODEDEV_ANY_MARK,
                                              false, qemuMigrationVHBASrcTakeBack);

    return MIN(unmarked, back);
}


/* Nobody can tell, unless the end has begun already. */
static int
qemuMigrationVHBASrcLeaveMarked(virConnectPtr conn,
                                virDomainObj *vm,
                                bool running)
{
    const virNodeDevVHBAHandover lent = VIR_NODE_DEV_VHBA_HANDOVER_LENT;
    int rc;

    if (!running &&
        qemuMigrationVHBAJournalForJob(conn, vm, lent, false,
                                       qemuMigrationVHBASrcGiveUpRest) < 0)
        return -1;

    if ((rc = qemuMigrationVHBAJournalHas(conn, vm, lent, false)) == 1)
        VIR_WARN("Nobody can tell here whether domain '%s' runs on the destination; "
                 "the vHBAs lent for its migration stay marked. 'virsh nodedev-start' of "
                 "the secondary takes them back, 'virsh nodedev-undefine' of it gives them "
                 "up", vm->def->name);

    return MIN(rc, 0);
}


int
qemuMigrationVHBASrcSettle(virConnectPtr conn,
                           virDomainObj *vm,
                           virDomainJobObj *job,
                           bool running)
{
    int ret = 0;

    switch (qemuMigrationVHBASrcGetFate(conn, vm, job, running)) {
    case QEMU_MIGRATION_VHBA_THERE:
        ret = qemuMigrationVHBASrcGiveUpSecondaries(conn, vm, NULL);
        break;

    case QEMU_MIGRATION_VHBA_HERE:
        ret = qemuMigrationVHBASrcStay(conn, vm);
        break;

    case QEMU_MIGRATION_VHBA_UNDECIDED:
        if ((ret = qemuMigrationVHBASrcLeaveMarked(conn, vm, running)) < 0)
            return -1;
        break;
    }

    if (!running &&
        qemuMigrationVHBASrcGiveUpPrimaries(conn, vm) < 0)
        return -1;

    return ret;
}
