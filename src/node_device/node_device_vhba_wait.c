/*
 * node_device_vhba_wait.c: wait for vHBAs to come and go, and for one another
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
#include "virerror.h"
#include "virhash.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

/* how long udev may take to tell of a device that is there, or gone, and how
 * long one operation on a vHBA may wait for another one, in milliseconds */
#define UDEV_TIMEOUT (30 * 1000)
#define BUSY_TIMEOUT (60 * 1000)

/* how many times as long it may take when other vHBAs come and go meanwhile */
#define PATIENCE 10ULL


/* The driver's only worker is told by udev what comes and goes, and calls
 * nodeDeviceVHBAsChanged; other threads wait for that here. They must not hold
 * an object meanwhile. */

typedef bool (*nodeDeviceVHBACondition)(nodeDeviceVHBAs *vhbas,
                                        const char *name);

/* Returns 0 as soon as @condition is true; -1 with an error if the driver stops,
 * or if it did not become so although nothing has changed for @timeout
 * milliseconds. @late is what that error says, of the name and the seconds. udev is
 * slow when many vHBAs come at a time; as long as it tells of any, it will come to
 * ours. But not even that is waited for without end. */
static int
nodeDeviceVHBAWait(nodeDeviceVHBAs *vhbas,
                   const char *name,
                   nodeDeviceVHBACondition condition,
                   unsigned int timeout,
                   const char *late)
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
            if (vhbas->stopping) {
                virReportError(VIR_ERR_OPERATION_ABORTED,
                               _("'%1$s' is not waited for, since the daemon stops"),
                               name);
                return -1;
            }

            if (virCondWaitUntil(&vhbas->changed, &vhbas->lock,
                                 MIN(now + timeout, limit)) < 0) {
                virReportError(VIR_ERR_OPERATION_TIMEOUT, _(late), name, timeout / 1000);
                return -1;
            }
        }
        seen = vhbas->changes;

        if (virTimeMillisNow(&now) < 0)
            return -1;
    }

    return 0;
}


bool
nodeDeviceVHBAIsActive(nodeDeviceVHBAs *vhbas,
                       const char *name)
{
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(vhbas->devs, name);
    bool active = obj && virNodeDeviceObjIsActive(obj);

    virNodeDeviceObjEndAPI(&obj);
    return active;
}


bool
nodeDeviceVHBAIsInactive(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    return !nodeDeviceVHBAIsActive(vhbas, name);
}


int
nodeDeviceVHBAWaitActive(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    return nodeDeviceVHBAWait(vhbas, name, nodeDeviceVHBAIsActive, UDEV_TIMEOUT,
                              N_("'%1$s' is there, but udev has not told so within %2$u s; is udevd running?"));
}


int
nodeDeviceVHBAWaitInactive(nodeDeviceVHBAs *vhbas,
                           const char *name)
{
    return nodeDeviceVHBAWait(vhbas, name, nodeDeviceVHBAIsInactive, UDEV_TIMEOUT,
                              N_("'%1$s' is gone, but udev has not told so within %2$u s; is udevd running?"));
}


/* Returns true if @name was not busy; now it is. */
static bool
nodeDeviceVHBATryBegin(nodeDeviceVHBAs *vhbas,
                       const char *name)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->lock);

    if (g_hash_table_contains(vhbas->busy, name))
        return false;

    g_hash_table_insert(vhbas->busy, g_strdup(name), NULL);
    return true;
}


int
nodeDeviceVHBABegin(nodeDeviceVHBAs *vhbas,
                    const char *name)
{
    return nodeDeviceVHBAWait(vhbas, name, nodeDeviceVHBATryBegin, BUSY_TIMEOUT,
                              N_("'%1$s' is still being started or destroyed after %2$u s"));
}


void
nodeDeviceVHBAEnd(nodeDeviceVHBAs *vhbas,
                  const char *name)
{
    VIR_WITH_MUTEX_LOCK_GUARD(&vhbas->lock) {
        g_hash_table_remove(vhbas->busy, name);
    }

    nodeDeviceVHBAsChanged(vhbas, false);
}


/* Says that the vport of @name, which the caller has begun with, is to be deleted.
 * That holds until nodeDeviceVHBAEnd. */
void
nodeDeviceVHBASetDeleting(nodeDeviceVHBAs *vhbas,
                          const char *name)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->lock);

    g_hash_table_insert(vhbas->busy, g_strdup(name), GINT_TO_POINTER(true));
}


/**
 * nodeDeviceVHBAIsDeleting:
 * @vhbas: the vHBAs
 * @name: of any device
 *
 * Returns true if it is a vHBA that is being destroyed: it cannot be relied upon
 * any more, though udev has not told yet that it is gone, and it may stay after
 * all if a domain has claimed it. To start it is to wait for that.
 */
bool
nodeDeviceVHBAIsDeleting(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    VIR_LOCK_GUARD lock = { 0 };

    if (!vhbas)
        return false;

    lock = virLockGuardLock(&vhbas->lock);
    return g_hash_table_lookup(vhbas->busy, name) != NULL;
}
