/*
 * fip-login.c: logging in to the fabric and out of it, by FIP
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fip-login.h"

#include <string.h>

#include "els.h"
#include "fc.h"
#include "fcoe.h"
#include "login.h"

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

    fip_begin(request->fabric, frame, request->source, FIP_LINK_SERVICE,
              FIP_REPLY, FIP_FPMA);
    fip_put_descriptor(frame, request->type);
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
    fip_finish(frame);
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
    fip_put_mac(&frame, mac);
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
    fip_put_mac(&frame, mac);
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

void
fip_link_service(struct fabric *fabric, struct port *port,
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
