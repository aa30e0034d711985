/*
 * node_device_parent_conf.c: how a node device names its parent
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

#include "node_device_parent_conf.h"

#include "virxml.h"

/**
 * virNodeDeviceDefFormatParentWWNs:
 * @buf: where to append to
 * @def: a definition
 *
 * Appends the element <parent/> with the WWNs by which @def names its parent:
 * those of the HBA or, without them, that of the fabric. Appends nothing if
 * there are none.
 */
void
virNodeDeviceDefFormatParentWWNs(virBuffer *buf,
                                 const virNodeDeviceDef *def)
{
    g_auto(virBuffer) attrBuf = VIR_BUFFER_INITIALIZER;

    if (def->parent_wwnn && def->parent_wwpn) {
        virBufferEscapeString(&attrBuf, " wwnn='%s'", def->parent_wwnn);
        virBufferEscapeString(&attrBuf, " wwpn='%s'", def->parent_wwpn);
    } else {
        virBufferEscapeString(&attrBuf, " fabric_wwn='%s'",
                              def->parent_fabric_wwn);
    }

    virXMLFormatElement(buf, "parent", &attrBuf, NULL);
}


/**
 * virNodeDeviceDefFormatParent:
 * @buf: where to append to
 * @def: a definition
 *
 * Appends the element <parent> with the name of @def's parent or, without a
 * name, as virNodeDeviceDefFormatParentWWNs.
 */
void
virNodeDeviceDefFormatParent(virBuffer *buf,
                             const virNodeDeviceDef *def)
{
    if (def->parent)
        virBufferEscapeString(buf, "<parent>%s</parent>\n", def->parent);
    else
        virNodeDeviceDefFormatParentWWNs(buf, def);
}
