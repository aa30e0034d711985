/*
 * virfclun.h: logical units seen through a Fibre Channel host
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

bool
virFCLunIsDevice(const virFCLun *lun,
                 const char *path)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2);

virFCLun *
virFCLunFind(unsigned int host,
             const char *target,
             const unsigned long long *unit);

virFCLun *
virFCLunWait(unsigned int host,
             const char *target,
             const unsigned long long *unit,
             unsigned int timeout);
