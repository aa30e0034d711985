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

#include <unistd.h>

#include "testutils.h"
#include "testsysfstree.h"

#define LIBVIRT_VIRFCHOSTPRIV_H_ALLOW
#include "virfchostpriv.h"
#include "virfile.h"
#include "virstring.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define WWNN "2001001b32a9da4e"
#define FABRIC "2001000dec9877c1"
#define SCSI_DEVICE "sys/class/scsi_device/%s/device"

static char *root;


/* Returns 0 if the last error says @reason; forgets it. */
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


static int
testSetAttr(const char *attr,
            const char *value)
{
    g_autofree char *path = g_strdup_printf("%s/sys/class/%s", root, attr);
    g_autofree char *text = g_strdup_printf("%s\n", value);

    return virFileWriteStr(path, text, 0);
}


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

    if (none || virFCHostIsHBA(99) || !strstr(virGetLastErrorMessage(), "scsi_host99"))
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


/* What real drivers print, and what none should. */
struct testDriverData {
    unsigned int host;
    const char *wwpn;       /* NULL if it is no FC host, then: */
    const char *fabricWWN;
    const char *portState;
    const char *portType;
    const char *speed;
    bool vport;
    unsigned int maxVports;
    unsigned int vports;
};


static int
testReadDriver(const void *opaque)
{
    const struct testDriverData *data = opaque;
    g_autoptr(virFCHost) fchost = virFCHostRead(data->host);
    g_autoptr(virFCHost) port = virFCHostReadPort(data->host);

    if (!data->wwpn) {
        virResetLastError();
        return fchost || port ? -1 : 0;
    }

    if (!port ||
        STRNEQ_NULLABLE(port->wwpn, data->wwpn) ||
        STRNEQ_NULLABLE(port->portState, data->portState) ||
        STRNEQ_NULLABLE(port->portType, data->portType) ||
        STRNEQ_NULLABLE(port->speed, data->speed) ||
        virFCHostIsHBA(data->host) == data->vport)
        return -1;

    if (!fchost ||
        STRNEQ_NULLABLE(fchost->wwpn, data->wwpn) ||
        STRNEQ_NULLABLE(fchost->fabricWWN, data->fabricWWN) ||
        STRNEQ_NULLABLE(fchost->portState, data->portState) ||
        STRNEQ_NULLABLE(fchost->portType, data->portType) ||
        STRNEQ_NULLABLE(fchost->speed, data->speed))
        return -1;

    return fchost->vport == data->vport &&
        fchost->vportOps == !data->vport &&
        fchost->maxVports == data->maxVports &&
        fchost->vports == data->vports ? 0 : -1;
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
    g_autoptr(virFCHost) found = virFCHostReserve(data->fabric, NULL);
    g_auto(GStrv) reasons = NULL;
    size_t i;

    if (found)
        virFCHostUnreserve(found->host);

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


/* Nothing is created here: what one start has chosen must count for the next,
 * although the kernel knows nothing of it yet. */
static int
testStartsAreSpread(const void *opaque G_GNUC_UNUSED)
{
    const unsigned int expect[] = { 2, 0, 2, 0, 2 };
    int ret = 0;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(expect); i++) {
        g_autoptr(virFCHost) hba = virFCHostReserve(FABRIC, NULL);

        if (!hba || hba->host != expect[i]) {
            VIR_TEST_DEBUG("start %zu: not on host%u", i, expect[i]);
            ret = -1;
        }
    }

    for (i = 0; i < G_N_ELEMENTS(expect); i++)
        virFCHostUnreserve(expect[i]);

    return ret;
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


/* Makes vport_create of a host fail as a full HBA does: writing to /dev/full
 * gives ENOSPC. */
static int
testFillHBA(unsigned int host)
{
    g_autofree char *path = g_strdup_printf("%s/sys/class/fc_host/host%u/vport_create", root, host);

    return unlink(path) < 0 || symlink("/dev/full", path) < 0 ? -1 : 0;
}


static int
testEmptyHBA(unsigned int host)
{
    g_autofree char *path = g_strdup_printf("%s/sys/class/fc_host/host%u/vport_create", root, host);

    return unlink(path) < 0 || virFileWriteStr(path, "", 0666) < 0 ? -1 : 0;
}


/* An HBA may have become full since it was chosen, or before that: the kernel
 * knows. */
static int
testVportCreateElsewhere(const void *opaque G_GNUC_UNUSED)
{
    unsigned int parent = 99;
    int ret = -1;

    if (testFillHBA(2) < 0)
        return -1;

    if (virFCHostVportCreateOnFabric(FABRIC, WWNN, "2101001b32a90008", &parent) < 0 ||
        parent != 0 ||
        testWritten(0, "vport_create", "2101001b32a90008:" WWNN) < 0)
        goto cleanup;

    /* the one that is given is not exchanged for another */
    if (virFCHostVportCreate(2, WWNN, "2101001b32a90008") == 0 ||
        testError("on 'scsi_host2': the HBA carries as many vHBAs as it can") < 0)
        goto cleanup;

    if (testFillHBA(0) < 0 ||
        virFCHostVportCreateOnFabric(FABRIC, WWNN, "2101001b32a90008", &parent) == 0 ||
        testError("scsi_host0: it carries as many vHBAs as it can") < 0)
        goto cleanup;

    ret = testEmptyHBA(0);

 cleanup:
    if (testEmptyHBA(2) < 0)
        return -1;
    return ret;
}


struct testPortStateData {
    const char *state;
    const char *reason; /* NULL if it is none against a vHBA */
};


/* Each state of an HBA's port has its own text. */
static int
testPortState(const void *opaque)
{
    const struct testPortStateData *data = opaque;
    int ret = -1;

    if (testSetAttr("fc_host/host2/port_state", data->state) < 0)
        return -1;

    if (virFCHostVportCreate(2, WWNN, "2101001b32a90008") == 0)
        ret = data->reason ? -1 : 0;
    else if (data->reason)
        ret = testError(data->reason);

    if (testEmptyHBA(2) < 0 ||
        testSetAttr("fc_host/host2/port_state", "Online") < 0)
        return -1;

    return ret;
}


struct testProblemData {
    int rc;
    const char *create; /* a part of the text; NULL if there is none */
    const char *delete; /* likewise */
};


static int
testProblemText(const char *op,
                int rc,
                const char *expect)
{
    const char *text = virFCHostVportOpProblem(op, rc);

    if (!expect)
        return text ? -1 : 0;

    if (text && strstr(text, expect))
        return 0;

    VIR_TEST_DEBUG("%s, %d: '%s' is not in '%s'", op, rc, expect, NULLSTR(text));
    return -1;
}


/* Each errno of vport_create and vport_delete has its own text. */
static int
testVportProblem(const void *opaque)
{
    const struct testProblemData *data = opaque;

    return testProblemText("vport_create", data->rc, data->create) < 0 ||
        testProblemText("vport_delete", data->rc, data->delete) < 0 ? -1 : 0;
}


/* What the kernel reports must not end in a text that belongs to the errno and
 * tells nothing. */
static int
testVportErrnoTextIsLeftOut(const void *opaque G_GNUC_UNUSED)
{
    int ret = -1;

    if (testFillHBA(2) < 0)
        return -1;

    if (virFCHostVportCreate(2, WWNN, "2101001b32a90008") < 0 &&
        virGetLastErrorCode() == VIR_ERR_OPERATION_FAILED &&
        !strstr(virGetLastErrorMessage(), g_strerror(ENOSPC)))
        ret = testError("(errno 28)");

    if (testEmptyHBA(2) < 0)
        return -1;
    return ret;
}


struct testVportStateData {
    const char *state;
    bool final;
    const char *reason; /* NULL if the vHBA is active */
};


/* Each state of a vport has its own text; in a final one the wait ends at once,
 * however long it was meant to be. */
static int
testVportState(const void *opaque)
{
    const struct testVportStateData *data = opaque;
    g_autoptr(virFCHost) vhba = NULL;

    if (testSetAttr("fc_vports/vport-0:0-7/vport_state", data->state) < 0)
        return -1;

    vhba = virFCHostVportWait(4, data->final ? UINT_MAX : 0);
    if (!data->reason)
        return vhba ? 0 : -1;

    if (vhba || virGetLastErrorCode() != (data->final ? VIR_ERR_OPERATION_FAILED
                                                      : VIR_ERR_OPERATION_TIMEOUT))
        return -1;

    return testError(data->reason);
}


/* While its first login goes on, or is refused again and again, a vport of libfc
 * is in Linkdown as well. */
static int
testVportLinkdown(const void *opaque)
{
    const char *hbaState = opaque;
    const char *reason = STREQ(hbaState, "Online") ? "is it logged in elsewhere?"
                                                   : "check the cable and the switch port";
    g_autoptr(virFCHost) vhba = NULL;
    int ret = -1;

    if (testSetAttr("fc_vports/vport-0:0-7/vport_state", "Linkdown") < 0 ||
        testSetAttr("fc_host/host0/port_state", hbaState) < 0)
        return -1;

    if (!(vhba = virFCHostVportWait(4, 0)))
        ret = testError(reason);

    if (testSetAttr("fc_host/host0/port_state", "Online") < 0)
        return -1;

    return ret;
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


static int
testSCSIDeviceIs(const char *device,
                 const char *expected)
{
    g_autofree char *file = g_strdup_printf("%s/" SCSI_DEVICE "/delete", root, device);
    g_autofree char *text = NULL;

    if (virTestLoadFile(file, &text) < 0)
        return -1;

    return virTestCompareToString(expected, text);
}


static void
testAddSCSIDevice(const char *device,
                  const char *state)
{
    testSysfsTreeWrite(root, state, SCSI_DEVICE "/state", device);
    testSysfsTreeWrite(root, "", SCSI_DEVICE "/delete", device);
}


/* Commands and caches are not cut off when a vport goes; what cannot be reached is
 * left to the kernel, and other hosts' devices are no business of ours. */
static int
testVportDelete(const void *opaque G_GNUC_UNUSED)
{
    testAddSCSIDevice("1:0:0:0", "running\n");
    testAddSCSIDevice("1:0:0:1", "blocked\n");
    testAddSCSIDevice("12:0:0:0", "running\n");

    if (virFCHostVportDelete(0, WWNN, "2101001b32a90002") < 0)
        return -1;

    if (testSCSIDeviceIs("1:0:0:0", "1") < 0 ||
        testSCSIDeviceIs("1:0:0:1", "") < 0 ||
        testSCSIDeviceIs("12:0:0:0", "") < 0)
        return -1;

    return testWritten(0, "vport_delete", "2101001b32a90002:" WWNN);
}


/* A vport that cannot be deleted keeps its devices, and only what is a vport of that
 * HBA loses any. */
static int
testVportDeleteRefused(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *request = g_strdup_printf("%s/sys/class/fc_host/host0/vport_delete", root);
    g_autofree char *scan = g_strdup_printf("%s/sys/class/scsi_host/host1/scan", root);
    g_autofree char *scanned = NULL;

    testAddSCSIDevice("1:0:0:0", "running\n");
    testSysfsTreeWrite(root, "", "sys/class/scsi_host/host1/scan");

    if (unlink(request) < 0 || symlink("/dev/full", request) < 0)
        return -1;

    if (virFCHostVportDelete(11, WWNN, "2101001b32a90002") == 0 ||
        testSCSIDeviceIs("1:0:0:0", "") < 0 ||
        virFCHostVportDelete(0, WWNN, "2101001b32a90002") == 0 ||
        testSCSIDeviceIs("1:0:0:0", "1") < 0)
        return -1;

    if (!strstr(virGetLastErrorMessage(), "2101001b32a90002"))
        return -1;
    virResetLastError();

    if (virTestLoadFile(scan, &scanned) < 0)
        return -1;

    return virTestCompareToString("- - -", scanned);
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

    return data->host == 1 || data->host == 11 || data->host == 99 ? 0 : testWritten(data->host, "vport_create", "");
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

#define TEST_PORT_STATE(state_, reason_) \
    do { \
        struct testPortStateData data = { .state = state_, .reason = reason_ }; \
        if (virTestRun("HBA whose port is: " state_, testPortState, &data) < 0) \
            ret = -1; \
    } while (0)

#define TEST_PROBLEM(name, rc_, create_, delete_) \
    do { \
        struct testProblemData data = { .rc = rc_, .create = create_, .delete = delete_ }; \
        if (virTestRun("what is wrong: " name, testVportProblem, &data) < 0) \
            ret = -1; \
    } while (0)

#define TEST_ERRNO(err, create_, delete_) \
    TEST_PROBLEM(#err, -err, create_, delete_)

#define TEST_VPORT_LINKDOWN(hbaState) \
    do { \
        if (virTestRun("vport in Linkdown, HBA in " hbaState, testVportLinkdown, hbaState) < 0) \
            ret = -1; \
    } while (0)

#define TEST_VPORT_STATE(state_, final_, reason_) \
    do { \
        struct testVportStateData data = { .state = state_, .final = final_, \
                                           .reason = reason_ }; \
        if (virTestRun("vHBA whose vport is: " state_, testVportState, &data) < 0) \
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

    TEST("starts at the same time are spread", testStartsAreSpread);

    TEST_REFUSED("a vHBA as parent", 1, "2101001b32a90008", "it is a vHBA itself");
    TEST_REFUSED("link down", 3, "2101001b32a90008", "port state 'Linkdown'");
    TEST_REFUSED("full", 10, "2101001b32a90008", "127 of 127 vHBAs");
    TEST_REFUSED("no NPIV", 11, "2101001b32a90008", "does not support NPIV");
    TEST_REFUSED("no such HBA", 99, "2101001b32a90008", "scsi_host99");
    TEST_REFUSED("WWPN in use here", 2, "2101001b32a90002", "by 'scsi_host1'");

    TEST_WAIT("active", 1, NULL);
    TEST_WAIT("initializing", 4, "is it logged in elsewhere?");
    TEST_WAIT("gone", 99, "scsi_host99");
    TEST_VPORT_STATE("Unknown", false, "driver does not tell");
    TEST_VPORT_STATE("Active", true, NULL);
    TEST_VPORT_STATE("Disabled", false, "enable it through its vport_disable");
    TEST_VPORT_LINKDOWN("Linkdown");
    TEST_VPORT_LINKDOWN("Online");
    TEST_VPORT_STATE("Initializing", false, "is it logged in elsewhere?");
    TEST_VPORT_STATE("No Fabric Support", true, "does not support NPIV; enable it there");
    TEST_VPORT_STATE("No Fabric Resources", true, "raise the limit of logins");
    TEST_VPORT_STATE("Fabric Logout", false, "see the switch's log");
    TEST_VPORT_STATE("Fabric Rejected WWN", true, "kept out by port security?");
    TEST_VPORT_STATE("VPort Failed", true, "its login has failed");

    TEST("create a vport", testVportCreate);
    TEST("a vport is created where the kernel has room", testVportCreateElsewhere);

    TEST_PORT_STATE("Online", NULL);
    TEST_PORT_STATE("Unknown", "its port is not online");
    TEST_PORT_STATE("Not Present", "check the adapter");
    TEST_PORT_STATE("Offline", "its port is offline");
    TEST_PORT_STATE("Blocked", "try again later");
    TEST_PORT_STATE("Bypassed", "NPIV needs a port of a fabric");
    TEST_PORT_STATE("Diagnostics", "try again when that has ended");
    TEST_PORT_STATE("Linkdown", "its link is not up");
    TEST_PORT_STATE("Error", "its port has failed");
    TEST_PORT_STATE("Loopback", "connect it to a fabric");
    TEST_PORT_STATE("Deleted", "is being removed");

    TEST_ERRNO(EPERM, "failed to set it up", "made it itself at boot");
    TEST_ERRNO(ENOENT, "check the WWNs", "cannot delete vHBAs");
    TEST_ERRNO(ESRCH, "driver is out of memory", NULL);
    TEST_ERRNO(EINTR, "no resources left", NULL);
    TEST_ERRNO(EIO, "failed to set up the port", "does not answer");
    TEST_ERRNO(EAGAIN, "busy with a reset", "still logging in");
    TEST_ERRNO(ENOMEM, "host is out of memory", "host is out of memory");
    TEST_ERRNO(EACCES, "use qemu:///system", "use qemu:///system");
    TEST_ERRNO(EBUSY, "busy; try again", "being created or deleted");
    TEST_ERRNO(ENODEV, "the HBA is gone", "no such vHBA");
    TEST_ERRNO(EINVAL, "the pattern that it wants", "does not accept these WWNs");
    TEST_ERRNO(ENOSPC, "as many vHBAs as it can", NULL);
    TEST_ERRNO(EROFS, "mounted read-only", "mounted read-only");
    TEST_ERRNO(ENOSYS, "does not support NPIV, or no further", "does not support NPIV");
    TEST_ERRNO(ENOTUNIQ, "in use", NULL);
    TEST_ERRNO(EOPNOTSUPP, "enable NPIV on the switch port", NULL);
    TEST_ERRNO(ETIMEDOUT, "does not answer", "does not answer");
    TEST_ERRNO(EXDEV, NULL, NULL);
    TEST_PROBLEM("a vport state for an errno", 9, "its login has failed", "its login has failed");
    TEST_PROBLEM("no vport state at all", 99, NULL, NULL);
    TEST("an errno's own text is left out", testVportErrnoTextIsLeftOut);

    TEST("delete a vport", testVportDelete);
    TEST("a vport that cannot be deleted", testVportDeleteRefused);

    testSysfsTreeRemove(root);

    if (!(root = testSysfsTreeUnpack(abs_srcdir "/virfchostdata/drivers.sysfs")))
        return EXIT_FAILURE;

#define TEST_DRIVER(name, ...) \
    do { \
        struct testDriverData data = { __VA_ARGS__ }; \
        if (virTestRun("read: " name, testReadDriver, &data) < 0) \
            ret = -1; \
    } while (0)

    TEST_DRIVER("QLogic, one vHBA", 12, "2001f4e9d4eb02c9", "2001547feebe79c1",
                "Online", "NPort (fabric via point-to-point)", "8 Gbit", false, 254, 1);
    TEST_DRIVER("its vHBA", 15, "2101001b32a90004", "2001547feebe79c1",
                "Online", "NPIV VPORT", "8 Gbit", true, 0, 0);
    TEST_DRIVER("Emulex, upper case, no link", 3, "10000090fa942ab0", NULL,
                "Linkdown", "Unknown", "unknown", false, 255, 0);
    TEST_DRIVER("Emulex, 255 vHBAs", 4, "10000090fa942ac0", "2001547feebe79c1",
                "Online", "NPort (fabric via point-to-point)", "32 Gbit", false, 255, 255);
    TEST_DRIVER("fcoe", 0, "2000525400fc000a", "100002fcf0000001",
                "Online", "NPort (fabric via point-to-point)", "Not Negotiated", false, 65535, 0);
    TEST_DRIVER("fcoe without a fabric", 1, "2000525400fc000b", NULL,
                "Offline", "Unknown", "10 Gbit, 40 Gbit", false, 65535, 0);
    TEST_DRIVER("numbers that are none", 8, "10000090fa942ab2", NULL,
                "Online", "NPort (fabric via point-to-point)", "8 Gbit", false, 0, 0);
    TEST_DRIVER("a name that is none", 7, NULL, NULL, NULL, NULL, NULL, false, 0, 0);

    TEST_FABRIC("the only one that has room", "2001547feebe79c1", 12, NULL);
    TEST_REFUSED("255 of 255", 4, "2101001b32a90008", "255 of 255 vHBAs");

    testSysfsTreeRemove(root);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
