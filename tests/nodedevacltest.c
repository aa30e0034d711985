/*
 * nodedevacltest.c: access checks of the node device driver
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
#include "access/viraccessapicheck.h"
#include "datatypes.h"
#include "node_device/node_device_driver.h"
#include "viralloc.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

#define NAME "pci_0000_00_02_0"

static const char deviceXML[] =
"<device>"
"  <name>" NAME "</name>"
"  <parent>computer</parent>"
"  <capability type='pci'>"
"    <domain>0</domain>"
"    <bus>0</bus>"
"    <slot>2</slot>"
"    <function>0</function>"
"    <product id='0x2532'/>"
"    <vendor id='0x1077'/>"
"  </capability>"
"</device>";

#define HOST_NAME "scsi_host5"
#define HOST_WWNN "2001001b32a9da4e"
#define HOST_WWPN "2101001b32a90002"

static const char hostXML[] =
"<device>"
"  <name>" HOST_NAME "</name>"
"  <parent>computer</parent>"
"  <capability type='scsi_host'>"
"    <host>5</host>"
"    <capability type='fc_host'>"
"      <wwnn>" HOST_WWNN "</wwnn>"
"      <wwpn>" HOST_WWPN "</wwpn>"
"    </capability>"
"  </capability>"
"</device>";

static virConnectPtr conn;

/* the device that access has been denied to */
static char *denied;


static int
testDeny(virNodeDeviceDef *def)
{
    g_free(denied);
    denied = g_strdup(def->name);

    virReportError(VIR_ERR_ACCESS_DENIED, NULL);
    return -1;
}


/* These take the place of libvirt's own checks. */

#define DENY(api) \
    int \
    virNodeDevice ## api ## EnsureACL(virConnectPtr c G_GNUC_UNUSED, \
                                      virNodeDeviceDef *def) \
    { \
        return testDeny(def); \
    }

DENY(LookupByName)
DENY(LookupSCSIHostByWWN)
DENY(DefineXML)
DENY(CreateXML)
DENY(GetXMLDesc)
DENY(GetParent)
DENY(NumOfCaps)
DENY(ListCaps)
DENY(Create)
DENY(Destroy)
DENY(Undefine)
DENY(SetAutostart)
DENY(GetAutostart)
DENY(IsPersistent)
DENY(IsActive)

int
virNodeDeviceUpdateEnsureACL(virConnectPtr c G_GNUC_UNUSED,
                             virNodeDeviceDef *def,
                             unsigned int affect G_GNUC_UNUSED)
{
    return testDeny(def);
}


/* The calls. Each returns true if it has succeeded. */

static bool
testLookupByName(virNodeDevicePtr dev)
{
    g_autoptr(virNodeDevice) found = nodeDeviceLookupByName(conn, dev->name);

    return !!found;
}


static bool
testGetXMLDesc(virNodeDevicePtr dev)
{
    g_autofree char *xml = nodeDeviceGetXMLDesc(dev, 0);

    return !!xml;
}


static bool
testGetParent(virNodeDevicePtr dev)
{
    g_autofree char *parent = nodeDeviceGetParent(dev);

    return !!parent;
}


static bool
testListCaps(virNodeDevicePtr dev)
{
    char *names[1] = { NULL };
    bool ret = nodeDeviceListCaps(dev, names, 1) >= 0;

    g_free(names[0]);
    return ret;
}


static bool
testGetAutostart(virNodeDevicePtr dev)
{
    int autostart;

    return nodeDeviceGetAutostart(dev, &autostart) >= 0;
}


#define TEST_CALL(api, call) \
    static bool \
    test ## api(virNodeDevicePtr dev) \
    { \
        return call >= 0; \
    }

TEST_CALL(NumOfCaps, nodeDeviceNumOfCaps(dev))
TEST_CALL(Create, nodeDeviceCreate(dev, 0))
TEST_CALL(Destroy, nodeDeviceDestroy(dev))
TEST_CALL(Undefine, nodeDeviceUndefine(dev, 0))
TEST_CALL(SetAutostart, nodeDeviceSetAutostart(dev, 1))
TEST_CALL(IsPersistent, nodeDeviceIsPersistent(dev))
TEST_CALL(IsActive, nodeDeviceIsActive(dev))
TEST_CALL(Update, nodeDeviceUpdate(dev, deviceXML, 0))


struct testACL {
    bool (*call)(virNodeDevicePtr dev);
    bool active;
};

/* Who may not use a device learns nothing else than that */
static int
testDenied(const void *opaque)
{
    const struct testACL *data = opaque;
    g_autoptr(virNodeDevice) dev = virGetNodeDevice(conn, NAME);
    virNodeDeviceObj *obj = virNodeDeviceObjListFindByName(driver->devs, NAME);

    virNodeDeviceObjSetActive(obj, data->active);
    virNodeDeviceObjEndAPI(&obj);
    g_clear_pointer(&denied, g_free);
    virResetLastError();

    if (!dev || data->call(dev))
        return -1;

    if (virGetLastErrorCode() != VIR_ERR_ACCESS_DENIED) {
        VIR_TEST_DEBUG("Access is not checked first: %s", virGetLastErrorMessage());
        return -1;
    }

    return virTestCompareToString(NAME, denied);
}


/* Calls that take no device. What has none yet has no name either, unless the
 * driver gives it one. */

static virNodeDevicePtr
testLookupSCSIHostByWWN(void)
{
    return nodeDeviceLookupSCSIHostByWWN(conn, HOST_WWNN, HOST_WWPN, 0);
}


static virNodeDevicePtr
testDefineXML(void)
{
    return nodeDeviceDefineXML(conn, deviceXML, 0);
}


static virNodeDevicePtr
testCreateXML(void)
{
    return nodeDeviceCreateXML(conn, deviceXML, 0);
}


struct testNewACL {
    virNodeDevicePtr (*call)(void);
    const char *name;
};

static int
testDeniedNew(const void *opaque)
{
    const struct testNewACL *data = opaque;
    g_autoptr(virNodeDevice) dev = NULL;

    g_clear_pointer(&denied, g_free);
    virResetLastError();

    if ((dev = data->call()) ||
        virGetLastErrorCode() != VIR_ERR_ACCESS_DENIED)
        return -1;

    return virTestCompareToString(data->name, denied);
}


static int
testDriverAdd(const char *xml)
{
    virNodeDeviceDef *def = virNodeDeviceDefParse(xml, NULL, EXISTING_DEVICE, NULL,
                                                  NULL, NULL, false);
    virNodeDeviceObj *obj = NULL;

    if (!def || !(obj = virNodeDeviceObjListAssignDef(driver->devs, def)))
        return -1;

    virNodeDeviceObjSetPersistent(obj, true);
    virNodeDeviceObjEndAPI(&obj);
    return 0;
}


static int
testDriverInit(void)
{

    driver = g_new0(virNodeDeviceDriverState, 1);
    driver->lockFD = -1;
    driver->initialized = true;

    if (virMutexInit(&driver->lock) < 0 ||
        virCondInit(&driver->initCond) < 0 ||
        !(driver->devs = virNodeDeviceObjListNew()) ||
        testDriverAdd(deviceXML) < 0 ||
        testDriverAdd(hostXML) < 0)
        return -1;

    return 0;
}


static void
testDriverFree(void)
{
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
    int ret = 0;

    if (testDriverInit() < 0 ||
        !(conn = virGetConnect()))
        return EXIT_FAILURE;

    conn->driver = &testHypervisorDriver;

#define DO_TEST_STATE(api, active_) \
    do { \
        struct testACL data = { .call = test ## api, .active = active_ }; \
        if (virTestRun(#api " of an " #active_ " device", testDenied, &data) < 0) \
            ret = -1; \
    } while (0)

#define DO_TEST(api) \
    do { \
        const bool active = true; \
        const bool inactive = false; \
        DO_TEST_STATE(api, active); \
        DO_TEST_STATE(api, inactive); \
    } while (0)

    DO_TEST(LookupByName);
    DO_TEST(GetXMLDesc);
    DO_TEST(GetParent);
    DO_TEST(NumOfCaps);
    DO_TEST(ListCaps);
    DO_TEST(Create);
    DO_TEST(Destroy);
    DO_TEST(Undefine);
    DO_TEST(SetAutostart);
    DO_TEST(GetAutostart);
    DO_TEST(IsPersistent);
    DO_TEST(IsActive);
    DO_TEST(Update);

#define DO_TEST_NEW(api, name_) \
    do { \
        struct testNewACL data = { .call = test ## api, .name = name_ }; \
        if (virTestRun(#api, testDeniedNew, &data) < 0) \
            ret = -1; \
    } while (0)

    DO_TEST_NEW(LookupSCSIHostByWWN, HOST_NAME);
    DO_TEST_NEW(DefineXML, "new device");
    DO_TEST_NEW(CreateXML, "new device");

    g_free(denied);
    virObjectUnref(conn);
    testDriverFree();

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
