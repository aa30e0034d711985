/*
 * els.c: the payloads of extended link services (FC-LS)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "els.h"

#include "fc.h"

enum {
    VERSION_HIGHEST_LOWEST = 0x2020,
    BUFFER_CREDIT = 16,
    E_D_TOV_MS = 2000,
    R_A_TOV_MS = 10000,

    CLASS_PARAMETERS_LEN = 16,
    VENDOR_VERSION_LEN = 16,
    FRAME_SIZE_MASK = 0x0fff,
};

uint8_t
els_command(const struct reader *payload)
{
    return payload->left > 0 ? payload->at[0] : 0;
}

bool
els_get_login(struct reader *payload, struct els_login *login)
{
    struct reader body = get_part(payload, LOGIN_PAYLOAD_LEN);

    login->command = get8(&body);
    skip(&body, 3);
    skip(&body, 4);             /* version, credit */
    login->features = get16(&body);
    login->frame_size = get16(&body) & FRAME_SIZE_MASK;
    skip(&body, 8);             /* timeouts */
    login->wwpn = get64(&body);
    login->wwnn = get64(&body);

    return !payload->was_short && !body.was_short &&
           login->frame_size >= FC_PAYLOAD_MIN &&
           login->frame_size <= FC_PAYLOAD_MAX;
}

bool
els_get_logo(struct reader *payload, struct els_logo *logo)
{
    skip(payload, 4);           /* command */
    skip(payload, 1);
    logo->fcid = get24(payload);
    logo->wwpn = get64(payload);

    return !payload->was_short;
}

static void
put_class(struct frame *frame, uint16_t service, uint16_t frame_size)
{
    size_t end = frame->len + CLASS_PARAMETERS_LEN;

    put16(frame, service);
    put32(frame, 0);            /* control */
    put16(frame, frame_size);
    pad_to(frame, end);
}

void
els_put_login(struct frame *frame, const struct els_login *login)
{
    put8(frame, login->command);
    put24(frame, 0);
    put16(frame, VERSION_HIGHEST_LOWEST);
    put16(frame, BUFFER_CREDIT);
    put16(frame, login->features);
    put16(frame, login->frame_size);
    put32(frame, R_A_TOV_MS);
    put32(frame, E_D_TOV_MS);
    put64(frame, login->wwpn);
    put64(frame, login->wwnn);
    put_class(frame, 0, 0);     /* class 1 and 2: not here */
    put_class(frame, 0, 0);
    put_class(frame, CLASS_VALID_SEQUENTIAL, login->frame_size);
    put_class(frame, 0, 0);
    put_zeros(frame, VENDOR_VERSION_LEN);
}

void
els_put_accept(struct frame *frame)
{
    put8(frame, ELS_LS_ACC);
    put24(frame, 0);
}

void
els_put_reject(struct frame *frame, uint8_t reason, uint8_t explanation)
{
    put8(frame, ELS_LS_RJT);
    put24(frame, 0);
    put8(frame, 0);
    put8(frame, reason);
    put8(frame, explanation);
    put8(frame, 0);
}
