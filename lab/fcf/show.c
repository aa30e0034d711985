/*
 * show.c: the commands that show something
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "show.h"

#include <inttypes.h>

#include "call.h"
#include "fabric.h"
#include "log.h"
#include "login.h"
#include "zone.h"

void
show_ports(struct call *call)
{
    struct fabric *fabric = call->fabric;

    fputs(",\"ports\":[", call->out);
    for (size_t i = 0; i < fabric->nports; i++) {
        const struct port *port = &fabric->ports[i];

        call_put_text(call, i > 0 ? ",{\"name\":" : "{\"name\":", port->name);
        call_put_text(call, ",\"link\":", port_is_up(port) ? "up" : "down");
        call_put_bool(call, ",\"connected\":", port->connected);
        call_put_bool(call, ",\"enabled\":", port->enabled);
        fprintf(call->out, ",\"logins\":%zu,\"drop\":%u,\"delay_ms\":%u}",
                login_count(fabric, port), port->faults_to_drop,
                port->delay_ms);
    }
    fputc(']', call->out);
}

static void
put_login(struct call *call, const struct login *login)
{
    call_put_text(call, "{\"port\":", login->port->name);
    call_put_wwn(call, ",\"wwpn\":", login->wwpn);
    call_put_wwn(call, ",\"wwnn\":", login->wwnn);
    fprintf(call->out, ",\"fcid\":\"%06" PRIx32 "\"", login->fcid);
    call_put_text(call, ",\"kind\":", login->is_virtual ? "fdisc" : "flogi");
    fprintf(call->out, ",\"since\":%.6f", login->since);
    fprintf(call->out, ",\"fcp_features\":%u}", login->fcp_features);
}

void
show_logins(struct call *call)
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

void
show_zones(struct call *call)
{
    fputs(",\"zones\":[", call->out);
    for (struct zone *zone = call->fabric->zones; zone; zone = zone->next) {
        call_put_text(call, "{\"name\":", zone->name);
        fputs(",\"members\":[", call->out);
        for (size_t i = 0; i < zone->nmembers; i++)
            call_put_wwn(call, i > 0 ? "," : "", zone->members[i]);
        fputs(zone->next ? "]}," : "]}", call->out);
    }
    fputc(']', call->out);
}

void
show_stats(struct call *call)
{
    fputs(",\"stats\":{", call->out);
    for (int i = 0; i < COUNTERS; i++)
        fprintf(call->out, "\"%s\":%" PRIu64 ",", counter_names[i],
                call->fabric->counters[i]);
    fprintf(call->out, "\"double_logins\":%" PRIu64 "}",
            call->fabric->log->double_logins);
}
