/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder of control messages: steps over the members of the data, as the
 * topic's table says. */
#include "codec/control.h"

#include "codec/control_table.h"

#include <assert.h>
#include <multisock/counter.h>
#include <string.h>

/* Returns the index of a key, MSOCK__CONTROL_KEYS if the table lacks it. */
static size_t find_key(const struct msock__control_table *table,
                       const struct msock__json_slice *name)
{
    size_t index = 0;

    while (index < MSOCK__CONTROL_KEYS && table->keys[index].name != NULL) {
        if (msock__json_equal(name, table->keys[index].name)) {
            return index;
        }
        index++;
    }
    return MSOCK__CONTROL_KEYS;
}

/* Reads the members of the data; *seen gets the keys that were there, as bits.
 * Returns whether all of them are well. */
static bool read_members(const struct msock__control_table *table,
                         const struct msock__envelope *envelope,
                         struct msock__reading *reading, unsigned *seen)
{
    struct msock__json_slice name;
    struct msock__json_slice value;
    size_t offset = 0;
    int more;

    while ((more = msock__json_member(envelope->data, envelope->data_size,
                                      MSOCK__JSON_DEPTH_MAX - 1, &offset, &name,
                                      &value)) == 1) {
        size_t index = find_key(table, &name);
        if (index == MSOCK__CONTROL_KEYS) {
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

/* Whether no key is missing, be it for another's sake, and none too many. */
static bool company_valid(const struct msock__control_table *table,
                          unsigned seen)
{
    unsigned needed = (1u << table->required) - 1;

    for (size_t i = 0; i < MSOCK__CONTROL_KEYS; i++) {
        needed |= (seen >> i & 1) != 0 ? table->keys[i].needs : 0;
    }
    unsigned chosen = seen & table->one_of;
    bool one = chosen != 0 && (chosen & (chosen - 1)) == 0;
    return (needed & ~seen) == 0 && (one || table->one_of == 0);
}

/* Returns 0 or the drop counter. */
static int read_message(const struct msock__envelope *envelope,
                        struct msock__reading *reading)
{
    enum msock__control_kind kind = msock__control_kind_of(envelope);
    unsigned seen = 0;

    if (kind == MSOCK__CONTROL_UNKNOWN ||
        (envelope->keys & MSOCK__KEY_DATA) == 0) {
        return MSOCK_DROP_CONTROL;
    }
    const struct msock__control_table *table = msock__control_table(kind);
    reading->control.kind = kind;
    return read_members(table, envelope, reading, &seen) &&
                   company_valid(table, seen)
               ? 0
               : MSOCK_DROP_CONTROL;
}

enum msock__control_kind
msock__control_kind_of(const struct msock__envelope *envelope)
{
    int kind = 0;

    assert(envelope->topic != NULL);
    while (kind < MSOCK__CONTROL_UNKNOWN) {
        const char *topic =
            msock__control_table((enum msock__control_kind)kind)->topic;
        if (strlen(topic) == envelope->topic_size &&
            memcmp(topic, envelope->topic, envelope->topic_size) == 0) {
            break;
        }
        kind++;
    }
    return (enum msock__control_kind)kind;
}

int msock__control_decode(const struct msock__envelope *envelope,
                          struct msock__control *control)
{
    struct msock__reading reading = {.own = NULL};
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
    struct msock__reading reading = {.own = nonces};

    if (read_message(envelope, &reading) != 0 ||
        reading.control.kind != MSOCK__ANSWER) {
        return -MSOCK_DROP_CONTROL;
    }
    if (reading.control.count > 0) {
        *floor = reading.control.floors[0];
    }
    return reading.control.count > 0;
}
