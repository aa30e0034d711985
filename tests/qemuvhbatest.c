/*
 * qemuvhbatest.c: disks behind a Fibre Channel vHBA
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

#include <unistd.h>

#include "testutils.h"
#include "testutilsqemu.h"
#include "testsysfstree.h"
#include "testvhba.h"

#include "configmake.h"
#include "datatypes.h"
#include "backup_conf.h"
#include "domain_vhba_source_conf.h"
#include "driver.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_vhba.h"
#include "virfcclaim.h"
#include "virfile.h"
#include "virfilewrapper.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define MIGRATION "5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b"

#define GUEST_UUID "00000000-0000-4000-8000-000000000001"
#define OTHER_UUID "00000000-0000-4000-8000-000000000002"

#define TWO_PATHS "2101001b32a9000c"


/* --- cases --- */

#define IS_PRIMARY "<secondary wwpn='" SECONDARY "'/>"
#define IS_SECONDARY "<primary wwpn='" PRIMARY "'/>"
#define IS_LENT "<handover state='lent' domain='guest' migration='" MIGRATION "'/>"
#define IS_BORROWED "<handover state='borrowed' domain='guest' migration='" MIGRATION "'/>"

typedef struct _testCase testCase;
struct _testCase {
    testVHBA vhbas[4]; /* the last one has no WWPN */

    virStorageSourceVHBA source;

    bool incoming;
    bool pretend;
    const char *holder; /* WWPN that another domain has claimed already */
    const char *mine; /* WWPN that this one has claimed already */

    const char *path; /* expected, unless it is to fail */
    const char *active; /* WWPN of the vHBA that is expected in use */
    const char *error[2]; /* expected in the message */
};

#define SOURCE(wwpn_, ...) \
    .source = { .wwnn = (char *) WWNN, .wwpn = (char *) wwpn_, __VA_ARGS__ }
#define SOURCE_PATH(dev_) \
    .source = { .byPath = true, .dev = (char *) dev_ }


/* Checks that the domain holds @active, and no other vHBA of the test; and that
 * the other domain holds what it has held */
static int
testClaims(const testCase *test)
{
    const testVHBA *vhba;

    for (vhba = test->vhbas; vhba->wwpn; vhba++) {
        bool active = virWWNEqual(vhba->wwpn, test->active) ||
                      virWWNEqual(vhba->wwpn, test->mine);
        bool held = virWWNEqual(vhba->wwpn, test->holder);
        g_autofree char *mine = NULL;
        g_autofree char *other = NULL;

        if (virFCClaimGetOther(vhba->wwpn, OTHER_UUID, &mine) < 0 ||
            virFCClaimGetOther(vhba->wwpn, GUEST_UUID, &other) < 0)
            return -1;

        if (STRNEQ_NULLABLE(mine, active ? "guest" : NULL) ||
            STRNEQ_NULLABLE(other, held ? "other" : NULL)) {
            VIR_TEST_DEBUG("vHBA %s is claimed by %s, %s", vhba->wwpn,
                           NULLSTR(mine), NULLSTR(other));
            return -1;
        }
    }

    return 0;
}


static int
testFailure(const testCase *test,
            const virStorageSource *src)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(test->error); i++) {
        if (!strstr(virGetLastErrorMessage(), NULLSTR_EMPTY(test->error[i]))) {
            VIR_TEST_DEBUG("not the error expected: %s", virGetLastErrorMessage());
            return -1;
        }
    }

    virResetLastError();

    return test->path || src->vhba->active ||
        STRNEQ_NULLABLE(src->path, test->source.dev) ? -1 : 0;
}


static int
testResolve(const void *opaque)
{
    const testCase *test = opaque;
    g_autoptr(virStorageSource) src = virStorageSourceNew();
    testVHBA vhbas[G_N_ELEMENTS(test->vhbas)];
    qemuVHBAUser user = {
        .name = (char *) "guest",
        .uuid = GUEST_UUID,
        .incoming = test->incoming,
        .pretend = test->pretend,
    };
    int ret = -1;

    memcpy(vhbas, test->vhbas, sizeof(vhbas));
    testVHBASet(vhbas);

    src->type = VIR_STORAGE_TYPE_BLOCK;
    src->vhba = virStorageSourceVHBACopy(&test->source);

    if (test->holder &&
        virFCClaimSet(test->holder, "other", OTHER_UUID, false) < 0)
        return -1;
    if (test->mine &&
        virFCClaimSet(test->mine, "guest", GUEST_UUID, false) < 0)
        return -1;

    if (qemuVHBAResolveSource(src, &user, 0) < 0) {
        ret = testFailure(test, src);
    } else if (STRNEQ_NULLABLE(src->path, test->path) ||
               (!test->pretend && STRNEQ_NULLABLE(src->vhba->active, test->active))) {
        VIR_TEST_DEBUG("resolved to %s behind %s", src->path, src->vhba->active);
    } else {
        ret = 0;
    }

    if (testClaims(test) < 0)
        ret = -1;

    if (virFCClaimDropAll(GUEST_UUID) < 0 ||
        virFCClaimDropAll(OTHER_UUID) < 0)
        return -1;

    return ret;
}


static int
testOtherSource(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virStorageSource) src = virStorageSourceNew();
    qemuVHBAUser user = { .name = (char *) "guest", .uuid = GUEST_UUID };

    src->type = VIR_STORAGE_TYPE_BLOCK;
    src->path = g_strdup("/dev/vg/guest");

    if (qemuVHBAResolveSource(src, &user, 0) < 0)
        return -1;

    return STREQ(src->path, "/dev/vg/guest") ? 0 : -1;
}


/* Disks of a running domain, as its status XML has them */
#define IN_USE \
    "<source dev='/dev/sde' wwnn='" WWNN "' wwpn='" ONE_LUN "'>" \
    "<vhba wwpn='" ONE_LUN "'/></source>"
#define DISK "<disk type='block' device='disk'>" IN_USE "<target dev='vda'/></disk>"
#define OVERLAY(source) \
    "<disk type='block' device='disk'>" source \
    "<backingStore type='block'><format type='raw'/>" IN_USE "</backingStore>" \
    "<target dev='vdb'/></disk>"
#define COPIED \
    "<disk type='block' device='disk'><source dev='/dev/vg/guest'/>" \
    "<mirror type='block' job='copy'><format type='raw'/>" IN_USE "</mirror>" \
    "<target dev='vdc'/></disk>"
#define OTHER_DISK \
    "<disk type='block' device='disk'><source dev='/dev/vg/guest'/>" \
    "<target dev='vdd'/></disk>"

typedef struct _testReleaseCase testReleaseCase;
struct _testReleaseCase {
    const char *disks[2]; /* the source of the first one is given up */
    bool chain; /* with what it builds upon */
    bool claimed; /* expected afterwards */
};


static int
testAddDisks(virDomainDef *def,
             const char *const *disks,
             virDomainXMLOption *xmlopt)
{
    size_t i;

    for (i = 0; i < 2; i++) {
        virDomainDiskDef *disk = virDomainDiskDefParse(disks[i], xmlopt,
                                                       VIR_DOMAIN_DEF_PARSE_STATUS);

        if (!disk)
            return -1;

        VIR_APPEND_ELEMENT(def->disks, def->ndisks, disk);
    }

    return 0;
}


/* Returns a guest that runs, with these disks, or NULL; @driver is initialized for it */
static virDomainObj *
testGuestNew(virQEMUDriver *driver,
             const char *const *disks)
{
    g_autoptr(virDomainObj) vm = NULL;

    if (qemuTestDriverInit(driver) < 0 ||
        !(vm = virDomainObjNew(driver->xmlopt)))
        return NULL;

    QEMU_DOMAIN_PRIVATE(vm)->driver = driver;
    vm->def = virDomainDefNew(driver->xmlopt);
    vm->def->name = g_strdup("guest");
    vm->def->id = 1;

    if (virUUIDParse(GUEST_UUID, vm->def->uuid) < 0 ||
        testAddDisks(vm->def, disks, driver->xmlopt) < 0)
        return NULL;

    return g_steal_pointer(&vm);
}


static int
testRelease(const void *opaque)
{
    const testReleaseCase *test = opaque;
    g_autofree char *uuid = NULL;
    g_autoptr(virDomainObj) vm = NULL;
    virQEMUDriver driver;
    int ret = -1;

    if (!(vm = testGuestNew(&driver, test->disks)))
        return -1;

    if (virFCClaimSet(ONE_LUN, "guest", GUEST_UUID, false) == 1) {
        qemuVHBAReleaseSource(vm, vm->def->disks[0]->src, test->chain);

        if (virFCClaimGet(ONE_LUN, NULL, &uuid) == test->claimed)
            ret = 0;
    }

    if (virFCClaimDropAll(GUEST_UUID) < 0)
        ret = -1;

    g_clear_pointer(&vm, virObjectUnref);
    qemuTestDriverFree(&driver);
    return ret;
}


/* A backup to two LUNs behind one vHBA cannot be begun: its disks are given up one
 * after the other, while the domain has it still. */
static int
testReleaseBackup(const void *opaque G_GNUC_UNUSED)
{
    const char *const disks[] = { OTHER_DISK, OTHER_DISK };
    const char *const stores[] = { DISK, DISK };
    g_autoptr(virDomainBackupDef) backup = g_new0(virDomainBackupDef, 1);
    g_autoptr(virDomainObj) vm = NULL;
    virQEMUDriver driver;
    int ret = -1;
    size_t i;

    if (!(vm = testGuestNew(&driver, disks)))
        return -1;

    backup->ndisks = G_N_ELEMENTS(stores);
    backup->disks = g_new0(virDomainBackupDiskDef, backup->ndisks);
    for (i = 0; i < backup->ndisks; i++) {
        g_autoptr(virDomainDiskDef) disk = virDomainDiskDefParse(stores[i], driver.xmlopt,
                                                                 VIR_DOMAIN_DEF_PARSE_STATUS);

        if (disk)
            backup->disks[i].store = g_steal_pointer(&disk->src);
    }
    QEMU_DOMAIN_PRIVATE(vm)->backup = backup;

    if (virFCClaimSet(ONE_LUN, "guest", GUEST_UUID, false) == 1) {
        qemuVHBAReleaseSource(vm, backup->disks[0].store, false);

        if (virFCClaimGet(ONE_LUN, NULL, NULL) == 1) {
            qemuVHBAReleaseSource(vm, backup->disks[1].store, false);
            ret = virFCClaimGet(ONE_LUN, NULL, NULL) == 0 ? 0 : -1;
        }
    }

    if (virFCClaimDropAll(GUEST_UUID) < 0)
        ret = -1;

    QEMU_DOMAIN_PRIVATE(vm)->backup = NULL;
    g_clear_pointer(&vm, virObjectUnref);
    qemuTestDriverFree(&driver);
    return ret;
}


/* A domain is stopped while it is being started: its definition goes, and with it
 * the source that is being resolved. */
static void
testStop(void *opaque)
{
    virDomainObj *vm = opaque;
    VIR_LOCK_GUARD lock = virObjectLockGuard(vm);
    virDomainDef *stopped = g_steal_pointer(&vm->def);

    vm->def = virDomainDefNew(QEMU_DOMAIN_PRIVATE(vm)->driver->xmlopt);
    vm->def->id = -1;
    vm->def->name = g_strdup(stopped->name);
    memcpy(vm->def->uuid, stopped->uuid, VIR_UUID_BUFLEN);
    qemuVHBAReleaseDomain(vm);
    virDomainDefFree(stopped);
}


static int
testStoppedMeanwhile(const void *opaque G_GNUC_UNUSED)
{
    const char *const disks[] = { DISK, OTHER_DISK };
    testVHBA vhbas[] = { { .wwpn = ONE_LUN, .inactive = true }, { 0 } };
    g_autoptr(virDomainObj) vm = NULL;
    virQEMUDriver driver;
    int ret = -1;

    if (!(vm = testGuestNew(&driver, disks)))
        return -1;

    testVHBASet(vhbas);
    testVHBAMeanwhile(testStop, vm);

    if (qemuVHBAResolveChain(vm, vm->def->disks[0]->src, false) < 0 &&
        strstr(virGetLastErrorMessage(), "is not running") &&
        virFCClaimGet(ONE_LUN, NULL, NULL) == 0)
        ret = 0;

    virResetLastError();
    testVHBAMeanwhile(NULL, NULL);
    g_clear_pointer(&vm, virObjectUnref);
    qemuTestDriverFree(&driver);
    return ret;
}


/* What can have an offline snapshot: nothing that needs a LUN behind a vHBA */
#define AS_DEFINED "<source wwnn='" WWNN "' wwpn='" ONE_LUN "'/>"
#define AS_PATH "<source dev='/dev/sde' model='vport'/>"

typedef struct _testOfflineCase testOfflineCase;
struct _testOfflineCase {
    const char *disk;
    const char *image; /* disk whose source is where the overlay is to be */
    const char *error; /* expected in the message; NULL if it is no error */
};

static int
testOfflineSnapshot(const void *opaque)
{
    const testOfflineCase *test = opaque;
    g_autoptr(virDomainDiskDef) disk = NULL;
    g_autoptr(virDomainDiskDef) image = NULL;
    virQEMUDriver driver;
    int ret = -1;

    if (qemuTestDriverInit(&driver) < 0)
        return -1;

    if ((disk = virDomainDiskDefParse(test->disk, driver.xmlopt, 0)) &&
        (!test->image ||
         (image = virDomainDiskDefParse(test->image, driver.xmlopt, 0)))) {
        if (qemuVHBACheckOfflineSnapshot(disk, image ? image->src : NULL) == 0)
            ret = test->error ? -1 : 0;
        else if (test->error && strstr(virGetLastErrorMessage(), test->error))
            ret = 0;
        virResetLastError();
    }

    qemuTestDriverFree(&driver);
    return ret;
}


/* Returns how long a LUN may take after qemu.conf has said @conf, in
 * milliseconds; 0 if that is refused. */
static unsigned int
testLunTimeoutOf(const char *conf)
{
    g_autofree char *path = g_strdup(abs_builddir "/vhba-qemu.conf-XXXXXX");
    VIR_AUTOCLOSE fd = g_mkstemp(path);
    g_autoptr(virDomainObj) vm = NULL;
    virQEMUDriver driver;
    unsigned int ret = 0;
    int rc;

    if (fd < 0 || safewrite(fd, conf, strlen(conf)) < 0 ||
        qemuTestDriverInit(&driver) < 0)
        return 0;

    rc = virQEMUDriverConfigLoadFile(driver.config, path, false);
    unlink(path);

    if (rc >= 0 && (vm = virDomainObjNew(driver.xmlopt)))
        ret = qemuVHBAGetLunTimeout(vm);

    g_clear_pointer(&vm, virObjectUnref);
    qemuTestDriverFree(&driver);
    return ret;
}


static int
testLunTimeout(const void *opaque G_GNUC_UNUSED)
{
    if (testLunTimeoutOf("") != 30 * 1000 ||
        testLunTimeoutOf("vhba_lun_timeout = 45\n") != 45 * 1000)
        return -1;

    if (testLunTimeoutOf("vhba_lun_timeout = 3601\n") != 0 ||
        !strstr(virGetLastErrorMessage(), "vhba_lun_timeout"))
        return -1;

    virResetLastError();
    return 0;
}


static int
mymain(void)
{
    g_autofree char *claims = g_strdup(abs_builddir "/vhba-claims-XXXXXX");
    g_autoptr(virConnect) conn = NULL;
    char *tree = NULL;
    int ret = 0;

    if (!(conn = virGetConnect()))
        return EXIT_FAILURE;

    conn->nodeDeviceDriver = &testVHBADriver;
    virSetConnectNodeDev(conn);

    if (!(tree = testSysfsTreeUnpack(abs_srcdir "/qemuvhbadata/hosts.sysfs")) ||
        !g_mkdtemp(claims))
        return EXIT_FAILURE;

    virFileWrapperAddPrefix(RUNSTATEDIR "/libvirt/vhba", claims);

#define DO_TEST(what, ...) \
    do { \
        const testCase test = { __VA_ARGS__ }; \
        if (virTestRun(what, testResolve, &test) < 0) \
            ret = -1; \
    } while (0)

#define PAIR \
    .vhbas = { { .wwpn = PRIMARY, .partner = IS_PRIMARY }, \
               { .wwpn = SECONDARY, .partner = IS_SECONDARY } }
#define SINGLE(wwpn_, ...) \
    .vhbas = { { .wwpn = wwpn_, __VA_ARGS__ } }

    if (virTestRun("the domain is stopped meanwhile", testStoppedMeanwhile, NULL) < 0)
        ret = -1;
    if (virTestRun("another block source is left alone", testOtherSource, NULL) < 0)
        ret = -1;
    if (virTestRun("qemu.conf says how long a LUN may take", testLunTimeout, NULL) < 0)
        ret = -1;

    DO_TEST("a vHBA with one LUN", SINGLE(ONE_LUN), SOURCE(ONE_LUN),
            .path = "/dev/sde", .active = ONE_LUN);
    DO_TEST("a transient vHBA", SINGLE(ONE_LUN, .name = "scsi_host4"),
            SOURCE(ONE_LUN), .path = "/dev/sde", .active = ONE_LUN);
    DO_TEST("an inactive vHBA is started", SINGLE(ONE_LUN, .inactive = true),
            SOURCE(ONE_LUN), .path = "/dev/sde", .active = ONE_LUN);
    DO_TEST("so is one that was being destroyed when it was claimed",
            SINGLE(ONE_LUN, .contested = true),
            SOURCE(ONE_LUN), .path = "/dev/sde", .active = ONE_LUN);
    DO_TEST("which may not go well",
            SINGLE(ONE_LUN, .contested = true, .broken = true), SOURCE(ONE_LUN),
            .error = { ONE_LUN, "the fabric said no" });
    DO_TEST("one of several LUNs", SINGLE(TWO_LUNS),
            SOURCE(TWO_LUNS, .hasUnit = true, .unit = 4),
            .path = "/dev/sdd", .active = TWO_LUNS);

    DO_TEST("of two paths the one whose target port is there", SINGLE(TWO_PATHS),
            SOURCE(TWO_PATHS), .path = "/dev/sdg", .active = TWO_PATHS);
    DO_TEST("a target port that has gone and is asked for", SINGLE(TWO_PATHS),
            SOURCE(TWO_PATHS, .target = (char *) "50060e801049cfd1"),
            .error = { "target 50060e801049cfd1 cannot be reached", TWO_PATHS });

    DO_TEST("the primary of a pair", PAIR, SOURCE(PRIMARY),
            .path = "/dev/sda", .active = PRIMARY);
    DO_TEST("the secondary stands for the primary", PAIR, SOURCE(SECONDARY),
            .path = "/dev/sda", .active = PRIMARY);
    DO_TEST("so does a secondary that is not here",
            SINGLE(PRIMARY, .partner = IS_PRIMARY), SOURCE(SECONDARY),
            .path = "/dev/sda", .active = PRIMARY);

    DO_TEST("a path behind a vHBA", SINGLE(ONE_LUN), SOURCE_PATH("/dev/sde"),
            .path = "/dev/sde", .active = ONE_LUN);
    DO_TEST("a path behind the secondary stands for the primary", PAIR,
            SOURCE_PATH("/dev/sdb"), .path = "/dev/sda", .active = PRIMARY);
    DO_TEST("a path that is behind no vHBA", SINGLE(ONE_LUN),
            SOURCE_PATH("/dev/sdz"), .error = { "'/dev/sdz'" });

    DO_TEST("not defined", SINGLE(ONE_LUN), SOURCE(TWO_LUNS),
            .error = { TWO_LUNS, "not known on this host" });
    DO_TEST("an HBA is no vHBA", SINGLE(HBA), SOURCE(HBA),
            .error = { HBA, "not known on this host" });
    DO_TEST("another WWNN", SINGLE(ONE_LUN),
            .source = { .wwnn = (char *) "2001001b32a90000",
                        .wwpn = (char *) ONE_LUN },
            .error = { WWNN, "2001001b32a90000" });
    DO_TEST("a secondary without its primary",
            SINGLE(SECONDARY, .partner = IS_SECONDARY), SOURCE(SECONDARY),
            .error = { "secondary of '" PRIMARY "'" });
    DO_TEST("cannot be started",
            SINGLE(ONE_LUN, .inactive = true, .broken = true), SOURCE(ONE_LUN),
            .error = { ONE_LUN, "the fabric said no" });
    DO_TEST("no LUN", SINGLE(NO_LUN), SOURCE(NO_LUN),
            .error = { NO_LUN " (host5, Online)", "no LUN at all" });
    DO_TEST("several LUNs and none is named", SINGLE(TWO_LUNS), SOURCE(TWO_LUNS),
            .error = { "/dev/sdc", "/dev/sdd" });
    DO_TEST("a unit that is not there", SINGLE(TWO_LUNS),
            SOURCE(TWO_LUNS, .hasUnit = true, .unit = 7),
            .error = { "LUN 7", "/dev/sdc" });

    DO_TEST("a vHBA of a pair serves one domain", PAIR, SOURCE(PRIMARY),
            .holder = PRIMARY, .error = { PRIMARY, "'other'" });
    DO_TEST("and cannot be had by way of the other one", PAIR, SOURCE(SECONDARY),
            .holder = PRIMARY, .error = { PRIMARY, "'other'" });
    DO_TEST("a vHBA on its own serves many", SINGLE(TWO_LUNS),
            SOURCE(TWO_LUNS, .hasUnit = true, .unit = 4),
            .holder = TWO_LUNS, .path = "/dev/sdd", .active = TWO_LUNS);
    DO_TEST("a failure keeps the claims of other disks", SINGLE(TWO_LUNS),
            SOURCE(TWO_LUNS, .hasUnit = true, .unit = 7),
            .mine = TWO_LUNS, .error = { "LUN 7" });

    DO_TEST("a vHBA that is lent",
            SINGLE(PRIMARY, .partner = IS_PRIMARY, .mark = IS_LENT),
            SOURCE(PRIMARY), .error = { "'guest'", MIGRATION });
    DO_TEST("the primary while its secondary is lent",
            .vhbas = { { .wwpn = PRIMARY, .partner = IS_PRIMARY },
                       { .wwpn = SECONDARY, .partner = IS_SECONDARY,
                         .mark = IS_LENT, .inactive = true } },
            SOURCE(SECONDARY), .path = "/dev/sda", .active = PRIMARY);
    DO_TEST("the primary while the guest may run elsewhere",
            .vhbas = { { .wwpn = PRIMARY, .partner = IS_PRIMARY, .mark = IS_LENT },
                       { .wwpn = SECONDARY, .partner = IS_SECONDARY,
                         .mark = IS_LENT, .inactive = true } },
            SOURCE(SECONDARY), .error = { PRIMARY "' is lent", MIGRATION });

/* on the destination the former secondary is the primary */
#define NEW_PRIMARY "<secondary wwpn='" PRIMARY "'/>"
#define NEW_SECONDARY "<primary wwpn='" SECONDARY "'/>"
#define BORROWED(mark_) \
    .vhbas = { { .wwpn = SECONDARY, .partner = NEW_PRIMARY, .mark = mark_ }, \
               { .wwpn = PRIMARY, .partner = NEW_SECONDARY, .mark = mark_, \
                 .inactive = true, .broken = true } }

    DO_TEST("a borrowed pair, named by the active one, for an incoming domain",
            BORROWED(IS_BORROWED), SOURCE(SECONDARY), .incoming = true,
            .path = "/dev/sdb", .active = SECONDARY);
    DO_TEST("a borrowed pair, named by the other one, for an incoming domain",
            BORROWED(IS_BORROWED), SOURCE(PRIMARY), .incoming = true,
            .path = "/dev/sdb", .active = SECONDARY);
    DO_TEST("a borrowed secondary that has come alone",
            SINGLE(SECONDARY, .partner = IS_SECONDARY, .mark = IS_BORROWED),
            SOURCE(PRIMARY), .incoming = true,
            .path = "/dev/sdb", .active = SECONDARY);
    DO_TEST("a borrowed pair for a domain that is not incoming",
            BORROWED(IS_BORROWED), SOURCE(PRIMARY),
            .error = { "borrowed", MIGRATION });
    DO_TEST("a borrowed pair for another domain",
            BORROWED("<handover state='borrowed' domain='other' migration='" MIGRATION "'/>"),
            SOURCE(PRIMARY), .incoming = true,
            .error = { "'other'", MIGRATION });
    DO_TEST("the pair after the migration",
            BORROWED(NULL), SOURCE(PRIMARY),
            .path = "/dev/sdb", .active = SECONDARY);

    DO_TEST("to pretend claims nothing", SINGLE(ONE_LUN), SOURCE(ONE_LUN),
            .pretend = true, .path = "/dev/sde");
    DO_TEST("to pretend starts nothing", SINGLE(ONE_LUN, .inactive = true),
            SOURCE(ONE_LUN), .pretend = true,
            .error = { ONE_LUN, "not active" });

#define DO_TEST_OFFLINE(what, ...) \
    do { \
        const testOfflineCase test = { __VA_ARGS__ }; \
        if (virTestRun("offline snapshot: " what, testOfflineSnapshot, &test) < 0) \
            ret = -1; \
    } while (0)
#define DEFINED(source) \
    "<disk type='block' device='disk'>" source "<target dev='vda'/></disk>"

    DO_TEST_OFFLINE("other disks and images", OTHER_DISK, OTHER_DISK, NULL);
    DO_TEST_OFFLINE("internal, of another disk", OTHER_DISK, NULL, NULL);
    DO_TEST_OFFLINE("a LUN by WWNs", DEFINED(AS_DEFINED), OTHER_DISK,
                    "disk 'vda' needs the LUN behind vHBA '" ONE_LUN "'");
    DO_TEST_OFFLINE("a LUN by its path", DEFINED(AS_PATH), OTHER_DISK, "'/dev/sde'");
    DO_TEST_OFFLINE("internal, on a LUN", DEFINED(AS_DEFINED), NULL, ONE_LUN);
    DO_TEST_OFFLINE("a LUN below an overlay",
                    OVERLAY("<source dev='/dev/vg/guest'/>"), OTHER_DISK, ONE_LUN);
    DO_TEST_OFFLINE("an image that is a LUN", OTHER_DISK, DEFINED(AS_DEFINED),
                    "disk 'vdd' needs the LUN behind vHBA '" ONE_LUN "'");

#define DO_TEST_RELEASE(what, first, second, chain_, claimed_) \
    do { \
        const testReleaseCase test = { { first, second }, chain_, claimed_ }; \
        if (virTestRun(what, testRelease, &test) < 0) \
            ret = -1; \
    } while (0)

    DO_TEST_RELEASE("a claim goes with its disk", DISK, OTHER_DISK, false, false);
    DO_TEST_RELEASE("a claim stays for another disk", DISK, DISK, false, true);
    DO_TEST_RELEASE("a claim stays for what is below another disk",
                    DISK, OVERLAY("<source dev='/dev/vg/guest'/>"), false, true);
    DO_TEST_RELEASE("a claim stays for what another disk is copied to",
                    DISK, COPIED, false, true);
    DO_TEST_RELEASE("a claim stays for what is below",
                    OVERLAY(IN_USE), OTHER_DISK, false, true);
    DO_TEST_RELEASE("a claim goes with a whole chain",
                    OVERLAY(IN_USE), OTHER_DISK, true, false);
    DO_TEST_RELEASE("other disks have no claim to lose",
                    OTHER_DISK, DISK, true, true);
    if (virTestRun("a claim goes with a backup that is not begun", testReleaseBackup, NULL) < 0)
        ret = -1;

    virSetConnectNodeDev(NULL);
    testSysfsTreeRemove(tree);
    virFileDeleteTree(claims);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
