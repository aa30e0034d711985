/*
 * zone.h: which N_Ports see each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Everybody sees the targets. Initiators see each other if they are members
 * of one zone.
 *
 * Targets see no initiators, in a zone or not: they wait to be called. Linux's
 * target needs this. When it is told that an initiator has gone whose write is
 * half done, it waits for the other half for ever and serves nobody meanwhile.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fabric;
struct login;

struct zone {
    struct zone *next;
    char *name;
    uint64_t *members;          /* WWPNs */
    size_t nmembers;
};

/* Whether an N_Port is to know of another: from the name server, and when
 * that one comes and goes. Nobody sees itself. */
bool zone_sees(const struct fabric *fabric, const struct login *viewer,
               const struct login *other);

/* Whether frames may go between two N_Ports: one of them sees the other. */
bool zone_joins(const struct fabric *fabric, const struct login *one,
                const struct login *other);

/* Both tell the N_Ports for which something changes (RSCN). They return false
 * if a zone of that name is there already, or is not there. */
bool zone_add(struct fabric *fabric, const char *name,
              const uint64_t *members, size_t nmembers);
bool zone_del(struct fabric *fabric, const char *name);

/* Frees all zones without a word to anybody. */
void zone_clear(struct fabric *fabric);
