/* SPDX-License-Identifier: Apache-2.0 */
/* From msock_publish() to frames, and from frames to the callback, without a
 * loop and without a network. */
#include "bench/micro/micro.h"
#include "core/engine_state.h"
#include "tests/support/bench_channel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGES = 768, /* of a round: all that fit FRAMES frames */
    FRAMES_MAX = 128,
    FRAME_MAX = 1472,
    KEY = 7,
    ROUND_US = 10000
};

static struct bench publisher, listener;
static size_t heard;

static uint8_t frames[FRAMES_MAX][FRAME_MAX + 1];
static size_t sizes[FRAMES_MAX];
static size_t frame_count;

static void open_publisher(int key)
{
    bench_open(&publisher, "bench", "pace=1073741824", key);
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    heard++;
    return 0;
}

static void open_listener(int key)
{
    open_publisher(key);
    bench_open(&listener, "listener", "", key);
    bench_believe(&listener, publisher.engine->session);
    int id = msock_subscribe(listener.channel, "home/+/lights", on_message,
                             NULL, NULL);
    assert(id > 0);
    bench_hush(&listener);
}

static void publish_some(void)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        int code = msock_publish(publisher.channel, "home/kitchen/lights",
                                 micro_data, NULL);
        assert(code == 0);
    }
}

static void pass_time(void)
{
    publisher.now_us += ROUND_US;
    listener.now_us += ROUND_US;
}

static void publish(void)
{
    struct msock__outgoing shown[8];
    size_t count;

    publish_some();
    while ((count = msock__engine_output(publisher.engine, publisher.now_us,
                                         shown, 8)) > 0) {
        msock__engine_sent(publisher.engine, count);
    }
    assert(msock_queued(publisher.channel) == 0);
}

static void make_frames(void)
{
    pass_time();
    publish_some();
    frame_count = 0;
    while ((sizes[frame_count] =
                bench_take(&publisher, frames[frame_count], FRAME_MAX)) > 0) {
        frame_count++;
        assert(frame_count < FRAMES_MAX);
    }
    heard = 0;
}

static void hear(void)
{
    for (size_t i = 0; i < frame_count; i++) {
        const struct msock__datagram datagram = {.bytes = frames[i],
                                                 .size = sizes[i]};
        msock__engine_input(listener.engine, listener.now_us, &datagram);
    }
    assert(heard == MESSAGES);
}

static void open_publish(void)
{
    open_publisher(0);
}

static void open_publish_sealed(void)
{
    open_publisher(KEY);
}

static void open_hear(void)
{
    open_listener(0);
}

static void open_hear_sealed(void)
{
    open_listener(KEY);
}

const struct part micro_paths[] = {
    {"publish", MESSAGES, open_publish, pass_time, publish},
    {"publish-sealed", MESSAGES, open_publish_sealed, pass_time, publish},
    {"hear", MESSAGES, open_hear, make_frames, hear},
    {"hear-sealed", MESSAGES, open_hear_sealed, make_frames, hear},
};

const size_t micro_paths_count = sizeof micro_paths / sizeof micro_paths[0];
