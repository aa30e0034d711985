/*
 * qemu_vhba_nodedev.c: vHBAs as the node device driver shows them
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

#include "qemu_vhba_nodedev.h"

#include "datatypes.h"
#include "viralloc.h"
#include "virerror.h"
#include "virlog.h"
#include "virstring.h"
#include "virwwn.h"
#include "virxml.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_vhba_nodedev");

/* where everything about a vHBA is found in the XML of its node device */
#define FC_HOST_XPATH \
    "/device/capability[@type='scsi_host']/capability[@type='fc_host']"

/* and what an HBA has in place of that */
#define VPORT_OPS_XPATH \
    "/device/capability[@type='scsi_host']/capability[@type='vport_ops']"


void
qemuVHBANodedevFree(qemuVHBANodedev *vhba)
{
    if (!vhba)
        return;

    virObjectUnref(vhba->dev);
    g_free(vhba->wwnn);
    g_free(vhba->wwpn);
    g_free(vhba->fabricWWN);
    virNodeDevVHBADefFree(vhba->def);
    g_free(vhba);
}


void
qemuVHBANodedevListFree(qemuVHBANodedev **vhbas,
                        size_t nvhbas)
{
    size_t i;

    for (i = 0; i < nvhbas; i++)
        qemuVHBANodedevFree(vhbas[i]);
    g_free(vhbas);
}


/* Absent names are left NULL, an empty one counts as absent. */
static int
qemuVHBANodedevParseWWN(xmlXPathContextPtr ctxt,
                        const char *xpath,
                        char **wwn)
{
    g_autofree char *str = virXPathString(xpath, ctxt);

    if (virStringIsEmpty(str))
        return 0;

    return virWWNParse(str, wwn);
}


/* Reads what the XML of the device says. Returns 1 if it is a vHBA, 0 if it is
 * something else, -1 with an error reported. */
static int
qemuVHBANodedevParse(qemuVHBANodedev *vhba)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(xmlXPathContext) ctxt = NULL;
    g_autofree char *xml = NULL;
    g_autofree char *fabricWWN = NULL;

    if (!(xml = virNodeDeviceGetXMLDesc(vhba->dev, 0)) ||
        !(doc = virXMLParseStringCtxt(xml, _("(node_device_definition)"), &ctxt)))
        return -1;

    if (virXPathNode(VPORT_OPS_XPATH, ctxt) ||
        !(ctxt->node = virXPathNode(FC_HOST_XPATH, ctxt)))
        return 0;

    if (qemuVHBANodedevParseWWN(ctxt, "string(./wwnn)", &vhba->wwnn) < 0 ||
        qemuVHBANodedevParseWWN(ctxt, "string(./wwpn)", &vhba->wwpn) < 0 ||
        virNodeDevVHBADefParseXML(ctxt, &vhba->def) < 0)
        return -1;

    /* without a link it is shown as 0 */
    fabricWWN = virXPathString(vhba->active ? "string(./fabric_wwn)" :
                               "string(/device/parent/@fabric_wwn)", ctxt);
    if (fabricWWN)
        ignore_value(virWWNParseQuiet(fabricWWN, &vhba->fabricWWN));

    if (!vhba->def)
        vhba->def = g_new0(virNodeDevVHBADef, 1);

    if (!vhba->wwnn || !vhba->wwpn) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("node device '%1$s' has no WWNs"),
                       virNodeDeviceGetName(vhba->dev));
        return -1;
    }

    return 1;
}


/* Fills @vhba with what @dev is; consumes the caller's reference on that.
 *
 * Returns 1 on success, 0 with @vhba untouched if @dev is not a vHBA or, since
 * a look-up has just failed, NULL because there is none, -1 with an error
 * reported. */
static int
qemuVHBANodedevDescribe(virNodeDevicePtr dev,
                        qemuVHBANodedev **vhba)
{
    g_autoptr(qemuVHBANodedev) found = NULL;
    int active;
    int rc;

    if (!dev) {
        if (virGetLastErrorCode() != VIR_ERR_NO_NODE_DEVICE)
            return -1;

        virResetLastError();
        return 0;
    }

    found = g_new0(qemuVHBANodedev, 1);
    found->dev = dev;

    if ((active = virNodeDeviceIsActive(dev)) < 0)
        return -1;
    found->active = active;

    if ((rc = qemuVHBANodedevParse(found)) <= 0)
        return rc;

    *vhba = g_steal_pointer(&found);
    return 1;
}


/**
 * qemuVHBANodedevFind:
 * @conn: connection to the node device driver
 * @wwpn: port name in canonical form
 * @vhba: filled with the persistent vHBA of that name; caller frees
 *
 * Returns 1 when it was found, 0 with @vhba untouched when there is none,
 *        -1 with an error reported when nobody can tell.
 */
int
qemuVHBANodedevFind(virConnectPtr conn,
                    const char *wwpn,
                    qemuVHBANodedev **vhba)
{
    g_autofree char *name = virNodeDeviceVHBAName(wwpn);

    return qemuVHBANodedevDescribe(virNodeDeviceLookupByName(conn, name), vhba);
}


/* Like qemuVHBANodedevFind, for an active vHBA that may be transient, and have
 * any name. */
int
qemuVHBANodedevFindActive(virConnectPtr conn,
                          const char *wwnn,
                          const char *wwpn,
                          qemuVHBANodedev **vhba)
{
    return qemuVHBANodedevDescribe(virNodeDeviceLookupSCSIHostByWWN(conn, wwnn, wwpn, 0),
                                   vhba);
}


/**
 * qemuVHBANodedevLookup:
 *
 * Like qemuVHBANodedevFind, for a vHBA that has to exist.
 *
 * Returns the vHBA, or NULL with an error reported.
 */
qemuVHBANodedev *
qemuVHBANodedevLookup(virConnectPtr conn,
                      const char *wwpn)
{
    qemuVHBANodedev *vhba = NULL;

    if (qemuVHBANodedevFind(conn, wwpn, &vhba) == 0) {
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("no vHBA with WWPN '%1$s' is defined on this host"),
                       wwpn);
    }

    return vhba;
}


typedef bool (*qemuVHBANodedevFilter)(const qemuVHBANodedev *vhba,
                                      const void *opaque);

/* Fills @vhba with what @dev is if that is a persistent vHBA which @filter likes;
 * consumes the caller's reference on @dev. What vanishes while we look is not
 * meant, but what cannot be looked at may be. Returns 0, or -1 with an error
 * reported if nobody can tell. */
static int
qemuVHBANodedevSelect(virNodeDevicePtr dev,
                      qemuVHBANodedevFilter filter,
                      const void *opaque,
                      qemuVHBANodedev **vhba)
{
    g_autoptr(qemuVHBANodedev) found = NULL;

    if (!virNodeDeviceVHBAIsName(virNodeDeviceGetName(dev))) {
        virObjectUnref(dev);
        return 0;
    }

    if (qemuVHBANodedevDescribe(dev, &found) < 0) {
        if (virGetLastErrorCode() != VIR_ERR_NO_NODE_DEVICE)
            return -1;

        VIR_DEBUG("skipped: %s", virGetLastErrorMessage());
        virResetLastError();
    }

    if (found && filter(found, opaque))
        *vhba = g_steal_pointer(&found);

    return 0;
}


/* Fills @vhbas, and their number @nvhbas, with the persistent vHBAs that @filter
 * likes; see qemuVHBANodedevListMarked. */
static int
qemuVHBANodedevList(virConnectPtr conn,
                    qemuVHBANodedevFilter filter,
                    const void *opaque,
                    qemuVHBANodedev ***vhbas,
                    size_t *nvhbas)
{
    g_autofree virNodeDevicePtr *devs = NULL;
    qemuVHBANodedev **liked = NULL;
    size_t nliked = 0;
    int ndevs;
    int rc = 0;
    size_t i;

    if ((ndevs = virConnectListAllNodeDevices(conn, &devs,
                                              VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST |
                                              VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE |
                                              VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE)) < 0)
        return -1;

    liked = g_new0(qemuVHBANodedev *, ndevs + 1);

    for (i = 0; i < ndevs; i++) {
        if (rc < 0)
            virObjectUnref(devs[i]);
        else if ((rc = qemuVHBANodedevSelect(devs[i], filter, opaque, &liked[nliked])) == 0)
            nliked += !!liked[nliked];
    }

    if (rc < 0) {
        qemuVHBANodedevListFree(liked, nliked);
        return -1;
    }

    *vhbas = liked;
    *nvhbas = nliked;
    return 0;
}


static bool
qemuVHBANodedevIsPartnerOf(const qemuVHBANodedev *vhba,
                           const void *wwpn)
{
    return virWWNEqual(vhba->def->primary, wwpn) ||
        virWWNEqual(vhba->def->secondary, wwpn);
}


/* Like qemuVHBANodedevFind, for the persistent vHBA whose partner is @wwpn. */
int
qemuVHBANodedevFindPartner(virConnectPtr conn,
                           const char *wwpn,
                           qemuVHBANodedev **vhba)
{
    qemuVHBANodedev **vhbas = NULL;
    size_t nvhbas = 0;
    int found;

    if (qemuVHBANodedevList(conn, qemuVHBANodedevIsPartnerOf, wwpn,
                            &vhbas, &nvhbas) < 0)
        return -1;

    if ((found = nvhbas > 0))
        *vhba = g_steal_pointer(&vhbas[0]);

    qemuVHBANodedevListFree(vhbas, nvhbas);
    return found;
}


/* Whether @vhba has @mark, or one at all if that is QEMU_VHBA_NODEDEV_ANY_MARK, set
 * for the migration of @domain, or of any if that is NULL */
bool
qemuVHBANodedevHasMark(const qemuVHBANodedev *vhba,
                       virNodeDevVHBAHandover mark,
                       const char *domain)
{
    if (mark == QEMU_VHBA_NODEDEV_ANY_MARK
        ? vhba->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE
        : vhba->def->handover != mark)
        return false;

    return !domain || STREQ_NULLABLE(vhba->def->domain, domain);
}


struct qemuVHBANodedevMark {
    virNodeDevVHBAHandover mark;
    const char *domain;
};


static bool
qemuVHBANodedevIsMarked(const qemuVHBANodedev *vhba,
                        const void *opaque)
{
    const struct qemuVHBANodedevMark *want = opaque;

    return qemuVHBANodedevHasMark(vhba, want->mark, want->domain);
}


/**
 * qemuVHBANodedevListMarked:
 * @conn: connection to the node device driver
 * @mark: look for vHBAs with this mark, or with QEMU_VHBA_NODEDEV_ANY_MARK
 * @domain: that was set for the migration of this domain, or NULL for any
 * @vhbas: filled with an array of them; free with qemuVHBANodedevListFree
 * @nvhbas: filled with their number, 0 if there are none
 *
 * Returns 0 on success, -1 with an error reported and the out-parameters
 * untouched otherwise.
 */
int
qemuVHBANodedevListMarked(virConnectPtr conn,
                          virNodeDevVHBAHandover mark,
                          const char *domain,
                          qemuVHBANodedev ***vhbas,
                          size_t *nvhbas)
{
    struct qemuVHBANodedevMark want = { mark, domain };

    return qemuVHBANodedevList(conn, qemuVHBANodedevIsMarked, &want,
                               vhbas, nvhbas);
}


/**
 * qemuVHBANodedevAnyMarked:
 * @conn: connection to the node device driver
 *
 * Returns 1 if there are vHBAs with a mark, 0 if there are none, -1 with an
 * error reported.
 */
int
qemuVHBANodedevAnyMarked(virConnectPtr conn)
{
    qemuVHBANodedev **vhbas = NULL;
    size_t nvhbas = 0;

    if (qemuVHBANodedevListMarked(conn, QEMU_VHBA_NODEDEV_ANY_MARK, NULL,
                                  &vhbas, &nvhbas) < 0)
        return -1;

    qemuVHBANodedevListFree(vhbas, nvhbas);
    return nvhbas > 0;
}


/* A step that another daemon takes for us. The log tells when each begins and
 * ends, so it tells where the time goes, and how far we came if we died. */
typedef struct {
    const char *wwpn;
    const char *what;
    gint64 begun;               /* in microseconds */
} qemuVHBANodedevStep;


static qemuVHBANodedevStep
qemuVHBANodedevStepBegin(const char *wwpn,
                         const char *what)
{
    VIR_INFO("vHBA '%s': %s: begins", wwpn, what);

    return (qemuVHBANodedevStep) { wwpn, what, g_get_monotonic_time() };
}


/* Returns @rc, which is that of the step. */
static int
qemuVHBANodedevStepEnd(const qemuVHBANodedevStep *step,
                       int rc)
{
    VIR_INFO("vHBA '%s': %s: %s, took %lld ms", step->wwpn, step->what,
             rc < 0 ? "failed" : "done",
             (long long) (g_get_monotonic_time() - step->begun) / 1000);

    return rc;
}


static char *
qemuVHBANodedevFormat(const qemuVHBANodedev *def)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;

    virBufferAddLit(&buf, "<device>\n");
    virBufferAdjustIndent(&buf, 2);
    virBufferEscapeString(&buf, "<parent fabric_wwn='%s'/>\n", def->fabricWWN);
    virBufferAddLit(&buf, "<capability type='scsi_host'>\n");
    virBufferAdjustIndent(&buf, 2);
    virBufferAddLit(&buf, "<capability type='fc_host'>\n");
    virBufferAdjustIndent(&buf, 2);
    virBufferEscapeString(&buf, "<wwnn>%s</wwnn>\n", def->wwnn);
    virBufferEscapeString(&buf, "<wwpn>%s</wwpn>\n", def->wwpn);
    virNodeDevVHBADefFormat(&buf, def->def);
    virBufferAdjustIndent(&buf, -2);
    virBufferAddLit(&buf, "</capability>\n");
    virBufferAdjustIndent(&buf, -2);
    virBufferAddLit(&buf, "</capability>\n");
    virBufferAdjustIndent(&buf, -2);
    virBufferAddLit(&buf, "</device>\n");

    return virBufferContentAndReset(&buf);
}


/**
 * qemuVHBANodedevDefine:
 * @conn: connection to the node device driver
 * @def: names, partner and mark of a vHBA that is not there yet; its
 *       fabricWWN chooses the HBA
 *
 * Returns the vHBA, inactive, or NULL with an error reported.
 */
qemuVHBANodedev *
qemuVHBANodedevDefine(virConnectPtr conn,
                      const qemuVHBANodedev *def)
{
    g_autofree char *xml = qemuVHBANodedevFormat(def);
    qemuVHBANodedevStep step = qemuVHBANodedevStepBegin(def->wwpn, "define");
    virNodeDevicePtr dev = virNodeDeviceDefineXML(conn, xml, 0);
    qemuVHBANodedev *vhba = NULL;

    if (qemuVHBANodedevStepEnd(&step, dev ? 0 : -1) < 0)
        return NULL;

    if (qemuVHBANodedevDescribe(dev, &vhba) == 0) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("what was defined as vHBA '%1$s' is none"), def->wwpn);
    }

    return vhba;
}


static char *
qemuVHBANodedevEditMark(const char *xml,
                        virNodeDevVHBAHandover mark,
                        const char *domain,
                        const char *migration,
                        bool inactive)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(xmlXPathContext) ctxt = NULL;
    xmlNodePtr fcHost;
    xmlNodePtr node;

    if (!(doc = virXMLParseStringCtxt(xml, _("(node_device_definition)"), &ctxt)))
        return NULL;

    if (!(fcHost = virXPathNode(FC_HOST_XPATH, ctxt))) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s",
                       _("node device is not a vHBA any more"));
        return NULL;
    }

    if ((node = virXPathNode(FC_HOST_XPATH "/handover", ctxt))) {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }

    if (mark != VIR_NODE_DEV_VHBA_HANDOVER_NONE) {
        node = virXMLNewNode(NULL, "handover");
        xmlNewProp(node, BAD_CAST "state",
                   BAD_CAST virNodeDevVHBAHandoverTypeToString(mark));
        xmlNewProp(node, BAD_CAST "domain", BAD_CAST domain);
        xmlNewProp(node, BAD_CAST "migration", BAD_CAST migration);
        if (inactive)
            xmlNewProp(node, BAD_CAST "active", BAD_CAST "no");
        xmlAddChild(fcHost, node);
    }

    return virXMLNodeToString(doc, xmlDocGetRootElement(doc));
}


static int
qemuVHBANodedevWriteMark(qemuVHBANodedev *vhba,
                         virNodeDevVHBAHandover mark,
                         const char *domain,
                         const char *migration)
{
    g_autofree char *old = NULL;
    g_autofree char *xml = NULL;
    virNodeDevicePtr dev;

    if (!(old = virNodeDeviceGetXMLDesc(vhba->dev, VIR_NODE_DEVICE_XML_INACTIVE)) ||
        !(xml = qemuVHBANodedevEditMark(old, mark, domain, migration, vhba->def->inactive)) ||
        !(dev = virNodeDeviceDefineXML(vhba->dev->conn, xml, 0)))
        return -1;

    virObjectUnref(dev);
    return 0;
}


/**
 * qemuVHBANodedevSetMark:
 * @vhba: persistent vHBA
 * @mark: what to write into its definition, VIR_NODE_DEV_VHBA_HANDOVER_NONE to clear it
 * @domain: name of the domain that migrates; ignored when clearing
 * @migration: UUID of the hand-over; ignored when clearing
 *
 * The mark is on disk when this returns, and nothing else about the vHBA has
 * changed. The first mark of a vHBA that is not active says that as well, and
 * so do those that replace it.
 *
 * Returns 0 on success, -1 with an error reported otherwise.
 */
int
qemuVHBANodedevSetMark(qemuVHBANodedev *vhba,
                       virNodeDevVHBAHandover mark,
                       const char *domain,
                       const char *migration)
{
    g_autofree char *what = g_strdup_printf("mark %s", virNodeDevVHBAHandoverTypeToString(mark));
    qemuVHBANodedevStep step = qemuVHBANodedevStepBegin(vhba->wwpn, what);
    int rc;

    if (vhba->def->handover == VIR_NODE_DEV_VHBA_HANDOVER_NONE)
        vhba->def->inactive = !vhba->active;

    rc = qemuVHBANodedevWriteMark(vhba, mark, domain, migration);

    if (qemuVHBANodedevStepEnd(&step, rc) < 0)
        return -1;

    vhba->def->handover = mark;
    g_clear_pointer(&vhba->def->domain, g_free);
    g_clear_pointer(&vhba->def->migration, g_free);
    if (mark != VIR_NODE_DEV_VHBA_HANDOVER_NONE) {
        vhba->def->domain = g_strdup(domain);
        vhba->def->migration = g_strdup(migration);
    }

    return 0;
}


/**
 * qemuVHBANodedevLookAgain:
 * @vhba: a vHBA that has been claimed just now, or marked
 *
 * Finds out whether it is active still, or now: from now on it is not destroyed, or
 * started, but that may have begun before. Returns 0, or -1 with an error reported
 * if a transient one is gone.
 */
int
qemuVHBANodedevLookAgain(qemuVHBANodedev *vhba)
{
    int active = virNodeDeviceIsActive(vhba->dev);

    if (active < 0)
        return -1;

    vhba->active = active == 1;
    return 0;
}


static int
qemuVHBANodedevCreate(qemuVHBANodedev *vhba)
{
    virErrorPtr err;

    if (virNodeDeviceCreate(vhba->dev, 0) == 0)
        return 0;

    virErrorPreserveLast(&err);
    /* somebody else may have been faster */
    vhba->active = virNodeDeviceIsActive(vhba->dev) == 1;
    virErrorRestore(&err);

    if (!vhba->active)
        return -1;

    virResetLastError();
    return 0;
}


/**
 * qemuVHBANodedevStart:
 *
 * Makes sure that @vhba is logged in to its fabric. Returns 0 when it is, -1
 * with an error reported when it cannot be.
 */
int
qemuVHBANodedevStart(qemuVHBANodedev *vhba)
{
    qemuVHBANodedevStep step;

    if (vhba->active)
        return 0;

    step = qemuVHBANodedevStepBegin(vhba->wwpn, "start");
    if (qemuVHBANodedevStepEnd(&step, qemuVHBANodedevCreate(vhba)) < 0)
        return -1;

    vhba->active = true;
    return 0;
}


/**
 * qemuVHBANodedevStop:
 *
 * Makes sure that @vhba is not logged in; its definition stays. Returns 0
 * when it is not, -1 with an error reported when it may still be.
 */
int
qemuVHBANodedevStop(qemuVHBANodedev *vhba)
{
    qemuVHBANodedevStep step;

    if (!vhba->active)
        return 0;

    step = qemuVHBANodedevStepBegin(vhba->wwpn, "stop");
    if (qemuVHBANodedevStepEnd(&step, virNodeDeviceDestroy(vhba->dev)) < 0)
        return -1;

    vhba->active = false;
    return 0;
}


/**
 * qemuVHBANodedevUndefine:
 * @vhba: persistent vHBA, which is not logged in
 *
 * Returns 0 when its definition is gone from the disk, -1 with an error
 * reported otherwise.
 */
int
qemuVHBANodedevUndefine(qemuVHBANodedev *vhba)
{
    qemuVHBANodedevStep step = qemuVHBANodedevStepBegin(vhba->wwpn, "undefine");

    return qemuVHBANodedevStepEnd(&step, virNodeDeviceUndefine(vhba->dev, 0));
}
