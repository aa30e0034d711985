/*
 * cookie.c: fuzz what the source of a migration tells the destination
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An input is the whole cookie that comes in with Prepare, for a domain that
 * is called "upstream".
 */

#include <config.h>

#include "fuzz.h"
#include "libvirt.h"
#include "qemu.h"

#include "qemu/qemu_migration_cookie.h"
#include "qemu/qemu_migration_vhba_cookie.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define NAME "upstream"
#define UUID "dcf47dbd-46d1-4d5b-b442-262a806a333a"

/* LOCKSTATE needs a lock manager. */
#define FLAGS (~(unsigned int) QEMU_MIGRATION_COOKIE_LOCKSTATE)

static virDomainDef *domain;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    fuzz_libvirt_init();
    domain = virDomainDefNew(fuzz_qemu_driver()->xmlopt);
    domain->name = g_strdup(NAME);
    return virUUIDParse(UUID, domain->uuid);
}

static char *
format(const qemuMigrationVHBACookie *vhba)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;

    virBufferAddLit(&buf, "<qemu-migration>\n");
    virBufferAdjustIndent(&buf, 2);
    qemuMigrationVHBACookieXMLFormat(&buf, vhba);
    virBufferAdjustIndent(&buf, -2);
    virBufferAddLit(&buf, "</qemu-migration>\n");
    return virBufferContentAndReset(&buf);
}

static qemuMigrationVHBACookie *
parse(const char *xml)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(xmlXPathContext) ctxt = NULL;
    qemuMigrationVHBACookie *vhba = NULL;

    if (!(doc = virXMLParseStringCtxt(xml, "cookie", &ctxt)) ||
        qemuMigrationVHBACookieXMLParse(ctxt, &vhba) < 0)
        return NULL;
    return vhba;
}

/* A WWPN is a file name on the destination, and part of a device's. */
static void
check_wwn(const char *wwn)
{
    PROMISE(strlen(wwn) == 16 && strspn(wwn, "0123456789abcdef") == 16,
            "'%s' is not a WWN", wwn);
}

static void
check_pair(const qemuMigrationVHBACookie *vhba,
           qemuMigrationVHBAPair *pair)
{
    check_wwn(pair->primary.wwnn);
    check_wwn(pair->primary.wwpn);
    check_wwn(pair->secondary.wwnn);
    check_wwn(pair->secondary.wwpn);
    check_wwn(pair->fabricWWN);
    for (size_t i = 0; i < pair->nluns; i++)
        check_wwn(pair->luns[i]->target);

    PROMISE(qemuMigrationVHBACookieFindPair(vhba, pair->primary.wwpn) == pair &&
            qemuMigrationVHBACookieFindPair(vhba, pair->secondary.wwpn) == pair,
            "'%s' is a member of two pairs", pair->primary.wwpn);
}

static void
check_vhba(const qemuMigrationVHBACookie *vhba)
{
    g_autofree char *first = format(vhba);
    g_autofree char *second = NULL;
    g_autoptr(qemuMigrationVHBACookie) again = parse(first);

    PROMISE(again, "a cookie is not taken back: %s\n%s",
            virGetLastErrorMessage(), first);
    second = format(again);
    fuzz_same("a cookie", first, second);

    PROMISE(vhba->npairs > 0, "a hand-over of nothing");
    for (size_t i = 0; i < vhba->npairs; i++)
        check_pair(vhba, vhba->pairs[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *input = g_strndup((const char *) data, size);
    g_autoptr(qemuMigrationCookie) cookie = NULL;

    cookie = qemuMigrationCookieParse(fuzz_qemu_driver(), NULL, domain, NULL,
                                      fuzz_qemu_caps(), input,
                                      strlen(input) + 1, FLAGS);
    if (cookie && cookie->vhba)
        check_vhba(cookie->vhba);

    virResetLastError();
    return 0;
}
