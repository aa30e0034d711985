/*
 * control.c: the commands of the control socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fabric.h"
#include "fip.h"
#include "json.h"
#include "log.h"
#include "login.h"
#include "wwn.h"
#include "zone.h"

enum {
    ARGS_MAX = CONTROL_LINE_MAX / 2,
    DELAY_MAX_MS = 60 * 1000,
    DROP_MAX = 1000 * 1000,
};

/* A command on its way: argv[0] is its name. */
struct call {
    struct fabric *fabric;
    const char *line;
    char **argv;
    size_t argc;
    FILE *out;                  /* members of the answer, each with ',' */
    char *error;                /* NULL: all is well */
    struct answer *answer;
};

struct command {
    const char *name;
    const char *usage;
    size_t min_args;
    size_t max_args;
    void (*run)(struct call *call);
};

static void __attribute__((format(printf, 2, 3)))
fail(struct call *call, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (vasprintf(&call->error, format, args) < 0)
        abort();
    va_end(args);
}

/* ------------------------------ arguments ------------------------------ */

static struct port *
port_arg(struct call *call, size_t arg)
{
    struct port *port = fabric_port(call->fabric, call->argv[arg]);

    if (!port)
        fail(call, "no port '%s'; see 'ports'", call->argv[arg]);

    return port;
}

static bool
wwn_arg(struct call *call, size_t arg, uint64_t *wwn)
{
    if (wwn_parse(call->argv[arg], wwn))
        return true;

    fail(call, "'%s' is not a WWN; 16 hex digits are", call->argv[arg]);
    return false;
}

static bool
number_arg(struct call *call, size_t arg, unsigned int max,
           unsigned int *number)
{
    char *end;
    unsigned long value = strtoul(call->argv[arg], &end, 10);

    if (call->argv[arg][0] >= '0' && call->argv[arg][0] <= '9' &&
        *end == '\0' && value <= max) {
        *number = value;
        return true;
    }

    fail(call, "'%s' is not a number from 0 to %u", call->argv[arg], max);
    return false;
}

/* One of two words; *is_first says which. */
static bool
choice_arg(struct call *call, size_t arg, const char *first,
           const char *second, bool *is_first)
{
    *is_first = strcmp(call->argv[arg], first) == 0;
    if (*is_first || strcmp(call->argv[arg], second) == 0)
        return true;

    fail(call, "'%s' is neither '%s' nor '%s'", call->argv[arg], first,
         second);
    return false;
}

/* ------------------------------- answers ------------------------------- */

static void
put_text(struct call *call, const char *before, const char *text)
{
    fputs(before, call->out);
    json_string(call->out, text);
}

static void
put_wwn(struct call *call, const char *before, uint64_t wwn)
{
    char text[WWN_TEXT_LEN];

    put_text(call, before, wwn_text(wwn, text));
}

static void
put_bool(struct call *call, const char *before, bool value)
{
    fprintf(call->out, "%s%s", before, value ? "true" : "false");
}

static size_t
count_logins(const struct fabric *fabric, const struct port *port)
{
    size_t number = 0;

    for (struct login *login = fabric->logins; login; login = login->next)
        number += login->port == port;

    return number;
}

static void
run_ports(struct call *call)
{
    struct fabric *fabric = call->fabric;

    fputs(",\"ports\":[", call->out);
    for (size_t i = 0; i < fabric->nports; i++) {
        const struct port *port = &fabric->ports[i];

        put_text(call, i > 0 ? ",{\"name\":" : "{\"name\":", port->name);
        put_text(call, ",\"link\":", port_is_up(port) ? "up" : "down");
        put_bool(call, ",\"connected\":", port->connected);
        put_bool(call, ",\"enabled\":", port->enabled);
        fprintf(call->out, ",\"logins\":%zu,\"drop\":%u,\"delay_ms\":%u}",
                count_logins(fabric, port), port->faults_to_drop,
                port->delay_ms);
    }
    fputc(']', call->out);
}

static void
put_login(struct call *call, const struct login *login)
{
    put_text(call, "{\"port\":", login->port->name);
    put_wwn(call, ",\"wwpn\":", login->wwpn);
    put_wwn(call, ",\"wwnn\":", login->wwnn);
    fprintf(call->out, ",\"fcid\":\"%06" PRIx32 "\"", login->fcid);
    put_text(call, ",\"kind\":", login->is_virtual ? "fdisc" : "flogi");
    fprintf(call->out, ",\"since\":%.6f", login->since);
    fprintf(call->out, ",\"fcp_features\":%u}", login->fcp_features);
}

static void
run_logins(struct call *call)
{
    fputs(",\"logins\":[", call->out);
    for (struct login *login = call->fabric->logins; login;
         login = login->next) {
        put_login(call, login);
        if (login->next)
            fputc(',', call->out);
    }
    fputc(']', call->out);
}

static void
run_zones(struct call *call)
{
    fputs(",\"zones\":[", call->out);
    for (struct zone *zone = call->fabric->zones; zone; zone = zone->next) {
        put_text(call, "{\"name\":", zone->name);
        fputs(",\"members\":[", call->out);
        for (size_t i = 0; i < zone->nmembers; i++)
            put_wwn(call, i > 0 ? "," : "", zone->members[i]);
        fputs(zone->next ? "]}," : "]}", call->out);
    }
    fputc(']', call->out);
}

static void
run_stats(struct call *call)
{
    fputs(",\"stats\":{", call->out);
    for (int i = 0; i < COUNTERS; i++)
        fprintf(call->out, "\"%s\":%" PRIu64 ",", counter_names[i],
                call->fabric->counters[i]);
    fprintf(call->out, "\"double_logins\":%" PRIu64 "}",
            call->fabric->log->double_logins);
}

/* ------------------------------- settings ------------------------------ */

const char *
control_policy_name(const struct fabric *fabric)
{
    return fabric->policy == POLICY_FIRST ? "first" : "last";
}

bool
control_set_policy(struct fabric *fabric, const char *name)
{
    if (strcmp(name, "first") == 0)
        fabric->policy = POLICY_FIRST;
    else if (strcmp(name, "last") == 0)
        fabric->policy = POLICY_LAST;
    else
        return false;

    return true;
}

static void
run_policy(struct call *call)
{
    bool first;

    if (call->argc > 1) {
        if (!choice_arg(call, 1, "first", "last", &first))
            return;
        call->fabric->policy = first ? POLICY_FIRST : POLICY_LAST;
        log_setting(call->fabric->log, call->line);
    }

    put_text(call, ",\"policy\":", control_policy_name(call->fabric));
}

static void
run_npiv(struct call *call)
{
    bool on;

    if (call->argc > 1) {
        if (!choice_arg(call, 1, "on", "off", &on))
            return;
        call->fabric->npiv = on;
        log_setting(call->fabric->log, call->line);
    }

    put_bool(call, ",\"npiv\":", call->fabric->npiv);
}

static void
run_link(struct call *call)
{
    struct port *port = port_arg(call, 1);
    bool up;

    if (!port || !choice_arg(call, 2, "up", "down", &up))
        return;

    fabric_enable(call->fabric, port, up);
    put_text(call, ",\"link\":", port_is_up(port) ? "up" : "down");
}

static void
zone_add_command(struct call *call)
{
    size_t nmembers = call->argc - 3;
    uint64_t members[ARGS_MAX];

    if (nmembers == 0) {
        fail(call, "zone '%s' has no members; name their WWPNs",
             call->argv[2]);
        return;
    }

    for (size_t i = 0; i < nmembers; i++) {
        if (!wwn_arg(call, i + 3, &members[i]))
            return;
    }

    if (zone_add(call->fabric, call->argv[2], members, nmembers))
        log_setting(call->fabric->log, call->line);
    else
        fail(call, "there is a zone '%s' already; 'zone del %s' first",
             call->argv[2], call->argv[2]);
}

static void
zone_del_command(struct call *call)
{
    if (call->argc > 3)
        fail(call, "usage: zone del NAME");
    else if (zone_del(call->fabric, call->argv[2]))
        log_setting(call->fabric->log, call->line);
    else
        fail(call, "no zone '%s'; see 'zones'", call->argv[2]);
}

static void
run_zone(struct call *call)
{
    bool add;

    if (!choice_arg(call, 1, "add", "del", &add))
        return;

    if (add)
        zone_add_command(call);
    else
        zone_del_command(call);
}

/* -------------------------------- faults ------------------------------- */

static void
run_reject(struct call *call)
{
    uint64_t wwpn;
    bool on;

    if (!wwn_arg(call, 1, &wwpn) || !choice_arg(call, 2, "on", "off", &on))
        return;

    login_refuse(call->fabric, wwpn, on);
    log_setting(call->fabric->log, call->line);
}

static void
run_logout(struct call *call)
{
    struct login *login;
    uint64_t wwpn;

    if (!wwn_arg(call, 1, &wwpn))
        return;

    login = login_by_wwpn(call->fabric, wwpn);
    if (!login) {
        fail(call, "'%s' is not logged in; see 'logins'", call->argv[1]);
        return;
    }

    fip_clear_login(call->fabric, login);
    login_end(call->fabric, login, "command");
}

static void
run_drop(struct call *call)
{
    struct port *port = port_arg(call, 1);

    if (port && number_arg(call, 2, DROP_MAX, &port->faults_to_drop))
        log_setting(call->fabric->log, call->line);
}

static void
run_delay(struct call *call)
{
    struct port *port = port_arg(call, 1);

    if (port && number_arg(call, 2, DELAY_MAX_MS, &port->delay_ms))
        log_setting(call->fabric->log, call->line);
}

/* ----------------------------- the socket's ---------------------------- */

static void
run_follow(struct call *call)
{
    call->answer->follow = true;
}

static void
run_quit(struct call *call)
{
    call->answer->quit = true;
}

static void run_help(struct call *call);

static const struct command commands[] = {
    { "ports", "", 0, 0, run_ports },
    { "logins", "", 0, 0, run_logins },
    { "zones", "", 0, 0, run_zones },
    { "stats", "", 0, 0, run_stats },
    { "policy", "[first|last]", 0, 1, run_policy },
    { "npiv", "[on|off]", 0, 1, run_npiv },
    { "link", "PORT up|down", 2, 2, run_link },
    { "zone", "add NAME WWPN... | del NAME", 2, ARGS_MAX, run_zone },
    { "reject", "WWPN on|off", 2, 2, run_reject },
    { "logout", "WWPN", 1, 1, run_logout },
    { "drop", "PORT FRAMES", 2, 2, run_drop },
    { "delay", "PORT MILLISECONDS", 2, 2, run_delay },
    { "follow", "", 0, 0, run_follow },
    { "help", "", 0, 0, run_help },
    { "quit", "", 0, 0, run_quit },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
run_help(struct call *call)
{
    char text[128];

    fputs(",\"commands\":[", call->out);
    for (size_t i = 0; i < COMMANDS; i++) {
        snprintf(text, sizeof(text), "%s%s%s", commands[i].name,
                 *commands[i].usage ? " " : "", commands[i].usage);
        put_text(call, i > 0 ? "," : "", text);
    }
    fputc(']', call->out);
}

static void
dispatch(struct call *call)
{
    const char *name = call->argc > 0 ? call->argv[0] : "";
    size_t args = call->argc - 1;

    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *command = &commands[i];

        if (strcmp(command->name, name) != 0)
            continue;
        if (args < command->min_args || args > command->max_args)
            fail(call, "usage: %s %s", name, command->usage);
        else
            command->run(call);
        return;
    }

    fail(call, "no command '%s'; see 'help'", name);
}

/* Splits the line in place; returns the number of words, ARGS_MAX at most. */
static size_t
split(char *line, char **argv)
{
    char *save = NULL;
    size_t argc = 0;

    for (char *word = strtok_r(line, " \t\r", &save);
         word && argc < ARGS_MAX;
         word = strtok_r(NULL, " \t\r", &save))
        argv[argc++] = word;

    return argc;
}

static char *
error_json(const char *error)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();

    fputs("{\"ok\":false,\"error\":", out);
    json_string(out, error);
    fputc('}', out);
    fclose(out);
    return text;
}

struct answer
control_run(struct fabric *fabric, const char *line)
{
    char *argv[ARGS_MAX];
    char *words = strdup(line);
    struct answer answer = { 0 };
    struct call call = {
        .fabric = fabric,
        .line = line,
        .argv = argv,
        .answer = &answer,
    };
    size_t len;

    call.out = open_memstream(&answer.json, &len);
    if (!words || !call.out)
        abort();

    call.argc = split(words, argv);
    fputs("{\"ok\":true", call.out);
    dispatch(&call);
    fputc('}', call.out);
    fclose(call.out);

    if (call.error) {
        free(answer.json);
        answer.json = error_json(call.error);
        free(call.error);
    }

    free(words);
    return answer;
}
