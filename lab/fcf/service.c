/*
 * service.c: the fabric's own addresses: F_Port, fabric controller, name
 * server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "service.h"

#include "els.h"
#include "fc.h"
#include "login.h"
#include "nameserver.h"

static void
begin_reply(struct fabric *fabric, struct frame *frame,
            const struct login *to, const struct fc_header *request)
{
    struct fc_header header = fc_reply(request, RCTL_ELS_REPLY);

    fcoe_begin(fabric, frame, to, &header, SOF_I3);
}

static void
accept(struct fabric *fabric, const struct login *from,
       const struct fc_header *request)
{
    struct frame frame;

    begin_reply(fabric, &frame, from, request);
    els_put_accept(&frame);
    fcoe_end(fabric, &frame, from, EOF_T);
}

static void
reject(struct fabric *fabric, const struct login *from,
       const struct fc_header *request, uint8_t reason, uint8_t explanation)
{
    struct frame frame;

    begin_reply(fabric, &frame, from, request);
    els_put_reject(&frame, reason, explanation);
    fcoe_end(fabric, &frame, from, EOF_T);
}

/* PLOGI to a service: each has a name made of the switch's and its address. */
static void
log_in(struct fabric *fabric, const struct login *from,
       const struct fc_header *request, struct reader payload)
{
    struct els_login login;
    struct frame frame;

    if (!els_get_login(&payload, &login)) {
        count(fabric, COUNT_ELS_MALFORMED);
        return;
    }

    login.command = ELS_LS_ACC;
    login.features = FEATURE_CONTINUOUS_OFFSET;
    login.frame_size = FC_PAYLOAD_MAX;
    login.wwpn = fabric->switch_name ^ (uint64_t) request->d_id << 32;
    login.wwnn = fabric->switch_name;

    begin_reply(fabric, &frame, from, request);
    els_put_login(&frame, &login);
    fcoe_end(fabric, &frame, from, EOF_T);
}

static void
log_out(struct fabric *fabric, struct login *from,
        const struct fc_header *request, struct reader payload)
{
    struct els_logo logo;

    if (!els_get_logo(&payload, &logo)) {
        count(fabric, COUNT_ELS_MALFORMED);
        return;
    }

    accept(fabric, from, request);

    /* Leaving a service is nothing to us; leaving the F_Port is leaving. */
    if (request->d_id == FCID_F_PORT && logo.fcid == from->fcid)
        login_end(fabric, from, "logo");
}

static void
register_for_changes(struct fabric *fabric, struct login *from,
                     const struct fc_header *request, struct reader payload)
{
    uint8_t function;

    skip(&payload, 7);
    function = get8(&payload);
    if (payload.was_short) {
        count(fabric, COUNT_ELS_MALFORMED);
        return;
    }

    from->hears_of = function == SCR_CLEAR ? 0 : function;
    accept(fabric, from, request);
}

static void
link_service(struct fabric *fabric, struct login *from,
             const struct fc_header *request, struct reader payload)
{
    uint8_t command = els_command(&payload);
    bool has_login = request->d_id == FCID_NAME_SERVER ||
                     request->d_id == FCID_CONTROLLER;

    if (command == 0)
        count(fabric, COUNT_ELS_MALFORMED);
    else if (command == ELS_PLOGI && has_login)
        log_in(fabric, from, request, payload);
    else if (command == ELS_LOGO)
        log_out(fabric, from, request, payload);
    else if (command == ELS_SCR && request->d_id == FCID_CONTROLLER)
        register_for_changes(fabric, from, request, payload);
    else
        reject(fabric, from, request, REASON_UNSUPPORTED,
               EXPLAIN_UNSUPPORTED);
}

void
service_receive(struct fabric *fabric, struct login *from,
                const struct fc_header *header, struct reader payload)
{
    bool plain = header->df_ctl == 0 && header->seq_cnt == 0;

    if (plain && header->r_ctl == RCTL_ELS_REQUEST &&
        header->type == TYPE_ELS)
        link_service(fabric, from, header, payload);
    else if (plain && header->r_ctl == RCTL_REQUEST_CONTROL &&
             header->type == TYPE_CT && header->d_id == FCID_NAME_SERVER)
        nameserver_request(fabric, from, header, payload);
    else
        count(fabric, COUNT_IGNORED);
}
