/*
 * virfclunscaletest.c: a LUN is found at once, however many there are
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

/*
 * Finds the device of a LUN by the WWNs of its vHBA and by its unit: with the
 * index, and as the storage driver does, by a walk through all FC hosts for the
 * WWNs and one through /dev/disk/by-path for the device's name there. Both must
 * come to the same device.
 *
 * VIR_TEST_SCALE=VHBAS,ROUNDS makes so many vHBAs instead of a few, and prints so
 * many times how long each takes, in nanoseconds: the index, the walk, the index
 * when it is asked about one vHBA only, and the index when the processor has
 * nothing of all this in its caches. 'make bench' does that.
 */

#include <config.h>

#include <time.h>
#include <unistd.h>

#include "testutils.h"
#include "testsysfstree.h"
#include "storage/storage_util.h"
#include "viralloc.h"
#include "virfclun.h"
#define LIBVIRT_VIRFCLUNWATCHPRIV_H_ALLOW
#include "virfclunwatchpriv.h"
#include "virfile.h"
#include "virfilewrapper.h"
#include "virstring.h"
#include "virvhba.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define LUNS 64
#define FEW 3
#define TARGET "50060e801049cfd1"

#define INDEX_LOOKUPS 4096
#define WALK_LOOKUPS 4
#define COLD_LOOKUPS 16
#define CACHES (64 * 1024 * 1024) /* more than a processor has */

static char *root;
static size_t nvhbas = FEW;
static size_t nasked; /* questions are about so many of them */
static virStoragePoolObj *pool;
static GRand *rnd;


/* --- a machine as the kernel and udev show it --- */

#define testWrite(...) testSysfsTreeWrite(root, __VA_ARGS__)


static void
testMakeLun(size_t host,
            size_t unit)
{
    size_t disk = host * LUNS + unit;
    g_autofree char *dir = g_strdup_printf("sys/class/fc_host/host%1$zu/device/rport-%1$zu:0-1/"
                                           "target%1$zu:0:1/%1$zu:0:1:%2$zu", host, unit);
    g_autofree char *wwid = g_strdup_printf("naa.6001405%025zu\n", disk);
    g_autofree char *link = g_strdup_printf("%s/dev/disk/by-path/pci-0000:05:00.0-vport-0x%016zx-"
                                            "fc-0x" TARGET "-lun-%zu", root, host, unit);
    g_autofree char *device = g_strdup_printf("../../sd%zu", disk);

    testWrite("0\n", "%s/type", dir);
    testWrite(wwid, "%s/wwid", dir);
    testWrite("2097152\n", "%s/block/sd%zu/size", dir, disk);
    testWrite("", "%s/block/sd%zu/holders/.none", dir, disk);
    testWrite("", "dev/sd%zu", disk);

    if (symlink(device, link) < 0)
        abort();
}


static void
testMakeMachine(void)
{
    g_autofree char *links = g_strdup_printf("%s/dev/disk/by-path", root);
    size_t i;
    size_t j;

    if (g_mkdir_with_parents(links, 0755) < 0)
        abort();

    for (i = 0; i < nvhbas; i++) {
        g_autofree char *wwnn = g_strdup_printf("0x2001001b32a9%04zx\n", i);
        g_autofree char *wwpn = g_strdup_printf("0x2101001b32a9%04zx\n", i);

        testWrite(wwnn, "sys/class/fc_host/host%zu/node_name", i);
        testWrite(wwpn, "sys/class/fc_host/host%zu/port_name", i);
        testWrite("0x" TARGET "\n", "sys/class/fc_host/host%1$zu/device/rport-%1$zu:0-1/"
                  "fc_remote_ports/rport-%1$zu:0-1/port_name", i);

        for (j = 0; j < LUNS; j++)
            testMakeLun(i, j);
    }
}


/* --- two ways to find a LUN --- */

typedef struct _testQuestion testQuestion;
struct _testQuestion {
    char wwnn[17];
    char wwpn[17];
    unsigned long long unit;
    char disk[32];
};


static void
testPick(testQuestion *question)
{
    size_t host = g_rand_int_range(rnd, 0, nasked);

    question->unit = g_rand_int_range(rnd, 0, LUNS);
    g_snprintf(question->wwnn, sizeof(question->wwnn), "2001001b32a9%04zx", host);
    g_snprintf(question->wwpn, sizeof(question->wwpn), "2101001b32a9%04zx", host);
    g_snprintf(question->disk, sizeof(question->disk), "/dev/sd%llu",
               host * LUNS + question->unit);
}


static bool
testByIndex(const testQuestion *question)
{
    g_autoptr(virFCLun) lun = NULL;
    unsigned int host = 0;

    return virFCLunWatchFindHost(question->wwnn, question->wwpn, &host) == 1 &&
        (lun = virFCLunFind(host, TARGET, &question->unit)) &&
        STREQ(lun->device, question->disk);
}


static bool
testByWalk(const testQuestion *question)
{
    g_autofree char *host = virVHBAGetHostByWWN(NULL, question->wwnn, question->wwpn);
    g_autofree char *link = virStorageBackendStablePath(pool, question->disk, false);
    g_autofree char *tail = g_strdup_printf("-lun-%llu", question->unit);

    return host && STRPREFIX(link, "/dev/disk/by-path/") && g_str_has_suffix(link, tail);
}


/* What this thread has used of the processor, in nanoseconds: neither way waits
 * for anything, and so it does not matter what else the machine does. */
static long long
testClock(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) < 0)
        abort();

    return now.tv_sec * 1000000000LL + now.tv_nsec;
}


/* Returns the mean time of @n lookups in nanoseconds, -1 if one went wrong */
static long long
testTime(bool (*find)(const testQuestion *question),
         size_t n)
{
    g_autofree testQuestion *questions = g_new0(testQuestion, n);
    long long start;
    size_t i;

    for (i = 0; i < n; i++)
        testPick(&questions[i]);

    start = testClock();
    for (i = 0; i < n; i++) {
        if (!find(&questions[i])) {
            fprintf(stderr, "%s LUN %llu is not found as %s\n", questions[i].wwpn,
                    questions[i].unit, questions[i].disk);
            return -1;
        }
    }

    return (testClock() - start) / n;
}


/* Returns the mean time of a lookup in nanoseconds that comes after something
 * else has been done, -1 if one went wrong */
static long long
testTimeCold(void)
{
    g_autofree char *other = g_new0(char, CACHES);
    volatile char sink = 0;
    long long sum = 0;
    size_t i;
    size_t j;

    memset(other, 1, CACHES);

    for (i = 0; i < COLD_LOOKUPS; i++) {
        long long one;

        for (j = 0; j < CACHES; j += 64)
            sink += other[j];

        if ((one = testTime(testByIndex, 1)) < 0)
            return -1;
        sum += one;
    }

    return sum / COLD_LOOKUPS;
}


static int
testSame(const void *opaque G_GNUC_UNUSED)
{
    return testTime(testByIndex, 100) >= 0 && testTime(testByWalk, 10) >= 0 ? 0 : -1;
}


/* One line of times, the ways taking turns */
static int
testRound(void)
{
    long long ours = testTime(testByIndex, INDEX_LOOKUPS);
    long long other = testTime(testByWalk, WALK_LOOKUPS);
    long long cold = testTimeCold();
    long long few;

    nasked = 1;
    few = testTime(testByIndex, INDEX_LOOKUPS);
    nasked = nvhbas;

    if (ours < 0 || other < 0 || cold < 0 || few < 0)
        return -1;

    printf("@ %zu %lld %lld %lld %lld\n", nvhbas, ours, other, few, cold);
    return 0;
}


/* Asks often enough about each LUN first, so that all hosts are known. */
static int
testScale(const void *opaque)
{
    const unsigned int *rounds = opaque;
    size_t i;

    if (testTime(testByIndex, nvhbas * LUNS * 4) < 0)
        return -1;

    for (i = 0; i < *rounds; i++) {
        if (testRound() < 0)
            return -1;
    }

    return 0;
}


/* Only the path of its target is of interest */
static virStoragePoolObj *
testNewPool(void)
{
    g_autoptr(virStoragePoolDef) def = g_new0(virStoragePoolDef, 1);
    virStoragePoolObj *obj = virStoragePoolObjNew();

    def->name = g_strdup("fc");
    def->type = VIR_STORAGE_POOL_SCSI;
    def->target.path = g_strdup("/dev/disk/by-path");
    virStoragePoolObjSetDef(obj, g_steal_pointer(&def));

    return obj;
}


/* VHBAS,ROUNDS */
static int
testParseScale(const char *scale,
               unsigned int *rounds)
{
    char *end;

    if (virStrToLong_ulp(scale, &end, 10, &nvhbas) < 0 || *end != ',')
        return -1;

    return virStrToLong_uip(end + 1, NULL, 10, rounds);
}


static int
mymain(void)
{
    const char *scale = g_getenv("VIR_TEST_SCALE");
    unsigned int rounds = 0;
    g_autofree char *sys = NULL;
    g_autofree char *dev = NULL;
    int ret;

    if (scale && testParseScale(scale, &rounds) < 0) {
        fprintf(stderr, "VIR_TEST_SCALE is not VHBAS,ROUNDS: %s\n", scale);
        return EXIT_FAILURE;
    }

    nasked = nvhbas;

    /* sysfs is no disk either */
    root = g_strdup_printf("%s/virfclunscaletest-XXXXXX",
                           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!g_mkdtemp(root)) {
        fprintf(stderr, "cannot create a directory for the sysfs tree\n");
        return EXIT_FAILURE;
    }

    rnd = g_rand_new_with_seed(1);
    pool = testNewPool();
    testMakeMachine();

    sys = g_strdup_printf("%s/sys", root);
    dev = g_strdup_printf("%s/dev", root);
    virFileWrapperAddPrefix("/sys", sys);
    virFileWrapperAddPrefix("/dev", dev);

    /* The real one, which asks the kernel for events each time, where it can
     * be had */
    if (virFCLunWatchStart() < 0)
        virFCLunWatchStartDeaf();

    ret = virTestRun("the index finds what a walk finds", testSame, NULL);
    if (ret == 0 && scale)
        ret = virTestRun("and it is quick", testScale, &rounds);

    virFCLunWatchStop();
    virFileWrapperClearPrefixes();
    virStoragePoolObjEndAPI(&pool);
    g_rand_free(rnd);
    virFileDeleteTree(root);
    g_free(root);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
