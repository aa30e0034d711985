/*
 * test-service.c: link services at the fabric's own addresses
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"

/* Sends an ELS of WWPN_P and returns the command of the answer; 0: none. */
static uint8_t
ask(struct bench *bench, uint32_t to, const void *payload, size_t len)
{
    uint32_t from = login_by_wwpn(&bench->fabric, WWPN_P)->fcid;
    struct fc_sent sent;
    struct frame frame;

    build_els(&frame, from, to, payload, len);
    forget_sent(bench);
    arrive(bench, "a", &frame);

    sent = fc_sent(last_to(bench, "a"));
    return get8(&sent.payload);
}

static uint8_t
ask_to_leave(struct bench *bench, uint32_t service)
{
    uint32_t fcid = login_by_wwpn(&bench->fabric, WWPN_P)->fcid;
    uint8_t logo[16] = {
        5, 0, 0, 0, 0, fcid >> 16, fcid >> 8, fcid, [15] = WWPN_P,
    };

    return ask(bench, service, logo, sizeof(logo));
}

static void
test_logo(struct bench *bench)
{
    ok(ask_to_leave(bench, 0xfffffc) == ELS_LS_ACC &&
       login_by_wwpn(&bench->fabric, WWPN_P),
       "leaving the name server is accepted, and no more than that");
    ok(ask_to_leave(bench, 0xfffffe) == ELS_LS_ACC &&
       !login_by_wwpn(&bench->fabric, WWPN_P) &&
       login_by_wwpn(&bench->fabric, WWPN_A),
       "leaving the F_Port by an FCoE frame logs out");
    join(bench, "a", true, WWPN_P);
}

static void
test_unsupported(struct bench *bench)
{
    ok(ask(bench, 0xfffffc, "\x10\0\0\0", 4) == ELS_LS_RJT,
       "an unknown request is refused");
    ok(ask(bench, 0xfffffc, "\x62\0\0\0\0\0\0\3", 8) == ELS_LS_RJT,
       "SCR at the name server is refused");
    ok(ask(bench, 0xfffffe, "\x04\0\0\0", 4) == ELS_LS_RJT,
       "FLOGI without FIP is refused");
}

static void
test_malformed(struct bench *bench)
{
    uint64_t *counter = &bench->fabric.counters[COUNT_ELS_MALFORMED];

    *counter = 0;
    ok(ask(bench, 0xfffffc, "", 0) == 0 && *counter == 1,
       "a request without payload is counted and dropped");
    ok(ask(bench, 0xfffffc, "\3\0\0\0", 4) == 0 && *counter == 2,
       "a short PLOGI is counted and dropped");
    ok(ask(bench, 0xfffffc, "\5\0\0\0", 4) == 0 && *counter == 3,
       "a short LOGO is counted and dropped");
}

static void
test_replies(struct bench *bench)
{
    struct fc_header header = {
        .r_ctl = RCTL_ELS_REPLY, .type = TYPE_ELS, .d_id = 0xfffffd,
        .s_id = login_by_wwpn(&bench->fabric, WWPN_P)->fcid,
    };
    struct frame frame;

    build_fc(&frame, &header, "\2\0\0\0", 4);
    forget_sent(bench);
    arrive(bench, "a", &frame);
    ok(bench->nsent == 0 && bench->fabric.counters[COUNT_IGNORED] == 1,
       "an answer to RSCN needs no answer");
}

int
main(void)
{
    struct bench bench;

    bench_open(&bench);
    log_in(&bench, "a", false, WWPN_A);
    join(&bench, "a", true, WWPN_P);
    test_logo(&bench);
    test_unsupported(&bench);
    test_malformed(&bench);
    test_replies(&bench);
    bench_close(&bench);
    return done();
}
