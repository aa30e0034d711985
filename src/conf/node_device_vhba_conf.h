/*
 * node_device_vhba_conf.h: definitions of NPIV vHBAs
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

#include "virconftypes.h"
#include "virbuffer.h"
#include "virenum.h"
#include "virxml.h"

/* The SCSI host number of a vHBA that is not active. */
#define VIR_NODE_DEV_SCSI_HOST_NONE UINT_MAX

/* Whether a vHBA takes part in a migration. It is kept in the definition on
 * disk, so that it is known after a crash who may log in to the fabric. */
typedef enum {
    VIR_NODE_DEV_VHBA_HANDOVER_NONE = 0,
    VIR_NODE_DEV_VHBA_HANDOVER_LENT,     /* given to the destination host */
    VIR_NODE_DEV_VHBA_HANDOVER_BORROWED, /* taken from the source host */

    VIR_NODE_DEV_VHBA_HANDOVER_LAST
} virNodeDevVHBAHandover;

VIR_ENUM_DECL(virNodeDevVHBAHandover);

/* What a definition says about a vHBA beyond its names and its parent. All
 * WWNs are in canonical form, see virwwn.h. */
typedef struct _virNodeDevVHBADef virNodeDevVHBADef;
struct _virNodeDevVHBADef {
    char *primary;      /* WWPN of the primary, if this is a secondary */
    char *secondary;    /* WWPN of the secondary, if this is a primary */

    virNodeDevVHBAHandover handover;
    char *domain;       /* name of the domain, unless HANDOVER_NONE */
    char *migration;    /* UUID of the migration, unless HANDOVER_NONE */
    bool inactive;      /* it was not active when the migration began, so that
                         * this does not start it */
};

void virNodeDevVHBADefFree(virNodeDevVHBADef *vhba);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virNodeDevVHBADef, virNodeDevVHBADefFree);

virNodeDevVHBADef *virNodeDevVHBADefCopy(const virNodeDevVHBADef *vhba);

int virNodeDevVHBADefParseXML(xmlXPathContextPtr ctxt,
                              virNodeDevVHBADef **vhba);

void virNodeDevVHBADefFormat(virBuffer *buf,
                             const virNodeDevVHBADef *vhba);

bool virNodeDevVHBAHasNoHost(xmlXPathContextPtr ctxt);

bool virNodeDevVHBAIsGone(const virNodeDevVHBADef *vhba,
                          const char *wwpn,
                          unsigned int host);

/* The following work on node devices that are vHBAs. */

const char *virNodeDeviceVHBAGetWWPN(const virNodeDeviceDef *def);

const char *virNodeDeviceVHBAGetWWNN(const virNodeDeviceDef *def);

unsigned int virNodeDeviceVHBAGetHost(const virNodeDeviceDef *def);

virNodeDevVHBADef *virNodeDeviceVHBAGetDef(const virNodeDeviceDef *def);

char *virNodeDeviceVHBAName(const char *wwpn);

bool virNodeDeviceVHBAIsName(const char *name);

const char *virNodeDeviceVHBANameWWPN(const char *name);

int virNodeDeviceVHBANormalizeWWNs(virNodeDeviceDef *def,
                                   bool strict);

int virNodeDeviceVHBANormalize(virNodeDeviceDef *def);

int virNodeDeviceVHBACheckPair(const virNodeDeviceDef *def,
                               const virNodeDeviceDef *other);

bool virNodeDeviceVHBASameHardware(const virNodeDeviceDef *a,
                                   const virNodeDeviceDef *b);

void virNodeDeviceVHBACopyParent(virNodeDeviceDef *dst,
                                 const virNodeDeviceDef *src);

void virNodeDeviceVHBACopyConfig(virNodeDeviceDef *dst,
                                 const virNodeDeviceDef *src);

virNodeDeviceDef *virNodeDeviceVHBACopy(const virNodeDeviceDef *def);

void virNodeDeviceVHBADeactivate(virNodeDeviceDef *def,
                                 const virNodeDeviceDef *config);
