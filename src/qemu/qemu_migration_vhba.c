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
#include "qemu_vhba.h"
#include "qemu_vhba_nodedev.h"
#include "qemu_vhba_start.h"

#include "datatypes.h"
#include "domain_vhba_source_conf.h"
#include "driver.h"
#include "viralloc.h"
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


/* Source, after the job: the journal tells what is left to do */

/* The guest runs elsewhere: give up the pair. The primary is marked before it
 * is stopped, hence it is never started here again, whatever happens next. */
static int
qemuMigrationVHBASrcGiveUpPair(virConnectPtr conn,
                               qemuVHBANodedev *secondary)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;
    int rc = 0;

    if (secondary->def->primary &&
        (rc = qemuVHBANodedevFind(conn, secondary->def->primary, &primary)) < 0)
        return -1;

    if (rc == 1 &&
        (qemuVHBANodedevSetMark(primary, VIR_NODE_DEV_VHBA_HANDOVER_LENT,
                                secondary->def->domain,
                                secondary->def->migration) < 0 ||
         qemuVHBANodedevStop(primary) < 0 ||
         virNodeDeviceUndefine(primary->dev, 0) < 0))
        return -1;

    if (qemuVHBANodedevStop(secondary) < 0 ||
        virNodeDeviceUndefine(secondary->dev, 0) < 0)
        return -1;

    VIR_INFO("hand-over %s of domain '%s': vHBAs '%s' and '%s' are given up",
             secondary->def->migration, secondary->def->domain,
             NULLSTR(secondary->def->primary), secondary->wwpn);
    return 0;
}


/* The guest stays: take back the secondary. One that was not stopped yet has
 * nowhere gone; one that was is borrowed until it is logged in here again. */
static int
qemuMigrationVHBASrcTakeBack(virConnectPtr conn,
                             qemuVHBANodedev *secondary)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;
    g_autofree char *domain = g_strdup(secondary->def->domain);
    g_autofree char *migration = g_strdup(secondary->def->migration);
    int rc = 0;

    if (secondary->def->primary &&
        (rc = qemuVHBANodedevFind(conn, secondary->def->primary, &primary)) < 0)
        return -1;

    /* giving up the pair was begun, that decision stands */
    if (rc == 1 && primary->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_LENT)
        return qemuMigrationVHBASrcGiveUpPair(conn, secondary);

    if (secondary->active)
        return qemuVHBANodedevSetMark(secondary, VIR_NODE_DEV_VHBA_HANDOVER_NONE, NULL, NULL);

    if (qemuVHBANodedevSetMark(secondary, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                               domain, migration) < 0)
        return -1;

    qemuVHBAStartWhenFree(secondary->wwpn, migration);
    return 0;
}


typedef int
(*qemuMigrationVHBAStep)(virConnectPtr conn,
                         qemuVHBANodedev *vhba);

/* Takes @step for each vHBA that has @mark for @domain, or for any if that is
 * NULL, and is primary, or secondary. A failure leaves the mark and concerns no
 * other vHBA. */
static void
qemuMigrationVHBAForEachMarked(virConnectPtr conn,
                               virNodeDevVHBAHandover mark,
                               const char *domain,
                               bool primary,
                               qemuMigrationVHBAStep step)
{
    qemuVHBANodedev **vhbas = NULL;
    size_t nvhbas = 0;
    size_t i;

    if (qemuVHBANodedevListMarked(conn, mark, domain, &vhbas, &nvhbas) < 0) {
        VIR_WARN("Cannot tell which vHBAs are %s: %s",
                 virNodeDevVHBAHandoverTypeToString(mark), virGetLastErrorMessage());
        return;
    }

    for (i = 0; i < nvhbas; i++) {
        if (!!vhbas[i]->def->secondary != primary)
            continue;

        if (step(conn, vhbas[i]) < 0) {
            VIR_WARN("vHBA 'vhba_%s' stays %s for migration %s of domain '%s': %s",
                     vhbas[i]->wwpn, virNodeDevVHBAHandoverTypeToString(mark),
                     vhbas[i]->def->migration, vhbas[i]->def->domain,
                     virGetLastErrorMessage());
        }
    }

    qemuVHBANodedevListFree(vhbas, nvhbas);
}


typedef enum {
    QEMU_MIGRATION_VHBA_UNDECIDED,  /* it may run there, only the peer knows */
    QEMU_MIGRATION_VHBA_HERE,       /* it does not run there and never will */
    QEMU_MIGRATION_VHBA_THERE,      /* it runs there, and not here any more */
} qemuMigrationVHBAFate;


/* Where the guest is after a migration away from here has come to an end */
static qemuMigrationVHBAFate
qemuMigrationVHBASrcGetFate(virDomainObj *vm,
                            virDomainJobObj *job,
                            bool running)
{
    int reason;
    bool paused = virDomainObjGetState(vm, &reason) == VIR_DOMAIN_PAUSED &&
                  (reason == VIR_DOMAIN_PAUSED_MIGRATION ||
                   reason == VIR_DOMAIN_PAUSED_UNKNOWN);
    bool postcopy = virDomainObjIsPostcopy(vm, job);

    switch ((qemuMigrationJobPhase) job->phase) {
    case QEMU_MIGRATION_PHASE_NONE:
    case QEMU_MIGRATION_PHASE_BEGIN3:
    case QEMU_MIGRATION_PHASE_PERFORM2:
    case QEMU_MIGRATION_PHASE_PERFORM3:
    case QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED:
        /* A guest that migration has paused is resumed when it is known to
         * run here only. */
        return postcopy || (running && paused) ? QEMU_MIGRATION_VHBA_UNDECIDED
                                               : QEMU_MIGRATION_VHBA_HERE;

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

    switch (qemuMigrationVHBASrcGetFate(vm, job, running)) {
    case QEMU_MIGRATION_VHBA_THERE:
        qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT, domain, false,
                                       qemuMigrationVHBASrcGiveUpPair);
        break;

    case QEMU_MIGRATION_VHBA_HERE:
        qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_LENT, domain, false,
                                       qemuMigrationVHBASrcTakeBack);
        break;

    case QEMU_MIGRATION_VHBA_UNDECIDED:
        VIR_WARN("Nobody can tell here whether domain '%s' runs on the destination; "
                 "the vHBAs lent for its migration stay marked", domain);
        break;
    }
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

    qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED, domain, true,
                                   running ? qemuMigrationVHBADstKeep
                                           : qemuMigrationVHBADstForget);
    qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED, domain, false,
                                   running ? qemuMigrationVHBADstStartIdle
                                           : qemuMigrationVHBADstForgetIdle);
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
 * @vm: domain that has come in and runs
 *
 * From now on the vHBAs that @vm uses stay here, and it does not matter any
 * more what happens to @vm. To be called before the source is told.
 */
void
qemuMigrationVHBADstCommit(virDomainObj *vm)
{
    g_autoptr(virConnect) conn = NULL;

    if (!qemuMigrationVHBAConcerns(vm) ||
        !(conn = qemuMigrationVHBAConnect(vm)))
        return;

    qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED, vm->def->name,
                                   true, qemuMigrationVHBADstKeep);
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
 * qemuMigrationVHBALetAllIn:
 *
 * Goes on to start, in the background, the vHBAs that migrations have brought
 * or brought back, whatever has become of their domains.
 *
 * Returns 0 on success, -1 with an error reported if the node device driver
 * cannot be reached.
 */
int
qemuMigrationVHBALetAllIn(void)
{
    g_autoptr(virConnect) conn = virGetConnectNodeDev();

    if (!conn)
        return -1;

    qemuMigrationVHBAForEachMarked(conn, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED,
                                   NULL, false, qemuMigrationVHBALetIn);
    return 0;
}


static void
qemuMigrationVHBARecoverThread(void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virIdentity) identity = virIdentityGetSystem();

    virIdentitySetCurrent(identity);
    if (qemuMigrationVHBALetAllIn() < 0)
        VIR_WARN("Cannot look for vHBAs that have to be let in: %s",
                 virGetLastErrorMessage());
    virIdentitySetCurrent(NULL);
}


/**
 * qemuMigrationVHBARecoverAll:
 *
 * To be called when the daemon starts. Does qemuMigrationVHBALetAllIn, and
 * does not wait for it. Where there is no Fibre Channel, nothing is done.
 */
void
qemuMigrationVHBARecoverAll(void)
{
    virThread thread;

    if (!virFileIsDir("/sys/class/fc_host"))
        return;

    if (virThreadCreateFull(&thread, false, qemuMigrationVHBARecoverThread,
                            "vhba-recover", false, NULL) < 0)
        VIR_WARN("Cannot look for vHBAs that have to be let in: %s",
                 g_strerror(errno));
}
