/*
 * nameserver.h: the directory of N_Ports (FC-GS)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "fcoe.h"

/* Answers one request to the name server. Everybody sees there what the
 * zoning lets them see, and registers nobody but themselves. */
void nameserver_request(struct fabric *fabric, struct login *from,
                        const struct fc_header *header,
                        struct reader payload);
