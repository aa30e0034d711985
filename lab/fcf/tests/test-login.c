/*
 * test-login.c: who is let in, who is not, and who is out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "harness.h"

static void
test_flogi(void)
{
    static const uint8_t mac[MAC_LEN] = { 0x0e, 0xfc, 0, 0x01, 0x01, 0x00 };
    struct bench bench;
    struct fip_answer answer;
    struct frame frame;

    bench_open(&bench);
    build_login(&frame, enode_a, false, WWPN_A, WWNN);
    arrive(&bench, "a", &frame);
    answer = fip_answer(last_to(&bench, "a"));

    ok(answer.command == ELS_LS_ACC, "FLOGI is accepted");
    ok(answer.features == 0x3000, "… by a fabric that knows NPIV");
    ok(answer.fcid == 0x010100, "… with an address of its port's area");
    ok(memcmp(answer.mac, mac, MAC_LEN) == 0, "… and the MAC for it");
    ok(memcmp(last_to(&bench, "a")->bytes, enode_a, MAC_LEN) == 0,
       "… answered to the machine's own MAC");
    ok(logged(&bench, "\"event\":\"login\"",
              "\"wwpn\":\"00000000000000a1\""), "… and logged");
    bench_close(&bench);
}

static void
test_fdisc(void)
{
    struct bench bench;
    uint32_t one;
    uint32_t other;

    bench_open(&bench);
    log_in(&bench, "a", false, WWPN_A);
    one = log_in(&bench, "a", true, WWPN_P);
    other = log_in(&bench, "a", true, WWPN_S);
    ok(one >> 8 == 0x0101 && other >> 8 == 0x0101 && one != other,
       "each FDISC gets an address of its own");
    ok(login_by_fcid(&bench.fabric, one)->is_virtual &&
       logged(&bench, "\"kind\":\"fdisc\"", "00000000000000d1"),
       "… as a virtual port");
    bench_close(&bench);
}

static void
test_addresses_rest(void)
{
    struct bench bench;
    uint32_t first;

    bench_open(&bench);
    log_in(&bench, "a", false, WWPN_A);
    first = log_in(&bench, "a", true, WWPN_P);
    log_out(&bench, "a", first, WWPN_P);
    ok(log_in(&bench, "a", true, WWPN_P) != first,
       "an address that was given back is not used again at once");
    bench_close(&bench);
}

/* Sends a login and checks with what it is refused. */
static void
expect_refused(struct bench *bench, const struct frame *frame,
               uint8_t explanation, const char *why, const char *promise)
{
    struct fip_answer answer;
    struct login *logins = bench->fabric.logins;

    forget_sent(bench);
    arrive(bench, "a", frame);
    answer = fip_answer(last_to(bench, "a"));
    ok(answer.command == ELS_LS_RJT && answer.explanation == explanation &&
       bench->fabric.logins == logins && logged(bench, "\"reject\"", why),
       "%s", promise);
}

static void
test_refusals(void)
{
    struct bench bench;
    struct frame frame;

    bench_open(&bench);
    build_login(&frame, enode_a, true, WWPN_P, WWNN);
    expect_refused(&bench, &frame, 0x1e, "no FLOGI",
                   "FDISC before FLOGI is refused");

    build_login(&frame, enode_a, false, 0, WWNN);
    expect_refused(&bench, &frame, 0x0d, "bad WWPN", "WWPN 0 is refused");
    build_login(&frame, enode_a, false, WWPN_A, 0);
    expect_refused(&bench, &frame, 0x0e, "bad WWNN", "WWNN 0 is refused");

    log_in(&bench, "a", false, WWPN_A);
    build_login(&frame, enode_b, true, WWPN_P, WWNN);
    expect_refused(&bench, &frame, 0x1e, "no FLOGI",
                   "FDISC from another MAC than FLOGI is refused");
    build_login(&frame, enode_a, true, WWPN_A, WWNN);
    expect_refused(&bench, &frame, 0x0d, "duplicate",
                   "FDISC with the WWPN of the FLOGI is refused");

    build_login(&frame, enode_a, true, WWPN_P, WWNN);
    bench.fabric.npiv = false;
    expect_refused(&bench, &frame, 0x2c, "no NPIV",
                   "FDISC on a fabric without NPIV is refused");
    bench.fabric.npiv = true;

    login_refuse(&bench.fabric, WWPN_P, true);
    expect_refused(&bench, &frame, 0, "refused",
                   "a WWPN that is to be rejected is refused");
    login_refuse(&bench.fabric, WWPN_P, false);
    ok(log_in(&bench, "a", true, WWPN_P) != 0, "… until it is no longer");
    bench_close(&bench);
}

static void
test_without_npiv(void)
{
    struct bench bench;
    struct frame frame;

    bench_open(&bench);
    bench.fabric.npiv = false;
    build_login(&frame, enode_a, false, WWPN_A, WWNN);
    arrive(&bench, "a", &frame);
    ok(fip_answer(last_to(&bench, "a")).features == 0x1000,
       "a fabric without NPIV says so");
    bench_close(&bench);
}

static void
test_full(void)
{
    struct bench bench;
    struct frame frame;
    size_t let_in = 0;

    bench_open(&bench);
    log_in(&bench, "a", false, WWPN_A);
    for (uint64_t i = 0; i < 255; i++)
        let_in += log_in(&bench, "a", true, 0x1000 + i) != 0;
    ok(let_in == 255, "a port has room for 255 virtual ports");

    build_login(&frame, enode_a, true, WWPN_P, WWNN);
    expect_refused(&bench, &frame, 0x29, "no resources",
                   "one more is refused");
    ok(log_in(&bench, "a", true, 0x1000) != 0,
       "… but not one that logs in again");
    bench_close(&bench);
}

static void
test_logo(void)
{
    struct bench bench;
    struct frame frame;
    uint32_t fcid;

    bench_open(&bench);
    log_in(&bench, "a", false, WWPN_A);
    log_in(&bench, "b", false, WWPN_B);
    fcid = log_in(&bench, "a", true, WWPN_P);

    build_logout(&frame, enode_b, fcid, WWPN_P);
    arrive(&bench, "b", &frame);
    ok(login_by_wwpn(&bench.fabric, WWPN_P),
       "nobody is logged out by another machine");
    build_logout(&frame, enode_a, fcid, WWPN_S);
    arrive(&bench, "a", &frame);
    ok(login_by_wwpn(&bench.fabric, WWPN_P),
       "… nor by a LOGO with another WWPN");

    forget_sent(&bench);
    log_out(&bench, "a", fcid, WWPN_P);
    ok(!login_by_wwpn(&bench.fabric, WWPN_P) &&
       logged(&bench, "\"logout\"", "\"reason\":\"logo\""),
       "LOGO logs out, and is logged");
    ok(fip_answer(last_to(&bench, "a")).command == ELS_LS_ACC,
       "… and accepted");

    fcid = log_in(&bench, "a", true, WWPN_P);
    log_out(&bench, "a", login_physical(&bench.fabric,
                                        port_of(&bench, "a"))->fcid, WWPN_A);
    ok(!login_by_wwpn(&bench.fabric, WWPN_P) &&
       login_by_wwpn(&bench.fabric, WWPN_B),
       "LOGO of a physical port takes its virtual ones along");
    bench_close(&bench);
}

static void
test_relogin(void)
{
    struct bench bench;
    uint32_t fcid;

    bench_open(&bench);
    log_in(&bench, "a", false, WWPN_A);
    fcid = log_in(&bench, "a", true, WWPN_P);
    ok(log_in(&bench, "a", true, WWPN_P) != fcid &&
       !login_by_fcid(&bench.fabric, fcid) && bench.log.double_logins == 0,
       "FDISC by one that is in replaces its login");
    log_in(&bench, "a", false, WWPN_A);
    ok(!login_by_wwpn(&bench.fabric, WWPN_P) &&
       logged(&bench, "\"logout\"", "relogin"),
       "FLOGI starts a port anew, without its virtual ports");
    bench_close(&bench);
}

static void
test_disconnect(void)
{
    struct bench bench;

    bench_open(&bench);
    log_in(&bench, "a", false, WWPN_A);
    log_in(&bench, "a", true, WWPN_P);
    log_in(&bench, "b", false, WWPN_B);
    forget_sent(&bench);
    fabric_disconnected(&bench.fabric, port_of(&bench, "a"));
    ok(!login_by_wwpn(&bench.fabric, WWPN_A) &&
       !login_by_wwpn(&bench.fabric, WWPN_P) &&
       login_by_wwpn(&bench.fabric, WWPN_B) &&
       logged(&bench, "00000000000000d1", "disconnected"),
       "when a machine dies, all on its port are logged out");
    ok(sent_to(&bench, "a") == 0, "… and nothing is sent there");
    bench_close(&bench);
}

static void
test_link_down(void)
{
    struct bench bench;
    struct frame frame;
    struct port *port;

    bench_open(&bench);
    port = port_of(&bench, "a");
    log_in(&bench, "a", false, WWPN_A);
    log_in(&bench, "a", true, WWPN_P);
    forget_sent(&bench);
    fabric_enable(&bench.fabric, port, false);
    ok(!bench.fabric.logins && logged(&bench, "\"logout\"", "link down"),
       "when a link goes down, all on it are logged out");
    ok(sent_to(&bench, "a") == 1, "… which the machine is told");

    forget_sent(&bench);
    build_login(&frame, enode_a, false, WWPN_A, WWNN);
    arrive(&bench, "a", &frame);
    ok(bench.nsent == 0 && !bench.fabric.logins &&
       bench.fabric.counters[COUNT_PORT_DOWN] == 1,
       "a link that is down is silent");

    fabric_enable(&bench.fabric, port, true);
    ok(sent_to(&bench, "a") == 1 && log_in(&bench, "a", false, WWPN_A) != 0,
       "up again, it calls its machine, which can log in");
    bench_close(&bench);
}

int
main(void)
{
    test_flogi();
    test_fdisc();
    test_addresses_rest();
    test_refusals();
    test_without_npiv();
    test_full();
    test_logo();
    test_relogin();
    test_disconnect();
    test_link_down();
    return done();
}
