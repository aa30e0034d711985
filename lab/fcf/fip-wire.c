/*
 * fip-wire.c: FIP operations, taken apart and put together (FC-BB-5)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fip-wire.h"

#include <string.h>

#include "fc.h"

/* The length that a descriptor must have, in words; 0: any. */
static const uint8_t descriptor_words[] = {
    [FIP_PRIORITY] = 1,
    [FIP_MAC] = 2,
    [FIP_FC_MAP] = 2,
    [FIP_NAME] = 3,
    [FIP_FABRIC] = 4,
    [FIP_FCOE_SIZE] = 1,
    [FIP_FLOGI] = 0,
    [FIP_FDISC] = 0,
    [FIP_LOGO] = 0,
    [FIP_ELP] = 0,
    [FIP_VN_PORT] = 5,
    [FIP_FKA_PERIOD] = 2,
};

/* ------------------------------- reading ------------------------------- */

static bool
may_appear(const struct fip *fip, uint8_t type, uint8_t words)
{
    if (type >= FIP_NOT_CRITICAL)
        return true;
    if (type == 0 || type >= sizeof(descriptor_words))
        return false;
    if (has_descriptor(fip, type))
        return false;

    return descriptor_words[type] == 0 || descriptor_words[type] == words;
}

static void
get_descriptor(struct fip *fip, uint8_t type, struct reader body)
{
    switch (type) {
    case FIP_MAC:
        get_mac(&body, fip->mac);
        break;
    case FIP_NAME:
        skip(&body, 2);
        fip->name = get64(&body);
        break;
    case FIP_FCOE_SIZE:
        fip->fcoe_size = get16(&body);
        break;
    case FIP_VN_PORT:
        get_mac(&body, fip->vn_mac);
        skip(&body, 1);
        fip->vn_fcid = get24(&body);
        fip->vn_wwpn = get64(&body);
        break;
    case FIP_FLOGI:
    case FIP_FDISC:
    case FIP_LOGO:
        skip(&body, 2);
        fip->els_type = type;
        fip->els = body;
        break;
    }
}

static bool
get_descriptors(struct fip *fip, struct reader list)
{
    while (list.left > 0) {
        uint8_t type = get8(&list);
        uint8_t words = get8(&list);
        struct reader body;

        if (words == 0 || !may_appear(fip, type, words))
            return false;

        body = get_part(&list, words * FIP_WORD - 2);
        if (list.was_short)
            return false;

        if (type < FIP_NOT_CRITICAL)
            fip->descriptors |= 1u << type;
        get_descriptor(fip, type, body);
    }

    return true;
}

bool
fip_parse(struct reader bytes, struct fip *fip)
{
    uint8_t version;
    size_t length;
    struct reader list;

    memset(fip, 0, sizeof(*fip));

    version = get8(&bytes) >> 4;
    skip(&bytes, 1);
    fip->operation = get16(&bytes);
    skip(&bytes, 1);
    fip->subcode = get8(&bytes) & 0x0f;
    length = get16(&bytes) * FIP_WORD;
    fip->flags = get16(&bytes);
    list = get_part(&bytes, length);

    return version == FIP_VERSION && !bytes.was_short &&
           get_descriptors(fip, list);
}

/* ------------------------------- building ------------------------------ */

void
fip_begin(struct fabric *fabric, struct frame *frame,
          const uint8_t to[MAC_LEN], uint16_t operation, uint8_t subcode,
          uint16_t flags)
{
    frame_reset(frame);
    put_bytes(frame, to, MAC_LEN);
    put_bytes(frame, fabric->mac, MAC_LEN);
    put16(frame, ETHERTYPE_FIP);
    put8(frame, FIP_VERSION << 4);
    put8(frame, 0);
    put16(frame, operation);
    put8(frame, 0);
    put8(frame, subcode);
    put16(frame, 0);            /* length: fip_finish() knows */
    put16(frame, flags);
}

void
fip_finish(struct frame *frame)
{
    size_t header_end = ETHERNET_HEADER_LEN + FIP_HEADER_LEN;

    patch16(frame, header_end - 4, (frame->len - header_end) / FIP_WORD);
}

void
fip_put_descriptor(struct frame *frame, uint8_t type)
{
    put8(frame, type);
    put8(frame, descriptor_words[type]);
}

void
fip_put_mac(struct frame *frame, const uint8_t mac[MAC_LEN])
{
    fip_put_descriptor(frame, FIP_MAC);
    put_bytes(frame, mac, MAC_LEN);
}

void
fip_put_name(struct frame *frame, uint64_t name)
{
    fip_put_descriptor(frame, FIP_NAME);
    put16(frame, 0);
    put64(frame, name);
}

void
fip_put_vn_port(struct frame *frame, uint32_t fcid, uint64_t wwpn)
{
    uint8_t mac[MAC_LEN];

    fcid_mac(fcid, mac);
    fip_put_descriptor(frame, FIP_VN_PORT);
    put_bytes(frame, mac, MAC_LEN);
    put8(frame, 0);
    put24(frame, fcid);
    put64(frame, wwpn);
}
