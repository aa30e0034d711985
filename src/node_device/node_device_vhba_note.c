/*
 * node_device_vhba_note.c: what is remembered of vHBAs until the host boots
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

#include <fcntl.h>
#include <unistd.h>

#define LIBVIRT_NODE_DEVICE_VHBAPRIV_H_ALLOW
#include "node_device_vhbapriv.h"
#include "virfile.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_vhba_note");


/* Notes that last until the host boots, whatever becomes of the daemon: empty files
 * with the names of vHBAs, in a directory for each kind of note. */


/* Returns its path, to be freed by the caller. */
static char *
nodeDeviceVHBANotePath(const char *dir,
                       const char *name)
{
    return g_strdup_printf("%s/%s", dir, name);
}


/* Returns 0, or -1 with errno set and no error reported. */
static int
nodeDeviceVHBANoteWrite(const char *dir,
                        const char *name)
{
    g_autofree char *path = nodeDeviceVHBANotePath(dir, name);
    VIR_AUTOCLOSE fd = -1;

    if (g_mkdir_with_parents(dir, 0700) < 0 ||
        (fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) < 0)
        return -1;

    return 0;
}


static void
nodeDeviceVHBANoteRemove(const char *dir,
                         const char *name)
{
    g_autofree char *path = nodeDeviceVHBANotePath(dir, name);

    unlink(path);
}


static bool
nodeDeviceVHBANoteExists(const char *dir,
                         const char *name)
{
    g_autofree char *path = nodeDeviceVHBANotePath(dir, name);

    return virFileExists(path);
}


/* A vHBA that is undefined while it is active keeps its name until it is gone. */
void
nodeDeviceVHBAKeepName(nodeDeviceVHBAs *vhbas,
                       const char *name)
{
    if (nodeDeviceVHBANoteWrite(vhbas->namesDir, name) < 0)
        VIR_WARN("'%s' will have another name when the daemon is restarted: %s",
                 name, g_strerror(errno));
}


void
nodeDeviceVHBAForgetName(nodeDeviceVHBAs *vhbas,
                         const char *name)
{
    nodeDeviceVHBANoteRemove(vhbas->namesDir, name);
}


bool
nodeDeviceVHBAKeepsName(nodeDeviceVHBAs *vhbas,
                        const char *name)
{
    return nodeDeviceVHBANoteExists(vhbas->namesDir, name);
}


/* Who destroys a vHBA may want to use its WWPN on another host. So it does not
 * start by itself, not even when the daemon is restarted, until it was started,
 * or is to start by itself from now on, or the host is booted. To be called before
 * the vHBA @name, which is defined, is destroyed. */
void
nodeDeviceVHBASetDestroyed(nodeDeviceVHBAs *vhbas,
                           const char *name)
{
    if (nodeDeviceVHBANoteWrite(vhbas->destroyedDir, name) < 0)
        VIR_WARN("'%s' will start by itself when the daemon is restarted: %s",
                 name, g_strerror(errno));
}


void
nodeDeviceVHBAClearDestroyed(nodeDeviceVHBAs *vhbas,
                             const char *name)
{
    nodeDeviceVHBANoteRemove(vhbas->destroyedDir, name);
}


bool
nodeDeviceVHBAIsDestroyed(nodeDeviceVHBAs *vhbas,
                          const char *name)
{
    return nodeDeviceVHBANoteExists(vhbas->destroyedDir, name);
}
