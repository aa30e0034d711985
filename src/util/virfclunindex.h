/*
 * virfclunindex.h: an index of Fibre Channel hosts and their units
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

#include "virfclunwalk.h"

/*
 * The index remembers what it has read of each host until an event says that it
 * may have changed. It never believes what an event says, only where to look
 * again; so it does not matter in which order events come, and how often. If
 * some were lost, all is read anew.
 *
 * It is as fresh as a walk, provided that all events of what has happened so
 * far have been told to it before it is asked. It does not lock.
 */

/* How the index looks at this machine; see virfclunwalk.h for each of them. */
typedef struct _virFCLunIndexReader virFCLunIndexReader;
struct _virFCLunIndexReader {
    int (*hosts)(unsigned int **hosts, size_t *nhosts);
    int (*names)(unsigned int host, char **wwnn, char **wwpn);
    int (*walk)(unsigned int host, virFCLun ***luns, size_t *nluns);
    bool (*again)(virFCLun *lun);
};

#define VIR_FC_LUN_ALL_HOSTS UINT_MAX

typedef struct _virFCLunIndex virFCLunIndex;

virFCLunIndex *
virFCLunIndexNew(const virFCLunIndexReader *reader)
    ATTRIBUTE_NONNULL(1);

void
virFCLunIndexFree(virFCLunIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virFCLunIndex, virFCLunIndexFree);

bool
virFCLunIndexTell(virFCLunIndex *index,
                  const char *devpath,
                  unsigned int *host)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);

void
virFCLunIndexForget(virFCLunIndex *index,
                    unsigned int host)
    ATTRIBUTE_NONNULL(1);

void
virFCLunIndexForgetAll(virFCLunIndex *index)
    ATTRIBUTE_NONNULL(1);

int
virFCLunIndexFindHost(virFCLunIndex *index,
                      const char *wwnn,
                      const char *wwpn,
                      unsigned int *host)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(3) ATTRIBUTE_NONNULL(4);

int
virFCLunIndexGet(virFCLunIndex *index,
                 unsigned int host,
                 const unsigned long long *unit,
                 virFCLun ***luns,
                 size_t *nluns)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(4) ATTRIBUTE_NONNULL(5);
