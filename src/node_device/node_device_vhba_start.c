/*
 * node_device_vhba_start.c: start and destroy vHBAs
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

#define LIBVIRT_NODE_DEVICE_VHBAPRIV_H_ALLOW
#include "node_device_vhbapriv.h"
#include "viraccessapicheck.h"
#include "virerror.h"
#include "virfcclaim.h"
#include "virfchost.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_vhba_start");


/* how long the fabric may take to let a vHBA in, in milliseconds */
#define FABRIC_TIMEOUT (10 * 1000)


/* Creates the vport of @def and sets @parent to the number of the HBA's host. */
static int
nodeDeviceVHBACreate(const virNodeDeviceDef *def,
                     unsigned int *parent)
{
    const char *wwnn = virNodeDeviceVHBAGetWWNN(def);
    const char *wwpn = virNodeDeviceVHBAGetWWPN(def);
    g_autoptr(virFCHost) hba = NULL;

    if (!def->parent_wwpn)
        return virFCHostVportCreateOnFabric(def->parent_fabric_wwn, wwnn, wwpn, parent);

    if (!(hba = virFCHostFindByWWN(def->parent_wwnn, def->parent_wwpn))) {
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("the parent of '%1$s', the HBA with WWNN '%2$s' and WWPN '%3$s', is not there; is its driver loaded? Otherwise change <parent>, see 'virsh nodedev-list --cap vports'"),
                       def->name, def->parent_wwnn, def->parent_wwpn);
        return -1;
    }

    *parent = hba->host;
    return virFCHostVportCreate(hba->host, wwnn, wwpn);
}


/* Waits until the fabric and udev agree that @def, whose vport has just been
 * created, is there. */
static int
nodeDeviceVHBAWaitUsable(nodeDeviceVHBAs *vhbas,
                         const virNodeDeviceDef *def)
{
    g_autoptr(virFCHost) created = NULL;
    g_autoptr(virFCHost) usable = NULL;

    if (!(created = virFCHostFindByWWN(virNodeDeviceVHBAGetWWNN(def),
                                       virNodeDeviceVHBAGetWWPN(def)))) {
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("'%1$s' is gone right after it was created; see the kernel's log, and try again"),
                       def->name);
        return -1;
    }

    if (!(usable = virFCHostVportWait(created->host, FABRIC_TIMEOUT)))
        return -1;

    return nodeDeviceVHBAWaitActive(vhbas, def->name);
}


static bool
nodeDeviceVHBAIsLent(const virNodeDeviceDef *def)
{
    const virNodeDevVHBADef *vhba = virNodeDeviceVHBAGetDef(def);

    return vhba && vhba->handover == VIR_NODE_DEV_VHBA_HANDOVER_LENT;
}


/* Somebody may have defined the vHBA anew since it was created: then it has another
 * WWNN, or is on another HBA, than it should. Now that it is active nobody can do that
 * any more. Or a migration has lent it, which stops only what it finds active. Returns
 * 0 if it is as @def says, -1 with an error otherwise. */
static int
nodeDeviceVHBACheckUnchanged(nodeDeviceVHBAs *vhbas,
                             const virNodeDeviceDef *def)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->defineLock);
    g_autoptr(virNodeDeviceDef) now = NULL;

    if (!nodeDeviceVHBAGetEntry(vhbas, def->name, &now, NULL))
        return 0;

    if (!virNodeDeviceVHBASameHardware(now, def)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' got another <wwnn> or <parent> while it was being started; start it again"),
                       def->name);
        return -1;
    }

    if (nodeDeviceVHBAIsLent(now) && !nodeDeviceVHBAIsLent(def)) {
        const virNodeDevVHBADef *vhba = virNodeDeviceVHBAGetDef(now);

        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' was lent to the host that domain '%2$s' migrates to (migration %3$s) while it was being started; start it again when that migration is over"),
                       def->name, vhba->domain, vhba->migration);
        return -1;
    }

    return 0;
}


/* Leaves nothing behind of a start that has failed; keeps its error. */
static void
nodeDeviceVHBAUndoStart(nodeDeviceVHBAs *vhbas,
                        unsigned int hba,
                        const virNodeDeviceDef *def)
{
    virErrorPtr orig = NULL;

    virErrorPreserveLast(&orig);

    if (virFCHostVportDelete(hba, virNodeDeviceVHBAGetWWNN(def),
                             virNodeDeviceVHBAGetWWPN(def)) < 0)
        VIR_WARN("cannot undo the start of '%s': %s",
                 def->name, virGetLastErrorMessage());
    else if (nodeDeviceVHBAWaitInactive(vhbas, def->name) < 0)
        VIR_WARN("the start of '%s' is undone: %s",
                 def->name, virGetLastErrorMessage());

    virErrorRestore(&orig);
}


int
nodeDeviceVHBADoStart(nodeDeviceVHBAs *vhbas,
                      const char *name)
{
    g_autoptr(virNodeDeviceDef) def = NULL;
    unsigned int hba = 0;

    if (nodeDeviceVHBAIsActive(vhbas, name)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' is already active"), name);
        return -1;
    }

    if (!nodeDeviceVHBAGetEntry(vhbas, name, &def, NULL)) {
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("'%1$s' is not defined any more"), name);
        return -1;
    }

    if (nodeDeviceVHBACheckHandover(vhbas, def) < 0 ||
        nodeDeviceVHBACreate(def, &hba) < 0)
        return -1;

    if (nodeDeviceVHBAWaitUsable(vhbas, def) < 0 ||
        nodeDeviceVHBACheckUnchanged(vhbas, def) < 0 ||
        nodeDeviceVHBATakeBack(vhbas, def) < 0) {
        nodeDeviceVHBAUndoStart(vhbas, hba, def);
        return -1;
    }

    nodeDeviceVHBAClearDestroyed(vhbas, name);
    return 0;
}


/* What it takes on the primary, too, if the secondary of a lent pair is started */
static const nodeDeviceVHBAEnsureACL nodeDeviceVHBAMayStart = virNodeDeviceCreateEnsureACL;


/**
 * nodeDeviceVHBAStart:
 * @vhbas: the vHBAs
 * @conn: of the client
 * @obj: a vHBA that the client may start; released
 *
 * Waits until it is not being destroyed, if it is. Then creates the vport and waits
 * until the fabric has let it in and the device is active. If it is the secondary of
 * a pair that is lent, both are then not lent any more.
 *
 * Returns 0 on success; -1 with an error, and with no vport left behind.
 */
int
nodeDeviceVHBAStart(nodeDeviceVHBAs *vhbas,
                    virConnectPtr conn,
                    virNodeDeviceObj **obj)
{
    g_autofree char *name = g_strdup(virNodeDeviceObjGetDef(*obj)->name);
    int ret;

    virNodeDeviceObjEndAPI(obj);

    if (nodeDeviceVHBACheckLentAccess(vhbas, conn, name, nodeDeviceVHBAMayStart) < 0 ||
        nodeDeviceVHBABegin(vhbas, name) < 0)
        return -1;

    ret = nodeDeviceVHBADoStart(vhbas, name);
    nodeDeviceVHBAEnd(vhbas, name);

    return ret;
}


/* The caller has begun with @name. Only now it is certain that no domain has
 * claimed it: one may have when the vHBA was active already, but its start was
 * not over, so that the caller had to wait. A domain claims a vHBA first, and then
 * asks whether it is active. Here it is not any more first, and then the claims are
 * looked at. So one of both notices the other. */
int
nodeDeviceVHBADoDestroy(nodeDeviceVHBAs *vhbas,
                        const char *name,
                        const char *wwpn)
{
    g_autoptr(virFCHost) vhba = virFCHostFindByWWN(NULL, wwpn);

    if (!vhba || !vhba->vport) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' is not active"), name);
        return -1;
    }

    nodeDeviceVHBASetDeleting(vhbas, name);
    if (virFCClaimCheckUnused(wwpn) < 0)
        return -1;

    if (nodeDeviceVHBAGetEntry(vhbas, name, NULL, NULL))
        nodeDeviceVHBASetDestroyed(vhbas, name);

    if (virFCHostVportDelete(vhba->parent, vhba->wwnn, vhba->wwpn) < 0) {
        nodeDeviceVHBAClearDestroyed(vhbas, name);
        return -1;
    }

    nodeDeviceVHBAForgetName(vhbas, name);

    return nodeDeviceVHBAWaitInactive(vhbas, name);
}


/* Does that, too, for one that is not active but is tried to start: that it should
 * not be was what was asked for. */
static int
nodeDeviceVHBADoDestroyOrStop(nodeDeviceVHBAs *vhbas,
                              const char *name,
                              const char *wwpn,
                              bool pending)
{
    if (pending && nodeDeviceVHBAIsInactive(vhbas, name)) {
        nodeDeviceVHBASetDestroyed(vhbas, name);
        return 0;
    }

    return nodeDeviceVHBADoDestroy(vhbas, name, wwpn);
}


/**
 * nodeDeviceVHBADestroy:
 * @vhbas: the vHBAs
 * @obj: a vHBA; released
 *
 * Deletes the vport, unless a domain uses it, and waits until the device is not
 * active any more. Its definition, if it has one, stays, but does not start by
 * itself any more, see nodeDeviceVHBASetDestroyed; nor is one tried to start any
 * more that was so far.
 *
 * Returns 0 on success, -1 with an error.
 */
int
nodeDeviceVHBADestroy(nodeDeviceVHBAs *vhbas,
                      virNodeDeviceObj **obj)
{
    g_autofree char *name = g_strdup(virNodeDeviceObjGetDef(*obj)->name);
    const char *wwpn = virNodeDeviceVHBANameWWPN(name);
    bool pending;
    int ret;

    virNodeDeviceObjEndAPI(obj);

    if (virFCClaimCheckUnused(wwpn) < 0)
        return -1;

    pending = nodeDeviceVHBAAutostartCancel(vhbas->autostart, name);

    if ((ret = nodeDeviceVHBABegin(vhbas, name)) == 0) {
        ret = nodeDeviceVHBADoDestroyOrStop(vhbas, name, wwpn, pending);
        nodeDeviceVHBAEnd(vhbas, name);
    }

    if (ret < 0 && pending)
        nodeDeviceVHBAAutostartAdd(vhbas->autostart, name);

    return ret;
}
