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

#include "datatypes.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_migration.h"
#include "qemu/qemu_migration_forget.h"
#include "qemu/qemu_process.h"
#include "virclosecallbacks.h"
#include "virfile.h"
#include "virthreadjob.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define FLAGS (VIR_MIGRATE_LIVE | VIR_MIGRATE_CHANGE_PROTECTION)
#define OFFLINE (VIR_MIGRATE_OFFLINE | VIR_MIGRATE_PERSIST_DEST)

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
    /* as in an RPC's worker: the job remembers which API owns it */
    virThreadJobSet("testMigrationBegin");

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


static virDomainDef *
testDefNew(const char *name)
{
    virDomainDef *def = virDomainDefNew(driver.xmlopt);

    def->name = g_strdup(name);
    def->virtType = VIR_DOMAIN_VIRT_QEMU;
    def->os.type = VIR_DOMAIN_OSTYPE_HVM;
    def->os.arch = VIR_ARCH_X86_64;

    return def;
}


/* What the Prepare phase does for a domain that is not to run */
static int
testOfflinePrepare(virConnectPtr conn,
                   const char *name)
{
    g_autoptr(virDomainDef) def = testDefNew(name);
    g_autofree char *cookie = NULL;
    g_autofree char *uri = NULL;
    int cookielen = 0;

    if (virUUIDGenerate(def->uuid) < 0)
        return -1;

    return qemuMigrationDstPrepareDirect(&driver, conn, NULL, 0, &cookie, &cookielen,
                                         "tcp:here:49152", &uri, &def, name, NULL,
                                         NULL, 0, NULL, NULL, OFFLINE);
}


/* Whether the domain is here still, or its definition on disk */
static bool
testIsKnown(const char *name)
{
    g_autofree char *config = virDomainConfigFile(driver.config->configDir, name);
    virDomainObj *vm = virDomainObjListFindByName(driver.domains, name);
    bool known = vm || virFileExists(config);

    virDomainObjEndAPI(&vm);
    return known;
}


struct testFinish {
    int cancelled;
    bool conn;                  /* there is one, so that a domain can be returned */
    bool known;                 /* the domain is here afterwards */
};


/* No definition is left behind when the source is told that it has failed,
 * whether that is found out before it was written, or after. */
static int
testOfflineFinish(const void *opaque)
{
    const struct testFinish *t = opaque;
    g_autoptr(virConnect) conn = virGetConnect();
    g_autoptr(virDomain) dom = NULL;
    virDomainObj *vm;

    if (testOfflinePrepare(conn, "incoming") < 0 ||
        !(vm = virDomainObjListFindByName(driver.domains, "incoming")))
        return -1;

    dom = qemuMigrationDstFinish(&driver, t->conn ? conn : NULL, vm, NULL, 0, NULL,
                                 NULL, OFFLINE, t->cancelled, true);
    virResetLastError();

    if (!!dom != t->known || testIsKnown("incoming") != t->known) {
        VIR_TEST_VERBOSE("the domain is %s here", t->known ? "not" : "still");
        return -1;
    }

    return 0;
}


static int
testOfflineClosed(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virConnect) conn = virGetConnect();

    if (testOfflinePrepare(conn, "lost") < 0 || !testIsKnown("lost"))
        return -1;

    virCloseCallbacksDomainRunForConn(driver.domains, conn);

    if (testIsKnown("lost")) {
        VIR_TEST_VERBOSE("the domain is still here");
        return -1;
    }

    return 0;
}


/* A domain that was defined before stays, and nothing of the migration is done when it
 * is stopped one day. */
static int
testOfflineClosedDefined(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virConnect) conn = virGetConnect();
    virDomainObj *vm = NULL;
    qemuDomainObjPrivate *priv;
    int ret = -1;

    if (testOfflinePrepare(conn, "defined") < 0 ||
        !(vm = virDomainObjListFindByName(driver.domains, "defined")))
        return -1;

    vm->persistent = 1;
    virDomainObjEndAPI(&vm);
    virCloseCallbacksDomainRunForConn(driver.domains, conn);

    if (!(vm = virDomainObjListFindByName(driver.domains, "defined")))
        return -1;

    priv = vm->privateData;
    if (priv->ncleanupCallbacks == 0)
        ret = 0;

    vm->persistent = 0;
    qemuDomainRemoveInactive(&driver, vm, 0, false);
    virDomainObjEndAPI(&vm);
    return ret;
}


/* QEMU has died, and the thread that is to stop it waits for the job that ends with
 * this. It must find the domain as it was. */
static int
testForgetDying(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virConnect) conn = virGetConnect();
    virDomainObj *vm = NULL;
    qemuDomainObjPrivate *priv;
    int ret = -1;

    if (testOfflinePrepare(conn, "dying") < 0 ||
        !(vm = virDomainObjListFindByName(driver.domains, "dying")))
        return -1;

    virDomainObjEndAsyncJob(vm);
    priv = vm->privateData;
    priv->beingDestroyed = true;
    vm->def->id = 7;
    vm->newDef = testDefNew("dying");
    vm->persistent = 1;
    if (virDomainDefSave(vm->newDef, driver.xmlopt, driver.config->configDir) < 0)
        goto cleanup;

    qemuMigrationDstForget(&driver, vm, false);
    if (vm->removing || vm->persistent || vm->def->id != 7 || !vm->newDef) {
        VIR_TEST_VERBOSE("the thread would not find it any more");
        goto cleanup;
    }

    vm->def->id = -1;
    qemuMigrationDstForget(&driver, vm, false);
    ret = 0;

 cleanup:
    virDomainObjEndAPI(&vm);
    return testIsKnown("dying") ? -1 : ret;
}


/* QEMU is there already when a post-copy migration is resumed, and listens
 * where it is told to. */
static int
testIncomingWithoutFD(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virDomainObj) vm = testDomainNew();
    qemuProcessIncomingDef *incoming = NULL;
    int ret = -1;

    incoming = qemuProcessIncomingDefNew(&driver, vm, NULL, "tcp:192.0.2.1:49152",
                                         NULL, NULL, NULL, NULL);

    if (incoming && incoming->fd == -1 &&
        STREQ(incoming->uri, "tcp:192.0.2.1:49152"))
        ret = 0;

    qemuProcessIncomingDefFree(incoming);
    return ret;
}


/* What another host calls a domain becomes the name of files here */
struct testName {
    const char *xml;            /* the name in the XML of the domain */
    const char *dname;          /* and what it shall be called here, or NULL */
    const char *name;           /* what it is called, NULL if that is refused */
};


static int
testPrepareName(const void *opaque)
{
    const struct testName *t = opaque;
    g_autoptr(virDomainDef) def = NULL;
    g_autofree char *origname = NULL;
    g_autofree char *xml = NULL;

    xml = g_strdup_printf("<domain type='kvm'>"
                          "  <name>%s</name>"
                          "  <memory>219100</memory>"
                          "  <os><type arch='x86_64' machine='pc'>hvm</type></os>"
                          "  <devices>"
                          "    <emulator>/usr/bin/qemu-system-x86_64</emulator>"
                          "  </devices>"
                          "</domain>", t->xml);

    def = qemuMigrationAnyPrepareDef(&driver, NULL, xml, t->dname, &origname);
    if (!def && !t->name) {
        if (!strstr(virGetLastErrorMessage(), "invalid char in name"))
            return -1;
        virResetLastError();
    }

    return virTestCompareToString(NULLSTR(t->name), def ? def->name : NULLSTR(NULL));
}


static int
mymain(void)
{
    g_autoptr(GHashTable) capslatest = testQemuGetLatestCaps();
    g_autoptr(GHashTable) capscache = virHashNew(virObjectUnref);
    int ret = 0;

    if (qemuTestDriverInit(&driver) < 0)
        return EXIT_FAILURE;

    driver.domains = virDomainObjListNew();
    g_free(driver.config->autostartDir);
    driver.config->autostartDir = g_strdup_printf("%s/autostart", driver.config->configDir);

    if (testQemuInsertRealCaps(driver.qemuCapsCache, "x86_64", "latest", "",
                               capslatest, capscache, NULL, NULL) < 0)
        return EXIT_FAILURE;

#define TEST_NAME(what, ...) \
    do { \
        const struct testName t = { __VA_ARGS__ }; \
        if (virTestRun("the domain's " what, testPrepareName, &t) < 0) \
            ret = -1; \
    } while (0)

    TEST_NAME("name", .xml = "guest", .name = "guest");
    TEST_NAME("new name", .xml = "guest", .dname = "other", .name = "other");
    TEST_NAME("new name is a path", .xml = "guest", .dname = "../../../etc/x");
    TEST_NAME("name has two lines", .xml = "gu\nest");
    TEST_NAME("new name has two lines", .xml = "guest", .dname = "gu\nest");

    if (virTestRun("a failed migration and the next one",
                   testPerformFails, NULL) < 0)
        ret = -1;

    if (virTestRun("offline, the source calls it off", testOfflineFinish,
                   &((struct testFinish) { .cancelled = 1, .conn = true })) < 0)
        ret = -1;

    if (virTestRun("offline, it fails when the definition is written", testOfflineFinish,
                   &((struct testFinish) { .conn = false })) < 0)
        ret = -1;

    if (virTestRun("offline, the client has gone", testOfflineClosed, NULL) < 0)
        ret = -1;

    if (virTestRun("offline, the client has gone from a domain that stays",
                   testOfflineClosedDefined, NULL) < 0)
        ret = -1;

    if (virTestRun("somebody is about to stop its QEMU", testForgetDying, NULL) < 0)
        ret = -1;

    if (virTestRun("offline, it has come", testOfflineFinish,
                   &((struct testFinish) { .conn = true, .known = true })) < 0)
        ret = -1;

    if (virTestRun("post-copy, resumed", testIncomingWithoutFD, NULL) < 0)
        ret = -1;

    virObjectUnref(driver.domains);
    qemuTestDriverFree(&driver);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
