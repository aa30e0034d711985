/*
 * qemu_migration_vhba_prepare.c: taking in the vHBAs of a hand-over
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

#include "qemu_migration_vhba_prepare.h"

#include "qemu_migration_vhba_dst.h"
#include "qemu_migration_vhba_guest.h"
#include "qemu_vhba.h"
#include "qemu_vhba_nodedev.h"

#include "datatypes.h"
#include "domain_vhba_source_conf.h"
#include "driver.h"
#include "viralloc.h"
#include "virerror.h"
#include "virfchost.h"
#include "virfclun.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_migration_vhba_prepare");


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
                       _("vHBA 'vhba_%1$s' is already defined on the destination; if no domain needs it there and it has no <handover>, remove it with 'virsh nodedev-destroy vhba_%1$s', if it is active, and 'virsh nodedev-undefine vhba_%1$s'"),
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
        .inactive = member->inactive,
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


/* Whether @path leads to the unit that @seen is on @host, through whichever target
 * port. */
static bool
qemuMigrationVHBADstIsPathTo(unsigned int host,
                             const virFCLun *seen,
                             const char *path)
{
    virFCLun **luns = NULL;
    size_t nluns = 0;
    bool found = false;
    size_t i;

    if (virFCLunWalk(host, &luns, &nluns) < 0) {
        virResetLastError();
        return false;
    }

    for (i = 0; i < nluns && !found; i++) {
        found = STREQ_NULLABLE(luns[i]->id, seen->id) &&
            virFCLunIsDevice(luns[i], path);
    }

    virFCLunListFree(luns, nluns);
    return found;
}


/* A path may lead anywhere: udev makes the same one for each vHBA of an HBA. */
static int
qemuMigrationVHBADstCheckPath(const qemuMigrationVHBAPair *pair,
                              const qemuMigrationVHBALun *expected,
                              const char *path,
                              unsigned int host,
                              const virFCLun *seen)
{
    if (qemuMigrationVHBADstIsPathTo(host, seen, path))
        return 0;

    virReportError(VIR_ERR_OPERATION_FAILED,
                   _("disk '%1$s' is '%2$s', which does not lead to unit %3$llu behind vHBA 'vhba_%4$s' on the destination; let the disk name its LUN by the WWNs of the vHBA"),
                   expected->disk, path, seen->unit, pair->secondary.wwpn);
    return -1;
}


/* What somebody has defined in the place of @vm is what is defined, on disk as well;
 * not what was before the migration began. */
static void
qemuMigrationVHBADstKeepDefinition(virDomainObj *vm)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    g_autoptr(virQEMUDriverConfig) cfg = virQEMUDriverGetConfig(priv->driver);

    g_clear_pointer(&vm->newDef, virDomainDefFree);

    if (vm->persistent &&
        virDomainDefSave(vm->def, priv->driver->xmlopt, cfg->configDir) < 0)
        VIR_WARN("The new definition of domain '%s' is not on disk: %s",
                 vm->def->name, virGetLastErrorMessage());
}


/* To be called after qemuDomainObjEnterRemote, with the definition that @vm had
 * then. Nobody should wait for @vm's lock as long as we wait for the fabric or a
 * LUN. But it is not active yet, so that others may define another domain in its
 * place meanwhile. */
static int
qemuMigrationVHBADstExitRemote(virDomainObj *vm,
                               const virDomainDef *def)
{
    ignore_value(qemuDomainObjExitRemote(vm, false));

    if (vm->def == def && !vm->removing)
        return 0;

    qemuMigrationVHBADstKeepDefinition(vm);
    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("domain '%1$s' was redefined on the destination while its vHBAs were being started there; migrate it again"),
                   vm->def->name);
    return -1;
}


/* The LUN is selected as it will be when QEMU starts: by the domain's XML. */
static int
qemuMigrationVHBADstCheckLun(virDomainObj *vm,
                             const qemuMigrationVHBAPair *pair,
                             const qemuMigrationVHBALun *lun,
                             unsigned int host)
{
    const virDomainDef *def = vm->def;
    virStorageSource *source = qemuMigrationVHBAGetSource(vm->def, lun->disk, lun->depth);
    g_autoptr(virStorageSourceVHBA) vhba = virStorageSourceVHBACopy(source ? source->vhba : NULL);
    unsigned int timeout = qemuVHBAGetLunTimeout(vm);
    const char *target = lun->target;
    const unsigned long long *unit = &lun->unit;
    g_autoptr(virFCLun) seen = NULL;

    if (vhba)
        target = vhba->target;
    if (vhba && !vhba->byPath)
        unit = vhba->hasUnit ? &vhba->unit : NULL;

    qemuDomainObjEnterRemote(vm);
    seen = virFCLunWait(host, target, unit, timeout);
    if (qemuMigrationVHBADstExitRemote(vm, def) < 0 ||
        !seen ||
        qemuMigrationVHBADstCheckIdentity(pair, lun, seen) < 0)
        return -1;

    if (vhba && vhba->byPath)
        return qemuMigrationVHBADstCheckPath(pair, lun, vhba->dev, host, seen);

    return 0;
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
        if (qemuMigrationVHBADstCheckLun(vm, pair, pair->luns[i], fchost->host) < 0)
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


/* What is behind a borrowed vHBA and was not identified by the source must not be
 * opened. @depth is the place in the backing chain, NULL for a data store. */
static int
qemuMigrationVHBADstCheckKnown(const qemuMigrationVHBACookie *cookie,
                               const char *disk,
                               const virStorageSource *source,
                               const unsigned int *depth)
{
    qemuMigrationVHBAPair *pair;

    if (!source || !source->vhba ||
        !(pair = qemuMigrationVHBACookieFindPair(cookie, source->vhba->wwpn)) ||
        (depth && qemuMigrationVHBAPairHasLun(pair, disk, *depth)))
        return 0;

    virReportError(VIR_ERR_OPERATION_FAILED,
                   _("the source has not told which LUN disk '%1$s' is"), disk);
    return -1;
}


/* If the guest does not run, nothing is opened. A data store is never told. */
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
            if (qemuMigrationVHBADstCheckKnown(cookie, disk->dst, n, &depth) < 0 ||
                qemuMigrationVHBADstCheckKnown(cookie, disk->dst, n->dataFileStore, NULL) < 0)
                return -1;
        }
    }

    return 0;
}


/* The LUNs of a vHBA that was not active are not checked. Those of a guest that
 * runs have to be, whatever the source says. */
static int
qemuMigrationVHBADstCheckActive(virDomainObj *vm,
                                const qemuMigrationVHBAPair *pair)
{
    if (vm->job->apiFlags & VIR_MIGRATE_OFFLINE ||
        (!pair->primary.inactive && !pair->secondary.inactive))
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("domain '%1$s' is migrated live, but the source says that vHBA 'vhba_%2$s' was not active there; start it there first"),
                   vm->def->name,
                   pair->primary.inactive ? pair->primary.wwpn : pair->secondary.wwpn);
    return -1;
}


static int
qemuMigrationVHBADstStart(virDomainObj *vm,
                          qemuVHBANodedev *used)
{
    const virDomainDef *def = vm->def;
    int rc;

    qemuDomainObjEnterRemote(vm);
    rc = qemuVHBANodedevStart(used);
    if (qemuMigrationVHBADstExitRemote(vm, def) < 0)
        return -1;

    return rc;
}


static int
qemuMigrationVHBADstBorrow(virConnectPtr conn,
                           virDomainObj *vm,
                           const qemuMigrationVHBACookie *cookie,
                           const qemuMigrationVHBAPair *pair)
{
    g_autoptr(qemuVHBANodedev) idle = NULL;
    g_autoptr(qemuVHBANodedev) used = NULL;

    if (qemuMigrationVHBADstCheckActive(vm, pair) < 0 ||
        qemuMigrationVHBADstCheckAbsent(conn, pair->primary.wwpn) < 0 ||
        qemuMigrationVHBADstCheckAbsent(conn, pair->secondary.wwpn) < 0)
        return -1;

    if (!(idle = qemuMigrationVHBADstDefine(conn, vm, cookie, pair, &pair->primary)) ||
        !(used = qemuMigrationVHBADstDefine(conn, vm, cookie, pair, &pair->secondary)))
        return -1;

    VIR_INFO("hand-over %s of domain '%s': vHBA '%s' is borrowed",
             cookie->migration, vm->def->name, used->wwpn);

    /* If the guest does not run, it may not show LUNs now, nor need to. */
    if (pair->secondary.inactive)
        return 0;

    if (qemuMigrationVHBADstStart(vm, used) < 0)
        return -1;

    return qemuMigrationVHBADstCheckLuns(vm, pair);
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

    if (!(conn = virGetConnectNodeDev()))
        return -1;

    if (!(vm->job->apiFlags & VIR_MIGRATE_OFFLINE) &&
        qemuMigrationVHBADstCheckDisks(vm, cookie) < 0)
        return -1;

    /* @vm does not run here, so what is borrowed for it is a leftover, whichever
     * pairs that is. */
    g_clear_pointer(&jobPriv->vhbaHandover, qemuMigrationVHBAHandoverFree);
    ignore_value(qemuMigrationVHBADstSettle(conn, vm, false));

    jobPriv->vhbaHandover = qemuMigrationVHBAHandoverNew(cookie, true);

    for (i = 0; i < cookie->npairs; i++) {
        if (qemuMigrationVHBADstBorrow(conn, vm, cookie, cookie->pairs[i]) < 0)
            return -1;
    }

    qemuMigrationVHBAHandoverGetReady(jobPriv->vhbaHandover);
    return 0;
}
