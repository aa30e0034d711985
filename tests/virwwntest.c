/*
 * virwwntest.c: test WWN parsing
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

#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE

struct testParseData {
    const char *str;
    const char *expect; /* NULL if @str has to be refused */
};


static int
testParse(const void *opaque)
{
    const struct testParseData *data = opaque;
    g_autofree char *wwn = NULL;
    int rc = virWWNParse(data->str, &wwn);

    if (!data->expect) {
        if (rc == 0) {
            VIR_TEST_DEBUG("'%s' was accepted as '%s'", data->str, wwn);
            return -1;
        }
        if (wwn || !strstr(virGetLastErrorMessage(), data->str)) {
            VIR_TEST_DEBUG("the error does not name '%s'", data->str);
            return -1;
        }
        virResetLastError();
        return 0;
    }

    return rc == 0 && STREQ(wwn, data->expect) ? 0 : -1;
}


struct testEqualData {
    const char *a;
    const char *b;
    bool expect;
};


static int
testEqual(const void *opaque)
{
    const struct testEqualData *data = opaque;

    if (virWWNEqual(data->a, data->b) != data->expect ||
        virWWNEqual(data->b, data->a) != data->expect)
        return -1;

    return 0;
}


struct testCheckData {
    const char *wwn;
    bool valid;
};


static int
testCheck(const void *opaque)
{
    const struct testCheckData *data = opaque;
    int rc = virWWNCheck(data->wwn, "wwpn");

    if ((rc == 0) != data->valid)
        return -1;

    if (rc < 0 &&
        (!strstr(virGetLastErrorMessage(), "wwpn") ||
         !strstr(virGetLastErrorMessage(), data->wwn)))
        return -1;

    virResetLastError();
    return 0;
}


static int
mymain(void)
{
    int ret = 0;

#define TEST_PARSE(str_, expect_) \
    do { \
        struct testParseData data = { .str = str_, .expect = expect_ }; \
        if (virTestRun("parse '" str_ "'", testParse, &data) < 0) \
            ret = -1; \
    } while (0)

#define TEST_EQUAL(a_, b_, expect_) \
    do { \
        struct testEqualData data = { .a = a_, .b = b_, .expect = expect_ }; \
        if (virTestRun("equal " #a_ " and " #b_, testEqual, &data) < 0) \
            ret = -1; \
    } while (0)

#define TEST_CHECK(wwn_, valid_) \
    do { \
        struct testCheckData data = { .wwn = wwn_, .valid = valid_ }; \
        if (virTestRun("check " wwn_, testCheck, &data) < 0) \
            ret = -1; \
    } while (0)

    TEST_PARSE("2101001b32a90002", "2101001b32a90002");
    TEST_PARSE("2101001B32A90002", "2101001b32a90002");
    TEST_PARSE("0x2101001b32a90002", "2101001b32a90002");
    TEST_PARSE("0X2101001B32A90002", "2101001b32a90002");
    TEST_PARSE("21:01:00:1b:32:a9:00:02", "2101001b32a90002");
    TEST_PARSE("21:01:00:1B:32:A9:00:02", "2101001b32a90002");

    TEST_PARSE("", NULL);
    TEST_PARSE("0x", NULL);
    TEST_PARSE("2101001b32a9000", NULL);
    TEST_PARSE("2101001b32a900021", NULL);
    TEST_PARSE("2101001b32a9000g", NULL);
    TEST_PARSE(" 2101001b32a90002", NULL);
    TEST_PARSE("2101001b32a90002\n", NULL);
    TEST_PARSE("0x0x2101001b32a90002", NULL);
    TEST_PARSE("21:01:00:1b:32:a9:00", NULL);
    TEST_PARSE("21:01:00:1b:32:a9:00:02:", NULL);
    TEST_PARSE("21:01:00:1b:32:a9:0002", NULL);
    TEST_PARSE("210:1:00:1b:32:a9:00:02", NULL);
    TEST_PARSE("21-01-00-1b-32-a9-00-02", NULL);
    TEST_PARSE("scsi_host5", NULL);

    TEST_EQUAL("2101001b32a90002", "2101001b32a90002", true);
    TEST_EQUAL("2101001b32a90002", "0x2101001B32A90002", true);
    TEST_EQUAL("2101001b32a90002", "21:01:00:1b:32:a9:00:02", true);
    TEST_EQUAL("2101001b32a90002", "2101001b32a90004", false);
    TEST_EQUAL("2101001b32a90002", NULL, false);
    TEST_EQUAL(NULL, NULL, false);
    TEST_EQUAL("garbage", "garbage", false);

    TEST_CHECK("10000000c9848140", true);
    TEST_CHECK("2101001b32a90002", true);
    TEST_CHECK("3101001b32a90002", true);
    TEST_CHECK("50060e801049cfd1", true);
    TEST_CHECK("c050760000000001", true);
    TEST_CHECK("0x2101001B32A90002", true);
    TEST_CHECK("0000000000000000", false);
    TEST_CHECK("4101001b32a90002", false);
    TEST_CHECK("b101001b32a90002", false);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
