/*
 * virfclunwatch.c: keeps the index of Fibre Channel hosts and units fresh
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
#ifdef WITH_UDEV
# include <libudev.h>
# include <poll.h>
#endif

#include "viralloc.h"
#include "virerror.h"
#include "virfcevent.h"
#include "virfclunindex.h"
#define LIBVIRT_VIRFCLUNWATCHPRIV_H_ALLOW
#include "virfclunwatchpriv.h"
#include "virfile.h"
#include "virlog.h"
#include "virstring.h"
#include "virthread.h"
#include "virtime.h"
#include "virutil.h"

#define VIR_FROM_THIS VIR_FROM_NONE

VIR_LOG_INIT("util.fclunwatch");

/* How often a waiter looks where there are no events at all, in milliseconds */
#define LOOK_WITHOUT_EVENTS 500

/* As much as node device driver has for its udev events: thousands of LUNs may
 * come at a time. */
#define EVENT_BUFFER (128 * 1024 * 1024)

static const virFCLunIndexReader virFCLunWatchReader = {
    .hosts = virFCLunWalkHosts,
    .names = virFCLunWalkNames,
    .walk = virFCLunWalk,
    .again = virFCLunWalkAgain,
};

struct _virFCLunWaiter {
    unsigned int host;
    virCond cond;
    bool told; /* something has happened since the last look */
};

/* guards all that follows, except for what only the thread uses */
static virMutex virFCLunWatchLock = VIR_MUTEX_INITIALIZER;

static GSList *virFCLunWaiters;
static virFCLunIndex *virFCLunWatchIndex; /* NULL: there is no watch */


/* --- waiters --- */

static void virFCLunWatchListenRules(void);


static void
virFCLunWatchWake(unsigned int host)
{
    GSList *next;

    for (next = virFCLunWaiters; next; next = next->next) {
        virFCLunWaiter *waiter = next->data;

        if (host == VIR_FC_LUN_ALL_HOSTS || waiter->host == host) {
            waiter->told = true;
            virCondSignal(&waiter->cond);
        }
    }
}


/**
 * virFCLunWaiterNew:
 * @host: number of the SCSI host of an HBA or vHBA
 *
 * Whatever happens from now on to @host, to what it shows, or on the fabric,
 * ends the next virFCLunWaiterWait. So get a waiter first, then look, then wait.
 *
 * Returns the waiter, to be freed by the caller; NULL with an error.
 */
virFCLunWaiter *
virFCLunWaiterNew(unsigned int host)
{
    virFCLunWaiter *waiter = g_new0(virFCLunWaiter, 1);

    if (virCondInit(&waiter->cond) < 0) {
        virReportSystemError(errno, "%s", _("cannot initialize condition"));
        g_free(waiter);
        return NULL;
    }

    waiter->host = host;

    VIR_WITH_MUTEX_LOCK_GUARD(&virFCLunWatchLock) {
        virFCLunWaiters = g_slist_prepend(virFCLunWaiters, waiter);
        virFCLunWatchListenRules();
    }

    return waiter;
}


void
virFCLunWaiterFree(virFCLunWaiter *waiter)
{
    if (!waiter)
        return;

    VIR_WITH_MUTEX_LOCK_GUARD(&virFCLunWatchLock) {
        virFCLunWaiters = g_slist_remove(virFCLunWaiters, waiter);
        virFCLunWatchListenRules();
    }

    virCondDestroy(&waiter->cond);
    g_free(waiter);
}


/**
 * virFCLunWaiterWait:
 * @waiter: the waiter
 * @until: when to give up, in milliseconds, see virTimeMillisNow
 *
 * Sleeps until something has happened since the last time, or until @until. In a
 * process that has no watch it wakes up now and then, so that the caller looks
 * by itself.
 *
 * Returns 0, whatever ended it; -1 with an error if it cannot sleep.
 */
int
virFCLunWaiterWait(virFCLunWaiter *waiter,
                   unsigned long long until)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&virFCLunWatchLock);
    unsigned long long now = 0;

    if (!virFCLunWatchIndex) {
        if (virTimeMillisNow(&now) < 0)
            return -1;
        until = MIN(until, now + LOOK_WITHOUT_EVENTS);
    }

    while (!waiter->told) {
        if (virCondWaitUntil(&waiter->cond, &virFCLunWatchLock, until) < 0) {
            if (errno == ETIMEDOUT)
                break;

            virReportSystemError(errno, "%s", _("failed to wait on condition"));
            return -1;
        }
    }

    waiter->told = false;
    return 0;
}


/* --- events --- */

/* Something has happened to the device at @devpath. */
static void
virFCLunWatchApply(const char *devpath)
{
    unsigned int host = 0;

    if (virFCLunIndexTell(virFCLunWatchIndex, devpath, &host))
        virFCLunWatchWake(host);
}


static void
virFCLunWatchApplyLost(const char *what)
{
    VIR_WARN("Events of %s came faster than they were read, all Fibre Channel hosts are read anew", what);

    virFCLunIndexForgetAll(virFCLunWatchIndex);
    virFCLunWatchWake(VIR_FC_LUN_ALL_HOSTS);
}


/* Starts a watch that hears nothing but what virFCLunWatchTell tells. */
void
virFCLunWatchStartDeaf(void)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&virFCLunWatchLock);

    virFCLunWatchIndex = virFCLunIndexNew(&virFCLunWatchReader);
}


void
virFCLunWatchTell(const char *devpath)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&virFCLunWatchLock);

    virFCLunWatchApply(devpath);
}


void
virFCLunWatchTellLost(void)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&virFCLunWatchLock);

    virFCLunWatchApplyLost("a test");
}


#ifdef WITH_UDEV

static struct udev *virFCLunWatchUdev;
static struct udev_monitor *virFCLunWatchKernel; /* what the kernel tells */
static struct udev_monitor *virFCLunWatchRules; /* what udev has processed */
static virFCEventMonitor *virFCLunWatchTransport; /* NULL: there is none yet */
static int virFCLunWatchWakeup[2] = { -1, -1 }; /* pipe: closing one end wakes
                                                   the thread */
static virThread virFCLunWatchThread;


/* There is nothing to listen to until the first FC driver has been loaded; that
 * is no error. */
static void
virFCLunWatchListenTransport(void)
{
    if (virFCLunWatchTransport || !virFileExists(VIR_FC_HOST_SYSFS))
        return;

    if (!(virFCLunWatchTransport = virFCEventMonitorNew())) {
        VIR_WARN("what happens to Fibre Channel links is noticed late: %s",
                 virGetLastErrorMessage());
        virResetLastError();
    }
}


/* What udev has processed matters to those who wait for it; as long as nobody
 * does, the kernel drops these events. */
static void
virFCLunWatchListenRules(void)
{
    if (!virFCLunWatchRules)
        return;

    if (virFCLunWaiters) {
        udev_monitor_filter_remove(virFCLunWatchRules);
    } else {
        udev_monitor_filter_add_match_tag(virFCLunWatchRules, "nobody-waits");
        udev_monitor_filter_update(virFCLunWatchRules);
    }
}


static void
virFCLunWatchDrainMonitor(struct udev_monitor *monitor,
                          const char *what)
{
    while (true) {
        struct udev_device *dev;

        errno = 0;
        if ((dev = udev_monitor_receive_device(monitor))) {
            const char *devpath = udev_device_get_devpath(dev);

            if (strstr(devpath, "/fc_host/"))
                virFCLunWatchListenTransport();

            virFCLunWatchApply(devpath);
            udev_device_unref(dev);
        } else if (errno == ENOBUFS) {
            virFCLunWatchApplyLost(what);
        } else {
            return;
        }
    }
}


static void
virFCLunWatchDrainTransport(void)
{
    virFCEvent event = { 0 };
    int rc;

    if (!virFCLunWatchTransport)
        return;

    while ((rc = virFCEventMonitorRead(virFCLunWatchTransport, &event)) > 0) {
        if (event.type == VIR_FC_EVENT_LOST) {
            virFCLunWatchApplyLost("the Fibre Channel transport");
        } else {
            virFCLunIndexForget(virFCLunWatchIndex, event.host);
            /* an HBA's link is its vHBAs' as well */
            virFCLunWatchWake(VIR_FC_LUN_ALL_HOSTS);
        }
    }

    if (rc < 0) {
        VIR_WARN("no more events of the Fibre Channel transport: %s",
                 virGetLastErrorMessage());
        virResetLastError();
        g_clear_pointer(&virFCLunWatchTransport, virFCEventMonitorFree);
    }
}


/* Reads all events that have been sent up to now. */
static void
virFCLunWatchDrain(void)
{
    if (virFCLunWatchKernel)
        virFCLunWatchDrainMonitor(virFCLunWatchKernel, "the kernel");
    virFCLunWatchDrainTransport();
}


static void
virFCLunWatchRun(void *opaque G_GNUC_UNUSED)
{
    while (true) {
        struct pollfd fds[] = {
            { .fd = virFCLunWatchWakeup[0], .events = POLLIN },
            { .fd = udev_monitor_get_fd(virFCLunWatchKernel), .events = POLLIN },
            { .fd = udev_monitor_get_fd(virFCLunWatchRules), .events = POLLIN },
            { .fd = -1, .events = POLLIN },
        };

        VIR_WITH_MUTEX_LOCK_GUARD(&virFCLunWatchLock) {
            if (virFCLunWatchTransport)
                fds[3].fd = virFCEventMonitorGetFD(virFCLunWatchTransport);
        }

        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR && errno != EAGAIN) {
            VIR_ERROR(_("cannot wait for events of Fibre Channel hosts: %1$s"),
                      g_strerror(errno));
            return;
        }

        if (fds[0].revents)
            return;

        VIR_WITH_MUTEX_LOCK_GUARD(&virFCLunWatchLock) {
            virFCLunWatchDrain();
            virFCLunWatchDrainMonitor(virFCLunWatchRules, "udev");
        }
    }
}


static struct udev_monitor *
virFCLunWatchListen(const char *source)
{
    struct udev_monitor *monitor = udev_monitor_new_from_netlink(virFCLunWatchUdev, source);

    if (!monitor || udev_monitor_enable_receiving(monitor) < 0) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("failed to listen to device events (%1$s)"), source);
        if (monitor)
            udev_monitor_unref(monitor);
        return NULL;
    }

    /* takes CAP_NET_ADMIN; without, more events may be lost */
    udev_monitor_set_receive_buffer_size(monitor, EVENT_BUFFER);
    return monitor;
}


static void
virFCLunWatchClose(void)
{
    g_clear_pointer(&virFCLunWatchIndex, virFCLunIndexFree);
    g_clear_pointer(&virFCLunWatchTransport, virFCEventMonitorFree);
    g_clear_pointer(&virFCLunWatchRules, udev_monitor_unref);
    g_clear_pointer(&virFCLunWatchKernel, udev_monitor_unref);
    g_clear_pointer(&virFCLunWatchUdev, udev_unref);
    VIR_FORCE_CLOSE(virFCLunWatchWakeup[0]);
    VIR_FORCE_CLOSE(virFCLunWatchWakeup[1]);
}


static int
virFCLunWatchOpen(void)
{
    if (!(virFCLunWatchUdev = udev_new())) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s",
                       _("failed to create udev context"));
        return -1;
    }

    if (!(virFCLunWatchKernel = virFCLunWatchListen("kernel")) ||
        !(virFCLunWatchRules = virFCLunWatchListen("udev")) ||
        virPipe(virFCLunWatchWakeup) < 0)
        return -1;

    virFCLunWatchListenTransport();
    virFCLunWatchListenRules();
    virFCLunWatchIndex = virFCLunIndexNew(&virFCLunWatchReader);
    return 0;
}


/**
 * virFCLunWatchStart:
 *
 * From now on the index of this process answers the questions. What it does not
 * know it reads when it is asked for. Starting twice is no error.
 *
 * Returns 0 on success; -1 with an error if this process cannot listen to the
 * kernel's events; then all goes on without the index.
 */
int
virFCLunWatchStart(void)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&virFCLunWatchLock);

    if (virFCLunWatchIndex)
        return 0;

    if (virFCLunWatchOpen() < 0)
        goto error;

    if (virThreadCreateFull(&virFCLunWatchThread, true, virFCLunWatchRun,
                            "fc-luns", false, NULL) < 0) {
        virReportSystemError(errno, "%s",
                             _("cannot create the thread that keeps the index of LUNs"));
        goto error;
    }

    return 0;

 error:
    virFCLunWatchClose();
    return -1;
}


void
virFCLunWatchStop(void)
{
    bool listening = false;

    VIR_WITH_MUTEX_LOCK_GUARD(&virFCLunWatchLock) {
        listening = virFCLunWatchKernel != NULL;
        VIR_FORCE_CLOSE(virFCLunWatchWakeup[1]);
    }

    if (listening)
        virThreadJoin(&virFCLunWatchThread);

    VIR_WITH_MUTEX_LOCK_GUARD(&virFCLunWatchLock) {
        virFCLunWatchClose();
        virFCLunWatchWake(VIR_FC_LUN_ALL_HOSTS);
    }
}


static bool
virFCLunWatchUdevIsRunning(struct udev *udev)
{
    struct udev_queue *queue = udev_queue_new(udev);
    bool running;

    if (!queue)
        return false;

    running = udev_queue_get_udev_is_active(queue) != 0;
    udev_queue_unref(queue);

    return running;
}


static bool
virFCLunWatchRulesApplied(struct udev *udev,
                          const char *name)
{
    struct udev_device *dev = udev_device_new_from_subsystem_sysname(udev, "block", name);
    bool applied;

    if (!dev)
        return false;

    applied = udev_device_get_is_initialized(dev) > 0 &&
        STRNEQ_NULLABLE(udev_device_get_property_value(dev, "DM_MULTIPATH_DEVICE_PATH"),
                        "1");
    udev_device_unref(dev);

    return applied;
}


/**
 * virFCLunWatchIsReady:
 * @device: a block device: "/dev/sdX" or "/dev/mapper/…"
 *
 * A device may be used once udev has applied its rules: before that, they could
 * still undo the owner that the guest's process needs. A path that the rules
 * left to multipath is not used at all, but the map that will come.
 */
bool
virFCLunWatchIsReady(const char *device)
{
    const char *name = STRSKIP(device, "/dev/");
    struct udev *udev;
    bool ready;

    if (!name || !(udev = udev_new()))
        return true;

    if (!virFCLunWatchUdevIsRunning(udev))
        ready = true;
    else if (STRPREFIX(name, "mapper/"))
        ready = virFileExists(device);
    else
        ready = virFCLunWatchRulesApplied(udev, name);

    udev_unref(udev);
    return ready;
}

#else /* ! WITH_UDEV */

static void
virFCLunWatchListenRules(void)
{
}


static void
virFCLunWatchDrain(void)
{
}


int
virFCLunWatchStart(void)
{
    virReportError(VIR_ERR_NO_SUPPORT, "%s",
                   _("an index of LUNs needs libudev, which this libvirt was built without"));
    return -1;
}


void
virFCLunWatchStop(void)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&virFCLunWatchLock);

    g_clear_pointer(&virFCLunWatchIndex, virFCLunIndexFree);
}


bool
virFCLunWatchIsReady(const char *device G_GNUC_UNUSED)
{
    return true;
}

#endif /* ! WITH_UDEV */


/* --- questions --- */

/**
 * virFCLunWatchFindHost:
 * @wwnn: node name in any accepted form, or NULL if it does not matter
 * @wwpn: port name in any accepted form
 * @host: filled with the number of the HBA's or vHBA's SCSI host
 *
 * Returns 1 if it was found, 0 if this machine has none of that name now,
 * -1 with an error.
 */
int
virFCLunWatchFindHost(const char *wwnn,
                      const char *wwpn,
                      unsigned int *host)
{
    VIR_WITH_MUTEX_LOCK_GUARD(&virFCLunWatchLock) {
        if (virFCLunWatchIndex) {
            virFCLunWatchDrain();
            return virFCLunIndexFindHost(virFCLunWatchIndex, wwnn, wwpn, host);
        }
    }

    return virFCLunWalkFindHost(wwnn, wwpn, host);
}


/**
 * virFCLunWatchGet:
 * @host: number of the SCSI host of an HBA or vHBA
 * @unit: the number that the units should have, or NULL for all of them
 * @luns: filled with the logical units, ordered by unit and target port, to be
 *        released with virFCLunListFree; without an index there may be others
 *        than @unit among them
 * @nluns: filled with their number
 *
 * Returns 1 if @host was walked for it; 0 if the list is from memory, each unit
 * of it being confirmed; -1 with an error if the host does not exist.
 */
int
virFCLunWatchGet(unsigned int host,
                 const unsigned long long *unit,
                 virFCLun ***luns,
                 size_t *nluns)
{
    VIR_WITH_MUTEX_LOCK_GUARD(&virFCLunWatchLock) {
        if (virFCLunWatchIndex) {
            virFCLunWatchDrain();
            return virFCLunIndexGet(virFCLunWatchIndex, host, unit, luns, nluns);
        }
    }

    return virFCLunWalk(host, luns, nluns) < 0 ? -1 : 1;
}
