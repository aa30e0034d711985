/*
 * nameserver.c: the directory of N_Ports (FC-GS)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "nameserver.h"

#include <string.h>

#include "fc.h"
#include "login.h"
#include "rscn.h"
#include "zone.h"

/* A request in the works. */
struct query {
    struct fabric *fabric;
    struct login *from;
    const struct fc_header *header;
    struct reader body;         /* what follows the CT header */
};

static void
put_ct_header(struct frame *frame, uint16_t code, uint8_t reason,
              uint8_t explanation)
{
    put8(frame, CT_REVISION);
    put24(frame, 0);
    put8(frame, CT_DIRECTORY);
    put8(frame, CT_NAME_SERVER);
    put16(frame, 0);
    put16(frame, code);
    put16(frame, 0);            /* nothing was left out */
    put8(frame, 0);
    put8(frame, reason);
    put8(frame, explanation);
    put8(frame, 0);
}

static void
begin_reply(const struct query *query, struct frame *frame)
{
    struct fc_header header = fc_reply(query->header, RCTL_REPLY_CONTROL);

    fcoe_begin(query->fabric, frame, query->from, &header, SOF_I3);
}

static void
end_reply(const struct query *query, struct frame *frame)
{
    fcoe_end(query->fabric, frame, query->from, EOF_T);
}

static void
accept(const struct query *query)
{
    struct frame frame;

    begin_reply(query, &frame);
    put_ct_header(&frame, CT_ACCEPT, 0, 0);
    end_reply(query, &frame);
}

static void
reject(const struct query *query, uint8_t reason, uint8_t explanation)
{
    struct frame frame;

    begin_reply(query, &frame);
    put_ct_header(&frame, CT_REJECT, reason, explanation);
    end_reply(query, &frame);
}

static bool
malformed(struct query *query)
{
    if (!query->body.was_short)
        return false;

    count(query->fabric, COUNT_CT_MALFORMED);
    return true;
}

/* Reads the address that a registration is for. Answers it, and returns
 * false, unless it is the sender's own. */
static bool
is_own_address(struct query *query)
{
    uint32_t fcid;

    skip(&query->body, 1);
    fcid = get24(&query->body);
    if (malformed(query))
        return false;
    if (fcid == query->from->fcid)
        return true;

    reject(query, CT_REASON_UNABLE, CT_EXPLAIN_NOT_YOURS);
    return false;
}

/* Names that we have from the login already, or have no use for. */
static void
register_name(struct query *query)
{
    if (is_own_address(query))
        accept(query);
}

static void
register_fc4_types(struct query *query)
{
    uint8_t types[FC4_TYPES_LEN];

    if (!is_own_address(query))
        return;

    for (size_t i = 0; i < FC4_TYPES_LEN; i++)
        types[i] = get8(&query->body);
    if (malformed(query))
        return;

    memcpy(query->from->fc4_types, types, FC4_TYPES_LEN);
    accept(query);
}

/* Now it is known who this is; now the others are told. */
static void
register_fc4_features(struct query *query)
{
    uint8_t features;
    uint8_t type;

    if (!is_own_address(query))
        return;

    skip(&query->body, 2);
    features = get8(&query->body);
    type = get8(&query->body);
    if (malformed(query))
        return;

    accept(query);
    if (type == TYPE_FCP) {
        query->from->fcp_features = features;
        rscn_announce(query->fabric, query->from);
    }
}

static void
port_name_of_address(struct query *query)
{
    struct login *asked;
    struct frame frame;

    skip(&query->body, 1);
    asked = login_by_fcid(query->fabric, get24(&query->body));
    if (malformed(query))
        return;

    if (!asked || (asked != query->from &&
                   !zone_sees(query->fabric, query->from, asked))) {
        reject(query, CT_REASON_UNABLE, CT_EXPLAIN_NO_PORT_ID);
        return;
    }

    begin_reply(query, &frame);
    put_ct_header(&frame, CT_ACCEPT, 0, 0);
    put64(&frame, asked->wwpn);
    end_reply(query, &frame);
}

/* RFT_ID's bitmap: eight 32-bit words, the lowest type is the lowest bit of
 * the first word. */
static bool
has_fc4_type(const struct login *login, uint8_t type)
{
    size_t byte = type / 32 * 4 + 3 - type % 32 / 8;

    return login->fc4_types[byte] >> type % 8 & 1;
}

/* The first login from there on that the asking one is to be shown. */
static struct login *
next_shown(const struct query *query, uint8_t type, struct login *login)
{
    while (login && (!has_fc4_type(login, type) ||
                     !zone_sees(query->fabric, query->from, login)))
        login = login->next;

    return login;
}

/* Puts the entries from that login on. They can be more than fit into a frame:
 * the answer is then a sequence of frames, and only the last has end marks. */
static void
put_ports(const struct query *query, struct frame *frame, uint8_t type,
          struct login *shown)
{
    struct fc_header header = fc_reply(query->header, RCTL_REPLY_CONTROL);
    size_t entries_per_frame = query->from->frame_size / PORT_ENTRY_LEN;
    size_t room = entries_per_frame - CT_HEADER_LEN / PORT_ENTRY_LEN;

    while (shown) {
        struct login *after = next_shown(query, type, shown->next);

        if (room == 0) {
            fcoe_end(query->fabric, frame, query->from, EOF_N);
            header.seq_cnt++;
            fcoe_begin(query->fabric, frame, query->from, &header, SOF_N3);
            room = entries_per_frame;
        }
        put8(frame, after ? 0 : PORT_ENTRY_LAST);
        put24(frame, shown->fcid);
        put32(frame, 0);
        put64(frame, shown->wwpn);
        room--;
        shown = after;
    }
}

static void
ports_of_type(struct query *query)
{
    struct login *first;
    struct frame frame;
    uint8_t type;

    skip(&query->body, 3);      /* flags, domain and area scope */
    type = get8(&query->body);
    if (malformed(query))
        return;

    first = next_shown(query, type, query->fabric->logins);
    if (!first) {
        reject(query, CT_REASON_UNABLE, CT_EXPLAIN_NO_FC4_TYPES);
        return;
    }

    begin_reply(query, &frame);
    put_ct_header(&frame, CT_ACCEPT, 0, 0);
    put_ports(query, &frame, type, first);
    end_reply(query, &frame);
}

static void
answer(struct query *query, uint16_t command)
{
    switch (command) {
    case NS_GPN_ID:
        port_name_of_address(query);
        break;
    case NS_GPN_FT:
        ports_of_type(query);
        break;
    case NS_RNN_ID:
    case NS_RSPN_ID:
        register_name(query);
        break;
    case NS_RSNN_NN:
        accept(query);
        break;
    case NS_RFT_ID:
        register_fc4_types(query);
        break;
    case NS_RFF_ID:
        register_fc4_features(query);
        break;
    default:
        reject(query, CT_REASON_UNSUPPORTED, CT_EXPLAIN_NOTHING);
    }
}

void
nameserver_request(struct fabric *fabric, struct login *from,
                   const struct fc_header *header, struct reader payload)
{
    struct query query = { fabric, from, header, payload };
    uint8_t revision = get8(&query.body);
    uint8_t service;
    uint8_t subtype;
    uint16_t command;

    skip(&query.body, 3);
    service = get8(&query.body);
    subtype = get8(&query.body);
    skip(&query.body, 2);
    command = get16(&query.body);
    skip(&query.body, 6);

    if (malformed(&query))
        return;
    if (revision != CT_REVISION || service != CT_DIRECTORY ||
        subtype != CT_NAME_SERVER) {
        reject(&query, CT_REASON_BAD_COMMAND, CT_EXPLAIN_NOTHING);
        return;
    }

    answer(&query, command);
}
