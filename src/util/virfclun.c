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

/*
 * The kernel hangs what a Fibre Channel host sees below the host itself:
 *
 *   /sys/class/fc_host/hostH/device/
 *     rport-H:C-R/                     a remote port
 *       fc_remote_ports/rport-H:C-R/port_name
 *       targetH:C:T/
 *         H:C:T:L/                     a logical unit
 *           type, wwid
 *           block/sdX/size
 *           block/sdX/holders/dm-N/dm/{name,uuid}
 *
 * Names below /dev/disk are never looked at: udev leaves the vHBA out of its
 * by-path names, so that two vHBAs of one HBA fight over one link, and a
 * by-id link may lead through any of the vHBAs that see the unit.
 */

#include <config.h>

#include <poll.h>
#ifdef WITH_UDEV
# include <libudev.h>
#endif

#define LIBVIRT_VIRFCLUNPRIV_H_ALLOW
#include "virfclunpriv.h"
#include "viralloc.h"
#include "virbuffer.h"
#include "virerror.h"
#include "virfchost.h"
#include "virfile.h"
#include "virlog.h"
#include "virstring.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE

VIR_LOG_INIT("util.fclun");

#define FC_HOST_PATH "/sys/class/fc_host"
#define SCSI_HOST_PATH "/sys/class/scsi_host"

/* /sys/block/sdX/size counts these, whatever the unit's own block size is */
#define SYSFS_SECTOR 512

typedef enum {
    VIR_FC_LUN_NONE, /* there is none, or it cannot be used yet */
    VIR_FC_LUN_ONE,
    VIR_FC_LUN_MANY, /* several, and nothing says which of them is meant */
} virFCLunMatch;


void
virFCLunFree(virFCLun *lun)
{
    if (!lun)
        return;

    g_free(lun->disk);
    g_free(lun->device);
    g_free(lun->target);
    g_free(lun->id);
    g_free(lun);
}


void
virFCLunListFree(virFCLun **luns,
                 size_t nluns)
{
    size_t i;

    for (i = 0; i < nluns; i++)
        virFCLunFree(luns[i]);
    g_free(luns);
}


/* Calls @visit on each entry of @dir whose name starts with @prefix. Devices
 * come and go while their directories are read: one that has just gone holds
 * nothing, which is no error. */
typedef int (*virFCLunVisit)(const char *dir, const char *name, void *opaque);

static int
virFCLunForEach(const char *dir,
                const char *prefix,
                virFCLunVisit visit,
                void *opaque)
{
    g_autoptr(DIR) dirp = NULL;
    struct dirent *ent;
    int rc;

    if ((rc = virDirOpenIfExists(&dirp, dir)) <= 0)
        return rc;

    while ((rc = virDirRead(dirp, &ent, dir)) > 0) {
        if (STRPREFIX(ent->d_name, prefix) &&
            visit(dir, ent->d_name, opaque) < 0)
            return -1;
    }

    return rc;
}


static int
virFCLunVisitMap(const char *dir,
                 const char *name,
                 void *opaque)
{
    char **device = opaque;
    g_autofree char *uuid = NULL;
    g_autofree char *map = NULL;

    /* Others than multipath may hold it as well: the host's LVM, for one,
     * when it takes the guest's volume groups for its own. */
    if (virFileReadValueString(&uuid, "%s/%s/dm/uuid", dir, name) < 0 ||
        !STRPREFIX(uuid, "mpath-") ||
        virFileReadValueString(&map, "%s/%s/dm/name", dir, name) < 0)
        return 0;

    g_free(*device);
    *device = g_strdup_printf("/dev/mapper/%s", map);
    return 0;
}


static int
virFCLunVisitBlock(const char *dir,
                   const char *name,
                   void *opaque)
{
    virFCLun *lun = opaque;
    g_autofree char *holders = g_strdup_printf("%s/%s/holders", dir, name);
    unsigned long long sectors = 0;

    if (lun->disk)
        return 0;

    lun->disk = g_strdup_printf("/dev/%s", name);
    lun->device = g_strdup(lun->disk);

    if (virFileReadValueUllongQuiet(&sectors, "%s/%s/size", dir, name) == 0)
        lun->size = sectors * SYSFS_SECTOR;

    return virFCLunForEach(holders, "dm-", virFCLunVisitMap, &lun->device);
}


/* Orders by unit, then by target port, so that messages and the choice between
 * equal paths do not depend on the order of a directory. */
static bool
virFCLunBefore(const virFCLun *a,
               const virFCLun *b)
{
    if (a->unit != b->unit)
        return a->unit < b->unit;

    return strcmp(a->target, b->target) < 0;
}


typedef struct _virFCLunWalk virFCLunWalk;
struct _virFCLunWalk {
    virFCLun **luns;
    size_t nluns;
    char *target; /* of the remote port that is being visited */
};


static void
virFCLunWalkAdd(virFCLunWalk *walk,
                virFCLun *lun)
{
    size_t at = 0;

    while (at < walk->nluns && virFCLunBefore(walk->luns[at], lun))
        at++;

    ignore_value(VIR_INSERT_ELEMENT(walk->luns, at, walk->nluns, lun));
}


/* The peripheral device types (SPC-4) that Linux makes block devices of. An
 * array's controller, which often sits at unit 0, is none of them. */
static bool
virFCLunTypeIsBlock(unsigned int type)
{
    switch (type) {
    case 0x00: /* direct access */
    case 0x04: /* write once */
    case 0x05: /* CD/DVD */
    case 0x07: /* optical memory */
    case 0x0e: /* simplified direct access */
    case 0x14: /* host managed zoned */
        return true;
    default:
        return false;
    }
}


static int
virFCLunVisitUnit(const char *dir,
                  const char *name,
                  void *opaque)
{
    virFCLunWalk *walk = opaque;
    g_autoptr(virFCLun) lun = g_new0(virFCLun, 1);
    g_autofree char *block = g_strdup_printf("%s/%s/block", dir, name);
    g_autofree char *wwid = g_strdup_printf("%s/%s/wwid", dir, name);
    const char *number = strrchr(name, ':');
    unsigned long long type = 0;

    if (!number ||
        virStrToLong_ullp(number + 1, NULL, 10, &lun->unit) < 0 ||
        virFileReadValueUllongQuiet(&type, "%s/%s/type", dir, name) < 0 ||
        !virFCLunTypeIsBlock(type))
        return 0;

    lun->target = g_strdup(walk->target);

    /* it cannot be read if the unit reports no identity */
    if (virFileReadAllQuiet(wwid, 1024, &lun->id) >= 0)
        virStringTrimOptionalNewline(lun->id);

    if (virFCLunForEach(block, "", virFCLunVisitBlock, lun) < 0)
        return -1;

    virFCLunWalkAdd(walk, g_steal_pointer(&lun));
    return 0;
}


static int
virFCLunVisitTarget(const char *dir,
                    const char *name,
                    void *opaque)
{
    g_autofree char *units = g_strdup_printf("%s/%s", dir, name);

    return virFCLunForEach(units, "", virFCLunVisitUnit, opaque);
}


static int
virFCLunVisitRport(const char *dir,
                   const char *name,
                   void *opaque)
{
    virFCLunWalk *walk = opaque;
    g_autofree char *targets = g_strdup_printf("%s/%s", dir, name);
    g_autofree char *wwpn = NULL;

    if (virFileReadValueString(&wwpn, "%s/fc_remote_ports/%s/port_name",
                               targets, name) < 0)
        return 0;

    VIR_FREE(walk->target);
    if (virWWNParseQuiet(wwpn, &walk->target) < 0)
        return 0;

    return virFCLunForEach(targets, "target", virFCLunVisitTarget, walk);
}


/**
 * virFCLunList:
 * @host: number of the SCSI host of an HBA or vHBA, as in fc_host/host7
 * @luns: filled with the logical units, ordered by unit and target port
 * @nluns: filled with their number
 *
 * Lists what @host shows now, once for each target port that it is seen
 * through. Units whose block device is not there yet are listed as well, with
 * no @device. On failure the out-parameters are left alone.
 *
 * Returns 0 on success, -1 with an error when the host does not exist or
 * cannot be read. Release the list with virFCLunListFree.
 */
int
virFCLunList(unsigned int host,
             virFCLun ***luns,
             size_t *nluns)
{
    g_autofree char *dir = g_strdup_printf(FC_HOST_PATH "/host%u/device", host);
    virFCLunWalk walk = { 0 };
    int rc;

    if (!virFileExists(dir)) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("there is no Fibre Channel host 'host%1$u'"), host);
        return -1;
    }

    rc = virFCLunForEach(dir, "rport-", virFCLunVisitRport, &walk);
    g_free(walk.target);

    if (rc < 0) {
        virFCLunListFree(walk.luns, walk.nluns);
        return -1;
    }

    *luns = walk.luns;
    *nluns = walk.nluns;
    return 0;
}


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
                           fchost->portState);
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


/* One look at sysfs. Returns a virFCLunMatch, with the unit in @lun for
 * VIR_FC_LUN_ONE; -1 with an error if the host is gone. @last reports an error
 * for VIR_FC_LUN_NONE as well, @timeout is what it tells. */
static int
virFCLunLook(unsigned int host,
             const char *target,
             const unsigned long long *unit,
             const virFCLunEvents *events,
             bool last,
             unsigned int timeout,
             virFCLun **lun)
{
    virFCLun **luns = NULL;
    size_t nluns = 0;
    size_t at = 0;
    virFCLunMatch match;

    if (virFCLunList(host, &luns, &nluns) < 0)
        return -1;

    match = virFCLunPick(luns, nluns, target, unit, &at);

    if (match == VIR_FC_LUN_ONE && events &&
        !events->ready(luns[at]->device, events->opaque))
        match = VIR_FC_LUN_NONE;

    if (match == VIR_FC_LUN_ONE)
        *lun = g_steal_pointer(&luns[at]);
    else if (match == VIR_FC_LUN_MANY)
        virFCLunReportMany(host, luns, nluns, unit);
    else if (last)
        virFCLunReportMissing(host, luns, nluns, target, unit, timeout);

    virFCLunListFree(luns, nluns);
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
 * milliseconds. */
virFCLun *
virFCLunWaitEvents(unsigned int host,
                   const char *target,
                   const unsigned long long *unit,
                   const virFCLunEvents *events,
                   unsigned int timeout)
{
    gint64 deadline = g_get_monotonic_time() + timeout * 1000LL;
    virFCLun *lun = NULL;

    while (true) {
        struct pollfd pfd = { .fd = events->fd, .events = POLLIN };
        gint64 left = deadline - g_get_monotonic_time();
        int match = virFCLunLook(host, target, unit, events, left <= 0,
                                 timeout, &lun);
        int rc;

        if (match != VIR_FC_LUN_NONE || left <= 0)
            return lun;

        rc = poll(&pfd, 1, VIR_DIV_UP(left, 1000));

        if (rc < 0 && errno != EINTR && errno != EAGAIN) {
            virReportSystemError(errno, "%s",
                                 _("failed to wait for block device events"));
            return NULL;
        }

        if (rc > 0)
            events->drain(events->opaque);
    }
}


#ifdef WITH_UDEV

typedef struct _virFCLunUdev virFCLunUdev;
struct _virFCLunUdev {
    struct udev *udev;
    struct udev_monitor *monitor;
    bool running; /* is there an udevd at all */
};


static void
virFCLunUdevClose(virFCLunUdev *udev)
{
    if (udev->monitor)
        udev_monitor_unref(udev->monitor);
    if (udev->udev)
        udev_unref(udev->udev);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(virFCLunUdev, virFCLunUdevClose);


static bool
virFCLunUdevIsRunning(struct udev *udev)
{
    struct udev_queue *queue = udev_queue_new(udev);
    bool running;

    if (!queue)
        return false;

    running = udev_queue_get_udev_is_active(queue) != 0;
    udev_queue_unref(queue);

    return running;
}


static int
virFCLunUdevOpen(virFCLunUdev *udev)
{
    if (!(udev->udev = udev_new()) ||
        !(udev->monitor = udev_monitor_new_from_netlink(udev->udev, "udev")) ||
        udev_monitor_filter_add_match_subsystem_devtype(udev->monitor,
                                                        "block", "disk") < 0 ||
        udev_monitor_enable_receiving(udev->monitor) < 0) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s",
                       _("failed to listen to block device events of udev"));
        return -1;
    }

    udev->running = virFCLunUdevIsRunning(udev->udev);
    return 0;
}


static void
virFCLunUdevDrain(void *opaque)
{
    virFCLunUdev *udev = opaque;
    struct udev_device *dev;

    while ((dev = udev_monitor_receive_device(udev->monitor)))
        udev_device_unref(dev);
}


/* A device may be used once udev has applied its rules: before that, they
 * could still undo the owner that the guest's process needs. A path that the
 * rules left to multipath is not used at all, but the map that will come. */
static bool
virFCLunUdevReady(const char *device,
                  void *opaque)
{
    virFCLunUdev *udev = opaque;
    const char *name = NULL;
    struct udev_device *dev;
    bool ready;

    if (!udev->running || !(name = STRSKIP(device, "/dev/")))
        return true;

    if (STRPREFIX(name, "mapper/"))
        return virFileExists(device);

    if (!(dev = udev_device_new_from_subsystem_sysname(udev->udev,
                                                       "block", name)))
        return false;

    ready = udev_device_get_is_initialized(dev) > 0 &&
        STRNEQ_NULLABLE(udev_device_get_property_value(dev, "DM_MULTIPATH_DEVICE_PATH"),
                        "1");
    udev_device_unref(dev);

    return ready;
}


/* Makes the kernel ask all targets of @host for their units (SPC-4 REPORT
 * LUNS). It returns when they have answered. Nothing else would find a unit
 * that was mapped after the target had logged in. */
static void
virFCLunRescan(unsigned int host)
{
    g_autofree char *scan = g_strdup_printf(SCSI_HOST_PATH "/host%u/scan", host);

    if (virFileWriteStr(scan, "- - -", 0) < 0)
        VIR_WARN("cannot scan for LUNs: %s: %s", scan, g_strerror(errno));
}


/**
 * virFCLunWait:
 * @host: number of the SCSI host of an HBA or vHBA
 * @target: WWPN of the target port in any accepted form, or NULL for any
 * @unit: the unit's number, or NULL for the only one there is
 * @timeout: how long to wait for it, in milliseconds
 *
 * Like virFCLunFind, but waits until the unit is there and udev is done with
 * its block device. Sleeps until udev tells of a block device, it does not
 * poll. It listens first and looks then, hence no event is missed.
 *
 * A unit that is to be the only one must not be taken before the others had a
 * chance to appear, and one mapped late does not appear by itself: unless the
 * unit is named and there, the targets are asked once for all they have.
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
    g_auto(virFCLunUdev) udev = { 0 };
    virFCLunEvents events = {
        .drain = virFCLunUdevDrain,
        .ready = virFCLunUdevReady,
        .opaque = &udev,
    };
    virFCLun *lun = NULL;

    if (virFCLunUdevOpen(&udev) < 0)
        return NULL;

    events.fd = udev_monitor_get_fd(udev.monitor);

    if (unit &&
        virFCLunLook(host, target, unit, &events, false, 0, &lun) != VIR_FC_LUN_NONE)
        return lun;

    virFCLunRescan(host);

    return virFCLunWaitEvents(host, target, unit, &events, timeout);
}

#else /* ! WITH_UDEV */

virFCLun *
virFCLunWait(unsigned int host G_GNUC_UNUSED,
             const char *target G_GNUC_UNUSED,
             const unsigned long long *unit G_GNUC_UNUSED,
             unsigned int timeout G_GNUC_UNUSED)
{
    virReportError(VIR_ERR_NO_SUPPORT, "%s",
                   _("waiting for LUNs of a vHBA needs libudev, which this libvirt was built without"));
    return NULL;
}

#endif /* ! WITH_UDEV */
