/*
 * nodedevvporttest.c: creation of vHBAs by the node device driver
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

#include <time.h>
#include <unistd.h>

#include "testutils.h"
#include "access/viraccessmanager.h"
#include "datatypes.h"
#include "node_device/node_device_driver.h"
#include "virfile.h"
#include "virfilewrapper.h"
#include "virutil.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

#define WWNN "2001001b32a90001"
#define WWPN "2101001b32a90002"

static const char hbaXML[] =
"<device>"
"  <name>scsi_host5</name>"
"  <parent>computer</parent>"
"  <capability type='scsi_host'>"
"    <host>5</host>"
"    <capability type='fc_host'>"
"      <wwnn>2001001b32a9da4e</wwnn>"
"      <wwpn>2101001b32a9da4e</wwpn>"
"    </capability>"
"    <capability type='vport_ops'>"
"      <max_vports>127</max_vports>"
"      <vports>0</vports>"
"    </capability>"
"  </capability>"
"</device>";

static const char vhbaXML[] =
"<device>"
"  <name>scsi_host12</name>"
"  <parent>scsi_host5</parent>"
"  <capability type='scsi_host'>"
"    <host>12</host>"
"    <capability type='fc_host'>"
"      <wwnn>" WWNN "</wwnn>"
"      <wwpn>" WWPN "</wwpn>"
"    </capability>"
"  </capability>"
"</device>";

/* What the HBA's driver and udev do once the driver waits for a device */
static int (*testHostReaction)(void);

/* Time passes only while the code under test sleeps */
static time_t testNow = 1;
static char *testFCHostDir;


time_t
time(time_t *t)
{
    if (t)
        *t = testNow;

    return testNow;
}


unsigned int
sleep(unsigned int seconds)
{
    testNow += seconds;
    return 0;
}


void
virWaitForDevices(void)
{
    if (testHostReaction && testHostReaction() < 0)
        abort();
}


static int
testSetAttr(const char *host,
            const char *attr,
            const char *value)
{
    g_autofree char *dir = g_strdup_printf("%s/%s", testFCHostDir, host);
    g_autofree char *path = g_strdup_printf("%s/%s", dir, attr);

    if (g_mkdir_with_parents(dir, 0777) < 0)
        return -1;

    return virFileWriteStr(path, value, 0666);
}


static int
testExpectAttr(const char *host,
               const char *attr,
               const char *expect)
{
    g_autofree char *path = g_strdup_printf("%s/%s/%s",
                                            testFCHostDir, host, attr);
    g_autofree char *actual = NULL;

    if (virFileReadAll(path, 1024, &actual) < 0)
        return -1;

    return virTestCompareToString(expect, actual);
}


static int
testAddDevice(const char *xml)
{
    virNodeDeviceDef *def = NULL;
    virNodeDeviceObj *obj = NULL;

    if (!(def = virNodeDeviceDefParse(xml, NULL, EXISTING_DEVICE, NULL,
                                      NULL, NULL, false)))
        return -1;

    if (!(obj = virNodeDeviceObjListAssignDef(driver->devs, def))) {
        virNodeDeviceDefFree(def);
        return -1;
    }

    virNodeDeviceObjEndAPI(&obj);
    return 0;
}


/* An HBA of 127 vports, none in use */
static int
testAddHBA(void)
{
    if (testSetAttr("host5", "node_name", "0x2001001b32a9da4e\n") < 0 ||
        testSetAttr("host5", "port_name", "0x2101001b32a9da4e\n") < 0 ||
        testSetAttr("host5", "port_state", "Online\n") < 0 ||
        testSetAttr("host5", "max_npiv_vports", "127\n") < 0 ||
        testSetAttr("host5", "npiv_vports_inuse", "0\n") < 0 ||
        testSetAttr("host5", "vport_create", "") < 0 ||
        testSetAttr("host5", "vport_delete", "") < 0)
        return -1;

    return testAddDevice(hbaXML);
}


static int
testAddVHBA(void)
{
    if (testSetAttr("host12", "node_name", "0x" WWNN "\n") < 0 ||
        testSetAttr("host12", "port_name", "0x" WWPN "\n") < 0)
        return -1;

    return testAddDevice(vhbaXML);
}


/* The host of each test is a new one */
static int
testHostInit(int (*reaction)(void))
{
    virNodeDeviceObjListFree(driver->devs);
    if (!(driver->devs = virNodeDeviceObjListNew()))
        return -1;

    if (virFileDeleteTree(testFCHostDir) < 0)
        return -1;

    testHostReaction = reaction;

    return testAddHBA();
}


static int
testCreate(const void *opaque)
{
    virConnectPtr conn = (virConnectPtr) opaque;
    g_autoptr(virNodeDevice) dev = NULL;

    if (testHostInit(testAddVHBA) < 0 ||
        !(dev = nodeDeviceCreateXML(conn, vhbaXML, 0)))
        return -1;

    if (virTestCompareToString("scsi_host12", dev->name) < 0 ||
        testExpectAttr("host5", "vport_create", WWPN ":" WWNN) < 0 ||
        testExpectAttr("host5", "vport_delete", "") < 0)
        return -1;

    return 0;
}


/* The kernel makes the vport, but no device ever shows up for it */
static int
testCreateTimeout(const void *opaque)
{
    virConnectPtr conn = (virConnectPtr) opaque;
    g_autoptr(virNodeDevice) dev = NULL;

    if (testHostInit(NULL) < 0)
        return -1;

    if ((dev = nodeDeviceCreateXML(conn, vhbaXML, 0)) ||
        virGetLastErrorCode() != VIR_ERR_NO_NODE_DEVICE) {
        VIR_TEST_DEBUG("Expected VIR_ERR_NO_NODE_DEVICE, got %d",
                       virGetLastErrorCode());
        return -1;
    }

    if (testExpectAttr("host5", "vport_create", WWPN ":" WWNN) < 0 ||
        testExpectAttr("host5", "vport_delete", WWPN ":" WWNN) < 0)
        return -1;

    return 0;
}


static int
testDriverInit(void)
{
    virAccessManager *acl = NULL;

    driver = g_new0(virNodeDeviceDriverState, 1);
    driver->lockFD = -1;
    driver->initialized = true;
    driver->parserCallbacks.postParse = nodeDeviceDefPostParse;
    driver->parserCallbacks.validate = nodeDeviceDefValidate;

    if (virMutexInit(&driver->lock) < 0 ||
        virCondInit(&driver->initCond) < 0)
        return -1;

    if (!(acl = virAccessManagerNew("none")))
        return -1;
    virAccessManagerSetDefault(acl);
    virObjectUnref(acl);

    return 0;
}


static void
testDriverFree(void)
{
    virAccessManagerSetDefault(NULL);
    virNodeDeviceObjListFree(driver->devs);
    virCondDestroy(&driver->initCond);
    virMutexDestroy(&driver->lock);
    g_free(driver);
}


static virHypervisorDriver testHypervisorDriver = {
    .name = "nodedev",
    .connectClose = nodeConnectClose,
};


static int
mymain(void)
{
    g_autofree char *dir = g_strdup(abs_builddir "/nodedevvport-XXXXXX");
    g_autoptr(virConnect) conn = NULL;
    int ret = 0;

    if (!g_mkdtemp(dir) ||
        testDriverInit() < 0 ||
        !(conn = virGetConnect()))
        return EXIT_FAILURE;

    conn->driver = &testHypervisorDriver;
    testFCHostDir = g_strdup_printf("%s/fc_host", dir);
    virFileWrapperAddPrefix("/sys/class/fc_host", testFCHostDir);
    virFileWrapperAddPrefix("/sys/class/scsi_host", testFCHostDir);

    if (virTestRun("create a vHBA", testCreate, conn) < 0)
        ret = -1;
    if (virTestRun("create a vHBA whose device does not appear",
                   testCreateTimeout, conn) < 0)
        ret = -1;

    virFileWrapperClearPrefixes();
    if (!g_getenv("LIBVIRT_SKIP_CLEANUP"))
        virFileDeleteTree(dir);
    VIR_FREE(testFCHostDir);
    testDriverFree();

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
