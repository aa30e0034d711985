/*
 * virxmltest.c: test what is said about XML that cannot be parsed
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
#include "virerror.h"
#include "virxml.h"

#define VIR_FROM_THIS VIR_FROM_NONE


struct testBad {
    const char *xml;
    const char *line;           /* of the document, as the error shows it */
};


static int
testErrorShowsLine(const void *opaque)
{
    const struct testBad *bad = opaque;
    g_autoptr(xmlDoc) doc = virXMLParseStringCtxt(bad->xml, "(test)", NULL);
    g_autofree char *shown = NULL;

    if (doc)
        return -1;

    shown = g_strdup_printf("\n%s\n", bad->line);
    if (!strstr(virGetLastErrorMessage(), shown)) {
        VIR_TEST_DEBUG("not in the error: '%s': %s", bad->line, virGetLastErrorMessage());
        return -1;
    }

    virResetLastError();
    return 0;
}


static int
mymain(void)
{
    int ret = 0;

#define TEST(name, xml_, line_) \
    do { \
        const struct testBad bad = { .xml = xml_, .line = line_ }; \
        if (virTestRun(name, testErrorShowsLine, &bad) < 0) \
            ret = -1; \
    } while (0)

    TEST("one line", "<a><b></a>", "<a><b></a>");
    TEST("the second line", "<a>\n  <b></a>\n", "  <b></a>");
    TEST("an end that is missing", "<a>\n\n\n", "<a>");
    TEST("one blank line", "\n", "");
    TEST("blank lines", "\n\n", "");
    TEST("blank lines of DOS", "\r\n\r\n", "");
    TEST("blank lines of old", "\r\r", "");

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
