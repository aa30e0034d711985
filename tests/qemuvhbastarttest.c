/*
 * qemuvhbastarttest.c: test starting a vHBA when the fabric lets it in
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
#include "testnodedevvhba.h"
#include "testsysfstree.h"

#include "virfcevent.h"
#include "virfile.h"
#include "viridentity.h"
#include "virthread.h"
#include "virutil.h"
#include "qemu/qemu_vhba_start.h"
#define LIBVIRT_QEMU_VHBA_STARTPRIV_H_ALLOW
#include "qemu/qemu_vhba_startpriv.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define WWNN "2001001b32a9da4e"

/* runs here, and is the partner of all others */
#define PARTNER "2101001b32a90004"

/* what PARTNER sees of others, see partner.sysfs */
#define PRESENT "2101001b32a90002"
#define GONE "2101001b32a90012"
#define UNSEEN "2101001b32a90022"

#define MIGRATION "5c3f1a52-8f3e-4b6f-9d8e-0c1d2e3f4a5b"
#define MARK "<handover state='borrowed' domain='guest' migration='" MIGRATION "'/>"
#define OTHER_MARK "<handover state='borrowed' domain='guest' migration='7a5bcd26-1a3f-4c3c-9d0e-0b6a9b1f7c55'/>"

struct testStart {
    const char *wwpn;
    const char *partner;        /* PARTNER if NULL */
    bool undefined;
    bool unmarked;
    bool otherMark;             /* of another migration */
    bool active;
    bool witnessed;
    bool patient;
    const char *fail;

    qemuVHBAStartResult result;
    const char *calls;
};


static int
testStartTry(const void *opaque)
{
    const struct testStart *t = opaque;
    g_autofree char *wwpn = g_strdup(t->wwpn);
    g_autofree char *migration = g_strdup(MIGRATION);
    g_autofree char *partner = g_strdup_printf("<primary wwpn='%s'/>",
                                               t->partner ? t->partner : PARTNER);
    const char *mark = t->otherMark ? OTHER_MARK : MARK;
    qemuVHBAStart start = {
        .wwpn = wwpn, .migration = migration, .witnessed = t->witnessed,
    };
    virConnectPtr conn = testNodedevVHBAOpen();
    qemuVHBAStartResult result;
    int ret = -1;

    if (!conn)
        return -1;

    if (!t->undefined) {
        testNodedevVHBAAdd(WWNN, t->wwpn, partner, t->unmarked ? NULL : mark,
                           t->active, false);
    }
    testNodedevVHBAFail(t->fail);

    result = qemuVHBAStartTry(conn, &start, t->patient);

    if (result != t->result)
        VIR_TEST_VERBOSE("expected result %d, got %d", t->result, result);
    else if (start.witnessed != (t->witnessed || result == QEMU_VHBA_START_AWAIT))
        VIR_TEST_VERBOSE("wrong about what was witnessed");
    else if (!t->undefined && !t->unmarked && !t->otherMark && !t->active &&
             start.accompanied != !t->partner)
        VIR_TEST_VERBOSE("wrong about the partner");
    else if (start.attempts != (result == QEMU_VHBA_START_REFUSED))
        VIR_TEST_VERBOSE("counted %u attempts", start.attempts);
    else
        ret = testNodedevVHBACheckCalls(t->calls);

    testNodedevVHBAClose(conn);
    virResetLastError();
    return ret;
}


/* A host has been booted: the link and the partner come late, and what that has
 * seen counts only then. */
static int
testPatience(const void *opaque G_GNUC_UNUSED)
{
    qemuVHBAStart start = { 0 };

    if (!qemuVHBAStartIsPatient(&start, 0) ||
        !qemuVHBAStartIsPatient(&start, 20000))
        return -1;

    start.accompanied = true;
    if (!qemuVHBAStartIsPatient(&start, 20500) ||
        !qemuVHBAStartIsPatient(&start, 25000) ||
        qemuVHBAStartIsPatient(&start, 26000))
        return -1;

    start = (qemuVHBAStart) { 0 };
    return qemuVHBAStartIsPatient(&start, 120000) ? -1 : 0;
}


/* Here it has to be started, whoever does that: a guest may go on then. */
static int
testStartNow(const void *opaque)
{
    const struct testStart *t = opaque;
    virConnectPtr conn = testNodedevVHBAOpen();
    bool started;

    if (!conn)
        return -1;

    if (!t->undefined) {
        testNodedevVHBAAdd(WWNN, t->wwpn, "<primary wwpn='" PARTNER "'/>",
                           t->unmarked ? NULL : MARK, t->active, false);
    }

    started = qemuVHBAStartNow(conn, t->wwpn, MIGRATION) == 0;

    testNodedevVHBAClose(conn);
    virResetLastError();
    return started == (t->result == QEMU_VHBA_START_DONE) ? 0 : -1;
}


/* The background. Its thread runs to its end before anybody goes on, and time
 * passes only while it sleeps. */

struct testBackground {
    const char *wwpn;
    const char *fail;           /* this does, */
    unsigned int times;         /* so often, or always if that is 0 */
    bool events;                /* the kernel tells of something at once */
    bool again;                 /* somebody asks for it meanwhile */

    const char *pauses;         /* expected, the first ones, in milliseconds */
    unsigned int elapsed;       /* and all of them, in seconds */
    const char *calls;
    const char *warning;        /* why it gives up */
};

#define DAEMON "the daemon"
#define PAUSES_MAX 6

static const struct testBackground *background;
static gint64 now;              /* in microseconds */
static unsigned int threads;
static unsigned int npauses;
static GString *pauses;
static int told[2];             /* by the kernel */
static unsigned int nevents;    /* that have been read */
static int inhibitions;         /* of the daemon's exit */
static unsigned int idle;       /* how often it was free to exit too early */


static void
testInhibit(bool inhibit,
            void *opaque)
{
    *(int *) opaque += inhibit ? 1 : -1;
}


/* It is tried again after this, and may not fail then. */
static void
testPause(void)
{
    npauses++;
    if (inhibitions != 1)
        idle++;
    if (npauses == background->times)
        testNodedevVHBAFail(NULL);
    if (background->again)
        qemuVHBAStartWhenFree(background->wwpn, MIGRATION);
}


/* Replaced for this process */

gint64
g_get_monotonic_time(void)
{
    return now;
}


void
g_usleep(unsigned long microseconds)
{
    now += microseconds;
    if (npauses < PAUSES_MAX)
        g_string_append_printf(pauses, "%lu ", microseconds / 1000);
    testPause();
}


int
virThreadCreateFull(virThread *thread G_GNUC_UNUSED,
                    bool joinable G_GNUC_UNUSED,
                    virThreadFunc func,
                    const char *name G_GNUC_UNUSED,
                    bool worker G_GNUC_UNUSED,
                    void *opaque)
{
    threads++;
    func(opaque);
    return 0;
}


virIdentity *
virIdentityGetSystem(void)
{
    virIdentity *identity = virIdentityNew();

    ignore_value(virIdentitySetUserName(identity, DAEMON));
    return identity;
}


virFCEventMonitor *
virFCEventMonitorNew(void)
{
    return background->events ? (virFCEventMonitor *) told : NULL;
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


/* one event, and then there never will be another */
int
virFCEventMonitorRead(virFCEventMonitor *mon G_GNUC_UNUSED,
                      virFCEvent *event)
{
    if (nevents++ > 0) {
        testPause();
        return -1;
    }

    event->type = VIR_FC_EVENT_FABRIC_CHANGE;
    event->host = 5;
    return 1;
}


static int
testCheckLog(const char *warning)
{
    g_autofree char *log = virTestLogContentAndReset();
    const char *actual = strstr(log, "Gave up waiting");

    if (!warning && !actual)
        return 0;

    if (warning && actual && strstr(actual, warning) && strstr(actual, background->wwpn))
        return 0;

    VIR_TEST_VERBOSE("expected '%s', it says '%s'", NULLSTR(warning), NULLSTR(actual));
    return -1;
}


static int
testCheckBackground(const struct testBackground *t)
{
    if (testNodedevVHBACheckCalls(t->calls) < 0 ||
        virTestCompareToString(t->pauses, pauses->str) < 0 ||
        testCheckLog(t->warning) < 0)
        return -1;

    if (idle == 0 && inhibitions == 0 &&
        threads == 1 && now / 1000000 == t->elapsed)
        return 0;

    VIR_TEST_VERBOSE("%u threads, %lld microseconds; the daemon was free to exit %u times too early, and is kept by %d now",
                     threads, (long long) now, idle, inhibitions);
    return -1;
}


static int
testInBackground(const void *opaque)
{
    virConnectPtr conn = testNodedevVHBAOpen();
    int ret;

    if (!conn)
        return -1;

    background = opaque;
    now = 0;
    threads = npauses = nevents = idle = 0;
    pauses = g_string_new(NULL);
    g_free(virTestLogContentAndReset());

    testNodedevVHBAAdd(WWNN, background->wwpn, "<primary wwpn='" PARTNER "'/>",
                       MARK, false, false);
    testNodedevVHBAFail(background->fail);
    testNodedevVHBAServe(DAEMON);

    qemuVHBAStartSetInhibit(testInhibit, &inhibitions);
    qemuVHBAStartWhenFree(background->wwpn, MIGRATION);
    qemuVHBAStartSetInhibit(NULL, NULL);
    ret = testCheckBackground(background);

    g_string_free(pauses, true);
    testNodedevVHBAClose(conn);
    virResetLastError();
    return ret;
}


static int
mymain(void)
{
    char *root = NULL;
    int ret = 0;

    if (!(root = testSysfsTreeUnpack(abs_srcdir "/qemumigrationvhbadata/partner.sysfs")))
        return EXIT_FAILURE;

#define STARTED(wwpn) \
    "start vhba_" wwpn "\ndefine vhba_" wwpn " secondary of " PARTNER "\n"

#define TEST(name, RESULT, CALLS, ...) \
    do { \
        const struct testStart t = { \
            .result = QEMU_VHBA_START_ ## RESULT, .calls = CALLS, \
            __VA_ARGS__ \
        }; \
        if (virTestRun(name, testStartTry, &t) < 0) \
            ret = -1; \
    } while (0)

    if (virTestRun("patience ends after the partner has come", testPatience, NULL) < 0)
        ret = -1;

#define TEST_NOW(name, RESULT, ...) \
    do { \
        const struct testStart t = { \
            .result = QEMU_VHBA_START_ ## RESULT, __VA_ARGS__ \
        }; \
        if (virTestRun("now: " name, testStartNow, &t) < 0) \
            ret = -1; \
    } while (0)

    TEST_NOW("it has left", DONE, .wwpn = GONE);
    TEST_NOW("it is present", REFUSED, .wwpn = PRESENT);
    TEST_NOW("somebody has started it", DONE, .wwpn = GONE, .unmarked = true, .active = true);
    TEST_NOW("somebody has unmarked it", REFUSED, .wwpn = GONE, .unmarked = true);
    TEST_NOW("somebody has undefined it", REFUSED, .wwpn = GONE, .undefined = true);

    TEST("it has left", DONE, STARTED(GONE), .wwpn = GONE);
    TEST("it has left, patient", DONE, STARTED(GONE), .wwpn = GONE, .patient = true);
    TEST("it is present", AWAIT, "", .wwpn = PRESENT);
    TEST("it is present, patient", AWAIT, "", .wwpn = PRESENT, .patient = true);
    TEST("it was witnessed, unseen now", DONE, STARTED(UNSEEN),
         .wwpn = UNSEEN, .witnessed = true, .patient = true);
    TEST("nobody sees it, patient", UNKNOWN, "", .wwpn = UNSEEN, .patient = true);
    TEST("nobody sees it", DONE, STARTED(UNSEEN), .wwpn = UNSEEN);
    TEST("the partner does not run here", UNKNOWN, "",
         .wwpn = PRESENT, .partner = UNSEEN, .patient = true);
    TEST("it was started already", DONE,
         "define vhba_" PRESENT " secondary of " PARTNER "\n",
         .wwpn = PRESENT, .active = true);
    TEST("the fabric refuses it", REFUSED, "",
         .wwpn = GONE, .fail = "start vhba_" GONE);
    TEST("the mark cannot be removed", REFUSED, "start vhba_" GONE "\n",
         .wwpn = GONE, .fail = "define vhba_" GONE);
    TEST("somebody has removed the mark", DONE, "", .wwpn = GONE, .unmarked = true);
    TEST("another migration has marked it", DONE, "", .wwpn = GONE, .otherMark = true);
    TEST("somebody has undefined it", DONE, "", .wwpn = GONE, .undefined = true);

    if (virPipe(told) < 0 || safewrite(told[1], "x", 1) != 1)
        return EXIT_FAILURE;

#define TEST_BACKGROUND(name, WWPN, ...) \
    do { \
        const struct testBackground t = { .wwpn = WWPN, __VA_ARGS__ }; \
        if (virTestRun("in the background: " name, testInBackground, &t) < 0) \
            ret = -1; \
    } while (0)

    TEST_BACKGROUND("it has left", GONE, .pauses = "", .calls = STARTED(GONE));
    TEST_BACKGROUND("the fabric refuses it for ten minutes", GONE,
                    .fail = "start vhba_" GONE,
                    .pauses = "1000 2000 4000 8000 16000 16000 ", .elapsed = 607,
                    .calls = "", .warning = "'start vhba_" GONE "' was told to fail");
    TEST_BACKGROUND("the fabric refuses it for a while", GONE,
                    .fail = "start vhba_" GONE, .times = 3,
                    .pauses = "1000 2000 4000 ", .elapsed = 7,
                    .calls = STARTED(GONE));
    TEST_BACKGROUND("it is present for ten minutes", PRESENT,
                    .pauses = "500 500 500 500 500 500 ", .elapsed = 600,
                    .calls = "", .warning = "it is logged in on another host");
    TEST_BACKGROUND("nobody sees it", UNSEEN,
                    .pauses = "500 500 500 500 500 500 ", .elapsed = 5,
                    .calls = STARTED(UNSEEN));
    TEST_BACKGROUND("the other daemon does not answer for a while", GONE,
                    .fail = "connect", .times = 4,
                    .pauses = "1000 1000 1000 1000 ", .elapsed = 4,
                    .calls = STARTED(GONE));
    TEST_BACKGROUND("something happens on the fabric", GONE,
                    .fail = "start vhba_" GONE, .times = 1, .events = true,
                    .pauses = "", .calls = STARTED(GONE));
    TEST_BACKGROUND("there are no more events", GONE,
                    .fail = "start vhba_" GONE, .times = 2, .events = true,
                    .pauses = "2000 ", .elapsed = 2, .calls = STARTED(GONE));
    TEST_BACKGROUND("it is asked for twice", GONE,
                    .fail = "start vhba_" GONE, .times = 2, .again = true,
                    .pauses = "1000 2000 ", .elapsed = 3, .calls = STARTED(GONE));

    VIR_FORCE_CLOSE(told[0]);
    VIR_FORCE_CLOSE(told[1]);
    testSysfsTreeRemove(root);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
