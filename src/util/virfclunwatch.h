/*
 * virfclunwatch.h: keeps the index of Fibre Channel hosts and units fresh
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
 * A daemon has one index (virfclunindex.h). It begins with virFCLunWatchStart;
 * without it, all questions are answered by walking sysfs.
 *
 * The kernel puts an event into our socket before the call returns that made the
 * change, and whatever is in the socket is read before a question is answered.
 * So the answer is never older than the question.
 */

int
virFCLunWatchStart(void);

void
virFCLunWatchStop(void);

int
virFCLunWatchFindHost(const char *wwnn,
                      const char *wwpn,
                      unsigned int *host)
    ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);

int
virFCLunWatchGet(unsigned int host,
                 const unsigned long long *unit,
                 virFCLun ***luns,
                 size_t *nluns)
    ATTRIBUTE_NONNULL(3) ATTRIBUTE_NONNULL(4);

bool
virFCLunWatchIsReady(const char *device)
    ATTRIBUTE_NONNULL(1);

typedef struct _virFCLunWaiter virFCLunWaiter;

virFCLunWaiter *
virFCLunWaiterNew(unsigned int host);

void
virFCLunWaiterFree(virFCLunWaiter *waiter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virFCLunWaiter, virFCLunWaiterFree);

int
virFCLunWaiterWait(virFCLunWaiter *waiter,
                   unsigned long long until)
    ATTRIBUTE_NONNULL(1);
