/*
 * zone.h: which N_Ports see each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Without any zone, initiators and targets see each other and initiators do
 * not see initiators. A zone adds to that: its members see each other
 * whatever they are.
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

/* Whether two different N_Ports may know of and talk to each other. */
bool zone_sees(const struct fabric *fabric, const struct login *one,
               const struct login *other);

/* Both tell the N_Ports for which something changes (RSCN). They return false
 * if a zone of that name is there already, or is not there. */
bool zone_add(struct fabric *fabric, const char *name,
              const uint64_t *members, size_t nmembers);
bool zone_del(struct fabric *fabric, const char *name);

/* Frees all zones without a word to anybody. */
void zone_clear(struct fabric *fabric);
