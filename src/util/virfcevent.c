/*
 * virfcevent.c: events of the kernel's Fibre Channel transport
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

#include <config.h>

#ifdef WITH_LIBNL
# include <netlink/msg.h>
# include <netlink/netlink.h>
# include <netlink/socket.h>
#endif

#include "viralloc.h"
#include "virerror.h"
#include "virfcevent.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_NONE

VIR_LOG_INIT("util.fcevent");

/* From scsi_netlink.h and scsi_netlink_fc.h, which are not installed
 * everywhere. The message that follows the netlink header: */
typedef struct _virFCEventMsg virFCEventMsg;
struct _virFCEventMsg {
    uint8_t version;
    uint8_t transport;
    uint16_t magic;
    uint16_t msgtype;
    uint16_t msglen;
    uint64_t seconds;
    uint64_t vendor;
    uint16_t host;
    uint16_t datalen;
    uint32_t number;
    uint32_t code;
    uint32_t data;
};

#define MSG_VERSION 1
#define MSG_MAGIC 0xA1B2
#define MSG_TRANSPORT_FC 1
#define MSG_FC_ASYNC_EVENT 0x0100
/* @data, and what the kernel may append to it, is of no interest here */
#define MSG_MIN_LENGTH G_STRUCT_OFFSET(virFCEventMsg, data)


static virFCEventType
virFCEventTypeFromCode(uint32_t code)
{
    switch (code) {
    case 0x2: /* FCH_EVT_LINKUP */
    case 0x202: /* FCH_EVT_PORT_ONLINE */
        return VIR_FC_EVENT_LINK_UP;
    case 0x3: /* FCH_EVT_LINKDOWN */
    case 0x201: /* FCH_EVT_PORT_OFFLINE */
        return VIR_FC_EVENT_LINK_DOWN;
    case 0x1: /* FCH_EVT_LIP */
    case 0x4: /* FCH_EVT_LIPRESET */
        return VIR_FC_EVENT_LINK_RESET;
    case 0x5: /* FCH_EVT_RSCN */
    case 0x204: /* FCH_EVT_PORT_FABRIC */
        return VIR_FC_EVENT_FABRIC_CHANGE;
    }

    return VIR_FC_EVENT_OTHER;
}


/**
 * virFCEventParse:
 * @msg: message of the SCSI transport, without its netlink header
 * @len: its length in bytes
 * @event: filled with what it says
 *
 * Returns 0 on success; -1 without an error, and with @event untouched, if
 * @msg is not an event of the FC transport.
 */
int
virFCEventParse(const void *msg,
                size_t len,
                virFCEvent *event)
{
    virFCEventMsg head = { 0 };

    if (len < MSG_MIN_LENGTH)
        return -1;

    memcpy(&head, msg, MSG_MIN_LENGTH);

    if (head.version != MSG_VERSION ||
        head.magic != MSG_MAGIC ||
        head.transport != MSG_TRANSPORT_FC ||
        head.msgtype != MSG_FC_ASYNC_EVENT)
        return -1;

    event->type = virFCEventTypeFromCode(head.code);
    event->host = head.host;
    return 0;
}


#ifdef WITH_LIBNL

/* as in linux/netlink.h and scsi_netlink.h */
# ifndef NETLINK_SCSITRANSPORT
#  define NETLINK_SCSITRANSPORT 18
# endif
# define GROUP_FC_EVENTS 4

struct _virFCEventMonitor {
    struct nl_sock *sock;

    unsigned char *buf;     /* what was received in one go, */
    struct nlmsghdr *next;  /* the next message in it, */
    int left;               /* and how many bytes are left */
};


/**
 * virFCEventMonitorNew:
 *
 * Events from now on wait to be read with virFCEventMonitorRead.
 *
 * Returns the monitor, to be freed by the caller; NULL with an error if this
 * kernel has no FC transport, or this process may not listen to it.
 */
virFCEventMonitor *
virFCEventMonitorNew(void)
{
    g_autoptr(virFCEventMonitor) mon = g_new0(virFCEventMonitor, 1);
    int rc;

    if (!(mon->sock = nl_socket_alloc())) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s",
                       _("cannot allocate a netlink socket"));
        return NULL;
    }

    nl_socket_disable_seq_check(mon->sock);

    if ((rc = nl_connect(mon->sock, NETLINK_SCSITRANSPORT)) < 0 ||
        (rc = nl_socket_add_memberships(mon->sock, GROUP_FC_EVENTS, 0)) < 0 ||
        (rc = nl_socket_set_nonblocking(mon->sock)) < 0) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("cannot listen to events of the Fibre Channel transport: %1$s"),
                       nl_geterror(rc));
        return NULL;
    }

    return g_steal_pointer(&mon);
}


static void
virFCEventMonitorDropBuffer(virFCEventMonitor *mon)
{
    g_free(mon->buf);
    mon->buf = NULL;
    mon->next = NULL;
    mon->left = 0;
}


void
virFCEventMonitorFree(virFCEventMonitor *mon)
{
    if (!mon)
        return;

    virFCEventMonitorDropBuffer(mon);
    nl_socket_free(mon->sock);
    g_free(mon);
}


/**
 * virFCEventMonitorGetFD:
 * @mon: the monitor
 *
 * Returns the file descriptor that becomes readable when there are events. It
 * belongs to @mon.
 */
int
virFCEventMonitorGetFD(virFCEventMonitor *mon)
{
    return nl_socket_get_fd(mon->sock);
}


/* Returns 1 if there is a message at mon->next, 0 if there is none now, -2 if some
 * were lost, -1 with an error. */
static int
virFCEventMonitorFill(virFCEventMonitor *mon)
{
    struct sockaddr_nl from;

    while (!mon->next || !nlmsg_ok(mon->next, mon->left)) {
        int rc;

        virFCEventMonitorDropBuffer(mon);

        rc = nl_recv(mon->sock, &from, &mon->buf, NULL);
        if (rc == 0 || rc == -NLE_AGAIN || rc == -NLE_INTR)
            return 0;

        if (rc == -NLE_NOMEM)
            return -2;

        if (rc < 0) {
            virReportError(VIR_ERR_OPERATION_FAILED,
                           _("cannot read events of the Fibre Channel transport: %1$s"),
                           nl_geterror(rc));
            return -1;
        }

        mon->next = (void *) mon->buf; /* aligned, as malloc is */
        mon->left = rc;
    }

    return 1;
}


/**
 * virFCEventMonitorRead:
 * @mon: the monitor
 * @event: filled with the oldest event that has not been read
 *
 * Never blocks.
 *
 * Returns 1 if there was an event, 0 if there is none now, -1 with an error if
 * there never will be another.
 */
int
virFCEventMonitorRead(virFCEventMonitor *mon,
                      virFCEvent *event)
{
    int rc;

    while ((rc = virFCEventMonitorFill(mon)) == 1) {
        struct nlmsghdr *msg = mon->next;

        mon->next = nlmsg_next(msg, &mon->left);

        if (virFCEventParse(nlmsg_data(msg), nlmsg_datalen(msg), event) == 0) {
            VIR_DEBUG("host%u: event %d", event->host, event->type);
            return 1;
        }
    }

    if (rc == -2) {
        /* The socket's buffer overran (ENOBUFS); it goes on working. */
        event->type = VIR_FC_EVENT_LOST;
        event->host = 0;
        return 1;
    }

    return rc;
}

#else /* !WITH_LIBNL */

virFCEventMonitor *
virFCEventMonitorNew(void)
{
    virReportError(VIR_ERR_OPERATION_UNSUPPORTED, "%s",
                   _("libvirt was built without libnl, which is needed to listen to events of the Fibre Channel transport"));
    return NULL;
}


void
virFCEventMonitorFree(virFCEventMonitor *mon G_GNUC_UNUSED)
{
}


int
virFCEventMonitorGetFD(virFCEventMonitor *mon G_GNUC_UNUSED)
{
    return -1;
}


int
virFCEventMonitorRead(virFCEventMonitor *mon G_GNUC_UNUSED,
                      virFCEvent *event G_GNUC_UNUSED)
{
    return 0;
}

#endif /* !WITH_LIBNL */
