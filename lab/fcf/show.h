/*
 * show.h: the commands that show something
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

struct call;

void show_ports(struct call *call);
void show_logins(struct call *call);
void show_zones(struct call *call);
void show_stats(struct call *call);
