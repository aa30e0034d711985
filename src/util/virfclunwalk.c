/*
 * virfclunwalk.c: what sysfs shows of Fibre Channel hosts and their units
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
 *   /sys/class/fc_host/hostH/
 *     node_name, port_name
 *     device/
 *       rport-H:C-R/                     a remote port
 *         fc_remote_ports/rport-H:C-R/port_name
 *         targetH:C:T/
 *           H:C:T:L/                     a logical unit
 *             type, wwid
 *             block/sdX/size
 *             block/sdX/holders/dm-N/dm/{name,uuid}
 *
 * Names below /dev/disk are never looked at: udev leaves the vHBA out of its
 * by-path names, so that two vHBAs of one HBA fight over one link, and a
 * by-id link may lead through any of the vHBAs that see the unit.
 */

#include <config.h>

#include <fcntl.h>
#include <unistd.h>

#include "viralloc.h"
#include "virerror.h"
#include "virfclunwalk.h"
#include "virfile.h"
#include "virstring.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/* /sys/block/sdX/size counts these, whatever the unit's own block size is */
#define SYSFS_SECTOR 512


void
virFCLunFree(virFCLun *lun)
{
    if (!lun)
        return;

    g_free(lun->path);
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


/* Returns the text of the attribute at "@dir/@name" without its newline, to be
 * freed by the caller; NULL if there is none, or if it cannot be read. sysfs
 * gives all of it in one go. */
static char *
virFCLunWalkRead(const char *dir,
                 const char *name)
{
    g_autofree char *path = g_strconcat(dir, "/", name, NULL);
    char text[1024];
    VIR_AUTOCLOSE fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len;

    if (fd < 0 || (len = read(fd, text, sizeof(text))) < 0)
        return NULL;

    if (len > 0 && text[len - 1] == '\n')
        len--;

    return g_strndup(text, len);
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


/* --- hosts --- */

static int
virFCLunVisitHost(const char *dir G_GNUC_UNUSED,
                  const char *name,
                  void *opaque)
{
    unsigned int host;

    if (virStrToLong_uip(STRSKIP(name, "host"), NULL, 10, &host) == 0)
        g_array_append_val((GArray *) opaque, host);

    return 0;
}


static int
virFCLunCompareHosts(const void *a,
                     const void *b)
{
    unsigned int x = *(const unsigned int *) a;
    unsigned int y = *(const unsigned int *) b;

    return x < y ? -1 : x > y;
}


/**
 * virFCLunWalkHosts:
 * @hosts: filled with the numbers of all FC hosts, in ascending order; to be
 *         freed by the caller
 * @nhosts: filled with how many there are, 0 on a machine without Fibre Channel
 *
 * Returns 0 on success, -1 with an error.
 */
int
virFCLunWalkHosts(unsigned int **hosts,
                  size_t *nhosts)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(unsigned int));

    if (virFCLunForEach(VIR_FC_HOST_SYSFS, "host", virFCLunVisitHost, found) < 0)
        return -1;

    g_array_sort(found, virFCLunCompareHosts);
    *nhosts = found->len;
    *hosts = (void *) g_array_free(g_steal_pointer(&found), FALSE);
    return 0;
}


/* Returns the canonical form of the WWN in an attribute, NULL if there is none:
 * the kernel prints 0 or all ones for a name that is not known yet. */
static char *
virFCLunWalkReadWWN(const char *dir,
                    const char *name)
{
    g_autofree char *text = virFCLunWalkRead(dir, name);
    g_autofree char *wwn = NULL;

    if (!text || virWWNParseQuiet(text, &wwn) < 0 ||
        STREQ(wwn, "0000000000000000") ||
        STREQ(wwn, "ffffffffffffffff"))
        return NULL;

    return g_steal_pointer(&wwn);
}


/**
 * virFCLunWalkNames:
 * @host: number of the SCSI host of an HBA or vHBA, as in fc_host/host7
 * @wwnn: filled with its node name, canonical form, to be freed by the caller;
 *        NULL if that is of no interest
 * @wwpn: filled with its port name, likewise
 *
 * Drivers give a new host its names only after they have announced it, and no
 * event tells when.
 *
 * Returns 1 on success; without an error, and with the names untouched, 0 if
 * the host has no names yet, -1 if there is no such FC host.
 */
int
virFCLunWalkNames(unsigned int host,
                  char **wwnn,
                  char **wwpn)
{
    g_autofree char *dir = g_strdup_printf(VIR_FC_HOST_SYSFS "/host%u", host);
    g_autofree char *node = NULL;
    g_autofree char *port = NULL;

    if (!(port = virFCLunWalkReadWWN(dir, "port_name")) ||
        (wwnn && !(node = virFCLunWalkReadWWN(dir, "node_name"))))
        return virFileExists(dir) ? 0 : -1;

    if (wwnn)
        *wwnn = g_steal_pointer(&node);
    *wwpn = g_steal_pointer(&port);
    return 1;
}


/**
 * virFCLunWalkFindHost:
 * @wwnn: node name in any accepted form, or NULL if it does not matter
 * @wwpn: port name in any accepted form
 * @host: filled with the number of the HBA's or vHBA's SCSI host
 *
 * Returns 1 if it was found, 0 if this machine has none of that name now,
 * -1 with an error.
 */
int
virFCLunWalkFindHost(const char *wwnn,
                     const char *wwpn,
                     unsigned int *host)
{
    g_autofree unsigned int *hosts = NULL;
    size_t nhosts = 0;
    size_t i;

    if (virFCLunWalkHosts(&hosts, &nhosts) < 0)
        return -1;

    for (i = 0; i < nhosts; i++) {
        g_autofree char *node = NULL;
        g_autofree char *port = NULL;

        if (virFCLunWalkNames(hosts[i], &node, &port) == 1 &&
            virWWNEqual(port, wwpn) &&
            (!wwnn || virWWNEqual(node, wwnn))) {
            *host = hosts[i];
            return 1;
        }
    }

    return 0;
}


/* --- units --- */

static int
virFCLunVisitMap(const char *dir,
                 const char *name,
                 void *opaque)
{
    g_autofree char *dm = g_strdup_printf("%s/%s/dm", dir, name);
    g_autofree char *uuid = virFCLunWalkRead(dm, "uuid");
    g_autofree char *map = NULL;
    char **device = opaque;

    /* Others than multipath may hold it as well: the host's LVM, for one,
     * when it takes the guest's volume groups for its own. */
    if (!uuid || !STRPREFIX(uuid, "mpath-") ||
        !(map = virFCLunWalkRead(dm, "name")))
        return 0;

    g_free(*device);
    *device = g_strdup_printf("/dev/mapper/%s", map);
    return 0;
}


static int
virFCLunVisitDisk(const char *dir G_GNUC_UNUSED,
                  const char *name,
                  void *opaque)
{
    virFCLun *lun = opaque;

    if (!lun->disk)
        lun->disk = g_strdup_printf("/dev/%s", name);

    return 0;
}


/* @block: directory of the disk of @lun */
static void
virFCLunReadSize(virFCLun *lun,
                 const char *block)
{
    g_autofree char *size = virFCLunWalkRead(block, "size");
    unsigned long long sectors = 0;

    if (size && virStrToLong_ullp(size, NULL, 10, &sectors) == 0)
        lun->size = sectors * SYSFS_SECTOR;
}


static int
virFCLunReadDisk(virFCLun *lun)
{
    g_autofree char *block = g_strdup_printf("%s/block", lun->path);
    g_autofree char *disk = NULL;
    g_autofree char *holders = NULL;

    if (virFCLunForEach(block, "", virFCLunVisitDisk, lun) < 0)
        return -1;

    if (!lun->disk)
        return 0;

    lun->device = g_strdup(lun->disk);
    disk = g_strdup_printf("%s/%s", block, STRSKIP(lun->disk, "/dev/"));
    virFCLunReadSize(lun, disk);

    holders = g_strdup_printf("%s/holders", disk);
    return virFCLunForEach(holders, "dm-", virFCLunVisitMap, &lun->device);
}


/* Whether the multipath map of @lun, if it has one, still has the disk. When a
 * map is made anew, the event comes a moment before the disk is let go of. */
static bool
virFCLunIsInMap(const virFCLun *lun,
                const char *block)
{
    g_autofree char *holders = NULL;
    g_autofree char *device = NULL;

    if (STREQ(lun->device, lun->disk))
        return true;

    holders = g_strconcat(block, "/holders", NULL);
    device = g_strdup(lun->disk);

    return virFCLunForEach(holders, "dm-", virFCLunVisitMap, &device) == 0 &&
        STREQ(device, lun->device);
}


/**
 * virFCLunWalkAgain:
 * @lun: a unit that was there once
 *
 * Reads its identity again: no event tells when a rescan finds another one. Nor
 * does one tell when a size of 0, which a unit has while its array is not ready,
 * becomes another.
 *
 * Returns true if the unit is still where it was, with the same block device.
 */
bool
virFCLunWalkAgain(virFCLun *lun)
{
    g_autofree char *block = g_strconcat(lun->path, "/block/",
                                         lun->disk ? STRSKIP(lun->disk, "/dev/") : NULL, NULL);

    g_free(lun->id);
    lun->id = virFCLunWalkRead(lun->path, "wwid");

    if (!lun->disk)
        return !virFileExists(block) && virFileExists(lun->path);

    if (lun->size == 0)
        virFCLunReadSize(lun, block);

    return virFileExists(block) && virFCLunIsInMap(lun, block);
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


typedef struct _virFCLunWalkData virFCLunWalkData;
struct _virFCLunWalkData {
    GPtrArray *luns;
    char *target; /* of the remote port that is being visited */
};


static int
virFCLunVisitUnit(const char *dir,
                  const char *name,
                  void *opaque)
{
    virFCLunWalkData *walk = opaque;
    g_autoptr(virFCLun) lun = g_new0(virFCLun, 1);
    g_autofree char *text = NULL;
    const char *number = strrchr(name, ':');
    unsigned int type = 0;

    if (!number ||
        virStrToLong_ullp(number + 1, NULL, 10, &lun->unit) < 0)
        return 0;

    lun->path = g_strdup_printf("%s/%s", dir, name);
    if (!(text = virFCLunWalkRead(lun->path, "type")) ||
        virStrToLong_uip(text, NULL, 10, &type) < 0 ||
        !virFCLunTypeIsBlock(type))
        return 0;

    lun->target = g_strdup(walk->target);

    lun->id = virFCLunWalkRead(lun->path, "wwid");

    if (virFCLunReadDisk(lun) < 0)
        return -1;

    g_ptr_array_add(walk->luns, g_steal_pointer(&lun));
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
    virFCLunWalkData *walk = opaque;
    g_autofree char *targets = g_strdup_printf("%s/%s", dir, name);
    g_autofree char *rport = g_strdup_printf("%s/fc_remote_ports/%s", targets, name);

    g_free(walk->target);
    if (!(walk->target = virFCLunWalkReadWWN(rport, "port_name")))
        return 0;

    return virFCLunForEach(targets, "target", virFCLunVisitTarget, walk);
}


/* Orders by unit, then by target port, so that messages and the choice between
 * equal paths do not depend on the order of a directory. */
static int
virFCLunCompare(const void *a,
                const void *b)
{
    const virFCLun *x = *(virFCLun **) a;
    const virFCLun *y = *(virFCLun **) b;

    if (x->unit != y->unit)
        return x->unit < y->unit ? -1 : 1;

    return strcmp(x->target, y->target);
}


/**
 * virFCLunWalk:
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
virFCLunWalk(unsigned int host,
             virFCLun ***luns,
             size_t *nluns)
{
    g_autofree char *dir = g_strdup_printf(VIR_FC_HOST_SYSFS "/host%u/device", host);
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify) virFCLunFree);
    virFCLunWalkData walk = { .luns = found };
    int rc;

    if (!virFileExists(dir)) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("there is no Fibre Channel host 'host%1$u'"), host);
        return -1;
    }

    rc = virFCLunForEach(dir, "rport-", virFCLunVisitRport, &walk);
    g_free(walk.target);

    if (rc < 0)
        return -1;

    g_ptr_array_sort(found, virFCLunCompare);
    *nluns = found->len;
    *luns = (virFCLun **) g_ptr_array_free(g_steal_pointer(&found), FALSE);
    return 0;
}
