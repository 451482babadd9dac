/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder of control messages. */
#include "codec/control.h"

#include "codec/frame.h"
#include "codec/json.h"

#include <assert.h>
#include <multisock/multisock.h>
#include <string.h>

/* Text in the making. What does not fit is left out and remembered. */
struct pen {
    char *out;
    size_t size;
    size_t capacity;
    bool failed;
};

static void put(struct pen *pen, const char *text, size_t size)
{
    if (pen->failed || size > pen->capacity - pen->size) {
        pen->failed = true;
        return;
    }
    memcpy(pen->out + pen->size, text, size);
    pen->size += size;
}

static void put_text(struct pen *pen, const char *text)
{
    put(pen, text, strlen(text));
}

static void put_quoted(struct pen *pen, const char *name)
{
    char quoted[6 * MSOCK_NAME_MAX + 2];
    size_t size = strlen(name);

    assert(size <= MSOCK_NAME_MAX);
    put(pen, quoted, msock__json_quote(name, size, quoted));
}

static void put_number(struct pen *pen, uint64_t number)
{
    char digits[16];
    size_t at = sizeof digits;

    assert(number <= MSOCK__COUNTER_MAX);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(pen, digits + at, sizeof digits - at);
}

static void put_hex(struct pen *pen, uint64_t id, size_t digits)
{
    static const char hex[] = "0123456789abcdef";
    char text[16];

    assert(digits <= sizeof text);
    for (size_t i = digits; i > 0; i--) {
        text[i - 1] = hex[id & 15];
        id >>= 4;
    }
    put_text(pen, "\"");
    put(pen, text, digits);
    put_text(pen, "\"");
}

static void put_id(struct pen *pen, uint64_t id)
{
    put_hex(pen, id, 16);
}

static void put_pair(struct pen *pen, uint64_t first, uint64_t second)
{
    put_text(pen, "[");
    put_number(pen, first);
    put_text(pen, ",");
    put_number(pen, second);
    put_text(pen, "]");
}

/* -- Members -- */

static void put_member(struct pen *pen, const char *before, uint64_t number)
{
    put_text(pen, before);
    put_number(pen, number);
}

static void put_held(struct pen *pen, const char *before,
                     const struct msock__range *held)
{
    assert(held->first >= 1 && held->first <= held->last + 1);
    put_text(pen, before);
    put_pair(pen, held->first, held->last);
}

/* The separator before an item of a list. */
static void put_next(struct pen *pen, size_t index)
{
    put_text(pen, index > 0 ? "," : "");
}

static void put_filters(struct pen *pen, const struct msock__control *control)
{
    assert(control->count <= MSOCK__FILTERS_MAX);
    put_text(pen, ",\"filters\":[");
    for (size_t i = 0; i < control->count; i++) {
        put_next(pen, i);
        put(pen, control->filters[i].text, control->filters[i].size);
    }
    put_text(pen, "]");
}

static void put_keys(struct pen *pen, const struct msock__about *about)
{
    assert(about->key_count <= MSOCK_KEYS_MAX);
    put_text(pen, ",\"keys\":[");
    for (size_t i = 0; i < about->key_count; i++) {
        put_next(pen, i);
        put_hex(pen, about->keys[i], 8);
    }
    put_text(pen, "]");
}

static void put_about(struct pen *pen, const struct msock__control *control)
{
    const struct msock__about *about = &control->about;

    assert(about->part < about->parts && about->parts <= MSOCK__PARTS_MAX);
    put_text(pen, ",\"version\":");
    put_quoted(pen, about->version);
    put_text(pen, ",\"part\":");
    put_pair(pen, about->part, about->parts);
    if (control->count > 0) {
        put_filters(pen, control);
    }
    if (about->key_count > 0) {
        put_keys(pen, about);
    }
    put_text(pen, about->keeper ? ",\"keeper\":true" : "");
    if (about->will.size > 0) {
        assert(about->will.size <= MSOCK__WILL_MAX);
        put_text(pen, ",\"will\":");
        put(pen, about->will.text, about->will.size);
    }
}

static void put_hello(struct pen *pen, const struct msock__control *control)
{
    assert(control->every_ms >= 1 && control->every_ms <= MSOCK__EVERY_MAX_MS);
    put_member(pen, "{\"age\":", control->age_ms);
    put_member(pen, ",\"every\":", control->every_ms);
    put_member(pen, ",\"be\":", control->best_effort_last);
    put_held(pen, ",\"rel\":", &control->held);
    put_member(pen, ",\"rev\":", control->revision);
    if (control->full) {
        put_about(pen, control);
    }
}

static void put_bye(struct pen *pen, const struct msock__control *control)
{
    put_member(pen, "{\"be\":", control->best_effort_last);
    put_held(pen, ",\"rel\":", &control->held);
}

static void put_challenge(struct pen *pen, const struct msock__control *control)
{
    assert(control->up_ms <= MSOCK__UP_MAX_MS);
    put_text(pen, "{\"nonce\":");
    put_id(pen, control->nonce);
    put_member(pen, ",\"up\":", control->up_ms);
    put_text(pen, ",\"sessions\":[");
}

static void put_answer(struct pen *pen, const struct msock__control *control)
{
    put_member(pen, "{\"age\":", control->age_ms);
    put_held(pen, ",\"rel\":", &control->held);
    put_text(pen, ",\"floors\":[");
}

static void put_nack(struct pen *pen, const struct msock__control *control)
{
    put_text(pen, "{\"session\":");
    put_id(pen, control->session);
    if (control->take.first > 0) {
        put_held(pen, ",\"take\":", &control->take);
    }
    put_text(pen, ",\"ranges\":[");
}

static void put_take(struct pen *pen, const struct msock__control *control)
{
    put_text(pen, "{\"session\":");
    put_id(pen, control->session);
    put_held(pen, ",\"take\":", &control->take);
}

static void put_asked(struct pen *pen, const char *before,
                      const struct msock__asked *asked)
{
    assert(asked->count <= MSOCK__ASKED_MAX);
    if (asked->count == 0) {
        return;
    }
    put_text(pen, before);
    for (size_t i = 0; i < asked->count; i++) {
        put_next(pen, i);
        put_id(pen, asked->sessions[i]);
    }
    put_text(pen, "]");
}

static void put_sync(struct pen *pen, const struct msock__control *control)
{
    put_held(pen, "{\"rel\":", &control->held);
}

static void put_sync_asking(struct pen *pen,
                            const struct msock__control *control)
{
    put_sync(pen, control);
    put_asked(pen, ",\"of\":[", &control->of);
    put_text(pen, ",\"ack\":[");
}

static void put_ack(struct pen *pen, const struct msock__control *control)
{
    put_text(pen, "{\"session\":");
    put_id(pen, control->session);
    put_text(pen, ",\"acts\":[");
}

static void put_query(struct pen *pen, const struct msock__control *control)
{
    if (!control->asks_values) {
        put_text(pen, "{\"who\":[");
        return;
    }
    put_text(pen, "{\"query\":");
    put_id(pen, control->query);
    put_asked(pen, ",\"done\":[", &control->done);
    put_asked(pen, ",\"of\":[", &control->of);
    put_text(pen, ",\"filters\":[");
}

static void put_answered(struct pen *pen, const struct msock__control *control)
{
    put_text(pen, "{\"query\":");
    put_id(pen, control->query);
    put_member(pen, ",\"values\":", control->value_count);
    put_held(pen, ",\"frames\":", &control->held);
}

static void put_ring(struct pen *pen, const struct msock__control *control)
{
    put_text(pen, "{\"to\":");
    put_quoted(pen, control->pushed.to);
    put_member(pen, ",\"made\":", control->pushed.made_ms);
    put_text(pen, ",\"box\":\"");
    /* Base64 needs no escapes. */
    put_text(pen, control->pushed.box);
    put_text(pen, "\"");
}

/* -- Items -- */

static void put_session(struct pen *pen, const struct msock__control *control,
                        size_t index)
{
    put_next(pen, index);
    put_id(pen, control->sessions[index]);
}

/* The sessions that are asked for hellos, or the filters of values. */
static void put_wanted(struct pen *pen, const struct msock__control *control,
                       size_t index)
{
    if (!control->asks_values) {
        put_session(pen, control, index);
        return;
    }
    assert(control->count <= MSOCK__ASKED_MAX);
    put_next(pen, index);
    put(pen, control->filters[index].text, control->filters[index].size);
}

/* Goes on with the entry before if the floors are the same; an entry is closed
 * by the next one or by the end of the message. */
static void put_floor(struct pen *pen, const struct msock__control *control,
                      size_t index)
{
    const struct msock__floor *floor = &control->floors[index];

    assert(floor->best_effort >= 1 && floor->reliable >= 1);
    if (index == 0 || floor->best_effort != floor[-1].best_effort ||
        floor->reliable != floor[-1].reliable) {
        put_text(pen, index > 0 ? "],[" : "[");
        put_number(pen, floor->best_effort);
        put_member(pen, ",", floor->reliable);
    }
    put_text(pen, ",");
    put_id(pen, floor->nonce);
}

static void put_range(struct pen *pen, const struct msock__control *control,
                      size_t index)
{
    const struct msock__range *range = &control->ranges[index];

    assert(range->first > (index > 0 ? range[-1].last : 0));
    assert(range->first <= range->last);
    put_next(pen, index);
    put_pair(pen, range->first, range->last);
}

static void put_counter(struct pen *pen, const struct msock__control *control,
                        size_t index)
{
    assert(control->asked[index] >= 1);
    put_next(pen, index);
    put_number(pen, control->asked[index]);
}

static void put_act(struct pen *pen, const struct msock__control *control,
                    size_t index)
{
    const struct msock__act *act = &control->acts[index];

    assert(act->counter >= 1 && act->code <= INT32_MAX);
    put_next(pen, index);
    put_pair(pen, act->counter, act->code);
}

/* -- Messages -- */

/* How a kind is written: what comes before its items, an item, the end. */
static const struct form {
    const char *topic;
    void (*begin)(struct pen *pen, const struct msock__control *control);
    void (*item)(struct pen *pen, const struct msock__control *control,
                 size_t index);
    size_t count_max;
    const char *end;
} forms[MSOCK__CONTROL_UNKNOWN] = {
    [MSOCK__HELLO] = {"$ms/hello", put_hello, NULL, 0, "}}\n"},
    [MSOCK__BYE] = {"$ms/bye", put_bye, NULL, 0, "}}\n"},
    [MSOCK__CHALLENGE] = {"$ms/challenge", put_challenge, put_session,
                          MSOCK__CHALLENGE_MAX, "]}}\n"},
    [MSOCK__ANSWER] = {"$ms/answer", put_answer, put_floor, MSOCK__ANSWER_MAX,
                       "]]}}\n"},
    [MSOCK__SYNC] = {"$ms/sync", put_sync, NULL, 0, "}}\n"},
    [MSOCK__NACK] = {"$ms/nack", put_nack, put_range, MSOCK__NACK_MAX, "]}}\n"},
    [MSOCK__TAKE] = {"$ms/take", put_take, NULL, 0, "}}\n"},
    [MSOCK__QUERY] = {"$ms/query", put_query, put_wanted, MSOCK__WHO_MAX,
                      "]}}\n"},
    [MSOCK__RING] = {"$ms/ring", put_ring, NULL, 0, "}}\n"},
    [MSOCK__HELD] = {"$ms/held", put_answered, NULL, 0, "}}\n"},
    [MSOCK__ACK] = {"$ms/ack", put_ack, put_act, MSOCK__ACTS_MAX, "]}}\n"},
};

/* A sync that asks who acted ends with a list. */
static const struct form asking_sync = {"$ms/sync", put_sync_asking,
                                        put_counter, MSOCK__ACK_MAX, "]}}\n"};

static const struct form *form_of(const struct msock__control *control)
{
    assert(control->kind < MSOCK__CONTROL_UNKNOWN);
    return control->kind == MSOCK__SYNC && control->count > 0
               ? &asking_sync
               : &forms[control->kind];
}

/* Writes items until one does not fit.  Returns how many. */
static size_t put_items(struct pen *pen, const struct msock__control *control,
                        const struct form *form)
{
    size_t index = 0;

    assert(control->count >= 1 && control->count <= form->count_max);
    while (index < control->count && !pen->failed) {
        size_t before = pen->size;
        form->item(pen, control, index);
        if (pen->failed) {
            pen->size = before;
        } else {
            index++;
        }
    }
    pen->failed = index == 0;
    return index;
}

size_t msock__control_encode(const struct msock__control *control,
                             const char *sender, char *out, size_t capacity,
                             size_t *used)
{
    const struct form *form = form_of(control);
    size_t end_size = strlen(form->end);
    struct pen pen = {.out = out, .failed = capacity < end_size};
    size_t count = control->count;

    pen.capacity = pen.failed ? 0 : capacity - end_size;
    put_text(&pen, "{\"topic\":\"");
    put_text(&pen, form->topic);
    put_text(&pen, "\",\"sender\":");
    put_quoted(&pen, sender);
    put_text(&pen, ",\"data\":");
    form->begin(&pen, control);
    if (form->item != NULL) {
        count = put_items(&pen, control, form);
    }
    if (pen.failed) {
        return 0;
    }
    pen.capacity += end_size;
    put_text(&pen, form->end);
    if (used != NULL) {
        *used = count;
    }
    return pen.size;
}
