/*
 * queue.c: what waits to be written to a socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct chunk {
    struct chunk *next;
    int64_t due_ms;
    size_t len;
    size_t written;
    uint8_t bytes[];
};

void
queue_push(struct queue *queue, const void *bytes, size_t len,
           int64_t due_ms)
{
    struct chunk *chunk = malloc(sizeof(*chunk) + len);

    if (!chunk)
        abort();

    chunk->next = NULL;
    chunk->due_ms = due_ms;
    chunk->len = len;
    chunk->written = 0;
    memcpy(chunk->bytes, bytes, len);

    if (queue->last)
        queue->last->next = chunk;
    else
        queue->first = chunk;
    queue->last = chunk;
    queue->bytes += len;
}

static void
drop_first(struct queue *queue)
{
    struct chunk *first = queue->first;

    queue->first = first->next;
    if (!queue->first)
        queue->last = NULL;
    queue->bytes -= first->len;
    free(first);
}

enum flushed
queue_flush(struct queue *queue, int fd, int64_t now_ms)
{
    while (queue->first && queue->first->due_ms <= now_ms) {
        struct chunk *first = queue->first;
        ssize_t sent = send(fd, first->bytes + first->written,
                            first->len - first->written,
                            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return FLUSH_BLOCKED;
        if (sent < 0 && errno != EINTR)
            return FLUSH_FAILED;
        if (sent > 0)
            first->written += sent;
        if (first->written == first->len)
            drop_first(queue);
    }

    return FLUSH_DONE;
}

int
queue_timeout(const struct queue *queue, int64_t now_ms)
{
    if (!queue->first)
        return -1;

    return queue->first->due_ms > now_ms ? queue->first->due_ms - now_ms : 0;
}

void
queue_clear(struct queue *queue)
{
    while (queue->first)
        drop_first(queue);
}
