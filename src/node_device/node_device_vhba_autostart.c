/*
 * node_device_vhba_autostart.c: vHBAs that start by themselves
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

#include "node_device_vhba_autostart.h"

#include "viralloc.h"
#include "virerror.h"
#include "virevent.h"
#include "virfchost.h"
#include "virhash.h"
#include "viridentity.h"
#include "virinhibitor.h"
#include "virlog.h"
#include "virthread.h"
#include "virthreadpool.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_vhba_autostart");

/* how long to wait between two attempts, in milliseconds: at first, and at
 * most; it doubles each time */
#define DELAY_MIN 1000
#define DELAY_MAX 30000

/* after something has changed for the better, let it settle */
#define DELAY_HURRY 100

/* How many attempts are made at a time: all that an HBA with the usual limit of
 * 255 vHBAs can need, so that not even 254 that the fabric does not let in hold
 * up the last one. They wait most of the time. Threads are made as they are needed,
 * and stay. */
#define MAX_WORKERS 256

/* One vHBA that waits to be started. */
typedef struct _nodeDeviceVHBAPending nodeDeviceVHBAPending;
struct _nodeDeviceVHBAPending {
    int timer;           /* fires when the next attempt is due */
    int delay;           /* until the attempt after that, in milliseconds */
    bool running;        /* an attempt is being made: @timer is off */
    bool cancelled;      /* no more attempts after the one that is running */
    bool again;          /* another one at once, even if that one has nothing to do */
    char *lastError;     /* what has been logged already */
};

struct _nodeDeviceVHBAAutostart {
    /* immutable */
    nodeDeviceVHBAAutostartFunc start;
    void *opaque;
    virInhibitor *inhibitor; /* held once for each one that is pending; never
                              * asked with @lock held: it locks the daemon, which
                              * is locked when it stops us */
    virThreadPool *pool;

    virMutex lock; /* guards all that follows */
    GHashTable *pending; /* name -> nodeDeviceVHBAPending */
    bool stopped;
};


static void
nodeDeviceVHBAPendingFree(void *opaque)
{
    nodeDeviceVHBAPending *pending = opaque;

    if (pending->timer >= 0)
        virEventRemoveTimeout(pending->timer);
    g_free(pending->lastError);
    g_free(pending);
}


/* The same trouble is logged only once. */
static void
nodeDeviceVHBAAutostartLogFailure(nodeDeviceVHBAPending *pending,
                                  const char *name)
{
    const char *error = virGetLastErrorMessage();

    if (STRNEQ_NULLABLE(pending->lastError, error)) {
        VIR_WARN("cannot start '%s' yet, will try again: %s", name, error);
        g_free(pending->lastError);
        pending->lastError = g_strdup(error);
    }

    virResetLastError();
}


/* An attempt to start @name is over. Returns true if it was the last one. */
static bool
nodeDeviceVHBAAutostartAttempted(nodeDeviceVHBAAutostart *autostart,
                                 const char *name,
                                 bool failed)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&autostart->lock);
    /* only this function drops what is running */
    nodeDeviceVHBAPending *pending = virHashLookup(autostart->pending, name);

    pending->running = false;

    if (pending->cancelled || autostart->stopped || !(failed || pending->again)) {
        g_hash_table_remove(autostart->pending, name);
        return true;
    }

    if (failed)
        nodeDeviceVHBAAutostartLogFailure(pending, name);

    virEventUpdateTimeout(pending->timer, pending->again ? 0 : pending->delay);
    pending->again = false;
    pending->delay = MIN(pending->delay * 2, DELAY_MAX);
    return false;
}


/* Runs in a thread of its own. @jobdata is the name, a key of the table of what
 * is pending, which keeps it as long as this runs: a pool that is freed does not
 * free what its jobs are about. */
static void
nodeDeviceVHBAAutostartAttempt(void *jobdata,
                               void *opaque)
{
    nodeDeviceVHBAAutostart *autostart = opaque;
    const char *name = jobdata;
    bool failed = autostart->start(name, autostart->opaque) < 0;

    if (nodeDeviceVHBAAutostartAttempted(autostart, name, failed))
        virInhibitorRelease(autostart->inhibitor);
}


/* Runs in the event loop, which must not be held up. */
static void
nodeDeviceVHBAAutostartDue(int timer,
                           void *opaque)
{
    nodeDeviceVHBAAutostart *autostart = opaque;
    VIR_LOCK_GUARD lock = virLockGuardLock(&autostart->lock);
    GHashTableIter iter;
    void *name;
    void *value;

    g_hash_table_iter_init(&iter, autostart->pending);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        nodeDeviceVHBAPending *pending = value;

        if (pending->timer != timer)
            continue;

        virEventUpdateTimeout(timer, -1);
        if (pending->running || autostart->stopped)
            return;

        if (virThreadPoolSendJob(autostart->pool, 0, name) < 0)
            virEventUpdateTimeout(timer, DELAY_MAX);
        else
            pending->running = true;
        return;
    }
}


/* Whether @event may have cleared the way for a vHBA. What comes from vHBAs
 * themselves does not count: each attempt makes such events. */
static bool
nodeDeviceVHBAAutostartMatters(const virFCEvent *event)
{
    if (event->type == VIR_FC_EVENT_LOST)
        return true;

    return event->type != VIR_FC_EVENT_LINK_DOWN && virFCHostIsHBA(event->host);
}


/* A link or a fabric has changed, see nodeDeviceFCEventFunc. */
static void
nodeDeviceVHBAAutostartEvent(const virFCEvent *event,
                             void *opaque)
{
    if (nodeDeviceVHBAAutostartMatters(event))
        nodeDeviceVHBAAutostartHurry(opaque);
}


/**
 * nodeDeviceVHBAAutostartNew:
 * @start: attempts to start a vHBA; called in threads of their own
 * @opaque: for @start
 * @events: tell when there is an occasion for another attempt
 * @inhibit: keeps the daemon from exiting when it is idle
 * @inhibitOpaque: for @inhibit
 *
 * Returns the object, to be freed by the caller; NULL with an error.
 */
nodeDeviceVHBAAutostart *
nodeDeviceVHBAAutostartNew(nodeDeviceVHBAAutostartFunc start,
                           void *opaque,
                           nodeDeviceFCEvents *events,
                           virStateInhibitCallback inhibit,
                           void *inhibitOpaque)
{
    nodeDeviceVHBAAutostart *autostart = g_new0(nodeDeviceVHBAAutostart, 1);

    if (virMutexInit(&autostart->lock) < 0) {
        virReportSystemError(errno, "%s", _("cannot initialize mutex"));
        g_free(autostart);
        return NULL;
    }

    autostart->start = start;
    autostart->opaque = opaque;
    autostart->pending = virHashNew(nodeDeviceVHBAPendingFree);
    autostart->inhibitor = virInhibitorNew(VIR_INHIBITOR_WHAT_NONE,
                                           _("Libvirt node devices"),
                                           _("vHBAs wait to be started"),
                                           VIR_INHIBITOR_MODE_DELAY,
                                           inhibit, inhibitOpaque);

    if (!(autostart->pool = virThreadPoolNewFull(0, MAX_WORKERS, 0,
                                                 nodeDeviceVHBAAutostartAttempt,
                                                 "vhba-autostart", NULL,
                                                 autostart))) {
        nodeDeviceVHBAAutostartFree(autostart);
        return NULL;
    }

    nodeDeviceFCEventsAddListener(events, nodeDeviceVHBAAutostartEvent, autostart);

    return autostart;
}


/* Returns true if @name was not pending, and is now. */
static bool
nodeDeviceVHBAAutostartInsert(nodeDeviceVHBAAutostart *autostart,
                              const char *name)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&autostart->lock);
    nodeDeviceVHBAPending *pending = virHashLookup(autostart->pending, name);

    if (autostart->stopped)
        return false;

    if (pending) {
        pending->cancelled = false;
        pending->again = pending->running;
        return false;
    }

    pending = g_new0(nodeDeviceVHBAPending, 1);
    pending->delay = DELAY_MIN;
    if ((pending->timer = virEventAddTimeout(0, nodeDeviceVHBAAutostartDue,
                                             autostart, NULL)) < 0) {
        VIR_WARN("cannot start '%s': no timer", name);
        nodeDeviceVHBAPendingFree(pending);
        return false;
    }

    g_hash_table_insert(autostart->pending, g_strdup(name), pending);
    return true;
}


/* Makes @autostart start the vHBA @name, now or when it becomes possible. */
void
nodeDeviceVHBAAutostartAdd(nodeDeviceVHBAAutostart *autostart,
                           const char *name)
{
    /* before it can be over */
    virInhibitorHold(autostart->inhibitor);

    if (!nodeDeviceVHBAAutostartInsert(autostart, name))
        virInhibitorRelease(autostart->inhibitor);
}


/* No further attempt is made for @name; one that is being made goes on. Returns
 * whether there would have been one. */
bool
nodeDeviceVHBAAutostartCancel(nodeDeviceVHBAAutostart *autostart,
                              const char *name)
{
    bool removed = false;

    VIR_WITH_MUTEX_LOCK_GUARD(&autostart->lock) {
        nodeDeviceVHBAPending *pending = virHashLookup(autostart->pending, name);

        if (!pending)
            return false;

        pending->cancelled = true;
        if (!pending->running)
            removed = g_hash_table_remove(autostart->pending, name);
    }

    if (removed)
        virInhibitorRelease(autostart->inhibitor);

    return true;
}


/* Something has changed for the better: brings forward the next attempt of all
 * that have failed. */
void
nodeDeviceVHBAAutostartHurry(nodeDeviceVHBAAutostart *autostart)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&autostart->lock);
    GHashTableIter iter;
    void *value;

    if (autostart->stopped)
        return;

    g_hash_table_iter_init(&iter, autostart->pending);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        nodeDeviceVHBAPending *pending = value;

        pending->delay = DELAY_MIN;
        if (pending->lastError && !pending->running)
            virEventUpdateTimeout(pending->timer, DELAY_HURRY);
    }
}


/* Makes no more attempts. Safe to call with NULL. */
void
nodeDeviceVHBAAutostartStop(nodeDeviceVHBAAutostart *autostart)
{
    if (!autostart)
        return;

    VIR_WITH_MUTEX_LOCK_GUARD(&autostart->lock) {
        autostart->stopped = true;
    }

    virThreadPoolStop(autostart->pool);
}


/* Waits for the attempts that are being made. Safe to call with NULL. */
void
nodeDeviceVHBAAutostartDrain(nodeDeviceVHBAAutostart *autostart)
{
    if (autostart)
        virThreadPoolDrain(autostart->pool);
}


void
nodeDeviceVHBAAutostartFree(nodeDeviceVHBAAutostart *autostart)
{
    if (!autostart)
        return;

    virThreadPoolFree(autostart->pool);
    g_hash_table_unref(autostart->pending);
    virInhibitorFree(autostart->inhibitor);
    virMutexDestroy(&autostart->lock);
    g_free(autostart);
}
