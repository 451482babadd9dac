/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's life: making, ticking, counting, closing. */
#include "core/engine.h"

#include "codec/error.h"
#include "codec/hash.h"
#include "core/engine_state.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A bound of the configuration: 1 GiB at most, which is a size_t everywhere. */
static size_t bound(uint64_t value)
{
    assert(value <= SIZE_MAX);
    return (size_t)value;
}

static int make_tables(struct msock__engine *engine)
{
    const struct msock__config *config = &engine->config;
    uint8_t key[MSOCK__HASH_KEY_SIZE];
    engine->driver->ops->random(engine->driver, key, sizeof(key));
    if (msock__dispatch_new(&engine->dispatch, key) < 0 ||
        msock__timers_new(&engine->timers) < 0 ||
        msock__sessions_new(&engine->sessions, bound(config->sessions_max),
                            key) < 0) {
        return MSOCK_ENOMEM;
    }
    struct msock__fragments_limits limits = {
        .assemblies_max = bound(config->assemblies_max),
        .bytes_max = bound(config->reassembly_max),
        .message_max = bound(config->message_max),
    };
    return msock__fragments_new(&engine->fragments, &limits);
}

int msock__channel_new(msock_channel **channel, struct msock__driver *driver,
                       const struct msock__config *config,
                       struct msock__pipeline *pipeline, size_t frame_size,
                       msock_logger *logger)
{
    assert(driver && config->name[0] != '\0');
    int code = msock__crypto_init();
    if (code < 0) {
        return code;
    }
    msock_channel *made = calloc(1, sizeof(*made));
    if (!made) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a channel");
    }

    struct msock__engine *engine = &made->engine;
    engine->channel = made;
    engine->driver = driver;
    engine->config = *config;
    engine->log.logger = logger;
    engine->began_us = driver->ops->now(driver);
    driver->ops->random(driver, engine->session, sizeof(engine->session));
    msock__outbox_init(&engine->outbox, bound(config->queue_max), config->raw);
    msock__post_init(&engine->post, bound(config->post_max));
    code = make_tables(engine);
    if (code < 0) {
        msock__channel_free(made);
        return msock__fail(code, "no memory for a channel's tables");
    }
    engine->pipeline = *pipeline;
    *pipeline = (struct msock__pipeline){0};
    msock__engine_frame_size(engine, frame_size);
    msock__pace_init(&engine->pace,
                     config->pace > 0 ? config->pace : MSOCK__PACE_FAR,
                     frame_size);
    *channel = made;
    return 0;
}

void msock__channel_free(msock_channel *channel)
{
    if (!channel) {
        return;
    }
    struct msock__engine *engine = &channel->engine;
    msock__engine_tx_fini(engine);
    msock__fragments_free(engine->fragments);
    msock__sessions_free(engine->sessions);
    msock__timers_free(engine->timers);
    msock__dispatch_free(engine->dispatch);
    msock__pipeline_fini(&engine->pipeline);
    free(channel);
}

struct msock__engine *msock__channel_engine(msock_channel *channel)
{
    return &channel->engine;
}

void msock__engine_tick(struct msock__engine *engine, uint64_t now_us)
{
    msock__timers_run(engine->timers, now_us, engine->channel);
    size_t lost = msock__fragments_expire(engine->fragments, now_us);
    if (lost > 0) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_PIECE_LATE, lost);
    }
    msock__engine_publish_posted(engine, now_us);
    msock__engine_deliver_local(engine);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t msock__engine_deadline(const struct msock__engine *engine)
{
    if (engine->local_first) {
        return 0;
    }
    uint64_t due = msock__engine_tx_deadline(engine);
    due = earlier(due, msock__engine_post_deadline(engine));
    due = earlier(due, msock__timers_deadline(engine->timers));
    return earlier(due, msock__fragments_deadline(engine->fragments));
}

void msock__engine_drop(struct msock__engine *engine, uint64_t now_us,
                        enum msock_counter counter, uint64_t count)
{
    assert(counter >= MSOCK_TX_ERRORS);
    msock__stats_add(&engine->stats, counter, count);
    /* That one hears oneself is how multicast works, and no event. */
    if (counter != MSOCK_DROP_OWN) {
        msock__log_drop(&engine->log, now_us, counter,
                        msock__stats_get(&engine->stats, counter));
    }
}

void msock__engine_count(struct msock__engine *engine, uint64_t now_us,
                         enum msock_counter counter, uint64_t count)
{
    msock__engine_drop(engine, now_us, counter, count);
}

void msock__engine_close(struct msock__engine *engine)
{
    engine->closing = true;
    msock__dispatch_clear(engine->dispatch);
    msock__timers_clear(engine->timers);
    msock__post_close(&engine->post);
}
