/*
 * node_device_fchostpriv.h: for tests: keeps what FC hosts tell of themselves fresh
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

#ifndef LIBVIRT_NODE_DEVICE_FCHOSTPRIV_H_ALLOW
# error "node_device_fchostpriv.h may only be included by node_device_fchost.c or test suites"
#endif /* LIBVIRT_NODE_DEVICE_FCHOSTPRIV_H_ALLOW */

#pragma once

#include "node_device_fchost.h"
#include "virfcevent.h"

void nodeDeviceFCHostsEvent(const virFCEvent *event,
                            void *opaque);

unsigned long long nodeDeviceFCHostsWork(nodeDeviceFCHosts *fchosts);
