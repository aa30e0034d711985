/*
 * test-policy.c: a WWPN is in one place at a time, whatever the policy
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "displaced.h"
#include "harness.h"

/* Both machines are in; P is on a. */
static uint32_t
open_with_p_on_a(struct bench *bench, enum policy policy)
{
    bench_open(bench);
    bench->fabric.policy = policy;
    log_in(bench, "a", false, WWPN_A);
    log_in(bench, "b", false, WWPN_B);
    return log_in(bench, "a", true, WWPN_P);
}

static bool
p_is_on(struct bench *bench, const char *port)
{
    struct login *login = login_by_wwpn(&bench->fabric, WWPN_P);

    return login && login->port == port_of(bench, port);
}

static void
test_first_wins(void)
{
    struct bench bench;
    uint32_t fcid = open_with_p_on_a(&bench, POLICY_FIRST);

    ok(log_in(&bench, "b", true, WWPN_P) == 0 && p_is_on(&bench, "a") &&
       logged(&bench, "\"reject\"", "\"reason\":\"duplicate\""),
       "first wins: a second login is refused");
    ok(fip_answer(last_to(&bench, "b")).explanation == 0x0d &&
       sent_to(&bench, "a") == 0, "first wins: the first notices nothing");

    log_out(&bench, "a", fcid, WWPN_P);
    ok(log_in(&bench, "b", true, WWPN_P) != 0,
       "first wins: once the first has left, the second is let in");

    ok(log_in(&bench, "target", false, WWPN_A) == 0,
       "first wins: it is the same for physical ports");
    ok(bench.log.double_logins == 0, "first wins: nobody was in twice");
    bench_close(&bench);
}

static void
test_last_wins(void)
{
    struct bench bench;
    uint32_t fcid = open_with_p_on_a(&bench, POLICY_LAST);
    const struct frame *told;
    struct fip fip = { 0 };

    ok(log_in(&bench, "b", true, WWPN_P) != 0 && p_is_on(&bench, "b"),
       "last wins: a second login is let in");
    ok(!login_by_fcid(&bench.fabric, fcid) &&
       logged(&bench, "\"logout\"", "\"reason\":\"displaced\""),
       "last wins: the first is logged out");

    told = last_to(&bench, "a");
    ok(told && fip_parse(reader_of(told->bytes + 14, told->len - 14), &fip) &&
       fip.operation == 3 && fip.subcode == 2 && fip.vn_fcid == fcid &&
       fip.vn_wwpn == WWPN_P && memcmp(told->bytes, enode_a, MAC_LEN) == 0,
       "last wins: the first is told, by Clear Virtual Links");
    ok(bench.log.double_logins == 0, "last wins: nobody was in twice");
    bench_close(&bench);
}

static void
test_loser(void)
{
    struct bench bench;
    bool kept_out = true;

    open_with_p_on_a(&bench, POLICY_LAST);
    log_in(&bench, "b", true, WWPN_P);

    for (int i = 0; i < 10; i++) {
        bench.fabric.now_ms += 2000;
        kept_out = kept_out && log_in(&bench, "a", true, WWPN_P) == 0;
    }
    ok(kept_out && p_is_on(&bench, "b") &&
       logged(&bench, "\"reject\"", "\"reason\":\"displaced\""),
       "last wins: the loser does not win it back by retrying");

    bench.fabric.now_ms += DISPLACED_QUIET_MS;
    ok(log_in(&bench, "a", true, WWPN_P) != 0 && p_is_on(&bench, "a"),
       "last wins: it does by asking again after having been quiet");
    ok(log_in(&bench, "b", true, WWPN_P) == 0,
       "last wins: then the other is the loser");
    bench_close(&bench);
}

static void
test_loser_after_winner(void)
{
    struct bench bench;
    uint32_t fcid;

    open_with_p_on_a(&bench, POLICY_LAST);
    fcid = log_in(&bench, "b", true, WWPN_P);
    log_out(&bench, "b", fcid, WWPN_P);
    ok(log_in(&bench, "a", true, WWPN_P) != 0,
       "last wins: the loser's retry is let in once the winner has left");
    bench_close(&bench);
}

static void
test_displaced_machine(void)
{
    struct bench bench;

    open_with_p_on_a(&bench, POLICY_LAST);
    log_in(&bench, "target", false, WWPN_A);
    ok(!p_is_on(&bench, "a") && !login_physical(&bench.fabric,
                                                port_of(&bench, "a")),
       "last wins: a displaced physical port takes its virtual ones along");
    bench_close(&bench);
}

int
main(void)
{
    test_first_wins();
    test_last_wins();
    test_loser();
    test_loser_after_winner();
    test_displaced_machine();
    return done();
}
