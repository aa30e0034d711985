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

#define LIBVIRT_NODE_DEVICE_VHBAPRIV_H_ALLOW
#include "node_device_vhbapriv.h"
#include "configmake.h"
#include "node_device_event.h"
#include "viralloc.h"
#include "virerror.h"
#include "virhash.h"
#include "virfclunwatch.h"
#include "virlog.h"
#include "virutil.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_vhba");


static void
nodeDeviceVHBAEntryFree(void *opaque)
{
    nodeDeviceVHBAEntry *entry = opaque;

    virNodeDeviceDefFree(entry->def);
    g_free(entry);
}


/* Takes @def. */
void
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
bool
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


void
nodeDeviceVHBAQueueEvent(nodeDeviceVHBAs *vhbas,
                         const char *name,
                         virNodeDeviceEventLifecycleType type)
{
    virObjectEventStateQueue(vhbas->events,
                             virNodeDeviceEventLifecycleNew(name, type, 0));
}


/* Whether @entry is to be started by itself. One that takes part in a migration
 * never is: the host that has it has to be found out first. */
static bool
nodeDeviceVHBAWantsStart(nodeDeviceVHBAs *vhbas,
                         const nodeDeviceVHBAEntry *entry)
{
    const virNodeDevVHBADef *vhba = virNodeDeviceVHBAGetDef(entry->def);

    return entry->autostart &&
        (!vhba || vhba->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE) &&
        !nodeDeviceVHBAIsDestroyed(vhbas, entry->def->name);
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

        wanted = entry && nodeDeviceVHBAWantsStart(vhbas, entry);
    }

    if (wanted && !nodeDeviceVHBAIsActive(vhbas, name))
        ret = nodeDeviceVHBADoStart(vhbas, name);

    nodeDeviceVHBAEnd(vhbas, name);
    return ret;
}


/* What is active when the driver starts was started by somebody else since it was
 * destroyed, or the daemon has died before it could do that. */
static void
nodeDeviceVHBAsClearDestroyed(nodeDeviceVHBAs *vhbas)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    void *name;
    size_t i;

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        g_hash_table_iter_init(&iter, vhbas->entries);
        while (g_hash_table_iter_next(&iter, &name, NULL))
            g_ptr_array_add(names, g_strdup(name));
    }

    for (i = 0; i < names->len; i++) {
        if (nodeDeviceVHBAIsActive(vhbas, g_ptr_array_index(names, i)))
            nodeDeviceVHBAClearDestroyed(vhbas, g_ptr_array_index(names, i));
    }
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
    bool first = false;
    size_t i;

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        first = !vhbas->enumerated;
        vhbas->enumerated = true;
    }

    if (first)
        nodeDeviceVHBAsClearDestroyed(vhbas);

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        g_hash_table_iter_init(&iter, vhbas->entries);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
            nodeDeviceVHBAEntry *entry = value;

            if (nodeDeviceVHBAWantsStart(vhbas, entry))
                g_ptr_array_add(names, g_strdup(entry->def->name));
            else if (entry->autostart)
                VIR_INFO("'%s' is not started: it takes part in a migration, or was destroyed",
                         entry->def->name);
        }
    }

    for (i = 0; i < names->len; i++) {
        if (nodeDeviceVHBAIsInactive(vhbas, g_ptr_array_index(names, i)))
            nodeDeviceVHBAAutostartAdd(vhbas->autostart, g_ptr_array_index(names, i));
    }

    nodeDeviceVHBAAutostartHurry(vhbas->autostart);
}


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
    vhbas->destroyedDir = g_strdup_printf("%s/vhba-destroyed", driver->stateDir);

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

    if (virFCLunWatchStart() < 0) {
        VIR_WARN("no events tell of vHBAs: %s", virGetLastErrorMessage());
        virResetLastError();
    }

    return 0;
}


/* Returns the driver's events of the FC transport; they belong to @vhbas. */
nodeDeviceFCEvents *
nodeDeviceVHBAsGetFCEvents(nodeDeviceVHBAs *vhbas)
{
    return vhbas->fcEvents;
}


/* Starts no more vHBAs, and waits for none any more: udev is not listened to any
 * more. */
void
nodeDeviceVHBAsStop(nodeDeviceVHBAs *vhbas)
{
    if (!vhbas)
        return;

    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        vhbas->stopping = true;
        virCondBroadcast(&vhbas->changed);
    }

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

    virFCLunWatchStop();
    nodeDeviceVHBAAutostartFree(vhbas->autostart);
    nodeDeviceFCEventsFree(vhbas->fcEvents);
    nodeDeviceVHBAStoreFree(vhbas->store);
    g_free(vhbas->namesDir);
    g_free(vhbas->destroyedDir);
    g_hash_table_unref(vhbas->entries);
    g_hash_table_unref(vhbas->busy);
    virCondDestroy(&vhbas->changed);
    virMutexDestroy(&vhbas->defineLock);
    virMutexDestroy(&vhbas->lock);
    g_free(vhbas);
}
