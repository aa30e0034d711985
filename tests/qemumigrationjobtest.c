/*
 * qemumigrationjobtest.c: test what a migration job leaves behind
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

#include "testutils.h"
#include "testutilsqemu.h"

#include "qemu/qemu_domain.h"
#include "qemu/qemu_migration.h"
#include "qemu/qemu_process.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define FLAGS (VIR_MIGRATE_LIVE | VIR_MIGRATE_CHANGE_PROTECTION)

static virQEMUDriver driver;


static virDomainObj *
testDomainNew(void)
{
    virDomainObj *vm = virDomainObjNew(driver.xmlopt);

    vm->def = virDomainDefNew(driver.xmlopt);
    vm->def->name = g_strdup("guest");
    vm->def->id = 1;
    virDomainObjSetState(vm, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);

    return vm;
}


static int
testMigrationBegin(virDomainObj *vm)
{
    return virDomainObjBeginAsyncJob(vm, VIR_ASYNC_JOB_MIGRATION_OUT,
                                     VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
                                     FLAGS);
}


/* As the Begin phase leaves @vm: its job waits for the next phase, and is
 * discarded if QEMU dies before */
static int
testMigrationWait(virDomainObj *vm)
{
    if (testMigrationBegin(vm) < 0)
        return -1;

    qemuDomainCleanupAdd(vm, qemuProcessCleanupMigrationJob);
    qemuDomainObjReleaseAsyncJob(vm);
    return 0;
}


static int
testMigrationPerform(virDomainObj *vm,
                     const char *uri)
{
    return qemuMigrationSrcPerform(&driver, NULL, vm, NULL, NULL, NULL, uri,
                                   NULL, NULL, NULL, NULL, 0, NULL, NULL,
                                   NULL, 0, NULL, NULL, FLAGS, NULL, 0, true);
}


/* A job that has failed has nothing to do with the QEMU process of the next
 * one any more, which its Confirm phase stops */
static int
testPerformFails(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virDomainObj) vm = testDomainNew();
    int ret = 0;

    if (testMigrationWait(vm) < 0)
        return -1;

    if (testMigrationPerform(vm, "nowhere") == 0 ||
        vm->job->asyncJob != VIR_ASYNC_JOB_NONE) {
        VIR_TEST_VERBOSE("the migration did not fail");
        return -1;
    }
    virResetLastError();

    if (testMigrationBegin(vm) < 0)
        return -1;

    qemuDomainCleanupRun(&driver, vm);

    if (vm->job->asyncJob != VIR_ASYNC_JOB_MIGRATION_OUT) {
        VIR_TEST_VERBOSE("the job of the next migration was discarded");
        ret = -1;
    }

    virDomainObjEndAsyncJob(vm);
    return ret;
}


static int
mymain(void)
{
    int ret = 0;

    if (qemuTestDriverInit(&driver) < 0)
        return EXIT_FAILURE;

    if (virTestRun("a failed migration and the next one",
                   testPerformFails, NULL) < 0)
        ret = -1;

    qemuTestDriverFree(&driver);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
