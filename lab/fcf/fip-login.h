/*
 * fip-login.h: logging in to the fabric and out of it, by FIP
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "fip-wire.h"

/* Takes a link service request (FLOGI, FDISC, LOGO) that arrived at a port
 * from that source MAC, and answers it. */
void fip_link_service(struct fabric *fabric, struct port *port,
                      const uint8_t source[MAC_LEN], const struct fip *fip);
