/*
 * qemu_migration_vhba_cookie.c: what a migration tells about its vHBAs
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

#include "qemu_migration_vhba_cookie.h"

#include "viralloc.h"
#include "virerror.h"
#include "virhash.h"
#include "virstring.h"
#include "viruuid.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

/* More than any guest has; a cookie that claims more is not ours. */
#define QEMU_MIGRATION_VHBA_PAIRS_MAX 256
#define QEMU_MIGRATION_VHBA_LUNS_MAX 1024

/* A designator of VPD page 0x83 has at most 255 bytes; the kernel prints it
 * with a prefix, in hexadecimal if it is binary. */
#define QEMU_MIGRATION_VHBA_ID_MAX 520

/* The target name of a disk is a handful of characters. */
#define QEMU_MIGRATION_VHBA_DISK_MAX 32


void
qemuMigrationVHBALunFree(qemuMigrationVHBALun *lun)
{
    if (!lun)
        return;

    g_free(lun->disk);
    g_free(lun->target);
    g_free(lun->id);
    g_free(lun);
}


void
qemuMigrationVHBAPairFree(qemuMigrationVHBAPair *pair)
{
    size_t i;

    if (!pair)
        return;

    g_free(pair->primary.wwnn);
    g_free(pair->primary.wwpn);
    g_free(pair->secondary.wwnn);
    g_free(pair->secondary.wwpn);
    g_free(pair->fabricWWN);
    for (i = 0; i < pair->nluns; i++)
        qemuMigrationVHBALunFree(pair->luns[i]);
    g_free(pair->luns);
    g_free(pair);
}


/**
 * qemuMigrationVHBACookieNew:
 *
 * Returns a cookie without pairs and with a new migration UUID.
 */
qemuMigrationVHBACookie *
qemuMigrationVHBACookieNew(void)
{
    qemuMigrationVHBACookie *cookie = g_new0(qemuMigrationVHBACookie, 1);
    unsigned char uuid[VIR_UUID_BUFLEN];
    char uuidstr[VIR_UUID_STRING_BUFLEN];

    if (virUUIDGenerate(uuid) < 0) {
        g_free(cookie);
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s",
                       _("failed to generate UUID"));
        return NULL;
    }

    cookie->migration = g_strdup(virUUIDFormat(uuid, uuidstr));

    return cookie;
}


void
qemuMigrationVHBACookieFree(qemuMigrationVHBACookie *cookie)
{
    size_t i;

    if (!cookie)
        return;

    g_free(cookie->migration);
    for (i = 0; i < cookie->npairs; i++)
        qemuMigrationVHBAPairFree(cookie->pairs[i]);
    g_free(cookie->pairs);
    g_free(cookie);
}


static bool
qemuMigrationVHBAPairHas(const qemuMigrationVHBAPair *pair,
                         const char *wwpn)
{
    return virWWNEqual(pair->primary.wwpn, wwpn) ||
           virWWNEqual(pair->secondary.wwpn, wwpn);
}


/**
 * qemuMigrationVHBACookieFindPair:
 * @cookie: what is handed over
 * @wwpn: WWPN of either member of a pair
 *
 * Returns the pair, which is @cookie's; NULL if there is none.
 */
qemuMigrationVHBAPair *
qemuMigrationVHBACookieFindPair(const qemuMigrationVHBACookie *cookie,
                                const char *wwpn)
{
    size_t i;

    for (i = 0; i < cookie->npairs; i++) {
        if (qemuMigrationVHBAPairHas(cookie->pairs[i], wwpn))
            return cookie->pairs[i];
    }

    return NULL;
}


static void
qemuMigrationVHBAMemberXMLFormat(virBuffer *buf,
                                 const char *role,
                                 const qemuMigrationVHBAMember *member)
{
    g_auto(virBuffer) attrBuf = VIR_BUFFER_INITIALIZER;

    virBufferEscapeString(&attrBuf, " wwnn='%s'", member->wwnn);
    virBufferEscapeString(&attrBuf, " wwpn='%s'", member->wwpn);
    virBufferAsprintf(&attrBuf, " autostart='%s'",
                      member->autostart ? "yes" : "no");
    if (member->inactive)
        virBufferAddLit(&attrBuf, " active='no'");

    virXMLFormatElement(buf, role, &attrBuf, NULL);
}


static void
qemuMigrationVHBALunXMLFormat(virBuffer *buf,
                              const qemuMigrationVHBALun *lun)
{
    g_auto(virBuffer) attrBuf = VIR_BUFFER_INITIALIZER;
    g_auto(virBuffer) childBuf = VIR_BUFFER_INIT_CHILD(buf);

    virBufferEscapeString(&attrBuf, " disk='%s'", lun->disk);
    if (lun->depth > 0)
        virBufferAsprintf(&attrBuf, " depth='%u'", lun->depth);
    virBufferEscapeString(&attrBuf, " target='%s'", lun->target);
    virBufferAsprintf(&attrBuf, " unit='%llu' size='%llu'",
                      lun->unit, lun->size);

    virBufferEscapeString(&childBuf, "<id>%s</id>\n", lun->id);

    virXMLFormatElement(buf, "lun", &attrBuf, &childBuf);
}


/**
 * qemuMigrationVHBACookieXMLFormat:
 *
 * Appends the <vhba> element that qemuMigrationVHBACookieXMLParse reads.
 */
void
qemuMigrationVHBACookieXMLFormat(virBuffer *buf,
                                 const qemuMigrationVHBACookie *cookie)
{
    g_auto(virBuffer) attrBuf = VIR_BUFFER_INITIALIZER;
    g_auto(virBuffer) childBuf = VIR_BUFFER_INIT_CHILD(buf);
    size_t i;
    size_t j;

    virBufferEscapeString(&attrBuf, " migration='%s'", cookie->migration);

    for (i = 0; i < cookie->npairs; i++) {
        const qemuMigrationVHBAPair *pair = cookie->pairs[i];
        g_auto(virBuffer) pairAttrBuf = VIR_BUFFER_INITIALIZER;
        g_auto(virBuffer) pairChildBuf = VIR_BUFFER_INIT_CHILD(&childBuf);

        virBufferEscapeString(&pairAttrBuf, " fabric_wwn='%s'", pair->fabricWWN);

        qemuMigrationVHBAMemberXMLFormat(&pairChildBuf, "primary", &pair->primary);
        qemuMigrationVHBAMemberXMLFormat(&pairChildBuf, "secondary", &pair->secondary);
        for (j = 0; j < pair->nluns; j++)
            qemuMigrationVHBALunXMLFormat(&pairChildBuf, pair->luns[j]);

        virXMLFormatElement(&childBuf, "pair", &pairAttrBuf, &pairChildBuf);
    }

    virXMLFormatElement(buf, "vhba", &attrBuf, &childBuf);
}


static int
qemuMigrationVHBAWWNXMLParse(xmlNodePtr node,
                             const char *name,
                             char **wwn)
{
    g_autofree char *str = NULL;

    if (!(str = virXMLPropStringRequired(node, name)) ||
        virWWNParse(str, wwn) < 0)
        return -1;

    return virWWNCheck(*wwn, name);
}


static int
qemuMigrationVHBAMemberXMLParse(xmlXPathContextPtr ctxt,
                                const char *role,
                                qemuMigrationVHBAMember *member)
{
    virTristateBool autostart = VIR_TRISTATE_BOOL_ABSENT;
    virTristateBool active = VIR_TRISTATE_BOOL_ABSENT;
    xmlNodePtr node;

    if (!(node = virXPathNode(role, ctxt))) {
        virReportError(VIR_ERR_XML_ERROR,
                       _("vHBA pair without '%1$s' in migration cookie"), role);
        return -1;
    }

    if (qemuMigrationVHBAWWNXMLParse(node, "wwnn", &member->wwnn) < 0 ||
        qemuMigrationVHBAWWNXMLParse(node, "wwpn", &member->wwpn) < 0 ||
        virXMLPropTristateBool(node, "autostart", VIR_XML_PROP_REQUIRED,
                               &autostart) < 0 ||
        virXMLPropTristateBool(node, "active", VIR_XML_PROP_NONE, &active) < 0)
        return -1;

    member->autostart = autostart == VIR_TRISTATE_BOOL_YES;
    member->inactive = active == VIR_TRISTATE_BOOL_NO;

    return 0;
}


/* These strings end up in messages and are compared, nothing else; whatever
 * is not printable in them did not come from a SCSI device or a domain. */
static int
qemuMigrationVHBACheckText(const char *what,
                           const char *text,
                           size_t max)
{
    const char *p;
    size_t len = text ? strlen(text) : 0;

    if (len == 0 || len > max) {
        virReportError(VIR_ERR_XML_ERROR,
                       _("length of '%1$s' in migration cookie is %2$zu, it must be 1 to %3$zu"),
                       what, len, max);
        return -1;
    }

    for (p = text; *p; p++) {
        if (!g_ascii_isprint(*p)) {
            virReportError(VIR_ERR_XML_ERROR,
                           _("'%1$s' in migration cookie is not printable"), what);
            return -1;
        }
    }

    return 0;
}


static qemuMigrationVHBALun *
qemuMigrationVHBALunXMLParse(xmlNodePtr node,
                             xmlXPathContextPtr ctxt)
{
    g_autoptr(qemuMigrationVHBALun) lun = g_new0(qemuMigrationVHBALun, 1);
    VIR_XPATH_NODE_AUTORESTORE(ctxt)

    ctxt->node = node;

    lun->disk = virXMLPropString(node, "disk");
    lun->id = virXPathString("string(./id)", ctxt);

    if (qemuMigrationVHBACheckText("disk", lun->disk,
                                   QEMU_MIGRATION_VHBA_DISK_MAX) < 0 ||
        qemuMigrationVHBACheckText("id", lun->id,
                                   QEMU_MIGRATION_VHBA_ID_MAX) < 0 ||
        qemuMigrationVHBAWWNXMLParse(node, "target", &lun->target) < 0 ||
        virXMLPropUInt(node, "depth", 10, VIR_XML_PROP_NONE, &lun->depth) < 0 ||
        virXMLPropULongLong(node, "unit", 10, VIR_XML_PROP_REQUIRED,
                            &lun->unit) < 0 ||
        virXMLPropULongLong(node, "size", 10, VIR_XML_PROP_REQUIRED,
                            &lun->size) < 0)
        return NULL;

    return g_steal_pointer(&lun);
}


static ssize_t
qemuMigrationVHBAListXMLParse(xmlXPathContextPtr ctxt,
                              const char *what,
                              size_t min,
                              size_t max,
                              xmlNodePtr **nodes)
{
    ssize_t n = virXPathNodeSet(what, ctxt, nodes);

    if (n < 0)
        return -1;

    if (n < min || n > max) {
        virReportError(VIR_ERR_XML_ERROR,
                       _("number of '%1$s' in migration cookie is %2$zd, it must be %3$zu to %4$zu"),
                       what, n, min, max);
        return -1;
    }

    return n;
}


static qemuMigrationVHBAPair *
qemuMigrationVHBAPairXMLParse(xmlNodePtr node,
                              xmlXPathContextPtr ctxt)
{
    g_autoptr(qemuMigrationVHBAPair) pair = g_new0(qemuMigrationVHBAPair, 1);
    g_autofree xmlNodePtr *nodes = NULL;
    ssize_t n;
    size_t i;
    VIR_XPATH_NODE_AUTORESTORE(ctxt)

    ctxt->node = node;

    if (qemuMigrationVHBAWWNXMLParse(node, "fabric_wwn", &pair->fabricWWN) < 0 ||
        qemuMigrationVHBAMemberXMLParse(ctxt, "primary", &pair->primary) < 0 ||
        qemuMigrationVHBAMemberXMLParse(ctxt, "secondary", &pair->secondary) < 0)
        return NULL;

    if ((n = qemuMigrationVHBAListXMLParse(ctxt, "lun", pair->primary.inactive ? 0 : 1,
                                           QEMU_MIGRATION_VHBA_LUNS_MAX,
                                           &nodes)) < 0)
        return NULL;

    pair->luns = g_new0(qemuMigrationVHBALun *, n);

    for (i = 0; i < n; i++) {
        if (!(pair->luns[i] = qemuMigrationVHBALunXMLParse(nodes[i], ctxt)))
            return NULL;
        pair->nluns++;
    }

    return g_steal_pointer(&pair);
}


/* A WWPN is logged in once on a fabric, so it has one place in a cookie. */
static int
qemuMigrationVHBACheckUnique(const qemuMigrationVHBACookie *cookie)
{
    g_autoptr(GHashTable) seen = virHashNew(NULL);
    size_t i;

    for (i = 0; i < cookie->npairs; i++) {
        const char *wwpns[] = { cookie->pairs[i]->primary.wwpn,
                                cookie->pairs[i]->secondary.wwpn };
        size_t j;

        for (j = 0; j < G_N_ELEMENTS(wwpns); j++) {
            if (virHashHasEntry(seen, wwpns[j])) {
                virReportError(VIR_ERR_XML_ERROR,
                               _("WWPN '%1$s' occurs twice in migration cookie"),
                               wwpns[j]);
                return -1;
            }
            g_hash_table_insert(seen, g_strdup(wwpns[j]), NULL);
        }
    }

    return 0;
}


/**
 * qemuMigrationVHBACookieXMLParse:
 * @ctxt: positioned at the root of a migration cookie
 * @cookie: filled with what its <vhba> element says; caller frees
 *
 * The cookie comes from another host and is validated accordingly.
 *
 * Returns 0 on success, with @cookie untouched when there is no <vhba>;
 *        -1 with an error reported when it is malformed.
 */
int
qemuMigrationVHBACookieXMLParse(xmlXPathContextPtr ctxt,
                                qemuMigrationVHBACookie **cookie)
{
    g_autoptr(qemuMigrationVHBACookie) ret = NULL;
    g_autofree xmlNodePtr *nodes = NULL;
    unsigned char uuid[VIR_UUID_BUFLEN];
    char uuidstr[VIR_UUID_STRING_BUFLEN];
    xmlNodePtr node;
    ssize_t n;
    size_t i;
    VIR_XPATH_NODE_AUTORESTORE(ctxt)

    if (!(node = virXPathNode("./vhba", ctxt)))
        return 0;

    ctxt->node = node;

    if (virXMLPropUUID(node, "migration", VIR_XML_PROP_REQUIRED, uuid) < 0)
        return -1;

    ret = g_new0(qemuMigrationVHBACookie, 1);
    ret->migration = g_strdup(virUUIDFormat(uuid, uuidstr));

    if ((n = qemuMigrationVHBAListXMLParse(ctxt, "pair", 1,
                                           QEMU_MIGRATION_VHBA_PAIRS_MAX,
                                           &nodes)) < 0)
        return -1;

    ret->pairs = g_new0(qemuMigrationVHBAPair *, n);

    for (i = 0; i < n; i++) {
        if (!(ret->pairs[i] = qemuMigrationVHBAPairXMLParse(nodes[i], ctxt)))
            return -1;
        ret->npairs++;
    }

    if (qemuMigrationVHBACheckUnique(ret) < 0)
        return -1;

    *cookie = g_steal_pointer(&ret);

    return 0;
}
