/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the book: deliveries against publications. */
#include "tests/sim/ledger.h"

#include "tests/sim/shared.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Before a receiver knows a sender's clock well it may take a frame for younger
 * by as much as an answer's nonce is valid, and drift adds to that. */
static const uint64_t CLOCK_SLACK_US = 7000000;

/* A frame that left this long before the receiver opened is old for sure, by
 * any two clocks. */
static const uint64_t OPEN_SLACK_US = 10000;

/* One delivery under examination. */
struct delivery {
    struct ledger *ledger;
    struct life *life; /* the receiver's */
    const struct life *sender;
    const struct publication *publication;
    size_t number;
    const msock_message *message;
    uint64_t now_us;
};

__attribute__((format(printf, 2, 3))) static void
wrong(const struct delivery *delivery, const char *format, ...)
{
    char what[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    report_fail(delivery->ledger->report, "%s heard %u.%zu of %s: %s",
                delivery->life->name, delivery->sender->number,
                delivery->number, delivery->sender->name, what);
}

static bool same_session(const struct delivery *delivery)
{
    const struct life *sender = delivery->sender;
    for (size_t i = 0; i < sender->session_count; i++) {
        if (sender->sessions[i] == delivery->message->session) {
            return true;
        }
    }
    return false;
}

static void check_invented(const struct delivery *delivery)
{
    static char expected[PAYLOAD_MAX];
    const struct publication *publication = delivery->publication;
    const msock_message *message = delivery->message;
    size_t size = ledger_payload(delivery->sender, delivery->number, expected);
    if (message->data_size != size ||
        memcmp(message->data, expected, size) != 0) {
        wrong(delivery, "its data is another");
    }
    if (strcmp(message->topic, ledger_topic(publication->topic)) != 0 ||
        !msock_topic_match(delivery->life->filter, message->topic)) {
        wrong(delivery, "under topic %s", message->topic);
    }
    if (strcmp(message->sender, delivery->sender->called) != 0) {
        wrong(delivery, "as from %s", message->sender);
    }
    if (!same_session(delivery)) {
        wrong(delivery, "as of session %016" PRIx64, message->session);
    }
}

static void check_flags(const struct delivery *delivery)
{
    unsigned published = delivery->publication->flags;
    bool local = delivery->sender == delivery->life;
    unsigned expected = 0;
    if (published & PUBLISHED_RAW) {
        expected |= MSOCK_MESSAGE_RAW;
    }
    if (local) {
        expected |= MSOCK_MESSAGE_LOCAL;
    }
    if (published & PUBLISHED_REQUEST) {
        expected |= MSOCK_MESSAGE_REQUEST;
    }
    if (published & PUBLISHED_RELIABLE) {
        expected |= MSOCK_MESSAGE_RELIABLE;
    }
    if (delivery->ledger->sealed && !local) {
        expected |= MSOCK_MESSAGE_SEALED;
    }
    unsigned ignored = local ? MSOCK_MESSAGE_RELIABLE : 0;
    if ((delivery->message->flags | ignored) != (expected | ignored)) {
        wrong(delivery, "flags %#x, not %#x", delivery->message->flags,
              expected);
    }
}

static bool seen(const struct hearing *hearing, size_t number)
{
    return number < hearing->seen_count && hearing->seen[number] != 0;
}

static void mark_seen(struct hearing *hearing, size_t number)
{
    if (number >= hearing->seen_count) {
        size_t count = number + 64;
        uint8_t *grown = realloc(hearing->seen, count);
        assert(grown != NULL);
        memset(grown + hearing->seen_count, 0, count - hearing->seen_count);
        hearing->seen = grown;
        hearing->seen_count = count;
    }
    hearing->seen[number] = 1;
}

static void check_twice(const struct delivery *delivery)
{
    const struct ledger *ledger = delivery->ledger;
    const struct life *life = delivery->life;
    for (size_t i = 0; i < ledger->life_count; i++) {
        const struct life *other = ledger->lives[i];
        bool counts =
            other == life || (ledger->sealed && other->node == life->node);
        if (counts && seen(&other->hearings[delivery->sender->number],
                           delivery->number)) {
            wrong(delivery, other == life ? "twice"
                                          : "which it heard before it was "
                                            "opened again");
        }
    }
}

/* What a receiver was asleep for does not count against a message. */
static uint64_t waking_us(const struct life *life, uint64_t from_us,
                          uint64_t to_us)
{
    uint64_t age_us = to_us > from_us ? to_us - from_us : 0;
    uint64_t slept_us = life->asleep_us > from_us ? life->slept_us : 0;
    return age_us > slept_us ? age_us - slept_us : 0;
}

static void check_fresh(const struct delivery *delivery)
{
    const struct ledger *ledger = delivery->ledger;
    const struct publication *publication = delivery->publication;
    const struct life *life = delivery->life;
    uint64_t flushed_us = publication->flushed_us;
    if (!ledger->sealed || delivery->sender == life || flushed_us == 0) {
        return;
    }
    if (flushed_us + OPEN_SLACK_US < life->opened_us) {
        wrong(delivery, "which had left before it was opened");
    }
    uint64_t limit_us = publication->flags & PUBLISHED_RELIABLE
                            ? ledger->late_reliable_us
                            : ledger->late_us;
    limit_us += CLOCK_SLACK_US + UINT64_C(1000) * publication->after_ms;
    uint64_t age_us = waking_us(life, flushed_us, delivery->now_us);
    if (age_us > limit_us) {
        wrong(delivery, "%" PRIu64 " ms after it had left", age_us / 1000);
    }
}

static void check_times(const struct delivery *delivery)
{
    const struct publication *publication = delivery->publication;
    const msock_message *message = delivery->message;
    uint64_t age_us = delivery->now_us - publication->at_us;
    uint64_t slack_us = 10000 + age_us / 1000;
    if (message->age_us > age_us + slack_us) {
        wrong(delivery, "age %" PRIu64 " us, published %" PRIu64 " us ago",
              message->age_us, age_us);
    }
    if (publication->expires_ms > 0 &&
        message->age_us / 1000 > publication->expires_ms) {
        wrong(delivery, "though it expired after %u ms",
              publication->expires_ms);
    }
    if (age_us + slack_us < UINT64_C(1000) * publication->after_ms) {
        wrong(delivery, "%" PRIu64 " us before its moment",
              UINT64_C(1000) * publication->after_ms - age_us);
    }
}

/* Whether a message has its place in the order of the reliable stream. */
static bool ordered(const struct publication *publication)
{
    return (publication->flags & PUBLISHED_RELIABLE) &&
           publication->after_ms == 0;
}

/* The first message that should have come between those settled and `end`, or
 * `end`. */
static size_t passed_over(const struct delivery *delivery,
                          const struct hearing *hearing, size_t end)
{
    const struct life *sender = delivery->sender;
    size_t from = hearing->reliable_count;
    /* What was published before the receiver knew the sender may be missing at
     * the beginning. */
    if (from == 0) {
        from = hearing->ever_up ? hearing->due : end;
    }
    for (size_t i = from; i < end; i++) {
        const struct publication *publication = &sender->publications[i];
        if (ordered(publication) && publication->expires_ms == 0 &&
            (publication->flags & PUBLISHED_SHARED) == 0 &&
            msock_topic_match(delivery->life->filter,
                              ledger_topic(publication->topic))) {
            return i;
        }
    }
    return end;
}

static void check_order(const struct delivery *delivery,
                        struct hearing *hearing)
{
    if (!ordered(delivery->publication) || delivery->sender == delivery->life) {
        return;
    }
    if (delivery->number < hearing->reliable_count) {
        wrong(delivery, "after a later one");
        return;
    }
    size_t missing = passed_over(delivery, hearing, delivery->number);
    if (missing < delivery->number && hearing->excuses == 0) {
        wrong(delivery, "but not %zu, and was told of no loss", missing);
    }
    hearing->reliable_count = delivery->number + 1;
    hearing->excuses = 0;
    delivery->ledger->reliable_delivered++;
}

static bool is_shared(const struct ledger *ledger, uint64_t session)
{
    return ledger->shared != NULL && shared_has(ledger->shared, session);
}

void ledger_hear(struct ledger *ledger, struct life *life,
                 const msock_message *message, uint64_t now_us)
{
    unsigned sender;
    size_t number;
    ledger->delivered++;
    if (is_shared(ledger, message->session)) {
        return; /* pieces of one may have met those of the other */
    }
    if (!ledger_identify(ledger, message, &sender, &number)) {
        report_fail(ledger->report, "%s heard what nobody published: %.40s",
                    life->name, message->data);
        return;
    }
    struct delivery delivery = {
        .ledger = ledger,
        .life = life,
        .sender = ledger->lives[sender],
        .publication = &ledger->lives[sender]->publications[number],
        .number = number,
        .message = message,
        .now_us = now_us,
    };
    struct hearing *hearing = &life->hearings[sender];
    report_note(ledger->report, "%s hears %u.%zu%s", life->name, sender, number,
                message->flags & MSOCK_MESSAGE_RELIABLE ? " reliably" : "");
    check_invented(&delivery);
    check_flags(&delivery);
    check_twice(&delivery);
    check_fresh(&delivery);
    check_times(&delivery);
    check_order(&delivery, hearing);
    mark_seen(hearing, number);
}

static void expect_one(struct ledger *ledger, const struct life *life,
                       const struct life *sender, size_t number)
{
    const struct publication *publication = &sender->publications[number];
    if (!seen(&life->hearings[sender->number], number) &&
        msock_topic_match(life->filter, ledger_topic(publication->topic))) {
        report_fail(ledger->report,
                    "%s did not hear %u.%zu of %s (%s), published at %" PRIu64
                    " ms",
                    life->name, sender->number, number, sender->name,
                    publication->flags & PUBLISHED_RELIABLE ? "reliable"
                                                            : "best effort",
                    publication->at_us / 1000);
    }
}

static void expect_of(struct ledger *ledger, const struct life *life,
                      const struct life *sender, uint64_t from_us,
                      uint64_t until_us, bool reliable_only)
{
    for (size_t i = 0; i < sender->count; i++) {
        const struct publication *publication = &sender->publications[i];
        bool counts =
            !reliable_only || (publication->flags & PUBLISHED_RELIABLE) != 0;
        counts = counts && (publication->flags & PUBLISHED_SHARED) == 0;
        if (counts && publication->expires_ms == 0 &&
            publication->at_us >= from_us && publication->at_us <= until_us) {
            expect_one(ledger, life, sender, i);
        }
    }
}

/* Others take what it asks for what its copy said long ago, until its counters
 * are above that one's: so it may not hear them, either. */
static bool shares(const struct ledger *ledger, const struct life *life)
{
    return is_shared(ledger, msock_session(life->channel));
}

void ledger_expect(struct ledger *ledger, uint64_t from_us, uint64_t until_us,
                   bool reliable_only)
{
    for (size_t i = 0; i < ledger->life_count; i++) {
        const struct life *life = ledger->lives[i];
        if (life->ended_us != UINT64_MAX || life->opened_us > from_us ||
            life->forgetful || shares(ledger, life)) {
            continue;
        }
        for (size_t j = 0; j < ledger->life_count; j++) {
            const struct life *sender = ledger->lives[j];
            if (sender->ended_us == UINT64_MAX) {
                expect_of(ledger, life, sender, from_us, until_us,
                          reliable_only);
            }
        }
    }
}

static bool lives_since(const struct life *life, uint64_t from_us)
{
    return life->ended_us == UINT64_MAX && !life->closing &&
           life->opened_us <= from_us;
}

static void expect_conflict(struct ledger *ledger, const struct life *one,
                            const struct life *other, uint64_t from_us)
{
    for (size_t i = 0; i < ledger->life_count; i++) {
        const struct life *life = ledger->lives[i];
        bool concerned = life != one && life != other && !life->forgetful &&
                         lives_since(life, from_us) && !shares(ledger, life);
        if (concerned && !life->hearings[one->number].conflict &&
            !life->hearings[other->number].conflict) {
            report_fail(ledger->report,
                        "%s was not told that %s and %s are both called %s",
                        life->name, one->name, other->name, one->called);
        }
    }
}

void ledger_expect_conflicts(struct ledger *ledger, uint64_t from_us)
{
    for (size_t i = 0; i < ledger->life_count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct life *one = ledger->lives[i];
            const struct life *other = ledger->lives[j];
            if (lives_since(one, from_us) && lives_since(other, from_us) &&
                strcmp(one->called, other->called) == 0 &&
                !shares(ledger, one) && !shares(ledger, other)) {
                expect_conflict(ledger, one, other, from_us);
            }
        }
    }
}
