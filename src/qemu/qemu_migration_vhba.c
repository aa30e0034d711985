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
#include "qemu_monitor.h"
#include "qemu_process.h"
#include "qemu_vhba.h"
#include "qemu_vhba_nodedev.h"
#include "qemu_vhba_start.h"

#include "datatypes.h"
#include "domain_vhba_source_conf.h"
#include "driver.h"
#include "viralloc.h"
#include "virclosecallbacks.h"
#include "virerror.h"
#include "virfcclaim.h"
#include "virfchost.h"
#include "virfclun.h"
#include "virfile.h"
#include "viridentity.h"
#include "virlog.h"
#include "virthread.h"
#include "viruuid.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_migration_vhba");


/**
 * qemuMigrationVHBAIsUsed:
 *
 * Returns true if any disk of @def is a LUN behind a vHBA.
 */
bool
qemuMigrationVHBAIsUsed(const virDomainDef *def)
{
    size_t i;

    for (i = 0; i < def->ndisks; i++) {
        virStorageSource *n;

        for (n = def->disks[i]->src; virStorageSourceIsBacking(n); n = n->backingStore) {
            if (n->vhba)
                return true;
        }
    }

    return false;
}


static virStorageSource *
qemuMigrationVHBAGetSource(virDomainDef *def,
                           const char *disk,
                           unsigned int depth)
{
    virDomainDiskDef *diskdef = virDomainDiskByTarget(def, disk);
    virStorageSource *n = diskdef ? diskdef->src : NULL;

    while (n && depth-- > 0)
        n = n->backingStore;

    return n;
}


static bool
qemuMigrationVHBAPairHas(const qemuMigrationVHBAPair *pair,
                         const char *wwpn)
{
    return virWWNEqual(pair->primary.wwpn, wwpn) ||
           virWWNEqual(pair->secondary.wwpn, wwpn);
}


static qemuMigrationVHBAPair *
qemuMigrationVHBAFindPair(const qemuMigrationVHBACookie *cookie,
                          const char *wwpn)
{
    size_t i;

    for (i = 0; i < cookie->npairs; i++) {
        if (qemuMigrationVHBAPairHas(cookie->pairs[i], wwpn))
            return cookie->pairs[i];
    }

    return NULL;
}


/* Source, Begin: look, and refuse what cannot end well */

static int
qemuMigrationVHBASrcFillMember(qemuMigrationVHBAMember *member,
                               const qemuVHBANodedev *vhba)
{
    int autostart = 0;

    if (virNodeDeviceGetAutostart(vhba->dev, &autostart) < 0)
        return -1;

    member->wwnn = g_strdup(vhba->wwnn);
    member->wwpn = g_strdup(vhba->wwpn);
    member->autostart = autostart;

    return 0;
}


static int
qemuMigrationVHBASrcCheckMark(const qemuVHBANodedev *vhba)
{
    if (vhba->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE)
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("vHBA 'vhba_%1$s' is still %2$s for migration %3$s of domain '%4$s'; wait until the fabric lets it in, or settle that migration"),
                   vhba->wwpn, virNodeDevVHBAHandoverTypeToString(vhba->def->handover),
                   NULLSTR(vhba->def->migration), NULLSTR(vhba->def->domain));
    return -1;
}


static int
qemuMigrationVHBASrcCheckPrimary(const qemuVHBANodedev *vhba,
                                 const char *disk)
{
    if (!vhba->def->secondary) {
        virReportError(VIR_ERR_OPERATION_UNSUPPORTED,
                       _("vHBA 'vhba_%1$s' of disk '%2$s' has no secondary that could be used on the destination; define one, or name another vHBA in the destination XML"),
                       vhba->wwpn, disk);
        return -1;
    }

    if (!vhba->active || !vhba->fabricWWN) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA 'vhba_%1$s' of disk '%2$s' is not logged in to a fabric"),
                       vhba->wwpn, disk);
        return -1;
    }

    return qemuMigrationVHBASrcCheckMark(vhba);
}


static int
qemuMigrationVHBASrcCheckSecondary(const qemuVHBANodedev *vhba,
                                   const qemuVHBANodedev *primary)
{
    g_autofree char *user = NULL;
    int rc;

    if (!virWWNEqual(vhba->def->primary, primary->wwpn)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA 'vhba_%1$s' is not defined as the secondary of 'vhba_%2$s'"),
                       vhba->wwpn, primary->wwpn);
        return -1;
    }

    if (qemuMigrationVHBASrcCheckMark(vhba) < 0)
        return -1;

    /* One that is not held here may be in use anywhere. */
    if (!vhba->active) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("secondary vHBA 'vhba_%1$s' is not active, start it with 'virsh nodedev-start vhba_%1$s'"),
                       vhba->wwpn);
        return -1;
    }

    if ((rc = virFCClaimGet(vhba->wwpn, &user, NULL)) < 0)
        return -1;

    if (rc == 1) {
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("secondary vHBA 'vhba_%1$s' is used by domain '%2$s'"),
                       vhba->wwpn, user);
        return -1;
    }

    return 0;
}


static qemuMigrationVHBAPair *
qemuMigrationVHBASrcGetPair(virConnectPtr conn,
                            const char *wwpn,
                            const char *disk)
{
    g_autoptr(qemuMigrationVHBAPair) pair = g_new0(qemuMigrationVHBAPair, 1);
    g_autoptr(qemuVHBANodedev) primary = NULL;
    g_autoptr(qemuVHBANodedev) secondary = NULL;

    if (!(primary = qemuVHBANodedevLookup(conn, wwpn)) ||
        qemuMigrationVHBASrcCheckPrimary(primary, disk) < 0)
        return NULL;

    if (!(secondary = qemuVHBANodedevLookup(conn, primary->def->secondary)) ||
        qemuMigrationVHBASrcCheckSecondary(secondary, primary) < 0)
        return NULL;

    if (qemuMigrationVHBASrcFillMember(&pair->primary, primary) < 0 ||
        qemuMigrationVHBASrcFillMember(&pair->secondary, secondary) < 0)
        return NULL;

    pair->fabricWWN = g_strdup(primary->fabricWWN);

    return g_steal_pointer(&pair);
}


static int
qemuMigrationVHBASrcAddLun(qemuMigrationVHBAPair *pair,
                           const char *disk,
                           unsigned int depth,
                           const virStorageSourceVHBA *source)
{
    g_autoptr(qemuMigrationVHBALun) lun = NULL;
    g_autoptr(virFCHost) fchost = NULL;
    g_autoptr(virFCLun) seen = NULL;

    if (!(fchost = virFCHostFindByWWN(pair->primary.wwnn, pair->primary.wwpn))) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA 'vhba_%1$s' of disk '%2$s' is not known to the kernel"),
                       pair->primary.wwpn, disk);
        return -1;
    }

    if (!(seen = virFCLunFind(fchost->host, source->target,
                              source->hasUnit ? &source->unit : NULL)))
        return -1;

    if (!seen->id) {
        virReportError(VIR_ERR_OPERATION_UNSUPPORTED,
                       _("LUN %1$llu behind vHBA 'vhba_%2$s' has no identity by which the destination could recognize it"),
                       seen->unit, pair->primary.wwpn);
        return -1;
    }

    lun = g_new0(qemuMigrationVHBALun, 1);
    lun->disk = g_strdup(disk);
    lun->depth = depth;
    lun->target = g_strdup(seen->target);
    lun->unit = seen->unit;
    lun->id = g_strdup(seen->id);
    lun->size = seen->size;

    VIR_APPEND_ELEMENT(pair->luns, pair->nluns, lun);

    return 0;
}


/* The destination XML may put the disk elsewhere; then nothing is handed over
 * for it. Returns 1 if it names neither member of the pair, 0 if it names one
 * of them, -1 with an error reported if that cannot be told. */
static int
qemuMigrationVHBASrcIsElsewhere(virConnectPtr conn,
                                virDomainDef *dstdef,
                                const char *disk,
                                unsigned int depth,
                                const virStorageSourceVHBA *source)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;
    virStorageSource *other;

    if (!dstdef ||
        !(other = qemuMigrationVHBAGetSource(dstdef, disk, depth)))
        return 0;

    if (!other->vhba)
        return 1;

    if (virWWNEqual(other->vhba->wwpn, source->wwpn) ||
        virWWNEqual(other->vhba->wwpn, source->active))
        return 0;

    if (source->active &&
        qemuVHBANodedevFind(conn, source->active, &primary) < 0)
        return -1;

    return !primary || !virWWNEqual(other->vhba->wwpn, primary->def->secondary);
}


static int
qemuMigrationVHBASrcAddSource(virConnectPtr conn,
                              const char *disk,
                              unsigned int depth,
                              const virStorageSource *source,
                              qemuMigrationVHBACookie *cookie)
{
    const char *wwpn = source->vhba->active;
    qemuMigrationVHBAPair *pair;

    if (!wwpn) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("the vHBA that carries disk '%1$s' is not known"), disk);
        return -1;
    }

    if (!(pair = qemuMigrationVHBAFindPair(cookie, wwpn))) {
        if (!(pair = qemuMigrationVHBASrcGetPair(conn, wwpn, disk)))
            return -1;

        VIR_APPEND_ELEMENT_COPY(cookie->pairs, cookie->npairs, pair);
    }

    return qemuMigrationVHBASrcAddLun(pair, disk, depth, source->vhba);
}


static int
qemuMigrationVHBASrcCheckWay(unsigned int flags)
{
    if (flags & VIR_MIGRATE_OFFLINE) {
        virReportError(VIR_ERR_OPERATION_UNSUPPORTED, "%s",
                       _("offline migration does not hand over vHBAs; start the domain, or name other disks in the destination XML"));
        return -1;
    }

    /* There has to be a job from now on until the guest is on either side,
     * because whatever ends it settles what becomes of the vHBAs. */
    if (!(flags & (VIR_MIGRATE_CHANGE_PROTECTION | VIR_MIGRATE_PEER2PEER))) {
        virReportError(VIR_ERR_OPERATION_UNSUPPORTED, "%s",
                       _("migration of a domain that uses a vHBA requires change protection"));
        return -1;
    }

    return 0;
}


static int
qemuMigrationVHBASrcAddDisk(virConnectPtr conn,
                            virDomainDiskDef *disk,
                            virDomainDef *dstdef,
                            const char **migrate_disks,
                            unsigned int flags,
                            qemuMigrationVHBACookie *cookie)
{
    unsigned int depth = 0;
    virStorageSource *n;

    for (n = disk->src; virStorageSourceIsBacking(n); n = n->backingStore, depth++) {
        int elsewhere;

        if (!n->vhba)
            continue;

        if ((elsewhere = qemuMigrationVHBASrcIsElsewhere(conn, dstdef, disk->dst,
                                                         depth, n->vhba)) < 0)
            return -1;

        if (elsewhere)
            continue;

        if (flags & (VIR_MIGRATE_NON_SHARED_DISK | VIR_MIGRATE_NON_SHARED_INC) &&
            qemuMigrationAnyCopyDisk(disk, migrate_disks)) {
            virReportError(VIR_ERR_OPERATION_INVALID,
                           _("disk '%1$s' would be copied onto itself, since its vHBA is handed over to the destination; leave it out of the disks to migrate"),
                           disk->dst);
            return -1;
        }

        if (qemuMigrationVHBASrcCheckWay(flags) < 0 ||
            qemuMigrationVHBASrcAddSource(conn, disk->dst, depth, n, cookie) < 0)
            return -1;
    }

    return 0;
}


/**
 * qemuMigrationVHBASrcBegin:
 * @vm: domain that is to be migrated away
 * @dstdef: definition for the destination given by the user, or NULL
 * @migrate_disks: disks to be copied, or NULL for the default
 * @flags: virDomainMigrateFlags
 * @cookie: filled with what the destination has to know; caller frees
 *
 * Finds the vHBAs that have to be handed over and checks everything that can
 * be checked on this host. Nothing is changed.
 *
 * Returns 0 on success, with @cookie untouched when nothing is handed over;
 *        -1 with an error reported otherwise.
 */
int
qemuMigrationVHBASrcBegin(virDomainObj *vm,
                          virDomainDef *dstdef,
                          const char **migrate_disks,
                          unsigned int flags,
                          qemuMigrationVHBACookie **cookie)
{
    g_autoptr(qemuMigrationVHBACookie) ret = NULL;
    g_autoptr(virConnect) conn = NULL;
    size_t i;

    if (!qemuMigrationVHBAIsUsed(vm->def))
        return 0;

    if (!(conn = virGetConnectNodeDev()) ||
        !(ret = qemuMigrationVHBACookieNew()))
        return -1;

    for (i = 0; i < vm->def->ndisks; i++) {
        if (qemuMigrationVHBASrcAddDisk(conn, vm->def->disks[i], dstdef,
                                        migrate_disks, flags, ret) < 0)
            return -1;
    }

    if (ret->npairs > 0)
        *cookie = g_steal_pointer(&ret);

    return 0;
}


/**
 * qemuMigrationVHBASrcLend:
 * @vm: domain that is to be migrated away; a migration job is active
 * @cookie: made by qemuMigrationVHBASrcBegin, or NULL
 *
 * Gives the secondaries away: marks each of them lent and lets go of it. On
 * failure nothing needs to be undone by the caller, since the end of the job
 * settles it.
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

    jobPriv->vhbaHandover = true;

    for (i = 0; i < cookie->npairs; i++) {
        g_autoptr(qemuVHBANodedev) secondary = NULL;

        if (!(secondary = qemuVHBANodedevLookup(conn, cookie->pairs[i]->secondary.wwpn)) ||
            qemuVHBANodedevSetMark(secondary, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                   vm->def->name, cookie->migration) < 0 ||
            qemuVHBANodedevStop(secondary) < 0)
            return -1;

        VIR_INFO("hand-over %s of domain '%s': vHBA '%s' is lent",
                 cookie->migration, vm->def->name, secondary->wwpn);
    }

    return 0;
}


/* The journal: what bears a mark, and what is done with that */

static virConnectPtr
qemuMigrationVHBAConnect(virDomainObj *vm)
{
    virConnectPtr conn = virGetConnectNodeDev();

    if (!conn) {
        VIR_WARN("The vHBAs of domain '%s' cannot be settled, they stay marked: %s",
                 vm->def->name, virGetLastErrorMessage());
    }

    return conn;
}


typedef int
(*qemuMigrationVHBAStep)(virConnectPtr conn,
                         qemuVHBANodedev *vhba);

/* Whether the domain is here and alive, or about to be: then what it needs is
 * up to whoever works on it. A NULL @driver knows no domain. */
static bool
qemuMigrationVHBAIsBusy(virQEMUDriver *driver,
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


/* Takes @step for each vHBA that has @mark for @domain, or if that is NULL for
 * any that is not busy, and is primary, or secondary. A failure leaves the mark
 * and concerns no other vHBA. Returns 0 if all went well, otherwise -1 with the
 * last error. */
static int
qemuMigrationVHBAForEach(virConnectPtr conn,
                         virQEMUDriver *driver,
                         virNodeDevVHBAHandover mark,
                         const char *domain,
                         bool primary,
                         qemuMigrationVHBAStep step)
{
    qemuVHBANodedev **vhbas = NULL;
    size_t nvhbas = 0;
    size_t i;
    int ret = 0;

    if (qemuVHBANodedevListMarked(conn, mark, domain, &vhbas, &nvhbas) < 0) {
        VIR_WARN("Cannot tell which vHBAs are %s: %s",
                 virNodeDevVHBAHandoverTypeToString(mark), virGetLastErrorMessage());
        return -1;
    }

    for (i = 0; i < nvhbas; i++) {
        if (!!vhbas[i]->def->secondary != primary ||
            qemuMigrationVHBAIsBusy(driver, vhbas[i]->def->domain))
            continue;

        if (step(conn, vhbas[i]) < 0) {
            VIR_WARN("vHBA 'vhba_%s' stays %s for migration %s of domain '%s': %s",
                     vhbas[i]->wwpn, virNodeDevVHBAHandoverTypeToString(mark),
                     vhbas[i]->def->migration, vhbas[i]->def->domain,
                     virGetLastErrorMessage());
            ret = -1;
        }
    }

    qemuVHBANodedevListFree(vhbas, nvhbas);
    return ret;
}


static int
qemuMigrationVHBAForEachMarked(virConnectPtr conn,
                               virNodeDevVHBAHandover mark,
                               const char *domain,
                               bool primary,
                               qemuMigrationVHBAStep step)
{
    return qemuMigrationVHBAForEach(conn, NULL, mark, domain, primary, step);
}


static int
qemuMigrationVHBAUnmark(virConnectPtr conn G_GNUC_UNUSED,
                        qemuVHBANodedev *vhba)
{
    return qemuVHBANodedevSetMark(vhba, VIR_NODE_DEV_VHBA_HANDOVER_NONE, NULL, NULL);
}


/* Source, end of Perform: the destination may run the guest from now on */

/* Marks the primary of @secondary like that. */
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


/**
 * qemuMigrationVHBASrcSent:
 * @vm: domain that is paused, and all of which has been sent
 *
 * Marks the primaries lent. To be called before anybody hears that the guest
 * has been sent: from then on the destination may run it, so that it must not
 * go on here, nor be started anew, without a word from there.
 *
 * Returns 0 on success; -1 with an error reported, and no primary marked.
 */
int
qemuMigrationVHBASrcSent(virDomainObj *vm)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    g_autoptr(virConnect) conn = NULL;
    virErrorPtr orig_err = NULL;

    if (!jobPriv->vhbaHandover)
        return 0;

    if (!(conn = virGetConnectNodeDev()))
        return -1;

    if (qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                       vm->def->name, false,
                                       qemuMigrationVHBASrcMarkPrimary) == 0)
        return 0;

    virErrorPreserveLast(&orig_err);
    qemuMigrationVHBASrcNotSent(vm);
    virErrorRestore(&orig_err);
    return -1;
}


/**
 * qemuMigrationVHBASrcNotSent:
 * @vm: domain that the destination has refused, or was never told to run
 *
 * Takes back what qemuMigrationVHBASrcSent has said. Where that fails, the
 * domain stays paused, see qemuMigrationVHBASrcMayResume.
 */
void
qemuMigrationVHBASrcNotSent(virDomainObj *vm)
{
    g_autoptr(virConnect) conn = NULL;

    if (!qemuMigrationVHBAIsUsed(vm->def) ||
        !(conn = qemuMigrationVHBAConnect(vm)))
        return;

    ignore_value(qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                                vm->def->name, true,
                                                qemuMigrationVHBAUnmark));
}


/* Returns 1 if the guest may run on the destination as far as this host knows,
 * 0 if it does not, -1 with an error reported if that cannot be told. */
static int
qemuMigrationVHBASrcIsSent(virConnectPtr conn,
                           virDomainObj *vm)
{
    qemuVHBANodedev **vhbas = NULL;
    size_t nvhbas = 0;
    size_t i;
    int ret = 0;

    if (qemuVHBANodedevListMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                  vm->def->name, &vhbas, &nvhbas) < 0)
        return -1;

    for (i = 0; i < nvhbas; i++) {
        if (vhbas[i]->def->secondary)
            ret = 1;
    }

    qemuVHBANodedevListFree(vhbas, nvhbas);
    return ret;
}


/**
 * qemuMigrationVHBASrcMayResume:
 * @vm: domain whose migration away from here has failed
 *
 * Returns false, and tells the log what to do, if the destination may run the
 * guest all the same, because its answer was lost.
 */
bool
qemuMigrationVHBASrcMayResume(virDomainObj *vm)
{
    g_autoptr(virConnect) conn = NULL;
    int sent = -1;

    if (!qemuMigrationVHBAIsUsed(vm->def))
        return true;

    if ((conn = qemuMigrationVHBAConnect(vm)))
        sent = qemuMigrationVHBASrcIsSent(conn, vm);

    if (sent == 0)
        return true;

    VIR_WARN("Domain '%s' stays paused: the destination may run it, its answer was lost. "
             "Look there; if it does not run, 'virsh resume %s' here, otherwise "
             "'virsh destroy %s' here and undefine both vHBAs",
             vm->def->name, vm->def->name, vm->def->name);
    return false;
}


/* Source, when the administrator says that the guest does not run elsewhere */

/* Logs the secondary in again, now or not at all: as long as another host has
 * it, the guest may run there. */
static int
qemuMigrationVHBASrcFetch(virConnectPtr conn,
                          qemuVHBANodedev *secondary)
{
    g_autofree char *domain = g_strdup(secondary->def->domain);
    g_autofree char *migration = g_strdup(secondary->def->migration);
    virErrorPtr orig_err = NULL;

    if (qemuVHBANodedevSetMark(secondary, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                               domain, migration) < 0)
        return -1;

    if (qemuVHBAStartNow(conn, secondary->wwpn, migration) == 0)
        return 0;

    virErrorPreserveLast(&orig_err);
    ignore_value(qemuVHBANodedevSetMark(secondary, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                        domain, migration));
    virErrorRestore(&orig_err);

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("domain '%1$s' may run on the host that it was migrated to, because vHBA 'vhba_%2$s' cannot be had back from there: %3$s; stop it there first, or destroy it here"),
                   domain, secondary->wwpn, virGetLastErrorMessage());
    return -1;
}


static int
qemuMigrationVHBASrcReclaimAll(virConnectPtr conn,
                               const char *domain)
{
    if (qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                       domain, false, qemuMigrationVHBASrcFetch) < 0)
        return -1;

    return qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                          domain, true, qemuMigrationVHBAUnmark);
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
    g_autoptr(virConnect) conn = NULL;
    g_autofree char *domain = g_strdup(vm->def->name);
    int sent;
    int ret;

    if (!qemuMigrationVHBAIsUsed(vm->def))
        return 0;

    if (!(conn = virGetConnectNodeDev()) ||
        (sent = qemuMigrationVHBASrcIsSent(conn, vm)) < 0)
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

/* The guest runs elsewhere. The definition of S goes first: a primary that is
 * lent and has no secondary any more is one that is to be given up. */
static int
qemuMigrationVHBASrcGiveUpSecondary(virConnectPtr conn,
                                    qemuVHBANodedev *secondary)
{
    if (qemuMigrationVHBASrcMarkPrimary(conn, secondary) < 0 ||
        qemuVHBANodedevStop(secondary) < 0 ||
        virNodeDeviceUndefine(secondary->dev, 0) < 0)
        return -1;

    VIR_INFO("hand-over %s of domain '%s': vHBA '%s' is given up",
             secondary->def->migration, secondary->def->domain, secondary->wwpn);
    return 0;
}


static int
qemuMigrationVHBASrcGiveUpPrimary(virConnectPtr conn,
                                  qemuVHBANodedev *primary)
{
    g_autoptr(qemuVHBANodedev) secondary = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, primary->def->secondary, &secondary)) < 0)
        return -1;

    /* not decided yet */
    if (rc == 1)
        return 0;

    if (qemuVHBANodedevStop(primary) < 0 ||
        virNodeDeviceUndefine(primary->dev, 0) < 0)
        return -1;

    VIR_INFO("hand-over %s of domain '%s': vHBA '%s' is given up",
             primary->def->migration, primary->def->domain, primary->wwpn);
    return 0;
}


/**
 * qemuMigrationVHBASrcGone:
 * @vm: domain that the destination has said it runs
 *
 * Writes that down, before QEMU is stopped here.
 */
void
qemuMigrationVHBASrcGone(virDomainObj *vm)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    g_autoptr(virConnect) conn = NULL;

    if (!jobPriv->vhbaHandover ||
        !(conn = qemuMigrationVHBAConnect(vm)))
        return;

    ignore_value(qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                                vm->def->name, false,
                                                qemuMigrationVHBASrcGiveUpSecondary));
}


/* The guest stays: take back the secondary. One that was not stopped yet has
 * nowhere gone; one that was is borrowed until it is logged in here again. */
static int
qemuMigrationVHBASrcTakeBack(virConnectPtr conn G_GNUC_UNUSED,
                             qemuVHBANodedev *secondary)
{
    g_autofree char *domain = g_strdup(secondary->def->domain);
    g_autofree char *migration = g_strdup(secondary->def->migration);

    if (secondary->active)
        return qemuVHBANodedevSetMark(secondary, VIR_NODE_DEV_VHBA_HANDOVER_NONE, NULL, NULL);

    if (qemuVHBANodedevSetMark(secondary, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                               domain, migration) < 0)
        return -1;

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
    case QEMU_MIGRATION_PHASE_NONE:
    case QEMU_MIGRATION_PHASE_BEGIN3:
    case QEMU_MIGRATION_PHASE_PERFORM2:
    case QEMU_MIGRATION_PHASE_PERFORM3:
    case QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED:
        if (virDomainObjIsPostcopy(vm, job) ||
            qemuMigrationVHBASrcIsSent(conn, vm) != 0)
            return QEMU_MIGRATION_VHBA_UNDECIDED;
        return QEMU_MIGRATION_VHBA_HERE;

    case QEMU_MIGRATION_PHASE_CONFIRM3:
    case QEMU_MIGRATION_PHASE_CONFIRM_RESUME:
        /* The destination runs it. Our QEMU may only have failed to stop. */
        return running ? QEMU_MIGRATION_VHBA_UNDECIDED
                       : QEMU_MIGRATION_VHBA_THERE;

    case QEMU_MIGRATION_PHASE_PERFORM3_DONE:
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


static void
qemuMigrationVHBASrcSettle(virConnectPtr conn,
                           virDomainObj *vm,
                           virDomainJobObj *job,
                           bool running)
{
    const char *domain = vm->def->name;

    switch (qemuMigrationVHBASrcGetFate(conn, vm, job, running)) {
    case QEMU_MIGRATION_VHBA_THERE:
        ignore_value(qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                                    domain, false,
                                                    qemuMigrationVHBASrcGiveUpSecondary));
        break;

    case QEMU_MIGRATION_VHBA_HERE:
        ignore_value(qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                                    domain, false,
                                                    qemuMigrationVHBASrcTakeBack));
        break;

    case QEMU_MIGRATION_VHBA_UNDECIDED:
        VIR_WARN("Nobody can tell here whether domain '%s' runs on the destination; "
                 "the vHBAs lent for its migration stay marked", domain);
        break;
    }

    if (!running)
        ignore_value(qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                                    domain, true,
                                                    qemuMigrationVHBASrcGiveUpPrimary));
}


/* Destination, Prepare */

static int
qemuMigrationVHBADstCheckAbsent(virConnectPtr conn,
                                const char *wwpn)
{
    g_autoptr(qemuVHBANodedev) vhba = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, wwpn, &vhba)) < 0)
        return -1;

    if (rc == 1) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA 'vhba_%1$s' is already defined on the destination; if no domain needs it there, remove it with 'virsh nodedev-undefine vhba_%1$s'"),
                       wwpn);
        return -1;
    }

    return 0;
}


/* Both vHBAs are defined as they will be if all goes well: S as the primary
 * here, P as its secondary. The mark keeps them from being started by anyone
 * else until then. */
static qemuVHBANodedev *
qemuMigrationVHBADstDefine(virConnectPtr conn,
                           virDomainObj *vm,
                           const qemuMigrationVHBACookie *cookie,
                           const qemuMigrationVHBAPair *pair,
                           const qemuMigrationVHBAMember *member)
{
    bool primary = member == &pair->secondary;
    virNodeDevVHBADef def = {
        .primary = primary ? NULL : pair->secondary.wwpn,
        .secondary = primary ? pair->primary.wwpn : NULL,
        .handover = VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
        .domain = vm->def->name,
        .migration = cookie->migration,
    };
    qemuVHBANodedev nodedev = {
        .wwnn = member->wwnn,
        .wwpn = member->wwpn,
        .fabricWWN = pair->fabricWWN,
        .def = &def,
    };
    g_autoptr(qemuVHBANodedev) vhba = NULL;

    if (!(vhba = qemuVHBANodedevDefine(conn, &nodedev)) ||
        virNodeDeviceSetAutostart(vhba->dev, member->autostart) < 0)
        return NULL;

    return g_steal_pointer(&vhba);
}


static int
qemuMigrationVHBADstCheckIdentity(const qemuMigrationVHBAPair *pair,
                                  const qemuMigrationVHBALun *expected,
                                  const virFCLun *seen)
{
    if (STRNEQ_NULLABLE(seen->id, expected->id)) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("disk '%1$s' is LUN '%2$s' on the source, but vHBA 'vhba_%3$s' shows '%4$s' as unit %5$llu of target '%6$s' on the destination; both vHBAs of a pair must be masked to the same LUNs"),
                       expected->disk, expected->id, pair->secondary.wwpn,
                       NULLSTR(seen->id), seen->unit, seen->target);
        return -1;
    }

    if (seen->size != expected->size) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("disk '%1$s' has %2$llu bytes on the source, but %3$llu bytes behind vHBA 'vhba_%4$s' on the destination"),
                       expected->disk, expected->size, seen->size,
                       pair->secondary.wwpn);
        return -1;
    }

    return 0;
}


/* The LUN is selected as it will be when QEMU starts: by the domain's XML. */
static int
qemuMigrationVHBADstCheckLun(virDomainObj *vm,
                             const qemuMigrationVHBAPair *pair,
                             const qemuMigrationVHBALun *lun,
                             unsigned int host,
                             unsigned int timeout)
{
    virStorageSource *source = qemuMigrationVHBAGetSource(vm->def, lun->disk, lun->depth);
    const char *target = lun->target;
    const unsigned long long *unit = &lun->unit;
    g_autoptr(virFCLun) seen = NULL;

    if (source && source->vhba) {
        target = source->vhba->target;
        unit = source->vhba->hasUnit ? &source->vhba->unit : NULL;
    }

    if (!(seen = virFCLunWait(host, target, unit, timeout)))
        return -1;

    return qemuMigrationVHBADstCheckIdentity(pair, lun, seen);
}


static int
qemuMigrationVHBADstCheckLuns(virDomainObj *vm,
                              const qemuMigrationVHBAPair *pair)
{
    g_autoptr(virFCHost) fchost = NULL;
    size_t i;

    if (!(fchost = virFCHostFindByWWN(pair->secondary.wwnn, pair->secondary.wwpn))) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("vHBA 'vhba_%1$s' was started but the kernel does not know it"),
                       pair->secondary.wwpn);
        return -1;
    }

    for (i = 0; i < pair->nluns; i++) {
        if (qemuMigrationVHBADstCheckLun(vm, pair, pair->luns[i], fchost->host,
                                         qemuVHBAGetLunTimeout(vm)) < 0)
            return -1;
    }

    return 0;
}


static bool
qemuMigrationVHBAPairHasLun(const qemuMigrationVHBAPair *pair,
                            const char *disk,
                            unsigned int depth)
{
    size_t i;

    for (i = 0; i < pair->nluns; i++) {
        if (pair->luns[i]->depth == depth && STREQ(pair->luns[i]->disk, disk))
            return true;
    }

    return false;
}


/* A disk behind a borrowed vHBA whose LUN the source has not identified must
 * not be opened. */
static int
qemuMigrationVHBADstCheckDisks(virDomainObj *vm,
                               const qemuMigrationVHBACookie *cookie)
{
    size_t i;

    for (i = 0; i < vm->def->ndisks; i++) {
        virDomainDiskDef *disk = vm->def->disks[i];
        unsigned int depth = 0;
        virStorageSource *n;

        for (n = disk->src; virStorageSourceIsBacking(n); n = n->backingStore, depth++) {
            qemuMigrationVHBAPair *pair = NULL;

            if (n->vhba)
                pair = qemuMigrationVHBAFindPair(cookie, n->vhba->wwpn);

            if (pair && !qemuMigrationVHBAPairHasLun(pair, disk->dst, depth)) {
                virReportError(VIR_ERR_OPERATION_FAILED,
                               _("the source has not told which LUN disk '%1$s' is"),
                               disk->dst);
                return -1;
            }
        }
    }

    return 0;
}


static int
qemuMigrationVHBADstBorrow(virConnectPtr conn,
                           virDomainObj *vm,
                           const qemuMigrationVHBACookie *cookie,
                           const qemuMigrationVHBAPair *pair)
{
    g_autoptr(qemuVHBANodedev) idle = NULL;
    g_autoptr(qemuVHBANodedev) used = NULL;

    if (qemuMigrationVHBADstCheckAbsent(conn, pair->primary.wwpn) < 0 ||
        qemuMigrationVHBADstCheckAbsent(conn, pair->secondary.wwpn) < 0)
        return -1;

    if (!(idle = qemuMigrationVHBADstDefine(conn, vm, cookie, pair, &pair->primary)) ||
        !(used = qemuMigrationVHBADstDefine(conn, vm, cookie, pair, &pair->secondary)) ||
        qemuVHBANodedevStart(used) < 0)
        return -1;

    VIR_INFO("hand-over %s of domain '%s': vHBA '%s' is borrowed",
             cookie->migration, vm->def->name, used->wwpn);

    return qemuMigrationVHBADstCheckLuns(vm, pair);
}


/* Destination, after the job */

/* The guest runs here, so this one stays. */
static int
qemuMigrationVHBADstKeep(virConnectPtr conn G_GNUC_UNUSED,
                         qemuVHBANodedev *vhba)
{
    g_autofree char *migration = g_strdup(vhba->def->migration);

    if (qemuVHBANodedevSetMark(vhba, VIR_NODE_DEV_VHBA_HANDOVER_NONE, NULL, NULL) < 0)
        return -1;

    VIR_INFO("hand-over %s: vHBA '%s' is primary here", migration, vhba->wwpn);
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
    g_autoptr(virConnect) conn = NULL;
    virErrorPtr orig_err = NULL;

    virErrorPreserveLast(&orig_err);
    if ((conn = qemuMigrationVHBAConnect(vm)))
        ignore_value(qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                                    vm->def->name, false,
                                                    qemuMigrationVHBADstRevokeOne));
    virErrorRestore(&orig_err);
}


static int
qemuMigrationVHBADstStartIdle(virConnectPtr conn G_GNUC_UNUSED,
                              qemuVHBANodedev *vhba)
{
    qemuVHBAStartWhenFree(vhba->wwpn, vhba->def->migration);
    return 0;
}


static int
qemuMigrationVHBADstForget(virConnectPtr conn G_GNUC_UNUSED,
                           qemuVHBANodedev *vhba)
{
    if (qemuVHBANodedevStop(vhba) < 0 ||
        virNodeDeviceUndefine(vhba->dev, 0) < 0)
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
        return qemuMigrationVHBADstStartIdle(conn, vhba);

    return qemuMigrationVHBADstForget(conn, vhba);
}


static void
qemuMigrationVHBADstSettle(virConnectPtr conn,
                           virDomainObj *vm,
                           bool running)
{
    const char *domain = vm->def->name;

    ignore_value(qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                                domain, true,
                                                running ? qemuMigrationVHBADstKeep
                                                        : qemuMigrationVHBADstForget));
    ignore_value(qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                                domain, false,
                                                running ? qemuMigrationVHBADstStartIdle
                                                        : qemuMigrationVHBADstForgetIdle));
}


/**
 * qemuMigrationVHBADstPrepare:
 * @vm: domain that is about to come in; a migration job is active
 * @cookie: what the source has told, or NULL
 *
 * Takes in the vHBAs through which @vm will see its disks, and checks that
 * what they show are the very same LUNs. On failure nothing needs to be
 * undone by the caller, since the end of the job settles it.
 *
 * Returns 0 on success, -1 with an error reported otherwise.
 */
int
qemuMigrationVHBADstPrepare(virDomainObj *vm,
                            const qemuMigrationVHBACookie *cookie)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    g_autoptr(virConnect) conn = NULL;
    size_t i;

    if (!cookie)
        return 0;

    if (!(conn = virGetConnectNodeDev()) ||
        qemuMigrationVHBADstCheckDisks(vm, cookie) < 0)
        return -1;

    jobPriv->vhbaHandover = true;

    /* @vm does not run here, so what is borrowed for it is a leftover. */
    qemuMigrationVHBADstSettle(conn, vm, false);

    for (i = 0; i < cookie->npairs; i++) {
        if (qemuMigrationVHBADstBorrow(conn, vm, cookie, cookie->pairs[i]) < 0)
            return -1;
    }

    return 0;
}


/* Is this job handing over vHBAs? A post-copy migration may have forgotten it in
 * a restart of the daemon. */
static bool
qemuMigrationVHBAConcerns(virDomainObj *vm)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;

    return jobPriv->vhbaHandover ||
           (vm->job->phase >= QEMU_MIGRATION_PHASE_POSTCOPY_FAILED &&
            qemuMigrationVHBAIsUsed(vm->def));
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
    g_autoptr(virConnect) conn = NULL;

    if (!qemuMigrationVHBAConcerns(vm))
        return 0;

    if (!(conn = virGetConnectNodeDev()))
        return -1;

    if (qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                       vm->def->name, true,
                                       qemuMigrationVHBADstKeep) < 0) {
        qemuMigrationVHBADstRevoke(vm);
        return -1;
    }

    virCloseCallbacksDomainRemove(vm, NULL, qemuProcessAutoDestroy);
    return 0;
}


/* Whether QEMU is there to say that the guest does not run. */
static bool
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


static void
qemuMigrationVHBASettleJob(virDomainObj *vm,
                           virDomainJobObj *job,
                           bool running)
{
    g_autoptr(virConnect) conn = NULL;
    char uuid[VIR_UUID_STRING_BUFLEN];

    if (!(conn = qemuMigrationVHBAConnect(vm)))
        return;

    /* We may be called while the domain is being stopped: QEMU is gone, but
     * its claims are not yet. */
    if (!running)
        ignore_value(virFCClaimDropAll(virUUIDFormat(vm->def->uuid, uuid)));

    if (job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN)
        qemuMigrationVHBADstSettle(conn, vm, running);
    else
        qemuMigrationVHBASrcSettle(conn, vm, job, running);
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
 * @vm: domain that was found when the daemon started
 * @job: what it was doing when the daemon stopped
 *
 * Settles a hand-over that was interrupted by a restart of the daemon, unless
 * the migration goes on.
 */
void
qemuMigrationVHBARecover(virDomainObj *vm,
                         virDomainJobObj *job)
{
    virErrorPtr orig_err = NULL;

    if ((job->asyncJob != VIR_ASYNC_JOB_MIGRATION_IN &&
         job->asyncJob != VIR_ASYNC_JOB_MIGRATION_OUT) ||
        vm->job->asyncJob != VIR_ASYNC_JOB_NONE ||
        !qemuMigrationVHBAIsUsed(vm->def))
        return;

    virErrorPreserveLast(&orig_err);
    qemuMigrationVHBASettleJob(vm, job, virDomainObjIsActive(vm));
    virErrorRestore(&orig_err);
}


/* Marks that have outlived their domain, as they do when a host loses power.
 * Each combination on one host is a point on the way, see qemu_migration_vhba.h;
 * those that need the other host's word are left. */

/* S is lent, and P is not: the guest was not sent, so it cannot run there. */
static int
qemuMigrationVHBASrcTakeBackUnsent(virConnectPtr conn,
                                   qemuVHBANodedev *secondary)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, secondary->def->primary, &primary)) < 0)
        return -1;

    if (rc == 0 || primary->def->handover != VIR_NODE_DEV_VHBA_HANDOVER_NONE)
        return 0;

    return qemuMigrationVHBASrcTakeBack(conn, secondary);
}


/* S and P are borrowed: the guest has not run here. */
static int
qemuMigrationVHBADstForgetPair(virConnectPtr conn,
                               qemuVHBANodedev *used)
{
    g_autoptr(qemuVHBANodedev) idle = NULL;

    if (!(idle = qemuVHBANodedevLookup(conn, used->def->secondary)))
        return -1;

    if (idle->def->handover != VIR_NODE_DEV_VHBA_HANDOVER_BORROWED)
        return 0;

    if (qemuMigrationVHBADstForget(conn, used) < 0)
        return -1;

    return qemuMigrationVHBADstForget(conn, idle);
}


/* A secondary is borrowed after a decision: it will belong here when the fabric
 * lets it in. One whose primary is borrowed as well waits for a decision. */
static int
qemuMigrationVHBALetIn(virConnectPtr conn,
                       qemuVHBANodedev *vhba)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;
    int rc = 0;

    if (vhba->def->primary &&
        (rc = qemuVHBANodedevFind(conn, vhba->def->primary, &primary)) < 0)
        return -1;

    if (rc == 1 && primary->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE)
        qemuVHBAStartWhenFree(vhba->wwpn, vhba->def->migration);

    return 0;
}


/**
 * qemuMigrationVHBARecoverMarks:
 * @driver: the driver, whose domains are left alone if they are alive; or NULL
 *
 * Does what is left to do for migrations whose domains are not here any more,
 * and goes on to start, in the background, the vHBAs that have been brought or
 * brought back.
 *
 * Returns 0 on success, -1 with an error reported if the node device driver
 * cannot be reached.
 */
int
qemuMigrationVHBARecoverMarks(virQEMUDriver *driver)
{
    static const struct {
        virNodeDevVHBAHandover mark;
        bool primary;
        qemuMigrationVHBAStep step;
    } steps[] = {
        { VIR_NODE_DEV_VHBA_HANDOVER_LENT, true, qemuMigrationVHBASrcGiveUpPrimary },
        { VIR_NODE_DEV_VHBA_HANDOVER_LENT, false, qemuMigrationVHBASrcTakeBackUnsent },
        { VIR_NODE_DEV_VHBA_HANDOVER_BORROWED, true, qemuMigrationVHBADstForgetPair },
    };
    g_autoptr(virConnect) conn = virGetConnectNodeDev();
    size_t i;

    if (!conn)
        return -1;

    for (i = 0; i < G_N_ELEMENTS(steps); i++)
        ignore_value(qemuMigrationVHBAForEach(conn, driver, steps[i].mark, NULL,
                                              steps[i].primary, steps[i].step));

    /* what is let in may be a running domain's */
    return qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                          NULL, false, qemuMigrationVHBALetIn);
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
