/*
 * test-fip.c: the fabric is found, and knows who lives
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "harness.h"

static bool
parse_sent(const struct frame *frame, struct fip *fip)
{
    return frame &&
           fip_parse(reader_of(frame->bytes + ETHERNET_HEADER_LEN,
                               frame->len - ETHERNET_HEADER_LEN), fip);
}

static bool
is_clear_virtual_links(const struct frame *frame, struct fip *fip)
{
    return parse_sent(frame, fip) && fip->operation == 3 &&
           fip->subcode == 2 && has_descriptor(fip, FIP_MAC) &&
           has_descriptor(fip, FIP_NAME);
}

static void
test_solicited(struct bench *bench)
{
    const struct frame *answer;
    struct frame frame;
    struct fip fip;

    build_solicitation(&frame, enode_a, 2158);
    arrive(bench, "a", &frame);
    answer = last_to(bench, "a");

    ok(bench->nsent == 1 && parse_sent(answer, &fip) &&
       fip.operation == 1 && fip.subcode == 2,
       "a solicitation is answered with one advertisement");
    ok(answer && memcmp(answer->bytes, enode_a, MAC_LEN) == 0,
       "… to the machine that asked");
    ok(fip.flags == (0x8000 | 0x0004 | 0x0002 | 0x0001),
       "… which says: FPMA, available, solicited, from an FCF");
    ok(answer && answer->len == 14 + 2158,
       "… and is as long as the longest frame that the machine takes");
    ok(has_descriptor(&fip, FIP_PRIORITY) && has_descriptor(&fip, FIP_MAC) &&
       has_descriptor(&fip, FIP_NAME) && has_descriptor(&fip, FIP_FABRIC) &&
       has_descriptor(&fip, FIP_FKA_PERIOD), "… with all it must have");
}

static void
test_absurd_size(struct bench *bench)
{
    struct frame frame;

    forget_sent(bench);
    build_solicitation(&frame, enode_a, 65535);
    arrive(bench, "a", &frame);
    ok(bench->nsent == 0 &&
       bench->fabric.counters[COUNT_FIP_MALFORMED] == 1,
       "a solicitation with an impossible size is counted and dropped");
}

static void
test_multicast(struct bench *bench)
{
    static const uint8_t all_enodes[] = { 0x01, 0x10, 0x18, 0x01, 0, 0x01 };
    const struct frame *frame;
    int wait;

    forget_sent(bench);
    wait = fabric_tick(&bench->fabric);
    frame = last_to(bench, "target");
    ok(bench->nsent == 3 && sent_to(bench, "a") == 1 &&
       sent_to(bench, "b") == 1, "every port hears an advertisement");
    ok(frame && memcmp(frame->bytes, all_enodes, MAC_LEN) == 0,
       "… to all machines on it");
    ok(wait == 8000, "… again after 8 seconds");

    forget_sent(bench);
    bench->fabric.now_ms += wait - 1;
    ok(fabric_tick(&bench->fabric) == 1 && bench->nsent == 0,
       "… and not before");
}

static void
test_unknown_machine(struct bench *bench)
{
    const struct frame *answer;
    struct frame frame;
    struct fip fip;

    forget_sent(bench);
    build_keep_alive(&frame, enode_a, 0, 0);
    arrive(bench, "a", &frame);
    answer = last_to(bench, "a");
    ok(is_clear_virtual_links(answer, &fip) &&
       !has_descriptor(&fip, FIP_VN_PORT),
       "a machine that is not logged in is told so, at its keep-alive");
    ok(answer && memcmp(answer->bytes, enode_a, MAC_LEN) == 0,
       "… at its own MAC");
}

static void
test_unknown_virtual_port(struct bench *bench)
{
    struct frame frame;
    struct fip fip;

    log_in(bench, "a", false, WWPN_A);
    forget_sent(bench);
    build_keep_alive(&frame, enode_a, 0x0101ee, WWPN_P);
    arrive(bench, "a", &frame);
    ok(is_clear_virtual_links(last_to(bench, "a"), &fip) &&
       fip.vn_fcid == 0x0101ee && fip.vn_wwpn == WWPN_P,
       "a virtual port that is not logged in is told so, by name");
    ok(memcmp(last_to(bench, "a")->bytes, enode_a, MAC_LEN) == 0,
       "… at its machine's MAC");
}

static void
test_virtual_port_without_fcid(struct bench *bench)
{
    struct frame frame;

    log_in(bench, "a", false, WWPN_A);
    forget_sent(bench);
    build_keep_alive(&frame, enode_a, 0, WWPN_P);
    arrive(bench, "a", &frame);
    ok(bench->nsent == 0,
       "a virtual port that waits for its first login costs its machine nothing");
}

static void
test_known(struct bench *bench)
{
    uint32_t fcid = log_in(bench, "a", true, WWPN_P);
    struct frame frame;

    forget_sent(bench);
    build_keep_alive(&frame, enode_a, 0, 0);
    arrive(bench, "a", &frame);
    build_keep_alive(&frame, enode_a, fcid, WWPN_P);
    arrive(bench, "a", &frame);
    ok(bench->nsent == 0, "keep-alives of who is logged in need no answer");
}

/* Lets time pass in steps, as the event loop does. */
static void
pass(struct bench *bench, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        bench->fabric.now_ms += 1000;
        fabric_tick(&bench->fabric);
    }
}

static void
test_silence(struct bench *bench)
{
    struct frame frame;

    build_keep_alive(&frame, enode_a, 0, 0);
    pass(bench, 19);
    arrive(bench, "a", &frame);
    pass(bench, 19);
    ok(login_by_wwpn(&bench->fabric, WWPN_P) != NULL,
       "who sends keep-alives stays logged in");
    pass(bench, 2);
    ok(!bench->fabric.logins &&
       logged(bench, "\"logout\"", "keep-alive timeout"),
       "who is silent for two and a half periods is logged out");
}

static void
test_stall(struct bench *bench)
{
    log_in(bench, "a", false, WWPN_A);
    bench->fabric.now_ms += 60000;
    fabric_tick(&bench->fabric);
    ok(bench->fabric.logins != NULL,
       "nobody is logged out because the fabric itself stood still");
}

static bool
takes_apart(const struct frame *frame, size_t len)
{
    struct fip fip;

    return fip_parse(reader_of(frame->bytes + 14, len - 14), &fip);
}

static void
test_parser(void)
{
    struct frame good;
    struct frame bad;
    bool truncated = false;
    size_t len;

    build_login(&good, enode_a, false, WWPN_A, WWNN);
    len = good.len;
    ok(takes_apart(&good, len), "a login is well-formed");

    for (size_t cut = 14; cut < len; cut++)
        truncated = truncated || takes_apart(&good, cut);
    ok(!truncated, "truncated anywhere, it is not");

    bad = good;
    bad.bytes[14] = 0x20;
    ok(!takes_apart(&bad, len), "another version is not");

    bad = good;
    bad.bytes[25] = 0;
    ok(!takes_apart(&bad, len), "a descriptor without length is not");

    bad = good;
    bad.bytes[25]++;
    ok(!takes_apart(&bad, len), "a length that lies is not");

    bad = good;
    bad.bytes[len - 8] = 0x7f;
    ok(!takes_apart(&bad, len), "an unknown critical descriptor is not");

    bad.bytes[len - 8] = 0x80;
    ok(takes_apart(&bad, len), "an unknown one that is not critical is fine");

    bad = good;
    patch16(&bad, 20, (len - 24) / 4 + 2);
    put_bytes(&bad, good.bytes + len - 8, 8);
    ok(!takes_apart(&bad, bad.len), "a descriptor that comes twice is not");
}

int
main(void)
{
    struct bench bench;

    bench_open(&bench);
    test_solicited(&bench);
    test_absurd_size(&bench);
    test_multicast(&bench);
    test_unknown_machine(&bench);
    test_unknown_virtual_port(&bench);
    test_virtual_port_without_fcid(&bench);
    test_known(&bench);
    test_silence(&bench);
    test_stall(&bench);
    bench_close(&bench);

    test_parser();
    return done();
}
