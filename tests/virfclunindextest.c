/*
 * virfclunindextest.c: the index of LUNs against a fresh walk, at random
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
 * A machine is made up in memory: hosts, target ports and units come, change
 * and go at random. The events of that reach the index at once, late, twice, in
 * another order, or not at all, and then, as from a socket that has overrun, it
 * is told that some were lost. After each step the index is asked, and the
 * answer is held against a walk of the machine as it is then:
 *
 *  - what the index says is there, on this disk and with this identity;
 *  - when all events of a host have been told, it says all that a walk does;
 *  - before that, it may not know yet what only these events would tell;
 *  - asked once more, when nothing has happened since, it walks nothing.
 *
 * VIR_TEST_SEED=N repeats a run, VIR_TEST_STEPS=N makes it longer or shorter.
 */

#include <config.h>

#include "testutils.h"
#include "viralloc.h"
#include "virfclunindex.h"
#include "virstring.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define HOSTS 8
#define TARGETS 3
#define UNITS 5
#define NAMES 12

#define STEPS 100000
/* all events arrive after so many steps, so that strict times do come */
#define SETTLE 50

typedef struct _testUnit testUnit;
struct _testUnit {
    bool there;
    unsigned int disk; /* sdN; 0 as long as there is no block device */
    unsigned int id;
    unsigned int size;
    unsigned int map; /* multipath map that it is part of, or 0 */
};

typedef struct _testHost testHost;
struct _testHost {
    bool there;
    bool unreadable; /* for want of memory, perhaps */
    bool named;
    unsigned int name;
    bool targets[TARGETS];
    testUnit units[TARGETS][UNITS];
};

static testHost machine[HOSTS];
static unsigned int nextDisk;

/* events that are on their way; NULL for "some were lost" */
static GPtrArray *events;
static size_t late[HOSTS]; /* how many of them a host has */
static size_t lateMaps; /* and how many are of multipath maps */
static size_t lost; /* and how many are lost, without having been told so */

static GRand *rnd;
static virFCLunIndex *lunIndex;
static size_t nwalks;
static size_t nasked;


static unsigned int
testRandom(unsigned int below)
{
    return g_rand_int_range(rnd, 0, below);
}


/* --- how the machine is read --- */

static int
testReadHosts(unsigned int **hosts,
              size_t *nhosts)
{
    size_t i;

    *hosts = g_new0(unsigned int, HOSTS);
    *nhosts = 0;
    for (i = 0; i < HOSTS; i++) {
        if (machine[i].there)
            (*hosts)[(*nhosts)++] = i;
    }
    return 0;
}


static int
testReadNames(unsigned int host,
              char **wwnn,
              char **wwpn)
{
    if (host >= HOSTS || !machine[host].there)
        return -1;

    if (!machine[host].named)
        return 0;

    if (wwnn)
        *wwnn = g_strdup_printf("2001001b32a900%02x", machine[host].name);
    *wwpn = g_strdup_printf("2101001b32a900%02x", machine[host].name);
    return 1;
}


static bool
testReadUnit(unsigned int host,
             unsigned int target,
             unsigned int unit,
             virFCLun *lun)
{
    const testUnit *u = &machine[host].units[target][unit];

    if (!machine[host].there || !machine[host].targets[target] || !u->there)
        return false;

    lun->path = g_strdup_printf("%u:%u:%u", host, target, unit);
    lun->disk = u->disk ? g_strdup_printf("/dev/sd%u", u->disk) : NULL;
    lun->device = u->map ? g_strdup_printf("/dev/mapper/map%u", u->map) : g_strdup(lun->disk);
    lun->target = g_strdup_printf("50060e801049cfd%u", target);
    lun->unit = unit;
    lun->id = g_strdup_printf("naa.%u", u->id);
    lun->size = u->size;
    return true;
}


static int
testReadLuns(unsigned int host,
             virFCLun ***luns,
             size_t *nluns)
{
    size_t n = 0;
    unsigned int t;
    unsigned int u;

    if (host >= HOSTS || !machine[host].there || machine[host].unreadable)
        return -1;

    nwalks++;
    *luns = g_new0(virFCLun *, TARGETS * UNITS);
    for (u = 0; u < UNITS; u++) {
        for (t = 0; t < TARGETS; t++) {
            g_autoptr(virFCLun) lun = g_new0(virFCLun, 1);

            if (!testReadUnit(host, t, u, lun))
                continue;

            (*luns)[n++] = g_steal_pointer(&lun);
        }
    }
    *nluns = n;
    return 0;
}


static bool
testReadAgain(virFCLun *lun)
{
    g_autoptr(virFCLun) now = g_new0(virFCLun, 1);
    unsigned int host;
    unsigned int target;
    unsigned int unit;

    if (sscanf(lun->path, "%u:%u:%u", &host, &target, &unit) != 3)
        abort();

    if (!testReadUnit(host, target, unit, now))
        return false;

    g_free(lun->id);
    lun->id = g_strdup(now->id);
    return STREQ_NULLABLE(lun->disk, now->disk);
}


static const virFCLunIndexReader reader = {
    .hosts = testReadHosts,
    .names = testReadNames,
    .walk = testReadLuns,
    .again = testReadAgain,
};


/* --- how events travel --- */

static void
testArrive(size_t at)
{
    g_autofree char *path = g_steal_pointer(&g_ptr_array_index(events, at));
    unsigned int host = 0;

    g_ptr_array_remove_index(events, at);

    if (!path) {
        virFCLunIndexForgetAll(lunIndex);
        lost = 0;
        return;
    }

    if (!virFCLunIndexTell(lunIndex, path, &host))
        abort();

    if (host == VIR_FC_LUN_ALL_HOSTS)
        lateMaps--;
    else
        late[host]--;
}


/* What was lost is known to be lost no sooner than what was sent before it */
static void
testArriveAll(void)
{
    while (events->len > 0)
        testArrive(0);
}


static void
testPost(const char *path,
         size_t *count)
{
    g_ptr_array_insert(events, testRandom(events->len + 1), g_strdup(path));
    (*count)++;
}


/* @count: which of the counters of late events it belongs to */
static void
testSend(const char *path,
         size_t *count)
{
    switch (testRandom(10)) {
    case 0: /* lost */
        if (lost++ == 0)
            g_ptr_array_add(events, NULL);
        return;
    case 1: /* twice, now and later */
        testPost(path, count);
        G_GNUC_FALLTHROUGH;
    default: /* at once, or another one that is late */
        testPost(path, count);
        testArrive(testRandom(events->len));
        return;
    case 2: /* later */
    case 3:
        testPost(path, count);
        return;
    }
}


/* Something has happened to @host, or to what is at @rest below it. */
static void
testSendHost(unsigned int host,
             const char *rest)
{
    g_autofree char *path = g_strdup_printf("/devices/pci0000:00/host99/vport-99:0-%u/host%u%s",
                                            host, host, rest);

    testSend(path, &late[host]);
}


/* --- what happens to the machine --- */

static bool
testNameIsTaken(unsigned int name)
{
    size_t i;

    for (i = 0; i < HOSTS; i++) {
        if (machine[i].there && machine[i].name == name)
            return true;
    }

    return false;
}


static void
testChangeHost(unsigned int number)
{
    testHost *host = &machine[number];
    unsigned int name = testRandom(NAMES);

    if (host->there) {
        memset(host, 0, sizeof(*host));
        testSendHost(number, "");
    } else if (!testNameIsTaken(name)) {
        host->there = true;
        host->name = name;
        host->named = testRandom(2) == 0;
        testSendHost(number, "");
    }
}


static void
testChangeUnit(unsigned int number,
               unsigned int target,
               unsigned int unit)
{
    testUnit *u = &machine[number].units[target][unit];
    g_autofree char *path = g_strdup_printf("/rport-%u:0-%u/target%u:0:%u/%u:0:%u:%u",
                                            number, target, number, target,
                                            number, target, unit);

    if (!u->there) {
        u->there = true;
        u->id = testRandom(4);
        u->size = testRandom(4);
        u->disk = testRandom(3) == 0 ? 0 : ++nextDisk;
    } else if (u->disk == 0) {
        u->disk = ++nextDisk;
    } else if (testRandom(3) == 0) {
        u->id = testRandom(4); /* and nothing tells */
        return;
    } else if (testRandom(3) == 0) {
        u->size = testRandom(4);
    } else {
        memset(u, 0, sizeof(*u));
    }

    testSendHost(number, path);
}


/* multipathd finds out, and the device mapper tells, below no host */
static void
testChangeMap(testUnit *u)
{
    if (u->disk == 0)
        return;

    u->map = testRandom(4);
    testSend("/devices/virtual/block/dm-3", &lateMaps);
}


static void
testChange(void)
{
    unsigned int number = testRandom(HOSTS);
    testHost *host = &machine[number];
    unsigned int target = testRandom(TARGETS);
    g_autofree char *rport = g_strdup_printf("/rport-%u:0-%u", number, target);

    if (!host->there || testRandom(20) == 0) {
        testChangeHost(number);
    } else if (!host->named) {
        host->named = true; /* nothing tells */
    } else if (!host->targets[target] || testRandom(8) == 0) {
        host->targets[target] = !host->targets[target];
        memset(host->units[target], 0, sizeof(host->units[target]));
        testSendHost(number, rport);
    } else if (testRandom(20) == 0) {
        testChangeMap(&host->units[target][testRandom(UNITS)]);
    } else {
        testChangeUnit(number, target, testRandom(UNITS));
    }
}


/* --- the index against the machine --- */

static bool
testIsSettled(unsigned int host)
{
    return late[host] == 0 && lateMaps == 0 && lost == 0;
}


static bool
testSameLun(const virFCLun *a,
            const virFCLun *b,
            bool settled)
{
    if (STRNEQ(a->path, b->path) ||
        STRNEQ_NULLABLE(a->disk, b->disk) ||
        STRNEQ(a->target, b->target) ||
        a->unit != b->unit ||
        STRNEQ(a->id, b->id))
        return false;

    return !settled ||
        (a->size == b->size && STREQ_NULLABLE(a->device, b->device));
}


/* @walked is all that the host shows, @said what the index says of @unit */
static int
testCompare(virFCLun **said,
            size_t nsaid,
            virFCLun **walked,
            size_t nwalked,
            const unsigned long long *unit,
            bool settled)
{
    size_t at = 0;
    size_t i;

    for (i = 0; i < nwalked; i++) {
        if (unit && walked[i]->unit != *unit)
            continue;

        if (at < nsaid && testSameLun(said[at], walked[i], settled)) {
            at++;
        } else if (settled) {
            fprintf(stderr, "the index does not know %s\n", walked[i]->path);
            return -1;
        }
    }

    if (at < nsaid) {
        fprintf(stderr, "the index says %s, %s, which is not so\n",
                said[at]->path, NULLSTR(said[at]->disk));
        return -1;
    }

    return 0;
}


static int
testAskLuns(unsigned int host,
            const unsigned long long *unit)
{
    virFCLun **said = NULL;
    virFCLun **walked = NULL;
    size_t nsaid = 0;
    size_t nwalked = 0;
    size_t nwalksBefore = nwalks;
    int saidRc = virFCLunIndexGet(lunIndex, host, unit, &said, &nsaid);
    size_t nwalksIndex = nwalks;
    int walkedRc = testReadLuns(host, &walked, &nwalked);
    int ret;

    nasked++;
    nwalks = nwalksIndex;

    if (testIsSettled(host) && (saidRc < 0) != (walkedRc < 0)) {
        fprintf(stderr, "is there a host%u? %d, %d\n", host, saidRc, walkedRc);
        ret = -1;
    } else if (saidRc >= 0 && saidRc != (nwalks > nwalksBefore)) {
        fprintf(stderr, "it does not say whether it has walked host%u\n", host);
        ret = -1;
    } else {
        ret = testCompare(said, nsaid, walked, nwalked, unit, testIsSettled(host));
    }

    virFCLunListFree(said, nsaid);
    virFCLunListFree(walked, nwalked);
    return ret;
}


static int
testAskHost(unsigned int name)
{
    g_autofree char *wwnn = g_strdup_printf("2001001B32A900%02X", name);
    g_autofree char *wwpn = g_strdup_printf("0x2101001b32a900%02x", name);
    unsigned int said = 0;
    size_t i;
    int rc = virFCLunIndexFindHost(lunIndex, testRandom(2) ? wwnn : NULL, wwpn, &said);

    nasked++;

    for (i = 0; i < HOSTS; i++) {
        if (machine[i].there && machine[i].named && machine[i].name == name)
            break;
    }

    if (rc == 1 && said == i)
        return 0;

    /* whatever else it says: only if it waits for events about that host */
    if (rc == 0 && (i == HOSTS || !testIsSettled(i)))
        return 0;

    fprintf(stderr, "%s is host%zu of %d, the index says host%u, %d\n",
            wwpn, i, HOSTS, said, rc);
    return -1;
}


static int
testAsk(void)
{
    unsigned long long unit = testRandom(UNITS);

    switch (testRandom(3)) {
    case 0:
        return testAskHost(testRandom(NAMES));
    case 1:
        return testAskLuns(testRandom(HOSTS), NULL);
    default:
        return testAskLuns(testRandom(HOSTS), &unit);
    }
}


static int
testAskAll(void)
{
    size_t i;

    for (i = 0; i < NAMES; i++) {
        if (testAskHost(i) < 0)
            return -1;
    }

    for (i = 0; i < HOSTS; i++) {
        if (testAskLuns(i, NULL) < 0)
            return -1;
    }

    return 0;
}


/* When nothing has happened since, what is known is not walked again. */
static int
testAskAllAgain(void)
{
    size_t nwalksBefore = nwalks;

    if (testAskAll() < 0)
        return -1;

    if (nwalks > nwalksBefore) {
        fprintf(stderr, "%zu hosts are walked in vain\n", nwalks - nwalksBefore);
        return -1;
    }

    return 0;
}


static int
testChurn(const void *opaque)
{
    size_t steps = *(const size_t *) opaque;
    size_t i;

    for (i = 1; i <= steps; i++) {
        testChange();

        while (events->len > 0 && testRandom(8) == 0)
            testArrive(testRandom(events->len));

        if (testAsk() < 0 || testAsk() < 0)
            break;

        if (i % SETTLE == 0) {
            testArriveAll();
            if (testAskAll() < 0 || testAskAllAgain() < 0)
                break;
        }
    }

    if (i <= steps) {
        fprintf(stderr, "in step %zu\n", i);
        return -1;
    }

    printf("# %zu steps, %zu questions, %zu walks\n", steps, nasked, nwalks);
    return 0;
}


/* No event will tell when it can be read again. */
static int
testUnreadable(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *wwpn = NULL;
    g_autofree char *wwnn = NULL;
    unsigned int found = 0;
    virFCLun **luns = NULL;
    size_t nluns = 0;

    memset(machine, 0, sizeof(machine));
    virFCLunIndexForgetAll(lunIndex);
    machine[3].there = machine[3].named = machine[3].unreadable = true;
    testReadNames(3, &wwnn, &wwpn);

    if (virFCLunIndexFindHost(lunIndex, wwnn, wwpn, &found) != 1 ||
        virFCLunIndexGet(lunIndex, 3, NULL, &luns, &nluns) == 0)
        return -1;

    machine[3].unreadable = false;
    if (virFCLunIndexFindHost(lunIndex, wwnn, wwpn, &found) != 1 || found != 3)
        return -1;

    return 0;
}


static unsigned int
testNumber(const char *variable,
           unsigned int preset)
{
    unsigned int number = preset;
    const char *text = g_getenv(variable);

    if (text && virStrToLong_uip(text, NULL, 10, &number) < 0)
        fprintf(stderr, "%s is no number: %s\n", variable, text);

    return number;
}


static int
mymain(void)
{
    unsigned int seed = testNumber("VIR_TEST_SEED", g_random_int());
    size_t steps = testNumber("VIR_TEST_STEPS", STEPS);
    int ret;

    printf("# VIR_TEST_SEED=%u\n", seed);

    rnd = g_rand_new_with_seed(seed);
    events = g_ptr_array_new();
    lunIndex = virFCLunIndexNew(&reader);

    ret = virTestRun("the index says what a walk finds", testChurn, &steps);
    if (ret < 0)
        fprintf(stderr, "again with VIR_TEST_SEED=%u\n", seed);

    testArriveAll();
    if (virTestRun("a host that could not be read once is not lost", testUnreadable, NULL) < 0)
        ret = -1;

    virFCLunIndexFree(lunIndex);
    g_ptr_array_unref(events);
    g_rand_free(rnd);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
