/*
 * qemumigrationvhbacookietest.c: a migration cookie from a hostile peer
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

#include "qemu/qemu_migration_vhba_cookie.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/*
 * Each case replaces one piece of a good cookie. What a good one turns into
 * is the business of qemumigrationcookiexmltest.
 */
struct testCookieChange {
    const char *name;
    const char *old;            /* a piece of the good cookie */
    const char *with;           /* what it is replaced with */
    const char *message;        /* part of the error that must follow */
};


static int
testCookieRefused(const void *opaque)
{
    const struct testCookieChange *change = opaque;
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(xmlXPathContext) ctxt = NULL;
    g_autofree char *good = NULL;
    g_autofree char *bad = NULL;

    if (virTestLoadFile(abs_srcdir "/qemumigrationcookiexmldata/vhba-xml2xml-out.xml",
                        &good) < 0)
        return -1;

    if (!strstr(good, change->old)) {
        VIR_TEST_VERBOSE("'%s' is not in the good cookie", change->old);
        return -1;
    }

    bad = virStringReplace(good, change->old, change->with);

    if (!(doc = virXMLParseStringCtxt(bad, "cookie", &ctxt)))
        return -1;

    if (qemuMigrationVHBACookieXMLParse(ctxt, &cookie) == 0) {
        VIR_TEST_VERBOSE("cookie was accepted:\n%s", bad);
        return -1;
    }

    if (cookie) {
        VIR_TEST_VERBOSE("the result was touched");
        return -1;
    }

    if (!strstr(virGetLastErrorMessage(), change->message)) {
        VIR_TEST_VERBOSE("expected '%s', got '%s'",
                         change->message, virGetLastErrorMessage());
        return -1;
    }

    virResetLastError();
    return 0;
}


static int
testCookieAbsent(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(qemuMigrationVHBACookie) cookie = NULL;
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(xmlXPathContext) ctxt = NULL;

    if (!(doc = virXMLParseStringCtxt("<qemu-migration/>", "cookie", &ctxt)))
        return -1;

    if (qemuMigrationVHBACookieXMLParse(ctxt, &cookie) < 0 || cookie)
        return -1;

    return 0;
}


/* @what, @times over */
static char *
testRepeat(const char *what,
           size_t times)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    size_t i;

    for (i = 0; i < times; i++)
        virBufferAdd(&buf, what, -1);

    return virBufferContentAndReset(&buf);
}


static int
mymain(void)
{
    g_autofree char *luns = testRepeat("<lun disk='vdc'/>", 1025);
    g_autofree char *pairs = testRepeat("<pair/>", 255);
    g_autofree char *id = testRepeat("a", 521);
    g_autofree char *manyLuns = g_strdup_printf("%s<lun disk='vdc'", luns);
    g_autofree char *manyPairs = g_strdup_printf("%s</vhba>", pairs);
    int ret = 0;

#define DO_TEST(NAME, OLD, WITH, MESSAGE) \
    do { \
        const struct testCookieChange change = { NAME, OLD, WITH, MESSAGE }; \
        if (virTestRun("refused: " NAME, testCookieRefused, &change) < 0) \
            ret = -1; \
    } while (0)

    if (virTestRun("no vHBA in the cookie", testCookieAbsent, NULL) < 0)
        ret = -1;

    DO_TEST("migration is not a UUID",
            "7a5bcd26-1a3f-4c3c-9d0e-0b6a9b1f7c55", "../../etc", "migration");
    DO_TEST("no migration", " migration=", " m=", "migration");
    DO_TEST("no pair", "pair", "peer", "number of 'pair'");
    DO_TEST("too many pairs", "</vhba>", manyPairs, "number of 'pair'");
    DO_TEST("WWPN too short", "2101001b32a90002", "2101001b32a9000", "2101001b32a9000");
    DO_TEST("WWPN not hexadecimal", "2101001b32a90004", "2101001b32a9000g", "2101001b32a9000g");
    DO_TEST("WWPN all zero", "2101001b32a90004", "0000000000000000", "0000000000000000");
    DO_TEST("WWPN is a path", "2101001b32a90004", "../../2101001b3", "../../2101001b3");
    DO_TEST("WWNN missing", "wwnn=", "wwnm=", "wwnn");
    DO_TEST("fabric missing", "fabric_wwn=", "fabric=", "fabric_wwn");
    DO_TEST("fabric malformed", "2002000573de9a82", "fabric", "fabric");
    DO_TEST("primary missing", "<primary", "<first", "without 'primary'");
    DO_TEST("secondary missing", "<secondary", "<second", "without 'secondary'");
    DO_TEST("secondary is the primary",
            "2101001b32a90004", "2101001b32a90002", "occurs twice");
    DO_TEST("pairs overlap",
            "2101001b32a90005", "2101001b32a90002", "occurs twice");
    DO_TEST("autostart missing", " autostart='no'", "", "autostart");
    DO_TEST("autostart malformed", "autostart='no'", "autostart='maybe'", "autostart");
    DO_TEST("active malformed", " autostart='no'", " autostart='no' active='maybe'", "active");
    DO_TEST("no LUN", "lun", "nul", "number of 'lun'");
    DO_TEST("too many LUNs", "<lun disk='vdc'", manyLuns, "number of 'lun'");
    DO_TEST("LUN without disk", "disk='vdc'", "", "'disk'");
    DO_TEST("LUN with long disk", "disk='vdc'",
            "disk='abcdefghijklmnopqrstuvwxyz0123456789'", "length of 'disk'");
    DO_TEST("LUN target malformed", "50060e801049cfd2", "50060e80", "50060e80");
    DO_TEST("LUN unit negative", "unit='4'", "unit='-4'", "unit");
    DO_TEST("LUN unit too big", "18446744073709551615", "18446744073709551616", "unit");
    DO_TEST("LUN size missing", "size='512'", "", "size");
    DO_TEST("LUN size malformed", "size='512'", "size='0x'", "size");
    DO_TEST("LUN depth malformed", "depth='1'", "depth='-1'", "depth");
    DO_TEST("LUN identity missing", "<id>eui.002538b971054f8c</id>", "", "length of 'id'");
    DO_TEST("LUN identity empty", "eui.002538b971054f8c", "", "length of 'id'");
    DO_TEST("LUN identity too long", "eui.002538b971054f8c", id, "length of 'id'");
    DO_TEST("LUN identity not printable", "eui.002538b971054f8c", "eui&#10;0", "not printable");

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
