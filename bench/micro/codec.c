/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as bytes, sealed frames, subscriptions and windows by themselves. */
#include "bench/micro/micro.h"
#include "codec/envelope.h"
#include "codec/head.h"
#include "codec/json.h"
#include "codec/seal.h"
#include "core/dispatch.h"
#include "core/window.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPERATIONS = 1000,
    FRAMES = 64,
    FRAME_SIZE = 1400,
    LINE_MAX = 256,
    FILTERS = 1000
};

/* -- Messages -- */

static char lines[OPERATIONS][LINE_MAX];
static size_t line_size;
static struct msock__envelope envelope;
static struct msock__head head;
static struct msock__json_slice data;

static void open_message(void)
{
    static const char topic[] = "home/kitchen/lights";
    size_t offset = 0, rest = 0;
    int code = msock__json_scan(micro_data, strlen(micro_data),
                                MSOCK__JSON_DEPTH_MAX - 1, &offset, &data);

    assert(code == 0);
    envelope = (struct msock__envelope){
        .keys = MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER | MSOCK__KEY_DATA,
        .topic = topic,
        .topic_size = sizeof topic - 1,
        .sender = "bench",
        .sender_size = 5,
        .data = data.text,
        .data_size = data.size,
    };
    msock__head_learn(&head, topic, sizeof topic - 1, "bench", 5);
    line_size = msock__envelope_encode(&envelope, lines[0], &rest);
}

static void write_lines(void)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        (void)msock__head_encode(&head, &data, lines[i]);
    }
}

static void scan(void)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        struct msock__json_slice value;
        size_t offset = 0;
        int code = msock__json_scan(micro_data, data.size,
                                    MSOCK__JSON_DEPTH_MAX - 1, &offset, &value);
        assert(code == 0 && value.compact);
    }
}

static void decode(void)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        struct msock__envelope got;
        size_t used;
        int drop = msock__envelope_decode(lines[i], line_size, false, 0, 2048,
                                          &got, &used);
        assert(drop == 0 && used == line_size);
    }
}

static void decode_again(void)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        struct msock__envelope got;
        size_t used = msock__head_decode(&head, lines[i], line_size, &got);
        assert(used == line_size);
    }
}

static void encode(void)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        size_t rest;
        size_t size = msock__envelope_encode(&envelope, lines[i], &rest);
        assert(size == line_size);
    }
}

static void encode_again(void)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        size_t size = msock__head_encode(&head, &data, lines[i]);
        assert(size == line_size);
    }
}

/* -- Frames -- */

static struct msock__pipeline pipeline;
static uint8_t frames[FRAMES][FRAME_SIZE];
static struct msock__packet packets[FRAMES];
static uint64_t counter;

static void open_frames(void)
{
    static const uint8_t master[MSOCK__KEY_SIZE] = {7};
    static const uint8_t group[MSOCK__GROUP_SIZE] = {1};
    struct msock__keyring *ring;
    struct msock__stage stage;
    int code = msock__keyring_new(&ring);

    assert(code == 0);
    code = msock__keyring_add(ring, master);
    assert(code == 0);
    code = msock__seal_stage(&stage, ring, group, 7786, NULL);
    assert(code == 0);
    msock__pipeline_add(&pipeline, &stage);
}

static void fill_frames(void)
{
    for (size_t i = 0; i < FRAMES; i++) {
        memset(frames[i], 'x', FRAME_SIZE);
        packets[i] = (struct msock__packet){
            .frame = {.counter = ++counter, .session = {1}},
            .bytes = frames[i],
            .size = FRAME_SIZE - MSOCK__TAG_SIZE,
            .capacity = FRAME_SIZE,
        };
    }
}

static void seal(void)
{
    for (size_t i = 0; i < FRAMES; i++) {
        msock__pipeline_encode(&pipeline, &packets[i]);
    }
}

static void seal_frames(void)
{
    fill_frames();
    seal();
}

static void unseal(void)
{
    for (size_t i = 0; i < FRAMES; i++) {
        int drop = msock__pipeline_decode(&pipeline, &packets[i]);
        assert(drop == 0);
    }
}

/* -- Subscriptions -- */

static struct msock__dispatch *dispatch;
static int ids[FILTERS];
static size_t called;

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    called++;
    return 0;
}

static void subscribe_all(void)
{
    for (size_t i = 0; i < FILTERS; i++) {
        char filter[64];
        snprintf(filter, sizeof filter,
                 i % 2 == 0 ? "home/+/lamp%zu" : "home/room%zu/#", i);
        ids[i] = msock__dispatch_add(dispatch, filter, on_message, NULL, 0);
        assert(ids[i] > 0);
    }
}

static void open_dispatch(void)
{
    static const uint8_t key[16] = {1};
    int code = msock__dispatch_new(&dispatch, key);

    assert(code == 0);
}

static void open_filters(void)
{
    open_dispatch();
    subscribe_all();
}

/* Each reaches two callbacks. */
static void run_topics(size_t topics)
{
    static const char *const some[] = {"home/room1/lamp2", "home/room3/lamp4",
                                       "home/room5/lamp6", "home/room7/lamp8"};
    msock_message message = {.sender = "bench", .sender_size = 5};

    for (size_t i = 0; i < OPERATIONS; i++) {
        message.topic = some[i % topics];
        message.topic_size = strlen(message.topic);
        struct msock__dispatch_result result =
            msock__dispatch_run(dispatch, NULL, &message, UINT64_MAX);
        assert(result.called == 2);
    }
}

static void dispatch_each(void)
{
    run_topics(4);
}

static void dispatch_again(void)
{
    run_topics(1);
}

static void subscribe_and_end(void)
{
    subscribe_all();
    for (size_t i = 0; i < FILTERS; i++) {
        int code = msock__dispatch_remove(dispatch, ids[i]);
        assert(code == 0);
    }
}

/* -- Windows -- */

static struct msock__window window;

static void open_window(void)
{
    msock__window_init(&window, 1);
}

static void mark(void)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        int drop = msock__window_check(&window, ++counter);
        assert(drop == 0);
        msock__window_mark(&window, counter);
    }
}

const struct part micro_codec[] = {
    {"scan", OPERATIONS, open_message, NULL, scan},
    {"decode", OPERATIONS, open_message, write_lines, decode},
    {"decode-again", OPERATIONS, open_message, write_lines, decode_again},
    {"encode", OPERATIONS, open_message, NULL, encode},
    {"encode-again", OPERATIONS, open_message, NULL, encode_again},
    {"seal", FRAMES, open_frames, fill_frames, seal},
    {"open", FRAMES, open_frames, seal_frames, unseal},
    {"dispatch", OPERATIONS, open_filters, NULL, dispatch_each},
    {"dispatch-again", OPERATIONS, open_filters, NULL, dispatch_again},
    {"subscribe", FILTERS, open_dispatch, NULL, subscribe_and_end},
    {"window", OPERATIONS, open_window, NULL, mark},
};

const size_t micro_codec_count = sizeof micro_codec / sizeof micro_codec[0];
