/*
 * rscn.h: telling N_Ports that something changed (FC-LS RSCN)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

struct fabric;
struct login;

/* Tells everybody who asked for it (SCR) and sees the N_Port that it came,
 * changed or went. */
void rscn_announce(struct fabric *fabric, const struct login *about);

/* Tells one N_Port, if it asked for it. */
void rscn_tell(struct fabric *fabric, const struct login *to,
               const struct login *about);
