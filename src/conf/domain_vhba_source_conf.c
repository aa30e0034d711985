/*
 * domain_vhba_source_conf.c: disk sources behind a Fibre Channel vHBA
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

#include "domain_vhba_source_conf.h"
#include "domain_conf.h"
#include "viralloc.h"
#include "virbuffer.h"
#include "virerror.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_DOMAIN


virStorageSourceVHBA *
virStorageSourceVHBACopy(const virStorageSourceVHBA *vhba)
{
    virStorageSourceVHBA *copy;

    if (!vhba)
        return NULL;

    copy = g_new0(virStorageSourceVHBA, 1);
    copy->wwnn = g_strdup(vhba->wwnn);
    copy->wwpn = g_strdup(vhba->wwpn);
    copy->target = g_strdup(vhba->target);
    copy->hasUnit = vhba->hasUnit;
    copy->unit = vhba->unit;
    copy->byPath = vhba->byPath;
    copy->dev = g_strdup(vhba->dev);
    copy->active = g_strdup(vhba->active);

    return copy;
}


void
virStorageSourceVHBAFree(virStorageSourceVHBA *vhba)
{
    if (!vhba)
        return;

    g_free(vhba->wwnn);
    g_free(vhba->wwpn);
    g_free(vhba->target);
    g_free(vhba->dev);
    g_free(vhba->active);
    g_free(vhba);
}


/**
 * virStorageSourceVHBAIsUsed:
 * @src: any source, or NULL
 *
 * Returns true if @src, or what it builds upon, is a LUN behind a vHBA, or has its
 * data there.
 */
bool
virStorageSourceVHBAIsUsed(const virStorageSource *src)
{
    const virStorageSource *n;

    for (n = src; virStorageSourceIsBacking(n); n = n->backingStore) {
        if (n->vhba ||
            (n->dataFileStore && n->dataFileStore->vhba))
            return true;
    }

    return false;
}


/**
 * virStorageSourceVHBAForget:
 * @src: any source, or NULL
 *
 * Makes a source behind a vHBA what it was configured to be: forgets what it was
 * resolved to. A copy of a running domain's source has to, if it is to become
 * configuration: the device node may be another one at the next start.
 */
void
virStorageSourceVHBAForget(virStorageSource *src)
{
    if (!src)
        return;

    virStorageSourceVHBAForget(src->dataFileStore);

    if (!src->vhba)
        return;

    g_clear_pointer(&src->vhba->active, g_free);
    g_free(src->path);
    src->path = g_strdup(src->vhba->dev);
}


/**
 * virStorageSourceVHBAIsEqual:
 * @a: a source behind a vHBA, or NULL for any other source
 * @b: another one
 *
 * Tells whether both are configured to be the same unit behind the same vHBA.
 * What they were resolved to does not count: one of them may not be resolved
 * yet, or be resolved on another host.
 */
bool
virStorageSourceVHBAIsEqual(const virStorageSourceVHBA *a,
                            const virStorageSourceVHBA *b)
{
    if (!a || !b)
        return a == b;

    return STREQ_NULLABLE(a->wwnn, b->wwnn) &&
        STREQ_NULLABLE(a->wwpn, b->wwpn) &&
        STREQ_NULLABLE(a->target, b->target) &&
        a->hasUnit == b->hasUnit &&
        a->unit == b->unit &&
        a->byPath == b->byPath &&
        STREQ_NULLABLE(a->dev, b->dev);
}


static int
virStorageSourceVHBAParseLun(xmlNodePtr node,
                             virStorageSourceVHBA *vhba)
{
    g_autofree char *target = virXMLPropString(node, "target");
    int rc;

    if ((rc = virXMLPropULongLong(node, "unit", 10, VIR_XML_PROP_NONE,
                                  &vhba->unit)) < 0)
        return -1;

    vhba->hasUnit = rc > 0;

    if (target && virWWNParse(target, &vhba->target) < 0)
        return -1;

    if (!vhba->hasUnit && !target) {
        virReportError(VIR_ERR_XML_ERROR, "%s",
                       _("<lun> of a vHBA source needs attribute 'unit' or 'target'"));
        return -1;
    }

    return 0;
}


static int
virStorageSourceVHBAParseWWN(xmlNodePtr node,
                             const char *name,
                             char **wwn)
{
    g_autofree char *value = NULL;

    if (!(value = virXMLPropStringRequired(node, name)))
        return -1;

    return virWWNParse(value, wwn);
}


static int
virStorageSourceVHBAParseByPath(const virStorageSource *src,
                                virStorageSourceVHBA *vhba,
                                bool hasWWN,
                                bool hasLun)
{
    if (hasWWN || hasLun) {
        virReportError(VIR_ERR_XML_ERROR, "%s",
                       _("a disk source with model='vport' takes 'dev' only; 'wwnn', 'wwpn' and <lun> are worked out from it"));
        return -1;
    }

    if (!src->path || !*src->path) {
        virReportError(VIR_ERR_XML_ERROR, "%s",
                       _("a disk source with model='vport' needs attribute 'dev'"));
        return -1;
    }

    vhba->byPath = true;
    vhba->dev = g_strdup(src->path);
    return 0;
}


static int
virStorageSourceVHBAParseByWWN(xmlNodePtr node,
                               xmlNodePtr lun,
                               virStorageSourceVHBA *vhba)
{
    if (virStorageSourceVHBAParseWWN(node, "wwnn", &vhba->wwnn) < 0 ||
        virStorageSourceVHBAParseWWN(node, "wwpn", &vhba->wwpn) < 0)
        return -1;

    return lun ? virStorageSourceVHBAParseLun(lun, vhba) : 0;
}


/**
 * virStorageSourceVHBAParseXML:
 * @node: the <source> element of a disk of type 'block'
 * @ctxt: XPath context, its node is @node
 * @src: the source, its path parsed already
 * @flags: virDomainDefParseFlags
 *
 * Fills src->vhba if @node names a vHBA; leaves it alone otherwise. The path of
 * a source that is named by WWNs is what it was resolved to, once, on some
 * host: it is dropped, unless @flags say that this is the run time state of a
 * domain on this very host, and that state says which vHBA it is behind.
 *
 * Returns 0 on success, -1 with an error.
 */
int
virStorageSourceVHBAParseXML(xmlNodePtr node,
                             xmlXPathContextPtr ctxt,
                             virStorageSource *src,
                             unsigned int flags)
{
    g_autoptr(virStorageSourceVHBA) vhba = g_new0(virStorageSourceVHBA, 1);
    g_autofree char *model = virXMLPropString(node, "model");
    bool hasWWN = virXPathNode("./@wwnn|./@wwpn", ctxt) != NULL;
    xmlNodePtr lun = virXPathNode("./lun", ctxt);
    bool runtime = flags & (VIR_DOMAIN_DEF_PARSE_STATUS |
                            VIR_DOMAIN_DEF_PARSE_VOLUME_TRANSLATED);

    if (model) {
        if (STRNEQ(model, "vport")) {
            virReportError(VIR_ERR_XML_ERROR,
                           _("unknown model '%1$s' of a block disk source, the only one is 'vport'"),
                           model);
            return -1;
        }
        if (virStorageSourceVHBAParseByPath(src, vhba, hasWWN, lun) < 0)
            return -1;
    } else if (hasWWN) {
        if (virStorageSourceVHBAParseByWWN(node, lun, vhba) < 0)
            return -1;
    } else {
        if (lun) {
            virReportError(VIR_ERR_XML_ERROR, "%s",
                           _("<lun> needs a disk source with 'wwnn' and 'wwpn' of a vHBA"));
            return -1;
        }
        return 0;
    }

    if (runtime) {
        vhba->active = virXPathString("string(./vhba/@wwpn)", ctxt);
        if (vhba->byPath && vhba->active) {
            g_free(vhba->dev);
            vhba->dev = virXPathString("string(./vhba/@dev)", ctxt);
        }
    }

    if (!vhba->byPath && !vhba->active)
        g_clear_pointer(&src->path, g_free);

    src->vhba = g_steal_pointer(&vhba);
    return 0;
}


static void
virStorageSourceVHBAFormatLun(virBuffer *buf,
                              const virStorageSourceVHBA *vhba)
{
    g_auto(virBuffer) attrBuf = VIR_BUFFER_INITIALIZER;

    if (vhba->hasUnit)
        virBufferAsprintf(&attrBuf, " unit='%llu'", vhba->unit);
    virBufferEscapeString(&attrBuf, " target='%s'", vhba->target);

    virXMLFormatElement(buf, "lun", &attrBuf, NULL);
}


static void
virStorageSourceVHBAFormatRuntime(virBuffer *buf,
                                  const virStorageSourceVHBA *vhba)
{
    g_auto(virBuffer) attrBuf = VIR_BUFFER_INITIALIZER;

    if (!vhba->active)
        return;

    virBufferEscapeString(&attrBuf, " wwpn='%s'", vhba->active);
    virBufferEscapeString(&attrBuf, " dev='%s'", vhba->dev);

    virXMLFormatElement(buf, "vhba", &attrBuf, NULL);
}


/* Of the run time state everything is told, of a running domain where the disk
 * is now, of a configuration what was configured. */
static const char *
virStorageSourceVHBAGetDev(const virStorageSource *src,
                           bool runtime,
                           unsigned int flags)
{
    if (runtime)
        return src->path;

    if (src->vhba->byPath)
        return src->vhba->dev;

    if (flags & (VIR_DOMAIN_DEF_FORMAT_INACTIVE |
                 VIR_DOMAIN_DEF_FORMAT_MIGRATABLE))
        return NULL;

    return src->path;
}


/**
 * virStorageSourceVHBAFormat:
 * @attrBuf: attributes of the <source> element
 * @childBuf: children of the <source> element
 * @src: a source with src->vhba
 * @flags: virDomainDefFormatFlags
 *
 * Formats where a disk behind a vHBA is. The device node that was found for it
 * means something on this host and while the domain runs only, so it never gets
 * into inactive or migratable XML.
 */
void
virStorageSourceVHBAFormat(virBuffer *attrBuf,
                           virBuffer *childBuf,
                           const virStorageSource *src,
                           unsigned int flags)
{
    const virStorageSourceVHBA *vhba = src->vhba;
    bool runtime = flags & (VIR_DOMAIN_DEF_FORMAT_STATUS |
                            VIR_DOMAIN_DEF_FORMAT_VOLUME_TRANSLATED);

    virBufferEscapeString(attrBuf, " dev='%s'",
                          virStorageSourceVHBAGetDev(src, runtime, flags));

    if (vhba->byPath)
        virBufferAddLit(attrBuf, " model='vport'");

    virBufferEscapeString(attrBuf, " wwnn='%s'", vhba->wwnn);
    virBufferEscapeString(attrBuf, " wwpn='%s'", vhba->wwpn);

    virStorageSourceVHBAFormatLun(childBuf, vhba);

    if (runtime)
        virStorageSourceVHBAFormatRuntime(childBuf, vhba);
}


/**
 * virStorageSourceVHBAValidate:
 * @src: any source
 *
 * Returns 0 if @src, and what it keeps its data in, is not behind a vHBA, or may be;
 * -1 with an error if it is configured to be behind a vHBA that cannot exist.
 */
int
virStorageSourceVHBAValidate(const virStorageSource *src)
{
    const virStorageSourceVHBA *vhba = src->vhba;

    if (src->dataFileStore &&
        virStorageSourceVHBAValidate(src->dataFileStore) < 0)
        return -1;

    if (!vhba || vhba->byPath)
        return 0;

    if (virWWNCheck(vhba->wwnn, "wwnn") < 0 ||
        virWWNCheck(vhba->wwpn, "wwpn") < 0)
        return -1;

    if (vhba->target && virWWNCheck(vhba->target, "target") < 0)
        return -1;

    if (virWWNEqual(vhba->wwnn, vhba->wwpn)) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("the wwnn and the wwpn of a vHBA cannot both be '%1$s'"),
                       vhba->wwpn);
        return -1;
    }

    return 0;
}


/**
 * virStorageSourceVHBACheckResolved:
 * @src: any source
 *
 * Returns 0 if @src is not behind a vHBA, or if its device is known; -1 with an
 * error otherwise, as with a domain that does not run.
 */
int
virStorageSourceVHBACheckResolved(const virStorageSource *src)
{
    if (!src->vhba || src->path)
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("the LUN behind vHBA '%1$s' has no device as long as its domain is not running; start the domain first"),
                   src->vhba->wwpn);
    return -1;
}
