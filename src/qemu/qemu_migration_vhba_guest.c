/*
 * qemu_migration_vhba_guest.c: what a hand-over has to know of a guest
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

#include "qemu_migration_vhba_guest.h"

#include "qemu_migration.h"

#include "domain_vhba_source_conf.h"


/**
 * qemuMigrationVHBAIsUsed:
 *
 * Returns true if any disk of @def is a LUN behind a vHBA, or has its data there.
 */
bool
qemuMigrationVHBAIsUsed(const virDomainDef *def)
{
    size_t i;

    for (i = 0; i < def->ndisks; i++) {
        if (virStorageSourceVHBAIsUsed(def->disks[i]->src))
            return true;
    }

    return false;
}


/**
 * qemuMigrationVHBAGetSource:
 * @def: definition of a domain
 * @disk: target name of a disk
 * @depth: place in its backing chain; 0 is the top
 *
 * Returns that source, which is @def's; NULL if there is none.
 */
virStorageSource *
qemuMigrationVHBAGetSource(virDomainDef *def,
                           const char *disk,
                           unsigned int depth)
{
    virDomainDiskDef *diskdef = virDomainDiskByTarget(def, disk);
    virStorageSource *n = diskdef ? diskdef->src : NULL;

    while (n && depth-- > 0)
        n = n->backingStore;

    return n;
}


/**
 * qemuMigrationVHBAConcerns:
 * @vm: domain with a migration job
 *
 * Returns true if that job is handing over vHBAs. A post-copy migration may
 * have forgotten that in a restart of the daemon.
 */
bool
qemuMigrationVHBAConcerns(virDomainObj *vm)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;

    return jobPriv->vhbaHandover ||
           (vm->job->phase >= QEMU_MIGRATION_PHASE_POSTCOPY_FAILED &&
            qemuMigrationVHBAIsUsed(vm->def));
}
