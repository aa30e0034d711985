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

    testSysfsTreeRemove(root);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
