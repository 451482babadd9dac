/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel consists of, for the files that make up the engine (engine.c,
 * engine_post.c, engine_rx.c, engine_tx.c) and for channel.c; nobody else looks
 * inside. */
#ifndef MSOCK_CORE_ENGINE_STATE_H
#define MSOCK_CORE_ENGINE_STATE_H

#include "core/dispatch.h"
#include "core/engine.h"
#include "core/fragment.h"
#include "core/log.h"
#include "core/outbox.h"
#include "core/pace.h"
#include "core/post.h"
#include "core/session.h"
#include "core/stats.h"
#include "core/timer.h"

enum {
    MSOCK__SLOTS_MAX = 32,
    /* Bytes a second when the configuration leaves it open: over a network,
     * and within one host. */
    MSOCK__PACE_FAR = 10 * 1024 * 1024,
    MSOCK__PACE_NEAR = 256 * 1024 * 1024
};

/* Finished frames, shown to the driver in order, in a ring of slots. Their
 * bytes must not change any more: a nonce is used once. */
struct msock__slots {
    uint8_t *memory; /* slot_count x slot_size, taken with the first frame */
    size_t slot_size;
    size_t slot_count;
    size_t first;
    size_t used;
    uint64_t again_us; /* there was no memory: not before */
    size_t sizes[MSOCK__SLOTS_MAX];
};

/* A message on its way to the channel's own subscriptions: one encoded message,
 * or a bare payload if the channel is raw. */
struct msock__local {
    struct msock__local *next;
    uint64_t newest; /* subscription there was when it was published */
    size_t size;
    bool payload;
    uint8_t bytes[]; /* size + 1 */
};

struct msock__engine {
    msock_channel *channel;
    struct msock__driver *driver;
    struct msock__config config;
    struct msock__pipeline pipeline;
    struct msock__stats stats;
    struct msock__log log;
    struct msock__dispatch *dispatch;
    struct msock__timers *timers;
    struct msock__sessions *sessions;
    struct msock__fragments *fragments;

    uint8_t session[MSOCK__SESSION_SIZE];
    uint64_t began_us; /* the session */
    uint64_t counter;  /* last one sent on the best-effort stream */
    size_t frame_size;
    struct msock__outbox outbox;
    struct msock__slots slots;
    struct msock__pace pace;
    struct msock__local *local_first, *local_last;
    size_t local_bytes;
    struct msock__post post;
    uint64_t post_again_us;        /* not before: there was no memory */
    msock_event_callback *watcher; /* or NULL */
    void *watcher_user;
    bool closing;
};

struct msock_channel {
    struct msock__engine engine;
};

/** What a publish is, once its arguments are checked. */
struct msock__publication {
    const char *topic;
    const char *json; /* scanned; NULL: none, or raw */
    size_t json_size;
    const void *raw; /* NULL: JSON */
    size_t raw_size;
    const char *type; /* or NULL */
};

/** Queues a message for the network and for one's own subscriptions.
 *  Returns 0, MSOCK_ETOOBIG, MSOCK_EAGAIN, MSOCK_ENOMEM; the detail is set. */
int msock__engine_publish(struct msock__engine *engine,
                          const struct msock__publication *publication);

/** Bytes that a message takes at most when encoded.  Thread: any. */
size_t msock__engine_bound(const struct msock__engine *engine,
                           const struct msock__publication *publication);

/** Encodes a message into `room`.
 *  Returns 0, MSOCK_ETOOBIG (head_max); the detail is set.  Thread: any. */
int msock__engine_encode(const struct msock__engine *engine,
                         const struct msock__publication *publication,
                         uint8_t *room, size_t *size);

/** Queues an encoded message; as msock__engine_publish(). */
int msock__engine_publish_encoded(struct msock__engine *engine,
                                  const char *topic, const uint8_t *bytes,
                                  size_t size);

/** Encodes a message and keeps it for msock__engine_publish_posted().
 *  Returns 0, MSOCK_ETOOBIG, MSOCK_EAGAIN, MSOCK_ECLOSED, MSOCK_ENOMEM; the
 *  detail is set.  Thread: any. */
int msock__engine_post(struct msock__engine *engine,
                       const struct msock__publication *publication);

/** Publishes what was posted, as far as there is room. */
void msock__engine_publish_posted(struct msock__engine *engine,
                                  uint64_t now_us);

/** When msock__engine_publish_posted() has something to do, in us. */
uint64_t msock__engine_post_deadline(const struct msock__engine *engine);

/** Delivers what was published on the channel itself before this call. */
void msock__engine_deliver_local(struct msock__engine *engine);

/** Decodes and delivers one local message (engine_rx.c). */
void msock__engine_local_message(struct msock__engine *engine,
                                 struct msock__local *local);

/** When sending wants a turn, in us. */
uint64_t msock__engine_tx_deadline(const struct msock__engine *engine);

/** Frees what sending holds. */
void msock__engine_tx_fini(struct msock__engine *engine);

/** Counts drops, and logs them within the rate limit. */
void msock__engine_drop(struct msock__engine *engine, uint64_t now_us,
                        enum msock_counter counter, uint64_t count);

/** Begins to close: ends subscriptions, timers, local deliveries, and posting:
 *  what was posted before is still published. */
void msock__engine_close(struct msock__engine *engine);

#endif
