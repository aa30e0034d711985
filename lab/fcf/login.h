/*
 * login.h: who is logged in to the fabric, and who may
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fabric.h"

/* The last byte of an address tells them apart. */
enum { LOGINS_PER_PORT = 256 };

/* An FLOGI or FDISC that asks to be let in. */
struct login_request {
    struct port *port;
    bool is_virtual;
    uint64_t wwpn;
    uint64_t wwnn;
    uint8_t enode[MAC_LEN];
    uint16_t frame_size;
};

/* Why it was not: LS_RJT's two codes and a word for the log. */
struct refusal {
    uint8_t reason;
    uint8_t explanation;
    const char *why;
};

/* Lets a port in and logs it, or fills *refusal, logs that and returns NULL.
 * Under POLICY_LAST this may end the login of another port. The login belongs
 * to the fabric and lasts until login_end(). */
struct login *login_admit(struct fabric *fabric,
                          const struct login_request *request,
                          struct refusal *refusal);

/* Ends a login; if it is a physical one, first those of its virtual ports.
 * Logs why and tells those who could see it. Frees the login. */
void login_end(struct fabric *fabric, struct login *login, const char *why);

/* Ends every login on a port. */
void login_end_port(struct fabric *fabric, struct port *port,
                    const char *why);

/* These return NULL if there is none. */
struct login *login_by_fcid(struct fabric *fabric, uint32_t fcid);
struct login *login_by_wwpn(struct fabric *fabric, uint64_t wwpn);
struct login *login_physical(struct fabric *fabric, const struct port *port);

/* How many N_Ports are logged in on a port. */
size_t login_count(const struct fabric *fabric, const struct port *port);

/* "reject WWPN on|off" */
void login_refuse(struct fabric *fabric, uint64_t wwpn, bool refuse);

/* Frees everything without a word to anybody. */
void login_clear(struct fabric *fabric);
