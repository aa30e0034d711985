/*
 * virfcremoteport.h: what a Fibre Channel host sees of other ports
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

#pragma once

#include "internal.h"

/*
 * A host logs in to the ports that share a zone with it and shows each of
 * them as a "remote port". The members of a vHBA pair are usually put in one
 * zone; then each is a witness, through the fabric alone, of whether the
 * other is logged in anywhere.
 */
typedef enum {
    VIR_FC_REMOTE_PORT_UNSEEN = 0,  /* the host knows nothing about the port:
                                       perhaps they share no zone */
    VIR_FC_REMOTE_PORT_PRESENT,     /* it is logged in to the fabric */
    VIR_FC_REMOTE_PORT_GONE,        /* it was, and has left */
} virFCRemotePortState;

virFCRemotePortState
virFCRemotePortGetState(unsigned int host,
                        const char *wwpn)
    ATTRIBUTE_NONNULL(2);
