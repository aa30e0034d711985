/*
 * displaced.h: those who lost a WWPN to a later login
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the last login wins (POLICY_LAST), a port that lost a WWPN tries again
 * by itself every few seconds, for ever. Were that a later login too, the two
 * would throw each other out without end. So a loser's retries are told from
 * a new decision: one that was quiet for a while and asks then has decided
 * anew.
 */

#pragma once

#include "fabric.h"

enum { DISPLACED_QUIET_MS = 5000 };

/* The port has just lost the WWPN; it is no loser any more. */
void displaced_remember(struct fabric *fabric, struct port *port,
                        uint64_t wwpn);
void displaced_forget(struct fabric *fabric, const struct port *port,
                      uint64_t wwpn);

/* Whether a login by that port is the retry of a loser. Asking counts as one:
 * it begins the time of quiet anew. */
bool displaced_is_retry(struct fabric *fabric, const struct port *port,
                        uint64_t wwpn);

/* Frees everything. */
void displaced_clear(struct fabric *fabric);
