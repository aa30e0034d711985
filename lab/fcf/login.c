/*
 * login.c: who is logged in to the fabric, and who may
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "login.h"

#include <stdlib.h>
#include <string.h>

#include "displaced.h"
#include "fc.h"
#include "fip.h"
#include "log.h"
#include "rscn.h"

enum { DOMAIN = 0x01 };

struct login *
login_by_fcid(struct fabric *fabric, uint32_t fcid)
{
    struct login *login = fabric->logins;

    while (login && login->fcid != fcid)
        login = login->next;

    return login;
}

struct login *
login_by_wwpn(struct fabric *fabric, uint64_t wwpn)
{
    struct login *login = fabric->logins;

    while (login && login->wwpn != wwpn)
        login = login->next;

    return login;
}

struct login *
login_physical(struct fabric *fabric, const struct port *port)
{
    struct login *login = fabric->logins;

    while (login && (login->is_virtual || login->port != port))
        login = login->next;

    return login;
}

size_t
login_count(const struct fabric *fabric, const struct port *port)
{
    size_t number = 0;

    for (struct login *login = fabric->logins; login; login = login->next)
        number += login->port == port;

    return number;
}

static struct login *
virtual_on(struct fabric *fabric, const struct port *port)
{
    struct login *login = fabric->logins;

    while (login && !(login->is_virtual && login->port == port))
        login = login->next;

    return login;
}

static void
end_one(struct fabric *fabric, struct login *login, const char *why)
{
    struct login **at = &fabric->logins;

    while (*at != login)
        at = &(*at)->next;
    *at = login->next;

    log_logout(fabric->log, login, why);
    rscn_announce(fabric, login);
    free(login);
}

void
login_end(struct fabric *fabric, struct login *login, const char *why)
{
    struct login *depends;

    while (!login->is_virtual && (depends = virtual_on(fabric, login->port)))
        end_one(fabric, depends, why);

    end_one(fabric, login, why);
}

void
login_end_port(struct fabric *fabric, struct port *port, const char *why)
{
    struct login *login = login_physical(fabric, port);

    if (login)
        login_end(fabric, login, why);
}

/* The next free address on a port; there is one. One that was given back
 * rests as long as possible, since somebody may not have heard of it:
 * a target that still knows an N_Port of that address is not to mistake
 * another, or the same after a crash, for it. */
static uint32_t
choose_fcid(struct fabric *fabric, struct port *port)
{
    uint32_t area = DOMAIN << 16 | (port->index + 1) << 8;
    uint32_t fcid;

    do {
        fcid = area | port->next_address;
        port->next_address = (port->next_address + 1) % LOGINS_PER_PORT;
    } while (login_by_fcid(fabric, fcid));

    return fcid;
}

static bool
is_refused(struct fabric *fabric, uint64_t wwpn)
{
    struct refused *refused = fabric->refused;

    while (refused && refused->wwpn != wwpn)
        refused = refused->next;

    return refused != NULL;
}

void
login_refuse(struct fabric *fabric, uint64_t wwpn, bool refuse)
{
    struct refused **at = &fabric->refused;
    struct refused *refused;

    while (*at && (*at)->wwpn != wwpn)
        at = &(*at)->next;
    refused = *at;

    if (refuse && !refused) {
        refused = calloc(1, sizeof(*refused));
        if (!refused)
            abort();
        refused->wwpn = wwpn;
        *at = refused;
    } else if (!refuse && refused) {
        *at = refused->next;
        free(refused);
    }
}

/* Whether the request takes the place of a login of the same port. */
static bool
is_relogin(struct fabric *fabric, const struct login_request *request)
{
    struct login *old = login_by_wwpn(fabric, request->wwpn);

    return old && old->port == request->port && old->is_virtual;
}

/* The reasons that have nothing to do with who else is logged in. */
static const struct refusal *
refuse_by_itself(struct fabric *fabric, const struct login_request *request)
{
    static const struct refusal
        bad_wwpn = { REASON_UNABLE, EXPLAIN_BAD_PORT_NAME, "bad WWPN" },
        bad_wwnn = { REASON_UNABLE, EXPLAIN_BAD_NODE_NAME, "bad WWNN" },
        refused = { REASON_UNABLE, EXPLAIN_NOTHING, "refused" },
        no_flogi = { REASON_UNABLE, EXPLAIN_LOGIN_REQUIRED, "no FLOGI" },
        no_npiv = { REASON_UNSUPPORTED, EXPLAIN_UNSUPPORTED, "no NPIV" },
        full = { REASON_UNABLE, EXPLAIN_NO_RESOURCES, "no resources" };
    struct login *physical = login_physical(fabric, request->port);

    if (request->wwpn == 0)
        return &bad_wwpn;
    if (request->wwnn == 0)
        return &bad_wwnn;
    if (is_refused(fabric, request->wwpn))
        return &refused;
    if (!request->is_virtual)
        return NULL;
    if (!fabric->npiv)
        return &no_npiv;
    if (!physical || memcmp(request->port->enode, request->enode, MAC_LEN))
        return &no_flogi;
    if (login_count(fabric, request->port) == LOGINS_PER_PORT &&
        !is_relogin(fabric, request))
        return &full;

    return NULL;
}

static void
displace(struct fabric *fabric, struct login *old)
{
    displaced_remember(fabric, old->port, old->wwpn);
    fip_clear_login(fabric, old);
    login_end(fabric, old, "displaced");
}

/* Settles a WWPN that is in use already: the old login is ended, or the new
 * one is to be refused. */
static const struct refusal *
settle_duplicate(struct fabric *fabric, const struct login_request *request,
                 struct login *old)
{
    static const struct refusal
        duplicate = { REASON_UNABLE, EXPLAIN_BAD_PORT_NAME, "duplicate" },
        displaced = { REASON_UNABLE, EXPLAIN_BAD_PORT_NAME, "displaced" };

    if (old->port == request->port && old->is_virtual) {
        login_end(fabric, old, "relogin");
        return NULL;
    }
    if (old->port == request->port || fabric->policy == POLICY_FIRST)
        return &duplicate;
    if (displaced_is_retry(fabric, request->port, request->wwpn))
        return &displaced;

    displace(fabric, old);
    return NULL;
}

static struct login *
add_login(struct fabric *fabric, const struct login_request *request)
{
    struct login *login = calloc(1, sizeof(*login));

    if (!login)
        abort();

    login->port = request->port;
    login->wwpn = request->wwpn;
    login->wwnn = request->wwnn;
    login->fcid = choose_fcid(fabric, request->port);
    login->is_virtual = request->is_virtual;
    login->frame_size = request->frame_size;
    login->since = log_now();
    login->next = fabric->logins;
    fabric->logins = login;

    if (!login->is_virtual)
        memcpy(request->port->enode, request->enode, MAC_LEN);

    return login;
}

static struct login *
refuse(struct fabric *fabric, const struct login_request *request,
       const struct refusal *why, struct refusal *refusal)
{
    log_reject(fabric->log, request->port, request->wwpn, request->wwnn,
               request->is_virtual ? "fdisc" : "flogi", why->why);
    *refusal = *why;
    return NULL;
}

struct login *
login_admit(struct fabric *fabric, const struct login_request *request,
            struct refusal *refusal)
{
    const struct refusal *why;
    struct login *login;
    struct login *old;

    /* An FLOGI starts the link anew, whatever becomes of it. */
    if (!request->is_virtual)
        login_end_port(fabric, request->port, "relogin");

    why = refuse_by_itself(fabric, request);
    if (why)
        return refuse(fabric, request, why, refusal);

    old = login_by_wwpn(fabric, request->wwpn);
    why = old ? settle_duplicate(fabric, request, old) : NULL;
    if (why)
        return refuse(fabric, request, why, refusal);

    displaced_forget(fabric, request->port, request->wwpn);
    login = add_login(fabric, request);
    log_login(fabric->log, login);
    return login;
}

void
login_clear(struct fabric *fabric)
{
    while (fabric->logins) {
        struct login *login = fabric->logins;

        fabric->logins = login->next;
        free(login);
    }
    displaced_clear(fabric);
    while (fabric->refused)
        login_refuse(fabric, fabric->refused->wwpn, false);
}
