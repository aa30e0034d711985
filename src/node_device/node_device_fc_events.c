/*
 * node_device_fc_events.c: events of the Fibre Channel transport
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

#include "node_device_fc_events.h"

#include "viralloc.h"
#include "virerror.h"
#include "virevent.h"
#include "virlog.h"
#include "virthread.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_fc_events");

typedef struct _nodeDeviceFCListener nodeDeviceFCListener;
struct _nodeDeviceFCListener {
    nodeDeviceFCEventFunc func;
    void *opaque;
};

struct _nodeDeviceFCEvents {
    /* immutable once Listen has been called */
    nodeDeviceFCListener *listeners;
    size_t nlisteners;

    virMutex lock; /* guards all that follows */
    virFCEventMonitor *mon; /* NULL if it cannot be had, or not yet */
    int watch;
    bool failed; /* it cannot be had; the log says so */
    bool stopped;
};


/**
 * nodeDeviceFCEventsNew:
 *
 * Does not listen yet, see nodeDeviceFCEventsListen.
 *
 * Returns the object, to be freed by the caller; NULL with an error.
 */
nodeDeviceFCEvents *
nodeDeviceFCEventsNew(void)
{
    nodeDeviceFCEvents *events = g_new0(nodeDeviceFCEvents, 1);

    if (virMutexInit(&events->lock) < 0) {
        virReportSystemError(errno, "%s", _("cannot initialize mutex"));
        g_free(events);
        return NULL;
    }

    events->watch = -1;
    return events;
}


/* Lets @func know of all events from now on. To be called before the first
 * nodeDeviceFCEventsListen. */
void
nodeDeviceFCEventsAddListener(nodeDeviceFCEvents *events,
                              nodeDeviceFCEventFunc func,
                              void *opaque)
{
    nodeDeviceFCListener listener = { .func = func, .opaque = opaque };

    VIR_APPEND_ELEMENT(events->listeners, events->nlisteners, listener);
}


static void
nodeDeviceFCEventsTell(nodeDeviceFCEvents *events,
                       const virFCEvent *event)
{
    size_t i;

    for (i = 0; i < events->nlisteners; i++)
        events->listeners[i].func(event, events->listeners[i].opaque);
}


/* There will be no more events. */
static void
nodeDeviceFCEventsGiveUp(nodeDeviceFCEvents *events)
{
    VIR_WARN("what happens to Fibre Channel links is noticed late: %s",
             virGetLastErrorMessage());
    virResetLastError();
    events->failed = true;
}


/* Runs in the event loop. */
static void
nodeDeviceFCEventsReady(int watch,
                        int fd G_GNUC_UNUSED,
                        int what G_GNUC_UNUSED,
                        void *opaque)
{
    nodeDeviceFCEvents *events = opaque;
    virFCEvent event = { 0 };
    int rc;

    while ((rc = virFCEventMonitorRead(events->mon, &event)) > 0)
        nodeDeviceFCEventsTell(events, &event);

    if (rc == 0)
        return;

    VIR_WITH_MUTEX_LOCK_GUARD(&events->lock) {
        nodeDeviceFCEventsGiveUp(events);
        virEventRemoveHandle(watch);
        events->watch = -1;
        g_clear_pointer(&events->mon, virFCEventMonitorFree);
    }
}


/**
 * nodeDeviceFCEventsListen:
 * @events: the object
 *
 * Begins to listen, unless it does already. To be called whenever an FC host
 * has appeared: as long as there is none, the kernel may not have loaded what
 * sends the events, and there is nothing to listen to. What has happened before
 * is for the listeners to find out. If this kernel does not tell of events even
 * then, the log says so, once, and that is all.
 */
void
nodeDeviceFCEventsListen(nodeDeviceFCEvents *events)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&events->lock);

    if (events->mon || events->failed || events->stopped)
        return;

    if (!(events->mon = virFCEventMonitorNew())) {
        nodeDeviceFCEventsGiveUp(events);
        return;
    }

    events->watch = virEventAddHandle(virFCEventMonitorGetFD(events->mon),
                                      VIR_EVENT_HANDLE_READABLE,
                                      nodeDeviceFCEventsReady,
                                      events, NULL);
}


/* Tells nobody anything any more. */
void
nodeDeviceFCEventsStop(nodeDeviceFCEvents *events)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&events->lock);

    events->stopped = true;
    if (events->watch >= 0) {
        virEventRemoveHandle(events->watch);
        events->watch = -1;
    }
}


void
nodeDeviceFCEventsFree(nodeDeviceFCEvents *events)
{
    if (!events)
        return;

    virFCEventMonitorFree(events->mon);
    virMutexDestroy(&events->lock);
    g_free(events->listeners);
    g_free(events);
}
