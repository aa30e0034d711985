/*
 * qemu_vhba_startpriv.h: steps of a start in the background
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

#ifndef LIBVIRT_QEMU_VHBA_STARTPRIV_H_ALLOW
# error "qemu_vhba_startpriv.h may only be included by qemu_vhba_start.c or test suites"
#endif /* LIBVIRT_QEMU_VHBA_STARTPRIV_H_ALLOW */

#pragma once

#include "internal.h"

/* What has become of the start of one vHBA */
typedef struct _qemuVHBAStart qemuVHBAStart;
struct _qemuVHBAStart {
    char *wwpn;
    char *migration;            /* UUID in the mark that is to be removed */

    bool accompanied;           /* its partner is on the fabric, and would see it */
    unsigned long long graceEnd; /* in milliseconds, 0 before it is known */
    bool witnessed;             /* its partner has seen it on the fabric */
    unsigned int attempts;      /* how often we tried in vain */
};

typedef enum {
    QEMU_VHBA_START_DONE,       /* nothing is left to do */
    QEMU_VHBA_START_AWAIT,      /* the fabric shows it present: look again */
    QEMU_VHBA_START_UNKNOWN,    /* nobody sees it, it may be anywhere */
    QEMU_VHBA_START_REFUSED,    /* tried in vain: try again later */
} qemuVHBAStartResult;

qemuVHBAStartResult
qemuVHBAStartTry(virConnectPtr conn,
                 qemuVHBAStart *start,
                 bool patient);

bool
qemuVHBAStartIsPatient(qemuVHBAStart *start,
                       unsigned long long elapsed);
