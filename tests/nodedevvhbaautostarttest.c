/*
 * nodedevvhbaautostarttest.c: test vHBAs that start by themselves
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
#include "virmock.h"

#include "node_device/node_device_fc_events.h"
#include "node_device/node_device_vhba_autostart.h"
#include "virevent.h"
#include "virfcevent.h"
#include "virfchost.h"
#include "virfile.h"
#include "virhash.h"
#include "virthread.h"
#include "virutil.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

/* A world in which "bad…" cannot be started until all is well, and a start of
 * "slow…" lasts until all is well; "slow and bad" fails then.
 *
 * It needs no clock: the usual wait until the next attempt is endless, or over at
 * once if time passes. One that something has made shorter is over at once. */
#define LONG_WAIT 1000

static virMutex lock = VIR_MUTEX_INITIALIZER;
static virCond wellCond;
static bool well;
static bool timePasses;
static unsigned int waits; /* how many usual ones have begun */
static unsigned int hurries; /* and how many that are shorter */
static bool inhibited;
static nodeDeviceVHBAAutostart *stopping; /* what the daemon may be stopping */
static GHashTable *attempts; /* name -> how many */

/* Whatever happens, a byte is written here, to wake the event loop. */
static int happened[2];


static void
testWakeLoop(void)
{
    ignore_value(safewrite(happened[1], "x", 1));
}


static void
testWoken(int watch G_GNUC_UNUSED,
          int fd,
          int events G_GNUC_UNUSED,
          void *opaque G_GNUC_UNUSED)
{
    char buf[256];

    ignore_value(saferead(fd, buf, 1));
}


static int
testWait(int timeout)
{
    VIR_LOCK_GUARD guard = virLockGuardLock(&lock);

    if (timeout <= 0)
        return timeout;

    if (timeout < LONG_WAIT) {
        hurries++;
        return 0;
    }

    waits++;
    testWakeLoop();
    return timePasses ? 0 : -1;
}


/* Replaced for this process: the clock */
static void (*real_virEventUpdateTimeout)(int timer, int timeout);

void
virEventUpdateTimeout(int timer,
                      int timeout)
{
    VIR_MOCK_REAL_INIT(virEventUpdateTimeout);
    real_virEventUpdateTimeout(timer, testWait(timeout));
}


/* Replaced for this process: the kernel, which tells of what is written here, and
 * whose HBA is host5. host12 is a vHBA. */
static int told[2];
static unsigned int reads; /* how often all has been read, and told to who listens */
static nodeDeviceFCEvents *fcEvents;
static virFCEvent event; /* that a test is about */

virFCEventMonitor *
virFCEventMonitorNew(void)
{
    return (virFCEventMonitor *) told;
}


void
virFCEventMonitorFree(virFCEventMonitor *mon G_GNUC_UNUSED)
{
}


int
virFCEventMonitorGetFD(virFCEventMonitor *mon G_GNUC_UNUSED)
{
    return told[0];
}


int
virFCEventMonitorRead(virFCEventMonitor *mon G_GNUC_UNUSED,
                      virFCEvent *next)
{
    if (saferead(told[0], next, sizeof(*next)) == sizeof(*next))
        return 1;

    reads++;
    return 0;
}


bool
virFCHostIsHBA(unsigned int host)
{
    return host == 5;
}


static void
testInhibit(bool inhibit,
            void *opaque G_GNUC_UNUSED)
{
    /* This takes the lock of the daemon, which has it while it stops us. */
    if (stopping)
        nodeDeviceVHBAAutostartHurry(stopping);

    VIR_WITH_MUTEX_LOCK_GUARD(&lock) {
        inhibited = inhibit;
    }
    testWakeLoop();
}


static unsigned int
testCountAttempts(const char *name)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(attempts, name));
}


static int
testStart(const char *name,
          void *opaque G_GNUC_UNUSED)
{
    int ret = 0;

    VIR_WITH_MUTEX_LOCK_GUARD(&lock) {
        g_hash_table_insert(attempts, g_strdup(name),
                            GUINT_TO_POINTER(testCountAttempts(name) + 1));
        testWakeLoop();

        while (STRPREFIX(name, "slow") && !well)
            ignore_value(virCondWait(&wellCond, &lock));

        if ((STRPREFIX(name, "bad") && !well) || STREQ(name, "slow and bad")) {
            virReportError(VIR_ERR_OPERATION_FAILED, "'%s' is bad", name);
            ret = -1;
        }
    }

    return ret;
}


static void
testAllIsWell(void)
{
    VIR_WITH_MUTEX_LOCK_GUARD(&lock) {
        well = true;
        virCondBroadcast(&wellCond);
    }
}


typedef bool (*testCondition)(void);

static void
testTooLate(int timer,
            void *opaque)
{
    bool *late = opaque;

    *late = true;
    virEventUpdateTimeout(timer, -1);
}


/* Runs the event loop until @condition holds. Returns -1 if it does not for a
 * long time. */
static int
testRunUntil(testCondition condition)
{
    bool late = false;
    bool met = false;
    int timer = virEventAddTimeout(15 * 1000, testTooLate, &late, NULL);

    while (!met && !late) {
        VIR_WITH_MUTEX_LOCK_GUARD(&lock) {
            met = condition();
        }
        if (!met && virEventRunDefaultImpl() < 0)
            break;
    }

    virEventRemoveTimeout(timer);
    return met ? 0 : -1;
}


static bool
testIsIdle(void)
{
    return !inhibited;
}


static bool
testGoodWasTried(void)
{
    return testCountAttempts("good") > 0;
}


static bool
testBadWasTriedTwice(void)
{
    return testCountAttempts("bad") > 1;
}


/* An attempt is over, and the next one is far away. */
static bool
testIsWaiting(void)
{
    return waits > 0;
}


static bool
testSlowAndBadWasTried(void)
{
    return testCountAttempts("slow and bad") > 0;
}


static bool
testWasRead(void)
{
    return reads > 0;
}


static void
testAddMany(nodeDeviceVHBAAutostart *autostart,
            const char *prefix,
            size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("%s%zu", prefix, i);

        nodeDeviceVHBAAutostartAdd(autostart, name);
    }
}


static int
testBadOnesHoldUpNobody(nodeDeviceVHBAAutostart *autostart)
{
    timePasses = true;
    nodeDeviceVHBAAutostartAdd(autostart, "bad");
    testAddMany(autostart, "fine", 20);
    nodeDeviceVHBAAutostartAdd(autostart, "good");
    if (testRunUntil(testGoodWasTried) < 0 ||
        testRunUntil(testBadWasTriedTwice) < 0)
        return -1;

    return inhibited ? 0 : -1;
}


/* All that one HBA can carry, but for one, are waiting for the fabric. */
static int
testSlowOnesHoldUpNobody(nodeDeviceVHBAAutostart *autostart)
{
    testAddMany(autostart, "slow", 254);
    nodeDeviceVHBAAutostartAdd(autostart, "good");
    if (testRunUntil(testGoodWasTried) < 0)
        return -1;
    testAllIsWell();

    return testRunUntil(testIsIdle);
}


static int
testIdleWhenAllHaveStarted(nodeDeviceVHBAAutostart *autostart)
{
    testAddMany(autostart, "fine", 20);
    if (!inhibited || testRunUntil(testIsIdle) < 0)
        return -1;

    return g_hash_table_size(attempts) == 20 ? 0 : -1;
}


static int
testHurry(nodeDeviceVHBAAutostart *autostart)
{
    nodeDeviceVHBAAutostartAdd(autostart, "bad");
    if (testRunUntil(testIsWaiting) < 0)
        return -1;
    testAllIsWell();
    nodeDeviceVHBAAutostartHurry(autostart);
    if (testRunUntil(testIsIdle) < 0)
        return -1;

    return testCountAttempts("bad") == 2 ? 0 : -1;
}


static int
testCancelEndsIt(nodeDeviceVHBAAutostart *autostart)
{
    nodeDeviceVHBAAutostartAdd(autostart, "bad");
    if (testRunUntil(testIsWaiting) < 0)
        return -1;
    if (!nodeDeviceVHBAAutostartCancel(autostart, "bad") || inhibited)
        return -1;

    /* what is there still would be due before what is added now */
    nodeDeviceVHBAAutostartHurry(autostart);
    nodeDeviceVHBAAutostartAdd(autostart, "good");
    if (testRunUntil(testGoodWasTried) < 0 ||
        testRunUntil(testIsIdle) < 0)
        return -1;

    return testCountAttempts("bad") == 1 && hurries == 0 ? 0 : -1;
}


/* Whoever cancels it while an attempt is made lets that end. */
static int
testCancelDuringAttempt(nodeDeviceVHBAAutostart *autostart)
{
    nodeDeviceVHBAAutostartAdd(autostart, "slow and bad");
    if (testRunUntil(testSlowAndBadWasTried) < 0)
        return -1;
    if (!nodeDeviceVHBAAutostartCancel(autostart, "slow and bad") || !inhibited)
        return -1;
    testAllIsWell();
    if (testRunUntil(testIsIdle) < 0)
        return -1;

    return testCountAttempts("slow and bad") == 1 && waits == 0 ? 0 : -1;
}


/* The kernel tells of the event while "bad" waits for another attempt. */
static int
testTellWaiting(nodeDeviceVHBAAutostart *autostart)
{
    nodeDeviceFCEventsListen(fcEvents);
    nodeDeviceVHBAAutostartAdd(autostart, "bad");
    if (testRunUntil(testIsWaiting) < 0)
        return -1;
    testAllIsWell();
    if (safewrite(told[1], &event, sizeof(event)) != sizeof(event))
        return -1;

    return testRunUntil(testWasRead);
}


static int
testEventMatters(nodeDeviceVHBAAutostart *autostart)
{
    if (testTellWaiting(autostart) < 0 ||
        testRunUntil(testIsIdle) < 0)
        return -1;

    return testCountAttempts("bad") == 2 ? 0 : -1;
}


static int
testEventDoesNotMatter(nodeDeviceVHBAAutostart *autostart)
{
    if (testTellWaiting(autostart) < 0)
        return -1;

    return inhibited && hurries == 0 ? 0 : -1;
}


static int
testEachIsTriedOnce(nodeDeviceVHBAAutostart *autostart)
{
    nodeDeviceVHBAAutostartAdd(autostart, "good");
    nodeDeviceVHBAAutostartAdd(autostart, "good");
    if (testRunUntil(testIsIdle) < 0)
        return -1;

    return testCountAttempts("good") == 1 ? 0 : -1;
}


/* Whoever asks the daemon not to exit does not keep it from stopping us. */
static int
testInhibitWhileStopping(nodeDeviceVHBAAutostart *autostart)
{
    int ret;

    stopping = autostart;
    nodeDeviceVHBAAutostartAdd(autostart, "good");
    ret = testRunUntil(testIsIdle);
    nodeDeviceVHBAAutostartAdd(autostart, "bad");
    nodeDeviceVHBAAutostartCancel(autostart, "bad");
    stopping = NULL;

    return ret;
}


static bool
testSlowWasTried(void)
{
    return testCountAttempts("slow") > 0;
}


/* What is added while an attempt is made may be more than that attempt has seen. */
static int
testAddedMeanwhile(nodeDeviceVHBAAutostart *autostart)
{
    nodeDeviceVHBAAutostartAdd(autostart, "slow");
    if (testRunUntil(testSlowWasTried) < 0)
        return -1;
    nodeDeviceVHBAAutostartAdd(autostart, "slow");
    testAllIsWell();
    if (testRunUntil(testIsIdle) < 0)
        return -1;

    return testCountAttempts("slow") == 2 ? 0 : -1;
}


static int
testStopped(nodeDeviceVHBAAutostart *autostart)
{
    nodeDeviceVHBAAutostartStop(autostart);
    nodeDeviceVHBAAutostartAdd(autostart, "good");
    nodeDeviceVHBAAutostartHurry(autostart);

    return inhibited || testGoodWasTried() ? -1 : 0;
}


typedef int (*testBody)(nodeDeviceVHBAAutostart *autostart);

struct testCase {
    testBody body;
    virFCEvent event;
};


static int
testRun(const void *opaque)
{
    const struct testCase *test = opaque;
    nodeDeviceVHBAAutostart *autostart = NULL;
    int ret;

    well = false;
    inhibited = false;
    timePasses = false;
    waits = hurries = reads = 0;
    event = test->event;
    attempts = virHashNew(NULL);

    if (!(fcEvents = nodeDeviceFCEventsNew()) ||
        !(autostart = nodeDeviceVHBAAutostartNew(testStart, NULL, fcEvents, testInhibit, NULL)))
        return -1;

    ret = test->body(autostart);

    testAllIsWell();
    nodeDeviceVHBAAutostartStop(autostart);
    nodeDeviceVHBAAutostartDrain(autostart);
    nodeDeviceFCEventsStop(fcEvents);
    nodeDeviceVHBAAutostartFree(autostart);
    g_clear_pointer(&fcEvents, nodeDeviceFCEventsFree);
    g_clear_pointer(&attempts, g_hash_table_unref);

    return ret;
}


static int
mymain(void)
{
    int ret = 0;

#define TEST_EVENT(name, body_, type_, host_) \
    TEST(name, testEvent ## body_, .event = { .type = VIR_FC_EVENT_ ## type_, .host = host_ })

#define TEST(name, body_, ...) \
    do { \
        struct testCase test = { .body = body_, __VA_ARGS__ }; \
        if (virTestRun(name, testRun, &test) < 0) \
            ret = -1; \
    } while (0)

    if (virCondInit(&wellCond) < 0 ||
        virPipe(happened) < 0 ||
        virPipeNonBlock(told) < 0 ||
        virEventRegisterDefaultImpl() < 0 ||
        virEventAddHandle(happened[0], VIR_EVENT_HANDLE_READABLE, testWoken, NULL, NULL) < 0)
        return EXIT_FAILURE;

    TEST("bad ones hold up nobody", testBadOnesHoldUpNobody);
    TEST("slow ones hold up nobody", testSlowOnesHoldUpNobody);
    TEST("the daemon may exit when all have started", testIdleWhenAllHaveStarted);
    TEST("an event brings the next attempt forward", testHurry);
    TEST_EVENT("a link that comes up is an occasion", Matters, LINK_UP, 5);
    TEST_EVENT("a link that is reset is an occasion", Matters, LINK_RESET, 5);
    TEST_EVENT("a change of the fabric is an occasion", Matters, FABRIC_CHANGE, 5);
    TEST_EVENT("events that were lost are an occasion", Matters, LOST, 0);
    TEST_EVENT("a link that goes down is none", DoesNotMatter, LINK_DOWN, 5);
    TEST_EVENT("what a vHBA is told is none", DoesNotMatter, LINK_UP, 12);
    TEST("cancelled is not tried again", testCancelEndsIt);
    TEST("cancelled during an attempt, not tried again", testCancelDuringAttempt);
    TEST("added twice, started once", testEachIsTriedOnce);
    TEST("added during an attempt, tried again", testAddedMeanwhile);
    TEST("the daemon is asked without our lock", testInhibitWhileStopping);
    TEST("nothing begins after the stop", testStopped);

    VIR_FORCE_CLOSE(happened[0]);
    VIR_FORCE_CLOSE(happened[1]);
    VIR_FORCE_CLOSE(told[0]);
    VIR_FORCE_CLOSE(told[1]);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
