/* SPDX-License-Identifier: Apache-2.0 */
/* A channel on a test bench. */
#include "tests/support/bench_channel.h"

#include "codec/hash.h"
#include "codec/seal.h"
#include "core/engine_state.h"
#include "core/options.h"
#include "tests/support/log_notes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_US = 10000000 }; /* of who said no hello yet */

static struct bench *of(const struct msock__driver *driver)
{
    return (struct bench *)driver;
}

static uint64_t bench_now(struct msock__driver *driver)
{
    return of(driver)->now_us + of(driver)->ahead_us;
}

static uint64_t bench_wall(struct msock__driver *driver)
{
    return of(driver)->wall_ms;
}

/* No two benches, and no two draws of one, are alike. */
static void bench_random(struct msock__driver *driver, void *bytes, size_t size)
{
    struct bench *bench = of(driver);
    uint8_t *out = bytes;
    if (!bench->dice) {
        msock__random(bytes, size);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)msock__dice_below(bench->dice, 256);
    }
}

static void bench_wake(struct msock__driver *driver)
{
    of(driver)->wakes++;
}

static void bench_notify(struct msock__driver *driver)
{
    of(driver)->notes++;
}

static void bench_forget(struct msock__driver *driver)
{
    of(driver)->forgets++;
}

static bool bench_forked(const struct msock__driver *driver)
{
    return of(driver)->forked;
}

static int bench_joined(const struct msock__driver *driver)
{
    (void)driver;
    return 1;
}

static void bench_end(struct msock__driver *driver, msock_closed *closed,
                      void *user)
{
    of(driver)->closed = true;
    if (closed) {
        closed(user);
    }
}

static const struct msock__driver_ops bench_ops = {
    .now = bench_now,
    .wall = bench_wall,
    .random = bench_random,
    .wake = bench_wake,
    .forget = bench_forget,
    .notify = bench_notify,
    .forked = bench_forked,
    .joined = bench_joined,
    .close = bench_end,
};

/* Makes the channel of a bench whose clock is set. */
static int make(struct bench *bench, const char *name, const char *options,
                struct msock__pipeline *pipeline)
{
    char url[512];
    snprintf(url, sizeof(url), "udp://239.255.77.83:7783%s%s",
             options[0] ? "?" : "", options);
    msock_options named = {.name = name};
    struct msock__config config;
    int code = msock__options_read(&config, url, &named);
    assert(code == 0);

    code = msock__channel_new(&bench->channel, &bench->driver, &config,
                              pipeline, 1472, log_notes_logger());
    if (code == 0) {
        bench->engine = msock__channel_engine(bench->channel);
    }
    return code;
}

int bench_open_with(struct bench *bench, const char *name, const char *options,
                    struct msock__pipeline *pipeline)
{
    *bench = (struct bench){.driver = {&bench_ops}, .now_us = 1000000};
    int code = make(bench, name, options, pipeline);
    if (code == 0) {
        bench_hush(bench);
    }
    return code;
}

/* The pipeline of a channel on the group that begins with `first`. */
static struct msock__pipeline pipeline_of(int key, uint8_t first)
{
    struct msock__pipeline pipeline = {0};
    if (key != 0) {
        uint8_t master[MSOCK__KEY_SIZE];
        uint8_t group[MSOCK__GROUP_SIZE] = {first};
        struct msock__keyring *ring;
        struct msock__stage stage;
        memset(master, key, sizeof(master));
        int code = msock__keyring_new(&ring);
        assert(code == 0);
        code = msock__keyring_add(ring, master);
        assert(code == 0);
        code = msock__seal_stage(&stage, ring, group, 7783, NULL);
        assert(code == 0);
        msock__pipeline_add(&pipeline, &stage);
    }
    return pipeline;
}

void bench_open(struct bench *bench, const char *name, const char *options,
                int key)
{
    struct msock__pipeline pipeline = pipeline_of(key, 1);
    int opened = bench_open_with(bench, name, options, &pipeline);
    assert(opened == 0);
}

void bench_open_life(struct bench *bench, const char *name, const char *options,
                     int key, const struct bench_life *life)
{
    struct msock__pipeline pipeline = pipeline_of(key, life->group);
    *bench = (struct bench){.driver = {&bench_ops},
                            .now_us = life->now_us,
                            .dice = life->dice,
                            .control = true};
    int opened = make(bench, name, options, &pipeline);
    assert(opened == 0);
}

void bench_hush(struct bench *bench)
{
    bench->engine->announce.hello_us = UINT64_MAX;
    bench->engine->announce.full_us = UINT64_MAX;
    bench->engine->ask_us = UINT64_MAX;
    msock__ask_fini(&bench->engine->ask);
    bench->engine->check_us = UINT64_MAX;
}

void bench_believe(struct bench *bench, const uint8_t session[static 16])
{
    struct msock__engine *engine = bench->engine;
    if (!engine->admission || msock__sessions_find(engine->sessions, session)) {
        return;
    }
    engine->forget_us = bench->now_us;
    /* Its first message binds its name, and its first frame sets its clock, as
     * if it took no time at all. */
    struct msock__session *known =
        msock__sessions_add(engine->sessions, session);
    assert(known);
    msock__stats_add(&engine->stats, MSOCK_SESSIONS, 1);
    known->reliable_floor = 1;
    known->every_us = EVERY_US;
    msock__sessions_touch(engine->sessions, known, bench->now_us);
    msock__age_set(&known->age, bench->now_us, 0);
    msock__engine_session_up(engine, bench->now_us, known);
    known->age = (struct msock__age){0};
    bench_hush(bench);
}

void bench_close(struct bench *bench)
{
    msock__channel_free(bench->channel);
    bench->channel = NULL;
}

static int record(msock_channel *channel, const msock_message *message,
                  void *user)
{
    struct bench *bench = user;
    (void)channel;
    if (bench->heard_count < BENCH_HEARD_MAX) {
        struct bench_heard *heard = &bench->heard[bench->heard_count];
        snprintf(heard->topic, sizeof(heard->topic), "%s", message->topic);
        snprintf(heard->sender, sizeof(heard->sender), "%s", message->sender);
        snprintf(heard->data, sizeof(heard->data), "%s", message->data);
        heard->data_size = message->data_size;
        heard->flags = message->flags;
    }
    bench->heard_count++;
    return 0;
}

int bench_record(struct bench *bench, const char *filter, bool no_local)
{
    msock_subscribe_options options = {.no_local = no_local};
    int id = msock_subscribe(bench->channel, filter, record, bench, &options);
    if (!bench->control) {
        msock__ask_fini(&bench->engine->ask);
    }
    return id;
}

void bench_feed(struct bench *bench, const void *bytes, size_t size,
                const char *from, bool own)
{
    /* Exactly the promised room, so that a sanitizer sees a byte too many; by
     * an allocator that tests do not let fail. */
    void *room;
    int code = posix_memalign(&room, sizeof(void *), size + 1);
    assert(code == 0);
    uint8_t *copy = room;
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    struct msock__datagram datagram = {.bytes = copy,
                                       .size = size,
                                       .from = from,
                                       .waited_us = bench->waited_us,
                                       .own = own};
    msock__engine_input(bench->engine, bench->now_us, &datagram);
    free(copy);
}

static bool is_control(const struct msock__outgoing *outgoing)
{
    struct msock__frame frame;
    return msock__frame_decode(outgoing->bytes, outgoing->size, &frame) == 0 &&
           frame.stream == MSOCK__CONTROL;
}

/* Shows the next frame that is to move. */
static bool next_frame(struct bench *bench, struct msock__outgoing *frame)
{
    while (msock__engine_output(bench->engine, bench->now_us, frame, 1) > 0) {
        bool raw = bench->engine->config.raw;
        if (raw || bench->control || !is_control(frame)) {
            return true;
        }
        bench->control_count++;
        msock__engine_sent(bench->engine, 1);
    }
    return false;
}

size_t bench_take(struct bench *bench, uint8_t *bytes, size_t capacity)
{
    struct msock__outgoing frame;
    if (!next_frame(bench, &frame)) {
        return 0;
    }
    assert(frame.size <= capacity);
    memcpy(bytes, frame.bytes, frame.size);
    msock__engine_sent(bench->engine, 1);
    return frame.size;
}

static size_t move_now(struct bench *from, struct bench *to)
{
    struct msock__outgoing frame;
    size_t moved = 0;
    while (next_frame(from, &frame)) {
        if (to) {
            bench_feed(to, frame.bytes, frame.size, "10.0.0.9:9", false);
        }
        msock__engine_sent(from->engine, 1);
        moved++;
    }
    return moved;
}

bool bench_idle(const struct bench *bench)
{
    return bench->forked ||
           msock__engine_deadline(bench->engine) > bench->now_us;
}

/* A turn of the loop.  Returns how many frames it moved. */
static size_t turn(struct bench *from, struct bench *to)
{
    size_t left_out = from->control_count;
    uint64_t delivered = msock_counter_get(from->channel, MSOCK_DELIVERED);
    msock__engine_tick(from->engine, from->now_us);
    size_t moved = move_now(from, to);
    /* One that did nothing must not ask for another at once. */
    assert(moved > 0 || left_out != from->control_count || bench_idle(from) ||
           delivered != msock_counter_get(from->channel, MSOCK_DELIVERED));
    return moved;
}

size_t bench_move(struct bench *from, struct bench *to, uint64_t patience_us)
{
    uint64_t until = from->now_us + patience_us;
    size_t moved = 0;
    for (;;) {
        moved += turn(from, to);
        uint64_t due = msock__engine_deadline(from->engine);
        if (due > until) {
            break;
        }
        from->now_us = due > from->now_us ? due : from->now_us;
        if (to && to->now_us < from->now_us) {
            to->now_us = from->now_us;
        }
    }
    return moved;
}

uint64_t bench_drops(const struct bench *bench)
{
    uint64_t sum = 0;
    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        sum += msock_counter_get(bench->channel, (enum msock_counter)i);
    }
    return sum;
}
