/*
 * nodedevvhbatest.c: test persistent vHBAs
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
#include "testsysfstree.h"

#include "node_device/node_device_driver.h"
#include "node_device/node_device_vhba.h"
#include "virfile.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

#define WWNN "2001001b32a9da4e"
#define P "2101001b32a90012"
#define S "2101001b32a90014"
#define X "2101001b32a90016"
#define FABRIC "2001000dec9877c1"
#define HBA_PATH "/sys/devices/pci0000:00/0000:00:02.0/virtio0/net/eth0/ctlr_0/host0"
#define LENT "<handover state='lent' domain='guest' migration='5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b'/>"

/* Each test has an empty store and a host with the HBAs and vHBAs of
 * virfchostdata/hosts.sysfs. */
static char *sysfs;
static char *storedir;


/* A driver that starts anew, with what is in the store. */
static int
testDriverStart(void)
{
    driver = g_new0(virNodeDeviceDriverState, 1);
    driver->devs = virNodeDeviceObjListNew();
    driver->nodeDeviceEventState = virObjectEventStateNew();
    driver->initialized = true;
    driver->vhbas = nodeDeviceVHBAsNew(driver, storedir, NULL, NULL);

    return driver->vhbas ? 0 : -1;
}


static void
testDriverStop(void)
{
    nodeDeviceVHBAsFree(driver->vhbas);
    virNodeDeviceObjListFree(driver->devs);
    virObjectUnref(driver->nodeDeviceEventState);
    g_clear_pointer(&driver, g_free);
}


static int
testDriverRestart(void)
{
    testDriverStop();
    return testDriverStart();
}


static char *
testXML(const char *parent,
        const char *wwpn,
        const char *more)
{
    return g_strdup_printf("<device>%s"
                           "<capability type='scsi_host'>"
                           "<capability type='fc_host'>"
                           "<wwnn>" WWNN "</wwnn><wwpn>%s</wwpn>%s"
                           "</capability></capability></device>",
                           parent, wwpn, more);
}


static int
testDefineXML(const char *xml)
{
    g_autoptr(virNodeDeviceDef) def = NULL;
    g_autofree char *name = NULL;

    if (!(def = virNodeDeviceDefParse(xml, NULL, CREATE_DEVICE, "QEMU", NULL, NULL, false)) ||
        !(name = nodeDeviceVHBADefine(driver->vhbas, def)))
        return -1;

    return 0;
}


static int
testDefine(const char *wwpn,
           const char *more)
{
    g_autofree char *xml = testXML("", wwpn, more);

    return testDefineXML(xml);
}


/* Returns 0 if there is an error now that says @reason. */
static int
testError(const char *reason)
{
    int ret = 0;

    if (!strstr(virGetLastErrorMessage(), reason)) {
        VIR_TEST_DEBUG("'%s' is not in '%s'", reason, virGetLastErrorMessage());
        ret = -1;
    }

    virResetLastError();
    return ret;
}


static virNodeDeviceObj *
testFind(const char *wwpn)
{
    g_autofree char *name = virNodeDeviceVHBAName(wwpn);

    return virNodeDeviceObjListFindByName(driver->devs, name);
}


/* Does what the driver does when udev tells of host @host, which is the vHBA
 * @wwpn. */
static virNodeDeviceObj *
testUdevAdd(unsigned int host,
            const char *wwpn)
{
    virNodeDeviceDef *def = g_new0(virNodeDeviceDef, 1);
    virNodeDevCapSCSIHost *cap;
    virNodeDeviceObj *obj;

    def->name = g_strdup_printf("scsi_host%u", host);
    def->sysfs_path = g_strdup_printf(HBA_PATH "/vport-0:0-9/host%u", host);
    def->parent = g_strdup("scsi_host0");
    def->caps = g_new0(virNodeDevCapsDef, 1);
    def->caps->data.type = VIR_NODE_DEV_CAP_SCSI_HOST;

    cap = &def->caps->data.scsi_host;
    cap->host = host;
    cap->unique_id = -1;
    cap->flags = VIR_NODE_DEV_CAP_FLAG_HBA_FC_HOST;
    cap->wwnn = g_strdup(WWNN);
    cap->wwpn = g_strdup(wwpn);

    nodeDeviceVHBASetName(driver->vhbas, def);
    obj = virNodeDeviceObjListAssignDef(driver->devs, def);
    virNodeDeviceObjSetActive(obj, true);
    nodeDeviceVHBAAdded(driver->vhbas, obj);

    return obj;
}


static int
testDefineNormalizes(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *input = g_strdup(abs_srcdir "/nodedevschemadata/vhba_define.xml");
    g_autofree char *expect = g_strdup(abs_srcdir "/nodedevvhbadata/defined.xml");
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *xml = NULL;
    g_autofree char *stored = NULL;

    if (virTestLoadFile(input, &xml) < 0 ||
        testDefineXML(xml) < 0 ||
        virTestLoadFile(file, &stored) < 0)
        return -1;

    return virTestCompareToFile(stored, expect);
}


static int
testDefineSurvivesRestart(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    virNodeDeviceObj *obj = NULL;
    int ret = -1;

    if (testDefine(P, "<secondary wwpn='" S "'/>" LENT) < 0 ||
        !(obj = testFind(P)))
        return -1;

    before = virNodeDeviceDefFormat(virNodeDeviceObjGetDef(obj), VIR_NODE_DEVICE_XML_INACTIVE);
    if (nodeDeviceVHBASetAutostart(driver->vhbas, &obj, true) < 0 ||
        testDriverRestart() < 0 ||
        !(obj = testFind(P)))
        return -1;

    after = virNodeDeviceDefFormat(virNodeDeviceObjGetDef(obj), VIR_NODE_DEVICE_XML_INACTIVE);
    if (virNodeDeviceObjIsPersistent(obj) &&
        virNodeDeviceObjIsAutostart(obj) &&
        !virNodeDeviceObjIsActive(obj))
        ret = virTestCompareToString(before, after);

    virNodeDeviceObjEndAPI(&obj);
    return ret;
}


static int
testRedefineKeepsAutostart(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;
    bool autostart;

    if (testDefine(P, "") < 0 ||
        !(obj = testFind(P)) ||
        nodeDeviceVHBASetAutostart(driver->vhbas, &obj, true) < 0 ||
        testDefine(P, "<secondary wwpn='" S "'/>") < 0 ||
        testDriverRestart() < 0 ||
        !(obj = testFind(P)))
        return -1;

    autostart = virNodeDeviceObjIsAutostart(obj);
    virNodeDeviceObjEndAPI(&obj);

    return autostart ? 0 : -1;
}


static int
testUndefineLeavesNothing(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *linkpath = g_strdup_printf("%s/autostart/" P ".xml", storedir);
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "") < 0 ||
        !(obj = testFind(P)) ||
        nodeDeviceVHBASetAutostart(driver->vhbas, &obj, true) < 0 ||
        !virFileExists(file) || virFileIsLink(linkpath) != 1 ||
        !(obj = testFind(P)) ||
        nodeDeviceVHBAUndefine(driver->vhbas, &obj) < 0 ||
        virFileExists(file) || virFileIsLink(linkpath) == 1)
        return -1;

    if ((obj = testFind(P))) {
        virNodeDeviceObjEndAPI(&obj);
        return -1;
    }

    return 0;
}


struct testBrokenData {
    const char *text; /* of a file named after WWPN X */
};


static int
testBrokenFile(const void *opaque)
{
    const struct testBrokenData *data = opaque;
    g_autofree char *file = g_strdup_printf("%s/" X ".xml", storedir);
    g_autofree char *text = NULL;
    virNodeDeviceObj *good = NULL;
    virNodeDeviceObj *bad = NULL;
    int ret = -1;

    if (testDefine(P, "") < 0 ||
        virFileWriteStr(file, data->text, 0600) < 0 ||
        testDriverRestart() < 0)
        return -1;

    good = testFind(P);
    virNodeDeviceObjEndAPI(&good);
    bad = testFind(X);

    if (!bad && virTestLoadFile(file, &text) == 0)
        ret = virTestCompareToString(data->text, text);

    virNodeDeviceObjEndAPI(&bad);
    return ret;
}


struct testRefuseData {
    const char *parent;
    const char *wwpn;
    const char *more;
    const char *reason;
};


static int
testDefineRefused(const void *opaque)
{
    const struct testRefuseData *data = opaque;
    g_autofree char *xml = testXML(data->parent, data->wwpn, data->more);
    g_autofree char *file = g_strdup_printf("%s/%s.xml", storedir, data->wwpn);

    /* for some to contradict */
    if (testDefine(P, "<secondary wwpn='" S "'/>") < 0)
        return -1;

    if (testDefineXML(xml) == 0 || virFileExists(file))
        return -1;

    return testError(data->reason);
}


static int
testPairInAnyOrder(const void *opaque G_GNUC_UNUSED)
{
    if (testDefine(S, "<primary wwpn='" P "'/>") < 0 ||
        testDefine(P, "<secondary wwpn='" S "'/>") < 0 ||
        testDefine(X, "") < 0)
        return -1;

    /* roles are exchanged by way of no pair at all */
    if (testDefine(P, "") < 0 ||
        testDefine(S, "<secondary wwpn='" P "'/>") < 0 ||
        testDefine(P, "<primary wwpn='" S "'/>") < 0)
        return -1;

    return 0;
}


/* Whatever number the host gets, the definition and the name are found by
 * WWPN; and back when it is gone. */
static int
testActiveIsTheSameDevice(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    virNodeDeviceDef *def;
    int ret = -1;

    if (testDefine(P, "<secondary wwpn='" S "'/>") < 0 ||
        !(obj = testFind(P)))
        return -1;
    before = virNodeDeviceDefFormat(virNodeDeviceObjGetDef(obj), VIR_NODE_DEVICE_XML_INACTIVE);
    virNodeDeviceObjEndAPI(&obj);

    obj = testUdevAdd(77, P);
    def = virNodeDeviceObjGetDef(obj);
    if (STRNEQ(def->name, "vhba_" P) ||
        !virNodeDeviceObjIsPersistent(obj) ||
        STRNEQ_NULLABLE(virNodeDeviceVHBAGetDef(def)->secondary, S))
        goto cleanup;
    virNodeDeviceObjEndAPI(&obj);

    if (!(obj = nodeDeviceVHBAFindByHostName(driver->vhbas, "scsi_host77")))
        return -1;
    nodeDeviceVHBARemoved(virNodeDeviceObjGetDef(obj));
    virNodeDeviceObjSetActive(obj, false);

    after = virNodeDeviceDefFormat(virNodeDeviceObjGetDef(obj), VIR_NODE_DEVICE_XML_INACTIVE);
    virNodeDeviceObjEndAPI(&obj);
    if ((obj = nodeDeviceVHBAFindByHostName(driver->vhbas, "scsi_host77")))
        goto cleanup;

    ret = virTestCompareToString(before, after);

 cleanup:
    virNodeDeviceObjEndAPI(&obj);
    return ret;
}


static int
testRecycledHostInheritsNothing(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;
    int ret = -1;

    if (testDefine(P, "") < 0)
        return -1;

    obj = testUdevAdd(77, P);
    nodeDeviceVHBARemoved(virNodeDeviceObjGetDef(obj));
    virNodeDeviceObjSetActive(obj, false);
    virNodeDeviceObjEndAPI(&obj);

    obj = testUdevAdd(77, X);
    if (STREQ(virNodeDeviceObjGetDef(obj)->name, "scsi_host77") &&
        !virNodeDeviceObjIsPersistent(obj))
        ret = 0;

    virNodeDeviceObjEndAPI(&obj);
    return ret;
}


/* This is how a migration keeps its journal. */
static int
testMarkWhileActive(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("<parent>scsi_host0</parent>", P, LENT);
    virNodeDeviceObj *obj = NULL;
    virNodeDevVHBADef *vhba;
    g_autofree char *stored = NULL;
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *fabric = testXML("<parent fabric_wwn='" FABRIC "'/>", P, "");
    int ret = -1;

    if (testDefineXML(fabric) < 0)
        return -1;

    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);

    /* the XML of an active device has the parent's name */
    if (testDefineXML(xml) < 0 ||
        virTestLoadFile(file, &stored) < 0 ||
        !strstr(stored, "<handover state='lent'") ||
        !strstr(stored, "<parent fabric_wwn='" FABRIC "'/>"))
        return -1;

    obj = testFind(P);
    vhba = virNodeDeviceVHBAGetDef(virNodeDeviceObjGetDef(obj));
    if (virNodeDeviceObjIsActive(obj) &&
        vhba->handover == VIR_NODE_DEV_VHBA_HANDOVER_LENT &&
        STREQ(vhba->domain, "guest"))
        ret = 0;
    virNodeDeviceObjEndAPI(&obj);

    return ret;
}


static int
testParentIsFixedWhileActive(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("<parent fabric_wwn='" FABRIC "'/>", P, "");
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "") < 0)
        return -1;

    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);

    if (testDefineXML(xml) == 0)
        return -1;

    return testError("is active");
}


static int
testUndefineWhileActive(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;
    int ret = -1;

    if (testDefine(P, "") < 0)
        return -1;

    obj = testUdevAdd(77, P);
    if (nodeDeviceVHBAUndefine(driver->vhbas, &obj) < 0)
        return -1;

    /* an update of a device that is not defined any more, but still there */
    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);

    obj = testFind(P);
    if (obj && virNodeDeviceObjIsActive(obj) && !virNodeDeviceObjIsPersistent(obj))
        ret = 0;
    virNodeDeviceObjEndAPI(&obj);

    return ret;
}


/* The fixture's vport_create is a plain file: no host appears. */
static int
testFailedStartLeavesNothing(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *created = g_strdup_printf("%s/sys/class/fc_host/host2/vport_create", sysfs);
    g_autofree char *deleted = g_strdup_printf("%s/sys/class/fc_host/host2/vport_delete", sysfs);
    g_autofree char *createdtext = NULL;
    g_autofree char *deletedtext = NULL;
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "") < 0 || !(obj = testFind(P)))
        return -1;

    if (nodeDeviceVHBAStart(driver->vhbas, &obj) == 0 || testError("vhba_" P) < 0)
        return -1;

    if (virTestLoadFile(created, &createdtext) < 0 ||
        virTestLoadFile(deleted, &deletedtext) < 0 ||
        virTestCompareToString(P ":" WWNN, createdtext) < 0)
        return -1;

    return virTestCompareToString(P ":" WWNN, deletedtext);
}


struct testStartData {
    const char *parent;
    const char *more;
    const char *reason;
};


static int
testStartRefused(const void *opaque)
{
    const struct testStartData *data = opaque;
    g_autofree char *xml = testXML(data->parent, P, data->more);
    virNodeDeviceObj *obj = NULL;

    if (testDefineXML(xml) < 0 || !(obj = testFind(P)))
        return -1;

    if (nodeDeviceVHBAStart(driver->vhbas, &obj) == 0)
        return -1;

    return testError(data->reason);
}


static int
testTransientRefused(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("", "21:01:00:1B:32:A9:00:12", "");
    g_autofree char *otherxml = testXML("", X, "");
    g_autoptr(virNodeDeviceDef) def = NULL;
    g_autoptr(virNodeDeviceDef) other = NULL;

    if (testDefine(P, "") < 0 ||
        !(def = virNodeDeviceDefParse(xml, NULL, CREATE_DEVICE, "QEMU", NULL, NULL, false)) ||
        !(other = virNodeDeviceDefParse(otherxml, NULL, CREATE_DEVICE, "QEMU", NULL, NULL, false)))
        return -1;

    if (nodeDeviceVHBACheckTransient(driver->vhbas, other) < 0 ||
        nodeDeviceVHBACheckTransient(driver->vhbas, def) == 0)
        return -1;

    return testError("nodedev-start vhba_" P);
}


typedef int (*testBody)(const void *opaque);

struct testCase {
    testBody body;
    const void *opaque;
};


static int
testRun(const void *opaque)
{
    const struct testCase *test = opaque;
    int ret = -1;

    storedir = g_strdup(abs_builddir "/vhbastore-XXXXXX");
    if (!g_mkdtemp(storedir) ||
        !(sysfs = testSysfsTreeUnpack(abs_srcdir "/virfchostdata/hosts.sysfs")))
        return -1;

    if (testDriverStart() == 0)
        ret = test->body(test->opaque);
    testDriverStop();

    testSysfsTreeRemove(sysfs);
    virFileDeleteTree(storedir);
    g_clear_pointer(&storedir, g_free);

    return ret;
}


static int
mymain(void)
{
    int ret = 0;

#define TEST_OPAQUE(name, body_, opaque_) \
    do { \
        struct testCase test = { .body = body_, .opaque = opaque_ }; \
        if (virTestRun(name, testRun, &test) < 0) \
            ret = -1; \
    } while (0)

#define TEST(name, body) \
    TEST_OPAQUE(name, body, NULL)

#define TEST_BROKEN(name, text_) \
    do { \
        struct testBrokenData data = { .text = text_ }; \
        TEST_OPAQUE("a bad file costs only itself: " name, testBrokenFile, &data); \
    } while (0)

#define TEST_REFUSED(name, parent_, wwpn_, more_, reason_) \
    do { \
        struct testRefuseData data = { .parent = parent_, .wwpn = wwpn_, \
                                       .more = more_, .reason = reason_ }; \
        TEST_OPAQUE("define is refused: " name, testDefineRefused, &data); \
    } while (0)

#define TEST_START_REFUSED(name, parent_, more_, reason_) \
    do { \
        struct testStartData data = { .parent = parent_, .more = more_, .reason = reason_ }; \
        TEST_OPAQUE("start is refused: " name, testStartRefused, &data); \
    } while (0)

    TEST("define brings WWNs to canonical form", testDefineNormalizes);
    TEST("a definition survives a restart", testDefineSurvivesRestart);
    TEST("redefining keeps autostart", testRedefineKeepsAutostart);
    TEST("undefine leaves nothing", testUndefineLeavesNothing);

    TEST_BROKEN("not XML", "what is this?\n");
    TEST_BROKEN("cut short", "<device>\n  <name>vhba_" X "</name>\n");
    TEST_BROKEN("another vHBA", "<device><capability type='scsi_host'><capability type='fc_host'>"
                "<wwnn>" WWNN "</wwnn><wwpn>" S "</wwpn></capability></capability></device>");
    TEST_BROKEN("no WWNN", "<device><capability type='scsi_host'><capability type='fc_host'>"
                "<wwpn>" X "</wwpn></capability></capability></device>");
    TEST_BROKEN("a parent by name", "<device><parent>scsi_host0</parent>"
                "<capability type='scsi_host'><capability type='fc_host'>"
                "<wwnn>" WWNN "</wwnn><wwpn>" X "</wwpn></capability></capability></device>");
    TEST_BROKEN("a mark of a newer libvirt", "<device><capability type='scsi_host'><capability type='fc_host'>"
                "<wwnn>" WWNN "</wwnn><wwpn>" X "</wwpn>"
                "<handover state='parked' domain='guest' migration='5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b'/>"
                "</capability></capability></device>");

    TEST_REFUSED("not a WWPN", "", "2101001b32a9", "", "malformed WWN '2101001b32a9'");
    TEST_REFUSED("unknown address authority", "", "0101001b32a90016", "", "cannot begin with '0'");
    TEST_REFUSED("WWPN is the WWNN", "", WWNN, "", "must differ");
    TEST_REFUSED("WWPN of an active vHBA", "", "2101001b32a90002", "", "'scsi_host1'");
    TEST_REFUSED("WWPN of an HBA", "", "200052540000a001", "", "HBA 'scsi_host0'");
    TEST_REFUSED("unknown parent", "<parent>scsi_host99</parent>", X, "", "'scsi_host99'");
    TEST_REFUSED("malformed parent", "<parent fabric_wwn='x'/>", X, "", "malformed WWN 'x'");
    TEST_REFUSED("both partners", "", X, "<primary wwpn='" P "'/><secondary wwpn='" S "'/>", "both");
    TEST_REFUSED("its own partner", "", X, "<primary wwpn='" X "'/>", "its own partner");
    TEST_REFUSED("someone else's secondary", "", X, "<secondary wwpn='" S "'/>", "'vhba_" P "'");
    TEST_REFUSED("a second secondary", "", X, "<primary wwpn='" P "'/>", "'vhba_" P "'");
    TEST_REFUSED("a primary as secondary", "", X, "<secondary wwpn='" P "'/>", "'vhba_" P "'");
    TEST_REFUSED("a primary too many", "", S, "<secondary wwpn='" P "'/>", "'vhba_" P "'");
    TEST_REFUSED("a mark that says nothing", "", X, "<handover state='lent'/>", "'domain'");
    TEST_REFUSED("an unknown mark", "", X, "<handover state='sold' domain='d' migration='u'/>", "'sold'");
    TEST("a pair is defined in any order", testPairInAnyOrder);

    TEST("active or not, it is the same device", testActiveIsTheSameDevice);
    TEST("a recycled scsi_hostN inherits nothing", testRecycledHostInheritsNothing);
    TEST("a mark is set while active", testMarkWhileActive);
    TEST("the parent is fixed while active", testParentIsFixedWhileActive);
    TEST("undefine while active leaves it transient", testUndefineWhileActive);

    TEST("a failed start leaves nothing", testFailedStartLeavesNothing);
    TEST_START_REFUSED("lent", "", LENT, "lent to the host that domain 'guest' migrates to");
    TEST_START_REFUSED("parent gone", "<parent wwnn='1000000000000001' wwpn='1000000000000002'/>", "",
                       "'1000000000000002', is not there");
    TEST_START_REFUSED("no HBA on the fabric", "<parent fabric_wwn='2001000dec9877ff'/>", "",
                       "scsi_host2: it is on another fabric");
    TEST("a transient vHBA with a defined WWPN is refused", testTransientRefused);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
