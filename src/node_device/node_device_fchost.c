/*
 * node_device_fchost.c: keeps what FC hosts tell of themselves fresh
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

#include "node_device_fchost.h"

#define LIBVIRT_NODE_DEVICE_FCHOSTPRIV_H_ALLOW
#include "node_device_fchostpriv.h"

#include "node_device_event.h"
#include "node_device_vhba.h"
#include "viralloc.h"
#include "virerror.h"
#include "virfchost.h"
#include "virfile.h"
#include "virlog.h"
#include "virstring.h"
#include "virthread.h"
#include "virtime.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_fchost");

/* How long to wait before a port that is not online is looked at again, in
 * milliseconds: at first, and at most; it doubles each time. Not every driver
 * tells that a port is online: libfc, for one, tells that the port logs in
 * anew, and then nothing, unless a remote port has been away for so long that
 * it comes back as a new device. */
#define LOOK_AGAIN_MIN 250
#define LOOK_AGAIN_MAX 2000

/* How long to wait for more of its vHBAs to come or go before an HBA is read
 * anew, in milliseconds. Hundreds of them come when the driver starts, or when
 * the HBA does. */
#define VPORTS_DELAY 250

/* An active SCSI host that is an HBA or a vHBA. */
typedef struct _nodeDeviceFCHost nodeDeviceFCHost;
struct _nodeDeviceFCHost {
    unsigned int host;      /* N of hostN */
    char *name;             /* of the node device */

    char *wwpn;             /* of a vHBA, canonical form; of an HBA, NULL */
    unsigned int parent;    /* of a vHBA: N of the HBA's hostN */

    bool npiv;              /* is known to be able to carry vHBAs */
    bool online;            /* was online when it was read last */

    bool wanted;            /* has to be read anew */
    unsigned long long vportsDue; /* of an HBA: when to read it anew, since vHBAs
                                     of it came or went; 0 if none did */
    bool toldDown;          /* its driver tells when the link goes down, so
                               that it will tell when it comes up, too */
    unsigned int delay;     /* how long the wait for @due is */
    unsigned long long due; /* when to look at it again, see virTimeMillisNow;
                               0 if that is not needed */
};

struct _nodeDeviceFCHosts {
    /* immutable */
    virNodeDeviceObjList *devs;
    virObjectEventState *events;
    nodeDeviceVHBAs *vhbas;
    nodeDeviceFCHostPCINamesFunc names;

    virThread thread;
    bool running;           /* there is a thread */

    virMutex lock; /* Guards all that follows. Taken after an object is locked,
                      if one is. */
    GHashTable *hosts;      /* N -> nodeDeviceFCHost */
    GHashTable *vendors;    /* PCI ID -> name, NULL if it has none */
    virCond wake;           /* something is wanted, or the driver stops */
    bool woken;
    bool quit;
    bool newHBA;            /* a known SCSI host has become an HBA */
    bool linkUp;            /* an HBA has come online */
};


static void
nodeDeviceFCHostFree(void *opaque)
{
    nodeDeviceFCHost *host = opaque;

    g_free(host->name);
    g_free(host->wwpn);
    g_free(host);
}


/* The following need the lock. */

static nodeDeviceFCHost *
nodeDeviceFCHostFind(nodeDeviceFCHosts *fchosts,
                     unsigned int number)
{
    return g_hash_table_lookup(fchosts->hosts, GUINT_TO_POINTER(number));
}


/* Returns the host of that number, whose device is @name; a new one if need
 * be. */
static nodeDeviceFCHost *
nodeDeviceFCHostAdd(nodeDeviceFCHosts *fchosts,
                    unsigned int number,
                    const char *name)
{
    nodeDeviceFCHost *host = nodeDeviceFCHostFind(fchosts, number);

    if (!host) {
        host = g_new0(nodeDeviceFCHost, 1);
        host->host = number;
        g_hash_table_insert(fchosts->hosts, GUINT_TO_POINTER(number), host);
    }

    g_free(host->name);
    host->name = g_strdup(name);
    return host;
}


static void
nodeDeviceFCHostsWake(nodeDeviceFCHosts *fchosts)
{
    fchosts->woken = true;
    virCondSignal(&fchosts->wake);
}


/* Makes the thread read @host anew, if it is not NULL. */
static void
nodeDeviceFCHostWant(nodeDeviceFCHosts *fchosts,
                     nodeDeviceFCHost *host)
{
    if (!host)
        return;

    host->wanted = true;
    host->delay = 0;
    nodeDeviceFCHostsWake(fchosts);
}


/* Likewise, but not at once: vHBAs of @hba, if it is not NULL, came or went. */
static void
nodeDeviceFCHostVportsChanged(nodeDeviceFCHosts *fchosts,
                              nodeDeviceFCHost *hba)
{
    unsigned long long now = 0;

    if (!hba || hba->vportsDue != 0)
        return;

    ignore_value(virTimeMillisNow(&now));
    hba->vportsDue = now + VPORTS_DELAY;
    nodeDeviceFCHostsWake(fchosts);
}


/* Makes the thread read the vHBAs of HBA @number. Drivers differ in whether they
 * tell of a link for each of them, too. */
static void
nodeDeviceFCHostWantVHBAs(nodeDeviceFCHosts *fchosts,
                          unsigned int number)
{
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, fchosts->hosts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        nodeDeviceFCHost *host = value;

        if (host->wwpn && host->parent == number)
            nodeDeviceFCHostWant(fchosts, host);
    }
}


/* Reading */

/* Returns the SCSI host that @def is now, NULL if it is none. */
static virNodeDevCapSCSIHost *
nodeDeviceFCHostGetCap(virNodeDeviceDef *def)
{
    virNodeDevCapSCSIHost *cap = &def->caps->data.scsi_host;

    if (!def->sysfs_path ||
        def->caps->data.type != VIR_NODE_DEV_CAP_SCSI_HOST ||
        cap->host == VIR_NODE_DEV_SCSI_HOST_NONE)
        return NULL;

    return cap;
}


static bool
nodeDeviceFCHostParsePCI(const char *name,
                         virPCIDeviceAddress *address)
{
    char *p;

    return virStrToLong_ui(name, &p, 16, &address->domain) == 0 && *p == ':' &&
        virStrToLong_ui(p + 1, &p, 16, &address->bus) == 0 && *p == ':' &&
        virStrToLong_ui(p + 1, &p, 16, &address->slot) == 0 && *p == '.' &&
        virStrToLong_ui(p + 1, &p, 16, &address->function) == 0 && *p == '\0' &&
        virPCIDeviceAddressIsValid(address, false);
}


/* Returns the nearest directory above @path that is a PCI function's, to be
 * freed by the caller, and sets @address; NULL if there is none. */
static char *
nodeDeviceFCHostFindPCI(const char *path,
                        virPCIDeviceAddress *address)
{
    g_autofree char *dir = g_strdup(path);
    char *slash;

    while ((slash = strrchr(dir, '/'))) {
        if (nodeDeviceFCHostParsePCI(slash + 1, address))
            return g_steal_pointer(&dir);
        *slash = '\0';
    }

    return NULL;
}


/* Returns the number in an attribute such as "0x1077", 0 if there is none. */
static unsigned int
nodeDeviceFCHostReadPCIID(const char *dir,
                          const char *attr)
{
    g_autofree char *path = g_strdup_printf("%s/%s", dir, attr);
    g_autofree char *value = NULL;
    unsigned int id = 0;

    if (virFileReadAllQuiet(path, 64, &value) < 0)
        return 0;

    virStringTrimOptionalNewline(value);
    if (virStrToLong_uip(value, NULL, 16, &id) < 0)
        return 0;

    return id;
}


/* Returns a copy of the name of @dir's PCI @vendor, NULL if it has none. It is
 * looked up once: all vHBAs of an HBA have the same, and the list is long. */
static char *
nodeDeviceFCHostGetVendorName(nodeDeviceFCHosts *fchosts,
                              unsigned int vendor,
                              const char *dir)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&fchosts->lock);
    void *key = GUINT_TO_POINTER(vendor);
    char *name = NULL;
    g_autofree char *product = NULL;

    if (!g_hash_table_contains(fchosts->vendors, key)) {
        fchosts->names(vendor, nodeDeviceFCHostReadPCIID(dir, "device"), &name, &product);
        g_hash_table_insert(fchosts->vendors, key, name);
    }

    return g_strdup(g_hash_table_lookup(fchosts->vendors, key));
}


/* What does not change as long as the host is there. */
static void
nodeDeviceFCHostReadAdapter(nodeDeviceFCHosts *fchosts,
                            const char *path,
                            virNodeDevFCHostDef *fchost)
{
    virPCIDeviceAddress address = { 0 };
    g_autofree char *dir = nodeDeviceFCHostFindPCI(path, &address);

    if (!dir)
        return;

    fchost->address = g_new0(virPCIDeviceAddress, 1);
    *fchost->address = address;

    if ((fchost->vendor = nodeDeviceFCHostReadPCIID(dir, "vendor")) != 0)
        fchost->vendorName = nodeDeviceFCHostGetVendorName(fchosts, fchost->vendor, dir);
}


static void
nodeDeviceFCHostReadVports(nodeDeviceFCHosts *fchosts,
                           unsigned int number,
                           virNodeDevFCHostDef *fchost)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&fchosts->lock);
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, fchosts->hosts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        nodeDeviceFCHost *host = value;

        if (host->wwpn && host->parent == number)
            virNodeDevFCHostDefAddVport(fchost, host->name, host->wwpn);
    }
}


static void
nodeDeviceFCHostTake(char **dst,
                     char **src)
{
    if (*src) {
        g_free(*dst);
        *dst = g_steal_pointer(src);
    }
}


/* Reads what is read of any SCSI host, but leaves @cap as it is if the host is
 * about to go. */
static void
nodeDeviceFCHostReadCap(virNodeDevCapSCSIHost *cap)
{
    virNodeDevCapSCSIHost fresh = { .host = cap->host };

    if (virNodeDeviceGetSCSIHostCaps(&fresh) == 0 &&
        fresh.flags & VIR_NODE_DEV_CAP_FLAG_HBA_FC_HOST) {
        cap->unique_id = fresh.unique_id;
        cap->flags |= fresh.flags;
        cap->max_vports = fresh.max_vports;
        cap->vports = fresh.vports;
        nodeDeviceFCHostTake(&cap->wwnn, &fresh.wwnn);
        nodeDeviceFCHostTake(&cap->wwpn, &fresh.wwpn);
        nodeDeviceFCHostTake(&cap->fabric_wwn, &fresh.fabric_wwn);
    }

    g_free(fresh.wwnn);
    g_free(fresh.wwpn);
    g_free(fresh.fabric_wwn);
}


/* Brings up to date what @def, which has what is read of any SCSI host, says of
 * the port. Returns 0 if it is; -1, without an error, if it is no FC host, not
 * yet, or not any more. */
static int
nodeDeviceFCHostReadPort(nodeDeviceFCHosts *fchosts,
                         virNodeDeviceDef *def)
{
    virNodeDevCapSCSIHost *cap = nodeDeviceFCHostGetCap(def);
    g_autoptr(virNodeDevFCHostDef) fchost = virNodeDevFCHostDefNew();
    g_autoptr(virFCHost) now = NULL;
    g_autofree char *dir = NULL;

    if (!cap)
        return -1;

    /* clients ask for SCSI hosts of other kinds, too: no error to be logged */
    dir = g_strdup_printf("/sys/class/fc_host/host%u", cap->host);
    if (!virFileExists(dir) || !(now = virFCHostReadPort(cap->host))) {
        virResetLastError();
        return -1;
    }

    if (cap->fchost) {
        fchost->address = g_steal_pointer(&cap->fchost->address);
        fchost->vendor = cap->fchost->vendor;
        fchost->vendorName = g_steal_pointer(&cap->fchost->vendorName);
    } else {
        nodeDeviceFCHostReadAdapter(fchosts, def->sysfs_path, fchost);
    }

    fchost->state = virNodeDevFCHostStateFromSysfs(now->portState);
    fchost->speed = virNodeDevFCHostTextFromSysfs(now->speed);
    fchost->portType = virNodeDevFCHostTextFromSysfs(now->portType);

    if (cap->flags & VIR_NODE_DEV_CAP_FLAG_HBA_VPORT_OPS) {
        fchost->hasVports = true;
        fchost->maxVports = cap->max_vports;
        nodeDeviceFCHostReadVports(fchosts, cap->host, fchost);
    }

    virNodeDevFCHostDefFree(cap->fchost);
    cap->fchost = g_steal_pointer(&fchost);
    return 0;
}


/* Likewise all of @def, an active SCSI host's. */
static int
nodeDeviceFCHostRead(nodeDeviceFCHosts *fchosts,
                     virNodeDeviceDef *def)
{
    virNodeDevCapSCSIHost *cap = nodeDeviceFCHostGetCap(def);

    /* the number of its host may be another's already */
    if (virNodeDevVHBAIsGone(cap->vhba, cap->wwpn, cap->host))
        return -1;

    nodeDeviceFCHostReadCap(cap);
    return nodeDeviceFCHostReadPort(fchosts, def);
}


/* Decides when to look at @host, which has just been read, again. A vHBA waits
 * for its HBA. */
static void
nodeDeviceFCHostSchedule(nodeDeviceFCHosts *fchosts,
                         nodeDeviceFCHost *host,
                         virNodeDevFCHostState state)
{
    nodeDeviceFCHost *hba = host->wwpn ? nodeDeviceFCHostFind(fchosts, host->parent) : NULL;
    unsigned long long now = 0;

    if (state == VIR_NODE_DEV_FC_HOST_STATE_ONLINE ||
        state == VIR_NODE_DEV_FC_HOST_STATE_UNKNOWN ||
        host->toldDown ||
        (hba && !hba->online) ||
        virTimeMillisNow(&now) < 0) {
        host->delay = 0;
        host->due = 0;
        return;
    }

    if (host->due != 0)
        return;

    host->delay = host->delay == 0 ? LOOK_AGAIN_MIN : MIN(host->delay * 2, LOOK_AGAIN_MAX);
    host->due = now + host->delay;
    nodeDeviceFCHostsWake(fchosts);
}


/* Draws conclusions from what has been read of @cap. */
static void
nodeDeviceFCHostConclude(nodeDeviceFCHosts *fchosts,
                         const virNodeDevCapSCSIHost *cap)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&fchosts->lock);
    nodeDeviceFCHost *host = nodeDeviceFCHostFind(fchosts, cap->host);
    bool online = cap->fchost->state == VIR_NODE_DEV_FC_HOST_STATE_ONLINE;

    if (!host)
        return;

    if (online && !host->online && cap->fchost->hasVports)
        fchosts->linkUp = true;

    if (online != host->online)
        nodeDeviceFCHostWantVHBAs(fchosts, host->host);

    if (cap->fchost->hasVports && !host->npiv)
        fchosts->newHBA = true;

    host->online = online;
    host->npiv = cap->fchost->hasVports;
    nodeDeviceFCHostSchedule(fchosts, host, cap->fchost->state);
}


/**
 * nodeDeviceFCHostRefresh:
 * @fchosts: the FC hosts
 * @obj: any device, locked
 *
 * If @obj is an active HBA or vHBA, its definition is brought up to date, and
 * clients get an event if that has changed it.
 */
void
nodeDeviceFCHostRefresh(nodeDeviceFCHosts *fchosts,
                        virNodeDeviceObj *obj)
{
    virNodeDeviceDef *def = virNodeDeviceObjGetDef(obj);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    if (!fchosts || !nodeDeviceFCHostGetCap(def))
        return;

    before = virNodeDeviceDefFormat(def, 0);
    if (nodeDeviceFCHostRead(fchosts, def) < 0)
        return;
    after = virNodeDeviceDefFormat(def, 0);

    if (STRNEQ_NULLABLE(before, after))
        virObjectEventStateQueue(fchosts->events, virNodeDeviceEventUpdateNew(def->name));

    nodeDeviceFCHostConclude(fchosts, &def->caps->data.scsi_host);
}


/* udev */

/* Returns whether @path is that of a vHBA, .../host0/vport-0:0-3/host5, and sets
 * @parent to the number of its HBA. */
static bool
nodeDeviceFCHostIsVport(const char *path,
                        unsigned int *parent)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(dir);
    const char *number = STRSKIP(name, "vport-");
    char *end = NULL;

    return number &&
        virStrToLong_uip(number, &end, 10, parent) == 0 &&
        *end == ':';
}


/* Tells of @obj, locked, that udev has told of. Completes its definition. */
void
nodeDeviceFCHostAdded(nodeDeviceFCHosts *fchosts,
                      virNodeDeviceObj *obj)
{
    virNodeDeviceDef *def = virNodeDeviceObjGetDef(obj);
    virNodeDevCapSCSIHost *cap = nodeDeviceFCHostGetCap(def);
    g_autofree char *wwpn = NULL;
    unsigned int parent = 0;

    if (!cap || !(cap->flags & VIR_NODE_DEV_CAP_FLAG_HBA_FC_HOST))
        return;

    if (nodeDeviceFCHostIsVport(def->sysfs_path, &parent))
        ignore_value(virWWNParseQuiet(cap->wwpn, &wwpn));

    VIR_WITH_MUTEX_LOCK_GUARD(&fchosts->lock) {
        nodeDeviceFCHost *host = nodeDeviceFCHostAdd(fchosts, cap->host, def->name);

        if (wwpn) {
            g_free(host->wwpn);
            host->wwpn = g_steal_pointer(&wwpn);
            host->parent = parent;
            nodeDeviceFCHostVportsChanged(fchosts, nodeDeviceFCHostFind(fchosts, parent));
        }

        /* if so, who has added it tells of a new HBA */
        host->npiv = cap->flags & VIR_NODE_DEV_CAP_FLAG_HBA_VPORT_OPS;
    }

    /* all else has just been read */
    if (nodeDeviceFCHostReadPort(fchosts, def) == 0)
        nodeDeviceFCHostConclude(fchosts, cap);
}


/* Tells of @def, of a device that udev says is gone. Drops from it what is only
 * known while the device is there. */
void
nodeDeviceFCHostRemoved(nodeDeviceFCHosts *fchosts,
                        virNodeDeviceDef *def)
{
    virNodeDevCapSCSIHost *cap = nodeDeviceFCHostGetCap(def);
    VIR_LOCK_GUARD lock = { 0 };
    nodeDeviceFCHost *host;

    if (!cap)
        return;

    g_clear_pointer(&cap->fchost, virNodeDevFCHostDefFree);

    lock = virLockGuardLock(&fchosts->lock);
    if (!(host = nodeDeviceFCHostFind(fchosts, cap->host)))
        return;

    if (host->wwpn)
        nodeDeviceFCHostVportsChanged(fchosts, nodeDeviceFCHostFind(fchosts, host->parent));

    g_hash_table_remove(fchosts->hosts, GUINT_TO_POINTER(cap->host));
}


/**
 * nodeDeviceFCHostsOtherDevice:
 * @fchosts: the FC hosts
 * @subsystem: of a device that is not a node device, or NULL
 * @sysname: its name
 *
 * The fc_host of a SCSI host appears a moment after it. A new remote port
 * means that its host is online. One that was online when it was read has
 * nothing new to tell.
 */
void
nodeDeviceFCHostsOtherDevice(nodeDeviceFCHosts *fchosts,
                             const char *subsystem,
                             const char *sysname)
{
    const char *number = NULL;
    nodeDeviceFCHost *host;
    char *end = NULL;
    unsigned int n;

    if (STREQ_NULLABLE(subsystem, "fc_host"))
        number = STRSKIP(sysname, "host");
    else if (STREQ_NULLABLE(subsystem, "fc_remote_ports"))
        number = STRSKIP(sysname, "rport-");

    if (!number || virStrToLong_uip(number, &end, 10, &n) < 0)
        return;

    VIR_WITH_MUTEX_LOCK_GUARD(&fchosts->lock) {
        if (!(host = nodeDeviceFCHostFind(fchosts, n))) {
            g_autofree char *name = g_strdup_printf("scsi_host%u", n);

            host = nodeDeviceFCHostAdd(fchosts, n, name);
        }
        if (!host->online)
            nodeDeviceFCHostWant(fchosts, host);
    }
}


/* The FC transport, see nodeDeviceFCEventFunc. */
void
nodeDeviceFCHostsEvent(const virFCEvent *event,
                       void *opaque)
{
    nodeDeviceFCHosts *fchosts = opaque;
    VIR_LOCK_GUARD lock = virLockGuardLock(&fchosts->lock);
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, fchosts->hosts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        nodeDeviceFCHost *host = value;

        if (event->type != VIR_FC_EVENT_LOST &&
            host->host != event->host &&
            !(host->wwpn && host->parent == event->host))
            continue;

        host->toldDown = event->type == VIR_FC_EVENT_LINK_DOWN;
        nodeDeviceFCHostWant(fchosts, host);
    }
}


/* The thread */

/* Returns whether @due is past. Else it may be what comes @next. 0 is no time. */
static bool
nodeDeviceFCHostIsDue(unsigned long long due,
                      unsigned long long now,
                      unsigned long long *next)
{
    if (due != 0 && due <= now)
        return true;

    if (due != 0 && (*next == 0 || due < *next))
        *next = due;

    return false;
}


/* Returns the name of a device that has to be read now, to be freed by the
 * caller. NULL if there is none; then @next is the time when there will be, 0
 * if nobody knows. */
static char *
nodeDeviceFCHostsNext(nodeDeviceFCHosts *fchosts,
                      unsigned long long *next)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&fchosts->lock);
    unsigned long long now = 0;
    GHashTableIter iter;
    void *value;

    ignore_value(virTimeMillisNow(&now));
    *next = 0;

    g_hash_table_iter_init(&iter, fchosts->hosts);
    while (!fchosts->quit && g_hash_table_iter_next(&iter, NULL, &value)) {
        nodeDeviceFCHost *host = value;

        if (host->wanted ||
            nodeDeviceFCHostIsDue(host->due, now, next) ||
            nodeDeviceFCHostIsDue(host->vportsDue, now, next)) {
            host->wanted = false;
            host->due = 0;
            host->vportsDue = 0;
            return g_strdup(host->name);
        }
    }

    return NULL;
}


/* Tells the vHBAs what they may have waited for. */
static void
nodeDeviceFCHostsTellVHBAs(nodeDeviceFCHosts *fchosts)
{
    bool newHBA = false;
    bool linkUp = false;

    VIR_WITH_MUTEX_LOCK_GUARD(&fchosts->lock) {
        newHBA = fchosts->newHBA;
        linkUp = fchosts->linkUp;
        fchosts->newHBA = false;
        fchosts->linkUp = false;
    }

    if (newHBA)
        nodeDeviceVHBAsChanged(fchosts->vhbas, true);
    if (linkUp)
        nodeDeviceVHBAsLinkUp(fchosts->vhbas);
}


/**
 * nodeDeviceFCHostsWork:
 * @fchosts: the FC hosts
 *
 * Reads all that has to be read by now.
 *
 * Returns when there will be more to do, see virTimeMillisNow; 0 if that is not
 * known.
 */
unsigned long long
nodeDeviceFCHostsWork(nodeDeviceFCHosts *fchosts)
{
    unsigned long long next = 0;

    while (true) {
        g_autofree char *name = nodeDeviceFCHostsNext(fchosts, &next);
        virNodeDeviceObj *obj = NULL;

        if (!name)
            break;

        if ((obj = virNodeDeviceObjListFindByName(fchosts->devs, name)))
            nodeDeviceFCHostRefresh(fchosts, obj);
        virNodeDeviceObjEndAPI(&obj);
    }

    nodeDeviceFCHostsTellVHBAs(fchosts);
    return next;
}


static void
nodeDeviceFCHostsThread(void *opaque)
{
    nodeDeviceFCHosts *fchosts = opaque;

    while (true) {
        unsigned long long next = nodeDeviceFCHostsWork(fchosts);
        VIR_LOCK_GUARD lock = virLockGuardLock(&fchosts->lock);

        if (!fchosts->woken && !fchosts->quit) {
            if (next == 0)
                ignore_value(virCondWait(&fchosts->wake, &fchosts->lock));
            else
                ignore_value(virCondWaitUntil(&fchosts->wake, &fchosts->lock, next));
        }

        if (fchosts->quit)
            return;
        fchosts->woken = false;
    }
}


/* Life */

/**
 * nodeDeviceFCHostsNew:
 * @driver: the driver, whose vHBAs have been set up
 * @names: looks up names of vendors
 *
 * Returns the FC hosts, to be freed by the caller; NULL with an error.
 */
nodeDeviceFCHosts *
nodeDeviceFCHostsNew(virNodeDeviceDriverState *driver,
                     nodeDeviceFCHostPCINamesFunc names)
{
    nodeDeviceFCHosts *fchosts = g_new0(nodeDeviceFCHosts, 1);

    if (virMutexInit(&fchosts->lock) < 0 ||
        virCondInit(&fchosts->wake) < 0) {
        virReportSystemError(errno, "%s", _("cannot initialize mutex"));
        g_free(fchosts);
        return NULL;
    }

    fchosts->devs = driver->devs;
    fchosts->events = driver->nodeDeviceEventState;
    fchosts->vhbas = driver->vhbas;
    fchosts->names = names;
    fchosts->hosts = g_hash_table_new_full(NULL, NULL, NULL, nodeDeviceFCHostFree);
    fchosts->vendors = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    nodeDeviceFCEventsAddListener(nodeDeviceVHBAsGetFCEvents(driver->vhbas),
                                  nodeDeviceFCHostsEvent, fchosts);

    return fchosts;
}


/* Sets up @driver's FC hosts, see nodeDeviceFCHostsNew, and lets them keep
 * themselves fresh. Returns 0 on success, -1 with an error. */
int
nodeDeviceFCHostsInit(virNodeDeviceDriverState *driver,
                      nodeDeviceFCHostPCINamesFunc names)
{
    if (!(driver->fchosts = nodeDeviceFCHostsNew(driver, names)))
        return -1;

    if (virThreadCreateFull(&driver->fchosts->thread, true, nodeDeviceFCHostsThread,
                            "fc-hosts", false, driver->fchosts) < 0) {
        virReportSystemError(errno, "%s", _("failed to create a thread"));
        return -1;
    }

    driver->fchosts->running = true;
    return 0;
}


/* Ends the thread, and waits for that. */
void
nodeDeviceFCHostsStop(nodeDeviceFCHosts *fchosts)
{
    if (!fchosts || !fchosts->running)
        return;

    VIR_WITH_MUTEX_LOCK_GUARD(&fchosts->lock) {
        fchosts->quit = true;
        nodeDeviceFCHostsWake(fchosts);
    }

    virThreadJoin(&fchosts->thread);
    fchosts->running = false;
}


void
nodeDeviceFCHostsFree(nodeDeviceFCHosts *fchosts)
{
    if (!fchosts)
        return;

    nodeDeviceFCHostsStop(fchosts);
    g_hash_table_unref(fchosts->hosts);
    g_hash_table_unref(fchosts->vendors);
    virCondDestroy(&fchosts->wake);
    virMutexDestroy(&fchosts->lock);
    g_free(fchosts);
}
