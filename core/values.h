/* SPDX-License-Identifier: Apache-2.0 */
/* The newest value of each state topic that this node holds: of those it writes
 * itself, and of those that somebody here wants (docs/protocol.md 8.1). It
 * knows no rights and no filters but those it is asked about.
 *
 * Invariant: the value of a topic only ever moves to a newer edition, until the
 * topic is forgotten: a cleared one hours after it was cleared, others to
 * make room (the least recently changed first), but never one that is pinned.
 * Topics are found in O(1), by a filter in O(topics). Memory is about 400 bytes
 * a topic and its text, of which `bytes_max` is the bound.
 */
#ifndef MSOCK_CORE_VALUES_H
#define MSOCK_CORE_VALUES_H

#include "core/outbox.h"
#include "core/table.h"
#include "core/value.h"
#include "core/walk.h"

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A topic and what this node knows of it; to be read by all, and written by
 *  the functions below and the engine's part for values. */
struct msock__state {
    struct msock__value *value;      /* the newest one, never NULL */
    uint64_t change;                 /* number of the change that brought it */
    struct msock__edition delivered; /* newest that subscriptions saw */
    uint64_t sent_us; /* when somebody, or we, sent this very value last; 0:
                         nobody did since it is here */
    bool pinned;      /* it does not make room for others */
    bool written;     /* published here once in this session */
    bool blind;       /* written, and never heard of from anybody else */
    uint8_t above[MSOCK__SESSION_SIZE]; /* what was written here went above a
                                           state of this session; zero: none */
    bool owed;     /* own and not queued yet: the send queue was full */
    int confirm;   /* id of what confirms what was written last; 0: nothing */
    bool waits;    /* restored: subscriptions are to be shown it */
    bool disputed; /* it is to be told: somebody sent an older one */
    struct msock__place place; /* of one's own that waits to be sent */
    uint64_t forget_us;        /* cleared: when that is forgotten */
    struct msock__states *list;
    struct msock__state *previous, *next; /* on its list, by change */
    UT_hash_handle hh;
    size_t topic_size;
    char topic[]; /* with a NUL */
};

struct msock__values;

struct msock__values_limits {
    size_t bytes_max;
    size_t count_max; /* topics */
};

/** Makes an empty table whose hashes are keyed by `hash_key`.
 *  Returns 0, MSOCK_ENOMEM. */
int msock__values_new(struct msock__values **values,
                      const struct msock__values_limits *limits,
                      const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE]);

/** Frees the table; values that are held live on. NULL is ignored. */
void msock__values_free(struct msock__values *values);

/** What became of an offer; errors are negative. */
enum msock__taken {
    MSOCK__TAKEN_OLDER, /* a newer one is here */
    MSOCK__TAKEN_SAME,  /* it is here; an age that was unknown is known now */
    MSOCK__TAKEN_NEWER  /* it is here now */
};

/** Takes a value if it is newer than the topic's.
 *  Returns an enum msock__taken with *state being the topic's; MSOCK_ELIMIT (no
 *  room, and all that could make some is pinned), MSOCK_ENOMEM: then nothing
 *  changed, but others may have made room. */
int msock__values_take(struct msock__values *values, uint64_t now_us,
                       const struct msock__offer *offer,
                       struct msock__state **state);

/** What is known of a topic, or NULL; borrowed until the next change. */
struct msock__state *msock__values_find(const struct msock__values *values,
                                        const char *topic, size_t size);

/** The version that one's own next value of a topic gets: one above what is
 *  held, or, if nothing is, above the wall clock in ms since 1970
 *  (docs/protocol.md 8.1); 0: there is none above. */
uint64_t msock__values_next(const struct msock__values *values,
                            const char *topic, size_t size, uint64_t wall_ms);

/** Calls `visit` with each topic that matches a valid filter (NULL: with all),
 *  the least
 *  recently changed first among those that are pinned, that may go, and that
 *  were cleared, until it returns false; it must not change the table. A filter
 *  without wildcards is looked up.
 *  Returns whether it never did. */
bool msock__values_each(
    const struct msock__values *values, const char *filter, size_t filter_size,
    bool (*visit)(const struct msock__state *state, void *user), void *user);

/** Starts a walk over all topics (core/walk.h); the end of the table stops it.
 */
void msock__values_walk(struct msock__values *values, struct msock__walk *walk);

/** Gathers the values of the topics that match a valid filter, each held, in
 *  the order of msock__values_each(); *list (NULL if there is none) is given to
 *  the caller, for msock__values_release().
 *  Returns their number, MSOCK_ENOMEM. */
int msock__values_collect(const struct msock__values *values,
                          const char *filter, size_t filter_size,
                          struct msock__value ***list);

/** Notes that somebody, or this node, sent this edition of a topic: whoever
 *  wants to tell it looks at state->sent_us. Nothing if it is not the topic's
 *  value. */
void msock__values_sent(struct msock__values *values, uint64_t now_us,
                        const char *topic, size_t size,
                        const struct msock__edition *edition);

/** Forgets the topics that `wanted` returns false for. It is asked about all
 *  but those written here, and must not change the table. */
void msock__values_retain(struct msock__values *values,
                          bool (*wanted)(const struct msock__state *state,
                                         void *user),
                          void *user);

/** Has those topics alone make no room for others from now on that were written
 *  here or that `kept` returns true for, which must not change the table. */
void msock__values_pin(struct msock__values *values,
                       bool (*kept)(const struct msock__state *state,
                                    void *user),
                       void *user);

/** This node has another session: its own values become that session's, one
 *  version up, so that they stay the newest. */
void msock__values_adopt(struct msock__values *values,
                         const uint8_t session[static MSOCK__SESSION_SIZE]);

/** Forgets what was cleared long enough ago. */
void msock__values_expire(struct msock__values *values, uint64_t now_us);

/** When msock__values_expire() may have something to do, in us; UINT64_MAX:
 *  never. It is not sooner than a second after it had. */
uint64_t msock__values_deadline(const struct msock__values *values);

/** Number of the newest change: a value with a lower or equal one was there. */
uint64_t msock__values_change(const struct msock__values *values);

size_t msock__values_count(const struct msock__values *values);
size_t msock__values_bytes(const struct msock__values *values);

#endif
