/*
 * virfclunwalk.h: what sysfs shows of Fibre Channel hosts and their units
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

/* One directory for each HBA and vHBA: hostN, N being the number of its SCSI host */
#define VIR_FC_HOST_SYSFS "/sys/class/fc_host"

typedef struct _virFCLun virFCLun;
/* One path to a logical unit: (host, target port, unit number). The host is
 * known to whoever asked. */
struct _virFCLun {
    char *path; /* directory of the unit in sysfs */
    char *disk; /* "/dev/sdX"; NULL as long as there is no block device yet */
    char *device; /* what is to be used: "/dev/mapper/…" of the multipath map
                     that the disk is part of, otherwise the disk itself */
    char *target; /* WWPN of the target port, 16 lower-case hex digits */
    unsigned long long unit; /* the L of the kernel's H:C:T:L */
    char *id; /* identity of the unit (SPC-4, VPD page 0x83) as the kernel
                 prints it, e.g. "naa.6001405…"; NULL if it has none */
    unsigned long long size; /* in bytes; 0 if not known yet */
};

void
virFCLunFree(virFCLun *lun);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virFCLun, virFCLunFree);

void
virFCLunListFree(virFCLun **luns,
                 size_t nluns);

int
virFCLunWalk(unsigned int host,
             virFCLun ***luns,
             size_t *nluns)
    ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);

bool
virFCLunWalkAgain(virFCLun *lun)
    ATTRIBUTE_NONNULL(1);

int
virFCLunWalkHosts(unsigned int **hosts,
                  size_t *nhosts)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2);

int
virFCLunWalkNames(unsigned int host,
                  char **wwnn,
                  char **wwpn)
    ATTRIBUTE_NONNULL(3);

int
virFCLunWalkFindHost(const char *wwnn,
                     const char *wwpn,
                     unsigned int *host)
    ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);
