/*
 * test-log.c: the log tells all, and judges by its own account
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static struct port port_a = { .name = "a" };

static struct login
a_login(uint64_t wwpn, uint32_t fcid)
{
    return (struct login) {
        .port = &port_a, .wwpn = wwpn, .wwnn = WWNN, .fcid = fcid,
        .is_virtual = true,
    };
}

static void
remember_line(void *owner, const char *line)
{
    snprintf(owner, 512, "%s", line);
}

static void
test_lines(void)
{
    struct login login = a_login(0x2101001b32a90002, 0x010203);
    char line[512] = "";
    struct log log;
    double before;
    double t;

    log_init(&log, NULL);
    log.line = remember_line;
    log.owner = line;

    before = log_now();
    log_login(&log, &login);
    t = strtod(line + strlen("{\"t\":"), NULL);
    ok(t >= before - 0.001 && t <= log_now() + 0.001,
       "a line begins with the time");
    ok(strstr(line, ",\"event\":\"login\",\"port\":\"a\","
              "\"wwpn\":\"2101001b32a90002\",\"wwnn\":\"00000000000000ee\","
              "\"fcid\":\"010203\",\"kind\":\"fdisc\"}"),
       "a login is told with all its names");

    log_logout(&log, &login, "logo");
    ok(strstr(line, "\"logout\"") && strstr(line, "\"fcid\":\"010203\"") &&
       strstr(line, "\"reason\":\"logo\"}"),
       "a logout is told with its reason");

    log_reject(&log, &port_a, WWPN_P, WWNN, "fdisc", "duplicate");
    ok(strstr(line, "\"reject\"") && strstr(line, "\"reason\":\"duplicate\""),
       "a refusal is told with its reason");
    log_clear(&log);
}

static void
test_judge(void)
{
    struct login one = a_login(WWPN_P, 0x010101);
    struct login other = a_login(WWPN_P, 0x010201);
    struct login third = a_login(WWPN_S, 0x010202);
    char line[512] = "";
    struct log log;

    log_init(&log, NULL);
    log.line = remember_line;
    log.owner = line;

    log_login(&log, &one);
    log_login(&log, &third);
    log_logout(&log, &one, "logo");
    log_login(&log, &other);
    ok(log.double_logins == 0, "a WWPN that moves is not in twice");

    log_login(&log, &one);
    ok(log.double_logins == 1 && strstr(line, "\"double_login\"") &&
       strstr(line, "\"other_fcid\":\"010201\""),
       "a WWPN that is in twice at once is an event of its own");

    log_logout(&log, &other, "logo");
    log_login(&log, &other);
    ok(log.double_logins == 2, "… as long as one of the two is in");

    log_logout(&log, &one, "logo");
    log_logout(&log, &other, "logo");
    log_login(&log, &one);
    ok(log.double_logins == 2, "… and no longer");
    log_clear(&log);
}

/* How a fabric ends that writes a line to a file which takes none. */
static int
end_without_room(void)
{
    struct log log;
    int status;
    pid_t child = fork();

    if (child == 0) {
        freopen("/dev/null", "w", stderr);
        log_init(&log, fopen("/dev/full", "w"));
        log_setting(&log, "policy last");
        _exit(0);
    }
    return waitpid(child, &status, 0) == child ? status : 0;
}

static void
test_no_room(void)
{
    int status = end_without_room();

    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
       "a log that cannot be written ends the fabric");
}

int
main(void)
{
    test_lines();
    test_judge();
    test_no_room();
    return done();
}
