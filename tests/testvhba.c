/*
 * testvhba.c: vHBAs for tests
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
#include "testvhba.h"

#include "testsysfstree.h"
#include "virfcclaim.h"
#include "virfclun.h"
#include "virfilewrapper.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

static testVHBA testNone;
static testVHBA *testVHBAs = &testNone;


/* Lets the driver know @vhbas, until others are set. It changes them. The last
 * one has no WWPN. */
void
testVHBASet(testVHBA *vhbas)
{
    testVHBAs = vhbas;
}


static void (*testMeanwhile)(void *opaque);
static void *testMeanwhileOpaque;


/* Lets @what happen while a vHBA is looked up, until that is NULL. */
void
testVHBAMeanwhile(void (*what)(void *opaque),
                  void *opaque)
{
    testMeanwhile = what;
    testMeanwhileOpaque = opaque;
}


/* Unpacks the hosts and shows them, and only them, in place of the machine's own
 * ones. Returns what testSysfsTreeRemove takes to undo it, or NULL. */
char *
testVHBAShowHosts(void)
{
    static char *fcHosts; /* the prefix is kept by reference */
    char *tree;

    if (!(tree = testSysfsTreeUnpack(abs_srcdir "/qemuvhbadata/hosts.sysfs")))
        return NULL;

    g_free(fcHosts);
    fcHosts = g_strdup_printf("%s/sys/class/fc_host", tree);
    virFileWrapperRemovePrefix("/sys");
    virFileWrapperAddPrefix("/sys/class/fc_host", fcHosts);

    return tree;
}


/* Waiting is virfcluntest's business: here, a LUN is there or never comes. */
virFCLun *
virFCLunWait(unsigned int host,
             const char *target,
             const unsigned long long *unit,
             unsigned int timeout G_GNUC_UNUSED)
{
    return virFCLunFind(host, target, unit);
}


static char *
testVHBAName(const testVHBA *vhba)
{
    return vhba->name ? g_strdup(vhba->name) : g_strdup_printf("vhba_%s", vhba->wwpn);
}


static testVHBA *
testVHBAFind(const char *name)
{
    testVHBA *vhba;

    for (vhba = testVHBAs; vhba->wwpn; vhba++) {
        g_autofree char *itsName = testVHBAName(vhba);

        if (STREQ(itsName, name))
            return vhba;
    }

    return NULL;
}


static virNodeDevice *
testLookupByName(virConnect *conn,
                 const char *name)
{
    if (testMeanwhile)
        testMeanwhile(testMeanwhileOpaque);

    if (testVHBAFind(name))
        return virGetNodeDevice(conn, name);

    virReportError(VIR_ERR_NO_NODE_DEVICE, "no node device '%s'", name);
    return NULL;
}


static virNodeDevice *
testLookupSCSIHostByWWN(virConnect *conn,
                        const char *wwnn G_GNUC_UNUSED,
                        const char *wwpn,
                        unsigned int noflags G_GNUC_UNUSED)
{
    testVHBA *vhba;

    for (vhba = testVHBAs; vhba->wwpn; vhba++) {
        if (!vhba->inactive && virWWNEqual(vhba->wwpn, wwpn)) {
            g_autofree char *name = testVHBAName(vhba);
            return virGetNodeDevice(conn, name);
        }
    }

    virReportError(VIR_ERR_NO_NODE_DEVICE, "no SCSI host with wwpn '%s'", wwpn);
    return NULL;
}


static int
testListAllNodeDevices(virConnect *conn,
                       virNodeDevice ***devs,
                       unsigned int noflags G_GNUC_UNUSED)
{
    testVHBA *vhba;
    int ndevs = 0;

    for (vhba = testVHBAs; vhba->wwpn; vhba++)
        ndevs++;

    *devs = g_new0(virNodeDevice *, ndevs + 1);
    ndevs = 0;

    for (vhba = testVHBAs; vhba->wwpn; vhba++) {
        g_autofree char *name = testVHBAName(vhba);
        (*devs)[ndevs++] = virGetNodeDevice(conn, name);
    }

    return ndevs;
}


static char *
testGetXMLDesc(virNodeDevice *dev,
               unsigned int noflags G_GNUC_UNUSED)
{
    testVHBA *vhba = testVHBAFind(dev->name);

    return g_strdup_printf("<device><name>%s</name>"
                           "<capability type='scsi_host'>"
                           "<capability type='fc_host'>"
                           "<wwnn>" WWNN "</wwnn><wwpn>%s</wwpn>%s%s"
                           "</capability>%s"
                           "</capability></device>",
                           dev->name, vhba->wwpn,
                           NULLSTR_EMPTY(vhba->partner),
                           NULLSTR_EMPTY(vhba->mark),
                           STREQ(vhba->wwpn, HBA) ?
                           "<capability type='vport_ops'>"
                           "<max_vports>9</max_vports><vports>5</vports>"
                           "</capability>" : "");
}


static int
testIsActive(virNodeDevice *dev)
{
    testVHBA *vhba = testVHBAFind(dev->name);

    if (vhba->contested && virFCClaimGet(vhba->wwpn, NULL, NULL) == 1) {
        vhba->contested = false;
        vhba->inactive = true;
    }

    return !vhba->inactive;
}


static int
testCreate(virNodeDevice *dev,
           unsigned int noflags G_GNUC_UNUSED)
{
    testVHBA *vhba = testVHBAFind(dev->name);

    if (vhba->broken) {
        virReportError(VIR_ERR_OPERATION_FAILED, "%s", "the fabric said no");
        return -1;
    }

    vhba->inactive = false;
    return 0;
}


virNodeDeviceDriver testVHBADriver = {
    .nodeDeviceLookupByName = testLookupByName,
    .nodeDeviceLookupSCSIHostByWWN = testLookupSCSIHostByWWN,
    .connectListAllNodeDevices = testListAllNodeDevices,
    .nodeDeviceGetXMLDesc = testGetXMLDesc,
    .nodeDeviceIsActive = testIsActive,
    .nodeDeviceCreate = testCreate,
};
