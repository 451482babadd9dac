/* SPDX-License-Identifier: Apache-2.0 */
/* Time, random bytes, and a count of forks. */
#include "transport/process.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <uv.h>

static atomic_uint generation;

static void on_fork(void)
{
    atomic_fetch_add(&generation, 1);
}

static void watch_forks(void)
{
    /* It fails for want of a few bytes only. */
    (void)pthread_atfork(NULL, NULL, on_fork);
}

void msock__process_random(void *bytes, size_t size)
{
    int rc = uv_random(NULL, NULL, bytes, size, 0, NULL);

    /* A session that can be guessed must not be used: better no process. */
    assert(rc == 0);
    (void)rc;
}

uint64_t msock__process_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t msock__process_wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

unsigned msock__process_generation(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, watch_forks);
    return atomic_load(&generation);
}
