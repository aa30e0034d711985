/*
 * node_device_vhba_transient.c: make vHBAs that are not kept
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
#include "node_device_driver.h"
#include "virerror.h"
#include "virfclunwatch.h"
#include "virutil.h"
#include "virvhba.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV


/* Brings the WWNs of @def, from which a transient vHBA is to be created, to
 * canonical form. Returns 0 unless one of them is malformed, or a definition
 * has the WWPN: then -1 with an error. A driver without @vhbas has no
 * definitions. */
int
nodeDeviceVHBACheckTransient(nodeDeviceVHBAs *vhbas,
                             virNodeDeviceDef *def)
{
    g_autofree char *name = NULL;

    if (virNodeDeviceVHBANormalizeWWNs(def, false) < 0)
        return -1;

    if (!vhbas || !virNodeDeviceVHBAGetWWPN(def))
        return 0;

    name = virNodeDeviceVHBAName(virNodeDeviceVHBAGetWWPN(def));
    if (!nodeDeviceVHBAGetEntry(vhbas, name, NULL, NULL)) {
        /* one that went without our doing */
        if (nodeDeviceVHBAIsInactive(vhbas, name))
            nodeDeviceVHBAForgetName(vhbas, name);
        return 0;
    }

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("WWPN '%1$s' is that of the persistent '%2$s'; use 'virsh nodedev-start %2$s'"),
                   virNodeDeviceVHBAGetWWPN(def), name);
    return -1;
}


/* Waits until udev has told of the SCSI host of a vport that has just been
 * created; WWNs in canonical form. Returns its node device, to be freed by the
 * caller; NULL with an error if udev has not told of it in time. */
virNodeDevicePtr
nodeDeviceVHBAAwaitTransient(nodeDeviceVHBAs *vhbas,
                             virConnectPtr conn,
                             const char *wwnn,
                             const char *wwpn)
{
    g_autofree char *name = NULL;
    unsigned int host = 0;

    if (!vhbas) {
        virWaitForDevices();
    } else if (virFCLunWatchFindHost(wwnn, wwpn, &host) == 1) {
        name = g_strdup_printf("scsi_host%u", host);
        if (nodeDeviceVHBAWaitActive(vhbas, name) < 0)
            return NULL;
    }

    return nodeDeviceLookupSCSIHostByWWN(conn, wwnn, wwpn, 0);
}


/**
 * nodeDeviceVHBACreateTransient:
 * @vhbas: the vHBAs; NULL if the driver has none
 * @devs: the driver's devices
 * @conn: connection to look the device up with
 * @def: what is asked for; its WWNs become canonical
 *
 * Creates a vHBA that is gone when it is destroyed or the host reboots, and
 * waits until udev has told of it. If that does not happen the vport is deleted
 * again: the caller could neither use nor destroy what it got no device for.
 *
 * Returns its node device, to be freed by the caller; NULL with an error.
 */
virNodeDevicePtr
nodeDeviceVHBACreateTransient(nodeDeviceVHBAs *vhbas,
                              virNodeDeviceObjList *devs,
                              virConnectPtr conn,
                              virNodeDeviceDef *def)
{
    g_autofree char *wwnn = NULL;
    g_autofree char *wwpn = NULL;
    virNodeDevicePtr device = NULL;
    virErrorPtr orig_err = NULL;
    int parent = -1;

    if (nodeDeviceVHBACheckTransient(vhbas, def) < 0 ||
        virNodeDeviceGetWWNs(def, &wwnn, &wwpn) < 0 ||
        (parent = virNodeDeviceObjListGetParentHost(devs, def)) < 0 ||
        virVHBAManageVport(parent, wwpn, wwnn, VPORT_CREATE) < 0)
        return NULL;

    if ((device = nodeDeviceVHBAAwaitTransient(vhbas, conn, wwnn, wwpn)))
        return device;

    virErrorPreserveLast(&orig_err);
    ignore_value(virVHBAManageVport(parent, wwpn, wwnn, VPORT_DELETE));
    virErrorRestore(&orig_err);
    return NULL;
}
