/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring. */
#include "bench/peers/measure.h"

#include "bench/peers/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { CLOCK_SHARE = 16 }; /* reading the clock would cost as much as they */

uint64_t measure_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static uint64_t to_us(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * 1000000U + (uint64_t)time->tv_usec;
}

uint64_t measure_cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return to_us(&usage.ru_utime) + to_us(&usage.ru_stime);
}

int measure_init(struct measure *measure, bool timed)
{
    *measure = (struct measure){.timed = timed};
    if (timed) {
        measure->times = malloc(MEASURE_TIMES_MAX * sizeof *measure->times);
    }
    return timed && measure->times == NULL ? -1 : 0;
}

void measure_fini(struct measure *measure)
{
    free(measure->times);
}

static void note_order(struct measure *measure, uint64_t number)
{
    if (number < measure->next) {
        measure->disorder++;
        return;
    }
    measure->skipped += number - measure->next;
    measure->next = number + 1;
}

static void note_time(struct measure *measure, const char *text)
{
    uint64_t now_ns = measure_now_ns();

    if (measure->count == 0) {
        measure->first_ns = now_ns;
    }
    measure->last_ns = now_ns;
    if (measure->timed && measure->time_count < MEASURE_TIMES_MAX) {
        uint64_t took_ns = now_ns - message_sent_ns(text);
        measure->times[measure->time_count++] =
            (uint32_t)(took_ns & MESSAGE_STAMP_MASK);
    }
}

void measure_add(struct measure *measure, const char *text, size_t size)
{
    uint64_t number;

    if (!message_read(text, size, &number)) {
        measure->bad++;
        return;
    }
    note_order(measure, number);
    if (measure->timed || measure->count % CLOCK_SHARE == 0) {
        note_time(measure, text);
    }
    measure->count++;
}

void measure_restart(struct measure *measure)
{
    measure->time_count = 0;
}

static int ascending(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left;
    const uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static double quantile_us(const struct measure *measure, unsigned per_mille)
{
    size_t last = measure->time_count - 1;

    return (double)measure->times[last * per_mille / 1000] / 1e3;
}

void measure_print_times(struct measure *measure)
{
    if (measure->time_count == 0) {
        return;
    }
    qsort(measure->times, measure->time_count, sizeof *measure->times,
          ascending);
    printf(" p50_us=%.2f p99_us=%.2f p999_us=%.2f", quantile_us(measure, 500),
           quantile_us(measure, 990), quantile_us(measure, 999));
}
