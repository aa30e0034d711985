/*
 * fip.c: the FCoE Initialization Protocol (FC-BB-5)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fip.h"

#include <string.h>

#include "els.h"
#include "fc.h"
#include "fcoe.h"
#include "login.h"

static const uint8_t all_enodes[MAC_LEN] = {
    0x01, 0x10, 0x18, 0x01, 0x00, 0x01,
};

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

static void
begin(struct fabric *fabric, struct frame *frame, const uint8_t to[MAC_LEN],
      uint16_t operation, uint8_t subcode, uint16_t flags)
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
    put16(frame, 0);            /* length: finish() knows */
    put16(frame, flags);
}

/* Fills in the length of the descriptors. Padding comes after that. */
static void
finish(struct frame *frame)
{
    size_t header_end = ETHERNET_HEADER_LEN + FIP_HEADER_LEN;

    patch16(frame, header_end - 4, (frame->len - header_end) / FIP_WORD);
}

static void
put_descriptor(struct frame *frame, uint8_t type)
{
    put8(frame, type);
    put8(frame, descriptor_words[type]);
}

static void
put_mac(struct frame *frame, const uint8_t mac[MAC_LEN])
{
    put_descriptor(frame, FIP_MAC);
    put_bytes(frame, mac, MAC_LEN);
}

static void
put_name(struct frame *frame, uint64_t name)
{
    put_descriptor(frame, FIP_NAME);
    put16(frame, 0);
    put64(frame, name);
}

static void
put_vn_port(struct frame *frame, uint32_t fcid, uint64_t wwpn)
{
    uint8_t mac[MAC_LEN];

    fcid_mac(fcid, mac);
    put_descriptor(frame, FIP_VN_PORT);
    put_bytes(frame, mac, MAC_LEN);
    put8(frame, 0);
    put24(frame, fcid);
    put64(frame, wwpn);
}

/* ------------------------------ discovery ------------------------------ */

static void
build_advertisement(struct fabric *fabric, struct frame *frame,
                    const uint8_t to[MAC_LEN], uint16_t flags)
{
    begin(fabric, frame, to, FIP_DISCOVERY, FIP_ADVERTISEMENT,
          FIP_FPMA | FIP_AVAILABLE | FIP_FROM_FCF | flags);

    put_descriptor(frame, FIP_PRIORITY);
    put8(frame, 0);
    put8(frame, FIP_DEFAULT_PRIORITY);
    put_mac(frame, fabric->mac);
    put_name(frame, fabric->switch_name);
    put_descriptor(frame, FIP_FABRIC);
    put16(frame, 0);            /* no virtual fabrics */
    put8(frame, 0);
    put24(frame, FC_MAP);
    put64(frame, fabric->name);
    put_descriptor(frame, FIP_FKA_PERIOD);
    put16(frame, 0);
    put32(frame, FIP_FKA_PERIOD_MS);

    finish(frame);
}

void
fip_advertise(struct fabric *fabric, struct port *port)
{
    struct frame frame;

    build_advertisement(fabric, &frame, all_enodes, 0);
    fabric_send(fabric, port, &frame);
}

/* The answer is as long as the longest frame that the machine can take: if it
 * arrives, so will all others. */
static void
receive_solicitation(struct fabric *fabric, struct port *port,
                     const struct fip *fip)
{
    struct frame frame;

    if (!has_descriptor(fip, FIP_MAC) || !has_descriptor(fip, FIP_NAME) ||
        !has_descriptor(fip, FIP_FCOE_SIZE) ||
        fip->fcoe_size > FRAME_MAX - ETHERNET_HEADER_LEN) {
        count(fabric, COUNT_FIP_MALFORMED);
        return;
    }

    build_advertisement(fabric, &frame, fip->mac, FIP_SOLICITED);
    pad_to(&frame, ETHERNET_HEADER_LEN + fip->fcoe_size);
    fabric_send(fabric, port, &frame);
}

/* ------------------------- fabric login, logout ------------------------ */

/* One link service request, and where its answer goes. */
struct request {
    struct fabric *fabric;
    struct port *port;
    const uint8_t *source;
    uint8_t type;               /* of the descriptor that holds it */
    struct fc_header header;
    struct reader payload;
};

/* Begins the answer's frame up to its payload; d_id is for whom it is. */
static void
begin_reply(const struct request *request, struct frame *frame,
            uint32_t d_id)
{
    struct fc_header header = fc_reply(&request->header, RCTL_ELS_REPLY);

    header.d_id = d_id;

    begin(request->fabric, frame, request->source, FIP_LINK_SERVICE,
          FIP_REPLY, FIP_FPMA);
    put_descriptor(frame, request->type);
    put16(frame, 0);
    fc_header_put(frame, &header);
}

/* Closes the descriptor that begin_reply() opened. */
static void
end_payload(struct frame *frame)
{
    size_t start = ETHERNET_HEADER_LEN + FIP_HEADER_LEN;

    patch8(frame, start + 1, (frame->len - start) / FIP_WORD);
}

static void
end_reply(const struct request *request, struct frame *frame)
{
    finish(frame);
    fabric_send(request->fabric, request->port, frame);
}

static void
reject(const struct request *request, uint8_t reason, uint8_t explanation)
{
    struct frame frame;

    begin_reply(request, &frame, request->header.s_id);
    els_put_reject(&frame, reason, explanation);
    end_payload(&frame);
    end_reply(request, &frame);
}

static void
accept_login(const struct request *request, const struct login *login)
{
    struct fabric *fabric = request->fabric;
    struct els_login accepted = {
        .command = ELS_LS_ACC,
        .features = FEATURE_F_PORT | (fabric->npiv ? FEATURE_NPIV : 0),
        .frame_size = FC_PAYLOAD_MAX,
        .wwpn = fabric->switch_name ^ (uint64_t) login->fcid << 32,
        .wwnn = fabric->name,
    };
    struct frame frame;
    uint8_t mac[MAC_LEN];

    fcid_mac(login->fcid, mac);

    begin_reply(request, &frame, login->fcid);
    els_put_login(&frame, &accepted);
    end_payload(&frame);
    put_mac(&frame, mac);
    end_reply(request, &frame);
}

static void
receive_login(struct request *request)
{
    bool is_virtual = request->type == FIP_FDISC;
    struct els_login asked;
    struct login_request login_request;
    struct refusal refusal;
    struct login *login;

    if (!els_get_login(&request->payload, &asked) ||
        asked.command != (is_virtual ? ELS_FDISC : ELS_FLOGI) ||
        request->header.s_id != 0) {
        count(request->fabric, COUNT_ELS_MALFORMED);
        return;
    }

    login_request = (struct login_request) {
        .port = request->port,
        .is_virtual = is_virtual,
        .wwpn = asked.wwpn,
        .wwnn = asked.wwnn,
        .frame_size = asked.frame_size,
    };
    memcpy(login_request.enode, request->source, MAC_LEN);

    login = login_admit(request->fabric, &login_request, &refusal);
    if (login)
        accept_login(request, login);
    else
        reject(request, refusal.reason, refusal.explanation);
}

static void
accept_logout(const struct request *request)
{
    struct frame frame;
    uint8_t mac[MAC_LEN];

    fcid_mac(request->header.s_id, mac);

    begin_reply(request, &frame, request->header.s_id);
    els_put_accept(&frame);
    end_payload(&frame);
    put_mac(&frame, mac);
    end_reply(request, &frame);
}

static void
receive_logout(struct request *request)
{
    uint8_t command = els_command(&request->payload);
    struct els_logo logo;
    struct login *login;

    if (!els_get_logo(&request->payload, &logo) || command != ELS_LOGO) {
        count(request->fabric, COUNT_ELS_MALFORMED);
        return;
    }

    login = login_by_fcid(request->fabric, request->header.s_id);
    if (!login || login->port != request->port ||
        login->fcid != logo.fcid || login->wwpn != logo.wwpn ||
        memcmp(request->port->enode, request->source, MAC_LEN) != 0) {
        reject(request, REASON_UNABLE, EXPLAIN_LOGIN_REQUIRED);
        return;
    }

    accept_logout(request);
    login_end(request->fabric, login, "logo");
}

static void
receive_link_service(struct fabric *fabric, struct port *port,
                     const uint8_t source[MAC_LEN], const struct fip *fip)
{
    struct request request = {
        .fabric = fabric,
        .port = port,
        .source = source,
        .type = fip->els_type,
        .payload = fip->els,
    };
    const struct fc_header *header = &request.header;

    if (!fc_header_get(&request.payload, &request.header) ||
        header->r_ctl != RCTL_ELS_REQUEST || header->type != TYPE_ELS ||
        header->d_id != FCID_F_PORT)
        count(fabric, COUNT_ELS_MALFORMED);
    else if (request.type == FIP_LOGO)
        receive_logout(&request);
    else
        receive_login(&request);
}

/* -------------------- keep-alive, Clear Virtual Links ------------------ */

static void
begin_clear(struct fabric *fabric, struct frame *frame,
            const uint8_t enode[MAC_LEN])
{
    begin(fabric, frame, enode, FIP_CONTROL, FIP_CLEAR_VIRTUAL_LINKS,
          FIP_FPMA);
    put_mac(frame, fabric->mac);
    put_name(frame, fabric->switch_name);
}

/* Clears one virtual link of a machine, or (fcid 0) all it has. */
static void
clear(struct fabric *fabric, struct port *port,
      const uint8_t enode[MAC_LEN], uint32_t fcid, uint64_t wwpn)
{
    struct frame frame;

    begin_clear(fabric, &frame, enode);
    if (fcid != 0)
        put_vn_port(&frame, fcid, wwpn);
    finish(&frame);
    fabric_send(fabric, port, &frame);
}

void
fip_clear_login(struct fabric *fabric, const struct login *login)
{
    clear(fabric, login->port, login->port->enode,
          login->is_virtual ? login->fcid : 0, login->wwpn);
}

/* A machine that believes itself logged in, and is not, has to be told: it
 * is so after a restart of the fabric. */
static void
receive_keep_alive(struct fabric *fabric, struct port *port,
                   const struct fip *fip)
{
    struct login *login;

    if (!has_descriptor(fip, FIP_MAC)) {
        count(fabric, COUNT_FIP_MALFORMED);
        return;
    }
    if (!login_physical(fabric, port)) {
        clear(fabric, port, fip->mac, 0, 0);
        return;
    }
    if (!has_descriptor(fip, FIP_VN_PORT))
        return;

    login = login_by_fcid(fabric, fip->vn_fcid);
    if (!login || login->port != port || login->wwpn != fip->vn_wwpn)
        clear(fabric, port, fip->mac, fip->vn_fcid, fip->vn_wwpn);
}

void
fip_receive(struct fabric *fabric, struct port *port,
            const uint8_t source[MAC_LEN], struct reader bytes)
{
    struct fip fip;

    if (!fip_parse(bytes, &fip)) {
        count(fabric, COUNT_FIP_MALFORMED);
        return;
    }

    if (fip.operation == FIP_DISCOVERY && fip.subcode == FIP_SOLICITATION)
        receive_solicitation(fabric, port, &fip);
    else if (fip.operation == FIP_LINK_SERVICE && fip.subcode == FIP_REQUEST)
        receive_link_service(fabric, port, source, &fip);
    else if (fip.operation == FIP_CONTROL && fip.subcode == FIP_KEEP_ALIVE)
        receive_keep_alive(fabric, port, &fip);
    else
        count(fabric, COUNT_IGNORED);
}
