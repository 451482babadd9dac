/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages for tests: decoding one from text, comparing two, and the
 * rules of docs/protocol.md 7 once more, written down apart from the decoder.
 */
#ifndef TESTS_CODEC_CONTROL_CASE_H
#define TESTS_CODEC_CONTROL_CASE_H

#include "codec/control.h"
#include "codec/frame.h"
#include "tests/codec/exact.h"

#include <multisock/counter.h>
#include <stdio.h>

enum { CONTROL_LINE_MAX = 65507 };

/* A decoded control message; `bytes` is to be freed. */
struct control_read {
    char *bytes;
    int drop;
    struct msock__envelope envelope;
    struct msock__control control;
};

/** Decodes a line, its newline included. */
static inline struct control_read control_read_line(const char *line,
                                                    size_t size)
{
    struct control_read r = {.bytes = exact_copy(line, size, 1)};
    size_t used;

    r.drop = msock__envelope_decode(r.bytes, size, false, 0, 2048, &r.envelope,
                                    &used);
    if (r.drop == 0) {
        r.drop = msock__control_decode(&r.envelope, &r.control);
    }
    return r;
}

/** Decodes `data` under `$ms/WORD`. */
static inline struct control_read control_read(const char *word,
                                               const char *data)
{
    size_t capacity = strlen(data) + 128;
    char *line = malloc(capacity);

    if (line == NULL) {
        abort();
    }
    int size = snprintf(
        line, capacity,
        "{\"topic\":\"$ms/%s\",\"sender\":\"hub\",\"data\":%s}\n", word, data);
    struct control_read r = control_read_line(line, (size_t)size);
    free(line);
    return r;
}

/** What decoding that yields: 0 or the drop counter. */
static inline int control_drop(const char *word, const char *data)
{
    struct control_read r = control_read(word, data);

    free(r.bytes);
    return r.drop;
}

static inline bool control_same_text(const struct msock__json_slice *a,
                                     const struct msock__json_slice *b)
{
    char x[2 * MSOCK__WILL_MAX];
    char y[2 * MSOCK__WILL_MAX];
    bool strings = a->size > 0 && a->text[0] == '"';
    if (!strings) {
        return a->size == b->size &&
               (a->size == 0 || memcmp(a->text, b->text, a->size) == 0);
    }
    size_t size = msock__json_unescape(a, x);
    return msock__json_unescape(b, y) == size && memcmp(x, y, size) == 0;
}

static inline bool control_same_filters(const struct msock__control *a,
                                        const struct msock__control *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!control_same_text(&a->filters[i], &b->filters[i])) {
            return false;
        }
    }
    return true;
}

static inline bool control_same_asked(const struct msock__asked *a,
                                      const struct msock__asked *b)
{
    return a->count == b->count && memcmp(a->sessions, b->sessions,
                                          a->count * sizeof *a->sessions) == 0;
}

/** Whether what they say of asking for values is the same, but for filters. */
static inline bool control_same_asking(const struct msock__control *a,
                                       const struct msock__control *b)
{
    return a->asks_values == b->asks_values && a->query == b->query &&
           control_same_asked(&a->done, &b->done) &&
           control_same_asked(&a->of, &b->of) &&
           a->value_count == b->value_count;
}

/** Whether two hellos say the same of who the node is. */
static inline bool control_same_about(const struct msock__control *a,
                                      const struct msock__control *b)
{
    const struct msock__about *x = &a->about;
    const struct msock__about *y = &b->about;

    return control_same_filters(a, b) && x->part == y->part &&
           x->parts == y->parts && strcmp(x->version, y->version) == 0 &&
           x->key_count == y->key_count &&
           memcmp(x->keys, y->keys, x->key_count * sizeof x->keys[0]) == 0 &&
           x->keeper == y->keeper && control_same_text(&x->will, &y->will);
}

static inline bool control_same_acts(const struct msock__control *a,
                                     const struct msock__control *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->acts[i].counter != b->acts[i].counter ||
            a->acts[i].code != b->acts[i].code) {
            return false;
        }
    }
    return true;
}

/** Whether two messages say the same. */
static inline bool control_same(const struct msock__control *a,
                                const struct msock__control *b)
{
    size_t item = a->kind == MSOCK__ANSWER ? sizeof a->floors[0]
                  : a->kind == MSOCK__NACK ? sizeof a->ranges[0]
                                           : sizeof a->sessions[0];

    return a->kind == b->kind && a->age_ms == b->age_ms &&
           a->every_ms == b->every_ms &&
           a->best_effort_last == b->best_effort_last &&
           a->revision == b->revision && a->held.first == b->held.first &&
           a->held.last == b->held.last && a->full == b->full &&
           a->nonce == b->nonce && a->up_ms == b->up_ms &&
           a->session == b->session && a->take.first == b->take.first &&
           a->take.last == b->take.last && control_same_asking(a, b) &&
           a->count == b->count &&
           (a->kind == MSOCK__RING
                ? strcmp(a->pushed.to, b->pushed.to) == 0 &&
                      strcmp(a->pushed.box, b->pushed.box) == 0
            : a->kind == MSOCK__HELLO ? control_same_about(a, b)
            : a->kind == MSOCK__ACK   ? control_same_acts(a, b)
            : a->asks_values
                ? control_same_filters(a, b)
                : memcmp(a->sessions, b->sessions, a->count * item) == 0);
}

static inline bool control_ranges_valid(const struct msock__control *c)
{
    uint64_t below = 0;
    uint64_t frames = 0;

    for (size_t i = 0; i < c->count; i++) {
        if (c->ranges[i].first <= below ||
            c->ranges[i].last < c->ranges[i].first ||
            c->ranges[i].last > MSOCK__COUNTER_MAX) {
            return false;
        }
        below = c->ranges[i].last;
        frames += below - c->ranges[i].first + 1;
    }
    return c->count <= MSOCK__NACK_MAX && frames <= 1024;
}

static inline bool control_floors_valid(const struct msock__control *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->floors[i].best_effort - 1 >= MSOCK__COUNTER_MAX ||
            c->floors[i].reliable - 1 >= MSOCK__COUNTER_MAX) {
            return false;
        }
    }
    return c->count <= MSOCK__ANSWER_MAX;
}

static inline bool control_held_valid(const struct msock__control *c)
{
    return c->held.first >= 1 && c->held.last <= MSOCK__COUNTER_MAX &&
           c->held.first <= c->held.last + 1;
}

static inline bool control_take_valid(const struct msock__control *c)
{
    return c->take.first >= 1 && c->take.last <= MSOCK__COUNTER_MAX &&
           c->take.first <= c->take.last + 1;
}

static inline bool control_acts_valid(const struct msock__control *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->acts[i].counter - 1 >= MSOCK__COUNTER_MAX ||
            c->acts[i].code > 2147483647) {
            return false;
        }
    }
    return c->count <= 64;
}

static inline bool control_asked_valid(const struct msock__control *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->asked[i] - 1 >= MSOCK__COUNTER_MAX) {
            return false;
        }
    }
    return c->count <= 16 && c->of.count <= 16;
}

/** Whether a message keeps the rules of its kind. */
static inline bool control_valid(const struct msock__control *c)
{
    switch (c->kind) {
    case MSOCK__HELLO:
        return control_held_valid(c) && c->every_ms - 1 < 600000 &&
               c->age_ms <= MSOCK__COUNTER_MAX &&
               c->revision <= MSOCK__COUNTER_MAX &&
               c->best_effort_last <= MSOCK__COUNTER_MAX && c->count <= 32 &&
               c->full == (c->about.parts > 0) && c->about.parts <= 256 &&
               c->about.key_count <= 8 && c->about.will.size <= 512;
    case MSOCK__QUERY:
        return c->asks_values
                   ? c->count <= 16 && c->done.count <= 16 && c->of.count <= 16
                   : c->count <= 64;
    case MSOCK__HELD:
        return control_held_valid(c) && c->value_count <= MSOCK__COUNTER_MAX;
    case MSOCK__RING:
        return strlen(c->pushed.to) - 1 < 63 && strlen(c->pushed.box) - 1 < 408;
    case MSOCK__BYE:
        return control_held_valid(c) &&
               c->best_effort_last <= MSOCK__COUNTER_MAX;
    case MSOCK__SYNC:
        return control_held_valid(c) && control_asked_valid(c);
    case MSOCK__ACK:
        return control_acts_valid(c);
    case MSOCK__CHALLENGE:
        return c->count <= 64 && c->up_ms <= 10000;
    case MSOCK__ANSWER:
        return control_held_valid(c) && control_floors_valid(c) &&
               c->age_ms <= MSOCK__COUNTER_MAX;
    case MSOCK__NACK:
        return control_ranges_valid(c) &&
               (c->take.first == 0 || control_take_valid(c));
    case MSOCK__TAKE:
        return control_take_valid(c);
    default:
        return false;
    }
}

/** Whether a message, encoded and decoded again, says the same: all of it, or
 *  nothing where there is no item. */
static inline bool control_comes_back(const struct msock__control *control)
{
    static char line[CONTROL_LINE_MAX];
    size_t used = 0;
    bool listed =
        control->kind == MSOCK__CHALLENGE || control->kind == MSOCK__ANSWER ||
        control->kind == MSOCK__NACK || control->kind == MSOCK__QUERY ||
        control->kind == MSOCK__ACK || control->of.count > 0;

    if (listed && control->count == 0) {
        return true; /* the encoder has no form for it */
    }
    size_t size =
        msock__control_encode(control, "hub", line, sizeof line, &used);
    struct control_read r = control_read_line(line, size);
    bool same = r.drop == 0 && used == control->count &&
                control_same(&r.control, control);
    free(r.bytes);
    return same;
}

#endif
