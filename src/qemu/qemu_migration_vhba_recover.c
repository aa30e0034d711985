/*
 * qemu_migration_vhba_recover.c: marks that have outlived their domain
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

#include "qemu_migration_vhba_recover.h"

#include "qemu_migration_vhba_dst.h"
#include "qemu_migration_vhba_journal.h"
#include "qemu_migration_vhba_src.h"
#include "qemu_vhba_start.h"

#include "datatypes.h"
#include "domain_vhba_source_conf.h"
#include "driver.h"
#include "virerror.h"
#include "virfile.h"
#include "viridentity.h"
#include "virlog.h"
#include "virthread.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_migration_vhba_recover");


static int
qemuMigrationVHBARecoverIsUnsent(virConnectPtr conn,
                                 const qemuVHBANodedev *secondary)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, secondary->def->primary, &primary)) <= 0)
        return rc;

    return primary->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE;
}


/* P is lent, and P of another pair is not: the guest was not sent, or is back. */
static int
qemuMigrationVHBARecoverNotSent(virConnectPtr conn,
                                qemuVHBANodedev *primary)
{
    int rc;

    if ((rc = qemuMigrationVHBAJournalAny(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                          NULL, primary->def->migration, false,
                                          qemuMigrationVHBARecoverIsUnsent)) <= 0)
        return rc;

    return qemuMigrationVHBAJournalUnmark(conn, primary);
}


/* S is lent, and P is not: the guest was not sent, so it cannot run there. */
static int
qemuMigrationVHBARecoverUnsent(virConnectPtr conn,
                               qemuVHBANodedev *secondary)
{
    int rc;

    if ((rc = qemuMigrationVHBARecoverIsUnsent(conn, secondary)) <= 0)
        return rc;

    return qemuMigrationVHBASrcTakeBack(conn, secondary);
}


/* The guest runs here through @wwpn, which was not sent. It is looked up, as each
 * domain has to ask for its own. */
static int
qemuMigrationVHBARecoverPartner(virConnectPtr conn,
                                const char *wwpn)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;
    g_autoptr(qemuVHBANodedev) secondary = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, wwpn, &primary)) <= 0)
        return rc;

    if (!primary->def->secondary ||
        primary->def->handover != VIR_NODE_DEV_VHBA_HANDOVER_NONE)
        return 0;

    if ((rc = qemuVHBANodedevFind(conn, primary->def->secondary, &secondary)) <= 0)
        return rc;

    if (!qemuVHBANodedevHasMark(secondary, QEMU_VHBA_NODEDEV_ANY_MARK, NULL))
        return 0;

    return qemuMigrationVHBASrcTakeBack(conn, secondary);
}


static int
qemuMigrationVHBARecoverPartners(virConnectPtr conn,
                                 virDomainObj *vm,
                                 const void *opaque G_GNUC_UNUSED)
{
    int ret = 0;
    size_t i;

    for (i = 0; i < vm->def->ndisks; i++) {
        virStorageSource *n;

        for (n = vm->def->disks[i]->src; virStorageSourceIsBacking(n); n = n->backingStore) {
            const char *wwpn = n->vhba ? n->vhba->active : NULL;

            if (wwpn && qemuMigrationVHBARecoverPartner(conn, wwpn) < 0) {
                VIR_WARN("The secondary of vHBA 'vhba_%s' of domain '%s' cannot be taken back: %s",
                         wwpn, vm->def->name, virGetLastErrorMessage());
                ret = -1;
            }
        }
    }

    return ret;
}


/**
 * qemuMigrationVHBARecoverStranded:
 * @vm: domain that runs here and is not being migrated
 *
 * Takes back the secondaries that could not be taken back when a migration of @vm
 * ended. A failure is a warning in the log.
 */
void
qemuMigrationVHBARecoverStranded(virDomainObj *vm)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();

    ignore_value(qemuMigrationVHBAJournalDo(vm, qemuMigrationVHBARecoverPartners, NULL));
}


/* S is borrowed, and P as well, unless somebody has undefined it: the guest has not
 * run here. */
static int
qemuMigrationVHBARecoverUnrun(virConnectPtr conn,
                              qemuVHBANodedev *used)
{
    g_autoptr(qemuVHBANodedev) idle = NULL;

    if (qemuVHBANodedevFind(conn, used->def->secondary, &idle) < 0)
        return -1;

    if (idle && idle->def->handover != VIR_NODE_DEV_VHBA_HANDOVER_BORROWED)
        return 0;

    if (qemuMigrationVHBADstForget(conn, used) < 0)
        return -1;

    return idle ? qemuMigrationVHBADstForget(conn, idle) : 0;
}


/* P is borrowed, and S is not defined yet, or not any more. */
static int
qemuMigrationVHBARecoverAlone(virConnectPtr conn,
                              qemuVHBANodedev *idle)
{
    g_autoptr(qemuVHBANodedev) used = NULL;
    int rc;

    if (!idle->def->primary)
        return 0;

    if ((rc = qemuVHBANodedevFind(conn, idle->def->primary, &used)) < 0)
        return -1;

    if (rc == 1)
        return 0;

    return qemuMigrationVHBADstForget(conn, idle);
}


static int
qemuMigrationVHBARecoverThrough(virConnectPtr conn,
                                virQEMUDriver *driver)
{
    static const struct {
        virNodeDevVHBAHandover mark;
        bool primary;
        qemuMigrationVHBAJournalStep step;
        bool together;          /* if it fails, what follows for @mark has to wait */
    } steps[] = {
        { VIR_NODE_DEV_VHBA_HANDOVER_LENT, false, qemuMigrationVHBASrcGiveUpRest, true },
        { VIR_NODE_DEV_VHBA_HANDOVER_LENT, true, qemuMigrationVHBASrcGiveUpPrimary, false },
        { VIR_NODE_DEV_VHBA_HANDOVER_LENT, true, qemuMigrationVHBARecoverNotSent, true },
        { VIR_NODE_DEV_VHBA_HANDOVER_LENT, false, qemuMigrationVHBARecoverUnsent, false },
        { VIR_NODE_DEV_VHBA_HANDOVER_BORROWED, false, qemuMigrationVHBADstRevokePartial, true },
        { VIR_NODE_DEV_VHBA_HANDOVER_BORROWED, true, qemuMigrationVHBARecoverUnrun, false },
        { VIR_NODE_DEV_VHBA_HANDOVER_BORROWED, false, qemuMigrationVHBARecoverAlone, false },
    };
    virNodeDevVHBAHandover stuck = VIR_NODE_DEV_VHBA_HANDOVER_NONE;
    size_t i;
    int rc;

    /* mostly there is nothing to do, and each step looks at all vHBAs */
    if ((rc = qemuVHBANodedevAnyMarked(conn)) <= 0)
        return rc;

    for (i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (steps[i].mark == stuck)
            continue;

        if (qemuMigrationVHBAJournalForEach(conn, driver, steps[i].mark, NULL,
                                            steps[i].primary, steps[i].step) < 0 &&
            steps[i].together)
            stuck = steps[i].mark;
    }

    /* what is let in may be a running domain's */
    return qemuMigrationVHBAJournalForDomain(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                             NULL, false, qemuMigrationVHBADstLetInDecided);
}


/**
 * qemuMigrationVHBARecoverMarks:
 * @driver: the driver, whose domains are left alone if they are alive; or NULL
 *
 * Does what is left to do for migrations whose domains are not here any more, the
 * same for all pairs of each, and goes on to start, in the background, the vHBAs
 * that have been brought or brought back. If the node device driver dies meanwhile,
 * what is left is tried once more.
 *
 * Returns 0 on success, -1 with an error reported if the node device driver
 * cannot be reached.
 */
int
qemuMigrationVHBARecoverMarks(virQEMUDriver *driver)
{
    size_t tries;
    int rc = -1;

    for (tries = 0; tries < 2; tries++) {
        g_autoptr(virConnect) conn = virGetConnectNodeDev();

        if (!conn)
            return -1;

        rc = qemuMigrationVHBARecoverThrough(conn, driver);
        if (virConnectIsAlive(conn) == 1)
            break;
    }

    return rc;
}


static void
qemuMigrationVHBARecoverThread(void *opaque)
{
    g_autoptr(virIdentity) identity = virIdentityGetSystem();

    virIdentitySetCurrent(identity);
    if (qemuMigrationVHBARecoverMarks(opaque) < 0)
        VIR_WARN("Cannot settle the marks of earlier migrations of vHBAs: %s",
                 virGetLastErrorMessage());
    virIdentitySetCurrent(NULL);
}


/**
 * qemuMigrationVHBARecoverAll:
 * @driver: the driver, which outlives what is done
 *
 * To be called when the daemon starts. Does qemuMigrationVHBARecoverMarks, and
 * does not wait for it. Where there is no Fibre Channel, nothing is done.
 */
void
qemuMigrationVHBARecoverAll(virQEMUDriver *driver)
{
    virThread thread;

    if (!virFileIsDir("/sys/class/fc_host"))
        return;

    if (virThreadCreateFull(&thread, false, qemuMigrationVHBARecoverThread,
                            "vhba-recover", false, driver) < 0)
        VIR_WARN("Cannot settle the marks of earlier migrations of vHBAs: %s",
                 g_strerror(errno));
}
