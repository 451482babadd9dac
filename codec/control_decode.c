/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder of control messages: a table says which keys a topic has, in the
 * order of section 7 and the required ones first, and who reads each value. */
#include "codec/control.h"

#include "codec/control_value.h"

#include <assert.h>
#include <multisock/counter.h>
#include <multisock/multisock.h>
#include <string.h>

enum {
    ID_DIGITS = 16, /* sessions and nonces */
    KEY_DIGITS = 8,
    PARTS_MAX = 256,
    FILTERS_MAX = 32,
    KEYS_MAX = 8,
    WILL_MAX = 512, /* bytes of its text */
    ACK_MAX = 16,
    TABLE_MAX = 11
};

typedef struct msock__json_slice slice;

/* A message being read. */
struct reading {
    struct msock__control control;
    const uint64_t *own; /* two nonces that alone count, or NULL */
};

/* -- Numbers and ranges -- */

static bool read_age(const slice *value, struct reading *reading)
{
    return msock__json_integer(value, &reading->control.age_ms);
}

static bool read_every(const slice *value, struct reading *reading)
{
    uint64_t *every = &reading->control.every_ms;

    return msock__json_integer(value, every) && *every >= 1 &&
           *every <= MSOCK__EVERY_MAX_MS;
}

static bool read_last(const slice *value, struct reading *reading)
{
    return msock__json_integer(value, &reading->control.best_effort_last);
}

static bool read_revision(const slice *value, struct reading *reading)
{
    return msock__json_integer(value, &reading->control.revision);
}

static bool read_up(const slice *value, struct reading *reading)
{
    uint64_t *up = &reading->control.up_ms;

    return msock__json_integer(value, up) && *up <= MSOCK__UP_MAX_MS;
}

/* [oldest, last]; nothing is held if oldest = last + 1. */
static bool read_held(const slice *value, struct reading *reading)
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

static bool read_nonce(const slice *value, struct reading *reading)
{
    return msock__value_hex(value, ID_DIGITS, &reading->control.nonce);
}

static bool read_session(const slice *value, struct reading *reading)
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

static bool read_sessions(const slice *value, struct reading *reading)
{
    return msock__value_items(value, MSOCK__CHALLENGE_MAX, add_session,
                              &reading->control);
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

static bool read_ranges(const slice *value, struct reading *reading)
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
    struct reading *reading;
    struct msock__floor floor;
    size_t count; /* items that were read */
};

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Keeps the floors of one of the nonces that count. */
static void take_own(struct reading *reading, const struct msock__floor *floor)
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

static void take_floor(struct reading *reading,
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

static bool read_floors(const slice *value, struct reading *reading)
{
    return msock__value_items(value, SIZE_MAX, read_entry, reading);
}

/* -- What is checked and not kept -- */

static bool is_name(const slice *value, void *user)
{
    char name[MSOCK_NAME_MAX];
    size_t size;

    (void)user;
    return msock__value_text(value, name, sizeof name, &size) &&
           msock__name_valid(name, size);
}

static bool is_filter(const slice *value, void *user)
{
    char filter[MSOCK_TOPIC_MAX];
    size_t size;

    (void)user;
    return msock__value_text(value, filter, sizeof filter, &size) && size > 0;
}

static bool is_key_id(const slice *value, void *user)
{
    uint64_t id;

    (void)user;
    return msock__value_hex(value, KEY_DIGITS, &id);
}

static bool is_counter(const slice *value, void *user)
{
    uint64_t counter;

    (void)user;
    return read_counter(value, &counter);
}

static bool check_version(const slice *value, struct reading *reading)
{
    return is_name(value, reading);
}

static bool check_part(const slice *value, struct reading *reading)
{
    uint64_t pair[2];

    (void)reading;
    return msock__value_pair(value, pair) && pair[0] < pair[1] &&
           pair[1] <= PARTS_MAX;
}

static bool check_filters(const slice *value, struct reading *reading)
{
    return msock__value_items(value, FILTERS_MAX, is_filter, reading);
}

static bool check_keys(const slice *value, struct reading *reading)
{
    return msock__value_items(value, KEYS_MAX, is_key_id, reading);
}

static bool check_keeper(const slice *value, struct reading *reading)
{
    (void)reading;
    return value->type == MSOCK__JSON_BOOL;
}

/* The first item is a topic for applications; the second may be anything. */
static bool check_will_item(const slice *item, void *user)
{
    size_t *count = user;
    char topic[MSOCK_TOPIC_MAX];
    size_t size;

    if ((*count)++ > 0) {
        return true;
    }
    return msock__value_text(item, topic, sizeof topic, &size) &&
           msock__topic_valid(topic, size) &&
           (size < 4 || memcmp(topic, "$ms/", 4) != 0);
}

static bool check_will(const slice *value, struct reading *reading)
{
    size_t count = 0;

    (void)reading;
    return value->size <= WILL_MAX &&
           msock__value_items(value, 2, check_will_item, &count) && count == 2;
}

static bool check_ack(const slice *value, struct reading *reading)
{
    return msock__value_items(value, ACK_MAX, is_counter, reading);
}

static bool check_of(const slice *value, struct reading *reading)
{
    return msock__value_items(value, ACK_MAX, is_name, reading);
}

/* -- Messages -- */

struct key {
    const char *name;
    bool (*read)(const slice *value, struct reading *reading);
};

/* The keys of a message; those after `required` ones may be missing. */
struct table {
    const char *topic;
    size_t required;
    struct key keys[TABLE_MAX];
};

/* Where keys that depend on each other stand in their tables. */
enum { VERSION = 5, PART = 6, ACK = 1, OF = 2 };

static const struct table tables[MSOCK__CONTROL_UNKNOWN] = {
    [MSOCK__HELLO] = {"$ms/hello",
                      5,
                      {{"age", read_age},
                       {"every", read_every},
                       {"be", read_last},
                       {"rel", read_held},
                       {"rev", read_revision},
                       [VERSION] = {"version", check_version},
                       [PART] = {"part", check_part},
                       {"filters", check_filters},
                       {"keys", check_keys},
                       {"keeper", check_keeper},
                       {"will", check_will}}},
    [MSOCK__BYE] = {"$ms/bye", 2, {{"be", read_last}, {"rel", read_held}}},
    [MSOCK__CHALLENGE] = {"$ms/challenge",
                          3,
                          {{"nonce", read_nonce},
                           {"up", read_up},
                           {"sessions", read_sessions}}},
    [MSOCK__ANSWER] = {"$ms/answer",
                       3,
                       {{"age", read_age},
                        {"rel", read_held},
                        {"floors", read_floors}}},
    [MSOCK__SYNC] = {"$ms/sync",
                     1,
                     {{"rel", read_held},
                      [ACK] = {"ack", check_ack},
                      [OF] = {"of", check_of}}},
    [MSOCK__NACK] = {"$ms/nack",
                     2,
                     {{"session", read_session}, {"ranges", read_ranges}}},
};

/* Returns the index of a key, TABLE_MAX if the table does not have it. */
static size_t find_key(const struct table *table, const slice *name)
{
    size_t index = 0;

    while (index < TABLE_MAX && table->keys[index].name != NULL) {
        if (msock__json_equal(name, table->keys[index].name)) {
            return index;
        }
        index++;
    }
    return TABLE_MAX;
}

/* Reads the members of the data.  Returns whether all is well, with the keys
 * that were there, as bits. */
static bool read_members(const struct table *table,
                         const struct msock__envelope *envelope,
                         struct reading *reading, unsigned *seen)
{
    slice name;
    slice value;
    size_t offset = 0;
    int more;

    while ((more = msock__json_member(envelope->data, envelope->data_size,
                                      MSOCK__JSON_DEPTH_MAX - 1, &offset, &name,
                                      &value)) == 1) {
        size_t index = find_key(table, &name);
        if (index == TABLE_MAX) {
            continue;
        }
        if ((*seen >> index & 1) != 0 ||
            !table->keys[index].read(&value, reading)) {
            return false;
        }
        *seen |= 1u << index;
    }
    return more == 0;
}

static bool seen_key(unsigned seen, unsigned index)
{
    return (seen >> index & 1) != 0;
}

/* Whether the keys that are there fit together. */
static bool company_valid(enum msock__control_kind kind, unsigned seen)
{
    unsigned required = (1u << tables[kind].required) - 1;

    if ((seen & required) != required) {
        return false;
    }
    if (kind == MSOCK__HELLO) {
        bool full = seen >> tables[kind].required != 0;
        return !full || (seen_key(seen, VERSION) && seen_key(seen, PART));
    }
    return kind != MSOCK__SYNC || !seen_key(seen, OF) || seen_key(seen, ACK);
}

/* Returns 0 or the drop counter. */
static int read_message(const struct msock__envelope *envelope,
                        struct reading *reading)
{
    enum msock__control_kind kind = msock__control_kind_of(envelope);
    unsigned seen = 0;

    if (kind == MSOCK__CONTROL_UNKNOWN ||
        (envelope->keys & MSOCK__KEY_DATA) == 0 ||
        !read_members(&tables[kind], envelope, reading, &seen) ||
        !company_valid(kind, seen)) {
        return MSOCK_DROP_CONTROL;
    }
    reading->control.kind = kind;
    reading->control.full = kind == MSOCK__HELLO && seen_key(seen, PART);
    return 0;
}

enum msock__control_kind
msock__control_kind_of(const struct msock__envelope *envelope)
{
    size_t kind = 0;

    assert(envelope->topic != NULL);
    while (kind < MSOCK__CONTROL_UNKNOWN &&
           (strlen(tables[kind].topic) != envelope->topic_size ||
            memcmp(tables[kind].topic, envelope->topic, envelope->topic_size) !=
                0)) {
        kind++;
    }
    return (enum msock__control_kind)kind;
}

int msock__control_decode(const struct msock__envelope *envelope,
                          struct msock__control *control)
{
    struct reading reading = {.own = NULL};
    int drop = read_message(envelope, &reading);

    if (drop == 0) {
        *control = reading.control;
    }
    return drop;
}

int msock__control_floor(const struct msock__envelope *envelope,
                         const uint64_t nonces[static 2],
                         struct msock__floor *floor)
{
    struct reading reading = {.own = nonces};

    if (read_message(envelope, &reading) != 0 ||
        reading.control.kind != MSOCK__ANSWER) {
        return -MSOCK_DROP_CONTROL;
    }
    if (reading.control.count > 0) {
        *floor = reading.control.floors[0];
    }
    return reading.control.count > 0;
}
