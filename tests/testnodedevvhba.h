/*
 * testnodedevvhba.h: a node device driver in memory, for vHBAs
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with this library.  If not, see
 * <http://www.gnu.org/licenses/>.
 */

#pragma once

#include "internal.h"

/*
 * It has persistent vHBAs only, and writes down each call that changes one:
 *
 *   define vhba_W [primary of|secondary of W] [lent|borrowed for DOMAIN]
 *   start vhba_W    stop vhba_W    undefine vhba_W    autostart vhba_W
 *
 * It takes the place of another daemon: virGetConnectNodeDev opens a connection
 * to it, which bears the identity that it was opened with, and which is dead
 * when that daemon has been restarted.
 */

virConnectPtr testNodedevVHBAOpen(void);

void testNodedevVHBAClose(virConnectPtr conn);

void testNodedevVHBAAdd(const char *wwnn,
                        const char *wwpn,
                        const char *partner,
                        const char *mark,
                        bool active,
                        bool autostart);

void testNodedevVHBAFail(const char *call);

void testNodedevVHBADie(const char *call);

void testNodedevVHBAStartAt(const char *call);

void testNodedevVHBAServe(const char *user);

void testNodedevVHBARestart(void);

void testNodedevVHBANote(const char *what,
                         const char *name);

int testNodedevVHBACheckCalls(const char *expected);

int testNodedevVHBACheckOpen(unsigned int connections);

/* What its clients have asked of it, which each takes time */
typedef struct _testNodedevVHBACosts testNodedevVHBACosts;
struct _testNodedevVHBACosts {
    unsigned int connections;   /* opened */
    unsigned int lists;
    unsigned int requests;      /* of any kind, lists included */
};

testNodedevVHBACosts testNodedevVHBATakeCosts(void);

char *testNodedevVHBADump(void);
