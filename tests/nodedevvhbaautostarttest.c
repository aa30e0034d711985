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

#include "node_device/node_device_vhba_autostart.h"
#include "virfile.h"
#include "virhash.h"
#include "virthread.h"
#include "virutil.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

/* A world in which "bad…" cannot be started until all is well, and a start of
 * "slow…" lasts until all is well. */
static virMutex lock = VIR_MUTEX_INITIALIZER;
static virCond wellCond;
static bool well;
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

        if (STRPREFIX(name, "bad") && !well) {
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


/* The time between two attempts is at least a second: it is the event that
 * makes it shorter. */
static int
testHurry(nodeDeviceVHBAAutostart *autostart)
{
    gint64 start = g_get_monotonic_time();

    nodeDeviceVHBAAutostartAdd(autostart, "bad");
    if (testRunUntil(testBadWasTriedTwice) < 0)
        return -1;
    testAllIsWell();
    nodeDeviceVHBAAutostartHurry(autostart);
    if (testRunUntil(testIsIdle) < 0)
        return -1;

    /* without it, 1 s and then 2 s */
    return g_get_monotonic_time() - start < 2500 * 1000 ? 0 : -1;
}


static int
testCancelEndsIt(nodeDeviceVHBAAutostart *autostart)
{
    nodeDeviceVHBAAutostartAdd(autostart, "bad");
    if (testRunUntil(testBadWasTriedTwice) < 0)
        return -1;
    nodeDeviceVHBAAutostartCancel(autostart, "bad");
    if (testRunUntil(testIsIdle) < 0)
        return -1;

    return testCountAttempts("bad") == 2 ? 0 : -1;
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
};


static int
testRun(const void *opaque)
{
    const struct testCase *test = opaque;
    nodeDeviceFCEvents *fcEvents = NULL;
    nodeDeviceVHBAAutostart *autostart = NULL;
    int ret;

    well = false;
    inhibited = false;
    attempts = virHashNew(NULL);

    if (!(fcEvents = nodeDeviceFCEventsNew()) ||
        !(autostart = nodeDeviceVHBAAutostartNew(testStart, NULL, fcEvents, testInhibit, NULL)))
        return -1;

    ret = test->body(autostart);

    testAllIsWell();
    nodeDeviceVHBAAutostartStop(autostart);
    nodeDeviceVHBAAutostartDrain(autostart);
    nodeDeviceVHBAAutostartFree(autostart);
    nodeDeviceFCEventsFree(fcEvents);
    g_clear_pointer(&attempts, g_hash_table_unref);

    return ret;
}


static int
mymain(void)
{
    int ret = 0;

#define TEST(name, body_) \
    do { \
        struct testCase test = { .body = body_ }; \
        if (virTestRun(name, testRun, &test) < 0) \
            ret = -1; \
    } while (0)

    if (virCondInit(&wellCond) < 0 ||
        virPipe(happened) < 0 ||
        virEventRegisterDefaultImpl() < 0 ||
        virEventAddHandle(happened[0], VIR_EVENT_HANDLE_READABLE, testWoken, NULL, NULL) < 0)
        return EXIT_FAILURE;

    TEST("bad ones hold up nobody", testBadOnesHoldUpNobody);
    TEST("slow ones hold up nobody", testSlowOnesHoldUpNobody);
    TEST("the daemon may exit when all have started", testIdleWhenAllHaveStarted);
    TEST("an event brings the next attempt forward", testHurry);
    TEST("cancelled is not tried again", testCancelEndsIt);
    TEST("added twice, started once", testEachIsTriedOnce);
    TEST("added during an attempt, tried again", testAddedMeanwhile);
    TEST("the daemon is asked without our lock", testInhibitWhileStopping);
    TEST("nothing begins after the stop", testStopped);

    VIR_FORCE_CLOSE(happened[0]);
    VIR_FORCE_CLOSE(happened[1]);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
