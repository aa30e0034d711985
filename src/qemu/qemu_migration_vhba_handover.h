/*
 * qemu_migration_vhba_handover.h: what a migration job remembers of its hand-over
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
#include "qemu_migration_vhba_cookie.h"
#include "qemu_vhba_nodedev.h"

/*
 * The node device driver is another daemon. To connect to it takes much longer
 * than to ask it something, and it may know hundreds of vHBAs. While the guest
 * is stopped it waits for us, so a job keeps what it has, and gets ready for
 * what it will need then.
 *
 * Nothing depends on that: what a hand-over has come to is in the journal alone,
 * see qemu_migration_vhba_journal.h. After a restart of this daemon nothing is
 * remembered, and the journal is listed.
 */

/* One pair, in the roles that it has on this host */
typedef struct _qemuMigrationVHBAHandoverPair qemuMigrationVHBAHandoverPair;
struct _qemuMigrationVHBAHandoverPair {
    char *primary;              /* WWPNs */
    char *secondary;
    bool inactive;              /* the primary was not active on the source, and is to
                                 * be on no host; there the guest does not run */

    qemuVHBANodedev *found;     /* the primary, when it was looked up; or NULL */
};

typedef struct _qemuMigrationVHBAHandover qemuMigrationVHBAHandover;
struct _qemuMigrationVHBAHandover {
    char *migration;            /* UUID, as in the marks */

    size_t npairs;
    qemuMigrationVHBAHandoverPair *pairs;

    bool sent;                  /* the source may have marked primaries as lent */
    bool committed;             /* the destination has decided to keep the pairs */

    virConnectPtr conn;         /* to the node device driver, with the authority
                                 * of the daemon; NULL until it is needed */
};

qemuMigrationVHBAHandover *
qemuMigrationVHBAHandoverNew(const qemuMigrationVHBACookie *cookie,
                             bool incoming);

void
qemuMigrationVHBAHandoverFree(qemuMigrationVHBAHandover *handover);

virConnectPtr
qemuMigrationVHBAHandoverConnect(qemuMigrationVHBAHandover *handover);

qemuVHBANodedev *
qemuMigrationVHBAHandoverGetPrimary(qemuMigrationVHBAHandover *handover,
                                    size_t pair);

void
qemuMigrationVHBAHandoverGetReady(qemuMigrationVHBAHandover *handover);
