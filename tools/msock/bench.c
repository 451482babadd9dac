/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of msock bench share. */
#include "tools/msock/bench.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t bench_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t bench_day_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

/* FNV-1a, so that the id itself stays here. */
static uint64_t hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

uint64_t bench_host(void)
{
    char id[64];
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    bool known = file && fgets(id, sizeof(id), file);

    if (file) {
        fclose(file);
    }
    return known ? hash(id) : 0;
}

uint64_t bench_total(const struct bench *bench)
{
    if (bench->count > 0) {
        return bench->count;
    }
    return bench->full_speed
               ? UINT64_C(1) << 53
               : (uint64_t)((double)bench->rate * bench->duration_s + 0.999);
}

int bench_publish(const struct bench *bench, const char *topic,
                  const struct bench_message *message, uint8_t *room)
{
    bool frames = message->kind == BENCH_BEGIN || message->kind == BENCH_END;
    msock_publish_options options = {.struct_size = sizeof(options),
                                     .raw = room,
                                     .raw_size = frames ? BENCH_MESSAGE_SIZE
                                                        : bench->size,
                                     .reliable = frames || bench->reliable};

    bench_message_write(message, room);
    int code = msock_publish(bench->channel, topic, NULL, &options);
    if (code < 0 && code != MSOCK_EAGAIN) {
        cli_error_code(code);
    }
    return code;
}
