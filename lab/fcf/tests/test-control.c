/*
 * test-control.c: the control socket's commands do what they say
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "harness.h"
#include "zone.h"

static bool
answers(struct bench *bench, const char *line, const char *expected)
{
    struct answer answer = control_run(&bench->fabric, line);
    bool same = strcmp(answer.json, expected) == 0;

    if (!same)
        printf("# %s\n# %s\n", answer.json, expected);
    free(answer.json);
    return same;
}

/* Whether it is refused with an error that has a text in it. */
static bool
refuses(struct bench *bench, const char *line, const char *text)
{
    struct answer answer = control_run(&bench->fabric, line);
    const char *start = "{\"ok\":false,\"error\":\"";
    bool refused = strncmp(answer.json, start, strlen(start)) == 0 &&
                   strstr(answer.json, text) != NULL;

    if (!refused)
        printf("# %s\n", answer.json);
    free(answer.json);
    return refused;
}

#define OK "{\"ok\":true}"

static void
test_lists(struct bench *bench)
{
    ok(answers(bench, "logins", "{\"ok\":true,\"logins\":[]}"),
       "logins: an empty list, at first");
    log_in(bench, "a", false, WWPN_A);
    bench->fabric.logins->since = 12.5;
    ok(answers(bench, "logins", "{\"ok\":true,\"logins\":[{\"port\":\"a\","
               "\"wwpn\":\"00000000000000a1\",\"wwnn\":\"00000000000000ee\","
               "\"fcid\":\"010100\",\"kind\":\"flogi\",\"since\":12.500000,"
               "\"fcp_features\":0}]}"), "logins: who is in");
    ok(answers(bench, "ports", "{\"ok\":true,\"ports\":["
               "{\"name\":\"a\",\"link\":\"up\",\"connected\":true,"
               "\"enabled\":true,\"logins\":1,\"drop\":0,\"delay_ms\":0},"
               "{\"name\":\"b\",\"link\":\"up\",\"connected\":true,"
               "\"enabled\":true,\"logins\":0,\"drop\":0,\"delay_ms\":0},"
               "{\"name\":\"target\",\"link\":\"up\",\"connected\":true,"
               "\"enabled\":true,\"logins\":0,\"drop\":0,\"delay_ms\":0}]}"),
       "ports: all of them");
}

static void
test_policy(struct bench *bench)
{
    ok(answers(bench, "policy", "{\"ok\":true,\"policy\":\"first\"}"),
       "policy: first, unless told otherwise");
    ok(answers(bench, "policy last", "{\"ok\":true,\"policy\":\"last\"}") &&
       bench->fabric.policy == POLICY_LAST &&
       logged(bench, "\"setting\"", "policy last"),
       "policy: can be changed, and is logged");
    ok(refuses(bench, "policy any", "'any' is neither"),
       "policy: no other word");
    ok(answers(bench, "npiv off", "{\"ok\":true,\"npiv\":false}") &&
       !bench->fabric.npiv, "npiv: can be turned off");
    ok(answers(bench, "npiv on", "{\"ok\":true,\"npiv\":true}"),
       "npiv: and on");
}

static void
test_link(struct bench *bench)
{
    ok(answers(bench, "link a down", "{\"ok\":true,\"link\":\"down\"}") &&
       !bench->fabric.logins, "link: down, and its logins ended");
    ok(answers(bench, "link a up", "{\"ok\":true,\"link\":\"up\"}"),
       "link: up");
    ok(refuses(bench, "link c up", "no port 'c'"), "link: of a known port");
    ok(refuses(bench, "link a", "usage: link PORT up|down"),
       "link: both arguments are needed");
}

static void
test_zones(struct bench *bench)
{
    ok(answers(bench, "zone add pair 21:01:00:1b:32:a9:00:02 "
               "2101001b32a90004", OK), "zone add: WWPNs in any form");
    ok(answers(bench, "zones", "{\"ok\":true,\"zones\":[{\"name\":\"pair\","
               "\"members\":[\"2101001b32a90002\",\"2101001b32a90004\"]}]}"),
       "zones: all of them");
    ok(refuses(bench, "zone add pair 2101001b32a90002", "already"),
       "zone add: a name only once");
    ok(refuses(bench, "zone add bad 2101", "'2101' is not a WWN"),
       "zone add: only of WWPNs");
    ok(refuses(bench, "zone add empty", "no members"),
       "zone add: only with members");
    ok(answers(bench, "zone del pair", OK) && !bench->fabric.zones,
       "zone del: the zone is gone");
    ok(refuses(bench, "zone del pair", "no zone 'pair'"),
       "zone del: only what is there");
}

static void
test_faults(struct bench *bench)
{
    struct port *port = port_of(bench, "b");

    ok(answers(bench, "drop b 3", OK) && port->faults_to_drop == 3,
       "drop: a number of frames");
    ok(answers(bench, "delay b 20", OK) && port->delay_ms == 20,
       "delay: a number of milliseconds");
    ok(refuses(bench, "delay b -1", "not a number") &&
       refuses(bench, "delay b 1x", "not a number") &&
       refuses(bench, "delay b 99999999999", "not a number"),
       "delay: nothing else");
    answers(bench, "drop b 0", OK);

    ok(answers(bench, "reject 00000000000000b1 on", OK) &&
       log_in(bench, "b", false, WWPN_B) == 0,
       "reject on: keeps a WWPN out");
    ok(answers(bench, "reject 00000000000000b1 off", OK) &&
       log_in(bench, "b", false, WWPN_B) != 0, "reject off: lets it in");
    forget_sent(bench);
    ok(answers(bench, "logout 00000000000000b1", OK) &&
       sent_to(bench, "b") == 1 && logged(bench, "\"logout\"", "command"),
       "logout: ends a login and tells its machine");
    ok(refuses(bench, "logout 00000000000000b1", "is not logged in"),
       "logout: only of who is in");
}

static void
test_others(struct bench *bench)
{
    struct answer answer = control_run(&bench->fabric, "stats");

    ok(strstr(answer.json, "\"fcoe_malformed\":0,") &&
       strstr(answer.json, "\"double_logins\":0}}"), "stats: all counters");
    free(answer.json);

    answer = control_run(&bench->fabric, "follow");
    ok(answer.follow && !answer.quit, "follow: the log is wanted");
    free(answer.json);
    answer = control_run(&bench->fabric, "quit");
    ok(answer.quit, "quit: the end");
    free(answer.json);
    answer = control_run(&bench->fabric, "help");
    ok(strstr(answer.json, "\"link PORT up|down\""), "help: the commands");
    free(answer.json);
}

static void
test_nonsense(struct bench *bench)
{
    ok(refuses(bench, "", "no command ''"), "an empty line is refused");
    ok(refuses(bench, " \t ", "no command ''"), "a blank line is refused");
    ok(refuses(bench, "so\"me\\thing", "no command 'so\\\"me\\\\thing'"),
       "an unknown command is refused, and quoted as JSON wants it");
    ok(refuses(bench, "stats now", "usage: stats"),
       "an argument too many is refused");
}

int
main(void)
{
    struct bench bench;

    bench_open(&bench);
    test_lists(&bench);
    test_policy(&bench);
    test_link(&bench);
    test_zones(&bench);
    test_faults(&bench);
    test_others(&bench);
    test_nonsense(&bench);
    bench_close(&bench);
    return done();
}
