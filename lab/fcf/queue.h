/*
 * queue.h: what waits to be written to a socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk;

/* All zero when empty. */
struct queue {
    struct chunk *first;
    struct chunk *last;
    size_t bytes;
};

enum flushed {
    FLUSH_DONE,                 /* nothing left that is due */
    FLUSH_BLOCKED,              /* the socket takes no more for now */
    FLUSH_FAILED,               /* the other side is gone */
};

/* Appends a copy of the bytes, not to be written before due_ms. Order is kept:
 * nothing overtakes a chunk that is not due yet. */
void queue_push(struct queue *queue, const void *bytes, size_t len,
                int64_t due_ms);

/* Writes what is due to a socket, without waiting. */
enum flushed queue_flush(struct queue *queue, int fd, int64_t now_ms);

/* Milliseconds until the first chunk is due; -1 if there is none. */
int queue_timeout(const struct queue *queue, int64_t now_ms);

void queue_clear(struct queue *queue);
