/*
 * qemu_migration_vhba_journal.c: what bears a mark of a hand-over
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

#include "qemu_migration_vhba_journal.h"

#include "datatypes.h"
#include "driver.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_migration_vhba_journal");


/**
 * qemuMigrationVHBAAuthorityTake:
 *
 * Gives the calling thread the rights of the daemon. Begin and Prepare, with
 * which a hand-over begins, are up to the rights of who asks for them; from
 * then on nobody may see half of the journal, or leave half of it behind. The
 * current error is preserved.
 *
 * Returns who the thread has worked for, to be kept in a VIR_IDENTITY_AUTORESTORE;
 * NULL, after which it is the daemon's, if that was nobody else.
 */
virIdentity *
qemuMigrationVHBAAuthorityTake(void)
{
    virIdentity *caller = virIdentityGetCurrent();
    g_autoptr(virIdentity) daemon = NULL;
    virErrorPtr orig_err = NULL;

    virErrorPreserveLast(&orig_err);
    daemon = virIdentityGetSystem();

    if (!daemon || virIdentitySetCurrent(daemon) < 0) {
        VIR_WARN("What the journal of a hand-over shows may be incomplete: %s",
                 virGetLastErrorMessage());
    }
    virErrorRestore(&orig_err);

    return caller;
}


/**
 * qemuMigrationVHBAJournalOpen:
 * @vm: domain whose vHBAs are to be settled
 *
 * Returns a connection to the node device driver, that of the job if there is
 * one, which the caller closes; NULL, after a warning that the marks stay, if it
 * cannot be reached.
 */
virConnectPtr
qemuMigrationVHBAJournalOpen(virDomainObj *vm)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    virConnectPtr conn = NULL;

    if (jobPriv->vhbaHandover)
        conn = qemuMigrationVHBAHandoverConnect(jobPriv->vhbaHandover);
    else
        conn = virGetConnectNodeDev();

    if (!conn) {
        VIR_WARN("The vHBAs of domain '%s' cannot be settled, they stay marked: %s",
                 vm->def->name, virGetLastErrorMessage());
    }

    return conn;
}


/**
 * qemuMigrationVHBAJournalDo:
 * @vm: domain whose vHBAs are to be settled, or asked for
 * @work: what to do; @opaque is for it
 *
 * The node device driver may be a daemon of its own, and may die of what it is
 * asked, or meanwhile. It is back with the next connection, so what is left is
 * tried once more then. What it has refused is not.
 *
 * Returns what @work returns if all is done, -1 with an error reported if something
 * is left.
 */
int
qemuMigrationVHBAJournalDo(virDomainObj *vm,
                           qemuMigrationVHBAJournalWork work,
                           const void *opaque)
{
    size_t tries;

    for (tries = 0; tries < 2; tries++) {
        g_autoptr(virConnect) conn = qemuMigrationVHBAJournalOpen(vm);
        int rc;

        if (!conn)
            return -1;

        if ((rc = work(conn, vm, opaque)) >= 0)
            return rc;

        if (virConnectIsAlive(conn) == 1)
            return -1;
    }

    return -1;
}


/* Whether the domain is here and alive, or about to be: then what it needs is
 * up to whoever works on it. A NULL @driver knows no domain. */
static bool
qemuMigrationVHBAJournalIsBusy(virQEMUDriver *driver,
                               const char *domain)
{
    virDomainObj *vm = NULL;
    bool busy;

    if (driver)
        vm = virDomainObjListFindByName(driver->domains, domain);

    busy = vm && (virDomainObjIsActive(vm) || vm->job->asyncJob != VIR_ASYNC_JOB_NONE);

    virDomainObjEndAPI(&vm);
    return busy;
}


/* Keeps the error of a step that has failed, unless an earlier one is kept: the
 * steps for other vHBAs would hide it. */
static void
qemuMigrationVHBAJournalKeepError(virErrorPtr *first)
{
    if (!*first)
        virErrorPreserveLast(first);
}


static int
qemuMigrationVHBAJournalTakeStep(virConnectPtr conn,
                                 qemuVHBANodedev *vhba,
                                 qemuMigrationVHBAJournalStep step)
{
    virNodeDevVHBAHandover mark = vhba->def->handover;

    if (step(conn, vhba) == 0)
        return 0;

    VIR_WARN("vHBA 'vhba_%s' stays %s for migration %s of domain '%s': %s",
             vhba->wwpn, virNodeDevVHBAHandoverTypeToString(mark),
             vhba->def->migration, vhba->def->domain, virGetLastErrorMessage());
    return -1;
}


/**
 * qemuMigrationVHBAJournalForEach:
 * @conn: connection to the node device driver
 * @driver: whose domains are left alone if they are alive; or NULL
 * @mark: lent or borrowed, or QEMU_VHBA_NODEDEV_ANY_MARK
 * @domain: name of the domain that the mark is for; NULL for any
 * @primary: whether the vHBAs are the primaries of their pairs, or secondaries
 * @step: what to do
 *
 * Takes @step for each such vHBA. A failure is a warning in the log, leaves the
 * mark and concerns no other vHBA.
 *
 * Returns 0 if all went well, -1 with the first error otherwise.
 */
int
qemuMigrationVHBAJournalForEach(virConnectPtr conn,
                                virQEMUDriver *driver,
                                virNodeDevVHBAHandover mark,
                                const char *domain,
                                bool primary,
                                qemuMigrationVHBAJournalStep step)
{
    qemuVHBANodedev **vhbas = NULL;
    virErrorPtr first = NULL;
    size_t nvhbas = 0;
    size_t i;
    int ret = 0;

    if (qemuVHBANodedevListMarked(conn, mark, domain, &vhbas, &nvhbas) < 0) {
        VIR_WARN("Cannot tell which vHBAs bear the mark of a migration: %s",
                 virGetLastErrorMessage());
        return -1;
    }

    for (i = 0; i < nvhbas; i++) {
        if (!!vhbas[i]->def->secondary != primary ||
            qemuMigrationVHBAJournalIsBusy(driver, vhbas[i]->def->domain))
            continue;

        if (qemuMigrationVHBAJournalTakeStep(conn, vhbas[i], step) < 0) {
            qemuMigrationVHBAJournalKeepError(&first);
            ret = -1;
        }
    }

    qemuVHBANodedevListFree(vhbas, nvhbas);
    virErrorRestore(&first);
    return ret;
}


/* The same for a domain that the caller works on. */
int
qemuMigrationVHBAJournalForDomain(virConnectPtr conn,
                                  virNodeDevVHBAHandover mark,
                                  const char *domain,
                                  bool primary,
                                  qemuMigrationVHBAJournalStep step)
{
    return qemuMigrationVHBAJournalForEach(conn, NULL, mark, domain, primary, step);
}


/* Finds the @primary, or else the secondary, of @pair, if it has @mark for the
 * migration of @domain; returns as qemuVHBANodedevFind does. */
static int
qemuMigrationVHBAJournalFind(virConnectPtr conn,
                             const qemuMigrationVHBAHandoverPair *pair,
                             bool primary,
                             virNodeDevVHBAHandover mark,
                             const char *domain,
                             qemuVHBANodedev **vhba)
{
    const char *wwpn = primary ? pair->primary : pair->secondary;
    g_autoptr(qemuVHBANodedev) found = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, wwpn, &found)) < 0) {
        VIR_WARN("Cannot tell whether vHBA 'vhba_%s' bears the mark of a migration: %s",
                 wwpn, virGetLastErrorMessage());
    }

    if (rc <= 0)
        return rc;

    if (!!found->def->secondary != primary ||
        !qemuVHBANodedevHasMark(found, mark, domain))
        return 0;

    *vhba = g_steal_pointer(&found);
    return 1;
}


/**
 * qemuMigrationVHBAJournalForJob:
 * @conn: connection to the node device driver
 * @vm: domain that the mark is for, and that the caller works on
 * @mark: lent or borrowed, or QEMU_VHBA_NODEDEV_ANY_MARK
 * @primary: whether the vHBAs are the primaries of their pairs, or secondaries
 * @step: what to do
 *
 * Does what qemuMigrationVHBAJournalForEach does, for the pairs that the job of
 * @vm hands over. They are looked up by name; if the job does not know them, what
 * has @mark for @vm is listed.
 *
 * Returns 0 if all went well, -1 with the first error otherwise.
 */
int
qemuMigrationVHBAJournalForJob(virConnectPtr conn,
                               virDomainObj *vm,
                               virNodeDevVHBAHandover mark,
                               bool primary,
                               qemuMigrationVHBAJournalStep step)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    qemuMigrationVHBAHandover *handover = jobPriv->vhbaHandover;
    virErrorPtr first = NULL;
    size_t i;
    int ret = 0;

    if (!handover)
        return qemuMigrationVHBAJournalForDomain(conn, mark, vm->def->name, primary, step);

    for (i = 0; i < handover->npairs; i++) {
        g_autoptr(qemuVHBANodedev) vhba = NULL;
        int rc = qemuMigrationVHBAJournalFind(conn, &handover->pairs[i], primary,
                                              mark, vm->def->name, &vhba);

        if (rc < 0 ||
            (rc == 1 && qemuMigrationVHBAJournalTakeStep(conn, vhba, step) < 0)) {
            qemuMigrationVHBAJournalKeepError(&first);
            ret = -1;
        }
    }

    virErrorRestore(&first);
    return ret;
}


/**
 * qemuMigrationVHBAJournalAny:
 * @conn: connection to the node device driver
 * @mark: lent or borrowed, or QEMU_VHBA_NODEDEV_ANY_MARK
 * @domain: for which domain; NULL for any
 * @migration: UUID of a hand-over; NULL for any
 * @primary: whether the vHBAs are the primaries of their pairs, or secondaries
 * @test: what to look for, returns as this does; NULL if the mark is all
 *
 * A guest may have several pairs. They go together, and a crash may have come
 * between the marks of one pair and those of the next.
 *
 * Returns 1 if any such vHBA passes, 0 if none does, -1 with an error reported if
 * that cannot be told.
 */
int
qemuMigrationVHBAJournalAny(virConnectPtr conn,
                            virNodeDevVHBAHandover mark,
                            const char *domain,
                            const char *migration,
                            bool primary,
                            qemuMigrationVHBAJournalTest test)
{
    qemuVHBANodedev **vhbas = NULL;
    size_t nvhbas = 0;
    size_t i;
    int rc = 0;

    if (qemuVHBANodedevListMarked(conn, mark, domain, &vhbas, &nvhbas) < 0)
        return -1;

    for (i = 0; i < nvhbas && rc == 0; i++) {
        if (!!vhbas[i]->def->secondary == primary &&
            (!migration || STREQ_NULLABLE(vhbas[i]->def->migration, migration)))
            rc = test ? test(conn, vhbas[i]) : 1;
    }

    qemuVHBANodedevListFree(vhbas, nvhbas);
    return rc;
}


/**
 * qemuMigrationVHBAJournalHas:
 *
 * Returns 1 if qemuMigrationVHBAJournalForJob would take a step, 0 if it would
 * take none, -1 with an error reported if that cannot be told.
 */
int
qemuMigrationVHBAJournalHas(virConnectPtr conn,
                            virDomainObj *vm,
                            virNodeDevVHBAHandover mark,
                            bool primary)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    qemuMigrationVHBAHandover *handover = jobPriv->vhbaHandover;
    size_t i;
    int rc = 0;

    if (!handover)
        return qemuMigrationVHBAJournalAny(conn, mark, vm->def->name, NULL, primary, NULL);

    for (i = 0; i < handover->npairs && rc == 0; i++) {
        g_autoptr(qemuVHBANodedev) vhba = NULL;

        rc = qemuMigrationVHBAJournalFind(conn, &handover->pairs[i], primary,
                                          mark, vm->def->name, &vhba);
    }

    return rc;
}


int
qemuMigrationVHBAJournalUnmark(virConnectPtr conn G_GNUC_UNUSED,
                               qemuVHBANodedev *vhba)
{
    return qemuVHBANodedevSetMark(vhba, VIR_NODE_DEV_VHBA_HANDOVER_NONE, NULL, NULL);
}
