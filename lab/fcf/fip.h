/*
 * fip.h: the FCoE Initialization Protocol (FC-BB-5)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdint.h>

#include "fabric.h"

/* Takes a FIP frame that arrived at a port from that source MAC. */
void fip_receive(struct fabric *fabric, struct port *port,
                 const uint8_t source[MAC_LEN], struct reader bytes);

/* Tells the machine at a port that the fabric is here (multicast). */
void fip_advertise(struct fabric *fabric, struct port *port);

/* Clear Virtual Links: tells a machine that a login (if it is a physical one:
 * everything on that port) has ended, from the fabric's side. */
void fip_clear_login(struct fabric *fabric, const struct login *login);
