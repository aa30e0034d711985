/*
 * virfclunpriv.h: the event loop of virfclun, for its test
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

#ifndef LIBVIRT_VIRFCLUNPRIV_H_ALLOW
# error "virfclunpriv.h may only be included by virfclun.c or test suites"
#endif /* LIBVIRT_VIRFCLUNPRIV_H_ALLOW */

#pragma once

#include "virfclun.h"

typedef struct _virFCLunEvents virFCLunEvents;
/* Whoever tells that units come and change: the watch, or a test. */
struct _virFCLunEvents {
    /* sleeps until something has happened since the last call, or until a time
       in milliseconds; -1 with an error */
    int (*wait)(void *opaque, unsigned long long until);
    bool (*ready)(const char *device); /* may @device be used */
    void (*rescan)(unsigned int host); /* asks the targets for all they have */
    void *opaque;
};

virFCLun *
virFCLunWaitEvents(unsigned int host,
                   const char *target,
                   const unsigned long long *unit,
                   const virFCLunEvents *events,
                   unsigned int timeout)
    ATTRIBUTE_NONNULL(4);
