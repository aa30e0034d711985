/*
 * node_device_fchost_conf.h: what Fibre Channel hosts tell of themselves
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

#pragma once

#include "virbuffer.h"
#include "virenum.h"
#include "virpci.h"
#include "virxml.h"

/* The state of a port, as the kernel has it (see fc_port_state in
 * scsi_transport_fc.h). */
typedef enum {
    VIR_NODE_DEV_FC_HOST_STATE_UNKNOWN = 0, /* the kernel does not tell */
    VIR_NODE_DEV_FC_HOST_STATE_NOT_PRESENT,
    VIR_NODE_DEV_FC_HOST_STATE_ONLINE,
    VIR_NODE_DEV_FC_HOST_STATE_OFFLINE,
    VIR_NODE_DEV_FC_HOST_STATE_BLOCKED,
    VIR_NODE_DEV_FC_HOST_STATE_BYPASSED,
    VIR_NODE_DEV_FC_HOST_STATE_DIAGNOSTICS,
    VIR_NODE_DEV_FC_HOST_STATE_LINKDOWN,
    VIR_NODE_DEV_FC_HOST_STATE_ERROR,
    VIR_NODE_DEV_FC_HOST_STATE_LOOPBACK,
    VIR_NODE_DEV_FC_HOST_STATE_DELETED,
    VIR_NODE_DEV_FC_HOST_STATE_MARGINAL,

    VIR_NODE_DEV_FC_HOST_STATE_LAST
} virNodeDevFCHostState;

VIR_ENUM_DECL(virNodeDevFCHostState);

/* A vHBA, as the HBA that carries it shows it. */
typedef struct _virNodeDevFCVport virNodeDevFCVport;
struct _virNodeDevFCVport {
    char *name; /* of its node device */
    char *wwpn; /* canonical form, see virwwn.h */
};

/* What is only known of an HBA or vHBA while it is active. Nothing of this is
 * ever part of a definition. */
typedef struct _virNodeDevFCHostDef virNodeDevFCHostDef;
struct _virNodeDevFCHostDef {
    virNodeDevFCHostState state;
    char *speed;                /* as in sysfs: "16 Gbit"; or NULL */
    char *portType;             /* as in sysfs: "NPIV VPORT"; or NULL */

    /* the PCI function that the HBA is, or is reached through */
    virPCIDeviceAddress *address; /* or NULL; if not, then: */
    unsigned int vendor;        /* its vendor's ID, 0 if not known */
    char *vendorName;           /* or NULL */

    bool hasVports;             /* is an HBA that can carry vHBAs; if so: */
    unsigned int maxVports;     /* how many */
    GPtrArray *vports;          /* those that it carries: virNodeDevFCVport,
                                   in any order; NULL if there are none */
};

virNodeDevFCHostDef *virNodeDevFCHostDefNew(void);

void virNodeDevFCHostDefFree(virNodeDevFCHostDef *fchost);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virNodeDevFCHostDef, virNodeDevFCHostDefFree);

virNodeDevFCHostState virNodeDevFCHostStateFromSysfs(const char *portState);

char *virNodeDevFCHostTextFromSysfs(const char *text);

void virNodeDevFCHostDefAddVport(virNodeDevFCHostDef *fchost,
                                 const char *name,
                                 const char *wwpn);

int virNodeDevFCHostDefParseXML(xmlXPathContextPtr ctxt,
                                virNodeDevFCHostDef **fchost);

void virNodeDevFCHostDefFormat(virBuffer *buf,
                               const virNodeDevFCHostDef *fchost);

void virNodeDevFCHostDefFormatPort(virBuffer *buf,
                                   const virNodeDevFCHostDef *fchost);

void virNodeDevFCHostDefFormatVports(virBuffer *buf,
                                     const virNodeDevFCHostDef *fchost);
