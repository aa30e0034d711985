/*
 * displaced.c: those who lost a WWPN to a later login
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "displaced.h"

#include <stdlib.h>

static struct displaced **
find(struct fabric *fabric, const struct port *port, uint64_t wwpn)
{
    struct displaced **at = &fabric->displaced;

    while (*at && ((*at)->port != port || (*at)->wwpn != wwpn))
        at = &(*at)->next;

    return at;
}

void
displaced_forget(struct fabric *fabric, const struct port *port,
                 uint64_t wwpn)
{
    struct displaced **at = find(fabric, port, wwpn);
    struct displaced *displaced = *at;

    if (displaced) {
        *at = displaced->next;
        free(displaced);
    }
}

void
displaced_remember(struct fabric *fabric, struct port *port, uint64_t wwpn)
{
    struct displaced *displaced;

    displaced_forget(fabric, port, wwpn);

    displaced = malloc(sizeof(*displaced));
    if (!displaced)
        abort();

    displaced->port = port;
    displaced->wwpn = wwpn;
    displaced->asked_ms = fabric->now_ms;
    displaced->next = fabric->displaced;
    fabric->displaced = displaced;
}

bool
displaced_is_retry(struct fabric *fabric, const struct port *port,
                   uint64_t wwpn)
{
    struct displaced *lost = *find(fabric, port, wwpn);
    int64_t quiet;

    if (!lost)
        return false;

    quiet = fabric->now_ms - lost->asked_ms;
    lost->asked_ms = fabric->now_ms;
    return quiet < DISPLACED_QUIET_MS;
}

void
displaced_clear(struct fabric *fabric)
{
    while (fabric->displaced)
        displaced_forget(fabric, fabric->displaced->port,
                         fabric->displaced->wwpn);
}
