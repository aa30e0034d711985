/*
 * qemu_migration_vhba_cookie.h: what a migration tells about its vHBAs
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
#include "virbuffer.h"
#include "virxml.h"

/*
 * The part of the migration cookie that travels from the source to the
 * destination when the guest's disks are LUNs behind paired vHBAs. It is
 * made by the Begin phase and consumed by the Prepare phase; it is a
 * mandatory feature of the cookie, so a destination that does not know it
 * refuses the migration.
 *
 * Everything in a parsed cookie has been validated: WWNs are canonical,
 * no WWPN occurs twice, lists are bounded and not empty, except that an inactive
 * primary need not show LUNs.
 */

/* One LUN that a disk of the guest uses through the pair */
typedef struct _qemuMigrationVHBALun qemuMigrationVHBALun;
struct _qemuMigrationVHBALun {
    char *disk;                 /* target name of the disk, e.g. "vda" */
    unsigned int depth;         /* place in its backing chain; 0 is the top */
    char *target;               /* WWPN of the target port on the source */
    unsigned long long unit;    /* LUN number on the source */
    char *id;                   /* identity, SCSI VPD page 0x83 */
    unsigned long long size;    /* in bytes */
};

/* One vHBA of a pair */
typedef struct _qemuMigrationVHBAMember qemuMigrationVHBAMember;
struct _qemuMigrationVHBAMember {
    char *wwnn;
    char *wwpn;
    bool autostart;             /* on the source, and so on the destination */
    bool inactive;                  /* not active there, so not to be started here;
                                 * only if the guest does not run */
};

typedef struct _qemuMigrationVHBAPair qemuMigrationVHBAPair;
struct _qemuMigrationVHBAPair {
    qemuMigrationVHBAMember primary;    /* carries the I/O on the source */
    qemuMigrationVHBAMember secondary;  /* moves to the destination */
    char *fabricWWN;

    size_t nluns;               /* 0 if the primary is inactive */
    qemuMigrationVHBALun **luns;
};

typedef struct _qemuMigrationVHBACookie qemuMigrationVHBACookie;
struct _qemuMigrationVHBACookie {
    char *migration;            /* UUID of this hand-over, as in the marks */

    size_t npairs;
    qemuMigrationVHBAPair **pairs;
};

void
qemuMigrationVHBALunFree(qemuMigrationVHBALun *lun);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuMigrationVHBALun, qemuMigrationVHBALunFree);

void
qemuMigrationVHBAPairFree(qemuMigrationVHBAPair *pair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuMigrationVHBAPair, qemuMigrationVHBAPairFree);

qemuMigrationVHBACookie *
qemuMigrationVHBACookieNew(void);

void
qemuMigrationVHBACookieFree(qemuMigrationVHBACookie *cookie);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuMigrationVHBACookie, qemuMigrationVHBACookieFree);

qemuMigrationVHBAPair *
qemuMigrationVHBACookieFindPair(const qemuMigrationVHBACookie *cookie,
                                const char *wwpn);

void
qemuMigrationVHBACookieXMLFormat(virBuffer *buf,
                                 const qemuMigrationVHBACookie *cookie);

int
qemuMigrationVHBACookieXMLParse(xmlXPathContextPtr ctxt,
                                qemuMigrationVHBACookie **cookie);
