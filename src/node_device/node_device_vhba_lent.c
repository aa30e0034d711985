/*
 * node_device_vhba_lent.c: pairs of vHBAs that are lent to another host
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
#include "viraccessapicheck.h"
#include "virerror.h"
#include "virfcclaim.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV


/* A migration lends the secondary of a pair first, and both when the domain may
 * run on the other host. If its end is not known, only the administrator can
 * tell where the domain is. What he does to the secondary says it for the pair:
 * it is here if the secondary is started, and there if that is undefined. */


/* The primary, to be freed by the caller, of the pair that has @mark and whose
 * secondary is @def; NULL if @def is not such a secondary. */
static virNodeDeviceDef *
nodeDeviceVHBAGetMarkedPrimary(nodeDeviceVHBAs *vhbas,
                               const virNodeDeviceDef *def,
                               virNodeDevVHBAHandover mark)
{
    const virNodeDevVHBADef *vhba = virNodeDeviceVHBAGetDef(def);
    g_autoptr(virNodeDeviceDef) primary = NULL;
    g_autofree char *name = NULL;

    if (!vhba || !vhba->primary || vhba->handover != mark)
        return NULL;

    name = virNodeDeviceVHBAName(vhba->primary);
    if (!nodeDeviceVHBAGetEntry(vhbas, name, &primary, NULL) ||
        virNodeDeviceVHBAGetDef(primary)->handover != mark)
        return NULL;

    return g_steal_pointer(&primary);
}


static virNodeDeviceDef *
nodeDeviceVHBAGetLentPrimary(nodeDeviceVHBAs *vhbas,
                             const virNodeDeviceDef *def)
{
    return nodeDeviceVHBAGetMarkedPrimary(vhbas, def, VIR_NODE_DEV_VHBA_HANDOVER_LENT);
}


/**
 * nodeDeviceVHBACheckLentAccess:
 * @vhbas: the vHBAs
 * @conn: of the client
 * @name: of the vHBA that the client may do something to
 * @ensure: of the EnsureACL functions, the one that has let it
 *
 * What is done to the secondary of a pair that is lent is done to the primary.
 *
 * Returns 0 if the client may do that, or @name is not such a secondary; -1 with
 * an error otherwise.
 */
int
nodeDeviceVHBACheckLentAccess(nodeDeviceVHBAs *vhbas,
                              virConnectPtr conn,
                              const char *name,
                              nodeDeviceVHBAEnsureACL ensure)
{
    g_autoptr(virNodeDeviceDef) def = NULL;
    g_autoptr(virNodeDeviceDef) primary = NULL;

    if (!nodeDeviceVHBAGetEntry(vhbas, name, &def, NULL) ||
        !(primary = nodeDeviceVHBAGetLentPrimary(vhbas, def)))
        return 0;

    return ensure(conn, primary);
}


/* Of a pair, the secondary alone is lent. The migration goes on, or its end could
 * not be written down; virtqemud knows which, and settles it when it starts. */
static bool
nodeDeviceVHBAIsLentAlone(nodeDeviceVHBAs *vhbas,
                          const virNodeDeviceDef *def)
{
    const virNodeDevVHBADef *vhba = virNodeDeviceVHBAGetDef(def);
    g_autoptr(virNodeDeviceDef) primary = NULL;
    g_autofree char *name = NULL;

    if (!vhba->primary)
        return false;

    name = virNodeDeviceVHBAName(vhba->primary);

    return nodeDeviceVHBAGetEntry(vhbas, name, &primary, NULL) &&
        virNodeDeviceVHBAGetDef(primary)->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE;
}


/* As long as the pair is borrowed, the domain runs on the other host, on what is the
 * secondary here. Only the migration starts the primary. */
static int
nodeDeviceVHBACheckBorrowed(nodeDeviceVHBAs *vhbas,
                            const virNodeDeviceDef *def)
{
    g_autoptr(virNodeDeviceDef) primary =
        nodeDeviceVHBAGetMarkedPrimary(vhbas, def, VIR_NODE_DEV_VHBA_HANDOVER_BORROWED);
    const virNodeDevVHBADef *vhba = virNodeDeviceVHBAGetDef(def);

    if (!primary)
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("'%1$s' is borrowed from the host that domain '%2$s' migrates from, and in use there (migration %3$s); if that is over, restart virtqemud: it gives the pair back"),
                   def->name, vhba->domain, vhba->migration);
    return -1;
}


/**
 * nodeDeviceVHBACheckHandover:
 * @vhbas: the vHBAs
 * @def: definition of a vHBA that is to be started
 *
 * What is lent, or borrowed and not kept yet, is in use, or may be, on the other
 * host. Of a pair that is lent the secondary may be tried: the fabric lets it in if
 * the other host has let go of it.
 *
 * Returns 0 if it may be started, -1 with an error.
 */
int
nodeDeviceVHBACheckHandover(nodeDeviceVHBAs *vhbas,
                            const virNodeDeviceDef *def)
{
    const virNodeDevVHBADef *vhba = virNodeDeviceVHBAGetDef(def);
    g_autoptr(virNodeDeviceDef) primary = nodeDeviceVHBAGetLentPrimary(vhbas, def);
    const char *secondary = NULL;

    if (nodeDeviceVHBACheckBorrowed(vhbas, def) < 0)
        return -1;

    if (primary || !vhba || vhba->handover != VIR_NODE_DEV_VHBA_HANDOVER_LENT)
        return 0;

    if (nodeDeviceVHBAIsLentAlone(vhbas, def)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' is lent to the host that domain '%2$s' migrates to (migration %3$s), but its primary 'vhba_%4$s' is here; if that migration is over, restart virtqemud: it takes '%1$s' back"),
                       def->name, vhba->domain, vhba->migration, vhba->primary);
        return -1;
    }

    secondary = vhba->secondary ? vhba->secondary : virNodeDeviceVHBAGetWWPN(def);

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("'%1$s' is lent to the host that domain '%2$s' migrates to (migration %3$s); if that is over and the domain has not run there, take the pair back with 'virsh nodedev-start vhba_%4$s'; if it runs there, or has run, give the pair up with 'virsh nodedev-undefine vhba_%4$s'"),
                   def->name, vhba->domain, vhba->migration, secondary);
    return -1;
}


/* Removes the mark of @lent, a copy that may have been made some time ago: what
 * has been defined anew since, or undefined, stays as it is now. */
static int
nodeDeviceVHBAUnmark(nodeDeviceVHBAs *vhbas,
                     const virNodeDeviceDef *lent)
{
    const char *migration = virNodeDeviceVHBAGetDef(lent)->migration;
    g_autoptr(virNodeDeviceDef) def = NULL;
    virNodeDevVHBADef *vhba;
    VIR_LOCK_GUARD lock = virLockGuardLock(&vhbas->defineLock);

    if (!nodeDeviceVHBAGetEntry(vhbas, lent->name, &def, NULL))
        return 0;

    vhba = virNodeDeviceVHBAGetDef(def);
    if (vhba->handover != VIR_NODE_DEV_VHBA_HANDOVER_LENT ||
        STRNEQ_NULLABLE(vhba->migration, migration))
        return 0;

    vhba->handover = VIR_NODE_DEV_VHBA_HANDOVER_NONE;
    g_clear_pointer(&vhba->domain, g_free);
    g_clear_pointer(&vhba->migration, g_free);

    return nodeDeviceVHBADoDefine(vhbas, def);
}


/**
 * nodeDeviceVHBATakeBack:
 * @vhbas: the vHBAs
 * @def: definition of a vHBA that the fabric has just let in
 *
 * If that is the secondary of a pair that is lent, the pair is here again. The
 * primary comes first: if we die or fail in between, the mark of the secondary
 * alone says the same, see nodeDeviceVHBAIsLentAlone. If the host has been booted
 * since, the primary is not active; then it is started in the background, should it
 * start by itself.
 *
 * Returns 0 on success, -1 with an error.
 */
int
nodeDeviceVHBATakeBack(nodeDeviceVHBAs *vhbas,
                       const virNodeDeviceDef *def)
{
    g_autoptr(virNodeDeviceDef) primary = nodeDeviceVHBAGetLentPrimary(vhbas, def);

    if (!primary)
        return 0;

    if (nodeDeviceVHBAUnmark(vhbas, primary) < 0)
        return -1;

    nodeDeviceVHBAAutostartAdd(vhbas->autostart, primary->name);

    return nodeDeviceVHBAUnmark(vhbas, def);
}


static int
nodeDeviceVHBAGiveUpPrimary(nodeDeviceVHBAs *vhbas,
                            const char *name)
{
    int ret = 0;

    if (nodeDeviceVHBABegin(vhbas, name) < 0)
        return -1;

    if (nodeDeviceVHBAIsActive(vhbas, name))
        ret = nodeDeviceVHBADoDestroy(vhbas, name, virNodeDeviceVHBANameWWPN(name));

    if (ret == 0)
        ret = nodeDeviceVHBADoUndefine(vhbas, name);

    nodeDeviceVHBAEnd(vhbas, name);
    return ret;
}


/**
 * nodeDeviceVHBAGiveUp:
 * @vhbas: the vHBAs
 * @name: of a vHBA
 *
 * Undefines it. If it is the secondary of a pair that is lent, the primary goes
 * as well, unless a domain is on it still.
 *
 * Returns 0 when the definitions are gone from the disk, -1 with an error.
 */
int
nodeDeviceVHBAGiveUp(nodeDeviceVHBAs *vhbas,
                     const char *name)
{
    g_autoptr(virNodeDeviceDef) def = NULL;
    g_autoptr(virNodeDeviceDef) primary = NULL;

    int claimed = 0;

    if (nodeDeviceVHBAGetEntry(vhbas, name, &def, NULL) &&
        (primary = nodeDeviceVHBAGetLentPrimary(vhbas, def)) &&
        (claimed = virFCClaimGet(virNodeDeviceVHBAGetWWPN(primary), NULL, NULL)) < 0)
        return -1;

    if (nodeDeviceVHBADoUndefine(vhbas, name) < 0)
        return -1;

    if (!primary || claimed)
        return 0;

    return nodeDeviceVHBAGiveUpPrimary(vhbas, primary->name);
}
