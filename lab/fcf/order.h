/*
 * order.h: the commands that change something
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

struct call;

/* Settings; policy and npiv without an argument only show. */
void order_policy(struct call *call);
void order_npiv(struct call *call);
void order_link(struct call *call);
void order_zone(struct call *call);

/* Faults. */
void order_reject(struct call *call);
void order_logout(struct call *call);
void order_drop(struct call *call);
void order_delay(struct call *call);
