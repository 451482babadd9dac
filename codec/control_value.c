/* SPDX-License-Identifier: Apache-2.0 */
/* Values inside of control messages. */
#include "codec/control_value.h"

#include "codec/control.h"

#include <assert.h>
#include <multisock/multisock.h>
#include <string.h>

enum { HEX_MAX = 16 };

bool msock__value_items(const struct msock__json_slice *value, size_t max,
                        msock__item_reader *read, void *user)
{
    struct msock__json_slice item;
    size_t offset = 0;
    size_t count = 0;
    int more;

    if (value->type != MSOCK__JSON_ARRAY) {
        return false;
    }
    while ((more = msock__json_element(value->text, value->size,
                                       MSOCK__JSON_DEPTH_MAX, &offset,
                                       &item)) == 1) {
        if (count++ == max || !read(&item, user)) {
            return false;
        }
    }
    return more == 0;
}

/* A pair that is being read. */
struct pair {
    uint64_t *numbers;
    size_t count;
};

static bool read_number(const struct msock__json_slice *item, void *user)
{
    struct pair *pair = user;

    return msock__json_integer(item, &pair->numbers[pair->count++]);
}

bool msock__value_pair(const struct msock__json_slice *value, uint64_t pair[2])
{
    struct pair reading = {.numbers = pair};

    return msock__value_items(value, 2, read_number, &reading) &&
           reading.count == 2;
}

enum { NO_DIGIT = 16 };

/* What a digit stands for, or NO_DIGIT. Every node reads every challenge, which
 * holds a thousand of them: no branch that would be foretold wrong. */
static unsigned hex_digit(char text)
{
    unsigned digit = (unsigned)text - '0';
    unsigned letter = (unsigned)text - 'a';
    unsigned high = letter < 6 ? letter + 10 : NO_DIGIT;
    return digit < 10 ? digit : high;
}

bool msock__value_hex(const struct msock__json_slice *value, size_t digits,
                      uint64_t *number)
{
    char text[HEX_MAX];
    size_t size;
    uint64_t read = 0;
    unsigned seen = 0;

    assert(digits <= HEX_MAX);
    if (!msock__value_text(value, text, digits, &size) || size != digits) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned digit = hex_digit(text[i]);
        seen |= digit;
        read = read << 4 | (digit & 15);
    }
    if ((seen & NO_DIGIT) != 0) {
        return false;
    }
    *number = read;
    return true;
}

bool msock__value_text(const struct msock__json_slice *value, char *out,
                       size_t capacity, size_t *size)
{
    if (value->type != MSOCK__JSON_STRING ||
        msock__json_unescape(value, NULL) > capacity) {
        return false;
    }
    *size = msock__json_unescape(value, out);
    return true;
}

/* -- Items -- */

bool msock__value_name(const struct msock__json_slice *item, void *user)
{
    char name[MSOCK_NAME_MAX];
    size_t size;

    (void)user;
    return msock__value_text(item, name, sizeof name, &size) &&
           msock__name_valid(name, size);
}

bool msock__value_filter(const struct msock__json_slice *item, void *user)
{
    char filter[MSOCK_TOPIC_MAX];
    size_t size;

    (void)user;
    return msock__value_text(item, filter, sizeof filter, &size) && size > 0;
}

/* The first item is a topic of an application's, the second may be anything. */
static bool read_will_item(const struct msock__json_slice *item, void *user)
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

bool msock__value_will(const struct msock__json_slice *value)
{
    size_t count = 0;

    return value->size <= MSOCK__WILL_MAX &&
           msock__value_items(value, 2, read_will_item, &count) && count == 2;
}
