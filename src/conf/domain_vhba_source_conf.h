/*
 * domain_vhba_source_conf.h: disk sources behind a Fibre Channel vHBA
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

#include "storage_source_conf.h"
#include "virxml.h"

/*
 * A disk of type 'block' whose source is not a path but a logical unit behind
 * an NPIV virtual HBA. What leads to the unit is configuration and the same on
 * every host; the device node is not, it is found when the domain starts and
 * then stands in the path of the virStorageSource.
 */
struct _virStorageSourceVHBA {
    /* Either names the vHBA; canonical form (virwwn.h), NULL if byPath */
    char *wwnn;
    char *wwpn;

    /* Which of the units that the vHBA shows; nothing if it is the only one */
    char *target; /* WWPN of the target port, or NULL */
    bool hasUnit;
    unsigned long long unit;

    /* Or it is given as a path, and the vHBA is the one behind which it is */
    bool byPath;
    char *dev; /* the path as it was configured, NULL unless byPath */

    /* Run time data, kept in the status XML only */
    char *active; /* WWPN of the vHBA that carries the I/O on this host: of a
                     pair it may be the other one than wwpn; NULL as long as
                     the source is not resolved */
};

virStorageSourceVHBA *
virStorageSourceVHBACopy(const virStorageSourceVHBA *vhba);

void
virStorageSourceVHBAFree(virStorageSourceVHBA *vhba);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virStorageSourceVHBA, virStorageSourceVHBAFree);

bool
virStorageSourceVHBAIsUsed(const virStorageSource *src);

void
virStorageSourceVHBAForget(virStorageSource *src);

bool
virStorageSourceVHBAIsEqual(const virStorageSourceVHBA *a,
                            const virStorageSourceVHBA *b);

int
virStorageSourceVHBAParseXML(xmlNodePtr node,
                             xmlXPathContextPtr ctxt,
                             virStorageSource *src,
                             unsigned int flags)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);

void
virStorageSourceVHBAFormat(virBuffer *attrBuf,
                           virBuffer *childBuf,
                           const virStorageSource *src,
                           unsigned int flags)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);

int
virStorageSourceVHBAValidate(const virStorageSource *src)
    ATTRIBUTE_NONNULL(1);

int
virStorageSourceVHBACheckResolved(const virStorageSource *src)
    ATTRIBUTE_NONNULL(1);
