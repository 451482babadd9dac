/* SPDX-License-Identifier: Apache-2.0 */
/* Two bench channels. */
#include "tests/support/bench_pair.h"

#include "core/engine_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct bench hub, node;

void pair_open(const char *options, int key)
{
    bench_open(&hub, "hub", options, key);
    bench_open(&node, "kitchen", options, key);
    bench_believe(&hub, node.engine->session);
    bench_believe(&node, hub.engine->session);
    int id = bench_record(&node, "#", false);
    assert(id > 0);
}

void pair_open_sealed(void)
{
    pair_open("", PAIR_KEY);
}

void pair_open_plain(void)
{
    pair_open("", 0);
}

void pair_close(void)
{
    bench_close(&hub);
    bench_close(&node);
}

uint64_t pair_count(const struct bench *bench, enum msock_counter counter)
{
    return msock_counter_get(bench->channel, counter);
}

void pair_publish(struct bench *bench, const char *topic, const char *json)
{
    int code = msock_publish(bench->channel, topic, json, NULL);
    assert(code == 0);
}

void pair_publish_large(struct bench *bench, size_t size)
{
    char *bytes = malloc(size);
    assert(bytes);
    memset(bytes, 'x', size);
    msock_publish_options options = {.raw = bytes, .raw_size = size};
    int code = msock_publish(bench->channel, "large", NULL, &options);
    free(bytes);
    assert(code == 0);
}

size_t pair_frame(uint8_t frame[static PAIR_FRAME_ROOM])
{
    pair_publish(&hub, "home/lights", "{\"on\":true}");
    size_t size = bench_take(&hub, frame, PAIR_FRAME_ROOM);
    assert(size > 0);
    return size;
}
