/*
 * els.h: the payloads of extended link services (FC-LS)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* What the fabric reads from and writes to FLOGI, FDISC, PLOGI and their
 * LS_ACC. In the fabric's LS_ACC to FLOGI, wwnn is the name of the fabric. */
struct els_login {
    uint8_t command;
    uint16_t features;
    uint16_t frame_size;
    uint64_t wwpn;
    uint64_t wwnn;
};

struct els_logo {
    uint32_t fcid;
    uint64_t wwpn;
};

/* The command; the reader stays where it is. 0 if there is no payload. */
uint8_t els_command(const struct reader *payload);

/* These return false if the payload is too short, or a size in it absurd. */
bool els_get_login(struct reader *payload, struct els_login *login);
bool els_get_logo(struct reader *payload, struct els_logo *logo);

void els_put_login(struct frame *frame, const struct els_login *login);
void els_put_accept(struct frame *frame);
void els_put_reject(struct frame *frame, uint8_t reason,
                    uint8_t explanation);
