/*
 * virfchost.h: Fibre Channel hosts: HBAs and vHBAs in sysfs
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

#include "internal.h"

/*
 * The kernel shows each Fibre Channel port of this machine as an "fc_host":
 * a host adapter port (HBA), or an NPIV virtual port on one (vHBA). All of
 * libvirt's new code reads them here, from /sys/class/fc_host; see
 * Documentation/scsi/scsi_fc_transport.rst in the kernel's sources.
 */

typedef struct _virFCHost virFCHost;
struct _virFCHost {
    unsigned int host;      /* N of hostN */
    char *wwnn;             /* node name, canonical form (virwwn.h) */
    char *wwpn;             /* port name, canonical form */
    char *fabricWWN;        /* fabric name, canonical form; NULL if not logged
                               in to a fabric */
    char *portState;        /* as in sysfs: "Online", "Linkdown", ...; or NULL */
    char *portType;         /* as in sysfs: "NPort (fabric via point-to-point)",
                               "NPIV VPORT", ...; or NULL */
    char *speed;            /* as in sysfs: "16 Gbit", ...; or NULL */

    bool vport;             /* is a vHBA; if so: */
    unsigned int parent;    /* N of the HBA's hostN */
    char *vportState;       /* as in sysfs: "Active", "Initializing", ...; or
                               NULL */

    bool vportOps;          /* is an NPIV capable HBA; if so: */
    unsigned int maxVports; /* how many vHBAs it can carry */
    unsigned int vports;    /* how many it carries now */
};

void virFCHostFree(virFCHost *fchost);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virFCHost, virFCHostFree);

virFCHost *virFCHostRead(unsigned int host);
virFCHost *virFCHostReadPort(unsigned int host);
bool virFCHostIsHBA(unsigned int host);

int virFCHostList(virFCHost ***hosts,
                  size_t *nhosts)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2);

virFCHost *virFCHostFindByWWN(const char *wwnn,
                              const char *wwpn)
    ATTRIBUTE_NONNULL(2);

int virFCHostVportNames(const char *path,
                        char **wwnn,
                        char **wwpn)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);

int virFCHostVportRequest(unsigned int parent,
                          const char *op,
                          const char *wwnn,
                          const char *wwpn)
    ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3) ATTRIBUTE_NONNULL(4);

int virFCHostVportCreate(unsigned int parent,
                         const char *wwnn,
                         const char *wwpn)
    ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);

int virFCHostVportCreateOnFabric(const char *fabricWWN,
                                 const char *wwnn,
                                 const char *wwpn,
                                 unsigned int *parent)
    ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3) ATTRIBUTE_NONNULL(4);

virFCHost *virFCHostVportWait(unsigned int host,
                              unsigned int timeoutMs);

void virFCHostRescan(unsigned int host);

int virFCHostVportDelete(unsigned int parent,
                         const char *wwnn,
                         const char *wwpn)
    ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);
