/*
 * qemumigrationconfirmtest.c: test what the end of a migration is told
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
#include "testutilsqemu.h"

#include "datatypes.h"
#include "libvirt_internal.h"
#include "locking/lock_manager.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_migration.h"
#include "qemu/qemu_migration_vhba.h"
#include "qemu/qemu_process.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define FLAGS (VIR_MIGRATE_OFFLINE | VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_PEER2PEER)

#define DIRECT (VIR_MIGRATE_LIVE | VIR_MIGRATE_CHANGE_PROTECTION)

static virQEMUDriver driver;


static char *
testXMLNew(void)
{
    return g_strdup("<domain type='kvm'>"
                    "  <name>guest</name>"
                    "  <memory>219100</memory>"
                    "  <vcpu>1</vcpu>"
                    "  <os><type arch='x86_64' machine='pc'>hvm</type></os>"
                    "  <devices>"
                    "    <emulator>/usr/bin/qemu-system-x86_64</emulator>"
                    "  </devices>"
                    "</domain>");
}


/* A peer-to-peer migration. The other host takes the guest, or answers Finish
 * with an error of this domain. */
static virErrorDomain peerError;

/* what the hand-over was told in Confirm, -1 if nothing */
static int confirmed;

void
qemuMigrationVHBASrcConfirm(virDomainObj *vm G_GNUC_UNUSED,
                            int answer)
{
    confirmed = answer;
}


/* and what when there was no job any more */
static int confirmedLate;

void
qemuMigrationVHBASrcConfirmLate(virDomainObj *vm G_GNUC_UNUSED,
                                int answer)
{
    confirmedLate = answer;
}


static int
testPeerClose(virConnectPtr conn G_GNUC_UNUSED)
{
    return 0;
}


static int
testPeerIsAlive(virConnectPtr conn G_GNUC_UNUSED)
{
    return 1;
}


static int
testPeerSetKeepAlive(virConnectPtr conn G_GNUC_UNUSED,
                     int interval G_GNUC_UNUSED,
                     unsigned int count G_GNUC_UNUSED)
{
    return 0;
}


static int
testPeerSupportsFeature(virConnectPtr conn G_GNUC_UNUSED,
                        int feature)
{
    return feature != VIR_DRV_FEATURE_MIGRATION_PARAMS;
}


static int
testPeerPrepare(virConnectPtr conn G_GNUC_UNUSED,
                const char *cookiein G_GNUC_UNUSED,
                int cookieinlen G_GNUC_UNUSED,
                char **cookieout G_GNUC_UNUSED,
                int *cookieoutlen G_GNUC_UNUSED,
                const char *uri_in G_GNUC_UNUSED,
                char **uri_out G_GNUC_UNUSED,
                unsigned long migrateFlags G_GNUC_UNUSED,
                const char *dname G_GNUC_UNUSED,
                unsigned long resource G_GNUC_UNUSED,
                const char *dom_xml G_GNUC_UNUSED)
{
    return 0;
}


static virDomainPtr
testPeerFinish(virConnectPtr conn,
               const char *dname,
               const char *cookiein G_GNUC_UNUSED,
               int cookieinlen G_GNUC_UNUSED,
               char **cookieout G_GNUC_UNUSED,
               int *cookieoutlen G_GNUC_UNUSED,
               const char *dconnuri G_GNUC_UNUSED,
               const char *uri G_GNUC_UNUSED,
               unsigned long migrateFlags G_GNUC_UNUSED,
               int cancelled G_GNUC_UNUSED)
{
    unsigned char uuid[VIR_UUID_BUFLEN] = { 1 };

    if (peerError == VIR_FROM_NONE)
        return virGetDomain(conn, dname, uuid, -1);

    virReportErrorHelper(peerError, VIR_ERR_OPERATION_FAILED, __FILE__,
                         __FUNCTION__, __LINE__, "%s", "no domain");
    return NULL;
}


static virHypervisorDriver testPeerDriver = {
    .name = "peer",
    .connectClose = testPeerClose,
    .connectIsAlive = testPeerIsAlive,
    .connectSetKeepAlive = testPeerSetKeepAlive,
    .connectSupportsFeature = testPeerSupportsFeature,
    .domainMigratePrepare3 = testPeerPrepare,
    .domainMigrateFinish3 = testPeerFinish,
};


/* Replaced for this process: the way to the other host. */
virConnectPtr
virConnectOpenAuth(const char *name G_GNUC_UNUSED,
                   virConnectAuthPtr auth G_GNUC_UNUSED,
                   unsigned int openFlags G_GNUC_UNUSED)
{
    virConnectPtr conn = virGetConnect();

    conn->driver = &testPeerDriver;
    return conn;
}


/* Confirm after post-copy: QEMU has sent all. That does not tell whether the
 * other host has it. */

static int stoppedIn;           /* phase in which QEMU was stopped, -1 if it was not */

void
qemuProcessStop(virQEMUDriver *drv G_GNUC_UNUSED,
                virDomainObj *vm,
                virDomainShutoffReason reason,
                virDomainAsyncJob asyncJob G_GNUC_UNUSED,
                unsigned int stopFlags G_GNUC_UNUSED)
{
    stoppedIn = vm->job->phase;
    vm->def->id = -1;
    virDomainObjSetState(vm, VIR_DOMAIN_SHUTOFF, reason);
}


int
qemuMigrationAnyFetchStats(virDomainObj *vm G_GNUC_UNUSED,
                           virDomainAsyncJob asyncJob G_GNUC_UNUSED,
                           virDomainJobData *jobData G_GNUC_UNUSED,
                           char **error G_GNUC_UNUSED)
{
    return 0;
}


static virDomainObj *
testGuestNew(void)
{
    g_autoptr(virDomainObj) vm = virDomainObjNew(driver.xmlopt);
    g_autofree char *xml = testXMLNew();

    if (!(vm->def = virDomainDefParseString(xml, driver.xmlopt, NULL,
                                            VIR_DOMAIN_DEF_PARSE_INACTIVE)))
        return NULL;

    return g_steal_pointer(&vm);
}


static int
testPostcopyBegin(virDomainObj *vm)
{
    qemuDomainJobDataPrivate *current;

    if (virDomainObjBeginAsyncJob(vm, VIR_ASYNC_JOB_MIGRATION_OUT,
                                  VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
                                  VIR_MIGRATE_POSTCOPY) < 0)
        return -1;

    qemuDomainJobSetStatsType(vm->job->current, QEMU_DOMAIN_JOB_STATS_TYPE_MIGRATION);
    current = vm->job->current->privateData;
    current->stats.mig.status = QEMU_MONITOR_MIGRATION_STATUS_COMPLETED;
    vm->job->phase = QEMU_MIGRATION_PHASE_PERFORM3_DONE;
    qemuDomainObjReleaseAsyncJob(vm);
    return 0;
}


struct testPostcopy {
    virDomainMigrateCancelled cancelled;
    qemuMigrationJobPhase phase;
};


static int
testPostcopyEnds(const void *opaque)
{
    const struct testPostcopy *t = opaque;
    g_autoptr(virDomainObj) vm = testGuestNew();

    if (!vm)
        return -1;

    vm->def->id = 1;
    vm->persistent = 1;
    virDomainObjSetState(vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY);

    confirmed = -1;
    stoppedIn = -1;
    if (testPostcopyBegin(vm) < 0 ||
        qemuMigrationSrcConfirm(&driver, virObjectRef(vm), NULL, 0,
                                VIR_MIGRATE_POSTCOPY, t->cancelled) < 0)
        return -1;

    if (confirmed != (int) t->cancelled || stoppedIn != (int) t->phase) {
        VIR_TEST_VERBOSE("it was told %d, QEMU was stopped in phase %d",
                         confirmed, stoppedIn);
        return -1;
    }

    return 0;
}


/* The other host has taken the guest up again: then it is that host's. */

static bool gone;

void
qemuMigrationVHBASrcGone(virDomainObj *vm G_GNUC_UNUSED)
{
    gone = true;
}


static int
testPostcopyResumed(const void *opaque G_GNUC_UNUSED)
{
    const unsigned int flags = VIR_MIGRATE_POSTCOPY | VIR_MIGRATE_POSTCOPY_RESUME |
                               VIR_MIGRATE_CHANGE_PROTECTION;
    g_autoptr(virConnect) conn = virGetConnect();
    g_autoptr(virDomainObj) vm = testGuestNew();

    if (!vm)
        return -1;

    vm->def->id = 1;
    virDomainObjSetState(vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED);

    gone = false;
    if (testPostcopyBegin(vm) < 0)
        return -1;

    vm->job->phase = QEMU_MIGRATION_PHASE_BEGIN_RESUME;
    ignore_value(qemuMigrationSrcPerform(&driver, conn, vm, NULL, NULL, NULL, "nowhere",
                                         NULL, NULL, NULL, NULL, 0, NULL, NULL,
                                         NULL, 0, NULL, NULL, flags, NULL, 0, true));
    virResetLastError();
    virCloseCallbacksDomainRemove(vm, NULL, NULL);
    virDomainObjEndAsyncJob(vm);

    return gone ? 0 : -1;
}


/* QEMU has died here, and its job with it, before the client comes to confirm. */
static int
testConfirmWithoutJob(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virDomainObj) vm = testGuestNew();
    int rc;

    if (!vm)
        return -1;

    vm->persistent = 1;

    confirmed = confirmedLate = -1;
    rc = qemuMigrationSrcConfirm(&driver, virObjectRef(vm), NULL, 0, 0,
                                 VIR_DOMAIN_MIGRATE_FINISHED);
    virResetLastError();

    return rc < 0 && confirmed == -1 && confirmedLate == VIR_DOMAIN_MIGRATE_FINISHED ? 0 : -1;
}


/* The hand-over is asked before anything is sent, and refuses. */

static bool asked;              /* whether it may be done without cookies */

int
qemuMigrationVHBASrcCheckProtocol(virDomainObj *vm G_GNUC_UNUSED,
                                  char **cookieout)
{
    asked = !cookieout;
    virReportError(VIR_ERR_OPERATION_UNSUPPORTED, "%s", "no cookies");
    return -1;
}


static int
testPerformRefused(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virConnect) conn = virGetConnect();
    g_autoptr(virDomainObj) vm = testGuestNew();
    int rc;

    if (!vm)
        return -1;

    vm->def->id = 1;
    virDomainObjSetState(vm, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
    if (virDomainObjBeginAsyncJob(vm, VIR_ASYNC_JOB_MIGRATION_OUT,
                                  VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT, DIRECT) < 0)
        return -1;
    qemuDomainObjReleaseAsyncJob(vm);

    /* a cookie that is cut off: without a refusal it would fail a bit later */
    asked = false;
    rc = qemuMigrationSrcPerform(&driver, conn, vm, NULL, NULL, NULL,
                                 "tcp://192.0.2.1:49152", NULL, NULL, NULL, NULL, 0,
                                 NULL, NULL, "<", 1, NULL, NULL, DIRECT, NULL, 0, true);

    if (rc == 0 || !asked || !strstr(virGetLastErrorMessage(), "no cookies")) {
        VIR_TEST_VERBOSE("%d, %s", rc, virGetLastErrorMessage());
        return -1;
    }

    virResetLastError();
    return 0;
}


/* Finish: all has come, but the CPUs do not start. The hand-over says whether the
 * source may be told so. */

static bool mayRefuse;
static bool toldNoWayBack[2];  /* when it is decided, and when the CPUs do not start */

int
qemuMigrationVHBADstCommit(virDomainObj *vm G_GNUC_UNUSED,
                           bool noWayBack)
{
    toldNoWayBack[0] = noWayBack;
    return 0;
}


bool
qemuMigrationVHBADstMayRefuse(virDomainObj *vm G_GNUC_UNUSED,
                              bool noWayBack)
{
    toldNoWayBack[1] = noWayBack;
    return mayRefuse;
}


int
qemuProcessStartCPUs(virQEMUDriver *drv G_GNUC_UNUSED,
                     virDomainObj *vm G_GNUC_UNUSED,
                     virDomainRunningReason reason G_GNUC_UNUSED,
                     virDomainAsyncJob asyncJob G_GNUC_UNUSED)
{
    virReportError(VIR_ERR_OPERATION_FAILED, "%s", "CPUs do not start");
    return -1;
}


int
qemuRefreshVirtioChannelState(virQEMUDriver *drv G_GNUC_UNUSED,
                              virDomainObj *vm G_GNUC_UNUSED,
                              virDomainAsyncJob asyncJob G_GNUC_UNUSED)
{
    return 0;
}


int
qemuProcessRefreshState(virQEMUDriver *drv G_GNUC_UNUSED,
                        virDomainObj *vm G_GNUC_UNUSED,
                        virDomainAsyncJob asyncJob G_GNUC_UNUSED)
{
    return 0;
}


struct testFinish {
    bool refused;
    bool postcopy;
};


static int
testFinishFails(const void *opaque)
{
    const struct testFinish *t = opaque;
    unsigned int flags = t->postcopy ? DIRECT | VIR_MIGRATE_POSTCOPY : DIRECT;
    g_autoptr(virConnect) conn = virGetConnect();
    g_autoptr(virDomainObj) vm = testGuestNew();
    virDomainPtr dom = NULL;
    bool known;
    qemuDomainJobDataPrivate *current;

    if (!vm)
        return -1;

    vm->def->id = 1;
    vm->persistent = 1;
    virDomainObjSetState(vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION);
    if (virDomainObjBeginAsyncJob(vm, VIR_ASYNC_JOB_MIGRATION_IN,
                                  VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN, flags) < 0)
        return -1;

    qemuDomainJobSetStatsType(vm->job->current, QEMU_DOMAIN_JOB_STATS_TYPE_MIGRATION);
    current = vm->job->current->privateData;
    current->stats.mig.status = t->postcopy ? QEMU_MONITOR_MIGRATION_STATUS_POSTCOPY
                                            : QEMU_MONITOR_MIGRATION_STATUS_COMPLETED;
    qemuDomainObjReleaseAsyncJob(vm);

    mayRefuse = t->refused;
    stoppedIn = -1;
    dom = qemuMigrationDstFinish(&driver, conn, virObjectRef(vm), NULL, 0, NULL, NULL,
                                 flags, 0, true);
    known = dom != NULL;
    virObjectUnref(dom);

    if (toldNoWayBack[0] != t->postcopy || toldNoWayBack[1] != t->postcopy) {
        VIR_TEST_VERBOSE("the hand-over was told %d, then %d", toldNoWayBack[0], toldNoWayBack[1]);
        return -1;
    }

    if (known == t->refused || (stoppedIn != -1) != t->refused) {
        VIR_TEST_VERBOSE("QEMU was stopped in phase %d: %s",
                         stoppedIn, virGetLastErrorMessage());
        return -1;
    }

    virResetLastError();
    return 0;
}


struct testPeer {
    virErrorDomain error;
    virDomainMigrateCancelled cancelled;
};


/* Confirm hears what the other host has said, not only that it was no. */
static int
testPeerAnswers(const void *opaque)
{
    const struct testPeer *t = opaque;
    g_autoptr(virDomainObj) vm = testGuestNew();
    int rc;

    if (!vm)
        return -1;

    vm->persistent = 1;

    peerError = t->error;
    confirmed = -1;
    rc = qemuMigrationSrcPerform(&driver, NULL, vm, NULL, NULL, "qemu+tls://there/system",
                                 NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, 0,
                                 NULL, NULL, FLAGS, NULL, 0, true);

    if ((rc == 0) != (t->error == VIR_FROM_NONE) ||
        confirmed != (int) t->cancelled) {
        VIR_TEST_VERBOSE("%d, Confirm was told %d: %s",
                         rc, confirmed, virGetLastErrorMessage());
        return -1;
    }

    virResetLastError();
    return 0;
}


static int
mymain(void)
{
    g_autoptr(GHashTable) capslatest = testQemuGetLatestCaps();
    g_autoptr(GHashTable) capscache = virHashNew(virObjectUnref);
    int ret = 0;

    if (qemuTestDriverInit(&driver) < 0)
        return EXIT_FAILURE;

    if (testQemuInsertRealCaps(driver.qemuCapsCache, "x86_64", "latest", "",
                               capslatest, capscache, NULL, NULL) < 0)
        return EXIT_FAILURE;

    if (!(driver.lockManager = virLockManagerPluginNew("nop", "qemu", NULL, 0)))
        return EXIT_FAILURE;

#define TEST_PEER(what, ...) \
    do { \
        const struct testPeer t = { __VA_ARGS__ }; \
        if (virTestRun("peer-to-peer, " what, testPeerAnswers, &t) < 0) \
            ret = -1; \
    } while (0)

    TEST_PEER("it has come", VIR_FROM_NONE, VIR_DOMAIN_MIGRATE_FINISHED);
    TEST_PEER("it is refused", VIR_FROM_QEMU, VIR_DOMAIN_MIGRATE_REFUSED);
    TEST_PEER("the answer is lost", VIR_FROM_RPC, VIR_DOMAIN_MIGRATE_LOST);

#define TEST_POSTCOPY(what, ...) \
    do { \
        const struct testPostcopy t = { __VA_ARGS__ }; \
        if (virTestRun("post-copy, " what, testPostcopyEnds, &t) < 0) \
            ret = -1; \
    } while (0)

    TEST_POSTCOPY("it has come", VIR_DOMAIN_MIGRATE_FINISHED,
                  QEMU_MIGRATION_PHASE_CONFIRM3);
    TEST_POSTCOPY("the answer is lost, all has been sent", VIR_DOMAIN_MIGRATE_LOST,
                  QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED);
    TEST_POSTCOPY("it has failed, all has been sent", VIR_DOMAIN_MIGRATE_REFUSED,
                  QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED);

    if (virTestRun("post-copy, resumed", testPostcopyResumed, NULL) < 0)
        ret = -1;

    if (virTestRun("QEMU has died before it", testConfirmWithoutJob, NULL) < 0)
        ret = -1;

    if (virTestRun("the hand-over cannot be done", testPerformRefused, NULL) < 0)
        ret = -1;

#define TEST_FINISH(what, ...) \
    do { \
        const struct testFinish t = { __VA_ARGS__ }; \
        if (virTestRun("CPUs do not start, " what, testFinishFails, &t) < 0) \
            ret = -1; \
    } while (0)

    TEST_FINISH("the source may be told", .refused = true);
    TEST_FINISH("the source must not be told", .refused = false);
    TEST_FINISH("in post-copy", .refused = true, .postcopy = true);

    virLockManagerPluginUnref(driver.lockManager);
    qemuTestDriverFree(&driver);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
