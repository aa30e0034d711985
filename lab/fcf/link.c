/*
 * link.c: the Ethernet link between a port and its machine, on a unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "link.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock.h"

enum {
    READ_SIZE = 64 * 1024,

    /* A machine that does not read for so long that this much piles up is
     * stuck: its frames are lost, as they were on a real link. */
    OUT_MAX = 32 * 1024 * 1024,
};

#define link_of(source, member) \
    ((struct link *) ((char *) (source) - offsetof(struct link, member)))

static void
disconnect(struct link *link)
{
    loop_close(link->loop, &link->connection);
    queue_clear(&link->out);
    fabric_disconnected(link->fabric, link->port);
}

static void
flush(struct link *link)
{
    enum flushed flushed;

    if (link->connection.fd < 0)
        return;

    flushed = queue_flush(&link->out, link->connection.fd,
                          link->fabric->now_ms);
    loop_change(link->loop, &link->connection,
                flushed == FLUSH_BLOCKED ? EPOLLIN | EPOLLOUT : EPOLLIN);
    /* FLUSH_FAILED: reading will see it, too, and disconnect. */
}

static void
take_frame(void *owner, const uint8_t *frame, size_t len)
{
    struct link *link = owner;

    fabric_receive(link->fabric, link->port, frame, len);
}

static void
connection_ready(struct source *source, uint32_t events)
{
    struct link *link = link_of(source, connection);
    uint8_t bytes[READ_SIZE];
    ssize_t len;

    if (events & EPOLLOUT)
        flush(link);

    len = recv(source->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0 ||
        !stream_feed(&link->in, bytes, len, take_frame, link))
        disconnect(link);
}

static void
listener_ready(struct source *source, uint32_t events)
{
    struct link *link = link_of(source, listener);
    int fd = sock_accept(source->fd);

    (void) events;
    if (fd < 0)
        return;
    if (link->connection.fd >= 0) {
        close(fd);              /* the port is taken */
        return;
    }

    memset(&link->in, 0, sizeof(link->in));
    link->connection.fd = fd;
    link->connection.events = EPOLLIN;
    loop_add(link->loop, &link->connection);
    fabric_connected(link->fabric, link->port);
}

int
link_open(struct link *link, int loop, const char *dir,
          struct fabric *fabric, struct port *port)
{
    *link = (struct link) {
        .listener = { -1, EPOLLIN, listener_ready },
        .connection = { -1, EPOLLIN, connection_ready },
        .loop = loop,
        .fabric = fabric,
        .port = port,
    };

    link->listener.fd = sock_listen(dir, port->name);
    if (link->listener.fd < 0)
        return -1;

    loop_add(loop, &link->listener);
    return 0;
}

void
link_close(struct link *link, const char *dir)
{
    if (link->connection.fd >= 0)
        disconnect(link);
    if (link->listener.fd >= 0) {
        loop_close(link->loop, &link->listener);
        sock_remove(dir, link->port->name);
    }
}

void
link_send(struct link *link, const struct frame *frame)
{
    uint8_t bytes[STREAM_PREFIX_LEN + FRAME_MAX] = {
        0, 0, frame->len >> 8, frame->len & 0xff,
    };

    if (link->out.bytes > OUT_MAX) {
        count(link->fabric, COUNT_QUEUE_FULL);
        return;
    }

    memcpy(bytes + STREAM_PREFIX_LEN, frame->bytes, frame->len);
    queue_push(&link->out, bytes, STREAM_PREFIX_LEN + frame->len,
               link->fabric->now_ms + link->port->delay_ms);
    flush(link);
}

int
link_tick(struct link *link)
{
    int timeout;

    flush(link);

    timeout = queue_timeout(&link->out, link->fabric->now_ms);
    return timeout > 0 ? timeout : -1;
}
