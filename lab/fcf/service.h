/*
 * service.h: the fabric's own addresses: F_Port, fabric controller, name
 * server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "fcoe.h"

/* Answers a frame that a logged-in N_Port sent to a well-known address. The
 * login may be gone afterwards: it may have been a LOGO. */
void service_receive(struct fabric *fabric, struct login *from,
                     const struct fc_header *header, struct reader payload);
