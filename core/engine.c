/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's life: making, ticking, counting, closing. */
#include "core/engine.h"

#include "codec/error.h"
#include "codec/hash.h"
#include "core/engine_confirm.h"
#include "core/engine_flow.h"
#include "core/engine_identity.h"
#include "core/engine_request.h"
#include "core/engine_stream.h"
#include "core/engine_tell.h"
#include "core/engine_values.h"
#include "core/engine_will.h"
#include "core/number.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLOSE_IDLE_US = 4000000, /* nothing left for so long: it never will */
    CLOSE_MAX_US = 30000000  /* nobody waits longer for a channel to close */
};

/* A bound of the configuration: 1 GiB at most, which is a size_t everywhere. */
static size_t bound(uint64_t value)
{
    assert(value <= SIZE_MAX);
    return (size_t)value;
}

/* What a sealed channel needs to know whom to believe. */
static int make_admission(struct msock__engine *engine,
                          const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE])
{
    const struct msock__config *config = &engine->config;
    const struct msock__admission_limits limits = {
        .pending_max = bound(config->pending_max),
        .frames_max = MSOCK__HELD_FRAMES_MAX,
        .bytes_max = bound(config->held_max),
        .all_max = bound(config->held_all_max),
    };
    uint8_t secret[MSOCK__ADMISSION_SECRET_SIZE];
    if (msock__admission_new(&engine->admission, &limits, hash_key) < 0 ||
        msock__answers_new(&engine->answers) < 0 ||
        msock__sendtimes_new(&engine->times[MSOCK__BEST_EFFORT]) < 0 ||
        msock__sendtimes_new(&engine->times[MSOCK__RELIABLE]) < 0) {
        return MSOCK_ENOMEM;
    }
    engine->driver->ops->random(engine->driver, secret, sizeof(secret));
    msock__admission_start(engine->admission, engine->opened_us, secret);
    return 0;
}

static int make_tables(struct msock__engine *engine, bool sealed)
{
    const struct msock__config *config = &engine->config;
    uint8_t key[MSOCK__HASH_KEY_SIZE];
    engine->driver->ops->random(engine->driver, key, sizeof(key));
    if (msock__dispatch_new(&engine->dispatch, key) < 0 ||
        msock__engine_values_init(engine, key) < 0 ||
        msock__timers_new(&engine->timers) < 0 ||
        msock__sessions_new(&engine->sessions, bound(config->sessions_max),
                            key) < 0) {
        return MSOCK_ENOMEM;
    }
    msock__sessions_on_forget(engine->sessions, msock__engine_session_forget,
                              engine);
    struct msock__fragments_limits limits = {
        .assemblies_max = bound(config->assemblies_max),
        .bytes_max = bound(config->reassembly_max),
        .message_max = bound(config->message_max),
    };
    const struct msock__history_limits kept = {
        .bytes_max = bound(config->history_max),
        .age_us = config->history_ms * 1000,
    };
    if (msock__fragments_new(&engine->fragments, &limits) < 0 ||
        msock__history_new(&engine->history, &kept) < 0) {
        return MSOCK_ENOMEM;
    }
    return sealed ? make_admission(engine, key) : 0;
}

/* What needs no memory. */
static void init_parts(struct msock__engine *engine, size_t frame_size)
{
    const struct msock__config *config = &engine->config;
    size_t queue_max = bound(config->queue_max);
    msock__flow_init(&engine->flow);
    msock__outbox_init(&engine->outboxes[MSOCK__BEST_EFFORT], queue_max,
                       MSOCK__PIECES_MAX, config->raw);
    msock__outbox_init(&engine->outboxes[MSOCK__RELIABLE], queue_max,
                       UINT32_MAX, config->raw);
    msock__post_init(&engine->post, bound(config->post_max));
    msock__schedule_init(&engine->schedule, bound(config->scheduled_max));
    msock__copies_init(&engine->copies, config->copies_ms * 1000,
                       MSOCK__COPIES_BYTES_MAX);
    engine->join_pool =
        (struct msock__join_pool){.bytes_max = bound(config->reassembly_max),
                                  .message_max = bound(config->message_max)};
    engine->repair_pool.bytes_max = bound(config->reorder_all_max);
    uint64_t rate = config->pace > 0 ? config->pace : MSOCK__PACE_FAR;
    msock__pace_init(&engine->pace, rate, frame_size);
    msock__ask_init(&engine->ask, &engine->dice);
    msock__tell_init(&engine->tell, &engine->dice);
    engine->check_us = engine->seen_us = engine->ask_us = UINT64_MAX;
}

/* The will that the configuration has. */
static int set_will(struct msock__engine *engine)
{
    const struct msock__config *config = &engine->config;

    return config->will_topic[0] == '\0'
               ? 0
               : msock__engine_will(engine, config->will_topic,
                                    config->will[0] == '\0' ? NULL
                                                            : config->will);
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
    engine->opened_us = driver->ops->now(driver);
    engine->began_us = engine->opened_us;
    msock__engine_draw_session(engine, pipeline);
    driver->ops->random(driver, &engine->dice, sizeof(engine->dice));
    init_parts(engine, frame_size);
    code = make_tables(engine, msock__pipeline_sealed(pipeline));
    if (code < 0) {
        msock__channel_free(made);
        return msock__fail(code, "no memory for a channel's tables");
    }
    code = msock__engine_identity_init(engine, pipeline);
    if (code < 0) {
        msock__channel_free(made);
        return code;
    }
    engine->pipeline = *pipeline;
    *pipeline = (struct msock__pipeline){0};
    msock__announce_start(&engine->announce, engine->opened_us,
                          !engine->admission);
    msock__engine_frame_size(engine, frame_size);
    code = set_will(engine);
    if (code < 0) {
        *pipeline = engine->pipeline;
        engine->pipeline = (struct msock__pipeline){0};
        msock__channel_free(made);
        return code;
    }
    *channel = made;
    return 0;
}

static void free_sessions(struct msock__engine *engine)
{
    struct msock__session *session =
        engine->sessions ? msock__sessions_newest(engine->sessions) : NULL;
    for (; session; session = session->older) {
        msock__engine_stream_forget(engine, session);
        msock__roster_forget(&engine->roster, &session->entry);
    }
    msock__sessions_free(engine->sessions);
}

void msock__channel_free(msock_channel *channel)
{
    if (!channel) {
        return;
    }
    struct msock__engine *engine = &channel->engine;
    msock__engine_publish_fini(engine);
    msock__profile_fini(&engine->profile);
    msock__push_fini(&engine->push);
    msock__ask_fini(&engine->ask);
    msock__tell_fini(&engine->tell);
    msock__engine_values_fini(engine);
    msock__engine_confirm_fini(engine);
    msock__engine_request_fini(engine);
    free(engine->slots.memory);
    msock__copies_fini(&engine->copies);
    msock__schedule_fini(&engine->schedule);
    msock__answers_free(engine->answers);
    msock__sendtimes_free(engine->times[MSOCK__BEST_EFFORT]);
    msock__sendtimes_free(engine->times[MSOCK__RELIABLE]);
    msock__admission_free(engine->admission);
    msock__fragments_free(engine->fragments);
    free_sessions(engine);
    msock__history_free(engine->history); /* sessions hold frames in it */
    msock__timers_free(engine->timers);
    msock__dispatch_free(engine->dispatch);
    msock__engine_identity_fini(engine);
    msock__pipeline_fini(&engine->pipeline);
    free(channel);
}

struct msock__engine *msock__channel_engine(msock_channel *channel)
{
    return &channel->engine;
}

void msock__engine_event(struct msock__engine *engine, const msock_event *event)
{
    if (engine->watcher && !engine->closing) {
        engine->watcher(engine->channel, event, engine->watcher_user);
    }
}

/* Tells who was refused that there is room again. */
static void tell_writable(struct msock__engine *engine)
{
    unsigned queues = msock__engine_writable(engine);
    for (int i = 0; i < MSOCK__QUEUES; i++) {
        engine->refused[i] = queues >> i & 1 ? 0 : engine->refused[i];
    }
    if (queues != 0) {
        msock__engine_event(
            engine,
            &(msock_event){.kind = MSOCK_EVENT_WRITABLE,
                           .node = "",
                           .session = msock__session_short(engine->session)});
    }
}

/* Whether a channel that closes has to give up what it could not send. */
static bool has_to_give_up(struct msock__engine *engine, uint64_t now_us)
{
    uint64_t frames = msock__stats_get(&engine->stats, MSOCK_TX_FRAMES);
    if (frames != engine->close_frames) {
        engine->close_frames = frames;
        engine->close_progress_us = now_us;
    }
    /* A turn may be told an earlier time than the close was. */
    return now_us >= engine->close_progress_us + CLOSE_IDLE_US ||
           now_us >= engine->closed_us + CLOSE_MAX_US;
}

/* Once all is sent, says bye. Who was sent something may still ask for it. */
static void tick_closing(struct msock__engine *engine, uint64_t now_us)
{
    msock__engine_publish_posted(engine, now_us);
    msock__history_expire(engine->history, now_us);
    if (!msock__engine_sent_all(engine)) {
        engine->ended = has_to_give_up(engine, now_us);
        return;
    }
    if (!engine->announce.ending && !engine->config.raw) {
        bool reliable = engine->counters[MSOCK__RELIABLE] > 0;
        bool sealed =
            engine->admission && engine->counters[MSOCK__BEST_EFFORT] > 0;
        bool heeded = engine->up_count > 0 || reliable || sealed;
        msock__announce_end(&engine->announce, now_us, heeded ? MSOCK__BYES : 1,
                            reliable || sealed);
    }
    engine->ended =
        engine->config.raw || msock__announce_ended(&engine->announce, now_us);
}

void msock__engine_tick(struct msock__engine *engine, uint64_t now_us)
{
    if (engine->closing) {
        tick_closing(engine, now_us);
        return;
    }
    /* Who slept finds in the receive buffer what came meanwhile: that somebody
     * is silent is certain only up to where it was read. */
    uint64_t known_us = msock__least(now_us, engine->seen_us);
    msock__engine_trust_sweep(engine, now_us);
    engine->seen_us = UINT64_MAX;
    msock__timers_run(engine->timers, now_us, engine->channel);
    msock__engine_drop(engine, now_us, MSOCK_DROP_PIECE_LATE,
                       msock__fragments_expire(engine->fragments, known_us));
    if (engine->admission) {
        msock__engine_drop(
            engine, now_us, MSOCK_DROP_PENDING,
            msock__admission_expire(engine->admission, known_us));
    }
    msock__history_expire(engine->history, now_us);
    msock__engine_stream_tick(engine, now_us);
    msock__engine_flow_tick(engine, now_us);
    msock__engine_presence_tick(engine, now_us, known_us);
    msock__engine_run_scheduled(engine, now_us);
    msock__engine_confirm_tick(engine, now_us);
    msock__engine_publish_posted(engine, now_us);
    msock__engine_deliver_local(engine, now_us);
    msock__engine_request_tick(engine, now_us, known_us);
    msock__engine_values_tick(engine, now_us);
    msock__engine_tell_tick(engine, now_us);
    tell_writable(engine);
}

/* When a channel that closes wants a tick or an output call. */
static uint64_t closing_deadline(const struct msock__engine *engine)
{
    if (!msock__engine_sent_all(engine)) {
        uint64_t idle_us = engine->close_progress_us + CLOSE_IDLE_US;
        uint64_t due_us =
            msock__least(idle_us, engine->closed_us + CLOSE_MAX_US);
        due_us = msock__least(due_us, msock__engine_tx_deadline(engine));
        return msock__least(due_us, msock__engine_post_deadline(engine));
    }
    /* A tick finds what comes next. */
    return engine->announce.ending ? msock__engine_tx_deadline(engine) : 0;
}

uint64_t msock__engine_deadline(const struct msock__engine *engine)
{
    if (engine->closing) {
        return engine->ended ? UINT64_MAX : closing_deadline(engine);
    }
    if (engine->local_first || msock__engine_writable(engine) != 0) {
        return 0;
    }
    uint64_t due = msock__engine_tx_deadline(engine);
    due = msock__least(due, msock__engine_post_deadline(engine));
    due = msock__least(due, msock__timers_deadline(engine->timers));
    due = msock__least(due, engine->check_us);
    due = msock__least(due, msock__confirms_deadline(&engine->acting.confirms));
    due = msock__least(due, msock__requests_deadline(&engine->asking.requests));
    due = msock__least(due, msock__schedule_deadline(&engine->schedule));
    due = msock__least(due, msock__engine_stream_deadline(engine));
    due = msock__least(due, engine->flow.expires_us);
    due = msock__least(due, msock__engine_values_deadline(engine));
    due = msock__least(due, msock__engine_tell_deadline(engine));
    return msock__least(due, msock__fragments_deadline(engine->fragments));
}

bool msock__engine_drained(const struct msock__engine *engine)
{
    return engine->ended;
}

void msock__engine_near(struct msock__engine *engine, bool near)
{
    if (engine->config.pace == 0) {
        uint64_t rate = near ? MSOCK__PACE_NEAR : MSOCK__PACE_FAR;
        engine->near = near;
        msock__pace_init(&engine->pace, rate, engine->frame_size);
        msock__pace_init(&engine->piece_pace, MSOCK__PACE_FAR,
                         engine->frame_size);
    }
}

/* What others missed of a session that ended says nothing of the next one. */
static void forget_misses(struct msock__engine *engine)
{
    struct msock__session *session = msock__sessions_newest(engine->sessions);
    for (; session; session = session->older) {
        session->misses = (struct msock__misses){0};
    }
    msock__engine_flow_redraw(engine);
}

void msock__engine_redraw(struct msock__engine *engine, uint64_t now_us,
                          bool cloned)
{
    msock_event event = {.kind = MSOCK_EVENT_CLONE,
                         .node = engine->config.name,
                         .session = msock__session_short(engine->session)};
    msock__engine_draw_session(engine, &engine->pipeline);
    msock__engine_values_redraw(engine);
    memset(engine->counters, 0, sizeof(engine->counters));
    engine->began_us = now_us;
    if (cloned) {
        /* What is finished may share nonces with the clone's frames. */
        engine->slots.used = 0;
        if (engine->driver->ops->forget) {
            engine->driver->ops->forget(engine->driver);
        }
    }
    msock__copies_clear(&engine->copies);
    msock__history_reset(engine->history);
    engine->room_us = 0;
    forget_misses(engine);
    engine->sync = (struct msock__sync){0};
    msock__confirms_reset(&engine->acting.confirms);
    if (engine->admission) {
        msock__sendtimes_reset(engine->times[MSOCK__BEST_EFFORT]);
        msock__sendtimes_reset(engine->times[MSOCK__RELIABLE]);
        msock__answers_reset(engine->answers);
    }
    /* A message that left in part begins anew. */
    msock__outbox_restart(&engine->outboxes[MSOCK__BEST_EFFORT]);
    msock__outbox_restart(&engine->outboxes[MSOCK__RELIABLE]);
    if (!engine->closing) {
        msock__announce_start(&engine->announce, now_us, !engine->admission);
    }
    if (cloned) {
        msock__engine_event(engine, &event);
    }
}

void msock__engine_remark(struct msock__engine *engine, uint64_t now_us)
{
    uint8_t secret[MSOCK__ADMISSION_SECRET_SIZE];
    engine->driver->ops->random(engine->driver, secret, sizeof(secret));
    msock__engine_drop(
        engine, now_us, MSOCK_DROP_PENDING,
        msock__admission_restart(engine->admission, now_us, &engine->dice,
                                 msock__engine_nodes(engine), secret));
}

/* That one hears oneself is how multicast works, and copies, repairs and what
 * came too late to matter are how little gets lost: no events. */
static bool is_usual(enum msock_counter counter)
{
    return counter == MSOCK_DROP_OWN || counter == MSOCK_DROP_DUPLICATE ||
           counter == MSOCK_DROP_STATE_OLD || counter == MSOCK_DROP_REPLY;
}

void msock__engine_drop(struct msock__engine *engine, uint64_t now_us, int what,
                        uint64_t count)
{
    enum msock_counter counter = (enum msock_counter)what;
    assert(what >= MSOCK_TX_ERRORS);
    if (count == 0) {
        return;
    }
    msock__stats_add(&engine->stats, counter, count);
    if (!is_usual(counter)) {
        msock__log_drop(&engine->log, now_us, counter,
                        msock__stats_get(&engine->stats, counter));
    }
}

void msock__engine_drop_quietly(struct msock__engine *engine,
                                enum msock_counter counter, uint64_t count)
{
    msock__stats_add(&engine->stats, counter, count);
    msock__log_skip(&engine->log, counter, count);
}

void msock__engine_count(struct msock__engine *engine, uint64_t now_us,
                         enum msock_counter counter, uint64_t count)
{
    msock__engine_drop(engine, now_us, (int)counter, count);
}

void msock__engine_close(struct msock__engine *engine)
{
    engine->closing = true;
    engine->closed_us = engine->driver->ops->now(engine->driver);
    engine->close_progress_us = engine->closed_us;
    msock__dispatch_clear(engine->dispatch);
    msock__timers_clear(engine->timers);
    msock__post_close(&engine->post);
    msock__push_fini(&engine->push);
    msock__acts_hurry(&engine->acting.list);
    msock__engine_request_close(engine);
}
