/*
 * fip-wire.h: FIP operations, taken apart and put together (FC-BB-5)
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

/* Begins an operation of the fabric's own. Put its descriptors; fip_finish()
 * then fills in their length. Padding comes after that. */
void fip_begin(struct fabric *fabric, struct frame *frame,
               const uint8_t to[MAC_LEN], uint16_t operation,
               uint8_t subcode, uint16_t flags);
void fip_finish(struct frame *frame);

/* The head of a descriptor; its length is the one of its type, or 0 where
 * types have none, and the caller fills it in. */
void fip_put_descriptor(struct frame *frame, uint8_t type);

/* Whole descriptors. */
void fip_put_mac(struct frame *frame, const uint8_t mac[MAC_LEN]);
void fip_put_name(struct frame *frame, uint64_t name);
void fip_put_vn_port(struct frame *frame, uint32_t fcid, uint64_t wwpn);
