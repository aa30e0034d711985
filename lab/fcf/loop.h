/*
 * loop.h: waiting for sockets (epoll)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Something to wait for. Put it at the beginning of the structure that owns
 * the descriptor. */
struct source {
    int fd;                     /* -1: not open */
    uint32_t events;            /* EPOLLIN, EPOLLOUT */
    void (*ready)(struct source *source, uint32_t events);
};

/* Returns the loop's descriptor, or -1 with errno set. */
int loop_open(void);

/* Begins to wait for source->events on source->fd. */
void loop_add(int loop, struct source *source);

/* Waits for other events from now on. */
void loop_change(int loop, struct source *source, uint32_t events);

/* Stops waiting, and closes the descriptor. */
void loop_close(int loop, struct source *source);

/* Waits for one source at most timeout_ms, sets *now_ms, and calls the
 * source's ready(). One at a time, so that ready() may close any source, its
 * own too. */
void loop_wait(int loop, int timeout_ms, int64_t *now_ms);

/* Monotonic milliseconds. */
int64_t loop_now(void);
