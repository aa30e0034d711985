/*
 * qemumigrationvhbatest.c: test the hand-over of vHBAs
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
#include "testnodedevvhba.h"
#include "testsysfstree.h"

#include "domain_vhba_source_conf.h"
#include "qemu/qemu_migration.h"
#include "qemu/qemu_migration_cookie.h"
#include "qemu/qemu_migration_vhba.h"
#include "qemu/qemu_process.h"
#include "libvirt_internal.h"
#include "qemu/qemu_vhba_nodedev.h"
#include "qemu/qemu_vhba_start.h"
#include "virfcclaim.h"
#include "virfclun.h"
#include "viridentity.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/*
 * See qemumigrationvhbadata/hosts.sysfs. P and S are a pair. S_OTHER and
 * S_SIZE are masked to other LUNs, S_ABSENT is not known to the kernel.
 */
#define WWNN "2001001b32a9da4e"
#define FABRIC "2002000573de9a81"
#define TARGET "50060e801049cfd1"
#define P "2101001b32a90002"
#define S "2101001b32a90004"
#define S_OTHER "2101001b32a90006"
#define S_SIZE "2101001b32a90008"
#define S_ABSENT "2101001b32a9000a"
#define STRANGER "2101001b32a9000c"

#define UUID "dcf47dbd-46d1-4d5b-b442-262a806a333a"
#define MIGRATION "5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b"
#define MARK(state) \
    "<handover state='" state "' domain='guest' migration='" MIGRATION "'/>"
#define PRIMARY(wwpn) "<primary wwpn='" wwpn "'/>"
#define SECONDARY(wwpn) "<secondary wwpn='" wwpn "'/>"

#define DIRECT (VIR_MIGRATE_LIVE | VIR_MIGRATE_CHANGE_PROTECTION)

static virQEMUDriver driver;

/* who holds S, NULL if nobody does; and who holds P beside the guest */
static const char *claimant;
static const char *sharer;


/* Parts that are tested elsewhere, replaced for this process */

int
virFCClaimGet(const char *wwpn,
              char **domain,
              char **uuid G_GNUC_UNUSED)
{
    if (!claimant || STRNEQ(wwpn, S))
        return 0;

    *domain = g_strdup(claimant);
    return 1;
}


int
virFCClaimGetOther(const char *wwpn,
                   const char *uuid,
                   char **domain)
{
    if (!sharer || STRNEQ(wwpn, P) || STRNEQ(uuid, UUID))
        return 0;

    *domain = g_strdup(sharer);
    return 1;
}


int
virFCClaimDropAll(const char *uuid G_GNUC_UNUSED)
{
    testNodedevVHBANote("drop", "claims");
    return 0;
}


/* what happens to a domain while somebody waits for a LUN */
static void (*meanwhile)(virDomainObj *vm);
static virDomainObj *waiting;

virFCLun *
virFCLunWait(unsigned int host,
             const char *target,
             const unsigned long long *unit,
             unsigned int timeout G_GNUC_UNUSED)
{
    if (meanwhile) {
        VIR_LOCK_GUARD lock = virObjectLockGuard(waiting);

        meanwhile(waiting);
    }

    return virFCLunFind(host, target, unit);
}


void
qemuVHBAStartWhenFree(const char *wwpn,
                      const char *migration)
{
    if (STREQ(migration, MIGRATION))
        testNodedevVHBANote("start when free", wwpn);
}


void
qemuMigrationVHBAPeerTell(virConnectPtr peer G_GNUC_UNUSED,
                          const char *wwpn)
{
    testNodedevVHBANote("tell peer of", wwpn);
}


#define DAEMON "the daemon"
#define CALLER "a caller"

static virIdentity *
testIdentityNew(const char *user)
{
    virIdentity *identity = virIdentityNew();

    ignore_value(virIdentitySetUserName(identity, user));
    return identity;
}


virIdentity *
virIdentityGetSystem(void)
{
    return testIdentityNew(DAEMON);
}


/* whether QEMU has died meanwhile, and what fails from then on */
static bool dead;
static const char *failsThen;

bool
qemuMigrationVHBADstIsStopped(virDomainObj *vm G_GNUC_UNUSED)
{
    if (failsThen)
        testNodedevVHBAFail(failsThen);
    return !dead;
}


/* how often CPUs were started */
static unsigned int cpuStarts;

int
qemuProcessStartCPUs(virQEMUDriver *drv G_GNUC_UNUSED,
                     virDomainObj *vm G_GNUC_UNUSED,
                     virDomainRunningReason reason G_GNUC_UNUSED,
                     virDomainAsyncJob asyncJob G_GNUC_UNUSED)
{
    cpuStarts++;
    return 0;
}


/* what the primary sees of the secondary on the fabric */
static virFCRemotePortState partner;

virFCRemotePortState
qemuVHBAStartAskPartner(const qemuVHBANodedev *vhba G_GNUC_UNUSED)
{
    return partner;
}


int
qemuVHBAStartNow(virConnectPtr conn,
                 const char *wwpn,
                 const char *migration)
{
    g_autoptr(qemuVHBANodedev) vhba = qemuVHBANodedevLookup(conn, wwpn);

    if (!vhba || STRNEQ(migration, MIGRATION) ||
        qemuVHBANodedevStart(vhba) < 0)
        return -1;

    return qemuVHBANodedevSetMark(vhba, VIR_NODE_DEV_VHBA_HANDOVER_NONE, NULL, NULL);
}


/* A host that has what each test begins with, and a domain on it */

typedef struct _testHost testHost;
struct _testHost {
    virConnectPtr conn;
    virDomainObj *vm;
};


static void
testHostClear(testHost *host)
{
    virDomainObjEndAPI(&host->vm);
    testNodedevVHBAClose(host->conn);
    claimant = NULL;
    partner = VIR_FC_REMOTE_PORT_UNSEEN;
    cpuStarts = 0;
    dead = false;
    failsThen = NULL;
    sharer = NULL;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(testHost, testHostClear);


static virStorageSource *
testSourceNew(const char *path,
              const char *wwpn,
              unsigned long long unit)
{
    virStorageSource *source = virStorageSourceNew();

    source->type = VIR_STORAGE_TYPE_BLOCK;
    source->path = g_strdup(path);
    if (wwpn) {
        source->vhba = g_new0(virStorageSourceVHBA, 1);
        source->vhba->wwnn = g_strdup(WWNN);
        source->vhba->wwpn = g_strdup(wwpn);
        source->vhba->active = g_strdup(wwpn);
        source->vhba->hasUnit = true;
        source->vhba->unit = unit;
    }

    return source;
}


static virDomainDiskDef *
testAddDisk(virDomainDef *def,
            const char *dst,
            const char *wwpn,
            unsigned long long unit)
{
    virDomainDiskDef *disk = virDomainDiskDefNew(driver.xmlopt);
    g_autofree char *path = g_strdup_printf("/dev/disk-%s", dst);

    disk->dst = g_strdup(dst);
    virObjectUnref(disk->src);
    disk->src = testSourceNew(path, wwpn, unit);
    virDomainDiskInsert(def, disk);

    return disk;
}


/* A disk whose top is no LUN, but has one below it */
static void
testAddOverlay(virDomainDef *def,
               const char *dst,
               const char *wwpn,
               unsigned long long unit)
{
    virDomainDiskDef *disk = testAddDisk(def, dst, NULL, 0);

    disk->src->backingStore = testSourceNew("/dev/backing", wwpn, unit);
}


static virDomainDef *
testDefNew(void)
{
    virDomainDef *def = virDomainDefNew(driver.xmlopt);

    def->name = g_strdup("guest");
    def->id = 1;
    if (virUUIDParse(UUID, def->uuid) < 0)
        abort();

    return def;
}


static int
testHostInit(testHost *host,
             virDomainAsyncJob job)
{
    if (!(host->conn = testNodedevVHBAOpen()) ||
        !(host->vm = virDomainObjNew(driver.xmlopt)))
        return -1;

    host->vm->def = testDefNew();
    host->vm->job->asyncJob = job;
    virDomainObjSetState(host->vm, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);

    return 0;
}


/* The source: the guest uses LUN 0 through P, S is idle */
static int
testSourceInit(testHost *host)
{
    if (testHostInit(host, VIR_ASYNC_JOB_MIGRATION_OUT) < 0)
        return -1;

    testAddDisk(host->vm->def, "vda", P, 0);
    testNodedevVHBAAdd(WWNN, P, SECONDARY(S), NULL, true, true);
    testNodedevVHBAAdd(WWNN, S, PRIMARY(P), NULL, true, true);

    return 0;
}


/* The destination has nothing yet; the domain says P, as it does everywhere */
static int
testDestinationInit(testHost *host)
{
    if (testHostInit(host, VIR_ASYNC_JOB_MIGRATION_IN) < 0)
        return -1;

    testAddDisk(host->vm->def, "vda", P, 0);

    return 0;
}


static int
testCheckDump(const char *expected)
{
    g_autofree char *dump = testNodedevVHBADump();

    return virTestCompareToString(expected, dump);
}


static int
testCheckError(const char *message)
{
    int ret = 0;

    if (!strstr(virGetLastErrorMessage(), message)) {
        VIR_TEST_VERBOSE("expected error '%s', got '%s'",
                         message, virGetLastErrorMessage());
        ret = -1;
    }

    virResetLastError();
    return ret;
}


/* Source, Begin */

static int
testBegin(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;

    if (testSourceInit(&host) < 0)
        return -1;

    testAddDisk(host.vm->def, "vdb", P, 4);
    testAddDisk(host.vm->def, "vdc", NULL, 0);

    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, DIRECT, &cookie) < 0 ||
        !cookie)
        return -1;

    g_free(cookie->migration);
    cookie->migration = g_strdup(MIGRATION);
    qemuMigrationVHBACookieXMLFormat(&buf, cookie);

    if (virTestCompareToString("<vhba migration='" MIGRATION "'>\n"
                               "  <pair fabric_wwn='" FABRIC "'>\n"
                               "    <primary wwnn='" WWNN "' wwpn='" P "' autostart='yes'/>\n"
                               "    <secondary wwnn='" WWNN "' wwpn='" S "' autostart='yes'/>\n"
                               "    <lun disk='vda' target='" TARGET "' unit='0' size='1048576'>\n"
                               "      <id>naa.6001405000000000000000000000000a</id>\n"
                               "    </lun>\n"
                               "    <lun disk='vdb' target='" TARGET "' unit='4' size='2097152'>\n"
                               "      <id>naa.6001405000000000000000000000000b</id>\n"
                               "    </lun>\n"
                               "  </pair>\n"
                               "</vhba>\n",
                               virBufferCurrentContent(&buf)) < 0)
        return -1;

    /* it has only looked */
    return testNodedevVHBACheckCalls("");
}


/* A LUN in a backing chain is handed over like any other. */
static int
testBeginBacking(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    const qemuMigrationVHBALun *lun;

    if (testSourceInit(&host) < 0)
        return -1;

    testAddOverlay(host.vm->def, "vdb", P, 4);

    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, DIRECT, &cookie) < 0 ||
        !cookie || cookie->pairs[0]->nluns != 2)
        return -1;

    lun = cookie->pairs[0]->luns[1];
    if (STRNEQ(lun->disk, "vdb") || lun->depth != 1 || lun->unit != 4)
        return -1;

    return virTestCompareToString("naa.6001405000000000000000000000000b", lun->id);
}


/* The names in the domain's XML stay what they are when the guest moves, and
 * name the secondary then. What counts is who carries the I/O. */
static int
testBeginNamesSecondary(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    virStorageSourceVHBA *vhba;

    if (testSourceInit(&host) < 0)
        return -1;

    vhba = host.vm->def->disks[0]->src->vhba;
    g_free(vhba->wwpn);
    vhba->wwpn = g_strdup(S);

    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, DIRECT, &cookie) < 0)
        return -1;

    return cookie && STREQ(cookie->pairs[0]->primary.wwpn, P) ? 0 : -1;
}


static int
testBeginDestinationXML(const void *opaque)
{
    const char *other = opaque;
    g_auto(testHost) host = { 0 };
    g_autoptr(virDomainDef) dstdef = testDefNew();
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    bool member = STREQ_NULLABLE(other, P) || STREQ_NULLABLE(other, S);

    if (testSourceInit(&host) < 0)
        return -1;

    testAddDisk(dstdef, "vda", other, 0);

    if (qemuMigrationVHBASrcBegin(host.vm, dstdef, NULL, DIRECT, &cookie) < 0)
        return -1;

    return member == !!cookie ? 0 : -1;
}


/* The same, for a disk that is given by its path: another path is elsewhere. */
static int
testBeginDestinationPath(const void *opaque)
{
    const char *path = opaque;
    g_auto(testHost) host = { 0 };
    g_autoptr(virDomainDef) dstdef = testDefNew();
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    virStorageSourceVHBA *vhba;

    if (testSourceInit(&host) < 0)
        return -1;

    g_free(host.vm->def->disks[0]->src->path);
    host.vm->def->disks[0]->src->path = g_strdup("/dev/sda");
    vhba = host.vm->def->disks[0]->src->vhba;
    vhba->byPath = true;
    vhba->dev = g_strdup("/dev/disk/by-path/x");
    g_clear_pointer(&vhba->wwpn, g_free);

    vhba = testAddDisk(dstdef, "vda", P, 0)->src->vhba;
    vhba->byPath = true;
    vhba->dev = g_strdup(path);
    g_clear_pointer(&vhba->wwpn, g_free);

    if (qemuMigrationVHBASrcBegin(host.vm, dstdef, NULL, DIRECT, &cookie) < 0)
        return -1;

    return STREQ(path, "/dev/disk/by-path/x") == !!cookie ? 0 : -1;
}


/* The vHBA shows several LUNs, and the path tells which one is meant. */
static int
testBeginByPath(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    virStorageSource *src;

    if (testSourceInit(&host) < 0)
        return -1;

    src = testAddDisk(host.vm->def, "vdb", P, 0)->src;
    g_free(src->path);
    src->path = g_strdup("/dev/sdb");
    src->vhba->byPath = true;
    src->vhba->dev = g_strdup("/dev/disk/by-path/x");
    src->vhba->hasUnit = false;
    g_clear_pointer(&src->vhba->wwpn, g_free);

    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, DIRECT, &cookie) < 0 ||
        cookie->pairs[0]->nluns != 2 || cookie->pairs[0]->luns[1]->unit != 4)
        return -1;

    g_clear_pointer(&cookie, qemuMigrationVHBACookieFree);
    g_free(src->path);
    src->path = g_strdup("/dev/sdz");

    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, DIRECT, &cookie) == 0)
        return -1;

    return testCheckError("'/dev/sdz' of disk 'vdb' is not behind vHBA");
}


/* What may run elsewhere is not migrated, whatever vHBAs it would use there. */
static int
testBeginUnsettled(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(virDomainDef) dstdef = testDefNew();
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;

    if (testHostInit(&host, VIR_ASYNC_JOB_MIGRATION_OUT) < 0)
        return -1;

    testAddDisk(host.vm->def, "vda", P, 0);
    testAddDisk(dstdef, "vda", STRANGER, 0);
    testNodedevVHBAAdd(WWNN, P, SECONDARY(S), MARK("lent"), true, true);
    testNodedevVHBAAdd(WWNN, S, PRIMARY(P), MARK("lent"), false, true);

    if (qemuMigrationVHBASrcBegin(host.vm, dstdef, NULL, DIRECT, &cookie) == 0 ||
        testCheckError("may run on the host that it was migrated to before") < 0)
        return -1;

    return testNodedevVHBACheckCalls("");
}


/* One thing that is not as it should be */
struct testRefusal {
    const char *message;
    const char *primaryPartner;
    const char *primaryMark;
    bool primaryStopped;
    const char *secondary;      /* NULL for S, "" for none */
    const char *secondaryPartner;
    const char *secondaryMark;
    bool secondaryStopped;
    const char *claimant;
    const char *sharer;
    unsigned long long unit;
    unsigned int flags;         /* instead of DIRECT */
    bool noJob;                 /* that outlives Begin */
    bool unresolved;
    bool dataStore;             /* the LUN is that of a disk's data store */
};


static int
testBeginRefused(const void *opaque)
{
    const struct testRefusal *t = opaque;
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    virDomainDiskDef *disk;

    if (testHostInit(&host, t->noJob ? VIR_ASYNC_JOB_NONE : VIR_ASYNC_JOB_MIGRATION_OUT) < 0)
        return -1;

    disk = testAddDisk(host.vm->def, "vda", P, t->unit);
    if (t->unresolved)
        g_clear_pointer(&disk->src->vhba->active, g_free);
    if (t->dataStore) {
        virStorageSource *lun = g_steal_pointer(&disk->src);

        disk->src = testSourceNew("/images/guest.qcow2", NULL, 0);
        disk->src->dataFileStore = lun;
    }

    testNodedevVHBAAdd(WWNN, P,
                       t->primaryPartner ? t->primaryPartner : SECONDARY(S),
                       t->primaryMark, !t->primaryStopped, true);
    if (!t->secondary)
        testNodedevVHBAAdd(WWNN, S,
                           t->secondaryPartner ? t->secondaryPartner : PRIMARY(P),
                           t->secondaryMark, !t->secondaryStopped, true);
    claimant = t->claimant;
    sharer = t->sharer;

    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL,
                                  t->flags ? t->flags : DIRECT, &cookie) == 0) {
        VIR_TEST_VERBOSE("it was not refused");
        return -1;
    }

    if (cookie || testCheckError(t->message) < 0)
        return -1;

    return testNodedevVHBACheckCalls("");
}


static int
testBeginWithoutVHBA(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;

    if (testHostInit(&host, VIR_ASYNC_JOB_MIGRATION_OUT) < 0)
        return -1;

    testAddDisk(host.vm->def, "vda", NULL, 0);

    /* any way to migrate will do, and no node device driver is needed */
    testNodedevVHBAFail("connect");

    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, 0, &cookie) < 0 ||
        qemuMigrationVHBASrcLend(host.vm, cookie) < 0)
        return -1;

    qemuMigrationVHBASettle(host.vm, true);

    return cookie ? -1 : 0;
}


static int
testProtocolWithoutCookies(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    char *cookieout = NULL;

    if (testSourceInit(&host) < 0 ||
        qemuMigrationVHBASrcCheckProtocol(host.vm, &cookieout) < 0 ||
        qemuMigrationVHBASrcCheckProtocol(host.vm, NULL) == 0)
        return -1;

    return testCheckError("requires cookie support");
}


/* An older libvirt must not take a cookie of which it understands nothing. */
static int
testCookieIsMandatory(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationCookie) mig = NULL;
    g_autoptr(qemuMigrationCookie) older = NULL;
    g_autoptr(qemuMigrationCookie) same = NULL;
    g_autofree char *xml = NULL;
    int xmllen = 0;

    if (testSourceInit(&host) < 0 ||
        !(mig = qemuMigrationCookieNew(host.vm->def, NULL)))
        return -1;

    mig->localHostuuid[0] ^= 1; /* it comes from another host */
    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, DIRECT, &mig->vhba) < 0 ||
        qemuMigrationCookieFormat(mig, &driver, host.vm, QEMU_MIGRATION_SOURCE,
                                  &xml, &xmllen, 0) < 0)
        return -1;

    if (!strstr(xml, "<feature name='vhba'/>") ||
        !strstr(xml, "<vhba migration=")) {
        VIR_TEST_VERBOSE("%s", xml);
        return -1;
    }

    if ((older = qemuMigrationCookieParse(&driver, host.vm, host.vm->def, NULL, NULL,
                                          xml, xmllen, 0)) ||
        testCheckError("Unsupported migration cookie feature vhba") < 0)
        return -1;

    same = qemuMigrationCookieParse(&driver, host.vm, host.vm->def, NULL, NULL,
                                    xml, xmllen, QEMU_MIGRATION_COOKIE_VHBA);
    return same && same->vhba ? 0 : -1;
}


/* Source, from Begin to the end */

static qemuMigrationVHBACookie *
testCookieNew(const char *secondary)
{
    qemuMigrationVHBACookie *cookie = g_new0(qemuMigrationVHBACookie, 1);
    qemuMigrationVHBAPair *pair = g_new0(qemuMigrationVHBAPair, 1);
    qemuMigrationVHBALun *lun = g_new0(qemuMigrationVHBALun, 1);

    lun->disk = g_strdup("vda");
    lun->target = g_strdup(TARGET);
    lun->id = g_strdup("naa.6001405000000000000000000000000a");
    lun->size = 1048576;

    pair->primary.wwnn = g_strdup(WWNN);
    pair->primary.wwpn = g_strdup(P);
    pair->primary.autostart = true;
    pair->secondary.wwnn = g_strdup(WWNN);
    pair->secondary.wwpn = g_strdup(secondary);
    pair->fabricWWN = g_strdup(FABRIC);
    VIR_APPEND_ELEMENT(pair->luns, pair->nluns, lun);

    cookie->migration = g_strdup(MIGRATION);
    VIR_APPEND_ELEMENT(cookie->pairs, cookie->npairs, pair);

    return cookie;
}


#define LENT \
    "define vhba_" S " secondary of " P " lent for guest\n" \
    "stop vhba_" S "\n"

#define SENT \
    "define vhba_" P " primary of " S " lent for guest\n"

#define GIVEN_UP \
    "undefine vhba_" S "\n" \
    "stop vhba_" P "\n" \
    "undefine vhba_" P "\n"

#define TAKEN_BACK \
    "define vhba_" S " secondary of " P " borrowed for guest\n" \
    "start when free " S "\n"
#define DIED "drop claims\n"

#define BEFORE \
    P " active autostart " SECONDARY(S) "\n" \
    S " active autostart " PRIMARY(P) "\n"

#define AFTER_BEGIN \
    P " active autostart " SECONDARY(S) "\n" \
    S " inactive autostart " PRIMARY(P) MARK("lent") "\n"

#define AFTER_PERFORM \
    P " active autostart " SECONDARY(S) MARK("lent") "\n" \
    S " inactive autostart " PRIMARY(P) MARK("lent") "\n"

#define AFTER_TAKE_BACK \
    P " active autostart " SECONDARY(S) "\n" \
    S " inactive autostart " PRIMARY(P) MARK("borrowed") "\n"


static int
testLend(testHost *host)
{
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);

    if (testSourceInit(host) < 0)
        return -1;

    return qemuMigrationVHBASrcLend(host->vm, cookie);
}


static int
testSent(testHost *host)
{
    if (testLend(host) < 0 ||
        qemuMigrationVHBASrcSent(host->vm) < 0)
        return -1;

    return testNodedevVHBACheckCalls(LENT SENT);
}


static int
testLendOrder(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0 ||
        testNodedevVHBACheckCalls(LENT) < 0)
        return -1;

    return testCheckDump(AFTER_BEGIN);
}


static int
testLendFails(const void *opaque)
{
    const char *call = opaque;
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);

    if (testSourceInit(&host) < 0)
        return -1;

    testNodedevVHBAFail(call);
    if (qemuMigrationVHBASrcLend(host.vm, cookie) == 0)
        return -1;
    testNodedevVHBAFail(NULL);

    host.vm->job->phase = QEMU_MIGRATION_PHASE_BEGIN3;
    qemuMigrationVHBASettle(host.vm, true);

    /* settling has not hidden why it failed */
    if (testCheckError(call) < 0)
        return -1;

    return testCheckDump(BEFORE);
}


/* Perform must not report success when P cannot be marked. */
static int
testSentFails(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0)
        return -1;

    testNodedevVHBAFail("define vhba_" P);
    if (qemuMigrationVHBASrcSent(host.vm) == 0)
        return -1;
    testNodedevVHBAFail(NULL);

    if (testCheckError("define vhba_" P) < 0 ||
        !qemuMigrationVHBASrcMayResume(host.vm))
        return -1;

    return testCheckDump(AFTER_BEGIN);
}


/* What was never sent goes on here, whoever can be asked. */
static int
testNotSent(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    bool resumes;

    if (testLend(&host) < 0)
        return -1;

    testNodedevVHBAFail("look at vhba_" P);
    resumes = qemuMigrationVHBASrcMayResume(host.vm);
    testNodedevVHBAFail(NULL);

    return resumes ? 0 : -1;
}


/* The driver that is asked has died before: it is asked again. */
static int
testRefusedAskedAgain(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    qemuMigrationVHBASrcNotSent(host.vm);
    testNodedevVHBADie("look at vhba_" P);

    return qemuMigrationVHBASrcMayResume(host.vm) ? 0 : -1;
}


static int
testSentThenRefused(const void *opaque)
{
    const char *deadly = opaque;
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0 ||
        qemuMigrationVHBASrcMayResume(host.vm))
        return -1;

    testNodedevVHBADie(deadly);
    qemuMigrationVHBASrcNotSent(host.vm);

    if (!qemuMigrationVHBASrcMayResume(host.vm))
        return -1;

    return testCheckDump(AFTER_BEGIN);
}


/* The guest is resumed by hand: both vHBAs are here again before it runs. */
static int
testReclaim(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0 ||
        qemuMigrationVHBASrcReclaim(host.vm) < 0 ||
        testNodedevVHBACheckCalls("start vhba_" S "\n"
                                  "define vhba_" S " secondary of " P "\n"
                                  "define vhba_" P " primary of " S "\n") < 0)
        return -1;

    return testCheckDump(BEFORE);
}


/* As long as the other host has S, the guest may run there. */
static int
testReclaimRefused(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    testNodedevVHBAFail("start vhba_" S);
    if (qemuMigrationVHBASrcReclaim(host.vm) == 0)
        return -1;
    testNodedevVHBAFail(NULL);

    if (testCheckError("may run on the host that it was migrated to") < 0)
        return -1;

    return testCheckDump(AFTER_PERFORM);
}


/* The disk was plugged in while the guest ran: when that has ended, its definition
 * knows nothing of vHBAs. */
static int
testDisownUnplugged(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    host.vm->job->asyncJob = VIR_ASYNC_JOB_NONE;
    partner = VIR_FC_REMOTE_PORT_PRESENT;

    if (!qemuMigrationVHBASrcDisown(host.vm))
        return -1;

    virDomainDiskDefFree(virDomainDiskRemove(host.vm->def, 0));
    host.vm->def->id = -1;
    if (qemuMigrationVHBASrcDisown(host.vm))
        return -1;

    qemuMigrationVHBASrcGiveUp(host.vm);

    return testCheckDump("");
}


/* S is given up, so the fabric cannot tell whether the other host has it. There
 * is one way on: to destroy the guest here, and that ends it. */
static int
testReclaimGivenUp(const void *opaque)
{
    const char *deadly = opaque;
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    qemuMigrationVHBASrcGone(host.vm);
    virDomainObjResetAsyncJob(host.vm->job);

    if (qemuMigrationVHBASrcReclaim(host.vm) == 0 ||
        testCheckError("'vhba_" P "' is lent, and its secondary 'vhba_" S "' has been given up") < 0 ||
        testCheckDump(P " active autostart " SECONDARY(S) MARK("lent") "\n") < 0)
        return -1;

    qemuMigrationVHBASrcDisown(host.vm);
    testNodedevVHBADie(deadly);
    qemuMigrationVHBASrcGiveUp(host.vm);

    return testCheckDump("");
}


/* S was given up by mistake. To start it asks the fabric, to define it does not. */
static int
testReclaimDefinedAgain(const void *opaque)
{
    bool active = opaque != NULL;
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    qemuMigrationVHBASrcGone(host.vm);
    virDomainObjResetAsyncJob(host.vm->job);
    testNodedevVHBAAdd(WWNN, S, PRIMARY(P), NULL, active, false);

    if (active) {
        if (qemuMigrationVHBASrcReclaim(host.vm) < 0)
            return -1;

        return testCheckDump(P " active autostart " SECONDARY(S) "\n"
                             S " active " PRIMARY(P) "\n");
    }

    if (qemuMigrationVHBASrcReclaim(host.vm) == 0 ||
        testCheckError("start that first with 'virsh nodedev-start vhba_" S "'") < 0)
        return -1;

    return testCheckDump(P " active autostart " SECONDARY(S) MARK("lent") "\n"
                         S " inactive " PRIMARY(P) "\n");
}


/* With two pairs, none is touched if one of them is given up. */
static int
testReclaimHalfGivenUp(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    qemuMigrationVHBASrcGone(host.vm);
    if (testNodedevVHBACheckCalls("undefine vhba_" S "\n") < 0)
        return -1;

    virDomainObjResetAsyncJob(host.vm->job);
    testNodedevVHBAAdd(WWNN, STRANGER, SECONDARY(S_OTHER), MARK("lent"), true, false);
    testNodedevVHBAAdd(WWNN, S_OTHER, PRIMARY(STRANGER), MARK("lent"), false, false);

    if (qemuMigrationVHBASrcReclaim(host.vm) == 0 ||
        testCheckError("its secondary 'vhba_" S "' has been given up") < 0)
        return -1;

    return testNodedevVHBACheckCalls("");
}


/* What cannot be looked at may be lent: the guest does not run for want of news. */
static int
testReclaimBlind(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    virDomainObjResetAsyncJob(host.vm->job);
    testNodedevVHBAFail("look at vhba_" P);
    if (qemuMigrationVHBASrcReclaim(host.vm) == 0 ||
        testCheckError("connection is dead") < 0 ||
        qemuMigrationVHBASrcMayResume(host.vm))
        return -1;
    testNodedevVHBAFail(NULL);

    return testCheckDump(AFTER_PERFORM);
}


/* A vHBA that is removed while we look is none of ours. */
static int
testReclaimBesideRemoval(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    virDomainObjResetAsyncJob(host.vm->job);
    testNodedevVHBAAdd(WWNN, STRANGER, NULL, NULL, true, false);
    testNodedevVHBAFail("find vhba_" STRANGER);

    if (qemuMigrationVHBASrcReclaim(host.vm) < 0)
        return -1;

    return testCheckDump(BEFORE STRANGER " active \n");
}


/* The guest is destroyed by hand, and the fabric shows that another host has S:
 * the pair is there. */
static int
testDisown(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    host.vm->job->asyncJob = VIR_ASYNC_JOB_NONE;
    partner = VIR_FC_REMOTE_PORT_PRESENT;

    qemuMigrationVHBASrcDisown(host.vm);
    if (testNodedevVHBACheckCalls("undefine vhba_" S "\n") < 0)
        return -1;

    qemuMigrationVHBASrcGiveUp(host.vm);
    if (testNodedevVHBACheckCalls("stop vhba_" P "\n"
                                  "undefine vhba_" P "\n") < 0)
        return -1;

    return testCheckDump("");
}


struct testDisownData {
    virDomainAsyncJob job;
    virFCRemotePortState partner;
};


/* Nobody knows that another host has the pair: then it may be nowhere else. */
static int
testDisownNothing(const void *opaque)
{
    const struct testDisownData *data = opaque;
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    host.vm->job->asyncJob = data->job;
    partner = data->partner;

    qemuMigrationVHBASrcDisown(host.vm);
    qemuMigrationVHBASrcGiveUp(host.vm);

    return testCheckDump(AFTER_PERFORM);
}


/* A guest that is paused for any other reason can just be resumed. */
static int
testReclaimNothing(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0 ||
        testNodedevVHBACheckCalls(LENT) < 0 ||
        qemuMigrationVHBASrcReclaim(host.vm) < 0)
        return -1;

    return testNodedevVHBACheckCalls("");
}


static int
testGetCancelled(const void *opaque G_GNUC_UNUSED)
{
    static const struct {
        virErrorDomain domain;
        virDomainMigrateCancelled cancelled;
    } cases[] = {
        { VIR_FROM_RPC, VIR_DOMAIN_MIGRATE_LOST },
        { VIR_FROM_REMOTE, VIR_DOMAIN_MIGRATE_LOST },
        { VIR_FROM_QEMU, VIR_DOMAIN_MIGRATE_REFUSED },
        { VIR_FROM_LOCKING, VIR_DOMAIN_MIGRATE_REFUSED },
    };
    size_t i;

    virResetLastError();
    if (virDomainMigrateGetCancelled(NULL) != VIR_DOMAIN_MIGRATE_LOST)
        return -1;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        virReportErrorHelper(cases[i].domain, VIR_ERR_INTERNAL_ERROR, __FILE__,
                             __FUNCTION__, __LINE__, "%s", "no domain");
        if (virDomainMigrateGetCancelled(NULL) != cases[i].cancelled)
            return -1;
    }

    virResetLastError();
    return 0;
}


/* How a migration ends on the source, and what is done about it */
struct testEnd {
    qemuMigrationJobPhase phase;
    bool sent;                  /* Perform has come to its end */
    bool running;
    bool postcopy;
    const char *deadly;         /* the node device driver dies of this call */
    const char *calls;
    const char *dump;
};


static int
testSourceEnd(const void *opaque)
{
    const struct testEnd *t = opaque;
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0 ||
        testNodedevVHBACheckCalls(LENT) < 0)
        return -1;

    if (t->sent &&
        (qemuMigrationVHBASrcSent(host.vm) < 0 ||
         testNodedevVHBACheckCalls(SENT) < 0))
        return -1;

    host.vm->job->phase = t->phase;
    if (!t->running)
        host.vm->def->id = -1;
    if (t->postcopy)
        virDomainObjSetState(host.vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY);

    testNodedevVHBADie(t->deadly);
    qemuMigrationVHBASettle(host.vm, t->running);

    if (testNodedevVHBACheckCalls(t->calls) < 0)
        return -1;

    return testCheckDump(t->dump);
}


struct testConfirm {
    virDomainMigrateCancelled answer;
    bool postcopy;
    const char *dump;
};


static int
testConfirm(const void *opaque)
{
    const struct testConfirm *t = opaque;
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    virDomainObjSetState(host.vm, VIR_DOMAIN_PAUSED,
                         t->postcopy ? VIR_DOMAIN_PAUSED_POSTCOPY
                                     : VIR_DOMAIN_PAUSED_MIGRATION);
    qemuMigrationVHBASrcConfirm(host.vm, t->answer);

    return testCheckDump(t->dump);
}


/* QEMU dies here while the destination is asked to finish, peer-to-peer. */
struct testExitFinish {
    virDomainMigrateCancelled answer;
    bool running;
    bool postcopy;
    bool unplugged;             /* the disk is not in the persistent definition */
    const char *dump;
};


static virDomainPtr
testAnswerNew(virConnectPtr conn,
              virDomainMigrateCancelled answer)
{
    unsigned char uuid[VIR_UUID_BUFLEN] = { 1 };

    if (answer == VIR_DOMAIN_MIGRATE_FINISHED)
        return virGetDomain(conn, "guest", uuid, 1);

    virReportErrorHelper(answer == VIR_DOMAIN_MIGRATE_REFUSED ? VIR_FROM_QEMU : VIR_FROM_RPC,
                         VIR_ERR_OPERATION_FAILED, __FILE__, __FUNCTION__, __LINE__,
                         "%s", "no domain");
    return NULL;
}


static int
testExitFinish(const void *opaque)
{
    const struct testExitFinish *t = opaque;
    g_auto(testHost) host = { 0 };
    virDomainPtr ddomain = NULL;
    int rc;

    if (testSent(&host) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_PERFORM3_DONE;
    qemuDomainObjEnterRemote(host.vm);
    if (!t->running) {
        host.vm->def->id = -1;
        virDomainObjSetState(host.vm, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED);
        if (t->unplugged)
            virDomainDiskDefFree(virDomainDiskRemove(host.vm->def, 0));
    }
    ddomain = testAnswerNew(host.conn, t->answer);
    rc = qemuMigrationVHBASrcExitFinish(host.vm, ddomain, t->postcopy ? VIR_MIGRATE_POSTCOPY : 0);
    virObjectUnref(ddomain);

    if ((rc == 0) != t->running ||
        (rc < 0 && testCheckError("is not running") < 0))
        return -1;

    virResetLastError();
    qemuMigrationVHBASettle(host.vm, t->running);

    return testCheckDump(t->dump);
}


/* QEMU has died here before the client could confirm, and the job with it. */
struct testConfirmLate {
    virDomainMigrateCancelled answer;
    virFCRemotePortState partner;
    bool running;
    bool job;                   /* it has not */
    const char *dump;
};


static int
testConfirmLate(const void *opaque)
{
    const struct testConfirmLate *t = opaque;
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    if (!t->running)
        host.vm->def->id = -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_PERFORM3_DONE;
    qemuMigrationVHBASettle(host.vm, t->running);
    if (!t->job)
        virDomainObjResetAsyncJob(host.vm->job);

    partner = t->partner;
    qemuMigrationVHBASrcConfirmLate(host.vm, t->answer);

    return testCheckDump(t->dump);
}


/* The destination has said that it has the guest, after post-copy was resumed. */
static int
testResumedPostcopy(const void *opaque)
{
    const bool *restarted = opaque;
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    if (*restarted) {
        virDomainObjResetAsyncJob(host.vm->job);
        host.vm->job->asyncJob = VIR_ASYNC_JOB_MIGRATION_OUT;
    }

    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM_RESUME;
    qemuMigrationVHBASrcGone(host.vm);
    host.vm->def->id = -1;
    qemuMigrationVHBASettle(host.vm, false);

    return testCheckDump("");
}


/* The destination hears of P when it is free, not before, and never of S. */
static int
testSourceTells(const void *opaque)
{
    const char *failing = opaque;
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    qemuMigrationVHBAPeerSet(host.vm, host.conn);
    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3;
    host.vm->def->id = -1;

    testNodedevVHBAFail(failing);
    qemuMigrationVHBASettle(host.vm, false);
    testNodedevVHBAFail(NULL);

    if (failing)
        return testNodedevVHBACheckCalls(DIED "undefine vhba_" S "\n");

    return testNodedevVHBACheckCalls(DIED GIVEN_UP "tell peer of " P "\n");
}


/* Without vHBAs there is nothing to tell, and no connection is kept. */
static int
testSourceKeepsNoPeer(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    qemuDomainJobPrivate *jobPriv;

    if (testHostInit(&host, VIR_ASYNC_JOB_MIGRATION_OUT) < 0)
        return -1;

    testAddDisk(host.vm->def, "vda", NULL, 0);
    jobPriv = host.vm->job->privateData;
    qemuMigrationVHBAPeerSet(host.vm, host.conn);

    return jobPriv->vhbaPeer ? -1 : 0;
}


/* QEMU dies while S is on its way back, and the domain comes from elsewhere.
 * S is not forgotten. */
static int
testTakeBackThenGuestDies(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED;
    qemuMigrationVHBASettle(host.vm, true);

    host.vm->def->id = -1;
    host.vm->job->asyncJob = VIR_ASYNC_JOB_MIGRATION_IN;
    host.vm->job->phase = QEMU_MIGRATION_PHASE_PREPARE;
    qemuMigrationVHBASettle(host.vm, false);

    return testCheckDump(AFTER_TAKE_BACK);
}


/* A Begin that was refused has lent nothing, so its end must not touch what an
 * earlier migration has left undecided. */
static int
testRefusedLeavesMarks(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;

    if (testLend(&host) < 0)
        return -1;

    virDomainObjResetAsyncJob(host.vm->job);
    host.vm->job->asyncJob = VIR_ASYNC_JOB_MIGRATION_OUT;
    host.vm->job->phase = QEMU_MIGRATION_PHASE_BEGIN3;

    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, DIRECT, &cookie) == 0)
        return -1;

    qemuMigrationVHBASettle(host.vm, true);

    if (testCheckError("still lent") < 0)
        return -1;

    return testCheckDump(AFTER_BEGIN);
}


/* A step fails, and it is settled again when it can be done. */
static int
testGiveUpAgain(const void *opaque)
{
    const char *call = opaque;
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3;
    host.vm->def->id = -1;

    testNodedevVHBAFail(call);
    qemuMigrationVHBASettle(host.vm, false);
    testNodedevVHBAFail(NULL);
    qemuMigrationVHBASettle(host.vm, false);

    return testCheckDump("");
}


/* Once S is undefined the guest is known to run elsewhere, whatever we believe
 * after a crash. */
static int
testGiveUpStands(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3;
    testNodedevVHBAFail("stop vhba_" P);
    qemuMigrationVHBASettle(host.vm, false);
    testNodedevVHBAFail(NULL);

    host.vm->job->phase = QEMU_MIGRATION_PHASE_PERFORM3;
    qemuMigrationVHBASettle(host.vm, false);

    return testCheckDump("");
}


/* Offline: the guest does not run, and its vHBAs may be inactive */

#define INACTIVE(mark) \
    "<handover state='" mark "' domain='guest' migration='" MIGRATION "' active='no'/>"

static int
testOfflineSourceInit(testHost *host,
                      bool active)
{
    virDomainDiskDef *disk;

    if (testHostInit(host, VIR_ASYNC_JOB_MIGRATION_OUT) < 0)
        return -1;

    host->vm->def->id = -1;
    host->vm->job->apiFlags = VIR_MIGRATE_OFFLINE;
    disk = testAddDisk(host->vm->def, "vda", S, 0);
    g_clear_pointer(&disk->src->vhba->active, g_free);
    testNodedevVHBAAdd(WWNN, P, SECONDARY(S), NULL, active, true);
    testNodedevVHBAAdd(WWNN, S, PRIMARY(P), NULL, active, false);

    return 0;
}


static int
testOfflineBegin(const void *opaque)
{
    const bool *active = opaque;
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    qemuMigrationVHBAPair *pair;

    if (testOfflineSourceInit(&host, *active) < 0 ||
        qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, DIRECT | VIR_MIGRATE_OFFLINE, &cookie) < 0 ||
        !cookie)
        return -1;

    pair = cookie->pairs[0];
    if (STRNEQ(pair->primary.wwpn, P) || STRNEQ(pair->secondary.wwpn, S) ||
        STRNEQ(pair->fabricWWN, FABRIC) ||
        pair->primary.inactive == *active || pair->secondary.inactive == *active ||
        pair->nluns != (*active ? 1 : 0))
        return -1;

    return testNodedevVHBACheckCalls("");
}


/* A path leads to a vHBA only while that is active. */
static int
testOfflineByPath(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    virStorageSourceVHBA *vhba;

    if (testOfflineSourceInit(&host, true) < 0)
        return -1;

    vhba = host.vm->def->disks[0]->src->vhba;
    vhba->byPath = true;
    vhba->dev = g_strdup("/dev/disk/by-path/x");

    if (qemuMigrationVHBASrcBegin(host.vm, NULL, NULL, DIRECT | VIR_MIGRATE_OFFLINE, &cookie) == 0)
        return -1;

    return testCheckError("/dev/disk/by-path/x");
}


/* The vHBA was being started when it was looked up. It is stopped all the same. */
static int
testOfflineStartedMeanwhile(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);
    int rc;

    if (testOfflineSourceInit(&host, false) < 0)
        return -1;

    testNodedevVHBAStartAt("define vhba_" S);
    rc = qemuMigrationVHBASrcLend(host.vm, cookie);
    testNodedevVHBAStartAt(NULL);

    return rc < 0 ? -1 : testNodedevVHBACheckCalls(LENT SENT);
}


/* Both were inactive, and are inactive on the destination. */
static int
testOfflineInactivePeer(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);

    cookie->pairs[0]->primary.inactive = cookie->pairs[0]->secondary.inactive = true;

    if (testOfflineSourceInit(&host, false) < 0 ||
        qemuMigrationVHBASrcLend(host.vm, cookie) < 0)
        return -1;

    qemuMigrationVHBAPeerSet(host.vm, host.conn);
    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3;
    qemuMigrationVHBASrcConfirm(host.vm, VIR_DOMAIN_MIGRATE_FINISHED);
    qemuMigrationVHBASettle(host.vm, false);

    return testNodedevVHBACheckCalls("define vhba_" S " secondary of " P " lent for guest\n"
                                     SENT
                                     "undefine vhba_" S "\n"
                                     DIED
                                     "undefine vhba_" P "\n");
}


struct testOfflineEnd {
    bool active;                /* the vHBAs were, before */
    qemuMigrationJobPhase phase;
    int cancelled;
    const char *dump;
};


static int
testOfflineSource(const void *opaque)
{
    const struct testOfflineEnd *t = opaque;
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);

    if (testOfflineSourceInit(&host, t->active) < 0 ||
        qemuMigrationVHBASrcLend(host.vm, cookie) < 0)
        return -1;

    host.vm->job->phase = t->phase;
    if (t->phase != QEMU_MIGRATION_PHASE_BEGIN3)
        qemuMigrationVHBASrcConfirm(host.vm, t->cancelled);
    qemuMigrationVHBASettle(host.vm, false);

    return testCheckDump(t->dump);
}


/* The client is gone before anybody has been told, or after. */
static int
testOfflineClientLost(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);

    if (testOfflineSourceInit(&host, true) < 0 ||
        qemuMigrationVHBASrcLend(host.vm, cookie) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED;
    qemuMigrationVHBASettle(host.vm, false);

    /* there is nothing that could be resumed */
    if (!qemuMigrationVHBASrcMayResume(host.vm))
        return -1;

    return testCheckDump(P " active autostart " SECONDARY(S) MARK("lent") "\n"
                         S " inactive " PRIMARY(P) MARK("lent") "\n");
}


static int
testOfflineDestination(const void *opaque)
{
    const struct testOfflineEnd *t = opaque;
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);
    qemuMigrationVHBAPair *pair = cookie->pairs[0];

    if (testDestinationInit(&host) < 0)
        return -1;

    if (!t->active) {
        pair->primary.inactive = pair->secondary.inactive = true;
        qemuMigrationVHBALunFree(pair->luns[0]);
        pair->nluns = 0;
    }
    host.vm->def->id = -1;
    host.vm->job->apiFlags = VIR_MIGRATE_OFFLINE;
    dead = true;

    if (qemuMigrationVHBADstPrepare(host.vm, cookie) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_FINISH3;
    if (!t->cancelled && qemuMigrationVHBADstCommit(host.vm, false) < 0)
        return -1;
    qemuMigrationVHBASettle(host.vm, false);

    return testCheckDump(t->dump);
}


/* Destination */

#define BORROWED \
    "define vhba_" P " secondary of " S " borrowed for guest\n" \
    "autostart vhba_" P "\n" \
    "define vhba_" S " primary of " P " borrowed for guest\n" \
    "start vhba_" S "\n"

#define AFTER_PREPARE \
    P " inactive autostart " PRIMARY(S) MARK("borrowed") "\n" \
    S " active " SECONDARY(P) MARK("borrowed") "\n"

#define AFTER_FINISH \
    P " inactive autostart " PRIMARY(S) MARK("borrowed") "\n" \
    S " active " SECONDARY(P) "\n"


static int
testPrepare(testHost *host,
            const char *secondary)
{
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(secondary);

    if (testDestinationInit(host) < 0)
        return -1;

    return qemuMigrationVHBADstPrepare(host->vm, cookie);
}


static int
testPrepareOrder(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0 ||
        testNodedevVHBACheckCalls(BORROWED) < 0)
        return -1;

    return testCheckDump(AFTER_PREPARE);
}


struct testPrepareFailure {
    const char *secondary;
    const char *message;
    const char *call;           /* that fails */
    const char *present;        /* vHBA that is there already */
    const char *disk;           /* that the cookie does not know */
    bool backing;               /* the LUN of the cookie is below an overlay */
    bool dataStore;             /* the disk has its data on another LUN */
    bool primaryInactive;       /* says the cookie */
    bool secondaryInactive;
    bool unknown;               /* and the cookie knows nothing of it */
    const char *path;           /* by which the disk names its LUN */
};


static void
testNameByPath(virDomainDef *def,
               const char *path)
{
    virStorageSourceVHBA *vhba = def->disks[0]->src->vhba;

    vhba->byPath = true;
    vhba->dev = g_strdup(path);
    vhba->hasUnit = false;
    g_clear_pointer(&vhba->wwpn, g_free);
}


/* One of several LUNs behind S is meant, and it is that. */
static int
testPrepareByPath(const void *opaque)
{
    const char *path = opaque;
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);

    if (testDestinationInit(&host) < 0)
        return -1;
    testNameByPath(host.vm->def, path);

    return qemuMigrationVHBADstPrepare(host.vm, cookie);
}


static int
testPrepareFails(const void *opaque)
{
    const struct testPrepareFailure *t = opaque;
    const char *secondary = t->secondary ? t->secondary : S;
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(secondary);
    g_autofree char *before = NULL;

    if (testDestinationInit(&host) < 0)
        return -1;

    if (t->disk)
        testAddDisk(host.vm->def, t->disk, P, 4);
    if (t->backing) {
        virDomainDiskDefFree(virDomainDiskRemove(host.vm->def, 0));
        testAddOverlay(host.vm->def, "vda", P, 0);
        cookie->pairs[0]->luns[0]->depth = !t->unknown;
    }
    if (t->path)
        testNameByPath(host.vm->def, t->path);
    if (t->dataStore)
        host.vm->def->disks[0]->src->dataFileStore = testSourceNew("/dev/data", P, 4);
    cookie->pairs[0]->primary.inactive = t->primaryInactive;
    cookie->pairs[0]->secondary.inactive = t->secondaryInactive;
    if (t->present)
        testNodedevVHBAAdd(WWNN, t->present, NULL, NULL, true, true);
    before = testNodedevVHBADump();

    testNodedevVHBAFail(t->call);
    if (qemuMigrationVHBADstPrepare(host.vm, cookie) == 0) {
        VIR_TEST_VERBOSE("it did not fail");
        return -1;
    }
    testNodedevVHBAFail(NULL);

    host.vm->job->phase = QEMU_MIGRATION_PHASE_PREPARE;
    host.vm->def->id = -1;
    qemuMigrationVHBASettle(host.vm, false);

    if (testCheckError(t->message) < 0)
        return -1;

    return testCheckDump(before);
}


static void
testRedefine(virDomainObj *vm)
{
    virDomainDef *old = g_steal_pointer(&vm->def);

    vm->def = testDefNew();
    vm->def->id = -1;
    vm->def->title = g_strdup("new");
    virDomainDefFree(old);
}


static void
testListed(virDomainObj *vm G_GNUC_UNUSED)
{
}


/* Nobody has to wait for the domain while its LUNs are waited for, and if it is
 * another one afterwards, it is not migrated, and stays that. */
static int
testPrepareMeanwhile(const void *opaque)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);
    int rc;

    if (testDestinationInit(&host) < 0)
        return -1;

    host.vm->def->id = -1;
    host.vm->newDef = testDefNew(); /* it was defined here before */
    waiting = host.vm;
    meanwhile = opaque;
    rc = qemuMigrationVHBADstPrepare(host.vm, cookie);
    meanwhile = NULL;

    if (opaque == testListed)
        return rc;

    if (rc == 0 || testCheckError("was redefined") < 0)
        return -1;

    virDomainObjRemoveTransientDef(host.vm);
    if (STRNEQ_NULLABLE(host.vm->def->title, "new"))
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_PREPARE;
    qemuMigrationVHBASettle(host.vm, false);

    return testCheckDump("");
}


static int
testFinish(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0 ||
        testNodedevVHBACheckCalls(BORROWED) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_FINISH3;
    if (qemuMigrationVHBADstCommit(host.vm, false) < 0)
        return -1;

    if (testNodedevVHBACheckCalls("define vhba_" S " primary of " P "\n") < 0)
        return -1;

    qemuMigrationVHBASettle(host.vm, true);

    if (testNodedevVHBACheckCalls("start when free " P "\n") < 0)
        return -1;

    return testCheckDump(AFTER_FINISH);
}


/* The source is told that the guest runs here, so it gives up both vHBAs; we
 * must not forget them, even if the guest has died in between. */
static int
testFinishThenGuestDies(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_FINISH3;
    if (qemuMigrationVHBADstCommit(host.vm, false) < 0)
        return -1;
    host.vm->def->id = -1;
    qemuMigrationVHBASettle(host.vm, false);

    return testCheckDump(AFTER_FINISH);
}


/* QEMU refuses to run the guest after the commit. */
static int
testFinishRevoked(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_FINISH3;
    if (qemuMigrationVHBADstCommit(host.vm, false) < 0)
        return -1;

    qemuMigrationVHBADstRevoke(host.vm);
    if (testCheckDump(AFTER_PREPARE) < 0)
        return -1;

    host.vm->def->id = -1;
    qemuMigrationVHBASettle(host.vm, false);

    return testCheckDump("");
}


/* The guest must not run here before it is on disk that it may. */
static int
testCommitFails(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    testNodedevVHBAFail("define vhba_" S);
    if (qemuMigrationVHBADstCommit(host.vm, false) == 0)
        return -1;
    testNodedevVHBAFail(NULL);

    if (testCheckError("define vhba_" S) < 0)
        return -1;

    return testCheckDump(AFTER_PREPARE);
}


/* Nor if it cannot be told whether it is: then it is taken back, and the source hears
 * a refusal, not that the connection is lost. */
static int
testCommitDies(const void *opaque)
{
    const char *deadly = opaque;
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    testNodedevVHBADie(deadly);
    if (qemuMigrationVHBADstCommit(host.vm, false) == 0 ||
        virDomainMigrateGetCancelled(NULL) != VIR_DOMAIN_MIGRATE_REFUSED ||
        testCheckError("has died of") < 0)
        return -1;

    return testCheckDump(AFTER_PREPARE);
}


/* After the switch-over of post-copy the guest can go on here only: it does, and what
 * could not be written down is at the end of the job. */
static int
testCommitNoWayBack(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    testNodedevVHBAFail("define vhba_" S);
    if (qemuMigrationVHBADstCommit(host.vm, true) < 0 ||
        virGetLastErrorCode() != VIR_ERR_OK ||
        testCheckDump(AFTER_PREPARE) < 0)
        return -1;
    testNodedevVHBAFail(NULL);

    host.vm->job->phase = QEMU_MIGRATION_PHASE_FINISH3;
    qemuMigrationVHBASettle(host.vm, true);

    return testCheckDump(AFTER_FINISH);
}


static int
testCommitNoWayBackDies(const void *opaque)
{
    const char *deadly = opaque;
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    testNodedevVHBADie(deadly);
    if (qemuMigrationVHBADstCommit(host.vm, true) < 0)
        return -1;

    return testCheckDump(AFTER_FINISH);
}


/* It stays, paused, until somebody knows what to do. */
static int
testCPUsNoWayBack(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0 ||
        qemuMigrationVHBADstCommit(host.vm, true) < 0 ||
        qemuMigrationVHBADstMayRefuse(host.vm, true))
        return -1;

    return testCheckDump(AFTER_FINISH);
}


/* QEMU was not asked to run the guest: then the source may go on with it. */
static int
testCommitDead(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    dead = true;
    if (qemuMigrationVHBADstCommit(host.vm, false) == 0 ||
        testCheckError("before its CPUs were started") < 0)
        return -1;

    return testCheckDump(AFTER_PREPARE);
}


/* The commit stands, or may. Then the source must not hear a refusal. */
static int
testCommitStands(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    virDomainMigrateCancelled answer;

    if (testPrepare(&host, S) < 0)
        return -1;

    dead = true;
    failsThen = "define vhba_" S;
    if (qemuMigrationVHBADstCommit(host.vm, false) == 0)
        return -1;
    answer = virDomainMigrateGetCancelled(NULL);
    testNodedevVHBAFail(NULL);

    if (testCheckError("cannot be marked as borrowed there again") < 0 ||
        answer != VIR_DOMAIN_MIGRATE_LOST)
        return -1;

    return testCheckDump(AFTER_FINISH);
}


struct testRefuse {
    virErrorDomain because;
    const char *failing;
    virDomainMigrateCancelled answer;
    const char *dump;
};


/* The CPUs do not start. It is refused if that can be written down. */
static int
testRefuse(const void *opaque)
{
    const struct testRefuse *t = opaque;
    g_auto(testHost) host = { 0 };
    virDomainMigrateCancelled answer;

    if (testPrepare(&host, S) < 0 ||
        qemuMigrationVHBADstCommit(host.vm, false) < 0)
        return -1;

    virReportErrorHelper(t->because, VIR_ERR_OPERATION_FAILED, __FILE__,
                         __FUNCTION__, __LINE__, "%s", "for a reason");
    failsThen = t->failing;
    if (!qemuMigrationVHBADstMayRefuse(host.vm, false))
        return -1;
    answer = virDomainMigrateGetCancelled(NULL);
    testNodedevVHBAFail(NULL);

    if (answer != t->answer ||
        (!t->failing && testCheckError("for a reason") < 0))
        return -1;

    virResetLastError();
    return testCheckDump(t->dump);
}


/* It is refused, and its QEMU cannot be stopped: nothing is taken over. */
static int
testRefusedButAlive(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0 ||
        qemuMigrationVHBADstCommit(host.vm, false) < 0 ||
        qemuMigrationVHBADstRevoke(host.vm) < 0)
        return -1;

    qemuMigrationVHBASettle(host.vm, true);

    return testCheckDump(AFTER_PREPARE);
}


/* QEMU has died, and somebody waits for the end of the job to say so. */
static int
testFinishFailsDying(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_FINISH3;
    QEMU_DOMAIN_PRIVATE(host.vm)->beingDestroyed = true;
    qemuMigrationJobFinish(host.vm);

    return testCheckDump("");
}


static int
testFinishFails(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0 ||
        testNodedevVHBACheckCalls(BORROWED) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_FINISH3;
    host.vm->def->id = -1;
    qemuMigrationVHBASettle(host.vm, false);

    if (testNodedevVHBACheckCalls("drop claims\n"
                                  "stop vhba_" S "\n"
                                  "undefine vhba_" S "\n"
                                  "undefine vhba_" P "\n") < 0)
        return -1;

    return testCheckDump("");
}


/* The client is gone between Prepare and Finish: the domain is destroyed after
 * its job was discarded. */
static int
testClientLost(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    virDomainObjResetAsyncJob(host.vm->job);
    qemuMigrationVHBADstAbandon(host.vm);

    return testCheckDump("");
}


/* What an attempt has left behind, whose clean-up failed, is not in the way
 * of the next one. */
static int
testPrepareAfterLeftover(const void *opaque)
{
    const char *call = opaque;
    g_auto(testHost) host = { 0 };
    g_autoptr(qemuMigrationVHBACookie) cookie = testCookieNew(S);

    if (testPrepare(&host, S) < 0)
        return -1;

    testNodedevVHBAFail(call);
    qemuMigrationVHBASettle(host.vm, false);
    testNodedevVHBAFail(NULL);

    if (qemuMigrationVHBADstPrepare(host.vm, cookie) < 0)
        return -1;

    return testCheckDump(AFTER_PREPARE);
}


/* Restart of the daemon */

struct testRestart {
    virDomainAsyncJob job;
    qemuMigrationJobPhase phase;
    bool sent;                  /* Perform has come to its end */
    bool running;
    bool goesOn;                /* post-copy, which survives the restart */
    const char *deadly;         /* the node device driver dies of this call */
    const char *calls;
};


static int
testRecover(const void *opaque)
{
    const struct testRestart *t = opaque;
    g_auto(testHost) host = { 0 };
    virDomainJobObj job = { .asyncJob = t->job, .phase = t->phase };

    if (t->job == VIR_ASYNC_JOB_MIGRATION_IN) {
        if (testPrepare(&host, S) < 0 ||
            testNodedevVHBACheckCalls(BORROWED) < 0)
            return -1;
    } else {
        if (testLend(&host) < 0 ||
            (t->sent && qemuMigrationVHBASrcSent(host.vm) < 0) ||
            testNodedevVHBACheckCalls(t->sent ? LENT SENT : LENT) < 0)
            return -1;
    }

    virDomainObjResetAsyncJob(host.vm->job);
    if (t->goesOn)
        host.vm->job->asyncJob = t->job;
    if (!t->running)
        host.vm->def->id = -1;

    testNodedevVHBADie(t->deadly);
    qemuMigrationVHBARecover(host.vm, &job);

    return testNodedevVHBACheckCalls(t->calls);
}


/* QEMU is stopped as it is found, and with it goes a disk that was plugged in. */
static int
testRecoverUnplugged(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    virDomainJobObj job = { .asyncJob = VIR_ASYNC_JOB_MIGRATION_OUT,
                            .phase = QEMU_MIGRATION_PHASE_CONFIRM3 };

    if (testSent(&host) < 0)
        return -1;

    virDomainObjResetAsyncJob(host.vm->job);
    virDomainDiskDefFree(virDomainDiskRemove(host.vm->def, 0));
    host.vm->def->id = -1;
    qemuMigrationVHBARecover(host.vm, &job);

    return testCheckDump("");
}


/* The daemon dies while the pair is reclaimed: S is here, P is lent still. */
static int
testRecoverReclaim(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0 ||
        qemuVHBAStartNow(host.conn, S, MIGRATION) < 0 ||
        qemuMigrationVHBARecoverMarks(NULL) < 0)
        return -1;

    return testCheckDump(BEFORE);
}


struct testGoOnData {
    bool commit;                /* had been done when the daemon died */
    unsigned int flags;
    bool stays;
    unsigned int starts;
};


/* The daemon of the destination dies around Commit, and finds the guest paused. */
static int
testGoOn(const void *opaque)
{
    const struct testGoOnData *t = opaque;
    g_auto(testHost) host = { 0 };
    virDomainJobObj job = { .asyncJob = VIR_ASYNC_JOB_MIGRATION_IN, .apiFlags = t->flags };
    bool stays;

    if (testPrepare(&host, S) < 0 ||
        (t->commit && qemuMigrationVHBADstCommit(host.vm, false) < 0))
        return -1;

    virDomainObjResetAsyncJob(host.vm->job);
    stays = qemuMigrationVHBADstGoOn(&driver, host.vm, &job);

    return stays == t->stays && cpuStarts == t->starts ? 0 : -1;
}


/* The daemon has died when it was to kill the guest, which the source goes on with,
 * and cannot be told so now. It must not take that for a decision to keep it. */
static int
testGoOnBlind(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    virDomainJobObj job = { .asyncJob = VIR_ASYNC_JOB_MIGRATION_IN,
                            .phase = QEMU_MIGRATION_PHASE_FINISH3 };

    if (testPrepare(&host, S) < 0)
        return -1;

    virDomainObjSetState(host.vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION);
    virDomainObjResetAsyncJob(host.vm->job);
    qemuMigrationVHBARecover(host.vm, &job);

    return testCheckDump(AFTER_PREPARE);
}


/* What had been decided is done after a restart, with or without the domain. */
static int
testLetInTakenBack(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED;
    qemuMigrationVHBASettle(host.vm, true);

    if (testNodedevVHBACheckCalls(LENT TAKEN_BACK) < 0 ||
        qemuMigrationVHBARecoverMarks(NULL) < 0)
        return -1;

    return testNodedevVHBACheckCalls("start when free " S "\n");
}


static int
testLetInAfterFinish(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0 ||
        qemuMigrationVHBADstCommit(host.vm, false) < 0 ||
        testNodedevVHBACheckCalls(BORROWED "define vhba_" S " primary of " P "\n") < 0 ||
        qemuMigrationVHBARecoverMarks(NULL) < 0)
        return -1;

    return testNodedevVHBACheckCalls("start when free " P "\n");
}


/* A host comes back after a power cut: nothing is left but the marks. */
struct testPowerCut {
    int (*until)(testHost *host);
    bool gone;                  /* the destination has said that it runs it */
    const char *deadly;         /* the node device driver dies of this call */
    const char *dump;
};


static int
testPrepareS(testHost *host)
{
    return testPrepare(host, S);
}


/* One of the pair is borrowed, and the other is not defined. */
static int
testPrepareOne(testHost *host,
               const char *wwpn,
               const char *role,
               bool active)
{
    if (testDestinationInit(host) < 0)
        return -1;

    testNodedevVHBAAdd(WWNN, wwpn, role, MARK("borrowed"), active, true);
    return 0;
}


/* Somebody has undefined P since. */
static int
testPrepareWithoutP(testHost *host)
{
    return testPrepareOne(host, S, SECONDARY(P), true);
}


/* Prepare has not come further than that. */
static int
testPrepareP(testHost *host)
{
    return testPrepareOne(host, P, PRIMARY(S), false);
}


static int
testPowerCut(const void *opaque)
{
    const struct testPowerCut *t = opaque;
    g_auto(testHost) host = { 0 };

    if (t->until(&host) < 0)
        return -1;

    if (t->gone)
        qemuMigrationVHBASrcGone(host.vm);

    testNodedevVHBADie(t->deadly);
    if (qemuMigrationVHBARecoverMarks(NULL) < 0 ||
        testCheckDump(t->dump) < 0 ||
        qemuMigrationVHBARecoverMarks(NULL) < 0)
        return -1;

    return testCheckDump(t->dump);
}


/* A guest with two pairs, P and S and these. A crash has come between their marks;
 * they go the same way all the same. */

#define P2 STRANGER
#define S2 S_OTHER

static void
testAddPair(const char *primary,
            const char *primaryMark,
            const char *secondary,
            const char *secondaryMark)
{
    g_autofree char *toSecondary = g_strdup_printf(SECONDARY("%s"), secondary);
    g_autofree char *toPrimary = g_strdup_printf(PRIMARY("%s"), primary);

    testNodedevVHBAAdd(WWNN, primary, toSecondary, primaryMark, true, false);
    testNodedevVHBAAdd(WWNN, secondary, toPrimary, secondaryMark, false, false);
}


/* The destination, in its commit */
static int
testHalfCommitted(testHost *host)
{
    if (testDestinationInit(host) < 0)
        return -1;

    testAddPair(S, NULL, P, MARK("borrowed"));
    testAddPair(S2, MARK("borrowed"), P2, MARK("borrowed"));
    return 0;
}


/* The destination, after it */
static int
testAllCommitted(testHost *host)
{
    if (testDestinationInit(host) < 0)
        return -1;

    testAddPair(S, NULL, P, MARK("borrowed"));
    testAddPair(S2, NULL, P2, MARK("borrowed"));
    return 0;
}


/* The source, at the end of Perform */
static int
testHalfSent(testHost *host)
{
    if (testHostInit(host, VIR_ASYNC_JOB_MIGRATION_OUT) < 0)
        return -1;

    testAddPair(P, MARK("lent"), S, MARK("lent"));
    testAddPair(P2, NULL, S2, MARK("lent"));
    return 0;
}


/* The source, in Confirm */
static int
testHalfGone(testHost *host)
{
    if (testHostInit(host, VIR_ASYNC_JOB_MIGRATION_OUT) < 0)
        return -1;

    testNodedevVHBAAdd(WWNN, P, SECONDARY(S), MARK("lent"), true, false);
    testAddPair(P2, MARK("lent"), S2, MARK("lent"));
    return 0;
}


/* The daemon of the destination finds QEMU, and kills it. */
static int
testPairsKilled(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    virDomainJobObj job = { .asyncJob = VIR_ASYNC_JOB_MIGRATION_IN,
                            .phase = QEMU_MIGRATION_PHASE_FINISH3 };

    if (testHalfCommitted(&host) < 0)
        return -1;

    virDomainObjResetAsyncJob(host.vm->job);
    if (qemuMigrationVHBADstGoOn(&driver, host.vm, &job))
        return -1;

    host.vm->def->id = -1;
    qemuMigrationVHBARecover(host.vm, &job);

    return testCheckDump("");
}


/* As long as they cannot go together, none goes. */
static int
testPairsWait(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    g_autofree char *before = NULL;

    if (testHalfCommitted(&host) < 0)
        return -1;

    before = testNodedevVHBADump();
    testNodedevVHBAFail("define vhba_" S);
    qemuMigrationVHBASettle(host.vm, false);
    if (qemuMigrationVHBARecoverMarks(NULL) < 0)
        return -1;
    testNodedevVHBAFail(NULL);

    if (testCheckDump(before) < 0 ||
        qemuMigrationVHBARecoverMarks(NULL) < 0)
        return -1;

    return testCheckDump("");
}


/* What is stuck on its way out does not hold up what has come in. */
static int
testPairsStuck(const void *opaque G_GNUC_UNUSED)
{
    const char *mark = "<handover state='borrowed' domain='other' migration='" UUID "'/>";
    g_auto(testHost) host = { 0 };
    g_autofree char *before = NULL;

    if (testHalfGone(&host) < 0)
        return -1;

    before = testNodedevVHBADump();
    testAddPair(S_SIZE, mark, S_ABSENT, mark);
    testNodedevVHBAFail("undefine vhba_" S2);
    if (qemuMigrationVHBARecoverMarks(NULL) < 0)
        return -1;
    testNodedevVHBAFail(NULL);

    return testCheckDump(before);
}


/* What another migration has decided is not taken back. */
static int
testPairsOfAnother(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testDestinationInit(&host) < 0)
        return -1;

    testAddPair(S, NULL, P, "<handover state='borrowed' domain='guest' migration='" UUID "'/>");
    testAddPair(S2, MARK("borrowed"), P2, MARK("borrowed"));

    if (qemuMigrationVHBARecoverMarks(NULL) < 0)
        return -1;

    return testCheckDump(P " inactive " PRIMARY(S)
                         "<handover state='borrowed' domain='guest' migration='" UUID "'/>\n"
                         S " active " SECONDARY(P) "\n");
}


/* Recovers while the domain is in the driver's list, alive or not. */
static int
testRecoverBeside(bool alive)
{
    g_autoptr(virDomainDef) def = testDefNew();
    virQEMUDriver beside = { .domains = virDomainObjListNew() };
    virDomainObj *vm = virDomainObjListAdd(beside.domains, &def, driver.xmlopt, 0, NULL);
    int ret = -1;

    if (vm) {
        vm->def->id = alive ? 1 : -1;
        virDomainObjEndAPI(&vm);
        ret = qemuMigrationVHBARecoverMarks(&beside);
    }

    virObjectUnref(beside.domains);
    return ret;
}


/* What a domain that is alive needs is up to whoever works on it. */
static int
testRecoverLeavesTheLiving(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0 ||
        testRecoverBeside(true) < 0 ||
        testCheckDump(AFTER_BEGIN) < 0 ||
        testRecoverBeside(false) < 0)
        return -1;

    return testCheckDump(AFTER_TAKE_BACK);
}


/* A migration has begun with the rights of who has asked for it. These may be
 * taken from him then, or somebody else may come. */

static int
testAsCaller(int (*work)(testHost *host),
             testHost *host)
{
    g_autoptr(virIdentity) caller = testIdentityNew(CALLER);
    g_autoptr(virIdentity) after = NULL;
    int ret;

    testNodedevVHBAServe(DAEMON);
    virIdentitySetCurrent(caller);
    ret = work(host);
    after = virIdentityGetCurrent();
    virIdentitySetCurrent(NULL);
    testNodedevVHBAServe(NULL);

    return after == caller ? ret : -1;
}


static int
testSettleStopped(testHost *host)
{
    qemuMigrationVHBASettle(host->vm, false);
    return 0;
}


static int
testRightsDestination(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepareS(&host) < 0 ||
        testAsCaller(testSettleStopped, &host) < 0)
        return -1;

    return testCheckDump("");
}


static int
testRightsSource(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3;
    host.vm->def->id = -1;
    if (testAsCaller(testSettleStopped, &host) < 0)
        return -1;

    return testCheckDump("");
}


static int
testMayResume(testHost *host)
{
    return qemuMigrationVHBASrcMayResume(host->vm) ? -1 : 0;
}


static int
testReclaimWhileThere(testHost *host)
{
    testNodedevVHBAFail("start vhba_" S);
    return qemuMigrationVHBASrcReclaim(host->vm) == 0 ? -1 : 0;
}


/* To whom the marks are hidden, the guest must not look free to run */
static int
testRightsResume(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0 ||
        testAsCaller(testMayResume, &host) < 0 ||
        testAsCaller(testReclaimWhileThere, &host) < 0 ||
        testCheckError("may run on the host that it was migrated to") < 0)
        return -1;

    return testCheckDump(AFTER_PERFORM);
}


/* What a job remembers. The node device driver is another daemon, to connect to
 * it takes long, and it may have hundreds of vHBAs. */

static int
testWorkSent(testHost *host)
{
    return qemuMigrationVHBASrcSent(host->vm);
}


static int
testWorkCommit(testHost *host)
{
    return qemuMigrationVHBADstCommit(host->vm, false);
}


static int
testCheckCosts(unsigned int connections,
               unsigned int lists,
               unsigned int requests)
{
    testNodedevVHBACosts costs = testNodedevVHBATakeCosts();

    if (costs.connections == connections && costs.lists == lists &&
        costs.requests == requests)
        return 0;

    VIR_TEST_VERBOSE("%u connections, %u lists, %u requests",
                     costs.connections, costs.lists, costs.requests);
    return -1;
}


/* The guest is stopped when its primary is marked: nothing else is done then, and
 * nothing is listed before or after. */
static int
testSourceCosts(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0 ||
        testCheckCosts(2, 0, 9) < 0 ||
        qemuMigrationVHBASrcSent(host.vm) < 0 ||
        testCheckCosts(0, 0, 2) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3;
    qemuMigrationVHBASrcGone(host.vm);
    host.vm->def->id = -1;
    qemuMigrationVHBASettle(host.vm, false);

    if (testCheckDump("") < 0)
        return -1;

    return testCheckCosts(0, 0, 14);
}


static int
testSourceCostsCancelled(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testSent(&host) < 0)
        return -1;

    testNodedevVHBATakeCosts();
    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED;
    qemuMigrationVHBASrcNotSent(host.vm);
    if (!qemuMigrationVHBASrcMayResume(host.vm))
        return -1;
    qemuMigrationVHBASettle(host.vm, true);

    if (testCheckDump(AFTER_TAKE_BACK) < 0)
        return -1;

    return testCheckCosts(0, 0, 19);
}


/* The same on the destination, which only looks for leftovers first. */
static int
testDestinationCosts(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0 ||
        testCheckCosts(2, 2, 16) < 0)
        return -1;

    host.vm->job->phase = QEMU_MIGRATION_PHASE_FINISH3;
    if (qemuMigrationVHBADstCommit(host.vm, false) < 0 ||
        testCheckCosts(0, 0, 2) < 0)
        return -1;

    qemuMigrationVHBASettle(host.vm, true);

    if (testCheckDump(AFTER_FINISH) < 0)
        return -1;

    return testCheckCosts(0, 0, 6);
}


static int
testForgotten(const void *opaque)
{
    int (*until)(testHost *host) = opaque;
    g_auto(testHost) host = { 0 };

    if (until(&host) < 0 ||
        testNodedevVHBACheckOpen(1) < 0)
        return -1;

    virDomainObjResetAsyncJob(host.vm->job);

    return testNodedevVHBACheckOpen(0);
}


/* The node device driver is restarted in the middle of a job. */
static int
testSourceReconnects(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0)
        return -1;

    testNodedevVHBARestart();
    if (qemuMigrationVHBASrcSent(host.vm) < 0 ||
        testCheckDump(AFTER_PERFORM) < 0)
        return -1;

    testNodedevVHBARestart();
    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3;
    host.vm->def->id = -1;
    qemuMigrationVHBASettle(host.vm, false);

    if (testCheckDump("") < 0)
        return -1;

    return testNodedevVHBACheckOpen(1);
}


static int
testDestinationReconnects(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testPrepare(&host, S) < 0)
        return -1;

    testNodedevVHBARestart();
    host.vm->job->phase = QEMU_MIGRATION_PHASE_FINISH3;
    if (qemuMigrationVHBADstCommit(host.vm, false) < 0)
        return -1;

    testNodedevVHBARestart();
    qemuMigrationVHBASettle(host.vm, true);

    if (testCheckDump(AFTER_FINISH) < 0)
        return -1;

    return testNodedevVHBACheckOpen(1);
}


/* Without it, no guest is said to be sent, and none runs. */
static int
testUnreachable(int (*begin)(testHost *host),
                int (*work)(testHost *host),
                const char *dump)
{
    g_auto(testHost) host = { 0 };
    int rc;

    if (begin(&host) < 0)
        return -1;

    testNodedevVHBARestart();
    testNodedevVHBAFail("connect");
    rc = work(&host);
    testNodedevVHBAFail(NULL);

    if (rc == 0 || testCheckError("cannot connect") < 0)
        return -1;

    return testCheckDump(dump);
}


static int
testSourceUnreachable(const void *opaque G_GNUC_UNUSED)
{
    return testUnreachable(testLend, testWorkSent, AFTER_BEGIN);
}


static int
testDestinationUnreachable(const void *opaque G_GNUC_UNUSED)
{
    return testUnreachable(testPrepareS, testWorkCommit, AFTER_PREPARE);
}


/* A job that cannot get ready beforehand does without. */
static int
testNotReady(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };
    qemuDomainJobPrivate *jobPriv;

    if (testLend(&host) < 0)
        return -1;

    jobPriv = host.vm->job->privateData;
    testNodedevVHBARestart();
    testNodedevVHBAFail("connect");
    qemuMigrationVHBAHandoverGetReady(jobPriv->vhbaHandover);
    testNodedevVHBAFail(NULL);

    if (virGetLastErrorCode() != VIR_ERR_OK ||
        qemuMigrationVHBASrcSent(host.vm) < 0)
        return -1;

    return testCheckDump(AFTER_PERFORM);
}


/* A connection bears the identity of who has opened it. What a caller was
 * granted, or not, must not be what the job works with. */

static int
testJobAuthority(int (*begin)(testHost *host),
                 int (*work)(testHost *host),
                 const char *dump)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(virIdentity) caller = testIdentityNew(CALLER);
    int rc;

    virIdentitySetCurrent(caller);
    rc = begin(&host);
    virIdentitySetCurrent(NULL);

    if (rc < 0 || testAsCaller(work, &host) < 0)
        return -1;

    return testCheckDump(dump);
}


static int
testRightsSent(const void *opaque G_GNUC_UNUSED)
{
    return testJobAuthority(testLend, testWorkSent, AFTER_PERFORM);
}


static int
testRightsCommit(const void *opaque G_GNUC_UNUSED)
{
    return testJobAuthority(testPrepareS, testWorkCommit, AFTER_FINISH);
}


/* Begin and Prepare are up to the rights of the caller, whatever the job has. */
static int
testRightsBegin(int (*begin)(testHost *host),
                const char *dump)
{
    g_auto(testHost) host = { 0 };
    g_autoptr(virIdentity) caller = testIdentityNew(CALLER);
    int rc;

    testNodedevVHBAServe(CALLER);
    virIdentitySetCurrent(caller);
    rc = begin(&host);
    virIdentitySetCurrent(NULL);

    return rc < 0 ? -1 : testCheckDump(dump);
}


static int
testRightsLend(const void *opaque G_GNUC_UNUSED)
{
    return testRightsBegin(testLend, AFTER_BEGIN);
}


static int
testRightsPrepare(const void *opaque G_GNUC_UNUSED)
{
    return testRightsBegin(testPrepareS, AFTER_PREPARE);
}


/* What is remembered of a vHBA is not written back: it is looked at again. */
static int
testSentAfterEdit(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0)
        return -1;

    testNodedevVHBAAdd(WWNN, P, SECONDARY(STRANGER), NULL, true, true);

    if (qemuMigrationVHBASrcSent(host.vm) < 0)
        return -1;

    return testNodedevVHBACheckCalls(LENT "define vhba_" P " primary of " STRANGER
                                     " lent for guest\n");
}


/* Somebody has taken S back. The destination may run the guest all the same. */
static int
testSentAfterTakeBack(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0)
        return -1;

    testNodedevVHBAAdd(WWNN, S, PRIMARY(P), NULL, true, true);

    if (qemuMigrationVHBASrcSent(host.vm) < 0 ||
        qemuMigrationVHBASrcMayResume(host.vm))
        return -1;

    return testNodedevVHBACheckCalls(LENT SENT);
}


/* What another migration of the same domain has left undecided is not decided by
 * this one. */
static int
testOtherPair(const void *opaque G_GNUC_UNUSED)
{
    g_auto(testHost) host = { 0 };

    if (testLend(&host) < 0)
        return -1;

    testNodedevVHBAAdd(WWNN, STRANGER, SECONDARY(S_OTHER), MARK("lent"), true, false);
    testNodedevVHBAAdd(WWNN, S_OTHER, PRIMARY(STRANGER), MARK("lent"), false, false);

    host.vm->job->phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED;
    qemuMigrationVHBASettle(host.vm, true);

    return testCheckDump(P " active autostart " SECONDARY(S) "\n"
                         S " inactive autostart " PRIMARY(P) MARK("borrowed") "\n"
                         S_OTHER " inactive " PRIMARY(STRANGER) MARK("lent") "\n"
                         STRANGER " active " SECONDARY(S_OTHER) MARK("lent") "\n");
}


static int
testAll(void)
{
    const bool yes = true;
    const bool no = false;
    int ret = 0;

#define TEST(name, func, data) \
    do { \
        if (virTestRun(name, func, data) < 0) \
            ret = -1; \
    } while (0)

#define TEST_REFUSED(name, ...) \
    do { \
        const struct testRefusal t = { __VA_ARGS__ }; \
        TEST("Begin is refused: " name, testBeginRefused, &t); \
    } while (0)

#define TEST_END(name, ...) \
    do { \
        const struct testEnd t = { __VA_ARGS__ }; \
        TEST("source: " name, testSourceEnd, &t); \
    } while (0)

#define TEST_CONFIRM(name, ...) \
    do { \
        const struct testConfirm t = { __VA_ARGS__ }; \
        TEST("Confirm: " name, testConfirm, &t); \
    } while (0)

#define TEST_EXIT(name, ...) \
    do { \
        const struct testExitFinish t = { __VA_ARGS__ }; \
        TEST("QEMU dies in Finish, the destination " name, testExitFinish, &t); \
    } while (0)

#define TEST_LATE(name, ...) \
    do { \
        const struct testConfirmLate t = { __VA_ARGS__ }; \
        TEST("Confirm after QEMU has died: " name, testConfirmLate, &t); \
    } while (0)

#define TEST_PREPARE_FAILS(name, ...) \
    do { \
        const struct testPrepareFailure t = { __VA_ARGS__ }; \
        TEST("Prepare fails: " name, testPrepareFails, &t); \
    } while (0)

#define TEST_OFFLINE(name, side, ...) \
    do { \
        const struct testOfflineEnd t = { __VA_ARGS__ }; \
        TEST("offline: " name, side, &t); \
    } while (0)

#define TEST_RECOVER(name, ...) \
    do { \
        const struct testRestart t = { __VA_ARGS__ }; \
        TEST("restart: " name, testRecover, &t); \
    } while (0)

#define TEST_GO_ON(name, ...) \
    do { \
        const struct testGoOnData t = { __VA_ARGS__ }; \
        TEST("restart in Finish: " name, testGoOn, &t); \
    } while (0)

#define TEST_POWER_CUT(name, ...) \
    do { \
        const struct testPowerCut t = { __VA_ARGS__ }; \
        TEST("power cut: " name, testPowerCut, &t); \
    } while (0)

    TEST("Begin looks only", testBegin, NULL);
    TEST("Begin, LUN in a backing chain", testBeginBacking, NULL);
    TEST("Begin when the XML names the secondary", testBeginNamesSecondary, NULL);
    TEST("Begin, destination XML names P", testBeginDestinationXML, P);
    TEST("Begin, destination XML names S", testBeginDestinationXML, S);
    TEST("Begin, destination XML names another vHBA", testBeginDestinationXML, STRANGER);
    TEST("Begin, destination XML has a path", testBeginDestinationXML, NULL);
    TEST("Begin, destination XML has the same path behind a vHBA",
         testBeginDestinationPath, "/dev/disk/by-path/x");
    TEST("Begin, destination XML has another path behind a vHBA",
         testBeginDestinationPath, "/dev/disk/by-path/y");
    TEST("Begin, one of several LUNs by its path", testBeginByPath, NULL);
    TEST("Begin, an earlier migration is not settled", testBeginUnsettled, NULL);
    TEST("Begin without vHBA", testBeginWithoutVHBA, NULL);
    TEST("version 2 of the protocol is refused", testProtocolWithoutCookies, NULL);
    TEST("an older peer refuses the cookie", testCookieIsMandatory, NULL);

    TEST_REFUSED("no secondary", .message = "has no secondary", .primaryPartner = "");
    TEST_REFUSED("P is stopped", .message = "not logged in", .primaryStopped = true);
    TEST_REFUSED("P is marked", .message = "still borrowed", .primaryMark = MARK("borrowed"));
    TEST_REFUSED("S is missing", .message = "secondary vHBA 'vhba_" S "' of 'vhba_" P "' is not defined on the source", .secondary = "");
    TEST_REFUSED("S is stopped", .message = "nodedev-start vhba_" S, .secondaryStopped = true);
    TEST_REFUSED("S is marked", .message = "restart virtqemud here", .secondaryMark = MARK("lent"));
    TEST_REFUSED("S has another primary", .message = "not defined as the secondary",
                 .secondaryPartner = PRIMARY(STRANGER));
    TEST_REFUSED("S has no primary", .message = "not defined as the secondary",
                 .secondaryPartner = "");
    TEST_REFUSED("S is in use", .message = "used by domain 'squatter'", .claimant = "squatter");
    TEST_REFUSED("no such LUN", .message = "LUN 7", .unit = 7);
    TEST_REFUSED("LUN without identity", .message = "has no identity", .unit = 5);
    TEST_REFUSED("P is shared", .message = "used by domain 'sharer' as well", .sharer = "sharer");
    TEST_REFUSED("offline, but running", .message = "which is running", .flags = DIRECT | VIR_MIGRATE_OFFLINE);
    TEST_REFUSED("no change protection", .message = "change protection", .noJob = true);
    TEST_REFUSED("the LUN would be copied", .message = "copied onto itself",
                 .flags = DIRECT | VIR_MIGRATE_NON_SHARED_DISK);
    TEST_REFUSED("not resolved", .message = "not known", .unresolved = true);
    TEST_REFUSED("data store", .message = "disk 'vda' has its <dataStore> on a LUN",
                 .dataStore = true);

    TEST("Begin marks before it stops", testLendOrder, NULL);
    TEST("Begin cannot mark", testLendFails, "define vhba_" S);
    TEST("Begin cannot stop", testLendFails, "stop vhba_" S);


    TEST_END("Prepare failed", .phase = QEMU_MIGRATION_PHASE_BEGIN3, .running = true,
             .calls = TAKEN_BACK, .dump = AFTER_TAKE_BACK);
    TEST_END("Perform failed", .phase = QEMU_MIGRATION_PHASE_PERFORM3, .running = true,
             .calls = TAKEN_BACK, .dump = AFTER_TAKE_BACK);
    TEST_END("cancelled", .phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED, .running = true,
             .calls = TAKEN_BACK, .dump = AFTER_TAKE_BACK);
    TEST_END("QEMU died during Perform", .phase = QEMU_MIGRATION_PHASE_PERFORM3,
             .calls = DIED TAKEN_BACK, .dump = AFTER_TAKE_BACK);
    TEST_END("confirmed", .phase = QEMU_MIGRATION_PHASE_CONFIRM3, .sent = true,
             .calls = DIED GIVEN_UP, .dump = "");
    TEST_END("confirmed, the driver dies of S", .phase = QEMU_MIGRATION_PHASE_CONFIRM3,
             .sent = true, .deadly = "undefine vhba_" S, .calls = DIED GIVEN_UP, .dump = "");
    TEST_END("confirmed, the driver dies of P", .phase = QEMU_MIGRATION_PHASE_CONFIRM3,
             .sent = true, .deadly = "stop vhba_" P, .calls = DIED GIVEN_UP, .dump = "");
    TEST_END("confirmed, the driver dies in the end", .phase = QEMU_MIGRATION_PHASE_CONFIRM3,
             .sent = true, .deadly = "undefine vhba_" P, .calls = DIED GIVEN_UP, .dump = "");
    TEST_END("confirmed, the driver dies without S", .phase = QEMU_MIGRATION_PHASE_CONFIRM3,
             .sent = true, .deadly = "answer to undefine vhba_" S, .calls = DIED GIVEN_UP, .dump = "");
    TEST_END("confirmed, the driver dies without P", .phase = QEMU_MIGRATION_PHASE_CONFIRM3,
             .sent = true, .deadly = "answer to stop vhba_" P, .calls = DIED GIVEN_UP, .dump = "");
    TEST_END("cancelled, the driver dies of S", .phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED,
             .running = true, .deadly = "define vhba_" S, .calls = TAKEN_BACK,
             .dump = AFTER_TAKE_BACK);
    TEST_END("cancelled, the driver dies with S", .phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED,
             .running = true, .deadly = "answer to define vhba_" S, .calls = TAKEN_BACK,
             .dump = AFTER_TAKE_BACK);
    TEST_END("post-copy was sent completely", .phase = QEMU_MIGRATION_PHASE_CONFIRM_RESUME,
             .sent = true, .calls = DIED, .dump = AFTER_PERFORM);
    TEST("post-copy came to its end", testResumedPostcopy, &no);
    TEST("post-copy came to its end after a restart", testResumedPostcopy, &yes);
    TEST_END("confirmed, but QEMU lives", .phase = QEMU_MIGRATION_PHASE_CONFIRM3,
             .sent = true, .running = true, .calls = "", .dump = AFTER_PERFORM);
    TEST_END("no answer", .phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED,
             .sent = true, .running = true, .calls = "", .dump = AFTER_PERFORM);
    TEST_END("no answer, and QEMU died", .phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED,
             .sent = true, .calls = DIED, .dump = AFTER_PERFORM);
    TEST_END("QEMU died, nobody knows about Finish", .phase = QEMU_MIGRATION_PHASE_PERFORM3_DONE,
             .sent = true, .calls = DIED, .dump = AFTER_PERFORM);
    TEST_END("QEMU died in post-copy", .phase = QEMU_MIGRATION_PHASE_PERFORM3,
             .postcopy = true, .calls = DIED, .dump = AFTER_BEGIN);

    TEST("Perform does not end without its mark", testSentFails, NULL);
    TEST("what was not sent may be resumed", testNotSent, NULL);
    TEST("what was refused may be resumed, asked twice", testRefusedAskedAgain, NULL);
    TEST("the destination refuses", testSentThenRefused, NULL);
    TEST("the destination refuses, and the driver dies", testSentThenRefused, "define vhba_" P);
    TEST("resumed by hand", testReclaim, NULL);
    TEST("resumed by hand while the other host has S", testReclaimRefused, NULL);
    TEST("resumed by hand, nothing was sent", testReclaimNothing, NULL);
    TEST("resumed by hand when S is given up", testReclaimGivenUp, NULL);
    TEST("destroyed when S is given up, and the driver dies", testReclaimGivenUp, "stop vhba_" P);
    TEST("resumed by hand when S is defined again", testReclaimDefinedAgain, NULL);
    TEST("resumed by hand when S is defined again and started", testReclaimDefinedAgain, "active");
    TEST("resumed by hand when one of two pairs is given up", testReclaimHalfGivenUp, NULL);
    TEST("resumed by hand while nobody can tell", testReclaimBlind, NULL);
    TEST("resumed by hand while a vHBA is removed", testReclaimBesideRemoval, NULL);
    TEST("destroyed by hand while the other host has S", testDisown, NULL);
    TEST("destroyed by hand, the disk was plugged in", testDisownUnplugged, NULL);
    TEST("destroyed by hand, nobody has S", testDisownNothing,
         &((struct testDisownData) { VIR_ASYNC_JOB_NONE, VIR_FC_REMOTE_PORT_GONE }));
    TEST("destroyed by hand, nobody can see who has S", testDisownNothing,
         &((struct testDisownData) { VIR_ASYNC_JOB_NONE, VIR_FC_REMOTE_PORT_UNSEEN }));
    TEST("destroyed by hand before the other host has answered", testDisownNothing,
         &((struct testDisownData) { VIR_ASYNC_JOB_MIGRATION_OUT, VIR_FC_REMOTE_PORT_PRESENT }));
    TEST("a lost answer is no refusal", testGetCancelled, NULL);

    TEST_CONFIRM("taken", .answer = VIR_DOMAIN_MIGRATE_FINISHED,
                 .dump = P " active autostart " SECONDARY(S) MARK("lent") "\n");
    TEST_CONFIRM("refused", .answer = VIR_DOMAIN_MIGRATE_REFUSED, .dump = AFTER_BEGIN);
    TEST_CONFIRM("no answer", .answer = VIR_DOMAIN_MIGRATE_LOST, .dump = AFTER_PERFORM);
    TEST_CONFIRM("post-copy has failed", .answer = VIR_DOMAIN_MIGRATE_REFUSED,
                 .postcopy = true, .dump = AFTER_PERFORM);

    TEST_EXIT("has taken it", .answer = VIR_DOMAIN_MIGRATE_FINISHED, .dump = "");
    TEST_EXIT("has refused it", .answer = VIR_DOMAIN_MIGRATE_REFUSED, .dump = AFTER_TAKE_BACK);
    TEST_EXIT("has refused it, the disk was plugged in", .answer = VIR_DOMAIN_MIGRATE_REFUSED,
              .unplugged = true, .dump = AFTER_TAKE_BACK);
    TEST_EXIT("has failed after the switch-over", .answer = VIR_DOMAIN_MIGRATE_REFUSED,
              .postcopy = true, .dump = AFTER_PERFORM);
    TEST_EXIT("cannot be heard", .answer = VIR_DOMAIN_MIGRATE_LOST, .dump = AFTER_PERFORM);
    TEST_EXIT("has taken it, but QEMU lives", .answer = VIR_DOMAIN_MIGRATE_FINISHED,
              .running = true, .dump = AFTER_PERFORM);

    TEST_LATE("the fabric shows S there", .partner = VIR_FC_REMOTE_PORT_PRESENT, .dump = "");
    TEST_LATE("the fabric shows S nowhere", .partner = VIR_FC_REMOTE_PORT_GONE, .dump = AFTER_PERFORM);
    TEST_LATE("it has not come", .partner = VIR_FC_REMOTE_PORT_PRESENT,
              .answer = VIR_DOMAIN_MIGRATE_REFUSED, .dump = AFTER_PERFORM);
    TEST_LATE("it runs here", .partner = VIR_FC_REMOTE_PORT_PRESENT, .running = true,
              .dump = AFTER_PERFORM);
    TEST_LATE("it is being confirmed", .partner = VIR_FC_REMOTE_PORT_PRESENT, .job = true,
              .dump = AFTER_PERFORM);

    TEST("the destination is told of P", testSourceTells, NULL);
    TEST("P that stays is not told of", testSourceTells, "stop vhba_" P);
    TEST("a guest without vHBAs keeps no connection", testSourceKeepsNoPeer, NULL);
    TEST("guest dies while S comes back", testTakeBackThenGuestDies, NULL);

    TEST("refused Begin leaves an undecided migration alone",
         testRefusedLeavesMarks, NULL);

    TEST("giving up: P cannot be stopped", testGiveUpAgain, "stop vhba_" P);
    TEST("giving up: P cannot be undefined", testGiveUpAgain, "undefine vhba_" P);
    TEST("giving up: S cannot be undefined", testGiveUpAgain, "undefine vhba_" S);
    TEST("giving up once begun stands", testGiveUpStands, NULL);

    TEST("offline: Begin, active", testOfflineBegin, &yes);
    TEST("offline: Begin, inactive", testOfflineBegin, &no);
    TEST("offline: Begin, disk given by path", testOfflineByPath, NULL);
    TEST("offline: client lost", testOfflineClientLost, NULL);
    TEST_OFFLINE("done", testOfflineSource, .active = true,
                 .phase = QEMU_MIGRATION_PHASE_CONFIRM3, .dump = "");
    TEST("offline, inactive, but just being started", testOfflineStartedMeanwhile, NULL);
    TEST("offline, inactive, the peer has nothing to start", testOfflineInactivePeer, NULL);
    TEST_OFFLINE("done, inactive", testOfflineSource,
                 .phase = QEMU_MIGRATION_PHASE_CONFIRM3, .dump = "");
    TEST_OFFLINE("Prepare refused, nobody confirms", testOfflineSource, .active = true,
                 .phase = QEMU_MIGRATION_PHASE_BEGIN3,
                 .dump = P " active autostart " SECONDARY(S) "\n"
                         S " inactive " PRIMARY(P) MARK("borrowed") "\n");
    TEST_OFFLINE("refused", testOfflineSource, .active = true,
                 .phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED,
                 .cancelled = VIR_DOMAIN_MIGRATE_REFUSED,
                 .dump = P " active autostart " SECONDARY(S) "\n"
                         S " inactive " PRIMARY(P) MARK("borrowed") "\n");
    TEST_OFFLINE("refused, inactive", testOfflineSource,
                 .phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED,
                 .cancelled = VIR_DOMAIN_MIGRATE_REFUSED,
                 .dump = P " inactive autostart " SECONDARY(S) "\n"
                         S " inactive " PRIMARY(P) "\n");
    TEST_OFFLINE("no answer, inactive", testOfflineSource,
                 .phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED,
                 .cancelled = VIR_DOMAIN_MIGRATE_LOST,
                 .dump = P " inactive autostart " SECONDARY(S) INACTIVE("lent") "\n"
                         S " inactive " PRIMARY(P) INACTIVE("lent") "\n");
    TEST_OFFLINE("arrived", testOfflineDestination, .active = true,
                 .dump = P " inactive autostart " PRIMARY(S) MARK("borrowed") "\n"
                         S " active " SECONDARY(P) "\n");
    TEST_OFFLINE("arrived, inactive", testOfflineDestination,
                 .dump = P " inactive autostart " PRIMARY(S) "\n"
                         S " inactive " SECONDARY(P) "\n");
    TEST_OFFLINE("not arrived", testOfflineDestination, .active = true,
                 .cancelled = VIR_DOMAIN_MIGRATE_REFUSED, .dump = "");

    TEST("Prepare marks before it starts", testPrepareOrder, NULL);
    TEST("Prepare keeps nobody waiting", testPrepareMeanwhile, testListed);
    TEST("Prepare fails: redefined meanwhile", testPrepareMeanwhile, testRedefine);
    TEST("Prepare takes a LUN that is named by its path", testPrepareByPath, "/dev/sdd");
    TEST("Prepare takes a LUN that is named by another path", testPrepareByPath, "/dev/sdz");
    TEST_PREPARE_FAILS("other LUN", .secondary = S_OTHER,
                       .message = "must be masked to the same LUNs");
    TEST_PREPARE_FAILS("other size", .secondary = S_SIZE, .message = "2097152 bytes");
    TEST_PREPARE_FAILS("not there", .secondary = S_ABSENT,
                       .message = "the kernel does not know it");
    TEST_PREPARE_FAILS("P cannot be defined", .call = "define vhba_" P,
                       .message = "define vhba_" P);
    TEST_PREPARE_FAILS("S cannot be defined", .call = "define vhba_" S,
                       .message = "define vhba_" S);
    TEST_PREPARE_FAILS("fabric refuses S", .call = "start vhba_" S,
                       .message = "start vhba_" S);
    TEST_PREPARE_FAILS("P is there", .present = P, .message = "already defined");
    TEST_PREPARE_FAILS("S is there", .present = S, .message = "already defined");
    TEST_PREPARE_FAILS("disk that the source does not know", .disk = "vdb",
                       .message = "has not told");
    TEST_PREPARE_FAILS("data store that the source does not know", .dataStore = true,
                       .message = "has not told");
    TEST_PREPARE_FAILS("path that leads to another vHBA", .path = "/dev/sda",
                       .message = "'/dev/sda', which does not lead to unit 0 behind vHBA 'vhba_" S "'");
    TEST_PREPARE_FAILS("S is not active, they say", .secondaryInactive = true,
                       .message = "'vhba_" S "' was not active there");
    TEST_PREPARE_FAILS("P is not active, they say", .primaryInactive = true,
                       .message = "'vhba_" P "' was not active there");
    TEST_PREPARE_FAILS("other LUN in a backing chain", .backing = true, .secondary = S_OTHER,
                       .message = "must be masked to the same LUNs");
    TEST_PREPARE_FAILS("backing store that the source does not know", .backing = true,
                       .unknown = true, .message = "has not told");

    TEST("Finish commits, then starts P", testFinish, NULL);
    TEST("guest dies after Finish", testFinishThenGuestDies, NULL);
    TEST("Finish fails", testFinishFails, NULL);
    TEST("Finish fails while QEMU dies", testFinishFailsDying, NULL);
    TEST("Finish fails after the commit", testFinishRevoked, NULL);
    TEST("Finish cannot commit", testCommitFails, NULL);
    TEST("the driver dies of the commit", testCommitDies, "define vhba_" S);
    TEST("the driver dies with the commit", testCommitDies, "answer to define vhba_" S);
    TEST("Finish in post-copy does not refuse", testCommitNoWayBack, NULL);
    TEST("Finish in post-copy, the driver dies", testCommitNoWayBackDies, "define vhba_" S);
    TEST("Finish in post-copy, the driver dies of its answer", testCommitNoWayBackDies,
         "answer to define vhba_" S);
    TEST("CPUs do not start in post-copy", testCPUsNoWayBack, NULL);
    TEST("Finish refuses when QEMU has died", testCommitDead, NULL);
    TEST("Finish cannot take the commit back", testCommitStands, NULL);
    TEST("CPUs do not start", testRefuse,
         &((struct testRefuse) { VIR_FROM_QEMU, NULL, VIR_DOMAIN_MIGRATE_REFUSED, AFTER_PREPARE }));
    TEST("CPUs do not start, for a connection is lost", testRefuse,
         &((struct testRefuse) { VIR_FROM_RPC, NULL, VIR_DOMAIN_MIGRATE_REFUSED, AFTER_PREPARE }));
    TEST("CPUs do not start, and the commit stands", testRefuse,
         &((struct testRefuse) { VIR_FROM_QEMU, "define vhba_" S, VIR_DOMAIN_MIGRATE_LOST, AFTER_FINISH }));
    TEST("Finish has refused, QEMU lives on", testRefusedButAlive, NULL);
    TEST("client lost after Prepare", testClientLost, NULL);
    TEST("leftover S active", testPrepareAfterLeftover, "stop vhba_" S);
    TEST("leftover S", testPrepareAfterLeftover, "undefine vhba_" S);
    TEST("leftover P", testPrepareAfterLeftover, "undefine vhba_" P);

    TEST_RECOVER("source, after Begin", .job = VIR_ASYNC_JOB_MIGRATION_OUT,
                 .phase = QEMU_MIGRATION_PHASE_BEGIN3, .running = true, .calls = TAKEN_BACK);
    TEST_RECOVER("source, during Perform", .job = VIR_ASYNC_JOB_MIGRATION_OUT,
                 .phase = QEMU_MIGRATION_PHASE_PERFORM3, .running = true, .calls = TAKEN_BACK);
    TEST_RECOVER("source, after Perform", .job = VIR_ASYNC_JOB_MIGRATION_OUT,
                 .phase = QEMU_MIGRATION_PHASE_PERFORM3_DONE, .sent = true,
                 .running = true, .calls = "");
    TEST_RECOVER("source, during Confirm", .job = VIR_ASYNC_JOB_MIGRATION_OUT,
                 .phase = QEMU_MIGRATION_PHASE_CONFIRM3, .sent = true,
                 .calls = DIED GIVEN_UP);
    TEST_RECOVER("source, post-copy goes on", .job = VIR_ASYNC_JOB_MIGRATION_OUT,
                 .phase = QEMU_MIGRATION_PHASE_POSTCOPY_FAILED, .running = true,
                 .goesOn = true, .calls = "");
    TEST_RECOVER("source, S was not taken back", .job = VIR_ASYNC_JOB_NONE,
                 .phase = QEMU_MIGRATION_PHASE_NONE, .running = true, .calls = TAKEN_BACK);
    TEST_RECOVER("source, S was not taken back, the driver dies of it", .job = VIR_ASYNC_JOB_NONE,
                 .phase = QEMU_MIGRATION_PHASE_NONE, .running = true,
                 .deadly = "define vhba_" S, .calls = TAKEN_BACK);
    TEST_RECOVER("source, S was not taken back, the driver dies with it", .job = VIR_ASYNC_JOB_NONE,
                 .phase = QEMU_MIGRATION_PHASE_NONE, .running = true,
                 .deadly = "answer to define vhba_" S, .calls = TAKEN_BACK);
    TEST_RECOVER("source, S was not taken back, and a backup goes on",
                 .job = VIR_ASYNC_JOB_BACKUP, .phase = QEMU_MIGRATION_PHASE_NONE,
                 .running = true, .goesOn = true, .calls = TAKEN_BACK);
    TEST_RECOVER("source, no answer, no job", .job = VIR_ASYNC_JOB_NONE,
                 .phase = QEMU_MIGRATION_PHASE_NONE, .sent = true, .running = true,
                 .calls = "");
    TEST_RECOVER("destination, after Prepare", .job = VIR_ASYNC_JOB_MIGRATION_IN,
                 .phase = QEMU_MIGRATION_PHASE_PREPARE,
                 .calls = DIED "stop vhba_" S "\nundefine vhba_" S "\nundefine vhba_" P "\n");
    TEST_RECOVER("destination, after Prepare, the driver dies of S", .job = VIR_ASYNC_JOB_MIGRATION_IN,
                 .phase = QEMU_MIGRATION_PHASE_PREPARE, .deadly = "stop vhba_" S,
                 .calls = DIED "stop vhba_" S "\nundefine vhba_" S "\nundefine vhba_" P "\n");
    TEST_RECOVER("destination, during Finish, the driver dies of S", .job = VIR_ASYNC_JOB_MIGRATION_IN,
                 .phase = QEMU_MIGRATION_PHASE_FINISH3, .running = true, .deadly = "define vhba_" S,
                 .calls = "define vhba_" S " primary of " P "\nstart when free " P "\n");
    TEST_RECOVER("destination, during Finish", .job = VIR_ASYNC_JOB_MIGRATION_IN,
                 .phase = QEMU_MIGRATION_PHASE_FINISH3, .running = true,
                 .calls = "define vhba_" S " primary of " P "\nstart when free " P "\n");

    TEST("restart: source, a disk was plugged in", testRecoverUnplugged, NULL);

    TEST("restart: S is let in when it was taken back", testLetInTakenBack, NULL);
    TEST("restart: P is let in after Finish", testLetInAfterFinish, NULL);

    TEST("restart: domains that are alive are left alone", testRecoverLeavesTheLiving, NULL);

    TEST("restart in the middle of reclaiming", testRecoverReclaim, NULL);
    TEST_GO_ON("before Commit", .stays = false);
    TEST("restart in Finish: nobody could tell", testGoOnBlind, NULL);
    TEST_GO_ON("after Commit", .commit = true, .stays = true, .starts = 1);
    TEST_GO_ON("after Commit, it is to be paused", .commit = true,
               .flags = VIR_MIGRATE_PAUSED, .stays = true);

    TEST("who may not see vHBAs leaves none borrowed", testRightsDestination, NULL);
    TEST("who may not see vHBAs leaves none lent", testRightsSource, NULL);
    TEST("who may not see vHBAs cannot resume a guest that was sent", testRightsResume, NULL);

    TEST("Begin is up to the caller's rights", testRightsLend, NULL);
    TEST("Prepare is up to the caller's rights", testRightsPrepare, NULL);
    TEST("the end of Perform is up to nobody's rights", testRightsSent, NULL);
    TEST("Finish is up to nobody's rights", testRightsCommit, NULL);

    TEST("the source is quick when the guest is stopped", testSourceCosts, NULL);
    TEST("the source is quick when the guest stays", testSourceCostsCancelled, NULL);
    TEST("the destination is quick when the guest is stopped", testDestinationCosts, NULL);
    TEST("the connection of the source ends with the job", testForgotten, testLend);
    TEST("the connection of the destination ends with the job", testForgotten, testPrepareS);
    TEST("the source connects anew", testSourceReconnects, NULL);
    TEST("the destination connects anew", testDestinationReconnects, NULL);
    TEST("no guest is sent without a connection", testSourceUnreachable, NULL);
    TEST("no guest runs without a connection", testDestinationUnreachable, NULL);
    TEST("not ready for the end", testNotReady, NULL);
    TEST("P was edited during Perform", testSentAfterEdit, NULL);
    TEST("S was taken back during Perform", testSentAfterTakeBack, NULL);
    TEST("another pair is left alone", testOtherPair, NULL);

    TEST_POWER_CUT("of the source after Begin", .until = testLend, .dump = AFTER_TAKE_BACK);
    TEST_POWER_CUT("of the source after Perform", .until = testSent, .dump = AFTER_PERFORM);
    TEST_POWER_CUT("of the source in Confirm", .until = testSent, .gone = true, .dump = "");
    TEST_POWER_CUT("of the source in Confirm, the driver dies of P", .until = testSent, .gone = true,
                   .deadly = "stop vhba_" P, .dump = "");
    TEST_POWER_CUT("of the destination in Prepare", .until = testPrepareP, .dump = "");
    TEST_POWER_CUT("of the destination after Prepare", .until = testPrepareS, .dump = "");
    TEST_POWER_CUT("of the destination after Prepare, P is undefined", .until = testPrepareWithoutP,
                   .dump = "");
    TEST_POWER_CUT("between two pairs in Commit", .until = testHalfCommitted, .dump = "");
    TEST_POWER_CUT("after Commit of two pairs", .until = testAllCommitted,
                   .dump = P " inactive " PRIMARY(S) MARK("borrowed") "\n"
                           S " active " SECONDARY(P) "\n"
                           S2 " active " SECONDARY(P2) "\n"
                           P2 " inactive " PRIMARY(S2) MARK("borrowed") "\n");
    TEST_POWER_CUT("between two pairs at the end of Perform", .until = testHalfSent,
                   .dump = P " active " SECONDARY(S) "\n"
                           S " inactive " PRIMARY(P) MARK("borrowed") "\n"
                           S2 " inactive " PRIMARY(P2) MARK("borrowed") "\n"
                           P2 " active " SECONDARY(S2) "\n");
    TEST_POWER_CUT("between two pairs in Confirm", .until = testHalfGone, .dump = "");

    TEST("two pairs: QEMU is killed after half a Commit", testPairsKilled, NULL);
    TEST("two pairs: none is forgotten alone", testPairsWait, NULL);
    TEST("two pairs: what is stuck holds up no other migration", testPairsStuck, NULL);
    TEST("two pairs: another migration's is left alone", testPairsOfAnother, NULL);

    return ret;
}


static int
mymain(void)
{
    char *root = NULL;
    int ret = -1;

    if (qemuTestDriverInit(&driver) < 0)
        return EXIT_FAILURE;

    if ((root = testSysfsTreeUnpack(abs_srcdir "/qemumigrationvhbadata/hosts.sysfs")))
        ret = testAll();

    testSysfsTreeRemove(root);
    qemuTestDriverFree(&driver);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN_PRELOAD(mymain,
                      VIR_TEST_MOCK("virpci"),
                      VIR_TEST_MOCK("virrandom"),
                      VIR_TEST_MOCK("domaincaps"),
                      VIR_TEST_MOCK("virhostid"))
