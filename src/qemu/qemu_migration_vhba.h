/*
 * qemu_migration_vhba.h: hand-over of vHBAs between hosts
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

#include "qemu_conf.h"
#include "qemu_domain.h"
#include "qemu_migration_vhba_begin.h"
#include "qemu_migration_vhba_cookie.h"
#include "qemu_migration_vhba_dst.h"
#include "qemu_migration_vhba_guest.h"
#include "qemu_migration_vhba_peer.h"
#include "qemu_migration_vhba_prepare.h"
#include "qemu_migration_vhba_recover.h"
#include "qemu_migration_vhba_src.h"

/*
 * A guest whose disks are LUNs behind a pair of vHBAs migrates like this. P is
 * the primary, which carries the I/O on the source; S is the secondary, which
 * is logged in there and idle.
 *
 *   Begin    source       mark S lent, stop it
 *   Prepare  destination  define S and P marked borrowed, S being the primary
 *                         here; start S; check that it shows the same LUNs
 *   Perform  source       send the guest, then mark P lent
 *   Finish   destination  ok: clear the mark of S, start the CPUs, start P once
 *                         it is free
 *                         bad: stop and undefine S, undefine P
 *   Confirm  source       ok: undefine S, stop QEMU, stop and undefine P
 *                         refused: clear the mark of P, resume; mark S
 *                         borrowed, start it once it is free, clear its mark
 *                         no answer: stay paused, until it is resumed by hand
 *                         and S comes back
 *
 * Offline, nothing is sent, and Finish may follow Prepare at once: P is marked
 * in Begin, with S. What was not active on the source is not started, neither
 * by this host nor by the other; the marks tell.
 *
 * The journal is in the definitions of the vHBAs: a mark is on disk before
 * the step that it announces is taken, and what is to be done is found by the
 * marks alone. So each step can be repeated, and settling twice is settling
 * once.
 *
 *   _begin     the source looks, and refuses what cannot end well
 *   _src       what the source does from there on
 *   _prepare   the destination takes the vHBAs in
 *   _dst       what the destination does from there on
 *   _journal   the marks, and a step for each vHBA that has one
 *   _guest     which of a guest's disks are behind a vHBA, and whether it is concerned
 *   _handover  what the job remembers, to be quick when the guest is stopped
 *   _recover   marks that have outlived their domain
 */

void
qemuMigrationVHBADstAbandon(virDomainObj *vm);

void
qemuMigrationVHBASettle(virDomainObj *vm,
                        bool running);

void
qemuMigrationVHBARecover(virDomainObj *vm,
                         virDomainJobObj *job);
