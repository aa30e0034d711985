/*
 * zone.c: which N_Ports see each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "zone.h"

#include <stdlib.h>
#include <string.h>

#include "fabric.h"
#include "fc.h"
#include "rscn.h"

static bool
has_member(const struct zone *zone, uint64_t wwpn)
{
    for (size_t i = 0; i < zone->nmembers; i++) {
        if (zone->members[i] == wwpn)
            return true;
    }

    return false;
}

static bool
has_both(const struct zone *zone, const struct login *one,
         const struct login *other)
{
    return has_member(zone, one->wwpn) && has_member(zone, other->wwpn);
}

static bool
is_target(const struct login *login)
{
    return login->fcp_features & FCP_TARGET;
}

bool
zone_sees(const struct fabric *fabric, const struct login *viewer,
          const struct login *other)
{
    if (viewer->fcid == other->fcid)
        return false;
    if (is_target(other))
        return true;
    if (is_target(viewer))
        return false;

    for (const struct zone *zone = fabric->zones; zone; zone = zone->next) {
        if (has_both(zone, viewer, other))
            return true;
    }

    return false;
}

bool
zone_joins(const struct fabric *fabric, const struct login *one,
           const struct login *other)
{
    return zone_sees(fabric, one, other) || zone_sees(fabric, other, one);
}

/* Tells the members of a zone about each other, as far as nothing but that
 * zone (which is not among the fabric's at the moment) joins them. */
static void
announce_members(struct fabric *fabric, const struct zone *zone)
{
    for (struct login *to = fabric->logins; to; to = to->next) {
        for (struct login *about = fabric->logins; about;
             about = about->next) {
            if (to != about && has_both(zone, to, about) &&
                !is_target(to) && !zone_sees(fabric, to, about))
                rscn_tell(fabric, to, about);
        }
    }
}

static struct zone **
find_zone(struct fabric *fabric, const char *name)
{
    struct zone **at = &fabric->zones;

    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;

    return at;
}

static void
free_zone(struct zone *zone)
{
    free(zone->name);
    free(zone->members);
    free(zone);
}

bool
zone_add(struct fabric *fabric, const char *name, const uint64_t *members,
         size_t nmembers)
{
    struct zone **at = find_zone(fabric, name);
    struct zone *zone;

    if (*at)
        return false;

    zone = calloc(1, sizeof(*zone));
    if (!zone)
        abort();
    zone->name = strdup(name);
    zone->members = calloc(nmembers, sizeof(*members));
    if (!zone->name || !zone->members)
        abort();
    memcpy(zone->members, members, nmembers * sizeof(*members));
    zone->nmembers = nmembers;

    announce_members(fabric, zone);
    *at = zone;
    return true;
}

bool
zone_del(struct fabric *fabric, const char *name)
{
    struct zone **at = find_zone(fabric, name);
    struct zone *zone = *at;

    if (!zone)
        return false;

    *at = zone->next;
    announce_members(fabric, zone);
    free_zone(zone);
    return true;
}

void
zone_clear(struct fabric *fabric)
{
    while (fabric->zones) {
        struct zone *zone = fabric->zones;

        fabric->zones = zone->next;
        free_zone(zone);
    }
}
