/*
 * node_device_vhba_define.c: define, update and undefine vHBAs
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
#include "node_device_event.h"
#include "viraccessapicheck.h"
#include "viralloc.h"
#include "virerror.h"
#include "virfchost.h"
#include "virhash.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV


/* A parent given by name is kept by its WWNs: names of HBAs change between
 * boots. */
static int
nodeDeviceVHBAResolveParent(nodeDeviceVHBAs *vhbas,
                            virNodeDeviceDef *def)
{
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(vhbas->devs, def->parent);
    g_autofree char *wwnn = NULL;
    g_autofree char *wwpn = NULL;
    int ret = -1;

    if (!obj || !virNodeDeviceObjHasCap(obj, VIR_NODE_DEV_CAP_VPORTS)) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("parent '%1$s' of '%2$s' is not an HBA that supports NPIV; see 'virsh nodedev-list --cap vports'"),
                       def->parent, def->name);
        goto cleanup;
    }

    if (virNodeDeviceGetWWNs(virNodeDeviceObjGetDef(obj), &wwnn, &wwpn) < 0)
        goto cleanup;

    g_clear_pointer(&def->parent, g_free);
    g_clear_pointer(&def->parent_fabric_wwn, g_free);
    g_clear_pointer(&def->parent_wwnn, g_free);
    g_clear_pointer(&def->parent_wwpn, g_free);

    if (virWWNParse(wwnn, &def->parent_wwnn) < 0 ||
        virWWNParse(wwpn, &def->parent_wwpn) < 0)
        goto cleanup;

    ret = 0;

 cleanup:
    virNodeDeviceObjEndAPI(&obj);
    return ret;
}


/* Checks a definition of what is active under the same name: @obj. */
static int
nodeDeviceVHBACheckActive(virNodeDeviceDef *def,
                          virNodeDeviceObj *obj)
{
    virNodeDeviceDef *active = virNodeDeviceObjGetDef(obj);

    /* XML that was taken from the active vHBA has the name of the HBA that it
     * is on. That does not mean a wish to be on no other. */
    if (STREQ_NULLABLE(def->parent, active->parent)) {
        g_clear_pointer(&def->parent, g_free);
        virNodeDeviceVHBACopyParent(def, active);
    }

    /* Once it was undefined, nobody knows why it is on the HBA that it is on. */
    if (!def->parent && !virNodeDeviceObjIsPersistent(obj))
        virNodeDeviceVHBACopyParent(active, def);

    if (def->parent || !virNodeDeviceVHBASameHardware(def, active)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' is active: its <wwnn> and its <parent> cannot change; destroy it first"),
                       def->name);
        return -1;
    }

    return 0;
}


/* Checks a definition against the device of the same name, or, if there is
 * none, that nothing else on this host has its WWPN. */
static int
nodeDeviceVHBACheckDevice(nodeDeviceVHBAs *vhbas,
                          virNodeDeviceDef *def)
{
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(vhbas->devs, def->name);
    g_autoptr(virFCHost) fchost = NULL;
    int ret = 0;

    if (obj) {
        if (virNodeDeviceObjIsActive(obj))
            ret = nodeDeviceVHBACheckActive(def, obj);
        virNodeDeviceObjEndAPI(&obj);
        return ret;
    }

    fchost = virFCHostFindByWWN(NULL, virNodeDeviceVHBAGetWWPN(def));
    if (!fchost)
        return 0;

    if (fchost->vport)
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("WWPN '%1$s' belongs to the transient vHBA 'scsi_host%2$u'; destroy that first"),
                       fchost->wwpn, fchost->host);
    else
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("WWPN '%1$s' belongs to the HBA 'scsi_host%2$u'"),
                       fchost->wwpn, fchost->host);
    return -1;
}


/* Checks that @def does not claim a partner that others have, or are. */
static int
nodeDeviceVHBACheckPairs(nodeDeviceVHBAs *vhbas,
                         const virNodeDeviceDef *def)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->lock);
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, vhbas->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        nodeDeviceVHBAEntry *entry = value;

        if (STRNEQ(entry->def->name, def->name) &&
            virNodeDeviceVHBACheckPair(def, entry->def) < 0)
            return -1;
    }

    return 0;
}


/* Makes the device agree with the definition: a new one that is not active, if
 * there was none. */
int
nodeDeviceVHBAUpdateDevice(nodeDeviceVHBAs *vhbas,
                           const virNodeDeviceDef *def,
                           bool autostart)
{
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(vhbas->devs, def->name);

    if (!obj) {
        g_autoptr(virNodeDeviceDef) copy = virNodeDeviceVHBACopy(def);

        if (!(obj = virNodeDeviceObjListAssignDef(vhbas->devs, copy)))
            return -1;
        copy = NULL;
    } else if (virNodeDeviceObjIsActive(obj)) {
        virNodeDeviceVHBACopyConfig(virNodeDeviceObjGetDef(obj), def);
    } else {
        virNodeDeviceVHBADeactivate(virNodeDeviceObjGetDef(obj), def);
    }

    virNodeDeviceObjSetPersistent(obj, true);
    virNodeDeviceObjSetAutostart(obj, autostart);
    virNodeDeviceObjEndAPI(&obj);

    return 0;
}


/* Puts @def, which is normalized, in the place of what was defined before, if
 * anything: on disk, in memory, and in the device. The caller holds the
 * defineLock. */
int
nodeDeviceVHBADoDefine(nodeDeviceVHBAs *vhbas,
                       virNodeDeviceDef *def)
{
    bool autostart = false;
    bool known;

    if (nodeDeviceVHBACheckDevice(vhbas, def) < 0)
        return -1;

    known = nodeDeviceVHBAGetEntry(vhbas, def->name, NULL, &autostart);
    if (!known && nodeDeviceVHBAStorePrepareNew(vhbas->store, virNodeDeviceVHBAGetWWPN(def)) < 0)
        return -1;

    if (def->parent && nodeDeviceVHBAResolveParent(vhbas, def) < 0)
        return -1;

    if (nodeDeviceVHBACheckPairs(vhbas, def) < 0 ||
        nodeDeviceVHBAStoreSave(vhbas->store, def) < 0)
        return -1;

    nodeDeviceVHBAForgetName(vhbas, def->name);
    nodeDeviceVHBASetEntry(vhbas, virNodeDeviceVHBACopy(def), autostart);

    if (nodeDeviceVHBAUpdateDevice(vhbas, def, autostart) < 0)
        return -1;

    if (known)
        virObjectEventStateQueue(vhbas->events, virNodeDeviceEventUpdateNew(def->name));
    else
        nodeDeviceVHBAQueueEvent(vhbas, def->name, VIR_NODE_DEVICE_EVENT_DEFINED);

    return 0;
}


/**
 * nodeDeviceVHBADefine:
 * @vhbas: the vHBAs
 * @def: as parsed; its WWNs are brought to canonical form
 *
 * Defines a vHBA, or changes its definition. What the definition says about the
 * partner and about the hand-over may change while the vHBA is active. The
 * definition is on disk when this returns.
 *
 * Returns the name of the vHBA, to be freed by the caller; NULL with an error.
 */
char *
nodeDeviceVHBADefine(nodeDeviceVHBAs *vhbas,
                     virNodeDeviceDef *def)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->defineLock);

    if (virNodeDeviceVHBANormalize(def) < 0 ||
        nodeDeviceVHBADoDefine(vhbas, def) < 0)
        return NULL;

    return g_strdup(def->name);
}


/* Checks that @obj is one that can be updated, and with these @flags, which are
 * virNodeDeviceUpdateFlags. */
static int
nodeDeviceVHBACheckUpdate(virNodeDeviceObj *obj,
                          unsigned int flags)
{
    const unsigned int both = VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE |
                              VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG;
    const char *name = virNodeDeviceObjGetDef(obj)->name;

    if (!virNodeDeviceVHBAIsName(name) || !virNodeDeviceObjIsPersistent(obj)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' is not a persistent vHBA, there is nothing to be updated"),
                       name);
        return -1;
    }

    /* An active vHBA has no state that could differ from its definition and
     * that could be changed. */
    if (virNodeDeviceObjIsActive(obj) && flags != 0 && flags != both) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' is active: what can be updated then is updated in its definition and at once; say both (--live --config) or neither"),
                       name);
        return -1;
    }

    return virNodeDeviceObjUpdateModificationImpact(obj, &flags);
}


/**
 * nodeDeviceVHBAUpdate:
 * @vhbas: the vHBAs
 * @obj: a SCSI host; released
 * @xml: what it shall be, as for nodeDeviceVHBADefine
 * @flags: virNodeDeviceUpdateFlags
 *
 * Changes the definition of a vHBA, and the vHBA at once if it is active. All
 * but the WWPN may change while it is not active; while it is, only the partner
 * and the hand-over may. The definition is on disk when this returns.
 *
 * Returns 0 on success, -1 with an error.
 */
int
nodeDeviceVHBAUpdate(nodeDeviceVHBAs *vhbas,
                     virNodeDeviceObj **obj,
                     const char *xml,
                     unsigned int flags)
{
    g_autofree char *name = g_strdup(virNodeDeviceObjGetDef(*obj)->name);
    g_autoptr(virNodeDeviceDef) def = NULL;
    VIR_LOCK_GUARD lock = { 0 };

    if (nodeDeviceVHBACheckUpdate(*obj, flags) < 0)
        return -1;

    virNodeDeviceObjEndAPI(obj);

    /* Without a virt_type, no missing WWN is made up. */
    if (!(def = virNodeDeviceDefParse(xml, NULL, CREATE_DEVICE, NULL, NULL, NULL, true)) ||
        virNodeDeviceVHBANormalize(def) < 0)
        return -1;

    if (STRNEQ(def->name, name)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("the WWPN of '%1$s' cannot become '%2$s'; define another vHBA for that"),
                       name, virNodeDeviceVHBAGetWWPN(def));
        return -1;
    }

    lock = virLockGuardLock(&vhbas->defineLock);

    if (!nodeDeviceVHBAGetEntry(vhbas, name, NULL, NULL)) {
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("'%1$s' is not defined any more"), name);
        return -1;
    }

    return nodeDeviceVHBADoDefine(vhbas, def);
}


/* The device is not persistent any more: what is active stays until it is
 * destroyed, and keeps its name; otherwise it is gone. */
static void
nodeDeviceVHBADropDevice(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(vhbas->devs, name);

    if (!obj)
        return;

    virNodeDeviceObjSetPersistent(obj, false);
    virNodeDeviceObjSetAutostart(obj, false);
    if (virNodeDeviceObjIsActive(obj))
        nodeDeviceVHBAKeepName(vhbas, name);
    else
        virNodeDeviceObjListRemove(vhbas->devs, obj);
    virNodeDeviceObjEndAPI(&obj);
}


int
nodeDeviceVHBADoUndefine(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->defineLock);

    if (nodeDeviceVHBAStoreRemove(vhbas->store, virNodeDeviceVHBANameWWPN(name)) < 0)
        return -1;

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        g_hash_table_remove(vhbas->entries, name);
    }
    nodeDeviceVHBAClearDestroyed(vhbas, name);
    nodeDeviceVHBADropDevice(vhbas, name);
    nodeDeviceVHBAQueueEvent(vhbas, name, VIR_NODE_DEVICE_EVENT_UNDEFINED);

    return 0;
}


/* What it takes on the primary, too, if the secondary of a lent pair is undefined */
static const nodeDeviceVHBAEnsureACL nodeDeviceVHBAMayUndefine = virNodeDeviceUndefineEnsureACL;


/**
 * nodeDeviceVHBAUndefine:
 * @vhbas: the vHBAs
 * @conn: of the client
 * @obj: a persistent vHBA that the client may undefine; released
 *
 * Waits for one that is being started or destroyed: that is not to lose its
 * name meanwhile. With the secondary of a pair that is lent, its primary goes.
 *
 * Returns 0 when the definition is gone from the disk, -1 with an error.
 */
int
nodeDeviceVHBAUndefine(nodeDeviceVHBAs *vhbas,
                       virConnectPtr conn,
                       virNodeDeviceObj **obj)
{
    g_autofree char *name = g_strdup(virNodeDeviceObjGetDef(*obj)->name);
    bool pending;
    int ret;

    virNodeDeviceObjEndAPI(obj);

    if (nodeDeviceVHBACheckLentAccess(vhbas, conn, name, nodeDeviceVHBAMayUndefine) < 0)
        return -1;

    pending = nodeDeviceVHBAAutostartCancel(vhbas->autostart, name);

    if ((ret = nodeDeviceVHBABegin(vhbas, name)) == 0) {
        ret = nodeDeviceVHBAGiveUp(vhbas, name);
        nodeDeviceVHBAEnd(vhbas, name);
    }

    if (ret < 0 && pending)
        nodeDeviceVHBAAutostartAdd(vhbas->autostart, name);

    return ret;
}


/**
 * nodeDeviceVHBASetAutostart:
 * @vhbas: the vHBAs
 * @obj: a vHBA; released
 * @autostart: whether it is to be started by itself, from the next event on
 *             that is an occasion for it
 *
 * Returns 0 when that is on disk, -1 with an error.
 */
int
nodeDeviceVHBASetAutostart(nodeDeviceVHBAs *vhbas,
                           virNodeDeviceObj **obj,
                           bool autostart)
{
    g_autofree char *name = g_strdup(virNodeDeviceObjGetDef(*obj)->name);
    g_autoptr(virNodeDeviceDef) def = NULL;
    VIR_LOCK_GUARD lock = { 0 };

    virNodeDeviceObjEndAPI(obj);
    lock = virLockGuardLock(&vhbas->defineLock);

    if (!nodeDeviceVHBAGetEntry(vhbas, name, &def, NULL)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("cannot set autostart for '%1$s', which is transient"),
                       name);
        return -1;
    }

    if (nodeDeviceVHBAStoreSetAutostart(vhbas->store,
                                        virNodeDeviceVHBAGetWWPN(def),
                                        autostart) < 0)
        return -1;

    nodeDeviceVHBASetEntry(vhbas, virNodeDeviceVHBACopy(def), autostart);

    if (autostart)
        nodeDeviceVHBAClearDestroyed(vhbas, name);
    else
        nodeDeviceVHBAAutostartCancel(vhbas->autostart, name);

    return nodeDeviceVHBAUpdateDevice(vhbas, def, autostart);
}
