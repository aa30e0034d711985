/*
 * virfcclaim.h: which domains use which vHBA
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
 * A claim is a running domain's hold on a vHBA. It is made by the daemon that
 * runs domains and respected by the one that manages vHBAs, so it is a file
 * that both can read: it survives a restart of either daemon, and it is gone
 * with the host's boot, as the domains are.
 */

int
virFCClaimSet(const char *wwpn,
              const char *domain,
              const char *uuid,
              bool exclusive)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);

int
virFCClaimGet(const char *wwpn,
              char **domain,
              char **uuid)
    ATTRIBUTE_NONNULL(1);

int
virFCClaimCheckUnused(const char *wwpn)
    ATTRIBUTE_NONNULL(1);

int
virFCClaimGetOther(const char *wwpn,
                   const char *uuid,
                   char **domain)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2) ATTRIBUTE_NONNULL(3);

int
virFCClaimDrop(const char *wwpn,
               const char *uuid)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2);

int
virFCClaimDropAll(const char *uuid)
    ATTRIBUTE_NONNULL(1);
