/* SPDX-License-Identifier: Apache-2.0 */
/* The channel's own events, seldom enough for a disk. */
#include "core/log.h"

#include "codec/hash.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum { GAPS = 5 };

static const uint64_t quiet_us = 600000000;

/* Behind the first line, the second one, ... */
static const uint64_t gaps_us[GAPS] = {1000000, 10000000, 60000000, 600000000,
                                       3600000000};

/* A turn's time may be earlier than that of a call in it: no time passed. */
static uint64_t since(uint64_t then_us, uint64_t now_us)
{
    return now_us > then_us ? now_us - then_us : 0;
}

static bool is_quiet(const struct msock__log_rate *rate, uint64_t now_us)
{
    return rate->lines == 0 || since(rate->last_us, now_us) >= quiet_us;
}

/* Whether something may be said now; if so it counts as said. */
static bool may(struct msock__log_rate *rate, uint64_t now_us)
{
    if (is_quiet(rate, now_us)) {
        rate->lines = 0;
    }
    rate->last_us = now_us;
    if (rate->lines > 0 &&
        since(rate->line_us, now_us) < gaps_us[rate->lines - 1]) {
        return false;
    }
    rate->line_us = now_us;
    rate->lines += rate->lines < GAPS ? 1 : 0;
    return true;
}

/* Who finds two names of one hash saves a line: no key is needed. */
static uint64_t hash_of(enum msock__log_about about, const char *name)
{
    const uint8_t key[MSOCK__HASH_KEY_SIZE] = {(uint8_t)about};

    return msock__hash(key, name, strlen(name));
}

bool msock__log_may(struct msock__log *log, uint64_t now_us,
                    enum msock__log_about about, const char *name)
{
    uint64_t hash = hash_of(about, name);
    struct msock__log_subject *place = NULL;

    for (size_t i = 0; i < MSOCK__LOG_SUBJECTS; i++) {
        struct msock__log_subject *subject = &log->subjects[i];
        bool is_free = is_quiet(&subject->rate, now_us);
        if (!is_free && subject->hash == hash) {
            return may(&subject->rate, now_us);
        }
        place = is_free && !place ? subject : place;
    }
    if (!place) {
        return may(&log->others, now_us);
    }
    place->hash = hash;
    return may(&place->rate, now_us);
}

void msock__log_drop(struct msock__log *log, uint64_t now_us,
                     enum msock_counter counter, uint64_t count)
{
    assert(counter >= MSOCK_TX_ERRORS && counter < MSOCK_COUNTER_COUNT);
    uint64_t reported = log->counted[counter];
    if (log->logger == NULL || count <= reported ||
        !may(&log->drops[counter], now_us)) {
        return;
    }
    log->counted[counter] = count;
    msock_log(log->logger, MSOCK_WARNING, "dropped %" PRIu64 ": %s (%s)",
              count - reported, msock_counter_name(counter),
              msock_counter_text(counter));
}

void msock__log_skip(struct msock__log *log, enum msock_counter counter,
                     uint64_t count)
{
    assert(counter >= MSOCK_TX_ERRORS && counter < MSOCK_COUNTER_COUNT);
    log->counted[counter] += count;
}

void msock__log_name(struct msock__log *log, uint64_t now_us, const char *name,
                     const char *address, bool own)
{
    if (log->logger == NULL ||
        !msock__log_may(log, now_us, MSOCK__LOG_NAME, name)) {
        return;
    }
    msock_log(log->logger, MSOCK_WARNING,
              own ? "%s is the name of another program, too, at %s: give one "
                    "of them another name"
                  : "two programs speak as %s, one of them at %s: give one of "
                    "them another name",
              name, address);
}
