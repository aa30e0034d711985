/*
 * control.c: the commands of the control socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "fabric.h"
#include "json.h"
#include "order.h"
#include "show.h"

enum { ARGS_MAX = CONTROL_LINE_MAX / 2 };

struct command {
    const char *name;
    const char *usage;
    size_t min_args;
    size_t max_args;
    void (*run)(struct call *call);
};

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
    { "ports", "", 0, 0, show_ports },
    { "logins", "", 0, 0, show_logins },
    { "zones", "", 0, 0, show_zones },
    { "stats", "", 0, 0, show_stats },
    { "policy", "[first|last]", 0, 1, order_policy },
    { "npiv", "[on|off]", 0, 1, order_npiv },
    { "link", "PORT up|down", 2, 2, order_link },
    { "zone", "add NAME WWPN... | del NAME", 2, ARGS_MAX, order_zone },
    { "reject", "WWPN on|off", 2, 2, order_reject },
    { "logout", "WWPN", 1, 1, order_logout },
    { "drop", "PORT FRAMES", 2, 2, order_drop },
    { "delay", "PORT MILLISECONDS", 2, 2, order_delay },
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
        call_put_text(call, i > 0 ? "," : "", text);
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
            call_fail(call, "usage: %s %s", name, command->usage);
        else
            command->run(call);
        return;
    }

    call_fail(call, "no command '%s'; see 'help'", name);
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
