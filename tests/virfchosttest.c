/*
 * virfchosttest.c: test reading and making of fc_hosts
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

#include "virfchost.h"
#include "virfile.h"
#include "virstring.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define WWNN "2001001b32a9da4e"
#define FABRIC "2001000dec9877c1"

static char *root;


static int
testReadHBA(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCHost) hba = virFCHostRead(0);

    if (!hba ||
        hba->host != 0 ||
        STRNEQ(hba->wwnn, "100052540000a001") ||
        STRNEQ(hba->wwpn, "200052540000a001") ||
        STRNEQ(hba->fabricWWN, FABRIC) ||
        STRNEQ(hba->portState, "Online") ||
        STRNEQ(hba->portType, "NPort (fabric via point-to-point)") ||
        STRNEQ(hba->speed, "10 Gbit"))
        return -1;

    if (hba->vport || hba->vportState)
        return -1;

    return hba->vportOps && hba->maxVports == 65535 && hba->vports == 2 ? 0 : -1;
}


static int
testReadVHBA(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCHost) vhba = virFCHostRead(6);

    if (!vhba ||
        STRNEQ(vhba->wwnn, WWNN) ||
        STRNEQ(vhba->wwpn, "2101001b32a90006") ||
        vhba->vportOps)
        return -1;

    return vhba->vport && vhba->parent == 2 && STREQ(vhba->vportState, "Active") ? 0 : -1;
}


static int
testReadWaitingVHBA(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCHost) vhba = virFCHostRead(4);

    if (!vhba || vhba->fabricWWN)
        return -1;

    return vhba->vport && vhba->parent == 0 && STREQ(vhba->vportState, "Initializing") ? 0 : -1;
}


static int
testReadNoFabric(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCHost) hba = virFCHostRead(3);

    return hba && !hba->fabricWWN && STREQ(hba->portState, "Linkdown") ? 0 : -1;
}


static int
testReadUpperCase(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCHost) hba = virFCHostRead(10);

    return hba && STREQ(hba->wwpn, "10000000c9848141") ? 0 : -1;
}


static int
testReadWithoutNPIV(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCHost) hba = virFCHostRead(11);

    return hba && !hba->vport && !hba->vportOps && hba->maxVports == 0 ? 0 : -1;
}


static int
testReadMissing(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virFCHost) none = virFCHostRead(99);

    if (none || !strstr(virGetLastErrorMessage(), "scsi_host99"))
        return -1;

    virResetLastError();
    return 0;
}


static int
testListFindsEach(const void *opaque G_GNUC_UNUSED)
{
    virFCHost **hosts = NULL;
    size_t nhosts = 0;
    size_t i;
    int rc = virFCHostList(&hosts, &nhosts);

    for (i = 0; i < nhosts; i++)
        virFCHostFree(hosts[i]);
    g_free(hosts);

    return rc == 0 && nhosts == 8 ? 0 : -1;
}


struct testFindData {
    const char *wwnn;
    const char *wwpn;
    int host; /* -1 if there is none */
};


static int
testFindByWWN(const void *opaque)
{
    const struct testFindData *data = opaque;
    g_autoptr(virFCHost) found = virFCHostFindByWWN(data->wwnn, data->wwpn);

    if (virGetLastErrorCode() != VIR_ERR_OK)
        return -1;

    return (found ? (int) found->host : -1) == data->host ? 0 : -1;
}


struct testFabricData {
    const char *fabric;
    int host;            /* -1 if none will do, then */
    const char *reasons; /* what the error has to say */
};


static int
testFindByFabric(const void *opaque)
{
    const struct testFabricData *data = opaque;
    g_autoptr(virFCHost) found = virFCHostFindByFabric(data->fabric);
    g_auto(GStrv) reasons = NULL;
    size_t i;

    if (data->host >= 0)
        return found && (int) found->host == data->host ? 0 : -1;

    if (found)
        return -1;

    reasons = g_strsplit(data->reasons, "|", 0);
    for (i = 0; reasons[i]; i++) {
        if (!strstr(virGetLastErrorMessage(), reasons[i])) {
            VIR_TEST_DEBUG("'%s' is not in '%s'", reasons[i], virGetLastErrorMessage());
            return -1;
        }
    }

    virResetLastError();
    return 0;
}


static int
testVportNames(const void *opaque G_GNUC_UNUSED)
{
    const char *hba = "/sys/devices/pci0000:00/0000:00:02.0/virtio0/net/eth0/ctlr_0/host0";
    g_autofree char *vhba = g_strdup_printf("%s/vport-0:0-7/host4", hba);
    g_autofree char *wwnn = NULL;
    g_autofree char *wwpn = NULL;

    if (virFCHostVportNames(hba, &wwnn, &wwpn) == 0 || wwnn || wwpn)
        return -1;

    if (virFCHostVportNames(vhba, &wwnn, &wwpn) < 0)
        return -1;

    return STREQ(wwnn, WWNN) && STREQ(wwpn, "2101001b32a90004") ? 0 : -1;
}


/* The fixture's attributes are plain files: they keep what the kernel would
 * have been told. */
static int
testWritten(unsigned int host,
            const char *op,
            const char *expect)
{
    g_autofree char *path = g_strdup_printf("%s/sys/class/fc_host/host%u/%s", root, host, op);
    g_autofree char *text = NULL;

    if (virFileReadAll(path, 1024, &text) < 0)
        return -1;

    virStringTrimOptionalNewline(text);
    return virTestCompareToString(expect, text);
}


static int
testVportCreate(const void *opaque G_GNUC_UNUSED)
{
    if (virFCHostVportCreate(2, WWNN, "2101001b32a90008") < 0)
        return -1;

    return testWritten(2, "vport_create", "2101001b32a90008:" WWNN);
}


struct testWaitData {
    unsigned int host;
    const char *reason; /* NULL if it is active */
};


static int
testVportWait(const void *opaque)
{
    const struct testWaitData *data = opaque;
    g_autoptr(virFCHost) vhba = virFCHostVportWait(data->host, 0);

    if (!data->reason)
        return vhba && vhba->host == data->host ? 0 : -1;

    if (vhba || !strstr(virGetLastErrorMessage(), data->reason))
        return -1;

    virResetLastError();
    return 0;
}


/* A state that will not change makes the wait end at once, however long it
 * was meant to be. */
static int
testVportWaitFinal(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = g_strdup_printf("%s/sys/class/fc_vports/vport-0:0-7/vport_state", root);
    struct testWaitData data = { .host = 4, .reason = "does not support NPIV" };
    g_autoptr(virFCHost) vhba = NULL;

    if (virFileWriteStr(path, "No Fabric Support\n", 0) < 0)
        return -1;

    vhba = virFCHostVportWait(data.host, UINT_MAX);
    if (vhba || virGetLastErrorCode() != VIR_ERR_OPERATION_FAILED)
        return -1;

    return testVportWait(&data);
}


static int
testVportDelete(const void *opaque G_GNUC_UNUSED)
{
    if (virFCHostVportDelete(0, WWNN, "2101001b32a90002") < 0)
        return -1;

    return testWritten(0, "vport_delete", "2101001b32a90002:" WWNN);
}


struct testRefusedData {
    unsigned int host;
    const char *wwpn;
    const char *reason;
};


static int
testVportCreateRefused(const void *opaque)
{
    const struct testRefusedData *data = opaque;

    if (virFCHostVportCreate(data->host, WWNN, data->wwpn) == 0)
        return -1;

    if (!strstr(virGetLastErrorMessage(), data->reason)) {
        VIR_TEST_DEBUG("'%s' is not in '%s'", data->reason, virGetLastErrorMessage());
        return -1;
    }
    virResetLastError();

    return data->host == 11 || data->host == 99 ? 0 : testWritten(data->host, "vport_create", "");
}


static int
mymain(void)
{
    int ret = 0;

    if (!(root = testSysfsTreeUnpack(abs_srcdir "/virfchostdata/hosts.sysfs")))
        return EXIT_FAILURE;

#define TEST(name, func) \
    do { \
        if (virTestRun(name, func, NULL) < 0) \
            ret = -1; \
    } while (0)

#define TEST_FIND(wwnn_, wwpn_, host_) \
    do { \
        struct testFindData data = { .wwnn = wwnn_, .wwpn = wwpn_, .host = host_ }; \
        if (virTestRun("find " #wwnn_ " " wwpn_, testFindByWWN, &data) < 0) \
            ret = -1; \
    } while (0)

#define TEST_FABRIC(name, fabric_, host_, reasons_) \
    do { \
        struct testFabricData data = { .fabric = fabric_, .host = host_, .reasons = reasons_ }; \
        if (virTestRun("choose an HBA: " name, testFindByFabric, &data) < 0) \
            ret = -1; \
    } while (0)

#define TEST_WAIT(name, host_, reason_) \
    do { \
        struct testWaitData data = { .host = host_, .reason = reason_ }; \
        if (virTestRun("wait for a vHBA: " name, testVportWait, &data) < 0) \
            ret = -1; \
    } while (0)

#define TEST_REFUSED(name, host_, wwpn_, reason_) \
    do { \
        struct testRefusedData data = { .host = host_, .wwpn = wwpn_, .reason = reason_ }; \
        if (virTestRun("create is refused: " name, testVportCreateRefused, &data) < 0) \
            ret = -1; \
    } while (0)

    TEST("read an HBA", testReadHBA);
    TEST("read a vHBA", testReadVHBA);
    TEST("read a vHBA that waits for the fabric", testReadWaitingVHBA);
    TEST("read an HBA without a fabric", testReadNoFabric);
    TEST("read an HBA that prints upper case", testReadUpperCase);
    TEST("read an HBA without NPIV", testReadWithoutNPIV);
    TEST("read a host that is not there", testReadMissing);
    TEST("list finds each host", testListFindsEach);
    TEST("names of a vport by its path", testVportNames);

    TEST_FIND(WWNN, "2101001b32a90002", 1);
    TEST_FIND(NULL, "2101001b32a90002", 1);
    TEST_FIND(NULL, "21:01:00:1B:32:A9:00:02", 1);
    TEST_FIND(NULL, "10000000c9848141", 10);
    TEST_FIND("2001001b32a9da4f", "2101001b32a90002", -1);
    TEST_FIND(NULL, "2101001b32a900ff", -1);

    TEST_FABRIC("the least used on the fabric", FABRIC, 2, NULL);
    TEST_FABRIC("any spelling of the fabric", "20:01:00:0D:EC:98:77:C1", 2, NULL);
    TEST_FABRIC("the least used of all", NULL, 2, NULL);
    TEST_FABRIC("none, and why", "2001000dec9877c2", -1,
                "'2001000dec9877c2'"
                "|scsi_host0: it is on another fabric"
                "|scsi_host3: its link is not up"
                "|scsi_host10: it carries as many vHBAs as it can"
                "|scsi_host11: it does not support NPIV");

    TEST_REFUSED("link down", 3, "2101001b32a90008", "port state 'Linkdown'");
    TEST_REFUSED("full", 10, "2101001b32a90008", "127 of 127 vHBAs");
    TEST_REFUSED("no NPIV", 11, "2101001b32a90008", "does not support NPIV");
    TEST_REFUSED("no such HBA", 99, "2101001b32a90008", "scsi_host99");
    TEST_REFUSED("WWPN in use here", 2, "2101001b32a90002", "by 'scsi_host1'");

    TEST_WAIT("active", 1, NULL);
    TEST_WAIT("initializing", 4, "is it logged in elsewhere?");
    TEST_WAIT("gone", 99, "scsi_host99");
    TEST("wait for a vHBA: no NPIV on the fabric", testVportWaitFinal);

    TEST("create a vport", testVportCreate);
    TEST("delete a vport", testVportDelete);

    testSysfsTreeRemove(root);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
