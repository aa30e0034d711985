/*
 * node_device_vhba_conf.c: definitions of NPIV vHBAs
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

#include "node_device_vhba_conf.h"

#include "node_device_conf.h"
#include "viralloc.h"
#include "virerror.h"
#include "virstring.h"
#include "viruuid.h"
#include "virvhba.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

#define VHBA_NAME_PREFIX "vhba_"

VIR_ENUM_IMPL(virNodeDevVHBAHandover,
              VIR_NODE_DEV_VHBA_HANDOVER_LAST,
              "none", "lent", "borrowed",
);


void
virNodeDevVHBADefFree(virNodeDevVHBADef *vhba)
{
    if (!vhba)
        return;

    g_free(vhba->primary);
    g_free(vhba->secondary);
    g_free(vhba->domain);
    g_free(vhba->migration);
    g_free(vhba);
}


virNodeDevVHBADef *
virNodeDevVHBADefCopy(const virNodeDevVHBADef *vhba)
{
    virNodeDevVHBADef *copy;

    if (!vhba)
        return NULL;

    copy = g_new0(virNodeDevVHBADef, 1);
    copy->primary = g_strdup(vhba->primary);
    copy->secondary = g_strdup(vhba->secondary);
    copy->handover = vhba->handover;
    copy->domain = g_strdup(vhba->domain);
    copy->migration = g_strdup(vhba->migration);
    copy->inactive = vhba->inactive;

    return copy;
}


/* Reads the partner's WWPN from a child of ctxt->node, if it has that child. */
static int
virNodeDevVHBADefParsePartner(xmlXPathContextPtr ctxt,
                              const char *element,
                              char **wwpn)
{
    xmlNodePtr node = virXPathNode(element, ctxt);
    g_autofree char *str = NULL;

    if (!node)
        return 0;

    if (!(str = virXMLPropStringRequired(node, "wwpn")))
        return -1;

    return virWWNParse(str, wwpn);
}


static int
virNodeDevVHBADefParseHandover(xmlXPathContextPtr ctxt,
                               virNodeDevVHBADef *vhba)
{
    xmlNodePtr node = virXPathNode("./handover[1]", ctxt);
    virTristateBool active = VIR_TRISTATE_BOOL_ABSENT;
    g_autofree char *migration = NULL;
    unsigned char uuid[VIR_UUID_BUFLEN];
    char canonical[VIR_UUID_STRING_BUFLEN];

    if (!node)
        return 0;

    if (virXMLPropEnum(node, "state", virNodeDevVHBAHandoverTypeFromString,
                       VIR_XML_PROP_REQUIRED | VIR_XML_PROP_NONZERO,
                       &vhba->handover) < 0 ||
        virXMLPropTristateBool(node, "active", VIR_XML_PROP_NONE, &active) < 0)
        return -1;

    vhba->inactive = active == VIR_TRISTATE_BOOL_NO;

    if (!(vhba->domain = virXMLPropStringRequired(node, "domain")) ||
        !(migration = virXMLPropStringRequired(node, "migration")))
        return -1;

    if (virUUIDParse(migration, uuid) < 0) {
        virReportError(VIR_ERR_XML_ERROR,
                       _("malformed migration '%1$s' in <handover>: expected a UUID"),
                       migration);
        return -1;
    }

    vhba->migration = g_strdup(virUUIDFormat(uuid, canonical));
    return 0;
}


/**
 * virNodeDevVHBADefParseXML:
 * @ctxt: its node is a <capability type='fc_host'>
 * @vhba: set to what <primary>, <secondary> and <handover> in there say, to be
 *        freed by the caller; NULL if there is none of them
 *
 * Returns 0 on success, -1 with an error.
 */
int
virNodeDevVHBADefParseXML(xmlXPathContextPtr ctxt,
                          virNodeDevVHBADef **vhba)
{
    g_autoptr(virNodeDevVHBADef) def = NULL;

    if (!virXPathNode("./primary|./secondary|./handover", ctxt))
        return 0;

    def = g_new0(virNodeDevVHBADef, 1);

    if (virNodeDevVHBADefParsePartner(ctxt, "./primary[1]", &def->primary) < 0 ||
        virNodeDevVHBADefParsePartner(ctxt, "./secondary[1]", &def->secondary) < 0 ||
        virNodeDevVHBADefParseHandover(ctxt, def) < 0)
        return -1;

    *vhba = g_steal_pointer(&def);
    return 0;
}


/* The domain is found by its name, in which there may be a tab; without this it
 * would be a blank for whoever reads it. */
static void
virNodeDevVHBADefFormatDomain(virBuffer *buf,
                              const char *domain)
{
    const char *const blanks[][2] = {
        { "\t", "&#9;" }, { "\n", "&#10;" }, { "\r", "&#13;" },
    };
    g_auto(virBuffer) attrBuf = VIR_BUFFER_INITIALIZER;
    g_autofree char *attr = NULL;
    size_t i;

    virBufferEscapeString(&attrBuf, " domain='%s'", domain);
    attr = virBufferContentAndReset(&attrBuf);

    for (i = 0; i < G_N_ELEMENTS(blanks); i++) {
        g_autofree char *old = g_steal_pointer(&attr);

        attr = virStringReplace(old, blanks[i][0], blanks[i][1]);
    }

    virBufferAdd(buf, attr, -1);
}


void
virNodeDevVHBADefFormat(virBuffer *buf,
                        const virNodeDevVHBADef *vhba)
{
    if (!vhba)
        return;

    virBufferEscapeString(buf, "<primary wwpn='%s'/>\n", vhba->primary);
    virBufferEscapeString(buf, "<secondary wwpn='%s'/>\n", vhba->secondary);

    if (vhba->handover != VIR_NODE_DEV_VHBA_HANDOVER_NONE) {
        virBufferAsprintf(buf, "<handover state='%s'",
                          virNodeDevVHBAHandoverTypeToString(vhba->handover));
        virNodeDevVHBADefFormatDomain(buf, vhba->domain);
        virBufferEscapeString(buf, " migration='%s'", vhba->migration);
        if (vhba->inactive)
            virBufferAddLit(buf, " active='no'");
        virBufferAddLit(buf, "/>\n");
    }
}


/* Whether ctxt->node, a <capability type='scsi_host'>, is that of a vHBA that
 * is not active: an FC host without a number. */
bool
virNodeDevVHBAHasNoHost(xmlXPathContextPtr ctxt)
{
    return !virXPathNode("./host", ctxt) &&
        virXPathNode("./capability[@type='fc_host']", ctxt);
}


/**
 * virNodeDevVHBAIsGone:
 * @vhba: of an FC host; NULL if that is not a persistent vHBA
 * @wwpn: its WWPN
 * @host: N of the hostN that it had
 *
 * A vHBA is gone a moment before udev tells so, and the number of its host may
 * belong to another one already.
 *
 * Returns true if what sysfs says about hostN is not about this vHBA.
 */
bool
virNodeDevVHBAIsGone(const virNodeDevVHBADef *vhba,
                     const char *wwpn,
                     unsigned int host)
{
    g_autofree char *now = NULL;

    if (!vhba)
        return false;

    now = virVHBAGetConfig(NULL, host, "port_name");
    return !virWWNEqual(now, wwpn);
}


/* Returns the capability of @def if that is an FC host, otherwise NULL. */
static virNodeDevCapSCSIHost *
virNodeDeviceVHBAGetCap(const virNodeDeviceDef *def)
{
    virNodeDevCapsDef *cap;

    for (cap = def->caps; cap; cap = cap->next) {
        if (cap->data.type == VIR_NODE_DEV_CAP_SCSI_HOST &&
            cap->data.scsi_host.flags & VIR_NODE_DEV_CAP_FLAG_HBA_FC_HOST)
            return &cap->data.scsi_host;
    }

    return NULL;
}


/**
 * virNodeDeviceVHBAGetWWPN:
 * @def: any node device
 *
 * Returns the WWPN of the vHBA, which belongs to @def; NULL if @def is not an
 * FC host, or if it is an HBA.
 */
const char *
virNodeDeviceVHBAGetWWPN(const virNodeDeviceDef *def)
{
    const virNodeDevCapSCSIHost *cap = virNodeDeviceVHBAGetCap(def);

    if (!cap || cap->flags & VIR_NODE_DEV_CAP_FLAG_HBA_VPORT_OPS)
        return NULL;

    return cap->wwpn;
}


/* Returns the WWNN that goes with virNodeDeviceVHBAGetWWPN. */
const char *
virNodeDeviceVHBAGetWWNN(const virNodeDeviceDef *def)
{
    const virNodeDevCapSCSIHost *cap = virNodeDeviceVHBAGetCap(def);

    return cap ? cap->wwnn : NULL;
}


/* Returns N of hostN; VIR_NODE_DEV_SCSI_HOST_NONE if @def is not active, or not
 * an FC host. */
unsigned int
virNodeDeviceVHBAGetHost(const virNodeDeviceDef *def)
{
    const virNodeDevCapSCSIHost *cap = virNodeDeviceVHBAGetCap(def);

    return cap ? cap->host : VIR_NODE_DEV_SCSI_HOST_NONE;
}


/**
 * virNodeDeviceVHBAGetDef:
 * @def: any node device
 *
 * Returns what the definition says about the vHBA, which belongs to @def; NULL
 * if @def is not an FC host, or if there is nothing to say.
 */
virNodeDevVHBADef *
virNodeDeviceVHBAGetDef(const virNodeDeviceDef *def)
{
    const virNodeDevCapSCSIHost *cap = virNodeDeviceVHBAGetCap(def);

    return cap ? cap->vhba : NULL;
}


/**
 * virNodeDeviceVHBAName:
 * @wwpn: canonical form
 *
 * Returns the name that the node device of that WWPN has as long as it is
 * defined, active or not; to be freed by the caller.
 */
char *
virNodeDeviceVHBAName(const char *wwpn)
{
    return g_strdup_printf(VHBA_NAME_PREFIX "%s", wwpn);
}


bool
virNodeDeviceVHBAIsName(const char *name)
{
    return STRPREFIX(name, VHBA_NAME_PREFIX);
}


/* Returns the WWPN in a name that virNodeDeviceVHBAName made, which belongs to
 * @name; NULL for other names. */
const char *
virNodeDeviceVHBANameWWPN(const char *name)
{
    return STRSKIP(name, VHBA_NAME_PREFIX);
}


/* Replaces *@wwn, if there is one, with its canonical form. @strict: it has to
 * be of a kind that a port can have, see virWWNCheck. */
static int
virNodeDeviceVHBANormalizeWWN(char **wwn,
                              const char *what,
                              bool strict)
{
    g_autofree char *canonical = NULL;

    if (!*wwn)
        return 0;

    if (virWWNParse(*wwn, &canonical) < 0 ||
        (strict && virWWNCheck(canonical, what) < 0))
        return -1;

    g_free(*wwn);
    *wwn = g_steal_pointer(&canonical);
    return 0;
}


static int
virNodeDeviceVHBACheckNames(const virNodeDevCapSCSIHost *cap)
{
    const virNodeDevVHBADef *vhba = cap->vhba;

    if (STREQ(cap->wwnn, cap->wwpn)) {
        virReportError(VIR_ERR_XML_ERROR,
                       _("WWNN and WWPN of a vHBA must differ, both are '%1$s'"),
                       cap->wwpn);
        return -1;
    }

    if (!vhba)
        return 0;

    if (vhba->primary && vhba->secondary) {
        virReportError(VIR_ERR_XML_ERROR,
                       _("vHBA with WWPN '%1$s' cannot have both a <primary> and a <secondary>"),
                       cap->wwpn);
        return -1;
    }

    if (STREQ_NULLABLE(vhba->primary, cap->wwpn) ||
        STREQ_NULLABLE(vhba->secondary, cap->wwpn)) {
        virReportError(VIR_ERR_XML_ERROR,
                       _("vHBA with WWPN '%1$s' cannot be its own partner"),
                       cap->wwpn);
        return -1;
    }

    return 0;
}


/**
 * virNodeDeviceVHBANormalizeWWNs:
 * @def: a device as parsed from XML
 * @strict: not only have they to be well-formed, but also of a kind that ports
 *          have, see virWWNCheck
 *
 * Brings the WWNs of @def to canonical form: its own, if it is an FC host, and
 * those of the parent.
 *
 * Returns 0 on success; -1 with an error that names the one that is wrong.
 */
int
virNodeDeviceVHBANormalizeWWNs(virNodeDeviceDef *def,
                               bool strict)
{
    virNodeDevCapSCSIHost *cap = virNodeDeviceVHBAGetCap(def);

    if (cap &&
        (virNodeDeviceVHBANormalizeWWN(&cap->wwnn, "wwnn", strict) < 0 ||
         virNodeDeviceVHBANormalizeWWN(&cap->wwpn, "wwpn", strict) < 0))
        return -1;

    if (virNodeDeviceVHBANormalizeWWN(&def->parent_wwnn, "parent wwnn", strict) < 0 ||
        virNodeDeviceVHBANormalizeWWN(&def->parent_wwpn, "parent wwpn", strict) < 0 ||
        virNodeDeviceVHBANormalizeWWN(&def->parent_fabric_wwn, "parent fabric_wwn", strict) < 0)
        return -1;

    return 0;
}


/**
 * virNodeDeviceVHBANormalize:
 * @def: a device as parsed from XML
 *
 * Makes @def the definition of a vHBA: gives it its name, brings all WWNs to
 * canonical form, drops what is only known while it is active, and checks that
 * it makes sense by itself. A parent given by name is left as it is.
 *
 * Returns 0 on success, -1 with an error.
 */
int
virNodeDeviceVHBANormalize(virNodeDeviceDef *def)
{
    virNodeDevCapSCSIHost *cap = virNodeDeviceVHBAGetCap(def);

    if (!cap || !cap->wwnn || !cap->wwpn || def->caps->next) {
        virReportError(VIR_ERR_XML_ERROR, "%s",
                       _("a vHBA needs one capability 'scsi_host' with a capability 'fc_host' in it, and no other"));
        return -1;
    }

    if (cap->flags & VIR_NODE_DEV_CAP_FLAG_HBA_VPORT_OPS) {
        virReportError(VIR_ERR_XML_ERROR, "%s",
                       _("a capability 'vport_ops' is that of an HBA; only vHBAs can be defined"));
        return -1;
    }

    if (virNodeDeviceVHBANormalizeWWNs(def, true) < 0 ||
        virNodeDeviceVHBACheckNames(cap) < 0)
        return -1;

    if (!cap->vhba)
        cap->vhba = g_new0(virNodeDevVHBADef, 1);

    g_free(def->name);
    def->name = virNodeDeviceVHBAName(cap->wwpn);

    /* an HBA is on one fabric only */
    if (def->parent_wwpn)
        g_clear_pointer(&def->parent_fabric_wwn, g_free);

    g_clear_pointer(&def->sysfs_path, g_free);
    g_clear_pointer(&def->devnode, g_free);
    g_clear_pointer(&def->devlinks, g_strfreev);
    g_clear_pointer(&cap->fabric_wwn, g_free);
    cap->host = VIR_NODE_DEV_SCSI_HOST_NONE;
    cap->unique_id = -1;

    return 0;
}


/* Whether what @a says about its partner leaves room for what @b says about
 * its own. Without a word on either side there is. */
static bool
virNodeDeviceVHBAPairFits(const virNodeDevCapSCSIHost *a,
                          const virNodeDevCapSCSIHost *b)
{
    const virNodeDevVHBADef *ours = a->vhba;
    const virNodeDevVHBADef *theirs = b->vhba;

    if (!ours || !theirs)
        return true;

    /* the secondary of one that is someone else's, or that is a primary */
    if (STREQ_NULLABLE(ours->secondary, b->wwpn))
        return !theirs->secondary &&
            (!theirs->primary || STREQ(theirs->primary, a->wwpn));

    if (STREQ_NULLABLE(ours->primary, b->wwpn))
        return !theirs->primary &&
            (!theirs->secondary || STREQ(theirs->secondary, a->wwpn));

    /* a secondary for one, and a primary for another */
    if (ours->secondary && STREQ_NULLABLE(ours->secondary, theirs->primary))
        return false;

    /* one partner for two */
    if (ours->secondary && STREQ_NULLABLE(theirs->secondary, ours->secondary))
        return false;

    if (ours->primary && STREQ_NULLABLE(theirs->primary, ours->primary))
        return false;

    return true;
}


/**
 * virNodeDeviceVHBACheckPair:
 * @def: definition of a vHBA that is to be
 * @other: definition of another vHBA of the same host
 *
 * Returns 0 if what they say about their partners can both be true, otherwise
 * -1 with an error that names both.
 */
int
virNodeDeviceVHBACheckPair(const virNodeDeviceDef *def,
                           const virNodeDeviceDef *other)
{
    const virNodeDevCapSCSIHost *a = virNodeDeviceVHBAGetCap(def);
    const virNodeDevCapSCSIHost *b = virNodeDeviceVHBAGetCap(other);

    if (virNodeDeviceVHBAPairFits(a, b) && virNodeDeviceVHBAPairFits(b, a))
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("the <primary> or <secondary> of '%1$s' contradicts that of '%2$s'; change or undefine that one first"),
                   def->name, other->name);
    return -1;
}


/* Whether two definitions of a vHBA differ in nothing that matters to the
 * kernel. What they say about the partner and the hand-over does not. */
bool
virNodeDeviceVHBASameHardware(const virNodeDeviceDef *a,
                              const virNodeDeviceDef *b)
{
    return STREQ_NULLABLE(virNodeDeviceVHBAGetWWPN(a), virNodeDeviceVHBAGetWWPN(b)) &&
        STREQ_NULLABLE(virNodeDeviceVHBAGetWWNN(a), virNodeDeviceVHBAGetWWNN(b)) &&
        STREQ_NULLABLE(a->parent_wwnn, b->parent_wwnn) &&
        STREQ_NULLABLE(a->parent_wwpn, b->parent_wwpn) &&
        STREQ_NULLABLE(a->parent_fabric_wwn, b->parent_fabric_wwn);
}


/* Makes @dst say what the definition @src says about the parent. */
void
virNodeDeviceVHBACopyParent(virNodeDeviceDef *dst,
                            const virNodeDeviceDef *src)
{
    g_free(dst->parent_wwnn);
    dst->parent_wwnn = g_strdup(src->parent_wwnn);
    g_free(dst->parent_wwpn);
    dst->parent_wwpn = g_strdup(src->parent_wwpn);
    g_free(dst->parent_fabric_wwn);
    dst->parent_fabric_wwn = g_strdup(src->parent_fabric_wwn);
}


/* Makes @dst, which may be active, say what the definition @src says. */
void
virNodeDeviceVHBACopyConfig(virNodeDeviceDef *dst,
                            const virNodeDeviceDef *src)
{
    virNodeDevCapSCSIHost *cap = virNodeDeviceVHBAGetCap(dst);

    virNodeDeviceVHBACopyParent(dst, src);

    if (cap) {
        virNodeDevVHBADefFree(cap->vhba);
        cap->vhba = virNodeDevVHBADefCopy(virNodeDeviceVHBAGetDef(src));
    }
}


/**
 * virNodeDeviceVHBACopy:
 * @def: a vHBA
 *
 * Returns its definition, without what is only known while it is active; to be
 * freed by the caller. NULL, without an error, if @def is not an FC host.
 */
virNodeDeviceDef *
virNodeDeviceVHBACopy(const virNodeDeviceDef *def)
{
    const virNodeDevCapSCSIHost *cap = virNodeDeviceVHBAGetCap(def);
    virNodeDeviceDef *copy = NULL;
    virNodeDevCapSCSIHost *copycap = NULL;

    if (!cap)
        return NULL;

    copy = g_new0(virNodeDeviceDef, 1);
    copy->name = g_strdup(def->name);
    copy->caps = g_new0(virNodeDevCapsDef, 1);
    copy->caps->data.type = VIR_NODE_DEV_CAP_SCSI_HOST;

    copycap = &copy->caps->data.scsi_host;
    copycap->host = VIR_NODE_DEV_SCSI_HOST_NONE;
    copycap->unique_id = -1;
    copycap->flags = VIR_NODE_DEV_CAP_FLAG_HBA_FC_HOST;
    copycap->wwnn = g_strdup(cap->wwnn);
    copycap->wwpn = g_strdup(cap->wwpn);

    virNodeDeviceVHBACopyConfig(copy, def);

    return copy;
}


/* Makes @def an FC host with the names of @config, even if it has lost its own
 * while it went. */
static void
virNodeDeviceVHBARestoreNames(virNodeDeviceDef *def,
                              const virNodeDeviceDef *config)
{
    virNodeDevCapSCSIHost *cap = &def->caps->data.scsi_host;

    cap->flags = VIR_NODE_DEV_CAP_FLAG_HBA_FC_HOST;
    g_free(cap->wwnn);
    cap->wwnn = g_strdup(virNodeDeviceVHBAGetWWNN(config));
    g_free(cap->wwpn);
    cap->wwpn = g_strdup(virNodeDeviceVHBAGetWWPN(config));
}


/**
 * virNodeDeviceVHBADeactivate:
 * @def: the device of a vHBA
 * @config: its definition; NULL to keep what @def says about that
 *
 * Makes @def the device of a vHBA that is not active: one about which nothing
 * is known but its definition.
 */
void
virNodeDeviceVHBADeactivate(virNodeDeviceDef *def,
                            const virNodeDeviceDef *config)
{
    virNodeDevCapSCSIHost *cap = &def->caps->data.scsi_host;

    g_clear_pointer(&def->sysfs_path, g_free);
    g_clear_pointer(&def->parent, g_free);
    g_clear_pointer(&def->parent_sysfs_path, g_free);
    g_clear_pointer(&def->driver, g_free);

    cap->host = VIR_NODE_DEV_SCSI_HOST_NONE;
    cap->unique_id = -1;
    g_clear_pointer(&cap->fabric_wwn, g_free);

    if (config) {
        virNodeDeviceVHBARestoreNames(def, config);
        virNodeDeviceVHBACopyConfig(def, config);
    }
}
