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

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testutils.h"
#include "testsysfstree.h"

#include "access/viraccessapicheck.h"
#include "conf/node_device_event.h"
#include "datatypes.h"
#include "node_device/node_device_driver.h"
#include "node_device/node_device_vhba.h"
#define LIBVIRT_NODE_DEVICE_VHBAPRIV_H_ALLOW
#include "node_device/node_device_vhbapriv.h"
#include "configmake.h"
#include "virevent.h"
#include "virfcclaim.h"
#include "virfchost.h"
#include "virfile.h"
#include "virfilewrapper.h"
#include "virmock.h"
#include "virthread.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

#define WWNN "2001001b32a9da4e"
#define P "2101001b32a90012"
#define S "2101001b32a90014"
#define X "2101001b32a90016"
#define FABRIC "2001000dec9877c1"
#define HBA_PATH "/sys/devices/pci0000:00/0000:00:02.0/virtio0/net/eth0/ctlr_0/host0"
#define MARK(state) "<handover state='" state "' domain='guest' migration='5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b'/>"
#define LENT MARK("lent")

/* Each test has an empty store and a host with the HBAs and vHBAs of
 * virfchostdata/hosts.sysfs. */
static char *sysfs;
static char *storedir;
static virConnectPtr conn;

/* What clients are told, one line for each event. This takes the place of
 * libvirt's own functions. */
static GString *events;


virObjectEvent *
virNodeDeviceEventLifecycleNew(const char *name,
                               int type,
                               int detail G_GNUC_UNUSED)
{
    const char *what[] = { "created", "deleted", "defined", "undefined" };

    g_string_append_printf(events, "%s %s\n", what[type], name);
    return NULL;
}


virObjectEvent *
virNodeDeviceEventUpdateNew(const char *name)
{
    g_string_append_printf(events, "updated %s\n", name);
    return NULL;
}


/* Access is denied while this is not NULL; then it says to what. */
static GString *denied;
/* ... except to the device of this name */
static const char *allowed;


static int
testEnsureACL(const char *api,
              const virNodeDeviceDef *def)
{
    if (!denied || STREQ_NULLABLE(def->name, allowed))
        return 0;

    g_string_append_printf(denied, "%s %s\n", api, def->name);
    virReportError(VIR_ERR_ACCESS_DENIED, NULL);
    return -1;
}

#define ENSURE_ACL(api) \
    int \
    virNodeDevice ## api ## EnsureACL(virConnectPtr c G_GNUC_UNUSED, \
                                      virNodeDeviceDef *def) \
    { \
        return testEnsureACL(#api, def); \
    }

ENSURE_ACL(DefineXML)
ENSURE_ACL(Undefine)
ENSURE_ACL(Create)
ENSURE_ACL(CreateXML)
ENSURE_ACL(Destroy)
ENSURE_ACL(IsActive)
ENSURE_ACL(SetAutostart)
ENSURE_ACL(LookupByName)
ENSURE_ACL(LookupSCSIHostByWWN)

int
virNodeDeviceUpdateEnsureACL(virConnectPtr c G_GNUC_UNUSED,
                             virNodeDeviceDef *def,
                             unsigned int affect G_GNUC_UNUSED)
{
    return testEnsureACL("Update", def);
}


/* A driver that starts anew, with what is in the store. */
static int
testDriverStart(void)
{
    driver = g_new0(virNodeDeviceDriverState, 1);
    driver->devs = virNodeDeviceObjListNew();
    driver->nodeDeviceEventState = virObjectEventStateNew();
    driver->initialized = true;
    driver->stateDir = g_strdup_printf("%s/run", storedir);
    if (virMutexInit(&driver->lock) < 0)
        return -1;
    driver->vhbas = nodeDeviceVHBAsNew(driver, storedir, NULL, NULL);

    return driver->vhbas ? 0 : -1;
}


static void
testDriverStop(void)
{
    nodeDeviceVHBAsFree(driver->vhbas);
    virNodeDeviceObjListFree(driver->devs);
    virObjectUnref(driver->nodeDeviceEventState);
    virMutexDestroy(&driver->lock);
    g_free(driver->stateDir);
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


/* An event loop that never does anything counts the timers that it was given. */
static unsigned int timers;


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


static int
testUndefineObj(const char *wwpn)
{
    virNodeDeviceObj *obj = testFind(wwpn);

    return obj ? nodeDeviceVHBAUndefine(driver->vhbas, conn, &obj) : -1;
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


/* Does what the driver does when udev tells that it is gone. */
static void
testUdevRemove(virNodeDeviceObj *obj)
{
    nodeDeviceVHBARemoved(driver->vhbas, virNodeDeviceObjGetDef(obj));
    virNodeDeviceObjSetActive(obj, false);
    virNodeDeviceObjEndAPI(&obj);
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
        nodeDeviceVHBAUndefine(driver->vhbas, conn, &obj) < 0 ||
        virFileExists(file) || virFileIsLink(linkpath) == 1)
        return -1;

    if ((obj = testFind(P))) {
        virNodeDeviceObjEndAPI(&obj);
        return -1;
    }

    return 0;
}


static int
testCheckMode(const char *path,
              mode_t mode)
{
    struct stat sb = { 0 };

    if (stat(path, &sb) < 0 || (sb.st_mode & 0777) != mode) {
        VIR_TEST_DEBUG("%s: mode %o", path, sb.st_mode & 0777);
        return -1;
    }

    return 0;
}


/* Whatever the umask is, only the daemon reads and writes definitions. */
static int
testModes(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *links = g_strdup_printf("%s/autostart", storedir);
    virNodeDeviceObj *obj = NULL;
    mode_t mask = umask(0);
    int rc = 0;

    if (rmdir(storedir) < 0 ||
        testDefine(P, "") < 0 ||
        !(obj = testFind(P)) ||
        nodeDeviceVHBASetAutostart(driver->vhbas, &obj, true) < 0)
        rc = -1;
    umask(mask);

    if (rc < 0 ||
        testCheckMode(storedir, 0700) < 0 ||
        testCheckMode(links, 0700) < 0)
        return -1;

    return testCheckMode(file, 0600);
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

    /* a definition by the same name would replace the file */
    if (!bad && testDefine(X, "") < 0 &&
        testError(file) == 0 && virTestLoadFile(file, &text) == 0)
        ret = virTestCompareToString(data->text, text);

    virNodeDeviceObjEndAPI(&bad);
    return ret;
}


/* Each file that is not used is named in the log, with the reason. */
static int
testBrokenFileIsReported(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *file = g_strdup_printf("%s/" X ".xml", storedir);
    g_autofree char *log = NULL;

    if (testDefine(P, "") < 0 ||
        virFileWriteStr(file, "<device><novelty/></device>\n", 0600) < 0)
        return -1;

    g_free(virTestLogContentAndReset());
    if (testDriverRestart() < 0)
        return -1;

    log = virTestLogContentAndReset();
    return strstr(log, file) && !strstr(log, P) ? 0 : -1;
}


/* What a power cut leaves behind: a definition that is half written, beside the
 * old one or alone. */
static int
testPartialFileIsDropped(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *partial = g_strdup_printf("%s/" P ".xml.new", storedir);
    g_autofree char *other = g_strdup_printf("%s/" X ".xml.new", storedir);
    g_autofree char *foreign = g_strdup_printf("%s/notes.xml.new", storedir);
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "<secondary wwpn='" S "'/>") < 0 ||
        virFileWriteStr(partial, "<device>\n", 0600) < 0 ||
        virFileWriteStr(other, "<device>\n", 0600) < 0 ||
        virFileWriteStr(foreign, "mine\n", 0600) < 0 ||
        testDriverRestart() < 0)
        return -1;

    if ((obj = testFind(X))) {
        virNodeDeviceObjEndAPI(&obj);
        return -1;
    }

    if (!(obj = testFind(P)))
        return -1;
    virNodeDeviceObjEndAPI(&obj);

    return virFileExists(partial) || virFileExists(other) || !virFileExists(foreign) ? -1 : 0;
}


/* A new definition is not started by itself because of what has been there
 * before. */
static int
testStaleLinkIsNoAutostart(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *dir = g_strdup_printf("%s/autostart", storedir);
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *linkpath = g_strdup_printf("%s/" P ".xml", dir);
    virNodeDeviceObj *obj = NULL;
    bool autostart;

    if (g_mkdir_with_parents(dir, 0700) < 0 || symlink(file, linkpath) < 0 ||
        testDefine(P, "") < 0 || testDriverRestart() < 0 ||
        !(obj = testFind(P)))
        return -1;

    autostart = virNodeDeviceObjIsAutostart(obj);
    virNodeDeviceObjEndAPI(&obj);

    return autostart ? -1 : 0;
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
    testUdevRemove(g_steal_pointer(&obj));

    if (!(obj = testFind(P)))
        return -1;
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
    if (nodeDeviceVHBASetAutostart(driver->vhbas, &obj, true) < 0)
        return -1;
    testUdevRemove(testFind(P));

    obj = testUdevAdd(77, X);
    if (STREQ(virNodeDeviceObjGetDef(obj)->name, "scsi_host77") &&
        !virNodeDeviceObjIsPersistent(obj) &&
        !virNodeDeviceObjIsAutostart(obj))
        ret = 0;

    virNodeDeviceObjEndAPI(&obj);
    return ret;
}


/* Its host is gone, and the number is that of 2101001b32a90002 in the fixture
 * already, but udev has not told yet. */
static int
testRecycledHostTakesNoNames(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virNodeDevice) dev = NULL;
    virNodeDeviceObj *obj = NULL;
    virNodeDeviceDef *def;
    int ret = -1;

    if (testDefine(P, "") < 0)
        return -1;

    obj = testUdevAdd(1, P);
    virNodeDeviceObjEndAPI(&obj);

    if ((dev = nodeDeviceLookupSCSIHostByWWN(conn, WWNN, "2101001b32a90002", 0)) ||
        !(dev = nodeDeviceLookupSCSIHostByWWN(conn, WWNN, P, 0)) ||
        virTestCompareToString("vhba_" P, dev->name) < 0)
        return -1;

    obj = testFind(P);
    def = virNodeDeviceObjGetDef(obj);
    if (virNodeDeviceUpdateCaps(def) == 0 &&
        STREQ_NULLABLE(virNodeDeviceVHBAGetWWPN(def), P) &&
        STREQ_NULLABLE(virNodeDeviceVHBAGetWWNN(def), WWNN))
        ret = 0;

    testUdevRemove(obj);
    return ret;
}


/* What udev tells of a host is read late: then it has no names, or those of another
 * host. Other devices are none of our business. */
static int
testGoneHostIsStale(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = g_strdup(HBA_PATH "/vport-0:0-0/host1");
    g_autofree char *dir = g_strdup_printf("%s%s", sysfs, path);
    g_autofree char *other = g_strdup(HBA_PATH "/host9");
    virNodeDeviceDef def = { .sysfs_path = path };
    virNodeDeviceDef otherdef = { .sysfs_path = other };

    if (nodeDeviceVHBAIsStale(&def))
        return -1;

    virFileDeleteTree(dir);

    return nodeDeviceVHBAIsStale(&def) && !nodeDeviceVHBAIsStale(&otherdef) ? 0 : -1;
}


/* However its WWNs are written, and active or not. */
static int
testLookupByWWN(const void *opaque)
{
    const char *wwpn = opaque;
    g_autoptr(virNodeDevice) dev = NULL;

    if (testDefine(P, "") < 0 ||
        !(dev = nodeDeviceLookupSCSIHostByWWN(conn, "0x2001001B32A9DA4E", wwpn, 0)))
        return -1;

    return virTestCompareToString("vhba_" P, dev->name);
}


struct testListData {
    unsigned int flags;
    const char *names;
};


static int
testCompareNames(const void *a,
                 const void *b,
                 void *opaque G_GNUC_UNUSED)
{
    virNodeDevice *const *deva = a;
    virNodeDevice *const *devb = b;

    return strcmp((*deva)->name, (*devb)->name);
}


/* There are an active vHBA that is persistent, one that is not, and one that is
 * not active. */
static int
testList(const void *opaque)
{
    const struct testListData *data = opaque;
    g_autoptr(GString) names = g_string_new(NULL);
    g_autofree virNodeDevicePtr *devices = NULL;
    virNodeDeviceObj *obj = NULL;
    int ndevices;
    size_t i;

    if (testDefine(P, "") < 0 || testDefine(S, "") < 0)
        return -1;

    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);
    obj = testUdevAdd(78, X);
    virNodeDeviceObjEndAPI(&obj);

    if ((ndevices = virNodeDeviceObjListExport(conn, driver->devs, &devices,
                                               NULL, data->flags)) < 0)
        return -1;

    g_qsort_with_data(devices, ndevices, sizeof(*devices), testCompareNames, NULL);
    for (i = 0; i < ndevices; i++) {
        g_string_append_printf(names, " %s", devices[i]->name);
        virObjectUnref(devices[i]);
    }

    return virTestCompareToString(data->names, names->str);
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


/* What is compared with it, and the schema, know one form only. */
static int
testMigrationIsCanonical(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("", P, "<handover state='lent' domain='guest'"
                                   " migration='5C3F1A52 8f3e4b6f-9d8e-0c1d2e3f4a5b'/>");
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *stored = NULL;

    if (testDefineXML(xml) < 0 ||
        virTestLoadFile(file, &stored) < 0)
        return -1;

    return strstr(stored, LENT) ? 0 : -1;
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


/* A kernel that makes the vport of P, host77, on any HBA: what happens between that
 * and what udev tells of it. While this is NULL, there is no such kernel. */
static int (*vportIsMade)(void);

static int (*real_virFCHostVportCreateOnFabric)(const char *fabricWWN, const char *wwnn,
                                                const char *wwpn, unsigned int *parent);
static int (*real_virFCHostVportDelete)(unsigned int parent, const char *wwnn,
                                        const char *wwpn);
static virFCHost *(*real_virFCHostFindByWWN)(const char *wwnn, const char *wwpn);


static virFCHost *
testHostNew(void)
{
    virFCHost *fchost = g_new0(virFCHost, 1);

    fchost->host = 77;
    fchost->wwnn = g_strdup(WWNN);
    fchost->wwpn = g_strdup(P);
    return fchost;
}


int
virFCHostVportCreateOnFabric(const char *fabricWWN,
                             const char *wwnn,
                             const char *wwpn,
                             unsigned int *parent)
{
    virNodeDeviceObj *obj = NULL;

    VIR_MOCK_REAL_INIT(virFCHostVportCreateOnFabric);
    if (!vportIsMade)
        return real_virFCHostVportCreateOnFabric(fabricWWN, wwnn, wwpn, parent);

    if (vportIsMade() < 0)
        return -1;

    *parent = 0;
    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);
    return 0;
}


int
virFCHostVportDelete(unsigned int parent,
                     const char *wwnn,
                     const char *wwpn)
{
    VIR_MOCK_REAL_INIT(virFCHostVportDelete);
    if (!vportIsMade)
        return real_virFCHostVportDelete(parent, wwnn, wwpn);

    testUdevRemove(testFind(P));
    return 0;
}


virFCHost *
virFCHostFindByWWN(const char *wwnn,
                   const char *wwpn)
{
    VIR_MOCK_REAL_INIT(virFCHostFindByWWN);

    return vportIsMade ? testHostNew() : real_virFCHostFindByWWN(wwnn, wwpn);
}


virFCHost *
virFCHostVportWait(unsigned int host G_GNUC_UNUSED,
                   unsigned int timeoutMs G_GNUC_UNUSED)
{
    return testHostNew();
}


static int
testIsPairedMeanwhile(void)
{
    return testDefine(P, "<secondary wwpn='" S "'/>");
}


static int
testIsMovedMeanwhile(void)
{
    g_autofree char *xml = testXML("<parent fabric_wwn='" FABRIC "'/>", P, "");

    return testDefineXML(xml);
}


static int
testIsLentMeanwhile(void)
{
    return testDefine(P, LENT);
}


/* Starts P, to which @meanwhile happens when its vport has been made. Returns what the
 * start does. */
static int
testStartAndMeanwhile(int (*meanwhile)(void))
{
    int rc;

    if (testDefine(P, "") < 0)
        return -1;

    vportIsMade = meanwhile;
    rc = nodeDeviceVHBADoStart(driver->vhbas, "vhba_" P);
    vportIsMade = NULL;

    return nodeDeviceVHBAIsActive(driver->vhbas, "vhba_" P) == (rc == 0) ? rc : -1;
}


/* A migration that did not find it active has nothing to stop. */
static int
testLentDuringStart(const void *opaque G_GNUC_UNUSED)
{
    if (testStartAndMeanwhile(testIsLentMeanwhile) == 0)
        return -1;

    return testError("'vhba_" P "' was lent to the host that domain 'guest' migrates to");
}


/* Until it is active its parent can change. A start that is under way does not miss
 * that, and leaves nothing behind. */
static int
testDefineDuringStart(const void *opaque G_GNUC_UNUSED)
{
    if (testStartAndMeanwhile(testIsMovedMeanwhile) == 0 ||
        testError("while it was being started") < 0)
        return -1;

    return testStartAndMeanwhile(testIsPairedMeanwhile);
}


/* Whatever the XML says about the parent: it has been undefined, and only its
 * name was kept since the daemon is restarted. */
static int
testDefineAgainWhileActive(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("<parent fabric_wwn='" FABRIC "'/>", P, "");
    virNodeDeviceObj *obj = NULL;

    if (testDefineXML(xml) < 0)
        return -1;
    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);

    if (testUndefineObj(P) < 0 || testDriverRestart() < 0)
        return -1;
    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);

    return testDefineXML(xml);
}


/* An HBA is on one fabric: what is in memory is what is on disk. */
static int
testHBAMeansItsFabric(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("<parent wwnn='100052540000a001' wwpn='200052540000a001'"
                                   " fabric_wwn='" FABRIC "'/>", P, "");
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    virNodeDeviceObj *obj = NULL;

    if (testDefineXML(xml) < 0 || !(obj = testFind(P)))
        return -1;
    before = g_strdup(virNodeDeviceObjGetDef(obj)->parent_fabric_wwn);
    virNodeDeviceObjEndAPI(&obj);

    if (testDriverRestart() < 0 || !(obj = testFind(P)))
        return -1;
    after = g_strdup(virNodeDeviceObjGetDef(obj)->parent_fabric_wwn);
    virNodeDeviceObjEndAPI(&obj);

    return STREQ_NULLABLE(before, after) ? 0 : -1;
}


static int
testUndefineWhileActive(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;
    int ret = -1;

    if (testDefine(P, "") < 0)
        return -1;

    obj = testUdevAdd(77, P);
    if (nodeDeviceVHBAUndefine(driver->vhbas, conn, &obj) < 0)
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


/* The daemon exits when it is idle. */
static int
testUndefinedKeepsNameOverRestart(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("", P, "");
    g_autoptr(virNodeDeviceDef) def = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    virNodeDeviceObj *obj = NULL;
    bool persistent;

    if (testDefine(P, "") < 0)
        return -1;

    obj = testUdevAdd(77, P);
    if (nodeDeviceVHBAUndefine(driver->vhbas, conn, &obj) < 0 ||
        testDriverRestart() < 0)
        return -1;

    obj = testUdevAdd(77, P);
    before = g_strdup(virNodeDeviceObjGetDef(obj)->name);
    persistent = virNodeDeviceObjIsPersistent(obj);
    virNodeDeviceObjListRemove(driver->devs, obj);
    virNodeDeviceObjEndAPI(&obj);

    if (persistent || virTestCompareToString("vhba_" P, before) < 0)
        return -1;

    /* it is gone, and what is made now is another one */
    if (!(def = virNodeDeviceDefParse(xml, NULL, CREATE_DEVICE, "QEMU", NULL, NULL, false)) ||
        nodeDeviceVHBACheckTransient(driver->vhbas, def) < 0)
        return -1;

    obj = testUdevAdd(77, P);
    after = g_strdup(virNodeDeviceObjGetDef(obj)->name);
    virNodeDeviceObjEndAPI(&obj);

    return virTestCompareToString("scsi_host77", after);
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

    if (nodeDeviceVHBAStart(driver->vhbas, conn, &obj) == 0 || testError("vhba_" P) < 0)
        return -1;

    if (virTestLoadFile(created, &createdtext) < 0 ||
        virTestLoadFile(deleted, &deletedtext) < 0 ||
        virTestCompareToString(P ":" WWNN, createdtext) < 0)
        return -1;

    return virTestCompareToString(P ":" WWNN, deletedtext);
}


/* A domain may have claimed it while its start was not over. */
static int
testClaimedIsNotDestroyed(const void *opaque G_GNUC_UNUSED)
{
    const char *wwpn = "2101001b32a90002";
    g_autofree char *claims = g_strdup_printf("%s/claims", storedir);
    g_autofree char *deleted = g_strdup_printf("%s/sys/class/fc_host/host0/vport_delete", sysfs);
    g_autofree char *text = NULL;
    int ret = -1;

    virFileWrapperAddPrefix(RUNSTATEDIR "/libvirt/vhba", claims);

    if (g_mkdir_with_parents(claims, 0700) == 0 &&
        virFCClaimSet(wwpn, "guest", "00000000-0000-4000-8000-00000000000a", true) == 1 &&
        nodeDeviceVHBADoDestroy(driver->vhbas, "vhba_2101001b32a90002", wwpn) < 0 &&
        testError("in use by domain 'guest'") == 0 &&
        virTestLoadFile(deleted, &text) == 0)
        ret = virTestCompareToString("\n", text);

    virFileWrapperRemovePrefix(RUNSTATEDIR "/libvirt/vhba");
    return ret;
}


#define V "2101001b32a90002" /* a vHBA of the fixture */


static void
testUdevAddFixture(void)
{
    virNodeDeviceObj *obj;

    nodeDeviceVHBAKeepName(driver->vhbas, "vhba_" V);
    obj = testUdevAdd(1, V);
    virNodeDeviceObjEndAPI(&obj);
}


typedef struct _testDestroyData testDestroyData;
struct _testDestroyData {
    virNodeDevicePtr dev;
    char *vport_delete; /* a FIFO */
    int rc;
};


static void
testDestroyThread(void *opaque)
{
    testDestroyData *data = opaque;

    data->rc = nodeDeviceDestroy(data->dev);
    ignore_value(virFileWriteStr(data->vport_delete, "done", 0));
}


/* The kernel has been told to delete the vport, but udev has not told that it is
 * gone. */
static int
testDestroyedIsNotActive(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *vport_delete = g_strdup_printf("%s/sys/class/fc_host/host0/vport_delete", sysfs);
    g_autoptr(virNodeDevice) dev = virGetNodeDevice(conn, "vhba_" V);
    testDestroyData data = { .dev = dev, .vport_delete = vport_delete };
    char told[64] = "";
    VIR_AUTOCLOSE fd = -1;
    virThread thread;
    int before;
    int meanwhile;

    testUdevAddFixture();
    before = nodeDeviceIsActive(dev);

    if (unlink(vport_delete) < 0 || mkfifo(vport_delete, 0600) < 0 ||
        (fd = open(vport_delete, O_RDWR | O_CLOEXEC)) < 0 ||
        virThreadCreate(&thread, true, testDestroyThread, &data) < 0 ||
        read(fd, told, sizeof(told) - 1) < 0)
        return -1;

    meanwhile = nodeDeviceIsActive(dev);
    testUdevRemove(testFind(V));
    nodeDeviceVHBAsChanged(driver->vhbas, false);
    virThreadJoin(&thread);

    if (virTestCompareToString(V ":" WWNN, told) < 0)
        return -1;

    return before == 1 && meanwhile == 0 && data.rc == 0 &&
        !nodeDeviceVHBAIsDeleting(driver->vhbas, "vhba_" V) ? 0 : -1;
}


/* That the driver stops ends the wait, which shows that there was one. */
static int
testStartAwaitsDestroy(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virNodeDevice) dev = virGetNodeDevice(conn, "vhba_" V);

    testUdevAddFixture();

    if (nodeDeviceVHBABegin(driver->vhbas, "vhba_" V) < 0)
        return -1;
    nodeDeviceVHBAsStop(driver->vhbas);

    return nodeDeviceCreate(dev, 0) < 0 ? testError("the daemon stops") : -1;
}


/* The driver stops, and udev is not listened to any more. */
static int
testStopEndsWaits(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "") < 0)
        return -1;
    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);

    nodeDeviceVHBAsStop(driver->vhbas);

    if (nodeDeviceVHBAWaitInactive(driver->vhbas, "vhba_" P) == 0)
        return -1;

    return testError("the daemon stops");
}


/* How many of all vHBAs the driver would start now */
static unsigned int
testCountAutostart(void)
{
    timers = 0;
    nodeDeviceVHBAsAutostart(driver->vhbas);
    nodeDeviceVHBAAutostartCancel(driver->vhbas->autostart, "vhba_" P);

    return timers;
}


static int
testSetAutostart(const char *wwpn,
                 bool autostart)
{
    virNodeDeviceObj *obj = testFind(wwpn);

    return obj ? nodeDeviceVHBASetAutostart(driver->vhbas, &obj, autostart) : -1;
}


/* Whoever destroys it may use its WWPN elsewhere. */
static int
testDestroyedIsNotAutostarted(const void *opaque G_GNUC_UNUSED)
{
    if (testDefine(P, "") < 0 || testSetAutostart(P, true) < 0 ||
        testCountAutostart() != 1)
        return -1;

    nodeDeviceVHBASetDestroyed(driver->vhbas, "vhba_" P);
    if (testCountAutostart() != 0 ||
        testDriverRestart() < 0 ||
        testCountAutostart() != 0)
        return -1;

    return testSetAutostart(P, true) == 0 && testCountAutostart() == 1 ? 0 : -1;
}


/* By a storage pool, for one; the daemon sees it when it is restarted. */
static int
testStartedByOthers(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "") < 0)
        return -1;

    nodeDeviceVHBASetDestroyed(driver->vhbas, "vhba_" P);
    if (testDriverRestart() < 0)
        return -1;
    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);
    nodeDeviceVHBAsAutostart(driver->vhbas);

    return nodeDeviceVHBAIsDestroyed(driver->vhbas, "vhba_" P) ? -1 : 0;
}


/* The definition that comes next is not the one that was destroyed. */
static int
testUndefinedIsNotDestroyed(const void *opaque G_GNUC_UNUSED)
{
    if (testDefine(P, "") < 0)
        return -1;

    nodeDeviceVHBASetDestroyed(driver->vhbas, "vhba_" P);

    return testUndefineObj(P) == 0 &&
        !nodeDeviceVHBAIsDestroyed(driver->vhbas, "vhba_" P) ? 0 : -1;
}


/* The fabric does not let it in, and it is tried again and again. */
static int
testDestroyEndsAttempts(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "") < 0 || testSetAutostart(P, true) < 0)
        return -1;

    nodeDeviceVHBAAutostartAdd(driver->vhbas->autostart, "vhba_" P);
    obj = testFind(P);
    if (nodeDeviceVHBADestroy(driver->vhbas, &obj) < 0 ||
        nodeDeviceVHBAAutostartCancel(driver->vhbas->autostart, "vhba_" P) ||
        testCountAutostart() != 0)
        return -1;

    /* now there is nothing to be ended */
    obj = testFind(P);
    return nodeDeviceVHBADestroy(driver->vhbas, &obj) < 0 ? testError("is not active") : -1;
}


/* It is defined but cannot be undefined: its file is a directory. */
static int
testFailedUndefineChangesNothing(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *inside = g_strdup_printf("%s/x", file);
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "") < 0 ||
        unlink(file) < 0 || g_mkdir_with_parents(inside, 0700) < 0)
        return -1;

    nodeDeviceVHBAAutostartAdd(driver->vhbas->autostart, "vhba_" P);
    obj = testFind(P);
    if (nodeDeviceVHBAUndefine(driver->vhbas, conn, &obj) == 0)
        return -1;
    virResetLastError();

    return nodeDeviceVHBAAutostartCancel(driver->vhbas->autostart, "vhba_" P) ? 0 : -1;
}


/* The journal of the source when the guest has been sent. */
static int
testDefineLentPair(void)
{
    if (testDefine(P, "<secondary wwpn='" S "'/>" LENT) < 0)
        return -1;

    return testDefine(S, "<primary wwpn='" P "'/>" LENT);
}


/* The domain is to be started on the primary, and may run elsewhere. */
static int
testLentPrimaryIsNotStarted(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;

    if (testDefineLentPair() < 0 || !(obj = testFind(P)))
        return -1;

    if (nodeDeviceVHBAStart(driver->vhbas, conn, &obj) == 0)
        return -1;

    return testError("take the pair back with 'virsh nodedev-start vhba_" S "'");
}


/* Here is no HBA that it could be let in through; both stay lent then. */
static int
testLentSecondaryIsTried(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("<parent fabric_wwn='2001000dec9877ff'/>", S,
                                   "<primary wwpn='" P "'/>" LENT);
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *stored = NULL;
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "<secondary wwpn='" S "'/>" LENT) < 0 ||
        testDefineXML(xml) < 0 ||
        !(obj = testFind(S)))
        return -1;

    if (nodeDeviceVHBAStart(driver->vhbas, conn, &obj) == 0 ||
        testError("2001000dec9877ff") < 0 ||
        virTestLoadFile(file, &stored) < 0)
        return -1;

    return strstr(stored, "<handover state='lent'") ? 0 : -1;
}


/* The guest runs on the other host, on the one that is the secondary here. When it has
 * come, the primary is kept, and the secondary may be tried; there is no HBA for it. */
static int
testBorrowedIsNotStarted(const void *opaque)
{
    bool kept = opaque != NULL;
    g_autofree char *xml = testXML("<parent fabric_wwn='2001000dec9877ff'/>", S,
                                   "<primary wwpn='" P "'/>" MARK("borrowed"));
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, kept ? "<secondary wwpn='" S "'/>"
                           : "<secondary wwpn='" S "'/>" MARK("borrowed")) < 0 ||
        testDefineXML(xml) < 0 ||
        !(obj = testFind(S)))
        return -1;

    if (nodeDeviceVHBAStart(driver->vhbas, conn, &obj) == 0)
        return -1;

    return testError(kept ? "2001000dec9877ff" : "'vhba_" S "' is borrowed from the host");
}


static int
testAddTimer(int delay G_GNUC_UNUSED,
             virEventTimeoutCallback callback G_GNUC_UNUSED,
             void *opaque G_GNUC_UNUSED,
             virFreeCallback freeOpaque G_GNUC_UNUSED)
{
    return ++timers;
}


static void
testUpdateTimer(int timer G_GNUC_UNUSED,
                int delay G_GNUC_UNUSED)
{
}


static int
testRemoveTimer(int timer G_GNUC_UNUSED)
{
    return 0;
}


/* The host may have been booted since: the primary is to start, too. */
static int
testLentPairIsTakenBack(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virNodeDeviceDef) primary = NULL;
    g_autoptr(virNodeDeviceDef) secondary = NULL;

    if (testDefineLentPair() < 0 ||
        !nodeDeviceVHBAGetEntry(driver->vhbas, "vhba_" S, &secondary, NULL))
        return -1;

    timers = 0;
    if (nodeDeviceVHBATakeBack(driver->vhbas, secondary) < 0 || timers != 1)
        return -1;
    nodeDeviceVHBAAutostartCancel(driver->vhbas->autostart, "vhba_" P);

    virNodeDeviceDefFree(g_steal_pointer(&secondary));
    if (!nodeDeviceVHBAGetEntry(driver->vhbas, "vhba_" P, &primary, NULL) ||
        !nodeDeviceVHBAGetEntry(driver->vhbas, "vhba_" S, &secondary, NULL))
        return -1;

    return virNodeDeviceVHBAGetDef(primary)->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE &&
        virNodeDeviceVHBAGetDef(secondary)->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE ? 0 : -1;
}


/* What was copied before the start may be out of date when that is over. */
static int
testNewerDefinitionIsKept(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virNodeDeviceDef) old = NULL;
    g_autoptr(virNodeDeviceDef) def = NULL;

    if (testDefineLentPair() < 0 ||
        !nodeDeviceVHBAGetEntry(driver->vhbas, "vhba_" S, &old, NULL) ||
        testDefine(S, "<primary wwpn='" P "'/>"
                   "<handover state='lent' domain='other' migration='5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4aff'/>") < 0 ||
        nodeDeviceVHBATakeBack(driver->vhbas, old) < 0)
        return -1;
    nodeDeviceVHBAAutostartCancel(driver->vhbas->autostart, "vhba_" P);

    if (!nodeDeviceVHBAGetEntry(driver->vhbas, "vhba_" S, &def, NULL))
        return -1;

    return virTestCompareToString("other", virNodeDeviceVHBAGetDef(def)->domain);
}


/* A migration goes on, or ended while nobody could write that down. */
static int
testSecondaryIsLentAlone(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "<secondary wwpn='" S "'/>") < 0 ||
        testDefine(S, "<primary wwpn='" P "'/>" LENT) < 0 ||
        !(obj = testFind(S)))
        return -1;

    if (nodeDeviceVHBAStart(driver->vhbas, conn, &obj) == 0)
        return -1;

    return testError("restart virtqemud");
}


/* The domain runs on the other host, and so the pair is there. */
static int
testLentPairIsGivenUp(const void *opaque G_GNUC_UNUSED)
{
    if (testDefineLentPair() < 0 || testUndefineObj(S) < 0)
        return -1;

    return testFind(S) || testFind(P) ? -1 : 0;
}


/* Only the mark of both says that the domain may run elsewhere. */
static int
testPairIsNotGivenUp(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "<secondary wwpn='" S "'/>") < 0 ||
        testDefine(S, "<primary wwpn='" P "'/>" LENT) < 0 ||
        testUndefineObj(S) < 0 ||
        !(obj = testFind(P)))
        return -1;

    virNodeDeviceObjEndAPI(&obj);
    return 0;
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

    if (nodeDeviceVHBAStart(driver->vhbas, conn, &obj) == 0)
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
        nodeDeviceVHBACheckTransient(driver->vhbas, def) == 0 ||
        virTestCompareToString(P, virNodeDeviceVHBAGetWWPN(def)) < 0)
        return -1;

    return testError("nodedev-start vhba_" P);
}


/* What the daemon does when udev tells, a moment later. */
static void
testUdevTellsOfHost1(void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = testUdevAdd(1, "2101001b32a90002");

    virNodeDeviceObjEndAPI(&obj);
    nodeDeviceVHBAsChanged(driver->vhbas, false);
}


/* A vport of the fixture has just been made; udev tells of it meanwhile. */
static int
testTransientIsAwaited(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virNodeDevice) dev = NULL;
    virNodeDeviceObj *obj = NULL;
    virThread thread;

    if (virThreadCreate(&thread, true, testUdevTellsOfHost1, NULL) < 0)
        return -1;

    dev = nodeDeviceVHBAAwaitTransient(driver->vhbas, conn, WWNN, "2101001b32a90002");
    virThreadJoin(&thread);

    obj = virNodeDeviceObjListFindByName(driver->devs, "scsi_host1");
    virNodeDeviceObjListRemove(driver->devs, obj);
    virNodeDeviceObjEndAPI(&obj);

    return dev ? virTestCompareToString("scsi_host1", dev->name) : -1;
}


/* The kernel would only say "Invalid argument", or its driver "No such file or
 * directory". */
static int
testTransientBadWWN(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("", "21010g1b32a90012", "");
    g_autoptr(virNodeDeviceDef) def = NULL;

    if (!(def = virNodeDeviceDefParse(xml, NULL, CREATE_DEVICE, "QEMU", NULL, NULL, false)) ||
        nodeDeviceVHBACheckTransient(driver->vhbas, def) == 0)
        return -1;

    return testError("malformed WWN '21010g1b32a90012'");
}


/* Updates vHBA @wwpn. @xml: as the user has it. */
static int
testUpdateXML(const char *wwpn,
              const char *xml,
              unsigned int flags)
{
    virNodeDeviceObj *obj = testFind(wwpn);
    int ret;

    if (!obj)
        return -1;

    ret = nodeDeviceVHBAUpdate(driver->vhbas, &obj, xml, flags);
    virNodeDeviceObjEndAPI(&obj);

    return ret;
}


struct testUpdateData {
    bool active;
    unsigned int flags;
    const char *parent;
    const char *wwnn;
    const char *wwpn;
    const char *more;
    const char *reason; /* NULL if it can be done */
};


static char *
testUpdateMakeXML(const struct testUpdateData *data)
{
    return g_strdup_printf("<device>%s"
                           "<capability type='scsi_host'>"
                           "<capability type='fc_host'>"
                           "<wwnn>%s</wwnn><wwpn>%s</wwpn>%s"
                           "</capability></capability></device>",
                           data->parent, data->wwnn, data->wwpn, data->more);
}


/* What could be changed is what the file and the device say, and after a
 * restart; what could not has changed nothing. */
static int
testUpdate(const void *opaque)
{
    const struct testUpdateData *data = opaque;
    g_autofree char *first = testXML("<parent fabric_wwn='" FABRIC "'/>", P, "");
    g_autofree char *xml = testUpdateMakeXML(data);
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_autofree char *formatted = NULL;
    virNodeDeviceObj *obj = NULL;

    if (testDefineXML(first) < 0)
        return -1;

    obj = data->active ? testUdevAdd(77, P) : testFind(P);
    if (nodeDeviceVHBASetAutostart(driver->vhbas, &obj, true) < 0 ||
        virTestLoadFile(file, &before) < 0)
        return -1;
    g_string_truncate(events, 0);

    if (testUpdateXML(P, xml, data->flags) < 0) {
        if (!data->reason || testError(data->reason) < 0 ||
            virTestCompareToString("", events->str) < 0 ||
            virTestLoadFile(file, &after) < 0)
            return -1;

        return virTestCompareToString(before, after);
    }

    if (data->reason ||
        virTestCompareToString("updated vhba_" P "\n", events->str) < 0 ||
        virTestLoadFile(file, &after) < 0 ||
        !strstr(after, data->parent) ||
        !strstr(after, data->wwnn) ||
        !strstr(after, data->more))
        return -1;

    if (!(obj = testFind(P)) ||
        virNodeDeviceObjIsActive(obj) != data->active ||
        !virNodeDeviceObjIsAutostart(obj))
        return -1;
    formatted = virNodeDeviceDefFormat(virNodeDeviceObjGetDef(obj), VIR_NODE_DEVICE_XML_INACTIVE);
    virNodeDeviceObjEndAPI(&obj);

    return virTestCompareToString(strchr(after, '<'), strstr(formatted, "<device>")) < 0 ? -1 : 0;
}


static int
testUpdateTransientRefused(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = testXML("", X, "");
    virNodeDeviceObj *obj = testUdevAdd(77, X);
    int rc = nodeDeviceVHBAUpdate(driver->vhbas, &obj, xml, 0);

    virNodeDeviceObjEndAPI(&obj);

    return rc == 0 ? -1 : testError("'scsi_host77' is not a persistent vHBA");
}


/* The very XML that there is to read can be given back. */
static int
testUpdateTakesDump(const void *opaque)
{
    const unsigned int *flags = opaque;
    g_autofree char *first = testXML("<parent fabric_wwn='" FABRIC "'/>", P, "<secondary wwpn='" S "'/>");
    g_autofree char *xml = NULL;
    virNodeDeviceObj *obj = NULL;

    if (testDefineXML(first) < 0)
        return -1;

    obj = testUdevAdd(77, P);
    xml = virNodeDeviceDefFormat(virNodeDeviceObjGetDef(obj), *flags);
    virNodeDeviceObjEndAPI(&obj);

    return testUpdateXML(P, xml, 0);
}


static int
testEachChangeIsToldOnce(const void *opaque G_GNUC_UNUSED)
{
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "") < 0 ||
        testDefine(P, LENT) < 0 ||
        !(obj = testFind(P)) ||
        nodeDeviceVHBASetAutostart(driver->vhbas, &obj, true) < 0 ||
        !(obj = testFind(P)) ||
        nodeDeviceVHBAUndefine(driver->vhbas, conn, &obj) < 0)
        return -1;

    return virTestCompareToString("defined vhba_" P "\n"
                                  "updated vhba_" P "\n"
                                  "undefined vhba_" P "\n", events->str);
}


/* All is denied by the name of the vHBA, whatever it was called, before
 * anything is said or done. */
static int
testAccessIsCheckedFirst(const void *opaque)
{
    const char *name = opaque;
    g_autofree char *xml = testXML("", "0x2101001B32A90012", "<secondary wwpn='" S "'/>");
    g_autofree char *file = g_strdup_printf("%s/" P ".xml", storedir);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_autofree char *log = NULL;
    g_autoptr(virNodeDevice) dev = virGetNodeDevice(conn, name);
    virNodeDeviceObj *obj = NULL;

    if (testDefine(P, "") < 0 || virTestLoadFile(file, &before) < 0)
        return -1;
    obj = testUdevAdd(77, P);
    virNodeDeviceObjEndAPI(&obj);
    g_string_truncate(events, 0);

    denied = g_string_new(NULL);
    ignore_value(nodeDeviceDefineXML(conn, xml, 0));
    ignore_value(nodeDeviceUpdate(dev, xml, 0));
    ignore_value(nodeDeviceSetAutostart(dev, 1));
    ignore_value(nodeDeviceCreate(dev, 0));
    ignore_value(nodeDeviceDestroy(dev));
    ignore_value(nodeDeviceUndefine(dev, 0));
    ignore_value(nodeDeviceLookupByName(conn, name));
    ignore_value(nodeDeviceLookupSCSIHostByWWN(conn, WWNN, P, 0));
    log = g_string_free(g_steal_pointer(&denied), false);

    if (virGetLastErrorCode() != VIR_ERR_ACCESS_DENIED ||
        virTestCompareToString("DefineXML vhba_" P "\n"
                               "Update vhba_" P "\n"
                               "SetAutostart vhba_" P "\n"
                               "Create vhba_" P "\n"
                               "Destroy vhba_" P "\n"
                               "Undefine vhba_" P "\n"
                               "LookupByName vhba_" P "\n"
                               "LookupSCSIHostByWWN vhba_" P "\n", log) < 0)
        return -1;

    if (virTestCompareToString("", events->str) < 0 ||
        virTestLoadFile(file, &after) < 0)
        return -1;

    return virTestCompareToString(before, after);
}


/* Who settles a pair that is lent does it by what he does to the secondary. */
static int
testAccessToPairIsChecked(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virNodeDevice) dev = virGetNodeDevice(conn, "vhba_" S);
    g_autofree char *log = NULL;
    virNodeDeviceObj *obj = NULL;
    const char *wwpns[] = { P, S };
    size_t i;

    if (testDefineLentPair() < 0)
        return -1;

    denied = g_string_new(NULL);
    allowed = dev->name;
    ignore_value(nodeDeviceCreate(dev, 0));
    ignore_value(nodeDeviceUndefine(dev, 0));
    allowed = NULL;
    log = g_string_free(g_steal_pointer(&denied), false);

    for (i = 0; i < G_N_ELEMENTS(wwpns); i++) {
        if (!(obj = testFind(wwpns[i])))
            return -1;
        virNodeDeviceObjEndAPI(&obj);
    }

    return virTestCompareToString("Create vhba_" P "\nUndefine vhba_" P "\n", log);
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

    events = g_string_new(NULL);
    if (testDriverStart() == 0)
        ret = test->body(test->opaque);
    testDriverStop();
    g_string_free(g_steal_pointer(&events), true);

    testSysfsTreeRemove(sysfs);
    virFileDeleteTree(storedir);
    g_clear_pointer(&storedir, g_free);

    return ret;
}


static virHypervisorDriver testHypervisorDriver = {
    .name = "nodedev",
    .connectClose = nodeConnectClose,
};


static int
mymain(void)
{
    int ret = 0;
    const unsigned int live = VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE;
    const unsigned int config = VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG;
    const unsigned int inactiveXML = VIR_NODE_DEVICE_XML_INACTIVE;
    const unsigned int activeXML = 0;

    if (!(conn = virGetConnect()))
        return EXIT_FAILURE;
    conn->driver = &testHypervisorDriver;
    virEventRegisterImpl(NULL, NULL, NULL, testAddTimer, testUpdateTimer, testRemoveTimer);

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

#define TEST_LIST(name, flags_, names_) \
    do { \
        struct testListData data = { .flags = flags_, .names = names_ }; \
        TEST_OPAQUE("list: " name, testList, &data); \
    } while (0)

#define TEST_UPDATE(name, active_, flags_, parent_, wwnn_, wwpn_, more_, reason_) \
    do { \
        struct testUpdateData data = { .active = active_, .flags = flags_, .parent = parent_, \
                                       .wwnn = wwnn_, .wwpn = wwpn_, .more = more_, \
                                       .reason = reason_ }; \
        TEST_OPAQUE("update of an " name, testUpdate, &data); \
    } while (0)

    TEST("define brings WWNs to canonical form", testDefineNormalizes);
    TEST("a definition survives a restart", testDefineSurvivesRestart);
    TEST("redefining keeps autostart", testRedefineKeepsAutostart);
    TEST("definitions are the daemon's own", testModes);
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

    TEST_BROKEN("an element of a newer libvirt", "<device><capability type='scsi_host'><capability type='fc_host'>"
                "<wwnn>" WWNN "</wwnn><wwpn>" X "</wwpn><tertiary wwpn='" S "'/>"
                "</capability></capability></device>");
    TEST_BROKEN("one element more", "<device><capability type='scsi_host'><capability type='fc_host'>"
                "<wwnn>" WWNN "</wwnn><wwpn>" X "</wwpn><secondary wwpn='" S "'/><secondary wwpn='" P "'/>"
                "</capability></capability></device>");
    TEST_BROKEN("an attribute of a newer libvirt", "<device><capability type='scsi_host'><capability type='fc_host'>"
                "<wwnn>" WWNN "</wwnn><wwpn>" X "</wwpn><secondary wwpn='" S "' mode='hot'/>"
                "</capability></capability></device>");
    TEST("a bad file is named in the log", testBrokenFileIsReported);
    TEST("what was being written is dropped", testPartialFileIsDropped);
    TEST("a link that was left behind does not count", testStaleLinkIsNoAutostart);

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
    TEST_REFUSED("a secondary as primary", "", X, "<primary wwpn='" S "'/>", "'vhba_" P "'");
    TEST_REFUSED("a mark that says nothing", "", X, "<handover state='lent'/>", "'domain'");
    TEST_REFUSED("an unknown mark", "", X, "<handover state='sold' domain='d' migration='u'/>", "'sold'");
    TEST("a pair is defined in any order", testPairInAnyOrder);

    TEST("active or not, it is the same device", testActiveIsTheSameDevice);
    TEST("a recycled scsi_hostN inherits nothing", testRecycledHostInheritsNothing);
    TEST("a recycled scsi_hostN does not give its names", testRecycledHostTakesNoNames);
    TEST("an event of a host that is gone is stale", testGoneHostIsStale);
    TEST("a mark is set while active", testMarkWhileActive);
    TEST("a mark's UUID is in canonical form", testMigrationIsCanonical);
    TEST("the parent is fixed while active", testParentIsFixedWhileActive);
    TEST("the parent changes while it is being started", testDefineDuringStart);
    TEST("it is lent while it is being started", testLentDuringStart);
    TEST("undefine while active leaves it transient", testUndefineWhileActive);
    TEST("what was undefined while active is defined again", testDefineAgainWhileActive);
    TEST("an HBA means the fabric that it is on", testHBAMeansItsFabric);
    TEST("what was undefined keeps its name over a restart", testUndefinedKeepsNameOverRestart);

    TEST("a failed start leaves nothing", testFailedStartLeavesNothing);
    TEST_START_REFUSED("lent", "", LENT, "lent to the host that domain 'guest' migrates to");
    TEST("what is claimed is not destroyed", testClaimedIsNotDestroyed);
    TEST("what is being destroyed is not active", testDestroyedIsNotActive);
    TEST("what is being destroyed is started afterwards", testStartAwaitsDestroy);
    TEST("nothing is waited for when the driver stops", testStopEndsWaits);
    TEST("what was destroyed does not start by itself", testDestroyedIsNotAutostarted);
    TEST("what others have started is not destroyed any more", testStartedByOthers);
    TEST("what is undefined is forgotten to have been destroyed", testUndefinedIsNotDestroyed);
    TEST("destroy ends the attempts to start", testDestroyEndsAttempts);
    TEST("a failed undefine changes nothing", testFailedUndefineChangesNothing);

    TEST("a primary that is lent is not started", testLentPrimaryIsNotStarted);
    TEST("starting the secondary of a lent pair asks the fabric", testLentSecondaryIsTried);
    TEST_OPAQUE("what is borrowed and not kept yet is not started", testBorrowedIsNotStarted, NULL);
    TEST_OPAQUE("what is borrowed and kept may be started", testBorrowedIsNotStarted, "kept");
    TEST("a lent pair that is taken back is started", testLentPairIsTakenBack);
    TEST("a definition that is newer than the start is kept", testNewerDefinitionIsKept);
    TEST("a secondary that is lent alone is virtqemud's to take back", testSecondaryIsLentAlone);
    TEST("undefining the secondary of a lent pair gives up both", testLentPairIsGivenUp);
    TEST("undefining a secondary gives up no pair that is not lent", testPairIsNotGivenUp);
    TEST_START_REFUSED("parent gone", "<parent wwnn='1000000000000001' wwpn='1000000000000002'/>", "",
                       "'1000000000000002', is not there");
    TEST_START_REFUSED("parent offline", "<parent wwnn='20000000c9848140' wwpn='10000000c9848140'/>", "",
                       "'scsi_host3' (port state 'Linkdown'");
    TEST_START_REFUSED("parent full", "<parent wwnn='20000000c9848141' wwpn='10000000c9848141'/>", "",
                       "127 of 127 vHBAs): it carries as many vHBAs as it can");
    TEST_START_REFUSED("parent without NPIV", "<parent wwnn='20000000c9848142' wwpn='10000000c9848142'/>", "",
                       "it does not support NPIV");
    TEST_START_REFUSED("a vHBA as parent", "<parent wwnn='" WWNN "' wwpn='2101001b32a90002'/>", "",
                       "it is a vHBA itself");
    TEST_START_REFUSED("no HBA on the fabric", "<parent fabric_wwn='2001000dec9877ff'/>", "",
                       "scsi_host2: it is on another fabric");
    TEST("a transient vHBA with a defined WWPN is refused", testTransientRefused);
    TEST("a transient vHBA with a bad WWPN is refused", testTransientBadWWN);
    TEST("a transient vHBA is there when udev has told of it", testTransientIsAwaited);

    TEST_OPAQUE("lookup by WWNs in upper case", testLookupByWWN, "2101001B32A90012");
    TEST_OPAQUE("lookup by WWNs with 0x", testLookupByWWN, "0x2101001b32a90012");

    TEST_LIST("all", 0, " scsi_host78 vhba_" P " vhba_" S);
    TEST_LIST("active", VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE, " scsi_host78 vhba_" P);
    TEST_LIST("inactive", VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE, " vhba_" S);
    TEST_LIST("persistent", VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT, " vhba_" P " vhba_" S);
    TEST_LIST("transient", VIR_CONNECT_LIST_NODE_DEVICES_TRANSIENT, " scsi_host78");
    TEST_LIST("fc_host", VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST, " scsi_host78 vhba_" P " vhba_" S);
    TEST_LIST("scsi_host", VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_HOST, " scsi_host78 vhba_" P " vhba_" S);
    TEST_LIST("vports", VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPORTS, "");
    TEST_LIST("inactive fc_host", VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE |
              VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST, " vhba_" S);

    TEST_UPDATE("inactive one: its partner", false, 0,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, P, "<secondary wwpn='" S "'/>", NULL);
    TEST_UPDATE("inactive one: all but the WWPN", false, config,
                "<parent fabric_wwn='2001000dec9877ff'/>", "2001001b32a9da4f", P, "<primary wwpn='" S "'/>", NULL);
    TEST_UPDATE("inactive one: the WWPN", false, config,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, X, "", "the WWPN of 'vhba_" P "' cannot become '" X "'");
    TEST_UPDATE("inactive one: live", false, live,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, P, "", "not active");
    TEST_UPDATE("inactive one: an unknown element", false, config,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, P, "<tertiary/>", "failed to validate");
    TEST_UPDATE("active one: its partner", true, 0,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, P, "<secondary wwpn='" S "'/>", NULL);
    TEST_UPDATE("active one: its partner, live and config", true, live | config,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, P, "<primary wwpn='" S "'/>", NULL);
    TEST_UPDATE("active one: the mark", true, 0,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, P, LENT, NULL);
    TEST_UPDATE("active one: only live", true, live,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, P, "", "both");
    TEST_UPDATE("active one: only config", true, config,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, P, "", "both");
    TEST_UPDATE("active one: the WWNN", true, 0,
                "<parent fabric_wwn='" FABRIC "'/>", "2001001b32a9da4f", P, "", "<wwnn>");
    TEST_UPDATE("active one: the parent", true, 0,
                "<parent fabric_wwn='2001000dec9877ff'/>", WWNN, P, "", "<parent>");
    TEST_UPDATE("active one: the WWPN", true, 0,
                "<parent fabric_wwn='" FABRIC "'/>", WWNN, X, "", "the WWPN of 'vhba_" P "' cannot become");
    TEST("update of a transient one is refused", testUpdateTransientRefused);
    TEST_OPAQUE("update takes what is dumped of an active one", testUpdateTakesDump, &activeXML);
    TEST_OPAQUE("update takes what is dumped as inactive", testUpdateTakesDump, &inactiveXML);

    TEST("each change is told once", testEachChangeIsToldOnce);
    TEST_OPAQUE("access is checked first", testAccessIsCheckedFirst, "vhba_" P);
    TEST_OPAQUE("access is checked first: scsi_hostN", testAccessIsCheckedFirst, "scsi_host77");
    TEST("access to the primary of a lent pair is checked", testAccessToPairIsChecked);

    virObjectUnref(conn);
    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
