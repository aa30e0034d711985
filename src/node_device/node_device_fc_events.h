/*
 * node_device_fc_events.h: events of the Fibre Channel transport
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

#include "virfcevent.h"

/*
 * The driver's one ear on the FC transport (see virfcevent.h), for all that
 * want to know when a link or a fabric changes.
 */
typedef struct _nodeDeviceFCEvents nodeDeviceFCEvents;

/* Is told of @event in the event loop, which must not be held up. */
typedef void (*nodeDeviceFCEventFunc)(const virFCEvent *event,
                                      void *opaque);

nodeDeviceFCEvents *nodeDeviceFCEventsNew(void);

void nodeDeviceFCEventsAddListener(nodeDeviceFCEvents *events,
                                   nodeDeviceFCEventFunc func,
                                   void *opaque);

void nodeDeviceFCEventsListen(nodeDeviceFCEvents *events);

void nodeDeviceFCEventsStop(nodeDeviceFCEvents *events);

void nodeDeviceFCEventsFree(nodeDeviceFCEvents *events);
