/*
 * link.h: the Ethernet link between a port and its machine, on a unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "fabric.h"
#include "loop.h"
#include "queue.h"
#include "stream.h"

struct link {
    struct source listener;
    struct source connection;   /* to the machine, one at a time */
    int loop;
    struct fabric *fabric;
    struct port *port;
    struct stream in;
    struct queue out;
};

/* Listens for the port's machine on dir/<port>.sock. Returns 0, or -1 after
 * having said on stderr what is wrong. */
int link_open(struct link *link, int loop, const char *dir,
              struct fabric *fabric, struct port *port);
void link_close(struct link *link, const char *dir);

/* Sends a frame to the machine, after the port's delay. */
void link_send(struct link *link, const struct frame *frame);

/* Writes what has become due. Returns the milliseconds until more does, or -1
 * if only the socket is waited for. */
int link_tick(struct link *link);
