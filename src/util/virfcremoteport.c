/*
 * virfcremoteport.c: what a Fibre Channel host sees of other ports
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

#include "virfcremoteport.h"

#include "viralloc.h"
#include "virfile.h"
#include "virstring.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define SYSFS_FC_REMOTE_PORTS "/sys/class/fc_remote_ports"


static char *
virFCRemotePortReadAttr(const char *rport,
                        const char *attr)
{
    g_autofree char *path = g_strdup_printf(SYSFS_FC_REMOTE_PORTS "/%s/%s",
                                            rport, attr);
    char *value = NULL;

    if (virFileReadAllQuiet(path, 128, &value) < 0)
        return NULL;

    virStringTrimOptionalNewline(value);
    return value;
}


/**
 * virFCRemotePortGetState:
 * @host: N of the hostN that is asked; HBA or vHBA
 * @wwpn: name of the other port, in any accepted form
 *
 * The kernel names remote ports rport-HOST:CHANNEL-NUMBER. A port that has
 * left is kept for dev_loss_tmo seconds, "Blocked", so that its LUNs survive
 * a short absence. One that comes back on another address gets a new rport
 * while the old one may still be there: any that is "Online" counts.
 *
 * Ports come and go at any time, the answer is for now. It is not an error
 * when there is nothing to be read.
 */
virFCRemotePortState
virFCRemotePortGetState(unsigned int host,
                        const char *wwpn)
{
    g_autofree char *prefix = g_strdup_printf("rport-%u:", host);
    virFCRemotePortState ret = VIR_FC_REMOTE_PORT_UNSEEN;
    g_autoptr(DIR) dir = NULL;
    struct dirent *entry = NULL;

    if (virDirOpenQuiet(&dir, SYSFS_FC_REMOTE_PORTS) < 0)
        return VIR_FC_REMOTE_PORT_UNSEEN;

    while (virDirRead(dir, &entry, NULL) > 0) {
        g_autofree char *name = NULL;
        g_autofree char *state = NULL;

        if (!STRPREFIX(entry->d_name, prefix) ||
            !(name = virFCRemotePortReadAttr(entry->d_name, "port_name")) ||
            !virWWNEqual(name, wwpn))
            continue;

        state = virFCRemotePortReadAttr(entry->d_name, "port_state");
        if (STREQ_NULLABLE(state, "Online") ||
            STREQ_NULLABLE(state, "Marginal"))
            return VIR_FC_REMOTE_PORT_PRESENT;

        ret = VIR_FC_REMOTE_PORT_GONE;
    }

    return ret;
}
