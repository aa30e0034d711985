/*
 * qemu_migration_forget.c: what is left of a guest that has not come
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

#include "qemu_migration_forget.h"

#include "domain_event.h"
#include "qemu_domain.h"


/**
 * qemuMigrationDstForget:
 * @driver: the driver
 * @vm: a locked domain that is not active, or is being destroyed
 * @persistent: whether @vm was defined here before it was to come
 *
 * Removes what there is of @vm, whose migration to this host has failed, from
 * the list of domains, and its definition unless @persistent. If another thread
 * is about to stop its QEMU, @vm is left to that as it is, since it would not find
 * it any more; with no definition, it removes @vm afterwards. The current error is
 * preserved.
 */
void
qemuMigrationDstForget(virQEMUDriver *driver,
                       virDomainObj *vm,
                       bool persistent)
{
    g_autoptr(virQEMUDriverConfig) cfg = virQEMUDriverGetConfig(driver);
    virErrorPtr orig_err = NULL;
    virObjectEvent *event;
    bool active = virDomainObjIsActive(vm);

    virErrorPreserveLast(&orig_err);
    if (!active)
        virDomainObjRemoveTransientDef(vm);

    if (vm->persistent && !persistent &&
        virDomainDeleteConfig(cfg->configDir, cfg->autostartDir, vm) == 0) {
        vm->persistent = 0;
        event = virDomainEventLifecycleNewFromObj(vm,
                                                  VIR_DOMAIN_EVENT_UNDEFINED,
                                                  VIR_DOMAIN_EVENT_UNDEFINED_REMOVED);
        virObjectEventStateQueue(driver->domainEventState, event);
    }

    if (!active)
        qemuDomainRemoveInactive(driver, vm, VIR_DOMAIN_UNDEFINE_TPM, true);
    virErrorRestore(&orig_err);
}
