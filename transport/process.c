/* SPDX-License-Identifier: Apache-2.0 */
/* Time, and a count of forks. */
#include "transport/process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

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

uint64_t msock__process_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

unsigned msock__process_generation(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, watch_forks);
    return atomic_load(&generation);
}
