/*
 * virfcluntest.c: logical units seen through a Fibre Channel host
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
#include "testsysfstree.h"

#define LIBVIRT_VIRFCLUNPRIV_H_ALLOW
#include "virfclunpriv.h"
#define LIBVIRT_VIRFCLUNWATCHPRIV_H_ALLOW
#include "virfclunwatchpriv.h"
#include "virfile.h"
#include "virfilewrapper.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define HOST 7
#define VHBA "2101001b32a90002"

#define TARGET_0 "50060e801049cfd0"
#define TARGET_A "50060e801049cfd1"
#define TARGET_B "50060e801049cfd2"

#define ID_RED "naa.60014050000000000000000000000001"
#define ID_BLUE "naa.60014050000000000000000000000002"

/* stands for /sys */
static char *sysfs;

static const unsigned long long zero;
static const unsigned long long four = 4;


/* --- a tree as the kernel makes it, in a temporary directory --- */

#define testWrite(...) testSysfsTreeWrite(sysfs, __VA_ARGS__)


static void
testAddHost(void)
{
    testWrite("0x2001001b32a90002\n", "class/fc_host/host%d/node_name", HOST);
    testWrite("0x" VHBA "\n", "class/fc_host/host%d/port_name", HOST);
    testWrite("Online\n", "class/fc_host/host%d/port_state", HOST);
    testWrite("", "class/fc_host/host%d/device/uevent", HOST);
}


#define RPORT "class/fc_host/host%d/device/rport-7:0-%d/"
#define UNIT RPORT "target7:0:%d/7:0:%d:%llu/"

static void
testAddTarget(int target,
              const char *wwpn)
{
    g_autofree char *portName = g_strdup_printf("0x%s\n", wwpn);

    testWrite(portName, RPORT "fc_remote_ports/rport-7:0-%d/port_name",
              HOST, target, target);
}


static void
testAddUnit(int target,
            unsigned long long unit,
            const char *type,
            const char *id)
{
    testWrite(type, UNIT "type", HOST, target, target, target, unit);
    if (id)
        testWrite(id, UNIT "wwid", HOST, target, target, target, unit);
}


static void
testAddBlock(int target,
             unsigned long long unit,
             const char *name)
{
    testWrite("8192\n", UNIT "block/%s/size", HOST, target, target, target, unit, name);
}


/* a disk of 4 MiB */
static void
testAddDisk(int target,
            unsigned long long unit,
            const char *id,
            const char *name)
{
    testAddUnit(target, unit, "0\n", id);
    testAddBlock(target, unit, name);
}


static void
testAddHolder(int target,
              unsigned long long unit,
              const char *name,
              const char *map,
              const char *uuid)
{
    testWrite(map, UNIT "block/%s/holders/dm-3/dm/name",
              HOST, target, target, target, unit, name);
    testWrite(uuid, UNIT "block/%s/holders/dm-3/dm/uuid",
              HOST, target, target, target, unit, name);
}


static void
testNewTree(void)
{
    virFileDeleteTree(sysfs);
    testAddHost();
}


/* --- expectations --- */

static int
testLunIs(virFCLun *found,
          const char *device,
          const char *target,
          unsigned long long unit)
{
    g_autoptr(virFCLun) lun = found;

    if (!lun)
        return -1;

    if (STRNEQ_NULLABLE(lun->device, device) ||
        STRNEQ(lun->target, target) ||
        lun->unit != unit) {
        VIR_TEST_DEBUG("found %s, LUN %llu of %s", NULLSTR(lun->device),
                       lun->unit, lun->target);
        return -1;
    }

    return 0;
}


/* No LUN, and an error with @code that says both @a and @b */
static int
testLunFails(virFCLun *found,
             virErrorNumber code,
             const char *a,
             const char *b)
{
    g_autoptr(virFCLun) lun = found;

    if (lun) {
        VIR_TEST_DEBUG("found %s where there should be none", lun->device);
        return -1;
    }

    if (virGetLastErrorCode() != (int) code ||
        !strstr(virGetLastErrorMessage(), a) ||
        !strstr(virGetLastErrorMessage(), b)) {
        VIR_TEST_DEBUG("not the error expected: %s", virGetLastErrorMessage());
        return -1;
    }

    virResetLastError();
    return 0;
}


/* --- what a vHBA shows --- */

static int
testList(const void *opaque G_GNUC_UNUSED)
{
    virFCLun **luns = NULL;
    size_t nluns = 0;
    int ret = -1;

    testNewTree();
    testAddTarget(1, TARGET_B);
    testAddTarget(0, TARGET_A);
    testAddDisk(1, 4, ID_RED, "sdc");
    testAddDisk(0, 4, ID_RED, "sdb");
    testAddDisk(0, 0, ID_BLUE, "sda");

    if (virFCLunWalk(HOST, &luns, &nluns) < 0)
        return -1;

    if (nluns == 3 &&
        STREQ(luns[0]->device, "/dev/sda") &&
        STREQ(luns[1]->device, "/dev/sdb") &&
        STREQ(luns[2]->device, "/dev/sdc") &&
        STREQ(luns[0]->target, TARGET_A) &&
        STREQ(luns[2]->target, TARGET_B) &&
        STREQ(luns[0]->id, ID_BLUE) &&
        luns[0]->size == 4 * 1024 * 1024)
        ret = 0;

    virFCLunListFree(luns, nluns);
    return ret;
}


static int
testListEmpty(const void *opaque G_GNUC_UNUSED)
{
    virFCLun **luns = NULL;
    size_t nluns = 1;

    testNewTree();

    return virFCLunWalk(HOST, &luns, &nluns) == 0 && nluns == 0 ? 0 : -1;
}


/* LUN addresses that are no small numbers (SAM-5, 4.7: flat space, extended) */
static int
testLongNumbers(const void *opaque G_GNUC_UNUSED)
{
    const unsigned long long flat = 16412;
    const unsigned long long eight = 10820321;
    const unsigned long long ten = 1085358256;
    const unsigned long long extended = 3536092753099325440ULL;

    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, ten, "naa.6001405000000000000000000000000a", "sdc");
    testAddDisk(0, extended, "naa.6001405000000000000000000000000b", "sdd");
    testAddDisk(0, eight, ID_BLUE, "sdb");
    testAddDisk(0, flat, ID_RED, "sda");

    if (testLunIs(virFCLunFind(HOST, NULL, &flat), "/dev/sda", TARGET_A, flat) < 0 ||
        testLunIs(virFCLunFind(HOST, NULL, &eight), "/dev/sdb", TARGET_A, eight) < 0 ||
        testLunIs(virFCLunFind(HOST, NULL, &ten), "/dev/sdc", TARGET_A, ten) < 0)
        return -1;

    return testLunIs(virFCLunFind(HOST, NULL, &extended), "/dev/sdd", TARGET_A, extended);
}


/* What cannot be read is not there; the rest is. */
static int
testGarbage(const void *opaque G_GNUC_UNUSED)
{
    virFCLun **luns = NULL;
    size_t nluns = 0;
    int ret = -1;

    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddTarget(1, "50060E801049CFD2");
    testAddTarget(2, "50060e80");
    testAddUnit(0, 1, "disk\n", ID_RED);
    testAddUnit(0, 2, "", ID_RED);
    testAddDisk(1, 3, ID_BLUE, "sdb");
    testWrite("many\n", UNIT "block/sdb/size", HOST, 1, 1, 1, 3ULL);
    testAddDisk(2, 4, ID_RED, "sdc");
    testWrite("0\n", RPORT "target7:0:0/7:0:0:zebra/type", HOST, 0);

    if (virFCLunWalk(HOST, &luns, &nluns) < 0)
        return -1;

    if (nluns == 1 &&
        STREQ(luns[0]->device, "/dev/sdb") &&
        STREQ(luns[0]->target, TARGET_B) &&
        luns[0]->size == 0)
        ret = 0;

    virFCLunListFree(luns, nluns);
    return ret;
}


static int
testListNoHost(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();

    return testLunFails(virFCLunFind(HOST + 1, NULL, NULL),
                        VIR_ERR_OPERATION_FAILED, "'host8'", "");
}


static int
testController(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddUnit(0, 0, "12\n", ID_BLUE); /* storage array controller */
    testAddDisk(0, 1, ID_RED, "sda");

    return testLunIs(virFCLunFind(HOST, NULL, NULL), "/dev/sda", TARGET_A, 1);
}


/* --- which one is meant --- */

static int
testTheOnlyOne(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 4, ID_RED, "sda");

    return testLunIs(virFCLunFind(HOST, NULL, NULL), "/dev/sda", TARGET_A, 4);
}


static int
testNone(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);

    return testLunFails(virFCLunFind(HOST, NULL, NULL),
                        VIR_ERR_OPERATION_FAILED,
                        VHBA " (host7, Online)", "no LUN at all");
}


static int
testSeveral(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 0, ID_RED, "sda");
    testAddDisk(0, 4, ID_BLUE, "sdb");

    return testLunFails(virFCLunFind(HOST, NULL, NULL),
                        VIR_ERR_CONFIG_UNSUPPORTED,
                        "LUN 0 of target " TARGET_A " (/dev/sda",
                        "LUN 4 of target " TARGET_A " (/dev/sdb");
}


static int
testByUnit(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 0, ID_RED, "sda");
    testAddDisk(0, 4, ID_BLUE, "sdb");

    if (testLunIs(virFCLunFind(HOST, NULL, &zero), "/dev/sda", TARGET_A, 0) < 0)
        return -1;

    return testLunIs(virFCLunFind(HOST, NULL, &four), "/dev/sdb", TARGET_A, 4);
}


static int
testWrongUnit(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 0, ID_RED, "sda");

    return testLunFails(virFCLunFind(HOST, NULL, &four),
                        VIR_ERR_OPERATION_FAILED,
                        "no usable LUN 4", "LUN 0 of target " TARGET_A);
}


static int
testByTarget(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddTarget(1, TARGET_B);
    testAddDisk(0, 4, ID_RED, "sda");
    testAddDisk(1, 4, ID_BLUE, "sdb");

    return testLunIs(virFCLunFind(HOST, "0x50060E801049CFD2", &four),
                     "/dev/sdb", TARGET_B, 4);
}


static int
testSameNumberOtherUnit(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddTarget(1, TARGET_B);
    testAddDisk(0, 4, ID_RED, "sda");
    testAddDisk(1, 4, ID_BLUE, "sdb");

    return testLunFails(virFCLunFind(HOST, NULL, &four),
                        VIR_ERR_CONFIG_UNSUPPORTED, TARGET_A, TARGET_B);
}


static int
testTwoPaths(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddTarget(1, TARGET_B);
    testAddDisk(0, 4, ID_RED, "sda");
    testAddDisk(1, 4, ID_RED, "sdb");

    return testLunIs(virFCLunFind(HOST, NULL, NULL), "/dev/sda", TARGET_A, 4);
}


static int
testNoIdentity(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddTarget(1, TARGET_B);
    testAddDisk(0, 4, NULL, "sda");
    testAddDisk(1, 4, NULL, "sdb");

    return testLunFails(virFCLunFind(HOST, NULL, NULL),
                        VIR_ERR_CONFIG_UNSUPPORTED, "/dev/sda", "/dev/sdb");
}


static int
testMultipath(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddTarget(1, TARGET_B);
    testAddDisk(0, 4, ID_RED, "sda");
    testAddDisk(1, 4, ID_RED, "sdb");
    testAddHolder(1, 4, "sdb", "mpatha\n", "mpath-36001405000000\n");

    return testLunIs(virFCLunFind(HOST, NULL, NULL), "/dev/mapper/mpatha",
                     TARGET_B, 4);
}


static int
testHostLVM(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 4, ID_RED, "sda");
    testAddHolder(0, 4, "sda", "vg-root\n", "LVM-x7Dj0sYb\n");

    return testLunIs(virFCLunFind(HOST, NULL, NULL), "/dev/sda", TARGET_A, 4);
}


static int
testIsDevice(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCLun) lun = NULL;

    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 4, ID_RED, "sda");
    testAddHolder(0, 4, "sda", "mpatha\n", "mpath-36001405000000\n");

    if (!(lun = virFCLunFind(HOST, NULL, NULL)) ||
        !virFCLunIsDevice(lun, "/dev/sda") ||
        !virFCLunIsDevice(lun, "/dev/mapper/mpatha") ||
        virFCLunIsDevice(lun, "/dev/sdb"))
        return -1;

    return 0;
}


/* --- waiting: the test tells what happens --- */

typedef struct _testEvents testEvents;
struct _testEvents {
    size_t left; /* how many are still to come */
    void (*next)(void); /* what the second one brings */
    bool endless; /* without events, time goes by */
    const char *target; /* that is wanted, or NULL */
    size_t taken;
};

/* what the targets show when they are asked for the first time, or NULL */
static void (*hidden)(void);
static size_t rescans;

/* a device whose rules have not been applied yet */
static const char *busy;


static int
testEventsWait(void *opaque,
               unsigned long long until G_GNUC_UNUSED)
{
    testEvents *events = opaque;

    if (events->left == 0) {
        if (events->endless)
            return 0;

        virReportError(VIR_ERR_INTERNAL_ERROR, "%s", "waiting although all is there");
        return -1;
    }

    events->left--;
    if (++events->taken >= 2)
        busy = NULL;
    if (events->taken == 2 && events->next)
        events->next();
    return 0;
}


static void
testEventsRescan(unsigned int host G_GNUC_UNUSED)
{
    if (rescans++ == 0 && hidden)
        hidden();
}


static bool
testEventsReady(const char *device)
{
    return STRNEQ_NULLABLE(device, busy);
}


static virFCLun *
testWait(testEvents *source,
         const unsigned long long *unit,
         unsigned int timeout)
{
    virFCLunEvents events = {
        .wait = testEventsWait,
        .ready = testEventsReady,
        .rescan = testEventsRescan,
        .opaque = source,
    };

    rescans = 0;
    return virFCLunWaitEvents(HOST, source->target, unit, &events, timeout);
}


static void
testNextLun(void)
{
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 4, ID_RED, "sda");
}


static void
testNextBlock(void)
{
    testAddBlock(0, 4, "sda");
}


static int
testWaitThere(const void *opaque G_GNUC_UNUSED)
{
    testEvents events = { 0 };

    testNewTree();
    testNextLun();

    if (testLunIs(testWait(&events, &four, 60 * 1000), "/dev/sda", TARGET_A, 4) < 0)
        return -1;

    return events.taken == 0 && rescans == 0 ? 0 : -1;
}


/* Others may come beside it, unless target and unit are given: nothing else can be
 * meant then */
static int
testWaitComing(const void *opaque)
{
    testEvents events = { .left = 3, .next = testNextLun, .target = opaque };

    testNewTree();

    if (testLunIs(testWait(&events, &four, 60 * 1000), "/dev/sda", TARGET_A, 4) < 0)
        return -1;

    return events.taken == 2 && rescans == (opaque ? 0 : 1) ? 0 : -1;
}


static int
testWaitBlock(const void *opaque G_GNUC_UNUSED)
{
    testEvents events = { .left = 3, .next = testNextBlock };

    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddUnit(0, 4, "0\n", ID_RED);

    if (testLunIs(testWait(&events, NULL, 60 * 1000), "/dev/sda", TARGET_A, 4) < 0)
        return -1;

    return events.taken == 2 ? 0 : -1;
}


static int
testWaitRules(const void *opaque G_GNUC_UNUSED)
{
    testEvents events = { .left = 3 };

    testNewTree();
    testNextLun();
    busy = "/dev/sda";

    if (testLunIs(testWait(&events, &four, 60 * 1000), "/dev/sda", TARGET_A, 4) < 0)
        return -1;

    return events.taken == 2 ? 0 : -1;
}


static int
testWaitAmbiguous(const void *opaque G_GNUC_UNUSED)
{
    testEvents events = { .left = 3, .next = testNextLun };

    testNewTree();
    testAddTarget(1, TARGET_B);
    testAddUnit(1, 0, "0\n", ID_BLUE);

    return testLunFails(testWait(&events, NULL, 60 * 1000),
                        VIR_ERR_CONFIG_UNSUPPORTED,
                        "LUN 0 of target " TARGET_B,
                        "LUN 4 of target " TARGET_A);
}


/* a unit that the vHBA has not been told of yet, and that has no device yet */
static void
testNextOther(void)
{
    testAddTarget(1, TARGET_B);
    testAddUnit(1, 4, "0\n", ID_BLUE);
}


/* a path to the unit that is there, which sorts first */
static void
testNextPath(void)
{
    testAddTarget(1, TARGET_0);
    testAddDisk(1, 4, ID_RED, "sdb");
    busy = "/dev/sdb";
}


/* The one that comes first is not taken before the others could come */
static int
testWaitFirst(const void *opaque)
{
    const unsigned long long *unit = opaque;
    testEvents events = { .left = 3, .next = testNextLun };
    virFCLun *lun;

    testNewTree();

    hidden = testNextOther;
    lun = testWait(&events, unit, 60 * 1000);
    hidden = NULL;

    if (testLunFails(lun, VIR_ERR_CONFIG_UNSUPPORTED,
                     "LUN 4 of target " TARGET_A, "LUN 4 of target " TARGET_B) < 0)
        return -1;

    return rescans == 1 ? 0 : -1;
}


/* Another path that comes up then is waited for as any other */
static int
testWaitPath(const void *opaque G_GNUC_UNUSED)
{
    testEvents events = { .left = 4, .next = testNextLun };
    virFCLun *lun;

    testNewTree();

    hidden = testNextPath;
    lun = testWait(&events, &four, 60 * 1000);
    hidden = NULL;

    if (testLunIs(lun, "/dev/sdb", TARGET_0, 4) < 0)
        return -1;

    return events.taken == 3 ? 0 : -1;
}


static int
testWaitInVain(const void *opaque G_GNUC_UNUSED)
{
    testEvents events = { 0 };

    testNewTree();

    return testLunFails(testWait(&events, &four, 0),
                        VIR_ERR_OPERATION_FAILED,
                        VHBA, "no usable LUN 4");
}


static int
testWaitTimeout(const void *opaque G_GNUC_UNUSED)
{
    testEvents events = { .endless = true };

    testNewTree();

    return testLunFails(testWait(&events, &four, 1),
                        VIR_ERR_OPERATION_TIMEOUT,
                        "no usable LUN 4 within 1 ms", "no LUN at all");
}


/* --- the index, told by the test what the kernel would --- */

/* Finds LUN 4 as it was; it moves to another disk with an event, or without */
static int
testIndexStale(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 4, ID_RED, "sda");

    if (testLunIs(virFCLunFind(HOST, NULL, &four), "/dev/sda", TARGET_A, 4) < 0)
        return -1;

    testAddDisk(0, 0, ID_BLUE, "sdb");

    /* no event yet, but what the index does not know is not denied */
    if (testLunIs(virFCLunFind(HOST, NULL, &zero), "/dev/sdb", TARGET_A, 0) < 0)
        return -1;

    testNewTree();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 4, ID_RED, "sdc");

    return testLunIs(virFCLunFind(HOST, NULL, &four), "/dev/sdc", TARGET_A, 4);
}


static int
testIndexEvent(const void *opaque G_GNUC_UNUSED)
{
    testNewTree();
    virFCLunWatchTellLost();
    testAddTarget(0, TARGET_A);
    testAddTarget(1, TARGET_B);
    testAddDisk(0, 4, ID_RED, "sda");

    if (testLunIs(virFCLunFind(HOST, NULL, &four), "/dev/sda", TARGET_A, 4) < 0)
        return -1;

    testAddDisk(1, 4, ID_BLUE, "sdb");
    virFCLunWatchTell("/devices/pci0000:00/host3/vport-3:0-1/host7/rport-7:0-1/"
                      "target7:0:1/7:0:1:4/block/sdb");

    return testLunFails(virFCLunFind(HOST, NULL, &four),
                        VIR_ERR_CONFIG_UNSUPPORTED, TARGET_A, TARGET_B);
}


/* No event tells that a unit has got another identity; one tells of a map, but
 * that has left the disk is seen only after the event */
static int
testIndexVolatile(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCLun) before = NULL;
    g_autoptr(virFCLun) after = NULL;
    g_autofree char *holders = NULL;

    testNewTree();
    virFCLunWatchTellLost();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 4, ID_RED, "sda");

    before = virFCLunFind(HOST, TARGET_A, &four);
    testAddUnit(0, 4, "0\n", ID_BLUE);
    after = virFCLunFind(HOST, TARGET_A, &four);

    if (!before || STRNEQ(before->id, ID_RED) ||
        !after || STRNEQ(after->id, ID_BLUE))
        return -1;

    testAddHolder(0, 4, "sda", "mpatha\n", "mpath-36001405000000\n");
    virFCLunWatchTell("/devices/virtual/block/dm-3");

    if (testLunIs(virFCLunFind(HOST, TARGET_A, &four), "/dev/mapper/mpatha", TARGET_A, 4) < 0)
        return -1;

    holders = g_strdup_printf("%s/" UNIT "block/sda/holders", sysfs, HOST, 0, 0, 0, four);
    virFileDeleteTree(holders);

    return testLunIs(virFCLunFind(HOST, TARGET_A, &four), "/dev/sda", TARGET_A, 4);
}


/* No event tells when an array that was not ready is, so that a size is no more 0 */
static int
testIndexSize(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCLun) before = NULL;
    g_autoptr(virFCLun) after = NULL;

    testNewTree();
    virFCLunWatchTellLost();
    testAddTarget(0, TARGET_A);
    testAddDisk(0, 4, ID_RED, "sda");
    testWrite("0\n", UNIT "block/sda/size", HOST, 0, 0, 0, four);

    before = virFCLunFind(HOST, TARGET_A, &four);
    testAddBlock(0, 4, "sda");
    after = virFCLunFind(HOST, TARGET_A, &four);

    return before && before->size == 0 &&
        after && after->size == 4 * 1024 * 1024 ? 0 : -1;
}


static int
testIndexHost(const void *opaque G_GNUC_UNUSED)
{
    unsigned int host = 0;

    testNewTree();
    virFCLunWatchTellLost();

    if (virFCLunWatchFindHost("0x2001001B32A90002", VHBA, &host) != 1 || host != HOST ||
        virFCLunWatchFindHost(NULL, TARGET_A, &host) != 0)
        return -1;

    virFileDeleteTree(sysfs);

    /* the host is gone, the event is yet to come */
    return virFCLunWatchFindHost(NULL, VHBA, &host) == 0 ? 0 : -1;
}


/* Waits for what is told; that of another host must not end it. There is no
 * other thread: what was told before the wait ends it at once. */
static int
testIndexWaiter(const void *opaque)
{
    const char *path = opaque;
    g_autoptr(virFCLunWaiter) waiter = virFCLunWaiterNew(HOST);
    unsigned long long start = 0;
    unsigned long long end = 0;

    virFCLunWatchTell("/devices/pci0000:00/host3/vport-3:0-1/host8/rport-8:0-1");
    virFCLunWatchTell(path);

    if (virTimeMillisNow(&start) < 0 ||
        virFCLunWaiterWait(waiter, start + 60 * 1000) < 0 ||
        virFCLunWaiterWait(waiter, start) < 0 ||
        virTimeMillisNow(&end) < 0)
        return -1;

    return end - start < 30 * 1000 ? 0 : -1;
}


static int
mymain(void)
{
    g_autofree char *root = g_strdup("/tmp/virfcluntest-XXXXXX");
    int ret = 0;

    if (!g_mkdtemp(root)) {
        fprintf(stderr, "cannot create a directory for the sysfs tree\n");
        return EXIT_FAILURE;
    }

    sysfs = g_strdup_printf("%s/sys", root);
    virFileWrapperAddPrefix("/sys", sysfs);

#define DO_TEST(name, func) \
    if (virTestRun(name, func, NULL) < 0) \
        ret = -1

    DO_TEST("a list is ordered by unit and target port", testList);
    DO_TEST("a vHBA may show nothing", testListEmpty);
    DO_TEST("numbers of LUNs may be long", testLongNumbers);
    DO_TEST("what cannot be read is not there", testGarbage);
    DO_TEST("a host that is not there is an error", testListNoHost);
    DO_TEST("an array's controller is no LUN", testController);

    DO_TEST("the only LUN needs no name", testTheOnlyOne);
    DO_TEST("no LUN: the error names the vHBA and its state", testNone);
    DO_TEST("several LUNs: the error lists them", testSeveral);
    DO_TEST("a LUN is chosen by its unit", testByUnit);
    DO_TEST("a wrong unit: the error lists the right ones", testWrongUnit);
    DO_TEST("a LUN is chosen by its target port", testByTarget);
    DO_TEST("equal numbers do not make the same unit", testSameNumberOtherUnit);
    DO_TEST("one unit through two target ports is one LUN", testTwoPaths);
    DO_TEST("units without identity are never taken for the same", testNoIdentity);
    DO_TEST("the multipath map is used, not a path of it", testMultipath);
    DO_TEST("the host's LVM on a LUN is not mistaken for multipath", testHostLVM);

    DO_TEST("a disk and its map are the same LUN", testIsDevice);

    DO_TEST("what is there is not waited for", testWaitThere);
    DO_TEST("a wait lasts until the block device is there", testWaitBlock);
    DO_TEST("a wait lasts until udev's rules are applied", testWaitRules);
    DO_TEST("a second LUN that appears ends the wait with an error", testWaitAmbiguous);
    DO_TEST("another path to a LUN that was waited for is waited for", testWaitPath);

    if (virTestRun("a wait ends with the event that brings the LUN",
                   testWaitComing, NULL) < 0 ||
        virTestRun("a wait for a target's unit ends at once with that event",
                   testWaitComing, TARGET_A) < 0 ||
        virTestRun("a LUN that was waited for may be one of several",
                   testWaitFirst, NULL) < 0 ||
        virTestRun("a unit that was waited for may be one of several",
                   testWaitFirst, &four) < 0)
        ret = -1;

    DO_TEST("a wait of no time looks once", testWaitInVain);
    DO_TEST("a timeout says what was waited for and what is there", testWaitTimeout);

    virFCLunWatchStartDeaf();

    DO_TEST("a LUN that has moved is found even before its event", testIndexStale);
    DO_TEST("after its event a LUN counts", testIndexEvent);
    DO_TEST("another identity is seen without an event, a map with its own", testIndexVolatile);
    DO_TEST("a size that was 0 is seen without an event", testIndexSize);
    DO_TEST("a host is found by its names, and is gone when it is", testIndexHost);

    if (virTestRun("an event of the host ends a wait", testIndexWaiter,
                   "/devices/pci0000:00/host3/vport-3:0-1/host7/rport-7:0-1") < 0 ||
        virTestRun("an event of a multipath map ends a wait", testIndexWaiter,
                   "/devices/virtual/block/dm-3") < 0)
        ret = -1;

    virFCLunWatchStop();
    virFileWrapperClearPrefixes();
    virFileDeleteTree(root);
    g_free(sysfs);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
