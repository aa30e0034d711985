/*
 * node_device_vhba.c: persistent vHBAs
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

#include <unistd.h>

#include "node_device_vhba.h"

#include "configmake.h"
#include "node_device_event.h"
#include "node_device_vhba_autostart.h"
#include "node_device_vhba_store.h"
#include "viralloc.h"
#include "virerror.h"
#include "virfcclaim.h"
#include "virfchost.h"
#include "virfile.h"
#include "virhash.h"
#include "virlog.h"
#include "virstring.h"
#include "virthread.h"
#include "virtime.h"
#include "virutil.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_vhba");

/* how long the fabric may take to let a vHBA in, in milliseconds */
#define FABRIC_TIMEOUT (10 * 1000)

/* how long udev may take to tell of a device that is there, or gone, and how
 * long one operation on a vHBA may wait for another one, in milliseconds */
#define UDEV_TIMEOUT (30 * 1000)
#define BUSY_TIMEOUT (60 * 1000)

/* how many times as long it may take when other vHBAs come and go meanwhile */
#define PATIENCE 10ULL

/* A definition, in memory. */
typedef struct _nodeDeviceVHBAEntry nodeDeviceVHBAEntry;
struct _nodeDeviceVHBAEntry {
    virNodeDeviceDef *def;
    bool autostart;
};

struct _nodeDeviceVHBAs {
    /* immutable */
    nodeDeviceVHBAStore *store;
    char *namesDir; /* see nodeDeviceVHBANameFile */
    virNodeDeviceObjList *devs;
    virObjectEventState *events;
    nodeDeviceFCEvents *fcEvents;
    nodeDeviceVHBAAutostart *autostart;

    /* Held while definitions change, on disk and here. Taken before any
     * object is locked. */
    virMutex defineLock;

    /* Guards all that follows. Taken after an object is locked, if one is. */
    virMutex lock;
    GHashTable *entries;    /* name -> nodeDeviceVHBAEntry */
    GHashTable *busy;       /* names of those being started or destroyed */
    unsigned int changes;   /* counts what @changed tells */
    virCond changed;        /* a vHBA came or went, or is not busy any more */
    bool enumerated;        /* udev has told of all that was there at first */
};


static void
nodeDeviceVHBAEntryFree(void *opaque)
{
    nodeDeviceVHBAEntry *entry = opaque;

    virNodeDeviceDefFree(entry->def);
    g_free(entry);
}


/* Takes @def. */
static void
nodeDeviceVHBASetEntry(nodeDeviceVHBAs *vhbas,
                       virNodeDeviceDef *def,
                       bool autostart)
{
    nodeDeviceVHBAEntry *entry = g_new0(nodeDeviceVHBAEntry, 1);
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->lock);

    entry->def = def;
    entry->autostart = autostart;
    g_hash_table_replace(vhbas->entries, g_strdup(def->name), entry);
}


/* Fills @def, unless it is NULL, with a copy of the definition of @name, to be
 * freed by the caller, and @autostart likewise. Returns false if there is no
 * such definition. */
static bool
nodeDeviceVHBAGetEntry(nodeDeviceVHBAs *vhbas,
                       const char *name,
                       virNodeDeviceDef **def,
                       bool *autostart)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->lock);
    nodeDeviceVHBAEntry *entry = g_hash_table_lookup(vhbas->entries, name);

    if (!entry)
        return false;

    if (def)
        *def = virNodeDeviceVHBACopy(entry->def);
    if (autostart)
        *autostart = entry->autostart;

    return true;
}


static void
nodeDeviceVHBAQueueEvent(nodeDeviceVHBAs *vhbas,
                         const char *name,
                         virNodeDeviceEventLifecycleType type)
{
    virObjectEventStateQueue(vhbas->events,
                             virNodeDeviceEventLifecycleNew(name, type, 0));
}


/* Names */

/* A vHBA that is undefined while it is active keeps its name until it is gone,
 * even if the daemon is restarted meanwhile: an empty file says so. Returns its
 * path, to be freed by the caller. */
static char *
nodeDeviceVHBANameFile(nodeDeviceVHBAs *vhbas,
                       const char *name)
{
    return g_strdup_printf("%s/%s", vhbas->namesDir, name);
}


static void
nodeDeviceVHBAKeepName(nodeDeviceVHBAs *vhbas,
                       const char *name)
{
    g_autofree char *file = nodeDeviceVHBANameFile(vhbas, name);

    if (g_mkdir_with_parents(vhbas->namesDir, 0700) < 0 ||
        virFileTouch(file, 0600) < 0)
        VIR_WARN("'%s' will have another name when the daemon is restarted: %s",
                 name, g_strerror(errno));
}


static void
nodeDeviceVHBAForgetName(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    g_autofree char *file = nodeDeviceVHBANameFile(vhbas, name);

    unlink(file);
}


/* Whether what is now known to be there is called @name. */
static bool
nodeDeviceVHBAHasName(nodeDeviceVHBAs *vhbas,
                      const char *name)
{
    g_autofree char *file = nodeDeviceVHBANameFile(vhbas, name);
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(vhbas->devs, name);

    if (!obj)
        return virFileExists(file);

    virNodeDeviceObjEndAPI(&obj);
    return true;
}


/* Waiting. The driver's only worker is told by udev what comes and goes, and
 * calls nodeDeviceVHBAsChanged; other threads wait for that here. They must not
 * hold an object meanwhile. */

typedef bool (*nodeDeviceVHBACondition)(nodeDeviceVHBAs *vhbas,
                                        const char *name);

/* Returns 0 as soon as @condition is true; -1 without an error if it did not
 * become so although nothing has changed for @timeout milliseconds. udev is slow
 * when many vHBAs come at a time; as long as it tells of any, it will come to
 * ours. But not even that is waited for without end. */
static int
nodeDeviceVHBAWait(nodeDeviceVHBAs *vhbas,
                   const char *name,
                   nodeDeviceVHBACondition condition,
                   unsigned int timeout)
{
    unsigned long long now = 0;
    unsigned long long limit = 0;
    unsigned int seen = 0;

    if (virTimeMillisNow(&now) < 0)
        return -1;
    limit = now + PATIENCE * timeout;

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        seen = vhbas->changes;
    }

    while (!condition(vhbas, name)) {
        VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->lock);

        while (seen == vhbas->changes) {
            if (virCondWaitUntil(&vhbas->changed, &vhbas->lock,
                                 MIN(now + timeout, limit)) < 0)
                return -1;
        }
        seen = vhbas->changes;

        if (virTimeMillisNow(&now) < 0)
            return -1;
    }

    return 0;
}


static bool
nodeDeviceVHBAIsActive(nodeDeviceVHBAs *vhbas,
                       const char *name)
{
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(vhbas->devs, name);
    bool active = obj && virNodeDeviceObjIsActive(obj);

    virNodeDeviceObjEndAPI(&obj);
    return active;
}


static bool
nodeDeviceVHBAIsInactive(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    return !nodeDeviceVHBAIsActive(vhbas, name);
}


static int
nodeDeviceVHBAWaitActive(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    if (nodeDeviceVHBAWait(vhbas, name, nodeDeviceVHBAIsActive, UDEV_TIMEOUT) == 0)
        return 0;

    virReportError(VIR_ERR_OPERATION_TIMEOUT,
                   _("'%1$s' is there, but udev has not told so within %2$d s; is udevd running?"),
                   name, UDEV_TIMEOUT / 1000);
    return -1;
}


static int
nodeDeviceVHBAWaitInactive(nodeDeviceVHBAs *vhbas,
                           const char *name)
{
    if (nodeDeviceVHBAWait(vhbas, name, nodeDeviceVHBAIsInactive, UDEV_TIMEOUT) == 0)
        return 0;

    virReportError(VIR_ERR_OPERATION_TIMEOUT,
                   _("'%1$s' is gone, but udev has not told so within %2$d s; is udevd running?"),
                   name, UDEV_TIMEOUT / 1000);
    return -1;
}


/* Returns true if @name was not busy; now it is. */
static bool
nodeDeviceVHBATryBegin(nodeDeviceVHBAs *vhbas,
                       const char *name)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->lock);

    if (g_hash_table_contains(vhbas->busy, name))
        return false;

    g_hash_table_add(vhbas->busy, g_strdup(name));
    return true;
}


static int
nodeDeviceVHBABegin(nodeDeviceVHBAs *vhbas,
                    const char *name)
{
    if (nodeDeviceVHBAWait(vhbas, name, nodeDeviceVHBATryBegin, BUSY_TIMEOUT) == 0)
        return 0;

    virReportError(VIR_ERR_OPERATION_TIMEOUT,
                   _("'%1$s' is still being started or destroyed after %2$d s"),
                   name, BUSY_TIMEOUT / 1000);
    return -1;
}


static void
nodeDeviceVHBAEnd(nodeDeviceVHBAs *vhbas,
                  const char *name)
{
    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        g_hash_table_remove(vhbas->busy, name);
    }

    nodeDeviceVHBAsChanged(vhbas, false);
}


/* Define and undefine */

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


/* Checks a definition of what is active under the same name: @active. */
static int
nodeDeviceVHBACheckActive(virNodeDeviceDef *def,
                          virNodeDeviceDef *active)
{
    /* XML that was taken from the active vHBA has the name of the HBA that it
     * is on. That does not mean a wish to be on no other. */
    if (STREQ_NULLABLE(def->parent, active->parent)) {
        g_clear_pointer(&def->parent, g_free);
        virNodeDeviceVHBACopyParent(def, active);
    }

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
            ret = nodeDeviceVHBACheckActive(def, virNodeDeviceObjGetDef(obj));
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
static int
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
static int
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


static int
nodeDeviceVHBADoUndefine(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->defineLock);

    if (nodeDeviceVHBAStoreRemove(vhbas->store, virNodeDeviceVHBANameWWPN(name)) < 0)
        return -1;

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        g_hash_table_remove(vhbas->entries, name);
    }
    nodeDeviceVHBADropDevice(vhbas, name);
    nodeDeviceVHBAQueueEvent(vhbas, name, VIR_NODE_DEVICE_EVENT_UNDEFINED);

    return 0;
}


/**
 * nodeDeviceVHBAUndefine:
 * @vhbas: the vHBAs
 * @obj: a persistent vHBA; released
 *
 * Waits for one that is being started or destroyed: that is not to lose its
 * name meanwhile.
 *
 * Returns 0 when the definition is gone from the disk, -1 with an error.
 */
int
nodeDeviceVHBAUndefine(nodeDeviceVHBAs *vhbas,
                       virNodeDeviceObj **obj)
{
    g_autofree char *name = g_strdup(virNodeDeviceObjGetDef(*obj)->name);
    int ret;

    virNodeDeviceObjEndAPI(obj);

    nodeDeviceVHBAAutostartCancel(vhbas->autostart, name);

    if (nodeDeviceVHBABegin(vhbas, name) < 0)
        return -1;

    ret = nodeDeviceVHBADoUndefine(vhbas, name);
    nodeDeviceVHBAEnd(vhbas, name);

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

    if (!autostart)
        nodeDeviceVHBAAutostartCancel(vhbas->autostart, name);

    return nodeDeviceVHBAUpdateDevice(vhbas, def, autostart);
}


/* Start and destroy */

/* What is lent is in use, or may be, on the other host. */
static int
nodeDeviceVHBACheckLent(const virNodeDeviceDef *def)
{
    const virNodeDevVHBADef *vhba = virNodeDeviceVHBAGetDef(def);

    if (!vhba || vhba->handover != VIR_NODE_DEV_VHBA_HANDOVER_LENT)
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("'%1$s' is lent to the host that domain '%2$s' migrates to (migration %3$s); if that host has let go of it, take it back with 'virsh nodedev-define' of its XML without <handover>, otherwise leave it to that host with 'virsh nodedev-undefine %1$s'"),
                   def->name, vhba->domain, vhba->migration);
    return -1;
}


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
                       _("'%1$s' is gone right after it was created"),
                       def->name);
        return -1;
    }

    if (!(usable = virFCHostVportWait(created->host, FABRIC_TIMEOUT)))
        return -1;

    return nodeDeviceVHBAWaitActive(vhbas, def->name);
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
                             virNodeDeviceVHBAGetWWPN(def)) < 0 ||
        nodeDeviceVHBAWaitInactive(vhbas, def->name) < 0)
        VIR_WARN("cannot undo the start of '%s': %s",
                 def->name, virGetLastErrorMessage());

    virErrorRestore(&orig);
}


static int
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

    if (nodeDeviceVHBACheckLent(def) < 0 ||
        nodeDeviceVHBACreate(def, &hba) < 0)
        return -1;

    if (nodeDeviceVHBAWaitUsable(vhbas, def) < 0) {
        nodeDeviceVHBAUndoStart(vhbas, hba, def);
        return -1;
    }

    return 0;
}


/**
 * nodeDeviceVHBAStart:
 * @vhbas: the vHBAs
 * @obj: a vHBA that is not active; released
 *
 * Creates the vport and waits until the fabric has let it in and the device is
 * active.
 *
 * Returns 0 on success; -1 with an error, and with nothing left behind.
 */
int
nodeDeviceVHBAStart(nodeDeviceVHBAs *vhbas,
                    virNodeDeviceObj **obj)
{
    g_autofree char *name = g_strdup(virNodeDeviceObjGetDef(*obj)->name);
    int ret;

    virNodeDeviceObjEndAPI(obj);

    if (nodeDeviceVHBABegin(vhbas, name) < 0)
        return -1;

    ret = nodeDeviceVHBADoStart(vhbas, name);
    nodeDeviceVHBAEnd(vhbas, name);

    return ret;
}


/**
 * nodeDeviceVHBACheckUnused:
 * @wwpn: of a vHBA that is to be destroyed
 *
 * Returns 0 if no running domain has its disks there, otherwise -1 with an error
 * that names the domain.
 */
int
nodeDeviceVHBACheckUnused(const char *wwpn)
{
    g_autofree char *domain = NULL;
    int rc;

    if ((rc = virFCClaimGet(wwpn, &domain, NULL)) <= 0)
        return rc;

    virReportError(VIR_ERR_RESOURCE_BUSY,
                   _("vHBA '%1$s' is in use by domain '%2$s'; stop that, or unplug its disks behind the vHBA, first"),
                   wwpn, domain);
    return -1;
}


static int
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

    if (virFCHostVportDelete(vhba->parent, vhba->wwnn, vhba->wwpn) < 0)
        return -1;

    nodeDeviceVHBAForgetName(vhbas, name);

    return nodeDeviceVHBAWaitInactive(vhbas, name);
}


/**
 * nodeDeviceVHBADestroy:
 * @vhbas: the vHBAs
 * @obj: a vHBA; released
 *
 * Deletes the vport, unless a domain uses it, and waits until the device is not
 * active any more. Its definition, if it has one, stays.
 *
 * Returns 0 on success, -1 with an error.
 */
int
nodeDeviceVHBADestroy(nodeDeviceVHBAs *vhbas,
                      virNodeDeviceObj **obj)
{
    g_autofree char *name = g_strdup(virNodeDeviceObjGetDef(*obj)->name);
    const char *wwpn = virNodeDeviceVHBANameWWPN(name);
    int ret;

    virNodeDeviceObjEndAPI(obj);

    if (nodeDeviceVHBACheckUnused(wwpn) < 0)
        return -1;

    nodeDeviceVHBAAutostartCancel(vhbas->autostart, name);

    if (nodeDeviceVHBABegin(vhbas, name) < 0)
        return -1;

    ret = nodeDeviceVHBADoDestroy(vhbas, name, wwpn);
    nodeDeviceVHBAEnd(vhbas, name);

    return ret;
}


/* Brings the WWNs of @def, from which a transient vHBA is to be created, to
 * canonical form. Returns 0 unless one of them is malformed, or a definition
 * has the WWPN: then -1 with an error. A driver without @vhbas has no
 * definitions. */
int
nodeDeviceVHBACheckTransient(nodeDeviceVHBAs *vhbas,
                             virNodeDeviceDef *def)
{
    g_autofree char *name = NULL;

    if (virNodeDeviceVHBANormalizeWWNs(def, false) < 0)
        return -1;

    if (!vhbas || !virNodeDeviceVHBAGetWWPN(def))
        return 0;

    name = virNodeDeviceVHBAName(virNodeDeviceVHBAGetWWPN(def));
    if (!nodeDeviceVHBAGetEntry(vhbas, name, NULL, NULL)) {
        /* one that went without our doing */
        if (nodeDeviceVHBAIsInactive(vhbas, name))
            nodeDeviceVHBAForgetName(vhbas, name);
        return 0;
    }

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("WWPN '%1$s' is that of the persistent '%2$s'; use 'virsh nodedev-start %2$s'"),
                   virNodeDeviceVHBAGetWWPN(def), name);
    return -1;
}


struct nodeDeviceVHBAHostName {
    unsigned int host;
};


static bool
nodeDeviceVHBAHasHost(virNodeDeviceObj *obj,
                      const void *opaque)
{
    const struct nodeDeviceVHBAHostName *want = opaque;
    const virNodeDeviceDef *def;
    bool ret;

    virObjectLock(obj);
    def = virNodeDeviceObjGetDef(obj);
    ret = virNodeDeviceVHBAIsName(def->name) &&
        virNodeDeviceObjIsActive(obj) &&
        virNodeDeviceVHBAGetHost(def) == want->host;
    virObjectUnlock(obj);

    return ret;
}


/**
 * nodeDeviceVHBAFindByHostName:
 * @vhbas: the vHBAs
 * @name: any name
 *
 * Returns the active vHBA that @name, of the form scsi_hostN, means now, locked
 * and referenced; NULL, without an error, if it means none.
 */
virNodeDeviceObj *
nodeDeviceVHBAFindByHostName(nodeDeviceVHBAs *vhbas,
                             const char *name)
{
    struct nodeDeviceVHBAHostName want = { 0 };
    const char *number = STRSKIP(name, "scsi_host");

    if (!number || virStrToLong_uip(number, NULL, 10, &want.host) < 0)
        return NULL;

    return virNodeDeviceObjListFind(vhbas->devs, nodeDeviceVHBAHasHost, &want);
}


/* udev */

/* The kernel tells of a host a moment before it is an FC host with names. The
 * vport above it has them from the start. */
static void
nodeDeviceVHBAReadVport(virNodeDeviceDef *def)
{
    virNodeDevCapSCSIHost *cap = &def->caps->data.scsi_host;
    g_autofree char *wwnn = NULL;
    g_autofree char *wwpn = NULL;

    if (def->caps->data.type != VIR_NODE_DEV_CAP_SCSI_HOST ||
        virFCHostVportNames(def->sysfs_path, &wwnn, &wwpn) < 0)
        return;

    g_free(cap->wwnn);
    cap->wwnn = g_steal_pointer(&wwnn);
    g_free(cap->wwpn);
    cap->wwpn = g_steal_pointer(&wwpn);
    cap->flags |= VIR_NODE_DEV_CAP_FLAG_HBA_FC_HOST;
}


/* Gives @def, which udev has made, the name of the vHBA that it is, if that has
 * a name of its own. A device that was defined, and is not any more, keeps its
 * name as long as it is there. Whatever has a name of its own is never taken
 * for another host, see virNodeDevVHBAIsGone. */
void
nodeDeviceVHBASetName(nodeDeviceVHBAs *vhbas,
                      virNodeDeviceDef *def)
{
    g_autofree char *name = NULL;

    nodeDeviceVHBAReadVport(def);

    if (!virNodeDeviceVHBAGetWWPN(def))
        return;

    name = virNodeDeviceVHBAName(virNodeDeviceVHBAGetWWPN(def));
    if (!nodeDeviceVHBAHasName(vhbas, name))
        return;

    g_free(def->name);
    def->name = g_steal_pointer(&name);

    if (!virNodeDeviceVHBAGetDef(def))
        def->caps->data.scsi_host.vhba = g_new0(virNodeDevVHBADef, 1);
}


/* Makes @obj, whose definition udev has just replaced, say again what the
 * vHBA's own definition says. */
void
nodeDeviceVHBAAdded(nodeDeviceVHBAs *vhbas,
                    virNodeDeviceObj *obj)
{
    virNodeDeviceDef *objdef = virNodeDeviceObjGetDef(obj);
    g_autoptr(virNodeDeviceDef) def = NULL;
    bool autostart = false;
    bool persistent;

    if (!virNodeDeviceVHBAIsName(objdef->name))
        return;

    persistent = nodeDeviceVHBAGetEntry(vhbas, objdef->name, &def, &autostart);
    virNodeDeviceObjSetPersistent(obj, persistent);
    virNodeDeviceObjSetAutostart(obj, autostart);

    if (persistent)
        virNodeDeviceVHBACopyConfig(objdef, def);
}


/* Makes @def, of a persistent device that is gone, that of an inactive vHBA, if
 * that is what it is. */
void
nodeDeviceVHBARemoved(nodeDeviceVHBAs *vhbas,
                      virNodeDeviceDef *def)
{
    g_autoptr(virNodeDeviceDef) config = NULL;

    if (!virNodeDeviceVHBAIsName(def->name))
        return;

    nodeDeviceVHBAGetEntry(vhbas, def->name, &config, NULL);
    virNodeDeviceVHBADeactivate(def, config);
}


/**
 * nodeDeviceVHBAsChanged:
 * @vhbas: the vHBAs
 * @newHBA: an HBA has appeared
 *
 * Tells those who wait that a device came or went. The caller must not hold an
 * object.
 */
void
nodeDeviceVHBAsChanged(nodeDeviceVHBAs *vhbas,
                       bool newHBA)
{
    if (!vhbas)
        return;

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        vhbas->changes++;
        virCondBroadcast(&vhbas->changed);

        if (!vhbas->enumerated)
            newHBA = false;
    }

    if (newHBA)
        nodeDeviceVHBAsAutostart(vhbas);
}


/* The link of an HBA is up. */
void
nodeDeviceVHBAsLinkUp(nodeDeviceVHBAs *vhbas)
{
    nodeDeviceVHBAAutostartHurry(vhbas->autostart);
}


static bool
nodeDeviceVHBAIsHBA(const char *fchostName)
{
    g_autoptr(virFCHost) fchost = NULL;
    const char *number = STRSKIP(fchostName, "host");
    unsigned int host;

    if (!number || virStrToLong_uip(number, NULL, 10, &host) < 0)
        return false;

    if (!(fchost = virFCHostRead(host))) {
        virResetLastError();
        return false;
    }

    return !fchost->vport;
}


/**
 * nodeDeviceVHBAsOtherDevice:
 * @vhbas: the vHBAs
 * @subsystem: of a device that is not a node device, or NULL
 * @name: its name in sysfs, or NULL
 *
 * Tells of such a device. A new remote port means that a link is up: libfc, for
 * one, tells that in no other way. An FC host means that there is an FC transport
 * to listen to; and a new HBA is a SCSI host a moment before it is an FC host, so
 * that it may have been taken for something else.
 */
void
nodeDeviceVHBAsOtherDevice(nodeDeviceVHBAs *vhbas,
                           const char *subsystem,
                           const char *name)
{
    if (STREQ_NULLABLE(subsystem, "fc_remote_ports")) {
        nodeDeviceVHBAsLinkUp(vhbas);
    } else if (STREQ_NULLABLE(subsystem, "fc_host") && name) {
        nodeDeviceFCEventsListen(vhbas->fcEvents);
        nodeDeviceVHBAsChanged(vhbas, nodeDeviceVHBAIsHBA(name));
    }
}


/* Autostart */

/* Whether @entry is to be started by itself. One that takes part in a migration
 * never is: the host that has it has to be found out first. */
static bool
nodeDeviceVHBAWantsStart(const nodeDeviceVHBAEntry *entry)
{
    const virNodeDevVHBADef *vhba = virNodeDeviceVHBAGetDef(entry->def);

    return entry->autostart &&
        (!vhba || vhba->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE);
}


/* An attempt, see nodeDeviceVHBAAutostartFunc. */
static int
nodeDeviceVHBAAutostartOne(const char *name,
                           void *opaque)
{
    nodeDeviceVHBAs *vhbas = opaque;
    bool wanted = false;
    int ret = 0;

    if (nodeDeviceVHBABegin(vhbas, name) < 0)
        return -1;

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        nodeDeviceVHBAEntry *entry = g_hash_table_lookup(vhbas->entries, name);

        wanted = entry && nodeDeviceVHBAWantsStart(entry);
    }

    if (wanted && !nodeDeviceVHBAIsActive(vhbas, name))
        ret = nodeDeviceVHBADoStart(vhbas, name);

    nodeDeviceVHBAEnd(vhbas, name);
    return ret;
}


/**
 * nodeDeviceVHBAsAutostart:
 * @vhbas: the vHBAs
 *
 * Starts all vHBAs that are to start by themselves, now or as soon as they can
 * be started. Does not wait for that. To be called when all devices that were
 * there when the driver started are known: only then it is clear which vHBAs
 * are active already.
 */
void
nodeDeviceVHBAsAutostart(nodeDeviceVHBAs *vhbas)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    void *value;
    size_t i;

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        vhbas->enumerated = true;

        g_hash_table_iter_init(&iter, vhbas->entries);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
            nodeDeviceVHBAEntry *entry = value;

            if (nodeDeviceVHBAWantsStart(entry))
                g_ptr_array_add(names, g_strdup(entry->def->name));
        }
    }

    for (i = 0; i < names->len; i++) {
        if (nodeDeviceVHBAIsInactive(vhbas, g_ptr_array_index(names, i)))
            nodeDeviceVHBAAutostartAdd(vhbas->autostart, g_ptr_array_index(names, i));
    }

    nodeDeviceVHBAAutostartHurry(vhbas->autostart);
}


/* Life */

/* Takes @def. */
static void
nodeDeviceVHBALoaded(virNodeDeviceDef *def,
                     bool autostart,
                     void *opaque)
{
    nodeDeviceVHBAs *vhbas = opaque;

    if (nodeDeviceVHBAUpdateDevice(vhbas, def, autostart) < 0) {
        VIR_ERROR(_("Cannot add '%1$s': %2$s"), def->name, virGetLastErrorMessage());
        virNodeDeviceDefFree(def);
        return;
    }

    nodeDeviceVHBASetEntry(vhbas, def, autostart);
}


/**
 * nodeDeviceVHBAsNew:
 * @driver: the driver, whose list of devices, event state and stateDir are used
 * @dir: where the definitions are kept
 * @inhibit: keeps the daemon from exiting, see nodeDeviceVHBAAutostartNew
 * @inhibitOpaque: for @inhibit
 *
 * Loads what is defined. Has to be called before udev tells of any device.
 *
 * Returns the vHBAs, to be freed by the caller; NULL with an error.
 */
nodeDeviceVHBAs *
nodeDeviceVHBAsNew(virNodeDeviceDriverState *driver,
                   const char *dir,
                   virStateInhibitCallback inhibit,
                   void *inhibitOpaque)
{
    nodeDeviceVHBAs *vhbas = g_new0(nodeDeviceVHBAs, 1);

    if (virMutexInit(&vhbas->lock) < 0 ||
        virMutexInit(&vhbas->defineLock) < 0 ||
        virCondInit(&vhbas->changed) < 0) {
        virReportSystemError(errno, "%s", _("cannot initialize mutex"));
        g_free(vhbas);
        return NULL;
    }

    vhbas->devs = driver->devs;
    vhbas->events = driver->nodeDeviceEventState;
    vhbas->entries = virHashNew(nodeDeviceVHBAEntryFree);
    vhbas->busy = virHashNew(NULL);
    vhbas->store = nodeDeviceVHBAStoreNew(dir);
    vhbas->namesDir = g_strdup_printf("%s/vhba", driver->stateDir);

    if (!(vhbas->fcEvents = nodeDeviceFCEventsNew()) ||
        !(vhbas->autostart = nodeDeviceVHBAAutostartNew(nodeDeviceVHBAAutostartOne, vhbas,
                                                        vhbas->fcEvents,
                                                        inhibit, inhibitOpaque)) ||
        nodeDeviceVHBAStoreLoad(vhbas->store, nodeDeviceVHBALoaded, vhbas) < 0) {
        nodeDeviceVHBAsFree(vhbas);
        return NULL;
    }

    return vhbas;
}


/* Sets up @driver's vHBAs, see nodeDeviceVHBAsNew. Returns 0 on success, -1
 * with an error. */
int
nodeDeviceVHBAsInit(virNodeDeviceDriverState *driver,
                    bool privileged,
                    virStateInhibitCallback inhibit,
                    void *inhibitOpaque)
{
    g_autofree char *dir = NULL;

    if (privileged) {
        dir = g_strdup(SYSCONFDIR "/libvirt/nodedev/vhba");
    } else {
        g_autofree char *confdir = virGetUserConfigDirectory();

        dir = g_strdup_printf("%s/nodedev/vhba", confdir);
    }

    if (!(driver->vhbas = nodeDeviceVHBAsNew(driver, dir, inhibit, inhibitOpaque)))
        return -1;

    return 0;
}


/* Returns the driver's events of the FC transport; they belong to @vhbas. */
nodeDeviceFCEvents *
nodeDeviceVHBAsGetFCEvents(nodeDeviceVHBAs *vhbas)
{
    return vhbas->fcEvents;
}


/* Starts no more vHBAs. */
void
nodeDeviceVHBAsStop(nodeDeviceVHBAs *vhbas)
{
    if (!vhbas)
        return;

    nodeDeviceFCEventsStop(vhbas->fcEvents);
    nodeDeviceVHBAAutostartStop(vhbas->autostart);
}


/* Waits for vHBAs that are being started. */
void
nodeDeviceVHBAsDrain(nodeDeviceVHBAs *vhbas)
{
    if (vhbas)
        nodeDeviceVHBAAutostartDrain(vhbas->autostart);
}


void
nodeDeviceVHBAsFree(nodeDeviceVHBAs *vhbas)
{
    if (!vhbas)
        return;

    nodeDeviceVHBAAutostartFree(vhbas->autostart);
    nodeDeviceFCEventsFree(vhbas->fcEvents);
    nodeDeviceVHBAStoreFree(vhbas->store);
    g_free(vhbas->namesDir);
    g_hash_table_unref(vhbas->entries);
    g_hash_table_unref(vhbas->busy);
    virCondDestroy(&vhbas->changed);
    virMutexDestroy(&vhbas->defineLock);
    virMutexDestroy(&vhbas->lock);
    g_free(vhbas);
}
