/*
 * log.h: the record of what happened on the fabric, as JSON lines
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log judges whether a WWPN was ever logged in twice at once. So it does
 * not trust the login table: it keeps its own account of who is in, from the
 * logins and logouts that it is told of, and writes an event "double_login"
 * when that account says that a WWPN came in before it had gone.
 */

#pragma once

#include <stdint.h>
#include <stdio.h>

struct login;
struct port;
struct present;

struct log {
    FILE *out;                  /* NULL: keep the account only */
    struct present *present;    /* who is in, by the log's own account */
    uint64_t double_logins;

    /* Called with every line (without newline), for those who follow it. */
    void (*line)(void *owner, const char *line);
    void *owner;
};

/* out stays the caller's. Free the account with log_clear(). */
void log_init(struct log *log, FILE *out);
void log_clear(struct log *log);

/* Seconds since 1970, as in the log. */
double log_now(void);

void log_start(struct log *log, const char *policy, uint64_t fabric_name);
void log_login(struct log *log, const struct login *login);
void log_logout(struct log *log, const struct login *login,
                const char *reason);

/* kind is "flogi" or "fdisc". */
void log_reject(struct log *log, const struct port *port, uint64_t wwpn,
                uint64_t wwnn, const char *kind, const char *reason);

/* state is "up" or "down". */
void log_link(struct log *log, const struct port *port, const char *state,
              const char *reason);

/* The login to was told that something changed about another. */
void log_rscn(struct log *log, const struct login *to,
              const struct login *about);

/* An order from the control socket that changes how the fabric behaves. */
void log_setting(struct log *log, const char *command);
