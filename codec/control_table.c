/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of control messages and the readers of their values. */
#include "codec/control_table.h"

#include "codec/control_value.h"

#include <assert.h>
#include <string.h>

enum {
    ID_DIGITS = 16, /* sessions and nonces */
    KEY_DIGITS = 8  /* key ids */
};

typedef struct msock__json_slice slice;

/* -- Numbers and ranges -- */

static bool read_age(const slice *value, struct msock__reading *reading)
{
    return msock__json_integer(value, &reading->control.age_ms);
}

static bool read_every(const slice *value, struct msock__reading *reading)
{
    uint64_t *every = &reading->control.every_ms;

    return msock__json_integer(value, every) && *every >= 1 &&
           *every <= MSOCK__EVERY_MAX_MS;
}

static bool read_query(const slice *value, struct msock__reading *reading)
{
    reading->control.asks_values = true;
    return msock__value_hex(value, ID_DIGITS, &reading->control.query);
}

static bool read_answered(const slice *value, struct msock__reading *reading)
{
    return msock__value_hex(value, ID_DIGITS, &reading->control.query);
}

static bool read_values(const slice *value, struct msock__reading *reading)
{
    return msock__json_integer(value, &reading->control.value_count);
}

static bool read_last(const slice *value, struct msock__reading *reading)
{
    return msock__json_integer(value, &reading->control.best_effort_last);
}

static bool read_revision(const slice *value, struct msock__reading *reading)
{
    return msock__json_integer(value, &reading->control.revision);
}

static bool read_up(const slice *value, struct msock__reading *reading)
{
    uint64_t *up = &reading->control.up_ms;

    return msock__json_integer(value, up) && *up <= MSOCK__UP_MAX_MS;
}

/* [oldest, last]; nothing is held if oldest = last + 1. */
static bool read_held(const slice *value, struct msock__reading *reading)
{
    uint64_t pair[2];

    if (!msock__value_pair(value, pair) || pair[0] < 1 ||
        pair[0] > pair[1] + 1) {
        return false;
    }
    reading->control.held =
        (struct msock__range){.first = pair[0], .last = pair[1]};
    return true;
}

static bool read_nonce(const slice *value, struct msock__reading *reading)
{
    return msock__value_hex(value, ID_DIGITS, &reading->control.nonce);
}

static bool read_session(const slice *value, struct msock__reading *reading)
{
    return msock__value_hex(value, ID_DIGITS, &reading->control.session);
}

/* -- Lists -- */

static bool add_session(const slice *item, void *user)
{
    struct msock__control *control = user;

    return msock__value_hex(item, ID_DIGITS,
                            &control->sessions[control->count++]);
}

static bool read_sessions(const slice *value, struct msock__reading *reading)
{
    return msock__value_items(value, MSOCK__CHALLENGE_MAX, add_session,
                              &reading->control);
}

static bool read_who(const slice *value, struct msock__reading *reading)
{
    return msock__value_items(value, MSOCK__WHO_MAX, add_session,
                              &reading->control);
}

static bool add_asked(const slice *item, void *user)
{
    struct msock__asked *asked = user;

    return msock__value_hex(item, ID_DIGITS, &asked->sessions[asked->count++]);
}

static bool read_done(const slice *value, struct msock__reading *reading)
{
    return msock__value_items(value, MSOCK__ASKED_MAX, add_asked,
                              &reading->control.done);
}

static bool read_of(const slice *value, struct msock__reading *reading)
{
    return msock__value_items(value, MSOCK__ASKED_MAX, add_asked,
                              &reading->control.of);
}

/* A range lies above the one before it. */
static bool add_range(const slice *item, void *user)
{
    struct msock__control *control = user;
    uint64_t below =
        control->count > 0 ? control->ranges[control->count - 1].last : 0;
    uint64_t pair[2];

    if (!msock__value_pair(item, pair) || pair[0] <= below ||
        pair[1] < pair[0]) {
        return false;
    }
    control->ranges[control->count++] =
        (struct msock__range){.first = pair[0], .last = pair[1]};
    return true;
}

static bool read_take(const slice *value, struct msock__reading *reading)
{
    struct msock__range *take = &reading->control.take;
    uint64_t pair[2];

    if (!msock__value_pair(value, pair) || pair[0] < 1 ||
        pair[1] < pair[0] - 1) {
        return false;
    }
    *take = (struct msock__range){.first = pair[0], .last = pair[1]};
    return true;
}

static bool read_ranges(const slice *value, struct msock__reading *reading)
{
    const struct msock__control *control = &reading->control;
    uint64_t frames = 0;

    if (!msock__value_items(value, MSOCK__NACK_MAX, add_range,
                            &reading->control)) {
        return false;
    }
    for (size_t i = 0; i < control->count; i++) {
        frames += control->ranges[i].last - control->ranges[i].first + 1;
    }
    return frames <= MSOCK__NACK_FRAMES;
}

/* -- Floors -- */

/* An entry of an answer's floors: two counters, then nonces. */
struct entry {
    struct msock__reading *reading;
    struct msock__floor floor;
    size_t count; /* items that were read */
};

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Keeps the floors of one of the nonces that count. */
static void take_own(struct msock__reading *reading,
                     const struct msock__floor *floor)
{
    struct msock__floor *kept = reading->control.floors;

    if (floor->nonce != reading->own[0] && floor->nonce != reading->own[1]) {
        return;
    }
    if (reading->control.count == 0) {
        reading->control.count = 1;
        *kept = *floor;
        return;
    }
    kept->best_effort = lower(kept->best_effort, floor->best_effort);
    kept->reliable = lower(kept->reliable, floor->reliable);
}

static void take_floor(struct msock__reading *reading,
                       const struct msock__floor *floor)
{
    struct msock__control *control = &reading->control;

    if (reading->own != NULL) {
        take_own(reading, floor);
    } else if (control->count < MSOCK__ANSWER_MAX) {
        control->floors[control->count++] = *floor;
    }
}

static bool read_counter(const slice *value, uint64_t *counter)
{
    return msock__json_integer(value, counter) && *counter >= 1;
}

static bool read_entry_item(const slice *item, void *user)
{
    struct entry *entry = user;

    switch (entry->count++) {
    case 0:
        return read_counter(item, &entry->floor.best_effort);
    case 1:
        return read_counter(item, &entry->floor.reliable);
    default:
        if (!msock__value_hex(item, ID_DIGITS, &entry->floor.nonce)) {
            return false;
        }
        take_floor(entry->reading, &entry->floor);
        return true;
    }
}

static bool read_entry(const slice *item, void *user)
{
    struct entry entry = {.reading = user};

    return msock__value_items(item, SIZE_MAX, read_entry_item, &entry) &&
           entry.count >= 3;
}

static bool read_floors(const slice *value, struct msock__reading *reading)
{
    return msock__value_items(value, SIZE_MAX, read_entry, reading);
}

/* -- What a full hello adds -- */

/* Which part of how many; that it is there makes a hello full. */
static bool read_part(const slice *value, struct msock__reading *reading)
{
    uint64_t pair[2];

    if (!msock__value_pair(value, pair) || pair[0] >= pair[1] ||
        pair[1] > MSOCK__PARTS_MAX) {
        return false;
    }
    reading->control.full = true;
    reading->control.about.part = (uint32_t)pair[0];
    reading->control.about.parts = (uint32_t)pair[1];
    return true;
}

static bool read_version(const slice *value, struct msock__reading *reading)
{
    char *version = reading->control.about.version;
    size_t size;

    if (!msock__value_name(value, NULL) ||
        !msock__value_text(value, version, MSOCK_NAME_MAX, &size)) {
        return false;
    }
    version[size] = '\0';
    return true;
}

static bool add_filter(const slice *item, void *user)
{
    struct msock__control *control = user;

    control->filters[control->count++] = *item;
    return msock__value_filter(item, NULL);
}

static bool read_filters(const slice *value, struct msock__reading *reading)
{
    return msock__value_items(value, MSOCK__FILTERS_MAX, add_filter,
                              &reading->control);
}

static bool read_asked_filters(const slice *value,
                               struct msock__reading *reading)
{
    return msock__value_items(value, MSOCK__ASKED_MAX, add_filter,
                              &reading->control);
}

static bool add_key(const slice *item, void *user)
{
    struct msock__about *about = user;
    uint64_t id;

    if (!msock__value_hex(item, KEY_DIGITS, &id)) {
        return false;
    }
    about->keys[about->key_count++] = (uint32_t)id;
    return true;
}

static bool read_keys(const slice *value, struct msock__reading *reading)
{
    return msock__value_items(value, MSOCK_KEYS_MAX, add_key,
                              &reading->control.about);
}

static bool read_keeper(const slice *value, struct msock__reading *reading)
{
    reading->control.about.keeper = value->size == sizeof "true" - 1;
    return value->type == MSOCK__JSON_BOOL;
}

static bool read_will(const slice *value, struct msock__reading *reading)
{
    reading->control.about.will = *value;
    return msock__value_will(value);
}

/* -- Keys that are pushed -- */

static bool read_to(const slice *value, struct msock__reading *reading)
{
    size_t size;

    /* The memory was zeroed: both texts end. */
    return msock__value_name(value, NULL) &&
           msock__value_text(value, reading->control.pushed.to, MSOCK_NAME_MAX,
                             &size);
}

static bool read_made(const slice *value, struct msock__reading *reading)
{
    return msock__json_integer(value, &reading->control.pushed.made_ms);
}

/* Of the letters of base64; whether it is a box, who opens it sees. */
static bool read_box(const slice *value, struct msock__reading *reading)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/=";
    const char *box = reading->control.pushed.box;
    size_t size;

    return msock__value_text(value, reading->control.pushed.box, MSOCK__BOX_MAX,
                             &size) &&
           size > 0 && strspn(box, letters) == size;
}

/* -- Who acted -- */

static bool add_counter(const slice *item, void *user)
{
    struct msock__control *control = user;

    return read_counter(item, &control->asked[control->count++]);
}

static bool read_ack(const slice *value, struct msock__reading *reading)
{
    return msock__value_items(value, MSOCK__ACK_MAX, add_counter,
                              &reading->control);
}

/* [counter, code]; the code is an error's, without its sign. */
static bool add_act(const slice *item, void *user)
{
    struct msock__control *control = user;
    uint64_t pair[2];

    if (!msock__value_pair(item, pair) || pair[0] < 1 || pair[1] > INT32_MAX) {
        return false;
    }
    control->acts[control->count++] =
        (struct msock__act){.counter = pair[0], .code = (uint32_t)pair[1]};
    return true;
}

static bool read_acts(const slice *value, struct msock__reading *reading)
{
    return msock__value_items(value, MSOCK__ACTS_MAX, add_act,
                              &reading->control);
}

/* -- Tables -- */

/* Bits of keys that others need. */
enum {
    VERSION_PART = 1 << 5 | 1 << 6,
    ACK = 1 << 2,
    WHO = 1 << 0,
    QUERY = 1 << 1,
    FILTERS = 1 << 4
};

static const struct msock__control_table tables[MSOCK__CONTROL_UNKNOWN] = {
    [MSOCK__HELLO] = {"$ms/hello",
                      5,
                      {{"age", read_age, 0},
                       {"every", read_every, 0},
                       {"be", read_last, 0},
                       {"rel", read_held, 0},
                       {"rev", read_revision, 0},
                       {"version", read_version, VERSION_PART},
                       {"part", read_part, VERSION_PART},
                       {"filters", read_filters, VERSION_PART},
                       {"keys", read_keys, VERSION_PART},
                       {"keeper", read_keeper, VERSION_PART},
                       {"will", read_will, VERSION_PART}},
                      0},
    [MSOCK__BYE] = {"$ms/bye",
                    2,
                    {{"be", read_last, 0}, {"rel", read_held, 0}},
                    0},
    [MSOCK__CHALLENGE] = {"$ms/challenge",
                          3,
                          {{"nonce", read_nonce, 0},
                           {"up", read_up, 0},
                           {"sessions", read_sessions, 0}},
                          0},
    [MSOCK__ANSWER] = {"$ms/answer",
                       3,
                       {{"age", read_age, 0},
                        {"rel", read_held, 0},
                        {"floors", read_floors, 0}},
                       0},
    [MSOCK__SYNC] = {"$ms/sync",
                     1,
                     {{"rel", read_held, 0},
                      {"of", read_of, ACK},
                      {"ack", read_ack, 0}},
                     0},
    [MSOCK__NACK] = {"$ms/nack",
                     2,
                     {{"session", read_session, 0},
                      {"ranges", read_ranges, 0},
                      {"take", read_take, 0}},
                     0},
    [MSOCK__TAKE] = {"$ms/take",
                     2,
                     {{"session", read_session, 0}, {"take", read_take, 0}},
                     0},
    [MSOCK__QUERY] = {"$ms/query",
                      0,
                      {{"who", read_who, 0},
                       {"query", read_query, FILTERS},
                       {"done", read_done, QUERY},
                       {"of", read_of, QUERY},
                       {"filters", read_asked_filters, QUERY}},
                      WHO | QUERY},
    [MSOCK__RING] = {"$ms/ring",
                     3,
                     {{"to", read_to, 0},
                      {"made", read_made, 0},
                      {"box", read_box, 0}},
                     0},
    [MSOCK__HELD] = {"$ms/held",
                     3,
                     {{"query", read_answered, 0},
                      {"values", read_values, 0},
                      {"frames", read_held, 0}},
                     0},
    [MSOCK__ACK] = {"$ms/ack",
                    2,
                    {{"session", read_session, 0}, {"acts", read_acts, 0}},
                    0},
};

const struct msock__control_table *
msock__control_table(enum msock__control_kind kind)
{
    assert(kind < MSOCK__CONTROL_UNKNOWN);
    return &tables[kind];
}
