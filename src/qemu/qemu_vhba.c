/*
 * qemu_vhba.c: disks behind a Fibre Channel vHBA
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

/*
 * A disk whose source names a vHBA is resolved where one of type 'volume' is:
 * before anything looks at its path. From then on it is a disk on a block
 * device, for security labels, cgroups, namespaces and locks as for QEMU.
 *
 * The node device driver may be another daemon, hence it is asked through the
 * public API only. What the kernel shows is read from sysfs.
 *
 * Which vHBA is meant? The source may name either member of a pair, so that the
 * domain's definition stays true wherever it is migrated to. The pair's primary
 * on this host carries the I/O; the secondary is held idle for the next
 * migration, and its LUN, the same one, is never touched. Let W be the WWPN
 * that is named:
 *
 *  - vhba_W is defined and is no secondary: it is meant;
 *  - it is a secondary: its primary is;
 *  - it is not defined, but another one has W for its partner: that one is, if
 *    it is the primary, and W is the secondary that is just not there.
 *
 * A domain that is being migrated to this host finds the pair marked as borrowed
 * for it by the migration code, and in the roles that it is going to have here:
 * what was the secondary on the other host is the primary, and active. The rules
 * above lead to it, whichever of the two is named. It is given to this domain
 * only, and only while that is incoming; nobody else gets a vHBA that is marked.
 * A borrowed secondary that has come without its partner stands for itself.
 */

#include <config.h>

#include "qemu_vhba.h"
#include "qemu_domain.h"
#include "qemu_vhba_nodedev.h"

#include "backup_conf.h"
#include "datatypes.h"
#include "domain_vhba_source_conf.h"
#include "driver.h"
#include "node_device_vhba_conf.h"
#include "viralloc.h"
#include "virerror.h"
#include "virfcclaim.h"
#include "virfchost.h"
#include "virfclun.h"
#include "virfcremoteport.h"
#include "virlog.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_vhba");


/* --- which vHBA is meant --- */

/* Has the migration that brings this very domain borrowed @vhba? */
static bool
qemuVHBAIsArriving(const qemuVHBANodedev *vhba,
                   const qemuVHBAUser *user)
{
    return user->incoming &&
        vhba->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_BORROWED &&
        STREQ_NULLABLE(vhba->def->domain, user->name);
}


static int
qemuVHBACheckMark(const qemuVHBANodedev *vhba,
                  const qemuVHBAUser *user)
{
    switch (vhba->def->handover) {
    case VIR_NODE_DEV_VHBA_HANDOVER_LENT:
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA '%1$s' is lent to another host for migration '%2$s' of domain '%3$s'; if the domain has not run there, take the pair back with 'virsh nodedev-start vhba_%4$s', otherwise give it up with 'virsh nodedev-undefine vhba_%4$s'"),
                       vhba->wwpn, vhba->def->migration, vhba->def->domain,
                       vhba->def->secondary ? vhba->def->secondary : vhba->wwpn);
        return -1;

    case VIR_NODE_DEV_VHBA_HANDOVER_BORROWED:
        if (qemuVHBAIsArriving(vhba, user))
            return 0;

        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA '%1$s' is borrowed from another host for migration '%2$s' of domain '%3$s'; it cannot be used until that is settled, see the <handover> of node device '%4$s'"),
                       vhba->wwpn, vhba->def->migration, vhba->def->domain,
                       virNodeDeviceGetName(vhba->dev));
        return -1;

    case VIR_NODE_DEV_VHBA_HANDOVER_NONE:
    case VIR_NODE_DEV_VHBA_HANDOVER_LAST:
        break;
    }

    return 0;
}


/* Finds what stands for @vhba, which is consumed: the primary, if it is a
 * secondary, otherwise itself */
static qemuVHBANodedev *
qemuVHBAFollow(virConnectPtr conn,
               qemuVHBANodedev *vhba,
               const qemuVHBAUser *user)
{
    g_autoptr(qemuVHBANodedev) secondary = vhba;
    g_autoptr(qemuVHBANodedev) primary = NULL;

    if (!secondary->def->primary)
        return g_steal_pointer(&secondary);

    if (qemuVHBANodedevFind(conn, secondary->def->primary, &primary) < 0)
        return NULL;

    if (primary)
        return g_steal_pointer(&primary);

    if (qemuVHBAIsArriving(secondary, user))
        return g_steal_pointer(&secondary);

    /* being lent or borrowed explains why the primary is not here */
    if (qemuVHBACheckMark(secondary, user) < 0)
        return NULL;

    virReportError(VIR_ERR_NO_NODE_DEVICE,
                   _("vHBA '%1$s' is the secondary of '%2$s', which is not defined on this host; define it as a node device"),
                   secondary->wwpn, secondary->def->primary);
    return NULL;
}


static qemuVHBANodedev *
qemuVHBAFind(virConnectPtr conn,
             const char *wwnn,
             const char *wwpn,
             const qemuVHBAUser *user)
{
    g_autoptr(qemuVHBANodedev) vhba = NULL;

    if (qemuVHBANodedevFind(conn, wwpn, &vhba) < 0)
        return NULL;

    if (!vhba && qemuVHBANodedevFindPartner(conn, wwpn, &vhba) < 0)
        return NULL;

    if (!vhba && qemuVHBANodedevFindActive(conn, wwnn, wwpn, &vhba) < 0)
        return NULL;

    if (!vhba) {
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("vHBA with wwnn '%1$s' and wwpn '%2$s' is not known on this host; define it as a node device"),
                       wwnn, wwpn);
        return NULL;
    }

    /* of a partner only the WWPN is known */
    if (virWWNEqual(vhba->wwpn, wwpn) && !virWWNEqual(vhba->wwnn, wwnn)) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("vHBA '%1$s' has wwnn '%2$s', not '%3$s'; correct the wwnn in the <source> of the disk"),
                       wwpn, vhba->wwnn, wwnn);
        return NULL;
    }

    return qemuVHBAFollow(conn, g_steal_pointer(&vhba), user);
}


/* --- making it usable --- */

static int
qemuVHBAStart(qemuVHBANodedev *vhba,
              const qemuVHBAUser *user)
{
    if (user->pretend && !vhba->active) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA '%1$s' is not active"), vhba->wwpn);
        return -1;
    }

    if (qemuVHBANodedevStart(vhba) < 0) {
        virLastErrorPrefixMessage(_("vHBA '%1$s' is not active and cannot be started"),
                                  vhba->wwpn);
        return -1;
    }

    return 0;
}


/* A unit stays for a while when its port has gone, in case that comes back. To
 * open it then means to wait for that. The paths of a map are multipath's
 * business. */
static bool
qemuVHBAIsReachable(const virFCHost *now,
                    const virFCLun *lun)
{
    if (STRNEQ_NULLABLE(lun->device, lun->disk))
        return true;

    return lun->device && STREQ_NULLABLE(now->portState, "Online") &&
        virFCRemotePortGetState(now->host, lun->target) != VIR_FC_REMOTE_PORT_GONE;
}


/* Returns a path to the unit of @lun that can be reached, NULL if none can */
static virFCLun *
qemuVHBAFindReachable(const virFCHost *now,
                      const virFCLun *lun)
{
    virFCLun **luns = NULL;
    virFCLun *found = NULL;
    size_t nluns = 0;
    size_t i;

    if (virFCLunWalk(now->host, &luns, &nluns) < 0) {
        virResetLastError();
        return NULL;
    }

    for (i = 0; lun->id && i < nluns && !found; i++) {
        if (STREQ_NULLABLE(luns[i]->id, lun->id) &&
            qemuVHBAIsReachable(now, luns[i]))
            found = g_steal_pointer(&luns[i]);
    }

    virFCLunListFree(luns, nluns);
    return found;
}


/* Replaces @lun, if it is behind a target port that has gone, by the same unit
 * behind another one, unless it has to be @target. */
static int
qemuVHBACheckReachable(const virFCHost *fchost,
                       const char *target,
                       virFCLun **lun)
{
    g_autoptr(virFCHost) now = virFCHostRead(fchost->host);
    virFCLun *other;

    if (!now)
        return -1;

    if (qemuVHBAIsReachable(now, *lun))
        return 0;

    if (!target && (other = qemuVHBAFindReachable(now, *lun))) {
        virFCLunFree(*lun);
        *lun = other;
        return 0;
    }

    virReportError(VIR_ERR_OPERATION_FAILED,
                   _("LUN %1$llu of target %2$s cannot be reached: vHBA %3$s (host%4$u, %5$s) has lost the target port; check the links and the zoning"),
                   (*lun)->unit, (*lun)->target, now->wwpn, now->host,
                   NULLSTR(now->portState));
    return -1;
}


static virFCLun *
qemuVHBAAwaitLun(const qemuVHBANodedev *vhba,
                 const char *target,
                 const unsigned long long *unit,
                 const qemuVHBAUser *user,
                 unsigned int timeout)
{
    g_autoptr(virFCHost) fchost = virFCHostFindByWWN(vhba->wwnn, vhba->wwpn);
    g_autoptr(virFCLun) lun = NULL;

    if (!fchost) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("vHBA '%1$s' is active but has no Fibre Channel host"),
                       vhba->wwpn);
        return NULL;
    }

    if (user->pretend)
        return virFCLunFind(fchost->host, target, unit);

    if (!(lun = virFCLunWait(fchost->host, target, unit, timeout)) ||
        qemuVHBACheckReachable(fchost, target, &lun) < 0)
        return NULL;

    return g_steal_pointer(&lun);
}


/* What a source is configured to be, however it is configured */
typedef struct _qemuVHBAPlace qemuVHBAPlace;
struct _qemuVHBAPlace {
    char *wwnn;
    char *wwpn;
    char *target;
    bool hasUnit;
    unsigned long long unit;
};


static void
qemuVHBAPlaceClear(qemuVHBAPlace *place)
{
    g_free(place->wwnn);
    g_free(place->wwpn);
    g_free(place->target);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(qemuVHBAPlace, qemuVHBAPlaceClear);


/**
 * qemuVHBAFindPathOn:
 * @fchost: of a vHBA
 * @path: of a block device
 *
 * Returns the LUN behind the vHBA whose device, or whose map, that is, to be
 * released with virFCLunFree; NULL, without an error, if there is none.
 */
virFCLun *
qemuVHBAFindPathOn(const virFCHost *fchost,
                   const char *path)
{
    virFCLun **luns = NULL;
    virFCLun *found = NULL;
    size_t nluns = 0;
    size_t i;

    /* a host may go while it is looked at */
    if (virFCLunWalk(fchost->host, &luns, &nluns) < 0) {
        virResetLastError();
        return NULL;
    }

    for (i = 0; i < nluns && !found; i++) {
        if (virFCLunIsDevice(luns[i], path))
            found = g_steal_pointer(&luns[i]);
    }

    virFCLunListFree(luns, nluns);
    return found;
}


/* Works out which vHBA, target and unit the device at @path is. What udev made
 * the path of does not count, but which device it leads to. */
static int
qemuVHBAPlaceFromPath(const char *path,
                      qemuVHBAPlace *place)
{
    virFCHost **hosts = NULL;
    size_t nhosts = 0;
    size_t i;

    if (virFCHostList(&hosts, &nhosts) < 0)
        return -1;

    for (i = 0; i < nhosts; i++) {
        g_autoptr(virFCHost) fchost = hosts[i];
        g_autoptr(virFCLun) lun = NULL;

        if (place->wwpn || !fchost->vport ||
            !(lun = qemuVHBAFindPathOn(fchost, path)))
            continue;

        place->wwnn = g_strdup(fchost->wwnn);
        place->wwpn = g_strdup(fchost->wwpn);
        place->target = g_strdup(lun->target);
        place->hasUnit = true;
        place->unit = lun->unit;
    }
    g_free(hosts);

    if (!place->wwpn) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("'%1$s' does not lead to a LUN behind an active vHBA; start the vHBA, or let the disk name it by its WWNs"),
                       path);
        return -1;
    }

    return 0;
}


static int
qemuVHBAPlaceFromSource(const virStorageSourceVHBA *vhba,
                        qemuVHBAPlace *place)
{
    if (vhba->byPath)
        return qemuVHBAPlaceFromPath(vhba->dev, place);

    place->wwnn = g_strdup(vhba->wwnn);
    place->wwpn = g_strdup(vhba->wwpn);
    place->target = g_strdup(vhba->target);
    place->hasUnit = vhba->hasUnit;
    place->unit = vhba->unit;
    return 0;
}


/* Starts a vHBA that is claimed and waits for its LUN. */
static virFCLun *
qemuVHBAUse(qemuVHBANodedev *vhba,
            const qemuVHBAPlace *place,
            const qemuVHBAUser *user,
            unsigned int timeout)
{
    if (qemuVHBAStart(vhba, user) < 0)
        return NULL;

    return qemuVHBAAwaitLun(vhba, place->target,
                            place->hasUnit ? &place->unit : NULL,
                            user, timeout);
}


/* Like qemuVHBAUse, with the claim. It comes first, so that the vHBA is not
 * destroyed meanwhile, and goes again with a failure, unless another disk of the
 * domain had claimed it before. */
static virFCLun *
qemuVHBAClaimAndUse(qemuVHBANodedev *vhba,
                    const qemuVHBAPlace *place,
                    const qemuVHBAUser *user,
                    unsigned int timeout)
{
    bool paired = vhba->def->primary || vhba->def->secondary;
    virErrorPtr err;
    virFCLun *lun = NULL;
    int claimed;

    if ((claimed = virFCClaimSet(vhba->wwpn, user->name, user->uuid, paired)) < 0)
        return NULL;

    if (claimed == 0 || qemuVHBANodedevLookAgain(vhba) == 0)
        lun = qemuVHBAUse(vhba, place, user, timeout);

    if (!lun && claimed > 0) {
        virErrorPreserveLast(&err);
        ignore_value(virFCClaimDrop(vhba->wwpn, user->uuid));
        virErrorRestore(&err);
    }

    return lun;
}


/**
 * qemuVHBAResolveSource:
 * @src: any source that is not in use yet
 * @user: for whom
 * @timeout: how long its LUN may take to appear, in milliseconds
 *
 * Finds the vHBA that @src names, claims it, starts it if it is not active,
 * waits for the LUN, and sets the path of @src to its block device, whatever
 * that was before. A source that is not behind a vHBA is left alone.
 *
 * Returns 0 on success, -1 with an error that names the vHBA and the remedy;
 * then there is no claim that was not there before.
 */
int
qemuVHBAResolveSource(virStorageSource *src,
                      const qemuVHBAUser *user,
                      unsigned int timeout)
{
    g_autoptr(virConnect) conn = NULL;
    g_autoptr(qemuVHBANodedev) vhba = NULL;
    g_autoptr(virFCLun) lun = NULL;
    g_auto(qemuVHBAPlace) place = { 0 };

    if (!src->vhba)
        return 0;

    virStorageSourceVHBAForget(src);

    if (qemuVHBAPlaceFromSource(src->vhba, &place) < 0 ||
        !(conn = virGetConnectNodeDev()) ||
        !(vhba = qemuVHBAFind(conn, place.wwnn, place.wwpn, user)) ||
        qemuVHBACheckMark(vhba, user) < 0)
        return -1;

    /* a path behind the secondary says nothing about the primary's zoning */
    if (src->vhba->byPath && !virWWNEqual(place.wwpn, vhba->wwpn))
        g_clear_pointer(&place.target, g_free);

    if (user->pretend)
        lun = qemuVHBAUse(vhba, &place, user, timeout);
    else
        lun = qemuVHBAClaimAndUse(vhba, &place, user, timeout);

    if (!lun)
        return -1;

    VIR_DEBUG("Domain %s: LUN %llu of %s behind vHBA %s is %s", user->name,
              lun->unit, lun->target, vhba->wwpn, lun->device);

    g_free(src->path);
    src->path = g_steal_pointer(&lun->device);
    src->vhba->active = g_strdup(vhba->wwpn);
    return 0;
}


/* --- hooks --- */

/**
 * qemuVHBAGetLunTimeout:
 * @vm: any domain
 *
 * Returns how long a LUN may take to appear, in milliseconds: vhba_lun_timeout
 * of qemu.conf.
 */
unsigned int
qemuVHBAGetLunTimeout(virDomainObj *vm)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    g_autoptr(virQEMUDriverConfig) cfg = virQEMUDriverGetConfig(priv->driver);

    return cfg->vhbaLunTimeout * 1000;
}


typedef int (*qemuVHBAVisit)(virStorageSource *src, void *opaque);

/* Calls @visit on @src if that is behind a vHBA, and on all such that it builds
 * upon if @chain. Stops when that returns something else than 0, and returns
 * it. */
static int
qemuVHBAForEachInChain(virStorageSource *src,
                       bool chain,
                       qemuVHBAVisit visit,
                       void *opaque)
{
    virStorageSource *n;
    int rc;

    for (n = src; virStorageSourceIsBacking(n); n = chain ? n->backingStore : NULL) {
        if (n->vhba && (rc = visit(n, opaque)) != 0)
            return rc;

        if (n->dataFileStore && n->dataFileStore->vhba &&
            (rc = visit(n->dataFileStore, opaque)) != 0)
            return rc;
    }

    return 0;
}


/* Likewise, on all that QEMU may have open for @vm */
static int
qemuVHBAForEach(virDomainObj *vm,
                qemuVHBAVisit visit,
                void *opaque)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    size_t i;
    int rc;

    for (i = 0; i < vm->def->ndisks; i++) {
        virDomainDiskDef *disk = vm->def->disks[i];

        if ((rc = qemuVHBAForEachInChain(disk->src, true, visit, opaque)) != 0 ||
            (rc = qemuVHBAForEachInChain(disk->mirror, true, visit, opaque)) != 0)
            return rc;
    }

    for (i = 0; priv->backup && i < priv->backup->ndisks; i++) {
        if ((rc = qemuVHBAForEachInChain(priv->backup->disks[i].store, false,
                                         visit, opaque)) != 0)
            return rc;
    }

    return 0;
}


static int
qemuVHBAIsThere(virStorageSource *src G_GNUC_UNUSED,
                void *opaque G_GNUC_UNUSED)
{
    return 1;
}


struct qemuVHBAResolve {
    virDomainObj *vm;
    bool active; /* it was, so that it has to be afterwards */
    qemuVHBAUser user;
    unsigned int timeout;
};


/* Resolves @src, a source of @resolve->vm, whose lock is not held meanwhile. The
 * domain may be stopped then, and take @src with it, so that a copy is worked on. */
static int
qemuVHBAResolveUnlocked(virStorageSource *src,
                        struct qemuVHBAResolve *resolve)
{
    g_autoptr(virStorageSource) found = virStorageSourceNew();
    int rc;

    found->vhba = virStorageSourceVHBACopy(src->vhba);

    qemuDomainObjEnterRemote(resolve->vm);
    rc = qemuVHBAResolveSource(found, &resolve->user, resolve->timeout);
    if (qemuDomainObjExitRemote(resolve->vm, resolve->active) < 0) {
        qemuVHBAReleaseDomain(resolve->vm);
        return -1;
    }

    if (rc < 0)
        return -1;

    g_free(src->path);
    src->path = g_steal_pointer(&found->path);
    virStorageSourceVHBAFree(src->vhba);
    src->vhba = g_steal_pointer(&found->vhba);
    return 0;
}


static int
qemuVHBAResolveVisit(virStorageSource *src,
                     void *opaque)
{
    struct qemuVHBAResolve *resolve = opaque;

    if (resolve->user.pretend)
        return qemuVHBAResolveSource(src, &resolve->user, 0);

    return qemuVHBAResolveUnlocked(src, resolve);
}


/**
 * qemuVHBAResolveChain:
 * @vm: domain that is being started, or that runs and is about to use @src
 * @src: a source that is not in use yet, with what it builds upon
 * @pretend: @vm will not run; only its command line is wanted
 *
 * Resolves all of @src that is behind a vHBA; see qemuVHBAResolveSource. That
 * may take a while, and the lock of @vm is not held meanwhile, as it is not with
 * the QEMU monitor: the caller must hold a job, unless @pretend.
 *
 * Returns 0 on success, -1 with an error. Then nothing is claimed that was not
 * before, and if @vm is not active any more, @src may be gone with it.
 */
int
qemuVHBAResolveChain(virDomainObj *vm,
                     virStorageSource *src,
                     bool pretend)
{
    struct qemuVHBAResolve resolve = {
        .vm = vm,
        .active = virDomainObjIsActive(vm),
        .user.incoming = vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN,
        .user.pretend = pretend,
    };
    g_autofree char *name = g_strdup(vm->def->name);

    if (qemuVHBAForEachInChain(src, true, qemuVHBAIsThere, NULL) == 0)
        return 0;

    resolve.user.name = name;
    virUUIDFormat(vm->def->uuid, resolve.user.uuid);

    resolve.timeout = qemuVHBAGetLunTimeout(vm);

    if (qemuVHBAForEachInChain(src, true, qemuVHBAResolveVisit, &resolve) == 0)
        return 0;

    if (!pretend && resolve.active == virDomainObjIsActive(vm))
        qemuVHBAReleaseSource(vm, src, true);

    return -1;
}


static int
qemuVHBAReclaim(virStorageSource *src,
                void *opaque)
{
    const qemuVHBAUser *user = opaque;

    if (src->vhba->active &&
        virFCClaimSet(src->vhba->active, user->name, user->uuid, false) < 0)
        VIR_WARN("Domain %s runs on vHBA %s without a claim: %s",
                 user->name, src->vhba->active, virGetLastErrorMessage());

    return 0;
}


/**
 * qemuVHBAReconnect:
 * @vm: domain that has been running while the daemon was not
 *
 * Makes sure that @vm has a claim on each vHBA that it uses. They have outlived
 * the daemon; this is for those that somebody has removed.
 */
void
qemuVHBAReconnect(virDomainObj *vm)
{
    qemuVHBAUser user = { .name = vm->def->name };

    virUUIDFormat(vm->def->uuid, user.uuid);
    qemuVHBAForEach(vm, qemuVHBAReclaim, &user);
}


/* What is given up, and the vHBA whose turn it is */
struct qemuVHBARelease {
    virDomainObj *vm;
    virStorageSource *top;
    bool chain;
    const char *wwpn;
};


static int
qemuVHBAIsSame(virStorageSource *src,
               void *opaque)
{
    return src == opaque;
}


/* Does @src, which is not given up, need the vHBA? */
static int
qemuVHBAIsKept(virStorageSource *src,
               void *opaque)
{
    struct qemuVHBARelease *release = opaque;

    return src->vhba->active &&
        virWWNEqual(src->vhba->active, release->wwpn) &&
        qemuVHBAForEachInChain(release->top, release->chain, qemuVHBAIsSame, src) == 0;
}


static int
qemuVHBAReleaseVisit(virStorageSource *src,
                     void *opaque)
{
    struct qemuVHBARelease *release = opaque;
    g_autofree char *wwpn = g_steal_pointer(&src->vhba->active);
    virDomainDef *def = release->vm->def;
    char uuid[VIR_UUID_STRING_BUFLEN];

    release->wwpn = wwpn;
    if (!wwpn || qemuVHBAForEach(release->vm, qemuVHBAIsKept, release) != 0)
        return 0;

    virUUIDFormat(def->uuid, uuid);
    if (virFCClaimDrop(wwpn, uuid) < 0)
        VIR_WARN("Domain %s keeps its claim on vHBA %s: %s",
                 def->name, wwpn, virGetLastErrorMessage());

    return 0;
}


/**
 * qemuVHBAReleaseSource:
 * @vm: a running domain
 * @src: a source that QEMU does not use, or not any more; or NULL
 * @chain: nor what it builds upon
 *
 * Drops the claims that were made for @src, save on what other disks of @vm
 * use. The vHBA stays active, but @src does not use it any more. Errors are logged,
 * the last one is preserved.
 */
void
qemuVHBAReleaseSource(virDomainObj *vm,
                      virStorageSource *src,
                      bool chain)
{
    struct qemuVHBARelease release = { .vm = vm, .top = src, .chain = chain };
    virErrorPtr err;

    virErrorPreserveLast(&err);
    qemuVHBAForEachInChain(src, chain, qemuVHBAReleaseVisit, &release);
    virErrorRestore(&err);
}


static int
qemuVHBARefuseOffline(virStorageSource *src,
                      void *opaque)
{
    virDomainDiskDef *disk = opaque;

    virReportError(VIR_ERR_OPERATION_UNSUPPORTED,
                   _("offline snapshot of disk '%1$s' needs the LUN behind vHBA '%2$s', which has no device as long as the domain is not running; start the domain, paused if need be, and take an external snapshot"),
                   disk->dst, src->vhba->byPath ? src->vhba->dev : src->vhba->wwpn);
    return -1;
}


/**
 * qemuVHBACheckOfflineSnapshot:
 * @disk: disk of a domain that does not run
 * @image: where its overlay is to be, or NULL for an internal snapshot
 *
 * qemu-img, which makes the snapshot, opens all that the disk builds upon, and
 * writes paths into the overlay that mean nothing at the next start.
 *
 * Returns 0 if nothing of that is behind a vHBA, -1 with an error otherwise.
 */
int
qemuVHBACheckOfflineSnapshot(virDomainDiskDef *disk,
                             virStorageSource *image)
{
    if (qemuVHBAForEachInChain(disk->src, true, qemuVHBARefuseOffline, disk) < 0)
        return -1;

    return qemuVHBAForEachInChain(image, false, qemuVHBARefuseOffline, disk);
}


/**
 * qemuVHBAReleaseSnapshot:
 * @vm: a running domain
 * @def: a snapshot of it that was just taken, or could not be
 *
 * Drops the claims that were made for the images of the snapshot, save what
 * disks of @vm use now. The snapshot's own copy of them becomes a description
 * again, which stays true.
 */
void
qemuVHBAReleaseSnapshot(virDomainObj *vm,
                        virDomainSnapshotDef *def)
{
    size_t i;

    for (i = 0; i < def->ndisks; i++) {
        qemuVHBAReleaseSource(vm, def->disks[i].src, false);
        virStorageSourceVHBAForget(def->disks[i].src);
    }
}


/**
 * qemuVHBAReleaseDomain:
 * @vm: a domain that does not run any more
 *
 * Drops all its claims. Errors are logged, the last one is preserved.
 */
void
qemuVHBAReleaseDomain(virDomainObj *vm)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    virErrorPtr err;

    virErrorPreserveLast(&err);
    virUUIDFormat(vm->def->uuid, uuid);
    if (virFCClaimDropAll(uuid) < 0)
        VIR_WARN("Domain %s may keep a claim on a vHBA: %s",
                 vm->def->name, virGetLastErrorMessage());
    virErrorRestore(&err);
}
