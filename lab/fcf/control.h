/*
 * control.h: the commands of the control socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>

enum { CONTROL_LINE_MAX = 8192 };

struct fabric;

/* The answer to a command. */
struct answer {
    char *json;                 /* one line without newline; to be freed */
    bool follow;                /* from now on, send the log's lines too */
    bool quit;                  /* the fabric is to end */
};

/* Runs one command line of less than CONTROL_LINE_MAX bytes. The answer is
 * {"ok":true,...}, or {"ok":false,"error":"..."} and nothing has changed. */
struct answer control_run(struct fabric *fabric, const char *line);

/* "first" or "last". */
const char *control_policy_name(const struct fabric *fabric);
bool control_set_policy(struct fabric *fabric, const char *name);
