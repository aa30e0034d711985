/*
 * node_device_fchost_conf.c: what Fibre Channel hosts tell of themselves
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

#include "node_device_fchost_conf.h"

#include "device_conf.h"
#include "viralloc.h"
#include "virstring.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_ENUM_IMPL(virNodeDevFCHostState,
              VIR_NODE_DEV_FC_HOST_STATE_LAST,
              "unknown",
              "not-present",
              "online",
              "offline",
              "blocked",
              "bypassed",
              "diagnostics",
              "linkdown",
              "error",
              "loopback",
              "deleted",
              "marginal",
);


static void
virNodeDevFCVportFree(void *opaque)
{
    virNodeDevFCVport *vport = opaque;

    g_free(vport->name);
    g_free(vport->wwpn);
    g_free(vport);
}


virNodeDevFCHostDef *
virNodeDevFCHostDefNew(void)
{
    return g_new0(virNodeDevFCHostDef, 1);
}


void
virNodeDevFCHostDefFree(virNodeDevFCHostDef *fchost)
{
    if (!fchost)
        return;

    g_free(fchost->speed);
    g_free(fchost->portType);
    g_free(fchost->address);
    g_free(fchost->vendorName);
    g_clear_pointer(&fchost->vports, g_ptr_array_unref);
    g_free(fchost);
}


/**
 * virNodeDevFCHostStateFromSysfs:
 * @portState: the port_state of an fc_host, such as "Online", or NULL
 *
 * Returns the state, UNKNOWN if @portState is none that is known here.
 */
virNodeDevFCHostState
virNodeDevFCHostStateFromSysfs(const char *portState)
{
    g_autofree char *name = NULL;

    if (!portState)
        return VIR_NODE_DEV_FC_HOST_STATE_UNKNOWN;

    name = g_ascii_strdown(portState, -1);
    return MAX(virNodeDevFCHostStateTypeFromString(g_strdelimit(name, " ", '-')),
               VIR_NODE_DEV_FC_HOST_STATE_UNKNOWN);
}


/**
 * virNodeDevFCHostTextFromSysfs:
 * @text: the speed or the port_type of an fc_host, or NULL
 *
 * Returns a copy of @text, to be freed by the caller; NULL if it says nothing:
 * the kernel's words for that are "unknown" and "Not Negotiated". What is not
 * readable is nothing, too.
 */
char *
virNodeDevFCHostTextFromSysfs(const char *text)
{
    g_autofree char *copy = g_strdup(text);
    const char *p;

    if (!copy)
        return NULL;

    for (p = g_strstrip(copy); *p; p++) {
        if (!g_ascii_isprint(*p))
            return NULL;
    }

    if (*copy == '\0' ||
        g_ascii_strcasecmp(copy, "unknown") == 0 ||
        g_ascii_strcasecmp(copy, "not negotiated") == 0)
        return NULL;

    return g_steal_pointer(&copy);
}


static int
virNodeDevFCVportCompare(const void *a,
                         const void *b)
{
    const virNodeDevFCVport *const *first = a;
    const virNodeDevFCVport *const *second = b;

    return strcmp((*first)->wwpn, (*second)->wwpn);
}


/* Makes @fchost, which is an HBA, carry the vHBA @name, too. @wwpn is in
 * canonical form. */
void
virNodeDevFCHostDefAddVport(virNodeDevFCHostDef *fchost,
                            const char *name,
                            const char *wwpn)
{
    virNodeDevFCVport *vport = g_new0(virNodeDevFCVport, 1);

    vport->name = g_strdup(name);
    vport->wwpn = g_strdup(wwpn);

    if (!fchost->vports)
        fchost->vports = g_ptr_array_new_with_free_func(virNodeDevFCVportFree);

    g_ptr_array_add(fchost->vports, vport);
}


static int
virNodeDevFCHostDefParseAdapter(xmlXPathContextPtr ctxt,
                                virNodeDevFCHostDef *fchost)
{
    xmlNodePtr vendor = virXPathNode("./vendor[1]", ctxt);
    xmlNodePtr address = virXPathNode("./address[1]", ctxt);

    if (vendor) {
        g_autofree char *name = virXMLNodeContentString(vendor);

        if (virXMLPropUInt(vendor, "id", 16, VIR_XML_PROP_REQUIRED,
                           &fchost->vendor) < 0)
            return -1;

        if (name && *name)
            fchost->vendorName = g_steal_pointer(&name);
    }

    if (address) {
        fchost->address = g_new0(virPCIDeviceAddress, 1);
        /* of an empty one, it has not checked the function */
        if (virPCIDeviceAddressParseXML(address, fchost->address) < 0 ||
            !virPCIDeviceAddressIsValid(fchost->address, true))
            return -1;
    }

    return 0;
}


static int
virNodeDevFCHostDefParseVports(xmlXPathContextPtr ctxt,
                               virNodeDevFCHostDef *fchost)
{
    xmlNodePtr node = virXPathNode("./vports[1]", ctxt);
    g_autofree xmlNodePtr *vports = NULL;
    int nvports;
    size_t i;

    if (!node)
        return 0;

    fchost->hasVports = true;
    if (virXMLPropUInt(node, "max", 10, VIR_XML_PROP_REQUIRED,
                       &fchost->maxVports) < 0)
        return -1;

    if ((nvports = virXPathNodeSet("./vports[1]/vport", ctxt, &vports)) < 0)
        return -1;

    for (i = 0; i < nvports; i++) {
        g_autofree char *name = virXMLPropStringRequired(vports[i], "name");
        g_autofree char *str = NULL;
        g_autofree char *wwpn = NULL;

        if (!name ||
            !(str = virXMLPropStringRequired(vports[i], "wwpn")) ||
            virWWNParse(str, &wwpn) < 0)
            return -1;

        virNodeDevFCHostDefAddVport(fchost, name, wwpn);
    }

    return 0;
}


/**
 * virNodeDevFCHostDefParseXML:
 * @ctxt: its node is the <capability type='scsi_host'>
 * @fchost: set to what it says, to be freed by the caller
 *
 * Returns 0 on success; -1 with an error, and with @fchost untouched.
 */
int
virNodeDevFCHostDefParseXML(xmlXPathContextPtr ctxt,
                            virNodeDevFCHostDef **fchost)
{
    g_autoptr(virNodeDevFCHostDef) new = virNodeDevFCHostDefNew();
    xmlNodePtr state = virXPathNode("./state[1]", ctxt);

    if (state) {
        g_autofree char *str = virXMLNodeContentString(state);

        new->state = virNodeDevFCHostStateFromSysfs(str);
    }

    new->speed = virXPathString("string(./capability[@type='fc_host']/speed)", ctxt);
    new->portType = virXPathString("string(./capability[@type='fc_host']/port_type)", ctxt);

    if (virNodeDevFCHostDefParseAdapter(ctxt, new) < 0 ||
        virNodeDevFCHostDefParseVports(ctxt, new) < 0)
        return -1;

    *fchost = g_steal_pointer(&new);
    return 0;
}


/* Formats what precedes the capabilities of a SCSI host; nothing if @fchost is
 * NULL. */
void
virNodeDevFCHostDefFormat(virBuffer *buf,
                          const virNodeDevFCHostDef *fchost)
{
    if (!fchost)
        return;

    if (fchost->state != VIR_NODE_DEV_FC_HOST_STATE_UNKNOWN)
        virBufferAsprintf(buf, "<state>%s</state>\n",
                          virNodeDevFCHostStateTypeToString(fchost->state));

    if (fchost->vendor != 0) {
        virBufferAsprintf(buf, "<vendor id='0x%04x'", fchost->vendor);
        if (fchost->vendorName)
            virBufferEscapeString(buf, ">%s</vendor>\n", fchost->vendorName);
        else
            virBufferAddLit(buf, "/>\n");
    }

    if (fchost->address)
        virPCIDeviceAddressFormat(buf, *fchost->address, true);
}


/* Formats what goes into the capability fc_host; nothing if @fchost is NULL. */
void
virNodeDevFCHostDefFormatPort(virBuffer *buf,
                              const virNodeDevFCHostDef *fchost)
{
    if (!fchost)
        return;

    virBufferEscapeString(buf, "<speed>%s</speed>\n", fchost->speed);
    virBufferEscapeString(buf, "<port_type>%s</port_type>\n", fchost->portType);
}


/* Formats what follows the capabilities of a SCSI host; nothing if @fchost is
 * NULL. */
void
virNodeDevFCHostDefFormatVports(virBuffer *buf,
                                const virNodeDevFCHostDef *fchost)
{
    g_auto(virBuffer) attrs = VIR_BUFFER_INITIALIZER;
    g_auto(virBuffer) children = VIR_BUFFER_INIT_CHILD(buf);
    size_t num = 0;
    size_t i;

    if (!fchost || !fchost->hasVports)
        return;

    if (fchost->vports) {
        g_ptr_array_sort(fchost->vports, virNodeDevFCVportCompare);
        num = fchost->vports->len;
    }

    virBufferAsprintf(&attrs, " num='%zu' max='%u'", num, fchost->maxVports);

    for (i = 0; i < num; i++) {
        const virNodeDevFCVport *vport = g_ptr_array_index(fchost->vports, i);

        virBufferEscapeString(&children, "<vport name='%s'", vport->name);
        virBufferEscapeString(&children, " wwpn='%s'/>\n", vport->wwpn);
    }

    virXMLFormatElement(buf, "vports", &attrs, &children);
}
