/* SPDX-License-Identifier: Apache-2.0 */
/* A channel that only takes notes, for tests of the plugin host: what is
 * subscribed, which timers run, what was published and logged; a test may make
 * each call fail. */
#ifndef MSOCK_TESTS_FAKE_CHANNEL_H
#define MSOCK_TESTS_FAKE_CHANNEL_H

#include <multisock/multisock.h>

enum { FAKE_MAX = 16, FAKE_TEXT_SIZE = 1024 };

struct fake_subscription {
    int id; /* 0: free */
    char filter[FAKE_TEXT_SIZE];
    msock_callback *callback;
    void *user;
};

struct fake_timer {
    int id; /* 0: free */
    uint64_t period_ms;
    msock_timer_callback *callback;
    void *user;
};

struct msock_channel {
    int last_id;
    struct fake_subscription subscriptions[FAKE_MAX];
    struct fake_timer timers[FAKE_MAX];
    char published[FAKE_TEXT_SIZE]; /* "TOPIC JSON" of the last one */
    char log[FAKE_TEXT_SIZE];       /* all lines, each with a newline */
    int unknown;                    /* ids to be removed that were not there */
    int refuse;                     /* what the next calls return, if not 0 */
    void (*publishing)(void *user); /* called in msock_publish(), or NULL */
    void *user;
};

/** Numbers of subscriptions and running timers. */
int fake_subscriptions(const msock_channel *channel);
int fake_timers(const msock_channel *channel);

/** Delivers JSON to every subscription whose filter is the topic itself.
 *  Returns the sum of what the callbacks returned. */
int fake_deliver(msock_channel *channel, const char *topic, const char *json);

/** Runs every timer once; those without a period are over then. */
void fake_run_timers(msock_channel *channel);

#endif
