/*
 * client.h: the control socket and those who are connected to it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>

#include "fabric.h"
#include "loop.h"

struct client;

/* The control socket. */
struct clients {
    struct source listener;
    int loop;
    struct fabric *fabric;
    struct client *first;
    bool quit;                  /* one of them said so */
};

/* Listens on dir/control.sock. Returns 0, or -1 after having said on stderr
 * what is wrong. */
int clients_open(struct clients *clients, int loop, const char *dir,
                 struct fabric *fabric);
void clients_close(struct clients *clients, const char *dir);

/* Sends a line of the log to those who follow it. */
void clients_log_line(struct clients *clients, const char *line);
