/*
 * fip.h: the FCoE Initialization Protocol (FC-BB-5)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fabric.h"

/* A FIP operation, taken apart. Only what has_descriptor() says is there
 * means anything. */
struct fip {
    uint16_t operation;
    uint8_t subcode;
    uint16_t flags;
    uint32_t descriptors;       /* one bit for each type seen */

    uint8_t mac[MAC_LEN];
    uint64_t name;
    uint16_t fcoe_size;
    uint8_t vn_mac[MAC_LEN];
    uint32_t vn_fcid;
    uint64_t vn_wwpn;
    uint8_t els_type;           /* FIP_FLOGI, FIP_FDISC or FIP_LOGO */
    struct reader els;          /* the FC frame in it */
};

static inline bool
has_descriptor(const struct fip *fip, unsigned int type)
{
    return fip->descriptors >> type & 1;
}

/* Takes apart what follows the Ethernet header. Returns false if it is not
 * well-formed: a length that lies, a critical descriptor that is unknown or
 * there twice, a version other than 1. */
bool fip_parse(struct reader bytes, struct fip *fip);

/* Takes a FIP frame that arrived at a port from that source MAC. */
void fip_receive(struct fabric *fabric, struct port *port,
                 const uint8_t source[MAC_LEN], struct reader bytes);

/* Tells the machine at a port that the fabric is here (multicast). */
void fip_advertise(struct fabric *fabric, struct port *port);

/* Clear Virtual Links: tells a machine that a login (if it is a physical one:
 * everything on that port) has ended, from the fabric's side. */
void fip_clear_login(struct fabric *fabric, const struct login *login);
