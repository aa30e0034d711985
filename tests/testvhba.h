/*
 * testvhba.h: vHBAs for tests
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

#include "datatypes.h"

/* the hosts of qemuvhbadata/hosts.sysfs, see testsysfstree.h */
#define WWNN "2001001b32a9da4e"
#define HBA "200052540000a001"
#define PRIMARY "2101001b32a90002" /* LUN 4 is /dev/sda */
#define SECONDARY "2101001b32a90004" /* the same one is /dev/sdb */
#define TWO_LUNS "2101001b32a90006" /* 0 is /dev/sdc, 4 is /dev/sdd */
#define ONE_LUN "2101001b32a90008" /* 0 is /dev/sde */
#define NO_LUN "2101001b32a9000a"

/* and these have none */
#define NO_HOST "2101001b32a90010"
#define LENT "2101001b32a9000e"

/* A vHBA as the node device driver knows it; its WWNN is WWNN */
typedef struct _testVHBA testVHBA;
struct _testVHBA {
    const char *wwpn;
    const char *partner; /* a child of its <capability type='fc_host'> */
    const char *mark; /* likewise */
    const char *name; /* if it is a transient one */
    bool inactive;
    bool broken; /* cannot be started */
    bool contested; /* is destroyed as soon as it has been claimed */
};

extern virNodeDeviceDriver testVHBADriver;

char *testVHBAShowHosts(void);

void testVHBASet(testVHBA *vhbas);

void testVHBAMeanwhile(void (*what)(void *opaque),
                       void *opaque);
