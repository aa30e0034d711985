/*
 * virfcremoteporttest.c: test the view of a host on other ports
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

#include "virfcremoteport.h"
#include "virfilewrapper.h"

#define VIR_FROM_THIS VIR_FROM_NONE

struct testStateData {
    unsigned int host;
    const char *wwpn;
    virFCRemotePortState state;
};


static int
testState(const void *opaque)
{
    const struct testStateData *data = opaque;

    return virFCRemotePortGetState(data->host, data->wwpn) == data->state ? 0 : -1;
}


static int
testNoClass(const void *opaque G_GNUC_UNUSED)
{
    int state;

    virFileWrapperAddPrefix("/sys", "/nonexistent");
    state = virFCRemotePortGetState(1, "2101001b32a90004");
    virFileWrapperClearPrefixes();

    return state == VIR_FC_REMOTE_PORT_UNSEEN && virGetLastErrorCode() == VIR_ERR_OK ? 0 : -1;
}


static int
mymain(void)
{
    char *root = NULL;
    int ret = 0;

    if (!(root = testSysfsTreeUnpack(abs_srcdir "/virfcremoteportdata/rports.sysfs")))
        return EXIT_FAILURE;

#define DO_TEST(NAME, HOST, WWPN, STATE) \
    do { \
        const struct testStateData data = { HOST, WWPN, VIR_FC_REMOTE_PORT_ ## STATE }; \
        if (virTestRun(NAME, testState, &data) < 0) \
            ret = -1; \
    } while (0)

    DO_TEST("online", 1, "2101001b32a90004", PRESENT);
    DO_TEST("online, other spelling", 1, "21:01:00:1B:32:A9:00:04", PRESENT);
    DO_TEST("there, but its path is bad", 1, "2101001b32a9000e", PRESENT);
    DO_TEST("blocked", 1, "2101001b32a90006", GONE);
    DO_TEST("came back on another address", 1, "2101001b32a90008", PRESENT);
    DO_TEST("no state to be read", 1, "2101001b32a9000a", GONE);
    DO_TEST("never seen", 1, "2101001b32a9000c", UNSEEN);
    DO_TEST("seen by another host only", 1, "2101001b32a90002", UNSEEN);
    DO_TEST("seen by that other host", 12, "2101001b32a90002", PRESENT);
    DO_TEST("host without remote ports", 2, "2101001b32a90004", UNSEEN);

    testSysfsTreeRemove(root);

    if (virTestRun("kernel without FC", testNoClass, NULL) < 0)
        ret = -1;

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
