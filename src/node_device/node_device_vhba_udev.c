/*
 * node_device_vhba_udev.c: what udev tells of vHBAs, and the names they have
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
#include "viralloc.h"
#include "virerror.h"
#include "virfchost.h"
#include "virfile.h"
#include "virstring.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV


/* Whether what is now known to be there is called @name. */
static bool
nodeDeviceVHBAHasName(nodeDeviceVHBAs *vhbas,
                      const char *name)
{
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(vhbas->devs, name);

    if (!obj)
        return nodeDeviceVHBAKeepsName(vhbas, name);

    virNodeDeviceObjEndAPI(&obj);
    return true;
}


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


/**
 * nodeDeviceVHBAIsStale:
 * @def: a device that udev has told of, with the name that it has now
 *
 * An event of a vHBA's host may be read when the host is gone. Its names are not
 * known any more, or they are those of another host that has its number now. To be
 * asked after they were read: then they were its own if it is still there.
 *
 * Returns whether @def is of such a host. The event that removes it is on its way.
 */
bool
nodeDeviceVHBAIsStale(const virNodeDeviceDef *def)
{
    g_autofree char *parent = g_path_get_dirname(def->sysfs_path);
    g_autofree char *vport = g_path_get_basename(parent);

    return STRPREFIX(vport, "vport-") && !virFileExists(def->sysfs_path);
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


/* Whether @name, "hostN" or "rport-N:M-R", is that of an HBA, or of a port that an
 * HBA itself sees */
static bool
nodeDeviceVHBAIsOfHBA(const char *name)
{
    const char *number = STRSKIP(name, "host");
    unsigned int host;
    char *end;

    if (!number)
        number = STRSKIP(name, "rport-");

    return number &&
        virStrToLong_uip(number, &end, 10, &host) == 0 &&
        (*end == '\0' || *end == ':') &&
        virFCHostIsHBA(host);
}


/**
 * nodeDeviceVHBAsOtherDevice:
 * @vhbas: the vHBAs
 * @subsystem: of a device that is not a node device, or NULL
 * @name: its name in sysfs, or NULL
 *
 * Tells of such a device. A new remote port of an HBA means that a link is up: libfc,
 * for one, tells that in no other way. An FC host means that there is an FC transport
 * to listen to; and a new HBA is a SCSI host a moment before it is an FC host, so
 * that it may have been taken for something else.
 */
void
nodeDeviceVHBAsOtherDevice(nodeDeviceVHBAs *vhbas,
                           const char *subsystem,
                           const char *name)
{
    if (STREQ_NULLABLE(subsystem, "fc_remote_ports")) {
        if (name && nodeDeviceVHBAIsOfHBA(name))
            nodeDeviceVHBAsLinkUp(vhbas);
    } else if (STREQ_NULLABLE(subsystem, "fc_host") && name) {
        nodeDeviceFCEventsListen(vhbas->fcEvents);
        nodeDeviceVHBAsChanged(vhbas, nodeDeviceVHBAIsOfHBA(name));
    }
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
