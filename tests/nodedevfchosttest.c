/*
 * nodedevfchosttest.c: test what HBAs and vHBAs tell of themselves
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

#include "access/viraccessapicheck.h"
#include "datatypes.h"
#include "node_device_event.h"
#include "node_device/node_device_driver.h"
#define LIBVIRT_NODE_DEVICE_FCHOSTPRIV_H_ALLOW
#include "node_device/node_device_fchostpriv.h"
#include "node_device/node_device_vhba.h"
#include "virfile.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

#define QLOGIC "/sys/devices/pci0000:00/0000:00:03.2/0000:06:00.1/host12"
#define VHBA QLOGIC "/vport-12:0-3/host15"
#define EMULEX "/sys/devices/pci0001:80/0001:80:02.0/0001:81:00.0/host3"
#define FCOE "/sys/devices/pci0000:00/0000:00:03.0/virtio1/net/eth0/ctlr_0/host0"
#define FCOE_VLAN "/sys/devices/virtual/net/eth0.100/ctlr_1/host1"
#define GARBAGE "/sys/devices/pci0000:00/0000:00:1f.0/host9"

#define WWNN "2001001b32a9da4e"
#define WWPN "2101001b32a90004"

static char *root;
static char *storedir;

/* the names of the devices that "update" events tell of, oldest first */
static GPtrArray *updates;
static virConnectPtr conn;

/* time passes when a test says so */
static unsigned long long now = 1000000;

int
virTimeMillisNow(unsigned long long *ms)
{
    *ms = now;
    return 0;
}


/* Everybody may ask. */
int
virNodeDeviceGetXMLDescEnsureACL(virConnectPtr c G_GNUC_UNUSED,
                                 virNodeDeviceDef *def G_GNUC_UNUSED)
{
    return 0;
}


/* A kernel that does not tell of events. */
static unsigned int asked;

virFCEventMonitor *
virFCEventMonitorNew(void)
{
    asked++;
    return NULL;
}


static unsigned int lookups; /* of PCI IDs */

static void
testPCINames(unsigned int vendor,
             unsigned int product G_GNUC_UNUSED,
             char **vendorName,
             char **productName G_GNUC_UNUSED)
{
    lookups++;

    if (vendor == 0x1077)
        *vendorName = g_strdup("QLogic Corp.");
    else if (vendor == 0x10df)
        *vendorName = g_strdup("Emulex Corporation");
}


static int
testDriverStart(void)
{
    driver = g_new0(virNodeDeviceDriverState, 1);
    driver->devs = virNodeDeviceObjListNew();
    driver->nodeDeviceEventState = virObjectEventStateNew();
    driver->initialized = true;

    if (!(driver->vhbas = nodeDeviceVHBAsNew(driver, storedir, NULL, NULL)) ||
        !(driver->fchosts = nodeDeviceFCHostsNew(driver, testPCINames)))
        return -1;

    return 0;
}


static void
testDriverStop(void)
{
    nodeDeviceFCHostsFree(driver->fchosts);
    nodeDeviceVHBAsFree(driver->vhbas);
    virNodeDeviceObjListFree(driver->devs);
    virObjectUnref(driver->nodeDeviceEventState);
    g_clear_pointer(&driver, g_free);
}


/* What sysfs says */

static void
testWrite(const char *value,
          const char *path)
{
    g_autofree char *file = g_strdup_printf("%s%s", root, path);
    g_autofree char *dir = g_path_get_dirname(file);

    if (g_mkdir_with_parents(dir, 0777) < 0 ||
        virFileWriteStr(file, value, 0666) < 0)
        abort();
}


static void
testSetState(unsigned int host,
             const char *state)
{
    g_autofree char *path = g_strdup_printf("/sys/class/fc_host/host%u/port_state", host);

    testWrite(state, path);
}


/* Between these two calls the host has no fc_host. */

static void
testMove(const char *from,
         const char *to,
         unsigned int host)
{
    g_autofree char *old = g_strdup_printf("%s/%s/host%u", root, from, host);
    g_autofree char *new = g_strdup_printf("%s/%s/host%u", root, to, host);

    if (rename(old, new) < 0)
        abort();
}


static void
testHide(unsigned int host)
{
    testMove("sys/class/fc_host", "sys/class", host);
}


static void
testShow(unsigned int host)
{
    testMove("sys/class", "sys/class/fc_host", host);
}


/* What udev tells */

/* Returns the name of the device. */
static char *
testAdd(const char *path)
{
    virNodeDeviceDef *def = g_new0(virNodeDeviceDef, 1);
    virNodeDevCapSCSIHost *cap;
    virNodeDeviceObj *obj;
    char *name;

    def->caps = g_new0(virNodeDevCapsDef, 1);
    def->caps->data.type = VIR_NODE_DEV_CAP_SCSI_HOST;
    cap = &def->caps->data.scsi_host;
    if (sscanf(strrchr(path, '/'), "/host%u", &cap->host) != 1)
        abort();

    def->name = g_strdup_printf("scsi_host%u", cap->host);
    def->sysfs_path = g_strdup(path);
    def->parent = g_strdup("computer");
    virNodeDeviceGetSCSIHostCaps(cap);

    nodeDeviceVHBASetName(driver->vhbas, def);
    obj = virNodeDeviceObjListAssignDef(driver->devs, def);
    virNodeDeviceObjSetActive(obj, true);
    nodeDeviceVHBAAdded(driver->vhbas, obj);
    nodeDeviceFCHostAdded(driver->fchosts, obj);
    name = g_strdup(virNodeDeviceObjGetDef(obj)->name);
    virNodeDeviceObjEndAPI(&obj);

    return name;
}


static void
testAddAnd(const char *path)
{
    g_autofree char *name = testAdd(path);
}


static void
testRemove(const char *path)
{
    virNodeDeviceObj *obj = virNodeDeviceObjListFindBySysfsPath(driver->devs, path);
    virNodeDeviceDef *def = virNodeDeviceObjGetDef(obj);

    nodeDeviceFCHostRemoved(driver->fchosts, def);
    if (virNodeDeviceObjIsPersistent(obj)) {
        g_clear_pointer(&def->sysfs_path, g_free);
        virNodeDeviceObjSetActive(obj, false);
        nodeDeviceVHBARemoved(driver->vhbas, def);
    } else {
        virNodeDeviceObjListRemove(driver->devs, obj);
    }
    virNodeDeviceObjEndAPI(&obj);
}


/* What the FC transport tells */

static void
testEvent(virFCEventType type,
          unsigned int host)
{
    virFCEvent event = { .type = type, .host = host };

    nodeDeviceFCHostsEvent(&event, driver->fchosts);
}


/* What clients see */

static char *
testXML(const char *name,
        unsigned int flags)
{
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(driver->devs, name);
    char *xml = NULL;

    if (obj)
        xml = virNodeDeviceDefFormat(virNodeDeviceObjGetDef(obj), flags);
    virNodeDeviceObjEndAPI(&obj);

    return xml;
}


static int
testXMLHas(const char *name,
           const char *text)
{
    g_autofree char *xml = testXML(name, 0);

    if (xml && strstr(xml, text))
        return 0;

    VIR_TEST_DEBUG("'%s' is not in %s", text, NULLSTR(xml));
    return -1;
}


static void
testUpdated(virConnectPtr c G_GNUC_UNUSED,
            virNodeDevicePtr dev,
            void *opaque G_GNUC_UNUSED)
{
    g_ptr_array_add(updates, g_strdup(virNodeDeviceGetName(dev)));
}


static void
testTick(int timer,
         void *opaque)
{
    bool *ticked = opaque;

    *ticked = true;
    virEventUpdateTimeout(timer, -1);
}


static int
testCompareNames(const void *a,
                 const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}


/* Lets the driver do what is due in a moment, and checks of which devices, in
 * alphabetical order, it has told clients that they have changed. */
static int
testUpdates(const char *expect)
{
    g_autofree char *names = NULL;
    bool ticked = false;
    int timer;

    now += 250;
    nodeDeviceFCHostsWork(driver->fchosts);

    /* those that are queued by now are delivered within a turn of the loop */
    if ((timer = virEventAddTimeout(0, testTick, &ticked, NULL)) < 0)
        return -1;
    while (!ticked)
        virEventRunDefaultImpl();
    virEventRemoveTimeout(timer);

    g_ptr_array_sort(updates, testCompareNames);
    g_ptr_array_add(updates, NULL);
    names = g_strjoinv(" ", (char **) updates->pdata);
    g_ptr_array_set_size(updates, 0);

    return virTestCompareToString(expect, names);
}


/* The tests */

struct testGolden {
    const char *path;
    const char *file;
};


static int
testTells(const void *opaque)
{
    const struct testGolden *test = opaque;
    g_autofree char *file = g_strdup_printf("%s/nodedevfchostdata/%s.xml",
                                            abs_srcdir, test->file);
    g_autofree char *name = testAdd(test->path);
    g_autofree char *xml = testXML(name, 0);

    return virTestCompareToFile(xml, file);
}


static void
testMakeVport(unsigned int n)
{
    g_autofree char *vport = g_strdup_printf("vport-12:0-%u", n);
    g_autofree char *names = g_strdup_printf(QLOGIC "/%s/fc_vports/%s", vport, vport);
    g_autofree char *nodeName = g_strdup_printf("%s/node_name", names);
    g_autofree char *portName = g_strdup_printf("%s/port_name", names);
    g_autofree char *wwpn = g_strdup_printf("0x2101001B32A9%04X\n", n);

    testWrite("0x" WWNN "\n", nodeName);
    testWrite(wwpn, portName);
}


/* An HBA shows each vHBA once, by the name of its device, in the order of their
 * WWPNs. */
static int
testCarries(const void *opaque)
{
    const unsigned int *num = opaque;
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    g_autofree char *vports = NULL;
    size_t i;

    virBufferAdjustIndent(&buf, 4);
    virBufferAsprintf(&buf, "<vports num='%u' max='254'%s>\n", *num, *num > 0 ? "" : "/");
    virBufferAdjustIndent(&buf, 2);

    testAddAnd(QLOGIC);

    for (i = 0; i < *num; i++) {
        g_autofree char *path = g_strdup_printf(QLOGIC "/vport-12:0-%zu/host%zu", 100 + i, 100 + i);

        testMakeVport(100 + i);
        testAddAnd(path);
        virBufferAsprintf(&buf, "<vport name='scsi_host%zu' wwpn='2101001b32a9%04zx'/>\n",
                          100 + i, 100 + i);
    }

    vports = virBufferContentAndReset(&buf);
    if (testUpdates(*num > 0 ? "scsi_host12" : "") < 0)
        return -1;

    return testXMLHas("scsi_host12", vports);
}


/* It is read once for all that come together. */
static int
testComeTogether(const void *opaque G_GNUC_UNUSED)
{
    size_t i;

    testAddAnd(QLOGIC);
    if (testUpdates("") < 0)
        return -1;

    for (i = 0; i < 9; i++) {
        g_autofree char *path = g_strdup_printf(QLOGIC "/vport-12:0-%zu/host%zu", 100 + i, 100 + i);

        testMakeVport(100 + i);
        testAddAnd(path);
        if (nodeDeviceFCHostsWork(driver->fchosts) != now + 250 - i * 10)
            return -1;
        now += 10;
    }

    return testUpdates("scsi_host12");
}


static int
testVHBAComesAndGoes(const void *opaque G_GNUC_UNUSED)
{
    testAddAnd(QLOGIC);
    testAddAnd(EMULEX);
    if (testUpdates("") < 0)
        return -1;

    testAddAnd(VHBA);
    if (testUpdates("scsi_host12") < 0 ||
        testXMLHas("scsi_host12", "<vport name='scsi_host15' wwpn='" WWPN "'/>") < 0 ||
        testUpdates("") < 0)
        return -1;

    testRemove(VHBA);
    if (testUpdates("scsi_host12") < 0)
        return -1;

    return testXMLHas("scsi_host12", "<vports num='0' max='254'/>");
}


/* What would be written as another address than it was read as */
static int
testNoAddress(const void *opaque G_GNUC_UNUSED)
{
    const char *xml = "<device><name>scsi_host3</name><capability type='scsi_host'><host>3</host>"
        "<address type='pci' slot='0x00' function='0x17'/>"
        "<capability type='fc_host'><wwnn>" WWNN "</wwnn><wwpn>" WWPN "</wwpn></capability>"
        "</capability></device>";
    g_autoptr(virNodeDeviceDef) def = NULL;

    if ((def = virNodeDeviceDefParse(xml, NULL, EXISTING_DEVICE, NULL, NULL, NULL, false)))
        return -1;

    if (!strstr(virGetLastErrorMessage(), "Invalid PCI address function=0x17"))
        return -1;

    virResetLastError();
    return 0;
}


/* Defines the vHBA that host15 is. Returns its name. */
static char *
testDefineVHBA(void)
{
    const char *xml = "<device><capability type='scsi_host'><capability type='fc_host'>"
        "<wwnn>" WWNN "</wwnn><wwpn>" WWPN "</wwpn></capability></capability></device>";
    g_autoptr(virNodeDeviceDef) def = NULL;
    char *name = NULL;

    testHide(15);
    if ((def = virNodeDeviceDefParse(xml, NULL, CREATE_DEVICE, "QEMU", NULL, NULL, false)))
        name = nodeDeviceVHBADefine(driver->vhbas, def);
    testShow(15);

    return name;
}


/* By its stable name; and its definition knows nothing of all this. */
static int
testPersistent(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *name = testDefineVHBA();
    g_autofree char *before = NULL;
    g_autofree char *active = NULL;
    g_autofree char *after = NULL;

    if (!name)
        return -1;
    before = testXML(name, VIR_NODE_DEVICE_XML_INACTIVE);

    testAddAnd(QLOGIC);
    testAddAnd(VHBA);
    if (testUpdates("scsi_host12") < 0 ||
        testXMLHas(name, "<state>online</state>") < 0 ||
        testXMLHas("scsi_host12", "<vport name='vhba_" WWPN "' wwpn='" WWPN "'/>") < 0)
        return -1;

    active = testXML(name, VIR_NODE_DEVICE_XML_INACTIVE);
    if (virTestCompareToString(before, active) < 0)
        return -1;

    testRemove(VHBA);
    if (testUpdates("scsi_host12") < 0 ||
        testXMLHas("scsi_host12", "<vports num='0' max='254'/>") < 0)
        return -1;

    after = testXML(name, VIR_NODE_DEVICE_XML_INACTIVE);
    return virTestCompareToString(before, after);
}


/* The kernel gives the number of its host to another one before udev tells that
 * it is gone. */
static int
testRecycledHost(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *name = testDefineVHBA();
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    if (!name)
        return -1;

    testAddAnd(VHBA);
    if (testUpdates("") < 0)
        return -1;
    before = testXML(name, 0);

    testWrite("0x2101001b32a900ff", "/sys/class/fc_host/host15/port_name");
    testEvent(VIR_FC_EVENT_LINK_RESET, 15);
    if (testUpdates("") < 0)
        return -1;

    after = testXML(name, 0);
    return virTestCompareToString(before, after);
}


static int
testLinkDown(const void *opaque G_GNUC_UNUSED)
{
    testAddAnd(QLOGIC);
    testAddAnd(VHBA);
    testAddAnd(EMULEX);
    if (testUpdates("scsi_host12") < 0)
        return -1;

    /* a driver that shows the HBA's state for its vHBAs, and tells of the HBA */
    testSetState(12, "Linkdown\n");
    testSetState(15, "Linkdown\n");
    testEvent(VIR_FC_EVENT_LINK_DOWN, 12);
    if (testUpdates("scsi_host12 scsi_host15") < 0 ||
        testXMLHas("scsi_host12", "<state>linkdown</state>") < 0 ||
        testXMLHas("scsi_host15", "<state>linkdown</state>") < 0)
        return -1;

    /* the same event again: nothing has changed */
    testEvent(VIR_FC_EVENT_LINK_DOWN, 12);
    if (testUpdates("") < 0)
        return -1;

    testSetState(12, "Online\n");
    testSetState(15, "Online\n");
    testEvent(VIR_FC_EVENT_LINK_UP, 12);
    return testUpdates("scsi_host12 scsi_host15");
}


/* libfc tells that a port logs in anew, but not when that is done. */
static int
testComesBackSilently(const void *opaque G_GNUC_UNUSED)
{
    unsigned long long next;
    size_t i;

    testAddAnd(QLOGIC);
    testAddAnd(VHBA);
    if (testUpdates("scsi_host12") < 0)
        return -1;

    testSetState(12, "Offline\n");
    testSetState(15, "Linkdown\n");
    testEvent(VIR_FC_EVENT_LINK_RESET, 12);
    if (testUpdates("scsi_host12 scsi_host15") < 0)
        return -1;

    /* it is looked at again, less and less often */
    for (i = 0; i < 10; i++) {
        next = nodeDeviceFCHostsWork(driver->fchosts);
        if (next <= now || next > now + 2000)
            return -1;
        now = next;
    }

    testSetState(12, "Online\n");
    now = nodeDeviceFCHostsWork(driver->fchosts);
    if (testUpdates("scsi_host12") < 0)
        return -1;

    /* the vHBA waited for its HBA; now it is looked at */
    testSetState(15, "Online\n");
    now = nodeDeviceFCHostsWork(driver->fchosts);
    if (testUpdates("scsi_host15") < 0)
        return -1;

    return nodeDeviceFCHostsWork(driver->fchosts) == 0 ? 0 : -1;
}


/* No need to look again if the driver will tell. */
static int
testDownIsLeftAlone(const void *opaque G_GNUC_UNUSED)
{
    testAddAnd(QLOGIC);
    testSetState(12, "Linkdown\n");
    testEvent(VIR_FC_EVENT_LINK_DOWN, 12);

    return nodeDeviceFCHostsWork(driver->fchosts) == 0 ? 0 : -1;
}


static int
testLost(const void *opaque G_GNUC_UNUSED)
{
    testAddAnd(QLOGIC);
    testAddAnd(EMULEX);
    testAddAnd(FCOE);

    testSetState(12, "Offline\n");
    testSetState(3, "Online\n");
    testEvent(VIR_FC_EVENT_LOST, 0);

    return testUpdates("scsi_host12 scsi_host3");
}


static int
testRemotePort(const void *opaque G_GNUC_UNUSED)
{
    testAddAnd(EMULEX);
    testSetState(3, "Online\n");
    nodeDeviceFCHostsOtherDevice(driver->fchosts, "fc_remote_ports", "rport-3:0-1");

    return testUpdates("scsi_host3");
}


/* An HBA and its vHBAs have the same vendor; one that nobody knows is asked for
 * once, too. */
static int
testVendorOnce(const void *opaque G_GNUC_UNUSED)
{
    lookups = 0;
    testAddAnd(QLOGIC);
    testAddAnd(VHBA);
    testAddAnd(FCOE);
    testAddAnd(FCOE);

    return lookups == 2 ? 0 : -1;
}


/* There are hundreds of such devices when the daemon starts. */
static int
testNothingNew(const void *opaque G_GNUC_UNUSED)
{
    testAddAnd(FCOE);
    testSetState(0, "Linkdown\n");
    nodeDeviceFCHostsOtherDevice(driver->fchosts, "fc_host", "host0");
    nodeDeviceFCHostsOtherDevice(driver->fchosts, "fc_remote_ports", "rport-0:0-1");

    return testUpdates("");
}


/* A client that asks sees what is true, and others are told. */
static int
testAsked(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virNodeDevice) dev = virGetNodeDevice(conn, "scsi_host3");
    g_autofree char *xml = NULL;

    testAddAnd(EMULEX);
    testSetState(3, "Online\n");

    if (!(xml = nodeDeviceGetXMLDesc(dev, 0)) ||
        !strstr(xml, "<state>online</state>"))
        return -1;

    return testUpdates("scsi_host3");
}


/* A SCSI host of another kind is no reason to log an error. */
static int
testOtherAsked(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virNodeDevice) dev = virGetNodeDevice(conn, "scsi_host3");
    g_autofree char *xml = NULL;
    g_autofree char *log = NULL;

    testHide(3);
    testAddAnd(EMULEX);
    g_free(virTestLogContentAndReset());

    if (!(xml = nodeDeviceGetXMLDesc(dev, 0)))
        return -1;

    log = virTestLogContentAndReset();
    if (log && strstr(log, "is not a Fibre Channel host")) {
        VIR_TEST_VERBOSE("an error is logged: %s", log);
        return -1;
    }

    return testUpdates("");
}


/* As long as there is no FC host, there may be nothing to listen to. Where
 * there is nothing even then, that is found out once. */
static int
testListens(const void *opaque G_GNUC_UNUSED)
{
    asked = 0;
    nodeDeviceVHBAsAutostart(driver->vhbas);
    nodeDeviceVHBAsOtherDevice(driver->vhbas, "fc_remote_ports", "rport-12:0-1");
    if (asked != 0)
        return -1;

    nodeDeviceVHBAsOtherDevice(driver->vhbas, "fc_host", "host12");
    nodeDeviceVHBAsOtherDevice(driver->vhbas, "fc_host", "host12");
    return asked == 1 ? 0 : -1;
}


/* udev tells of a SCSI host before it is an FC host. */
static int
testLateFCHost(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *xml = NULL;

    testHide(12);
    testAddAnd(QLOGIC);
    xml = testXML("scsi_host12", 0);
    if (strstr(xml, "fc_host") || testUpdates("") < 0)
        return -1;

    testShow(12);
    nodeDeviceFCHostsOtherDevice(driver->fchosts, "fc_host", "host12");
    if (testUpdates("scsi_host12") < 0)
        return -1;

    return testXMLHas("scsi_host12", "<vports num='0' max='254'/>");
}


/* What is half gone is left as it was until udev says that it is gone. */
static int
testDying(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    testAddAnd(QLOGIC);
    before = testXML("scsi_host12", 0);

    testHide(12);
    testEvent(VIR_FC_EVENT_LINK_RESET, 12);
    if (testUpdates("") < 0)
        return -1;

    after = testXML("scsi_host12", 0);
    return virTestCompareToString(before, after);
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
    int callback = -1;
    int ret = -1;

    storedir = g_strdup(abs_builddir "/vhbastore-XXXXXX");
    if (!g_mkdtemp(storedir) ||
        !(root = testSysfsTreeUnpack(abs_srcdir "/virfchostdata/drivers.sysfs")))
        return -1;

    updates = g_ptr_array_new_with_free_func(g_free);
    if (testDriverStart() == 0 &&
        virNodeDeviceEventStateRegisterID(conn, driver->nodeDeviceEventState, NULL,
                                          VIR_NODE_DEVICE_EVENT_ID_UPDATE,
                                          VIR_NODE_DEVICE_EVENT_CALLBACK(testUpdated),
                                          NULL, NULL, &callback) >= 0)
        ret = test->body(test->opaque);
    if (callback >= 0)
        virObjectEventStateDeregisterID(conn, driver->nodeDeviceEventState, callback, true);
    testDriverStop();

    g_clear_pointer(&updates, g_ptr_array_unref);
    testSysfsTreeRemove(root);
    virFileDeleteTree(storedir);
    g_clear_pointer(&storedir, g_free);

    return ret;
}


/* A client may tell of as many as there is room for in a message. With a sort
 * for each of them this takes minutes, in which a test times out and a daemon
 * serves nobody else. */
static int
testManyVports(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virNodeDevFCHostDef) fchost = virNodeDevFCHostDefNew();
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    const char *first = "<vports num='50000' max='0'>\n"
        "  <vport name='vhba' wwpn='2101000000000001'/>\n";
    size_t i;

    fchost->hasVports = true;
    for (i = 50000; i > 0; i--) {
        g_autofree char *wwpn = g_strdup_printf("2101%012zx", i);

        virNodeDevFCHostDefAddVport(fchost, "vhba", wwpn);
    }

    virNodeDevFCHostDefFormatVports(&buf, fchost);
    return STRPREFIX(virBufferCurrentContent(&buf), first) ? 0 : -1;
}


static int
mymain(void)
{
    int ret = 0;

    if (virEventRegisterDefaultImpl() < 0 ||
        !(conn = virGetConnect()))
        return EXIT_FAILURE;

#define TEST_OPAQUE(name, body_, opaque_) \
    do { \
        struct testCase test = { .body = body_, .opaque = opaque_ }; \
        if (virTestRun(name, testRun, &test) < 0) \
            ret = -1; \
    } while (0)

#define TEST(name, body) \
    TEST_OPAQUE(name, body, NULL)

#define TEST_TELLS(name, path_, file_) \
    do { \
        struct testGolden data = { .path = path_, .file = file_ }; \
        TEST_OPAQUE("what it tells: " name, testTells, &data); \
    } while (0)

#define TEST_CARRIES(num) \
    do { \
        unsigned int data = num; \
        TEST_OPAQUE("an HBA shows its vHBAs: " #num, testCarries, &data); \
    } while (0)

    TEST_TELLS("QLogic, online", QLOGIC, "qlogic");
    TEST_TELLS("a vHBA on it", VHBA, "vhba");
    TEST_TELLS("Emulex, unplugged", EMULEX, "emulex");
    TEST_TELLS("fcoe over an adapter", FCOE, "fcoe");
    TEST_TELLS("fcoe over a VLAN", FCOE_VLAN, "fcoe-vlan");
    TEST_TELLS("garbage", GARBAGE, "garbage");

    TEST("the address of no PCI device", testNoAddress);

    TEST_CARRIES(0);
    TEST_CARRIES(1);
    TEST_CARRIES(255);

    TEST("a vHBA that comes or goes changes its HBA only", testVHBAComesAndGoes);
    TEST("an HBA is read once for vHBAs that come together", testComeTogether);
    TEST("a persistent vHBA is shown by its own name", testPersistent);
    TEST("a recycled hostN changes nothing of a vHBA", testRecycledHost);
    TEST("a link goes down and up", testLinkDown);
    TEST("a port comes back silently", testComesBackSilently);
    TEST("a port that is down is left alone", testDownIsLeftAlone);
    TEST("lost events refresh all", testLost);
    TEST("a remote port tells that a link is up", testRemotePort);
    TEST("a vendor's name is looked up once", testVendorOnce);
    TEST("what is online is not read for each of its devices", testNothingNew);
    TEST("a client asks", testAsked);
    TEST("a client asks for a SCSI host that is no FC host", testOtherAsked);
    TEST("the FC transport is listened to as soon as it is there", testListens);
    TEST("an FC host appears after its SCSI host", testLateFCHost);
    TEST("a host that is about to go is left as it is", testDying);
    TEST("an HBA has very many vHBAs", testManyVports);

    virObjectUnref(conn);
    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
