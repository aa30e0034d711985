/*
 * virfchostpriv.h: parts of virfchost, for its test
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

#ifndef LIBVIRT_VIRFCHOSTPRIV_H_ALLOW
# error "virfchostpriv.h may only be included by virfchost.c or test suites"
#endif /* LIBVIRT_VIRFCHOSTPRIV_H_ALLOW */

#pragma once

#include "virfchost.h"

virFCHost *virFCHostReserve(const char *fabricWWN,
                            GHashTable *refused);

void virFCHostUnreserve(unsigned int host);

const char *virFCHostVportOpProblem(const char *op,
                                    int rc)
    ATTRIBUTE_NONNULL(1);
