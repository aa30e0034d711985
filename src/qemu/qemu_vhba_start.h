/*
 * qemu_vhba_start.h: start a vHBA as soon as the fabric lets it in
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
#include "libvirt_internal.h"
#include "qemu_vhba_nodedev.h"
#include "virfcremoteport.h"

/*
 * A vHBA that was running on another host a moment ago can be started here
 * when that host has let go of it. As a rule nobody waits for it, so this is
 * done in the background; the vHBA's mark in the journal tells that it is still
 * to be done, and is removed when it is.
 */

void
qemuVHBAStartSetInhibit(virStateInhibitCallback inhibit,
                        void *opaque);

virFCRemotePortState
qemuVHBAStartAskPartner(const qemuVHBANodedev *vhba);

int
qemuVHBAStartNow(virConnectPtr conn,
                 const char *wwpn,
                 const char *migration);

void
qemuVHBAStartWhenFree(const char *wwpn,
                      const char *migration)
    G_NO_INLINE;
