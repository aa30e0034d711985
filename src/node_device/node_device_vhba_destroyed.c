/*
 * node_device_vhba_destroyed.c: vHBAs that somebody has destroyed on purpose
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

#define LIBVIRT_NODE_DEVICE_VHBAPRIV_H_ALLOW
#include "node_device_vhbapriv.h"
#include "virfile.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_vhba_destroyed");


/* Who destroys a vHBA may want to use its WWPN on another host. So it does not
 * start by itself, not even when the daemon is restarted, until it was started,
 * or is to start by itself from now on, or the host is booted: an empty file in
 * the state directory says so. */


/* Returns its path, to be freed by the caller. */
static char *
nodeDeviceVHBADestroyedFile(nodeDeviceVHBAs *vhbas,
                            const char *name)
{
    return g_strdup_printf("%s/%s", vhbas->destroyedDir, name);
}


/* To be called before the vHBA @name, which is defined, is destroyed. */
void
nodeDeviceVHBASetDestroyed(nodeDeviceVHBAs *vhbas,
                           const char *name)
{
    g_autofree char *file = nodeDeviceVHBADestroyedFile(vhbas, name);

    if (g_mkdir_with_parents(vhbas->destroyedDir, 0700) < 0 ||
        virFileTouch(file, 0600) < 0)
        VIR_WARN("'%s' will start by itself when the daemon is restarted: %s",
                 name, g_strerror(errno));
}


void
nodeDeviceVHBAClearDestroyed(nodeDeviceVHBAs *vhbas,
                             const char *name)
{
    g_autofree char *file = nodeDeviceVHBADestroyedFile(vhbas, name);

    unlink(file);
}


bool
nodeDeviceVHBAIsDestroyed(nodeDeviceVHBAs *vhbas,
                          const char *name)
{
    g_autofree char *file = nodeDeviceVHBADestroyedFile(vhbas, name);

    return virFileExists(file);
}
