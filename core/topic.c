/* SPDX-License-Identifier: Apache-2.0 */
/* Topic filters and matching, MQTT 5 section 4.7. */
#include "core/topic.h"

#include "codec/envelope.h"
#include "codec/json.h"

#include <multisock/multisock.h>

#include <assert.h>
#include <string.h>

static bool level_is(const char *level, size_t size, char wildcard)
{
    return size == 1 && level[0] == wildcard;
}

static bool has_wildcard(const char *level, size_t size)
{
    return memchr(level, '+', size) != NULL || memchr(level, '#', size) != NULL;
}

/* U+0000-1F, U+007F and, as UTF-8 writes U+0080-9F, C2 80 to C2 9F. */
static bool has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        unsigned char next = i + 1 < size ? (unsigned char)text[i + 1] : 0;
        if (byte < 0x20 || byte == 0x7f) {
            return true;
        }
        if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
            return true;
        }
    }
    return false;
}

bool msock__filter_valid(const char *filter, size_t size)
{
    if (size == 0 || size > MSOCK_TOPIC_MAX) {
        return false;
    }
    if (!msock__utf8_valid(filter, size) || has_control(filter, size)) {
        return false;
    }

    size_t offset = 0;
    size_t level_count = 0;
    const char *level;
    size_t level_size;
    while (msock__topic_level(filter, size, &offset, &level, &level_size)) {
        bool last = offset > size;
        if (++level_count > MSOCK_LEVELS_MAX) {
            return false;
        }
        if (level_is(level, level_size, '+') ||
            (last && level_is(level, level_size, '#'))) {
            continue;
        }
        if (has_wildcard(level, level_size)) {
            return false;
        }
    }
    return true;
}

bool msock__filter_exact(const char *filter, size_t size)
{
    return !has_wildcard(filter, size);
}

bool msock__topic_match(const char *filter, size_t filter_size,
                        const char *topic, size_t topic_size)
{
    assert(filter_size > 0 && topic_size > 0);
    if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) {
        return false;
    }

    size_t filter_offset = 0;
    size_t topic_offset = 0;
    const char *wanted;
    const char *level;
    size_t wanted_size;
    size_t level_size;
    while (msock__topic_level(filter, filter_size, &filter_offset, &wanted,
                              &wanted_size)) {
        if (level_is(wanted, wanted_size, '#')) {
            return true;
        }
        if (!msock__topic_level(topic, topic_size, &topic_offset, &level,
                                &level_size)) {
            return false;
        }
        if (level_is(wanted, wanted_size, '+')) {
            continue;
        }
        if (wanted_size != level_size ||
            memcmp(wanted, level, level_size) != 0) {
            return false;
        }
    }
    return topic_offset > topic_size;
}

bool msock__topic_reserved(const char *topic, size_t size)
{
    static const char prefix[] = "$ms/";
    const size_t prefix_size = sizeof(prefix) - 1;

    return size >= prefix_size && memcmp(topic, prefix, prefix_size) == 0;
}

bool msock__topic_level(const char *topic, size_t topic_size, size_t *offset,
                        const char **level, size_t *size)
{
    /* Behind the last level the offset is one more than the size, since an
     * empty level may end a topic. */
    assert(*offset <= topic_size + 1);
    if (*offset > topic_size) {
        return false;
    }

    const char *start = topic + *offset;
    const char *slash = memchr(start, '/', topic_size - *offset);
    *level = start;
    *size = slash != NULL ? (size_t)(slash - start) : topic_size - *offset;
    *offset += *size + 1;
    return true;
}

bool msock_topic_match(const char *filter, const char *topic)
{
    if (filter == NULL || topic == NULL) {
        return false;
    }

    size_t filter_size = strlen(filter);
    size_t topic_size = strlen(topic);
    return msock__filter_valid(filter, filter_size) &&
           msock__topic_valid(topic, topic_size) &&
           msock__topic_match(filter, filter_size, topic, topic_size);
}
