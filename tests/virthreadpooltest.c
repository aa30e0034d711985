/*
 * virthreadpooltest.c: test thread pools
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

#include <config.h>

#include "testutils.h"

#include "virthread.h"
#include "virthreadpool.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define JOBS 32
#define TIMEOUT_MS (10 * 1000)

static virMutex lock = VIR_MUTEX_INITIALIZER;
static virCond cond;
static size_t running;
static bool together;


/* Lasts until all jobs run at a time. */
static void
testJob(void *jobdata G_GNUC_UNUSED,
        void *opaque)
{
    unsigned long long *deadline = opaque;
    VIR_LOCK_GUARD guard = virLockGuardLock(&lock);

    if (++running == JOBS) {
        together = true;
        virCondBroadcast(&cond);
    }

    while (!together) {
        if (virCondWaitUntil(&cond, &lock, *deadline) < 0)
            break;
    }

    running--;
}


/* As long as there may be more workers, no job waits for another one to end:
 * also of jobs that are sent faster than a worker can take the first. */
static int
testBurst(const void *opaque G_GNUC_UNUSED)
{
    unsigned long long deadline = 0;
    virThreadPool *pool;
    size_t i;

    if (virTimeMillisNow(&deadline) < 0)
        return -1;
    deadline += TIMEOUT_MS;

    if (!(pool = virThreadPoolNewFull(0, JOBS, 0, testJob, "test", NULL, &deadline)))
        return -1;

    for (i = 0; i < JOBS; i++) {
        if (virThreadPoolSendJob(pool, 0, NULL) < 0)
            break;
    }

    VIR_WITH_MUTEX_LOCK_GUARD(&lock) {
        while (!together) {
            if (virCondWaitUntil(&cond, &lock, deadline) < 0)
                break;
        }
    }

    virThreadPoolFree(pool);
    return together ? 0 : -1;
}


static int
mymain(void)
{
    int ret = 0;

    if (virCondInit(&cond) < 0)
        return EXIT_FAILURE;

    if (virTestRun("a burst of jobs has a worker each", testBurst, NULL) < 0)
        ret = -1;

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
