/*
 * virfcevent.h: events of the kernel's Fibre Channel transport
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
 * What happens to a port's link or to its fabric makes no uevent. The kernel's
 * FC transport tells it on a netlink socket of its own (NETLINK_SCSITRANSPORT,
 * see scsi_netlink_fc.h in the kernel's sources).
 */

typedef enum {
    VIR_FC_EVENT_OTHER = 0,
    VIR_FC_EVENT_LINK_UP,       /* the port is on the fabric */
    VIR_FC_EVENT_LINK_DOWN,     /* the port is off the fabric */
    VIR_FC_EVENT_LINK_RESET,    /* the port logs in anew */
    VIR_FC_EVENT_FABRIC_CHANGE, /* RSCN: another port came or went */
    VIR_FC_EVENT_LOST,          /* events came faster than they were read:
                                   anything may have happened, @host is
                                   not set */

    VIR_FC_EVENT_LAST
} virFCEventType;

typedef struct _virFCEvent virFCEvent;
struct _virFCEvent {
    virFCEventType type;
    unsigned int host;  /* N of the hostN that it is about */
};

int virFCEventParse(const void *msg,
                    size_t len,
                    virFCEvent *event)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(3);

typedef struct _virFCEventMonitor virFCEventMonitor;

virFCEventMonitor *virFCEventMonitorNew(void);

void virFCEventMonitorFree(virFCEventMonitor *mon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virFCEventMonitor, virFCEventMonitorFree);

int virFCEventMonitorGetFD(virFCEventMonitor *mon)
    ATTRIBUTE_NONNULL(1);

int virFCEventMonitorRead(virFCEventMonitor *mon,
                          virFCEvent *event)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2);
