/*
 * test-nameserver.c: what the name server answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "harness.h"

/* An initiator on a, a target. */
struct scene {
    struct bench bench;
    uint32_t a;
    uint32_t t;
};

static void
scene_open(struct scene *scene)
{
    bench_open(&scene->bench);
    scene->a = join(&scene->bench, "a", false, WWPN_A);
    scene->t = join(&scene->bench, "target", false, WWPN_T);
    forget_sent(&scene->bench);
}

/* The CT header of an answer, and what follows it. */
struct ct_answer {
    uint16_t code;
    uint8_t reason;
    uint8_t explanation;
    struct reader body;
};

static struct ct_answer
ask(struct bench *bench, const char *port, uint32_t from, uint16_t command,
    const void *body, size_t len)
{
    struct ct_answer answer;
    struct fc_sent sent;
    struct frame frame;

    build_ct(&frame, from, command, body, len);
    forget_sent(bench);
    arrive(bench, port, &frame);

    sent = fc_sent(last_to(bench, port));
    skip(&sent.payload, 8);
    answer.code = get16(&sent.payload);
    skip(&sent.payload, 3);
    answer.reason = get8(&sent.payload);
    answer.explanation = get8(&sent.payload);
    skip(&sent.payload, 1);
    answer.body = sent.payload;
    return answer;
}

static struct ct_answer
ask_ports(struct bench *bench, const char *port, uint32_t from)
{
    return ask(bench, port, from, 0x0172, "\0\0\0\x08", 4);
}

static struct ct_answer
ask_name(struct bench *bench, const char *port, uint32_t from, uint32_t of)
{
    uint8_t body[4] = { 0, of >> 16, of >> 8, of };

    return ask(bench, port, from, 0x0112, body, 4);
}

static void
test_login_to_services(struct scene *scene)
{
    static const uint32_t services[] = { 0xfffffc, 0xfffffd };
    uint8_t plogi[116] = { 3, 0, 0, 0, 0x20, 0x20, 0, 3, 0, 0, 8, 0 };
    struct frame frame;
    struct fc_sent sent;

    for (size_t i = 0; i < 2; i++) {
        build_els(&frame, scene->a, services[i], plogi, sizeof(plogi));
        forget_sent(&scene->bench);
        arrive(&scene->bench, "a", &frame);
        sent = fc_sent(last_to(&scene->bench, "a"));
        ok(sent.payload.left == 116 && get8(&sent.payload) == 2 &&
           sent.header.s_id == services[i] && sent.header.d_id == scene->a &&
           sent.header.ox_id == 0x55 && sent.header.r_ctl == 0x23,
           "PLOGI to %06x is accepted", services[i]);
    }

    build_els(&frame, scene->a, 0xfffffa, plogi, sizeof(plogi));
    arrive(&scene->bench, "a", &frame);
    sent = fc_sent(last_to(&scene->bench, "a"));
    ok(get8(&sent.payload) == 1, "PLOGI to a service not here is refused");
}

static void
test_ports_of_type(struct scene *scene)
{
    struct ct_answer answer = ask_ports(&scene->bench, "a", scene->a);

    ok(answer.code == 0x8002 && answer.body.left == 16,
       "GPN_FT shows one target to the initiator");
    ok(get8(&answer.body) == 0x80 && get24(&answer.body) == scene->t,
       "… marked as the last, with its address");
    skip(&answer.body, 4);
    ok(get64(&answer.body) == WWPN_T, "… and its name");

    answer = ask_ports(&scene->bench, "target", scene->t);
    ok(answer.code == 0x8001 && answer.reason == 9 &&
       answer.explanation == 7, "GPN_FT shows nothing to the target");

    answer = ask(&scene->bench, "a", scene->a, 0x0172, "\0\0\0\x05", 4);
    ok(answer.code == 0x8001, "GPN_FT of another type shows nothing");
}

static void
test_port_name(struct scene *scene)
{
    struct ct_answer answer;

    answer = ask_name(&scene->bench, "a", scene->a, scene->t);
    ok(answer.code == 0x8002 && get64(&answer.body) == WWPN_T,
       "GPN_ID tells a target's name");
    answer = ask_name(&scene->bench, "a", scene->a, scene->a);
    ok(answer.code == 0x8002 && get64(&answer.body) == WWPN_A,
       "GPN_ID tells one's own name");
    answer = ask_name(&scene->bench, "a", scene->a, 0x0109ff);
    ok(answer.code == 0x8001 && answer.explanation == 1,
       "GPN_ID of nobody is refused");
}

static void
test_hidden_port(struct scene *scene)
{
    struct ct_answer answer;
    uint32_t b = join(&scene->bench, "b", false, WWPN_B);

    answer = ask_name(&scene->bench, "a", scene->a, b);
    ok(answer.code == 0x8001, "GPN_ID hides other initiators");
    answer = ask_ports(&scene->bench, "a", scene->a);
    ok(answer.body.left == 16, "GPN_FT hides other initiators");
}

static void
test_registrations(struct scene *scene)
{
    static const uint16_t by_address[] = { 0x0213, 0x0217, 0x0218, 0x021f };
    uint8_t own[36] = { 0, scene->a >> 16, scene->a >> 8, scene->a };
    uint8_t foreign[36] = { 0, scene->t >> 16, scene->t >> 8, scene->t };
    struct login *target = login_by_fcid(&scene->bench.fabric, scene->t);

    for (size_t i = 0; i < 4; i++) {
        ok(ask(&scene->bench, "a", scene->a, by_address[i], own, 36).code ==
           0x8002, "one may register (%04x)", by_address[i]);
        ok(ask(&scene->bench, "a", scene->a, by_address[i], foreign,
               36).code == 0x8001, "… but nobody else");
    }
    ok(target->fcp_features & FCP_TARGET, "… nor change what they said");
    ok(ask(&scene->bench, "a", scene->a, 0x0239, own, 36).code == 0x8002,
       "RSNN_NN is accepted");
}

static void
test_unknown(struct scene *scene)
{
    struct ct_answer answer;

    answer = ask(&scene->bench, "a", scene->a, 0x0100, "\0\0\0", 4);
    ok(answer.code == 0x8001 && answer.reason == 0x0b,
       "an unknown command is refused as such");
}

static void
test_malformed(struct scene *scene)
{
    static const uint16_t bare[] = { 0x0112, 0x0172, 0x0213, 0x0218 };
    static const uint16_t registrations[] = { 0x0217, 0x021f };
    uint8_t own[4] = { 0, scene->a >> 16, scene->a >> 8, scene->a };
    struct fabric *fabric = &scene->bench.fabric;
    struct fc_header header = {
        .r_ctl = 0x02, .type = 0x20, .d_id = 0xfffffc, .s_id = scene->a,
    };
    struct frame frame;

    fabric->counters[COUNT_CT_MALFORMED] = 0;
    forget_sent(&scene->bench);

    for (size_t i = 0; i < 4; i++) {
        build_ct(&frame, scene->a, bare[i], NULL, 0);
        arrive(&scene->bench, "a", &frame);
    }
    for (size_t i = 0; i < 2; i++) {
        build_ct(&frame, scene->a, registrations[i], own, sizeof(own));
        arrive(&scene->bench, "a", &frame);
    }
    build_fc(&frame, &header, "\1\0\0\0\xfc\2\0\0", 8);
    arrive(&scene->bench, "a", &frame);
    build_fc(&frame, &header, NULL, 0);
    arrive(&scene->bench, "a", &frame);

    ok(fabric->counters[COUNT_CT_MALFORMED] == 8 &&
       scene->bench.nsent == 0, "short requests are counted and dropped");
}

/* Reads one frame of a long GPN_FT answer; returns its entries. */
static size_t
check_frame(const struct sent *sent, size_t number, bool last)
{
    struct fc_sent fc = fc_sent(&sent->frame);
    size_t header = number == 0 ? 16 : 0;

    if (fc.header.seq_cnt != number || fc.payload.left > 256 ||
        fc.sof != (number == 0 ? 0x2e : 0x36) ||
        fc.eof != (last ? 0x42 : 0x41))
        return 0;

    return (fc.payload.left - header) / 16;
}

static void
test_long_answer(void)
{
    enum { TARGETS = 200 };
    struct bench bench;
    size_t entries = 0;
    uint32_t a;

    bench_open(&bench);
    a = join(&bench, "a", false, WWPN_A);
    login_by_fcid(&bench.fabric, a)->frame_size = 256;
    log_in(&bench, "target", false, WWPN_T);
    for (uint64_t i = 0; i < TARGETS; i++) {
        uint32_t fcid = log_in(&bench, "target", true, 0x1000 + i);

        register_fcp(&bench, "target", fcid, FCP_TARGET);
    }

    ask_ports(&bench, "a", a);
    for (size_t i = 0; i < bench.nsent; i++)
        entries += check_frame(&bench.sent[i], i, i + 1 == bench.nsent);
    ok(bench.nsent == 13 && entries == TARGETS,
       "a long answer is a sequence of frames that the asker can take");
    bench_close(&bench);
}

int
main(void)
{
    struct scene scene;

    scene_open(&scene);
    test_login_to_services(&scene);
    test_ports_of_type(&scene);
    test_port_name(&scene);
    test_hidden_port(&scene);
    test_registrations(&scene);
    test_unknown(&scene);
    test_malformed(&scene);
    bench_close(&scene.bench);

    test_long_answer();
    return done();
}
