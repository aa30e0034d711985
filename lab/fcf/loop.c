/*
 * loop.c: waiting for sockets (epoll)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int
loop_open(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

static void
control(int loop, int operation, struct source *source)
{
    struct epoll_event event = {
        .events = source->events,
        .data.ptr = source,
    };

    if (epoll_ctl(loop, operation, source->fd, &event) < 0) {
        perror("epoll_ctl");
        abort();
    }
}

void
loop_add(int loop, struct source *source)
{
    control(loop, EPOLL_CTL_ADD, source);
}

void
loop_change(int loop, struct source *source, uint32_t events)
{
    if (source->events == events)
        return;

    source->events = events;
    control(loop, EPOLL_CTL_MOD, source);
}

void
loop_close(int loop, struct source *source)
{
    if (source->fd < 0)
        return;

    control(loop, EPOLL_CTL_DEL, source);
    close(source->fd);
    source->fd = -1;
}

void
loop_wait(int loop, int timeout_ms, int64_t *now_ms)
{
    struct epoll_event event;
    int ready = epoll_wait(loop, &event, 1, timeout_ms);

    *now_ms = loop_now();

    if (ready == 1) {
        struct source *source = event.data.ptr;

        source->ready(source, event.events);
    }
}

int64_t
loop_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}
