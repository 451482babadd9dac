/* SPDX-License-Identifier: Apache-2.0 */
/* A channel on a test bench: no loop, no network, time set by hand. What it
 * sends is moved to another bench channel by the test itself. Its logger is
 * tests/support/log_notes.h.
 *
 * Control frames (hello, challenges, ...) are left out of what moves, unless a
 * bench says `.control`; bench_believe() stands for admission then. */
#ifndef MSOCK_TESTS_BENCH_CHANNEL_H
#define MSOCK_TESTS_BENCH_CHANNEL_H

#include "core/dice.h"
#include "core/engine.h"

#include <multisock/multisock.h>

enum { BENCH_HEARD_MAX = 64, BENCH_TEXT_MAX = 256 };

/** What a recording subscription heard. */
struct bench_heard {
    char topic[BENCH_TEXT_MAX];
    char sender[BENCH_TEXT_MAX];
    char data[BENCH_TEXT_MAX]; /* the first bytes */
    size_t data_size;
    unsigned flags;
};

struct bench {
    struct msock__driver driver; /* first: the engine's view */
    msock_channel *channel;
    struct msock__engine *engine;
    uint64_t now_us;
    uint64_t ahead_us;  /* what the clock gained since a turn looked at it */
    uint64_t wall_ms;   /* its wall clock, which stands */
    uint64_t waited_us; /* how long its datagrams lay unread */
    struct msock__dice *dice; /* its randomness; NULL: the system's */
    bool forked;
    size_t wakes;
    size_t notes;   /* calls of notify */
    size_t forgets; /* calls of forget */
    bool closed;
    bool control;         /* its control frames move too */
    size_t control_count; /* those that were left out */
    size_t heard_count;   /* all, also those beyond the array */
    struct bench_heard heard[BENCH_HEARD_MAX];
};

/** Opens a channel `name` with `options` ("" or "key=value&…", as in a URL),
 *  sealed under a master key of 32 bytes `key` unless that is 0. */
void bench_open(struct bench *bench, const char *name, const char *options,
                int key);

/** What a bench is born into. */
struct bench_life {
    uint64_t now_us;
    struct msock__dice *dice; /* or NULL */
    uint8_t group;            /* first byte of its address; usually 1 */
};

/** The same with control frames, from its first hello on. */
void bench_open_life(struct bench *bench, const char *name, const char *options,
                     int key, const struct bench_life *life);

/** The same with any pipeline, which stays the caller's on failure.
 *  Returns as msock__channel_new(). */
int bench_open_with(struct bench *bench, const char *name, const char *options,
                    struct msock__pipeline *pipeline);

/** Makes a sealed bench believe a session, all of whose frames are new to it
 *  and which has no name yet. An open one believes anybody. */
void bench_believe(struct bench *bench, const uint8_t session[static 16]);

/** Takes away the times of hello, of asking and of falling silent, which are
 *  due otherwise: opening and believing do it, recording that of asking. */
void bench_hush(struct bench *bench);

/** Closes it. */
void bench_close(struct bench *bench);

/** Records every message that matches `filter`. */
int bench_record(struct bench *bench, const char *filter, bool no_local);

/** Whether the engine wants no further turn at this time. */
bool bench_idle(const struct bench *bench);

/** Moves all frames that are due from one bench to another (NULL: into the
 *  void), advancing both clocks to deadlines within `patience_us`.
 *  Returns the number of frames moved. */
size_t bench_move(struct bench *from, struct bench *to, uint64_t patience_us);

/** Feeds one datagram, copied first.  */
void bench_feed(struct bench *bench, const void *bytes, size_t size,
                const char *from, bool own);

/** Takes one frame that is due, at most `capacity` bytes.
 *  Returns its size, 0 if there is none. */
size_t bench_take(struct bench *bench, uint8_t *bytes, size_t capacity);

/** The sum of all drop counters. */
uint64_t bench_drops(const struct bench *bench);

#endif
