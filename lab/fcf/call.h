/*
 * call.h: what a command is called with, and what it answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct answer;
struct fabric;
struct port;

/* A command on its way: argv[0] is its name. */
struct call {
    struct fabric *fabric;
    const char *line;
    char **argv;
    size_t argc;
    FILE *out;                  /* members of the answer, each with ',' */
    char *error;                /* NULL: all is well */
    struct answer *answer;
};

/* The command has failed; it must not have changed anything. */
void __attribute__((format(printf, 2, 3)))
call_fail(struct call *call, const char *format, ...);

/* Arguments, by their number. They return NULL or false after call_fail(). */
struct port *call_port(struct call *call, size_t arg);
bool call_wwn(struct call *call, size_t arg, uint64_t *wwn);
bool call_number(struct call *call, size_t arg, unsigned int max,
                 unsigned int *number);

/* One of two words; *is_first says which. */
bool call_choice(struct call *call, size_t arg, const char *first,
                 const char *second, bool *is_first);

/* Write some JSON as it is, and a value after it. */
void call_put_text(struct call *call, const char *before, const char *text);
void call_put_wwn(struct call *call, const char *before, uint64_t wwn);
void call_put_bool(struct call *call, const char *before, bool value);
