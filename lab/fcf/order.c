/*
 * order.c: the commands that change something
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "order.h"

#include "call.h"
#include "control.h"
#include "fabric.h"
#include "fip.h"
#include "log.h"
#include "login.h"
#include "zone.h"

enum {
    DELAY_MAX_MS = 60 * 1000,
    DROP_MAX = 1000 * 1000,
};

void
order_policy(struct call *call)
{
    bool first;

    if (call->argc > 1) {
        if (!call_choice(call, 1, "first", "last", &first))
            return;
        call->fabric->policy = first ? POLICY_FIRST : POLICY_LAST;
        log_setting(call->fabric->log, call->line);
    }

    call_put_text(call, ",\"policy\":", control_policy_name(call->fabric));
}

void
order_npiv(struct call *call)
{
    bool on;

    if (call->argc > 1) {
        if (!call_choice(call, 1, "on", "off", &on))
            return;
        call->fabric->npiv = on;
        log_setting(call->fabric->log, call->line);
    }

    call_put_bool(call, ",\"npiv\":", call->fabric->npiv);
}

void
order_link(struct call *call)
{
    struct port *port = call_port(call, 1);
    bool up;

    if (!port || !call_choice(call, 2, "up", "down", &up))
        return;

    fabric_enable(call->fabric, port, up);
    call_put_text(call, ",\"link\":", port_is_up(port) ? "up" : "down");
}

static void
zone_add_command(struct call *call)
{
    size_t nmembers = call->argc - 3;
    uint64_t members[CONTROL_LINE_MAX / 2];

    if (nmembers == 0) {
        call_fail(call, "zone '%s' has no members; name their WWPNs",
                  call->argv[2]);
        return;
    }

    for (size_t i = 0; i < nmembers; i++) {
        if (!call_wwn(call, i + 3, &members[i]))
            return;
    }

    if (zone_add(call->fabric, call->argv[2], members, nmembers))
        log_setting(call->fabric->log, call->line);
    else
        call_fail(call, "there is a zone '%s' already; 'zone del %s' first",
                  call->argv[2], call->argv[2]);
}

static void
zone_del_command(struct call *call)
{
    if (call->argc > 3)
        call_fail(call, "usage: zone del NAME");
    else if (zone_del(call->fabric, call->argv[2]))
        log_setting(call->fabric->log, call->line);
    else
        call_fail(call, "no zone '%s'; see 'zones'", call->argv[2]);
}

void
order_zone(struct call *call)
{
    bool add;

    if (!call_choice(call, 1, "add", "del", &add))
        return;

    if (add)
        zone_add_command(call);
    else
        zone_del_command(call);
}

/* -------------------------------- faults ------------------------------- */

void
order_reject(struct call *call)
{
    uint64_t wwpn;
    bool on;

    if (!call_wwn(call, 1, &wwpn) || !call_choice(call, 2, "on", "off", &on))
        return;

    login_refuse(call->fabric, wwpn, on);
    log_setting(call->fabric->log, call->line);
}

void
order_logout(struct call *call)
{
    struct login *login;
    uint64_t wwpn;

    if (!call_wwn(call, 1, &wwpn))
        return;

    login = login_by_wwpn(call->fabric, wwpn);
    if (!login) {
        call_fail(call, "'%s' is not logged in; see 'logins'", call->argv[1]);
        return;
    }

    fip_clear_login(call->fabric, login);
    login_end(call->fabric, login, "command");
}

void
order_drop(struct call *call)
{
    struct port *port = call_port(call, 1);

    if (port && call_number(call, 2, DROP_MAX, &port->faults_to_drop))
        log_setting(call->fabric->log, call->line);
}

void
order_delay(struct call *call)
{
    struct port *port = call_port(call, 1);

    if (port && call_number(call, 2, DELAY_MAX_MS, &port->delay_ms))
        log_setting(call->fabric->log, call->line);
}
