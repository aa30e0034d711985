/*
 * qemuvhbahotplugtest.c: plugging disks behind a Fibre Channel vHBA
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

#include "configmake.h"
#include "qemu/qemu_alias.h"
#include "qemu/qemu_hotplug.h"
#include "qemumonitortestutils.h"
#include "testsysfstree.h"
#include "testutils.h"
#include "testutilsqemu.h"
#include "testvhba.h"
#include "virfcclaim.h"
#include "virfile.h"
#include "virfilewrapper.h"

#define LIBVIRT_QEMU_CAPSPRIV_H_ALLOW
#include "qemu/qemu_capspriv.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define DOMAINS "/qemuhotplugtestdomains/qemuhotplug-base-live"
#define DEVICES "/qemuhotplugtestdevices/qemuhotplug-"

#define QMP_OK "{\"return\": {}}"
#define QMP_NONE "{\"return\": []}"
#define QMP_ERROR "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}"
#define QMP_DELETED \
    "{\"timestamp\": {\"seconds\": 1374137171, \"microseconds\": 2659}," \
    " \"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"scsi0-0-0-5\"," \
    " \"path\": \"/machine/peripheral/scsi0-0-0-5\"}}\r\n"

static virQEMUDriver driver;

/* The domain that the steps are taken with, one after the other */
typedef struct _testDomain testDomain;
struct _testDomain {
    virDomainObj *vm;
    GHashTable *schema; /* of QMP */
};

typedef struct _testStep testStep;
struct _testStep {
    testDomain *domain;
    const char *device;
    bool detach;
    bool update;
    bool fail;
    bool claimed; /* afterwards */
    const char *xml; /* of the domain, afterwards; NULL if there is no disk */
    const char *qmp[13]; /* commands that are expected, each with its answer */
};


static int
testCheckResult(const testStep *step)
{
    g_autofree char *path = g_strdup_printf("%s" DOMAINS "%s.xml", abs_srcdir,
                                            NULLSTR_EMPTY(step->xml));
    g_autofree char *actual = virDomainDefFormat(step->domain->vm->def, driver.xmlopt,
                                                 VIR_DOMAIN_DEF_FORMAT_SECURE);

    if (!actual || virTestCompareToFile(actual, path) < 0)
        return -1;

    return virFCClaimGet(ONE_LUN, NULL, NULL) == step->claimed ? 0 : -1;
}


static int
testStepTake(const testStep *step)
{
    virDomainObj *vm = step->domain->vm;
    g_autofree char *path = g_strdup_printf("%s" DEVICES "%s.xml", abs_srcdir,
                                            step->device);
    g_autofree char *xml = NULL;
    g_autoptr(virDomainDeviceDef) dev = NULL;

    if (virTestLoadFile(path, &xml) < 0 ||
        !(dev = virDomainDeviceDefParse(xml, vm->def, driver.xmlopt, NULL,
                                        VIR_DOMAIN_DEF_PARSE_INACTIVE)))
        return -1;

    if (step->detach)
        return qemuDomainDetachDeviceLive(vm, dev, &driver, false);

    if (step->update)
        return qemuDomainUpdateDeviceLive(vm, dev, &driver, false);

    /* takes what is in it on success */
    return qemuDomainAttachDeviceLive(vm, dev, &driver);
}


static int
testRunStep(const void *opaque)
{
    const testStep *step = opaque;
    g_autoptr(qemuMonitorTest) mon = NULL;
    qemuDomainObjPrivate *priv = step->domain->vm->privateData;
    const char *const *qmp;
    int rc;

    if (!(mon = qemuMonitorTestNew(driver.xmlopt, step->domain->vm, NULL,
                                   step->domain->schema)))
        return -1;

    for (qmp = step->qmp; *qmp; qmp += 2) {
        if (qemuMonitorTestAddItem(mon, qmp[0], qmp[1]) < 0)
            return -1;
    }

    priv->mon = qemuMonitorTestGetMonitor(mon);
    virObjectUnlock(priv->mon);
    rc = testStepTake(step);
    virObjectLock(priv->mon);
    priv->mon = NULL;

    if ((rc < 0) != step->fail)
        return -1;

    virResetLastError();
    return testCheckResult(step);
}


static int
testDomainStart(testDomain *domain,
                GHashTable *capsLatestFiles,
                GHashTable *capsCache,
                GHashTable *schemaCache)
{
    qemuDomainObjPrivate *priv;

    if (!(domain->vm = virDomainObjNew(driver.xmlopt)))
        return -1;

    priv = domain->vm->privateData;

    if (!(priv->qemuCaps = testQemuGetRealCaps("x86_64", "latest", "",
                                               capsLatestFiles, capsCache,
                                               schemaCache, &domain->schema)) ||
        qemuTestCapsCacheInsert(driver.qemuCapsCache, priv->qemuCaps) < 0)
        return -1;

    if (!(domain->vm->def = virDomainDefParseFile(abs_srcdir DOMAINS ".xml",
                                                  driver.xmlopt, NULL, 0)) ||
        qemuDomainAssignAddresses(domain->vm->def, priv->qemuCaps, &driver,
                                  domain->vm, true) < 0 ||
        qemuAssignDeviceAliases(domain->vm->def) < 0)
        return -1;

    domain->vm->def->id = 7;

    return qemuDomainSetPrivatePaths(&driver, domain->vm);
}


static int
mymain(void)
{
    g_autoptr(GHashTable) capsLatestFiles = testQemuGetLatestCaps();
    g_autoptr(GHashTable) capsCache = virHashNew(virObjectUnref);
    g_autoptr(GHashTable) schemaCache = virHashNew((GDestroyNotify) g_hash_table_unref);
    g_autofree char *claims = g_strdup(abs_builddir "/vhba-hotplug-claims-XXXXXX");
    g_autoptr(virConnect) conn = virGetConnect();
    testVHBA vhbas[] = { { .wwpn = ONE_LUN }, { 0 } };
    testDomain domain = { 0 };
    char *sysfs = NULL;
    int ret = 0;

    if (!conn ||
        qemuTestDriverInit(&driver) < 0 ||
        !(driver.lockManager = virLockManagerPluginNew("nop", "qemu",
                                                       driver.config->configBaseDir,
                                                       0)) ||
        testDomainStart(&domain, capsLatestFiles, capsCache, schemaCache) < 0 ||
        !(sysfs = testVHBAShowHosts()) ||
        !g_mkdtemp(claims))
        return EXIT_FAILURE;

    virEventRegisterDefaultImpl();
    virFileWrapperAddPrefix(RUNSTATEDIR "/libvirt/vhba", claims);
    virFileWrapperAddPrefix("/dev/sde", "/dev/null");
    conn->nodeDeviceDriver = &testVHBADriver;
    virSetConnectNodeDev(conn);
    testVHBASet(vhbas);

#define DO_TEST(what, ...) \
    do { \
        const testStep step = { .domain = &domain, __VA_ARGS__ }; \
        if (virTestRun(what, testRunStep, &step) < 0) \
            ret = -1; \
    } while (0)

    DO_TEST("a disk on an unknown vHBA is refused", .device = "disk-vhba-unknown",
            .fail = true, .qmp = { NULL });
    DO_TEST("a disk that QEMU does not take leaves no claim", .device = "disk-vhba",
            .fail = true,
            .qmp = { "blockdev-add", QMP_OK, "device_add", QMP_ERROR,
                     "blockdev-del", QMP_OK, NULL });
    DO_TEST("a disk is plugged in", .device = "disk-vhba",
            .claimed = true, .xml = "+disk-vhba",
            .qmp = { "blockdev-add", QMP_OK, "device_add", QMP_OK,
                     "query-block", QMP_NONE, "qom-list", QMP_NONE, NULL });
    DO_TEST("it stays as long as the guest does not let go of it",
            .device = "disk-vhba", .detach = true,
            .claimed = true, .xml = "+disk-vhba",
            .qmp = { "device_del", QMP_OK, NULL });
    DO_TEST("it is unplugged", .device = "disk-vhba", .detach = true,
            .qmp = { "device_del", QMP_DELETED QMP_OK, "blockdev-del", QMP_OK, NULL });
    DO_TEST("a cdrom is plugged in", .device = "cdrom-vhba",
            .claimed = true, .xml = "+cdrom-vhba",
            .qmp = { "blockdev-add", QMP_OK, "device_add", QMP_OK,
                     "query-block", QMP_NONE, "qom-list", QMP_NONE, NULL });
    DO_TEST("a medium that stays in keeps the claim",
            .device = "cdrom-vhba-lun", .update = true, .fail = true,
            .claimed = true, .xml = "+cdrom-vhba",
            .qmp = { "blockdev-remove-medium", QMP_ERROR, NULL });
    DO_TEST("it goes with the cdrom", .device = "cdrom-vhba", .detach = true,
            .qmp = { "device_del", QMP_DELETED QMP_OK, "blockdev-del", QMP_OK, NULL });

    virSetConnectNodeDev(NULL);
    testSysfsTreeRemove(sysfs);
    virFileDeleteTree(claims);
    virObjectUnref(domain.vm);
    qemuTestDriverFree(&driver);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN_PRELOAD(mymain,
                      VIR_TEST_MOCK("domaincaps"),
                      VIR_TEST_MOCK("virprocess"),
                      VIR_TEST_MOCK("qemuhotplug"));
