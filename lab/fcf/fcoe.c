/*
 * fcoe.c: FC frames on Ethernet (FC-BB-5), and where they go
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fcoe.h"

#include <string.h>

#include "crc.h"
#include "fc.h"
#include "login.h"
#include "service.h"
#include "zone.h"

enum {
    FC_START = ETHERNET_HEADER_LEN + FCOE_HEADER_LEN,
    FCOE_MIN = FC_START + FC_HEADER_LEN + FCOE_TRAILER_LEN,
    FCOE_MAX = FCOE_MIN + FC_PAYLOAD_MAX,
};

bool
fc_header_get(struct reader *reader, struct fc_header *header)
{
    header->r_ctl = get8(reader);
    header->d_id = get24(reader);
    skip(reader, 1);            /* CS_CTL */
    header->s_id = get24(reader);
    header->type = get8(reader);
    header->f_ctl = get24(reader);
    header->seq_id = get8(reader);
    header->df_ctl = get8(reader);
    header->seq_cnt = get16(reader);
    header->ox_id = get16(reader);
    header->rx_id = get16(reader);
    skip(reader, 4);            /* parameter */

    return !reader->was_short;
}

void
fc_header_put(struct frame *frame, const struct fc_header *header)
{
    put8(frame, header->r_ctl);
    put24(frame, header->d_id);
    put8(frame, 0);
    put24(frame, header->s_id);
    put8(frame, header->type);
    put24(frame, header->f_ctl);
    put8(frame, header->seq_id);
    put8(frame, header->df_ctl);
    put16(frame, header->seq_cnt);
    put16(frame, header->ox_id);
    put16(frame, header->rx_id);
    put32(frame, 0);
}

struct fc_header
fc_reply(const struct fc_header *request, uint8_t r_ctl)
{
    return (struct fc_header) {
        .r_ctl = r_ctl,
        .d_id = request->s_id,
        .s_id = request->d_id,
        .type = request->type,
        .f_ctl = FCTL_RESPONDER | FCTL_LAST_SEQUENCE | FCTL_END_SEQUENCE,
        .ox_id = request->ox_id,
        .rx_id = NO_EXCHANGE,
    };
}

void
fcoe_begin(struct fabric *fabric, struct frame *frame,
           const struct login *to, const struct fc_header *header,
           uint8_t sof)
{
    uint8_t mac[MAC_LEN];

    fcid_mac(to->fcid, mac);

    frame_reset(frame);
    put_bytes(frame, mac, MAC_LEN);
    put_bytes(frame, fabric->mac, MAC_LEN);
    put16(frame, ETHERTYPE_FCOE);
    put_zeros(frame, FCOE_HEADER_LEN - 1);
    put8(frame, sof);
    fc_header_put(frame, header);
}

void
fcoe_end(struct fabric *fabric, struct frame *frame, const struct login *to,
         uint8_t eof)
{
    uint32_t crc = fc_crc(frame->bytes + FC_START, frame->len - FC_START);

    for (int shift = 0; shift < 32; shift += 8)
        put8(frame, crc >> shift);
    put8(frame, eof);
    put_zeros(frame, 3);

    fabric_send(fabric, to->port, frame);
}

static bool
crc_is_right(const uint8_t *bytes, size_t len)
{
    const uint8_t *trailer = bytes + len - FCOE_TRAILER_LEN;
    uint32_t crc = fc_crc(bytes + FC_START, trailer - bytes - FC_START);

    return trailer[0] == (crc & 0xff) &&
           trailer[1] == (crc >> 8 & 0xff) &&
           trailer[2] == (crc >> 16 & 0xff) &&
           trailer[3] == crc >> 24;
}

static bool
delimiters_are_right(const uint8_t *bytes, size_t len)
{
    uint8_t version = bytes[ETHERNET_HEADER_LEN] >> 4;
    uint8_t sof = bytes[FC_START - 1];
    uint8_t eof = bytes[len - FCOE_TRAILER_LEN + 4];

    return version == 0 &&
           (sof == SOF_F || sof == SOF_I2 || sof == SOF_I3 ||
            sof == SOF_N2 || sof == SOF_N3) &&
           (eof == EOF_N || eof == EOF_T);
}

/* Whether the frame comes from the N_Port that it says: logged in at this
 * port, with the MAC that the fabric gave it. */
static struct login *
authentic_source(struct fabric *fabric, const struct port *port,
                 const uint8_t *bytes, uint32_t s_id)
{
    struct login *from = login_by_fcid(fabric, s_id);
    uint8_t mac[MAC_LEN];

    fcid_mac(s_id, mac);
    if (!from || from->port != port ||
        memcmp(bytes + MAC_LEN, mac, MAC_LEN) != 0)
        return NULL;

    return from;
}

/* The CRC covers nothing that changes on the way: it stays valid. */
static void
forward(struct fabric *fabric, const struct login *to, const uint8_t *bytes,
        size_t len)
{
    struct frame frame;
    uint8_t mac[MAC_LEN];

    fcid_mac(to->fcid, mac);

    frame_reset(&frame);
    put_bytes(&frame, mac, MAC_LEN);
    put_bytes(&frame, fabric->mac, MAC_LEN);
    put_bytes(&frame, bytes + 2 * MAC_LEN, len - 2 * MAC_LEN);

    count(fabric, COUNT_FORWARDED);
    fabric_send(fabric, to->port, &frame);
}

static void
route(struct fabric *fabric, struct login *from, uint32_t d_id,
      const uint8_t *bytes, size_t len)
{
    struct login *to = login_by_fcid(fabric, d_id);

    if (!to)
        count(fabric, COUNT_NO_DESTINATION);
    else if (!zone_joins(fabric, from, to))
        count(fabric, COUNT_ZONED_OUT);
    else
        forward(fabric, to, bytes, len);
}

void
fcoe_receive(struct fabric *fabric, struct port *port, const uint8_t *bytes,
             size_t len)
{
    struct reader reader;
    struct fc_header header;
    struct login *from;

    if (len < FCOE_MIN || len > FCOE_MAX || len % 4 != FCOE_MIN % 4 ||
        !delimiters_are_right(bytes, len)) {
        count(fabric, COUNT_FCOE_MALFORMED);
        return;
    }
    if (!crc_is_right(bytes, len)) {
        count(fabric, COUNT_BAD_CRC);
        return;
    }

    reader = reader_of(bytes + FC_START, len - FC_START - FCOE_TRAILER_LEN);
    fc_header_get(&reader, &header);

    from = authentic_source(fabric, port, bytes, header.s_id);
    if (!from)
        count(fabric, COUNT_SPOOFED);
    else if (header.d_id >= FCID_WELL_KNOWN)
        service_receive(fabric, from, &header, reader);
    else
        route(fabric, from, header.d_id, bytes, len);
}
