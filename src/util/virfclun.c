/*
 * virfclun.c: logical units seen through a Fibre Channel host
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

#define LIBVIRT_VIRFCLUNPRIV_H_ALLOW
#include "virfclunpriv.h"
#include "viralloc.h"
#include "virbuffer.h"
#include "virerror.h"
#include "virfchost.h"
#include "virfclunwatch.h"
#include "virfile.h"
#include "virlog.h"
#include "virtime.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE

VIR_LOG_INIT("util.fclun");

typedef enum {
    VIR_FC_LUN_NONE, /* there is none, or it cannot be used yet */
    VIR_FC_LUN_ONE,
    VIR_FC_LUN_MANY, /* several, and nothing says which of them is meant */
} virFCLunMatch;


static bool
virFCLunIsWanted(const virFCLun *lun,
                 const char *target,
                 const unsigned long long *unit)
{
    if (target && !virWWNEqual(lun->target, target))
        return false;

    return !unit || lun->unit == *unit;
}


/* Two paths lead to the same unit if the unit says so itself. Equal numbers
 * prove nothing: each target port counts for itself. */
static bool
virFCLunIsSame(const virFCLun *a,
               const virFCLun *b)
{
    return a->id && STREQ_NULLABLE(a->id, b->id);
}


/**
 * virFCLunIsDevice:
 * @lun: a logical unit
 * @path: path of a block device, or of a link that leads to one
 *
 * Tells whether @path is this very path to the unit, or the multipath map that
 * it is part of.
 */
bool
virFCLunIsDevice(const virFCLun *lun,
                 const char *path)
{
    g_autofree char *real = virFileCanonicalizePath(path);
    g_autofree char *map = NULL;

    if (!lun->disk)
        return false;

    if (STREQ(path, lun->device) ||
        STREQ(real ? real : path, lun->disk))
        return true;

    map = virFileCanonicalizePath(lun->device);
    return real && STREQ_NULLABLE(real, map);
}


static bool
virFCLunIsMap(const virFCLun *lun)
{
    return lun->device && STRPREFIX(lun->device, "/dev/mapper/");
}


/* Picks the one unit that is wanted and leaves its number in @at. Of several
 * paths to it, one whose map is there comes first, then one that has a
 * device. */
static virFCLunMatch
virFCLunPick(virFCLun **luns,
             size_t nluns,
             const char *target,
             const unsigned long long *unit,
             size_t *at)
{
    virFCLun *best = NULL;
    size_t i;

    for (i = 0; i < nluns; i++) {
        if (!virFCLunIsWanted(luns[i], target, unit))
            continue;

        if (best && !virFCLunIsSame(best, luns[i]))
            return VIR_FC_LUN_MANY;

        if (!best || !best->device ||
            (virFCLunIsMap(luns[i]) && !virFCLunIsMap(best))) {
            best = luns[i];
            *at = i;
        }
    }

    return best && best->device ? VIR_FC_LUN_ONE : VIR_FC_LUN_NONE;
}


/* "LUN 4 of target 5006… (/dev/sdb, naa.6001…, 1073741824 bytes), …" */
static char *
virFCLunDescribe(virFCLun **luns,
                 size_t nluns)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    size_t i;

    for (i = 0; i < nluns; i++) {
        virBufferAsprintf(&buf, "LUN %llu of target %s (%s, %s, %llu bytes), ",
                          luns[i]->unit, luns[i]->target,
                          NULLSTR_MINUS(luns[i]->device),
                          NULLSTR_MINUS(luns[i]->id),
                          luns[i]->size);
    }
    virBufferTrim(&buf, ", ");

    if (nluns == 0)
        return g_strdup(_("no LUN at all"));

    return virBufferContentAndReset(&buf);
}


/* "2101… (host7, Online)": whom an error is about */
static char *
virFCLunDescribeHost(unsigned int host)
{
    g_autoptr(virFCHost) fchost = virFCHostRead(host);

    if (!fchost) {
        virResetLastError();
        return g_strdup_printf("host%u", host);
    }

    return g_strdup_printf("%s (host%u, %s)", fchost->wwpn, host,
                           NULLSTR(fchost->portState));
}


static char *
virFCLunDescribeWanted(const char *target,
                       const unsigned long long *unit)
{
    if (target && unit)
        return g_strdup_printf(_("LUN %1$llu of target %2$s"), *unit, target);

    if (unit)
        return g_strdup_printf(_("LUN %1$llu"), *unit);

    if (target)
        return g_strdup_printf(_("LUN of target %1$s"), target);

    return g_strdup(_("LUN"));
}


static void
virFCLunReportMany(unsigned int host,
                   virFCLun **luns,
                   size_t nluns,
                   const unsigned long long *unit)
{
    g_autofree char *vhba = virFCLunDescribeHost(host);
    g_autofree char *shown = virFCLunDescribe(luns, nluns);

    if (unit) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("vHBA %1$s shows different units as LUN %2$llu, name one with <lun unit='%2$llu' target='WWPN'/>: %3$s"),
                       vhba, *unit, shown);
    } else {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("vHBA %1$s shows several LUNs, name one with <lun unit='N'/>: %2$s"),
                       vhba, shown);
    }
}


/* @timeout in milliseconds tells how long it was waited for; 0 if not at all */
static void
virFCLunReportMissing(unsigned int host,
                      virFCLun **luns,
                      size_t nluns,
                      const char *target,
                      const unsigned long long *unit,
                      unsigned int timeout)
{
    g_autofree char *vhba = virFCLunDescribeHost(host);
    g_autofree char *shown = virFCLunDescribe(luns, nluns);
    g_autofree char *wanted = virFCLunDescribeWanted(target, unit);

    if (timeout == 0) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("vHBA %1$s shows no usable %2$s, check zoning and LUN masking; it shows: %3$s"),
                       vhba, wanted, shown);
    } else {
        virReportError(VIR_ERR_OPERATION_TIMEOUT,
                       _("vHBA %1$s showed no usable %2$s within %3$u ms, check zoning and LUN masking; it shows: %4$s"),
                       vhba, wanted, timeout, shown);
    }
}


/* A list of what a host shows, or of a part of it */
typedef struct _virFCLunShown virFCLunShown;
struct _virFCLunShown {
    virFCLun **luns;
    size_t nluns;
};


static void
virFCLunShownClear(virFCLunShown *shown)
{
    virFCLunListFree(shown->luns, shown->nluns);
    shown->luns = NULL;
    shown->nluns = 0;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(virFCLunShown, virFCLunShownClear);


/* Picks the one unit that is wanted and leaves its number in @at. The index is
 * asked first, but nothing is denied on its word alone, and for an error, which
 * is due when there are many, and with @last when there is none, all that @host
 * shows is in @shown. Returns a virFCLunMatch; -1 with an error if the host is
 * gone. */
static int
virFCLunLookup(unsigned int host,
               const char *target,
               const unsigned long long *unit,
               bool last,
               virFCLunShown *shown,
               size_t *at)
{
    virFCLunMatch match;
    int walked;

    if ((walked = virFCLunWatchGet(host, unit, &shown->luns, &shown->nluns)) < 0)
        return -1;

    match = virFCLunPick(shown->luns, shown->nluns, target, unit, at);
    if (match == VIR_FC_LUN_ONE ||
        (match == VIR_FC_LUN_NONE && walked && !last))
        return match;

    virFCLunShownClear(shown);
    if (virFCLunWalk(host, &shown->luns, &shown->nluns) < 0)
        return -1;

    return virFCLunPick(shown->luns, shown->nluns, target, unit, at);
}


/* One look. Returns a virFCLunMatch, with the unit in @lun for VIR_FC_LUN_ONE;
 * -1 with an error if the host is gone. @last reports an error for
 * VIR_FC_LUN_NONE as well, @timeout is what it tells. */
static int
virFCLunLook(unsigned int host,
             const char *target,
             const unsigned long long *unit,
             const virFCLunEvents *events,
             bool last,
             unsigned int timeout,
             virFCLun **lun)
{
    g_auto(virFCLunShown) shown = { 0 };
    size_t at = 0;
    int match;

    if ((match = virFCLunLookup(host, target, unit, last, &shown, &at)) < 0)
        return -1;

    if (match == VIR_FC_LUN_ONE && events &&
        !events->ready(shown.luns[at]->device))
        match = VIR_FC_LUN_NONE;

    if (match == VIR_FC_LUN_ONE)
        *lun = g_steal_pointer(&shown.luns[at]);
    else if (match == VIR_FC_LUN_MANY)
        virFCLunReportMany(host, shown.luns, shown.nluns, unit);
    else if (last)
        virFCLunReportMissing(host, shown.luns, shown.nluns, target, unit, timeout);

    return match;
}


/**
 * virFCLunFind:
 * @host: number of the SCSI host of an HBA or vHBA
 * @target: WWPN of the target port in any accepted form, or NULL for any
 * @unit: the unit's number, or NULL for the only one there is
 *
 * Finds a logical unit among those that @host shows now. The same unit seen
 * through several target ports is one unit.
 *
 * Returns the unit, its @device set, to be released with virFCLunFree; NULL
 * with an error that lists what @host shows when there is none, or when there
 * are several and nothing says which one is meant.
 */
virFCLun *
virFCLunFind(unsigned int host,
             const char *target,
             const unsigned long long *unit)
{
    virFCLun *lun = NULL;

    ignore_value(virFCLunLook(host, target, unit, NULL, true, 0, &lun));

    return lun;
}


/* The wait behind virFCLunWait, on any source of events. @timeout is in
 * milliseconds. The caller has just had the targets asked, which counts for what
 * is there at once. */
virFCLun *
virFCLunWaitEvents(unsigned int host,
                   const char *target,
                   const unsigned long long *unit,
                   const virFCLunEvents *events,
                   unsigned int timeout)
{
    unsigned long long now = 0;
    unsigned long long until;
    bool asked = true;

    if (virTimeMillisNow(&now) < 0)
        return NULL;
    until = now + timeout;

    while (true) {
        g_autoptr(virFCLun) lun = NULL;
        bool last;
        int match;

        if (virTimeMillisNow(&now) < 0)
            return NULL;

        last = now >= until;
        match = virFCLunLook(host, target, unit, events, last, timeout, &lun);

        if (match == VIR_FC_LUN_ONE && !asked) {
            events->rescan(host);
            asked = true;
            continue;
        }

        if (match != VIR_FC_LUN_NONE || last)
            return g_steal_pointer(&lun);

        if (events->wait(events->opaque, until) < 0)
            return NULL;

        /* What comes first may be one of several, unless only one can be meant. */
        asked = target && unit;
    }
}


static int
virFCLunWaitForEvent(void *opaque,
                     unsigned long long until)
{
    return virFCLunWaiterWait(opaque, until);
}


/**
 * virFCLunWait:
 * @host: number of the SCSI host of an HBA or vHBA
 * @target: WWPN of the target port in any accepted form, or NULL for any
 * @unit: the unit's number, or NULL for the only one there is
 * @timeout: how long to wait for it, in milliseconds
 *
 * Like virFCLunFind, but waits until the unit is there and udev is done with
 * its block device. Sleeps until the kernel or udev tells of something at
 * @host, it does not poll. It listens first and looks then, hence no event is
 * missed.
 *
 * A unit that is to be the only one must not be taken before the others had a
 * chance to appear, and one mapped late does not appear by itself: unless the
 * unit is named and there, the targets are asked for all they have. Right after
 * its start a vHBA sees no target yet that could be asked. So, unless both @target
 * and @unit are given, a unit that had to be waited for does not count before the
 * targets that are there by then were asked as well. Another unit that they show
 * is a candidate even as long as it has no block device.
 *
 * The first wait starts this process's index of LUNs, see virfclunwatch.h.
 *
 * Returns the unit, to be released with virFCLunFree; NULL with an error when
 * there are several candidates, and with VIR_ERR_OPERATION_TIMEOUT and a list
 * of what @host shows when the time is up.
 */
virFCLun *
virFCLunWait(unsigned int host,
             const char *target,
             const unsigned long long *unit,
             unsigned int timeout)
{
    g_autoptr(virFCLunWaiter) waiter = NULL;
    virFCLunEvents events = {
        .wait = virFCLunWaitForEvent,
        .ready = virFCLunWatchIsReady,
        .rescan = virFCHostRescan,
    };
    virFCLun *lun = NULL;

    if (virFCLunWatchStart() < 0) {
        VIR_WARN("no events tell of LUNs: %s", virGetLastErrorMessage());
        virResetLastError();
    }

    if (!(waiter = virFCLunWaiterNew(host)))
        return NULL;

    events.opaque = waiter;

    if (unit &&
        virFCLunLook(host, target, unit, &events, false, 0, &lun) != VIR_FC_LUN_NONE)
        return lun;

    /* Nothing else would find a unit that was mapped after the target had logged in. */
    events.rescan(host);

    return virFCLunWaitEvents(host, target, unit, &events, timeout);
}
