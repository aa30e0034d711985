/*
 * call.c: what a command is called with, and what it answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "call.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fabric.h"
#include "json.h"
#include "wwn.h"

void
call_fail(struct call *call, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (vasprintf(&call->error, format, args) < 0)
        abort();
    va_end(args);
}

struct port *
call_port(struct call *call, size_t arg)
{
    struct port *port = fabric_port(call->fabric, call->argv[arg]);

    if (!port)
        call_fail(call, "no port '%s'; see 'ports'", call->argv[arg]);

    return port;
}

bool
call_wwn(struct call *call, size_t arg, uint64_t *wwn)
{
    if (wwn_parse(call->argv[arg], wwn))
        return true;

    call_fail(call, "'%s' is not a WWN; 16 hex digits are", call->argv[arg]);
    return false;
}

bool
call_number(struct call *call, size_t arg, unsigned int max,
            unsigned int *number)
{
    char *end;
    unsigned long value = strtoul(call->argv[arg], &end, 10);

    if (call->argv[arg][0] >= '0' && call->argv[arg][0] <= '9' &&
        *end == '\0' && value <= max) {
        *number = value;
        return true;
    }

    call_fail(call, "'%s' is not a number from 0 to %u", call->argv[arg], max);
    return false;
}

bool
call_choice(struct call *call, size_t arg, const char *first,
            const char *second, bool *is_first)
{
    *is_first = strcmp(call->argv[arg], first) == 0;
    if (*is_first || strcmp(call->argv[arg], second) == 0)
        return true;

    call_fail(call, "'%s' is neither '%s' nor '%s'", call->argv[arg], first,
              second);
    return false;
}

void
call_put_text(struct call *call, const char *before, const char *text)
{
    fputs(before, call->out);
    json_string(call->out, text);
}

void
call_put_wwn(struct call *call, const char *before, uint64_t wwn)
{
    char text[WWN_TEXT_LEN];

    call_put_text(call, before, wwn_text(wwn, text));
}

void
call_put_bool(struct call *call, const char *before, bool value)
{
    fprintf(call->out, "%s%s", before, value ? "true" : "false");
}
