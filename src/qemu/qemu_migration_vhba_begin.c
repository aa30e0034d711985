/*
 * qemu_migration_vhba_begin.c: what a hand-over takes, and whether it can end well
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

#include "qemu_migration_vhba_begin.h"

#include "qemu_migration.h"
#include "qemu_migration_vhba_guest.h"
#include "qemu_migration_vhba_src.h"
#include "qemu_vhba.h"
#include "qemu_vhba_nodedev.h"

#include "datatypes.h"
#include "domain_vhba_source_conf.h"
#include "driver.h"
#include "viralloc.h"
#include "virerror.h"
#include "virfcclaim.h"
#include "virfchost.h"
#include "virfclun.h"
#include "viruuid.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_QEMU


/* A guest that is about to be migrated away, and how */
typedef struct {
    virConnectPtr conn;                 /* to the node device driver */
    virDomainDef *def;
    virDomainDef *dstdef;               /* given by the user, or NULL */
    const char **migrate_disks;         /* NULL for the default */
    unsigned int flags;                 /* virDomainMigrateFlags */
    virDomainAsyncJob job;              /* during Begin */
    qemuMigrationVHBACookie *cookie;    /* is being filled */
} qemuMigrationVHBAGuest;


static bool
qemuMigrationVHBAGuestIsOffline(const qemuMigrationVHBAGuest *guest)
{
    return guest->flags & VIR_MIGRATE_OFFLINE;
}


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
    member->inactive = !vhba->active;

    return 0;
}


static int
qemuMigrationVHBASrcCheckMark(const qemuVHBANodedev *vhba)
{
    if (vhba->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE)
        return 0;

    if (vhba->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_LENT) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       vhba->def->primary ?
                       _("vHBA 'vhba_%1$s' is still lent for migration %2$s of domain '%3$s'; if that is over, restart virtqemud here: it takes the vHBA back") :
                       _("vHBA 'vhba_%1$s' is still lent for migration %2$s of domain '%3$s'; settle that migration first: 'virsh nodedev-start' of its secondary takes the pair back, 'virsh nodedev-undefine' of that gives the pair up"),
                       vhba->wwpn, vhba->def->migration, vhba->def->domain);
        return -1;
    }

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("vHBA 'vhba_%1$s' is still borrowed for migration %2$s of domain '%3$s'; wait until the fabric has let it in"),
                   vhba->wwpn, vhba->def->migration, vhba->def->domain);
    return -1;
}


/* A vHBA that has been paired only afterwards may have several users. */
static int
qemuMigrationVHBASrcCheckShared(const qemuMigrationVHBAGuest *guest,
                                const qemuVHBANodedev *vhba)
{
    g_autofree char *other = NULL;
    char uuid[VIR_UUID_STRING_BUFLEN];
    int rc;

    if ((rc = virFCClaimGetOther(vhba->wwpn, virUUIDFormat(guest->def->uuid, uuid), &other)) < 0)
        return -1;

    if (rc == 1) {
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("vHBA 'vhba_%1$s' is used by domain '%2$s' as well and cannot leave it behind; give each domain a vHBA of its own"),
                       vhba->wwpn, other);
        return -1;
    }

    return 0;
}


static int
qemuMigrationVHBASrcCheckPrimary(const qemuMigrationVHBAGuest *guest,
                                 const qemuVHBANodedev *vhba,
                                 const char *disk)
{
    if (!vhba->def->secondary) {
        virReportError(VIR_ERR_OPERATION_UNSUPPORTED,
                       _("vHBA 'vhba_%1$s' of disk '%2$s' has no secondary that could be used on the destination; define one, or name another vHBA in the destination XML"),
                       vhba->wwpn, disk);
        return -1;
    }

    if (!vhba->fabricWWN ||
        !(vhba->active || qemuMigrationVHBAGuestIsOffline(guest))) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA 'vhba_%1$s' of disk '%2$s' is not logged in to a fabric; start it, or see the state of its port with 'virsh nodedev-dumpxml vhba_%1$s'"),
                       vhba->wwpn, disk);
        return -1;
    }

    if (qemuMigrationVHBASrcCheckMark(vhba) < 0)
        return -1;

    return qemuMigrationVHBASrcCheckShared(guest, vhba);
}


static int
qemuMigrationVHBASrcCheckSecondary(const qemuMigrationVHBAGuest *guest,
                                   const qemuVHBANodedev *vhba,
                                   const qemuVHBANodedev *primary)
{
    g_autofree char *user = NULL;
    int rc;

    if (!virWWNEqual(vhba->def->primary, primary->wwpn)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA 'vhba_%1$s' is not defined as the secondary of 'vhba_%2$s'; define it anew with <primary wwpn='%2$s'/>"),
                       vhba->wwpn, primary->wwpn);
        return -1;
    }

    if (qemuMigrationVHBASrcCheckMark(vhba) < 0)
        return -1;

    /* One that is not held here may be in use anywhere. If the guest does not
     * run, nobody needs it now. */
    if (!vhba->active && !qemuMigrationVHBAGuestIsOffline(guest)) {
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
qemuMigrationVHBASrcGetPair(const qemuMigrationVHBAGuest *guest,
                            const char *wwpn,
                            const char *disk)
{
    g_autoptr(qemuMigrationVHBAPair) pair = g_new0(qemuMigrationVHBAPair, 1);
    g_autoptr(qemuVHBANodedev) primary = NULL;
    g_autoptr(qemuVHBANodedev) secondary = NULL;
    int rc;

    if (!(primary = qemuVHBANodedevLookup(guest->conn, wwpn)) ||
        qemuMigrationVHBASrcCheckPrimary(guest, primary, disk) < 0)
        return NULL;

    if ((rc = qemuVHBANodedevFind(guest->conn, primary->def->secondary, &secondary)) < 0)
        return NULL;

    if (rc == 0) {
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("secondary vHBA 'vhba_%1$s' of 'vhba_%2$s' is not defined on the source; define it with <primary wwpn='%2$s'/> and start it"),
                       primary->def->secondary, primary->wwpn);
        return NULL;
    }

    if (qemuMigrationVHBASrcCheckSecondary(guest, secondary, primary) < 0)
        return NULL;

    if (qemuMigrationVHBASrcFillMember(&pair->primary, primary) < 0 ||
        qemuMigrationVHBASrcFillMember(&pair->secondary, secondary) < 0)
        return NULL;

    pair->fabricWWN = g_strdup(primary->fabricWWN);

    return g_steal_pointer(&pair);
}


/* Returns the LUN that @source uses, or NULL with an error reported. A path does not
 * tell which one it is, but leads to it. */
static virFCLun *
qemuMigrationVHBASrcFindLun(const virFCHost *fchost,
                            const char *disk,
                            const virStorageSource *source)
{
    const virStorageSourceVHBA *vhba = source->vhba;
    virFCLun *lun;

    if (!vhba->byPath)
        return virFCLunFind(fchost->host, vhba->target, vhba->hasUnit ? &vhba->unit : NULL);

    if (!(lun = qemuVHBAFindPathOn(fchost, source->path))) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' of disk '%2$s' is not behind vHBA 'vhba_%3$s' any more"),
                       source->path, disk, fchost->wwpn);
    }

    return lun;
}


static int
qemuMigrationVHBASrcAddLun(qemuMigrationVHBAPair *pair,
                           const char *disk,
                           unsigned int depth,
                           const virStorageSource *source)
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

    if (!(seen = qemuMigrationVHBASrcFindLun(fchost, disk, source)))
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


/* Finds the vHBA that carries @source, or would if the guest ran: the primary of
 * the pair, if it is in one. Returns its WWPN, or NULL with an error reported. */
static char *
qemuMigrationVHBASrcGetCarrier(const qemuMigrationVHBAGuest *guest,
                               const char *disk,
                               const virStorageSourceVHBA *source)
{
    g_autoptr(qemuVHBANodedev) named = NULL;

    if (source->active)
        return g_strdup(source->active);

    if (!qemuMigrationVHBAGuestIsOffline(guest)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("the vHBA that carries disk '%1$s' is not known"), disk);
        return NULL;
    }

    if (source->byPath) {
        virReportError(VIR_ERR_OPERATION_UNSUPPORTED,
                       _("disk '%1$s' is given by the path '%2$s', which leads to no vHBA while the domain does not run; name the vHBA by its WWNs"),
                       disk, source->dev);
        return NULL;
    }

    if (!(named = qemuVHBANodedevLookup(guest->conn, source->wwpn)))
        return NULL;

    return g_strdup(named->def->primary ? named->def->primary : named->wwpn);
}


/* Whether two sources name the same vHBA, @wwpn being the one that carries
 * @source. Returns 1 or 0, or -1 with an error reported if that cannot be told. */
static int
qemuMigrationVHBASrcNamesSame(const qemuMigrationVHBAGuest *guest,
                              const char *wwpn,
                              const virStorageSourceVHBA *source,
                              const virStorageSourceVHBA *other)
{
    g_autoptr(qemuVHBANodedev) primary = NULL;

    if (other->byPath)
        return STREQ_NULLABLE(other->dev, source->dev);

    if (virWWNEqual(other->wwpn, source->wwpn) ||
        virWWNEqual(other->wwpn, wwpn))
        return 1;

    if (qemuVHBANodedevFind(guest->conn, wwpn, &primary) < 0)
        return -1;

    return primary && virWWNEqual(other->wwpn, primary->def->secondary);
}


/* The destination XML may put the disk elsewhere; then nothing is handed over
 * for it. Returns 1 if it does, 0 if not, -1 with an error reported if that
 * cannot be told. */
static int
qemuMigrationVHBASrcIsElsewhere(const qemuMigrationVHBAGuest *guest,
                                const char *wwpn,
                                const char *disk,
                                unsigned int depth,
                                const virStorageSourceVHBA *source)
{
    virStorageSource *other;
    int same;

    if (!guest->dstdef ||
        !(other = qemuMigrationVHBAGetSource(guest->dstdef, disk, depth)))
        return 0;

    if (!other->vhba)
        return 1;

    if ((same = qemuMigrationVHBASrcNamesSame(guest, wwpn, source, other->vhba)) < 0)
        return -1;

    return !same;
}


static int
qemuMigrationVHBASrcAddSource(const qemuMigrationVHBAGuest *guest,
                              const char *wwpn,
                              const char *disk,
                              unsigned int depth,
                              const virStorageSource *source)
{
    qemuMigrationVHBACookie *cookie = guest->cookie;
    qemuMigrationVHBAPair *pair;

    if (!(pair = qemuMigrationVHBACookieFindPair(cookie, wwpn))) {
        if (!(pair = qemuMigrationVHBASrcGetPair(guest, wwpn, disk)))
            return -1;

        VIR_APPEND_ELEMENT_COPY(cookie->pairs, cookie->npairs, pair);
    }

    /* one that is not active shows nothing */
    if (pair->primary.inactive)
        return 0;

    return qemuMigrationVHBASrcAddLun(pair, disk, depth, source);
}


static int
qemuMigrationVHBASrcCheckWay(const qemuMigrationVHBAGuest *guest)
{
    if (qemuMigrationVHBAGuestIsOffline(guest) && guest->def->id != -1) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("offline migration would take the vHBAs away from domain '%1$s', which is running; migrate it live, or stop it"),
                       guest->def->name);
        return -1;
    }

    /* There has to be a job from now on until the guest is on either side,
     * because whatever ends it settles what becomes of the vHBAs. Change protection
     * asks for it, and peer-to-peer has one. */
    if (guest->job != VIR_ASYNC_JOB_MIGRATION_OUT) {
        virReportError(VIR_ERR_OPERATION_UNSUPPORTED, "%s",
                       _("migration of a domain that uses a vHBA requires change protection"));
        return -1;
    }

    return 0;
}


static int
qemuMigrationVHBASrcCheckCopy(const qemuMigrationVHBAGuest *guest,
                              virDomainDiskDef *disk)
{
    if (guest->flags & (VIR_MIGRATE_NON_SHARED_DISK | VIR_MIGRATE_NON_SHARED_INC) &&
        qemuMigrationAnyCopyDisk(disk, guest->migrate_disks)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("disk '%1$s' would be copied onto itself, since its vHBA is handed over to the destination; leave it out of the disks to migrate"),
                       disk->dst);
        return -1;
    }

    return 0;
}


/* The cookie has no place for one. */
static int
qemuMigrationVHBASrcCheckDataStore(const char *disk,
                                   const virStorageSource *source)
{
    if (!source->dataFileStore || !source->dataFileStore->vhba)
        return 0;

    virReportError(VIR_ERR_OPERATION_UNSUPPORTED,
                   _("disk '%1$s' has its <dataStore> on a LUN behind a vHBA, which cannot be handed over; copy the disk to a LUN or an image without a data store first"),
                   disk);
    return -1;
}


static int
qemuMigrationVHBASrcAddDisk(const qemuMigrationVHBAGuest *guest,
                            virDomainDiskDef *disk)
{
    unsigned int depth = 0;
    virStorageSource *n;

    for (n = disk->src; virStorageSourceIsBacking(n); n = n->backingStore, depth++) {
        g_autofree char *wwpn = NULL;
        int elsewhere;

        if (qemuMigrationVHBASrcCheckDataStore(disk->dst, n) < 0)
            return -1;

        if (!n->vhba)
            continue;

        if (!(wwpn = qemuMigrationVHBASrcGetCarrier(guest, disk->dst, n->vhba)) ||
            (elsewhere = qemuMigrationVHBASrcIsElsewhere(guest, wwpn, disk->dst,
                                                         depth, n->vhba)) < 0)
            return -1;

        if (elsewhere)
            continue;

        if (qemuMigrationVHBASrcCheckCopy(guest, disk) < 0 ||
            qemuMigrationVHBASrcCheckWay(guest) < 0 ||
            qemuMigrationVHBASrcAddSource(guest, wwpn, disk->dst, depth, n) < 0)
            return -1;
    }

    return 0;
}


/**
 * qemuMigrationVHBASrcCheckProtocol:
 * @vm: domain that is being migrated away
 * @cookieout: where the caller wants to have a cookie, or NULL
 *
 * Version 2 of the migration protocol has no cookies, so that the destination
 * cannot be told about vHBAs.
 *
 * Returns 0 if @vm can be migrated like that, -1 with an error reported if not.
 */
int
qemuMigrationVHBASrcCheckProtocol(virDomainObj *vm,
                                  char **cookieout)
{
    if (cookieout || !qemuMigrationVHBAIsUsed(vm->def))
        return 0;

    virReportError(VIR_ERR_OPERATION_UNSUPPORTED,
                   _("migration of domain '%1$s' requires cookie support, because it uses a vHBA; use version 3 of the protocol, as any client does since libvirt 0.9.2"),
                   vm->def->name);
    return -1;
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
    qemuMigrationVHBAGuest guest = {
        .def = vm->def,
        .dstdef = dstdef,
        .migrate_disks = migrate_disks,
        .flags = flags,
        .job = vm->job->asyncJob,
    };
    size_t i;

    /* what has begun already does not begin again */
    if (flags & VIR_MIGRATE_POSTCOPY_RESUME ||
        !qemuMigrationVHBAIsUsed(vm->def))
        return 0;

    if (qemuMigrationVHBASrcCheckSettled(vm) < 0 ||
        !(guest.conn = conn = virGetConnectNodeDev()) ||
        !(guest.cookie = ret = qemuMigrationVHBACookieNew()))
        return -1;

    for (i = 0; i < vm->def->ndisks; i++) {
        if (qemuMigrationVHBASrcAddDisk(&guest, vm->def->disks[i]) < 0)
            return -1;
    }

    if (ret->npairs > 0)
        *cookie = g_steal_pointer(&ret);

    return 0;
}
