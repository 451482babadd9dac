/* SPDX-License-Identifier: Apache-2.0 */
/* The book of a simulation: lives and what they published. */
#include "tests/sim/ledger.h"

#include "tests/sim/shared.h"
#include "tests/sim/wills.h"
#include "transport/sim_random.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    assert(memory != NULL);
    return memory;
}

void ledger_fini(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->life_count; i++) {
        struct life *life = ledger->lives[i];
        for (size_t j = 0; j < ledger->life_count; j++) {
            free(life->hearings[j].seen);
        }
        free(life->hearings);
        free(life->publications);
        free(life);
    }
    ledger->life_count = 0;
}

struct life *ledger_open(struct ledger *ledger, unsigned node, const char *name,
                         const char *filter, uint64_t now_us)
{
    assert(ledger->life_count < LIVES_MAX);
    struct life *life = checked(calloc(1, sizeof(*life)));
    life->number = (unsigned)ledger->life_count;
    life->node = node;
    life->name = name;
    life->called = name;
    life->filter = filter;
    life->opened_us = now_us;
    life->ended_us = UINT64_MAX;
    life->hearings = checked(calloc(LIVES_MAX, sizeof(*life->hearings)));
    ledger->lives[ledger->life_count] = life;
    ledger->life_count++;
    return life;
}

void ledger_end(struct life *life, uint64_t now_us)
{
    life->channel = NULL;
    life->ended_us = now_us;
    /* What had not left by now never does. */
    for (; life->flushed < life->count; life->flushed++) {
        life->publications[life->flushed].flushed_us = now_us;
    }
}

static bool has_session(const struct life *life, uint64_t session)
{
    for (size_t i = 0; i < life->session_count; i++) {
        if (life->sessions[i] == session) {
            return true;
        }
    }
    return false;
}

const struct life *ledger_life_of(const struct ledger *ledger, uint64_t session)
{
    for (size_t i = ledger->life_count; i > 0; i--) {
        if (has_session(ledger->lives[i - 1], session)) {
            return ledger->lives[i - 1];
        }
    }
    return NULL;
}

void ledger_refresh(struct life *life, uint64_t now_us)
{
    if (life->channel == NULL) {
        return;
    }
    uint64_t session = msock_session(life->channel);
    if (!has_session(life, session)) {
        assert(life->session_count < LIFE_SESSIONS_MAX);
        life->sessions[life->session_count] = session;
        life->session_count++;
    }
    if (msock_queued(life->channel) == 0) {
        for (; life->flushed < life->count; life->flushed++) {
            life->publications[life->flushed].flushed_us = now_us;
        }
    }
}

void ledger_blur(struct ledger *ledger, const struct life *life)
{
    for (size_t i = 0; i < ledger->life_count; i++) {
        struct hearing *hearing = &ledger->lives[i]->hearings[life->number];
        hearing->up = false;
        hearing->excuses++;
    }
}

size_t ledger_publish(struct ledger *ledger, struct life *life,
                      const struct publication *publication, uint64_t now_us)
{
    if (life->count == life->capacity) {
        life->capacity = life->capacity == 0 ? 64 : 2 * life->capacity;
        life->publications = checked(realloc(
            life->publications, life->capacity * sizeof(*life->publications)));
    }
    life->publications[life->count] = *publication;
    life->publications[life->count].at_us = now_us;
    life->publications[life->count].flushed_us = 0;
    if (ledger->shared != NULL && life->channel != NULL &&
        shared_has(ledger->shared, msock_session(life->channel))) {
        life->publications[life->count].flags |= PUBLISHED_SHARED;
    }
    ledger->published++;
    return life->count++;
}

void ledger_retract(struct ledger *ledger, struct life *life)
{
    assert(life->count > 0 && life->flushed < life->count);
    life->count--;
    ledger->published--;
}

const char *ledger_topic(unsigned index)
{
    static const char *const topics[TOPICS] = {"a", "a/b", "b/c", "b/d/e"};
    assert(index < TOPICS);
    return topics[index];
}

size_t ledger_payload(const struct life *life, size_t number,
                      char out[static PAYLOAD_MAX])
{
    const struct publication *publication = &life->publications[number];
    bool raw = (publication->flags & PUBLISHED_RAW) != 0;
    struct msock__sim_random random;
    assert(publication->padding + 64 < PAYLOAD_MAX);

    msock__sim_random_init(&random, ((uint64_t)life->number << 32) | number);
    size_t size = (size_t)snprintf(out, 64, "%s%u.%zu:", raw ? "" : "\"",
                                   life->number, number);
    for (size_t i = 0; i < publication->padding; i++) {
        uint64_t drawn = msock__sim_random_next(&random);
        out[size + i] = (char)(raw ? drawn >> 56 : 'a' + (drawn >> 32) % 26);
    }
    size += publication->padding;
    if (!raw) {
        out[size] = '"';
        size++;
    }
    out[size] = '\0';
    return size;
}

bool ledger_identify(const struct ledger *ledger, const msock_message *message,
                     unsigned *life, size_t *number)
{
    const char *text = message->data;
    char *end;
    text += text[0] == '"';
    unsigned long first = strtoul(text, &end, 10);
    if (end == text || *end != '.' || first >= ledger->life_count) {
        return false;
    }
    text = end + 1;
    unsigned long second = strtoul(text, &end, 10);
    if (end == text || *end != ':' || second >= ledger->lives[first]->count) {
        return false;
    }
    *life = (unsigned)first;
    *number = second;
    return true;
}

void ledger_refuse(struct life *life)
{
    life->blocked = true;
}

static void note_up(struct ledger *ledger, const struct life *life,
                    const struct life *sender, struct hearing *hearing)
{
    if (hearing->up) {
        report_fail(ledger->report, "%s: %s is up twice", life->name,
                    sender->name);
    }
    if (!hearing->ever_up && hearing->reliable_count == 0) {
        hearing->due = sender->count;
    }
    hearing->up = true;
    hearing->ever_up = true;
    hearing->willed = false;
}

static void note_down(struct ledger *ledger, const struct life *life,
                      const struct life *sender, struct hearing *hearing)
{
    if (!hearing->up) {
        report_fail(ledger->report, "%s: %s is down but was not up", life->name,
                    sender->name);
    }
    hearing->up = false;
    hearing->excuses++;
}

static void note_loss(struct ledger *ledger, struct hearing *hearing,
                      uint64_t frames)
{
    hearing->excuses++;
    ledger->losses++;
    ledger->lost_frames += frames;
}

/* Events about sessions. */
static void note_about(struct ledger *ledger, struct life *life,
                       const msock_event *event)
{
    const struct life *sender = ledger_life_of(ledger, event->session);
    if (sender == NULL) {
        report_fail(ledger->report, "%s: an event of a session that never was",
                    life->name);
        return;
    }
    struct hearing *hearing = &life->hearings[sender->number];
    if (event->kind == MSOCK_EVENT_UP) {
        note_up(ledger, life, sender, hearing);
    } else if (event->kind == MSOCK_EVENT_DOWN) {
        wills_down(ledger, life, sender, event->session);
        note_down(ledger, life, sender, hearing);
    } else if (event->kind == MSOCK_EVENT_LOSS) {
        note_loss(ledger, hearing, event->count);
    } else if (event->kind == MSOCK_EVENT_CONFLICT) {
        hearing->conflict = true;
    } else if (event->kind == MSOCK_EVENT_CHANGED) {
        hearing->described = event->session;
    }
}

static const char *event_name(enum msock_event_kind kind)
{
    static const char *const names[] = {"?",     "up",       "down",
                                        "loss",  "writable", "slow",
                                        "clone", "conflict", "changed"};
    return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind]
                                                             : "?";
}

/* Whether an event of a node tells of it as it is now, and no other does. */
static bool is_about(const msock_event *event)
{
    bool up =
        event->kind == MSOCK_EVENT_UP || event->kind == MSOCK_EVENT_CHANGED;
    bool down = event->kind == MSOCK_EVENT_DOWN;
    if (event->about == NULL) {
        return !up && !down && event->kind != MSOCK_EVENT_CONFLICT;
    }
    return event->about->session == event->session &&
           strcmp(event->about->name, event->node) == 0 &&
           (!up || event->about->up) && !(down && event->about->up);
}

void ledger_event(struct ledger *ledger, struct life *life,
                  const msock_event *event)
{
    const struct life *sender = ledger_life_of(ledger, event->session);
    report_note(ledger->report, "%s event %s of %s: %" PRIu64 " + %" PRIu64,
                life->name, event_name(event->kind),
                sender != NULL ? sender->name : "nobody", event->first,
                event->count);
    if (!is_about(event)) {
        report_fail(ledger->report, "%s is told %s of somebody else",
                    life->name, event_name(event->kind));
    }
    switch (event->kind) {
    case MSOCK_EVENT_WRITABLE:
        life->blocked = false;
        break;
    case MSOCK_EVENT_CLONE:
        if (ledger->shared == NULL ||
            !shared_told(ledger->shared, life, event->session)) {
            report_fail(ledger->report, "%s was cloned", life->name);
        }
        /* Others may hear of the new session before the next tick. */
        ledger_refresh(life, msock_sim_now_us(ledger->report->sim));
        break;
    default:
        if (ledger->shared == NULL ||
            !shared_has(ledger->shared, event->session)) {
            note_about(ledger, life, event);
        }
        break;
    }
}
