/* SPDX-License-Identifier: Apache-2.0 */
/* What a topic and a node name may be. */
#include "codec/envelope.h"

#include "codec/utf8.h"

#include <multisock/multisock.h>
#include <string.h>

/* Whether a control character begins at text[at]: C0, DEL, or C1, which is
 * written 0xC2 0x80..0x9F in UTF-8. */
static bool control_at(const char *text, size_t size, size_t at)
{
    unsigned char first = (unsigned char)text[at];

    if (first == 0xC2 && at + 1 < size) {
        return (unsigned char)text[at + 1] < 0xA0;
    }
    return first < 0x20 || first == 0x7F;
}

static bool has_control(const char *text, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        if (control_at(text, size, at)) {
            return true;
        }
    }
    return false;
}

static size_t level_count(const char *topic, size_t size)
{
    size_t count = 1;

    for (size_t i = 0; i < size; i++) {
        count += topic[i] == '/';
    }
    return count;
}

bool msock__topic_valid(const char *topic, size_t size)
{
    return size >= 1 && size <= MSOCK_TOPIC_MAX &&
           memchr(topic, '+', size) == NULL &&
           memchr(topic, '#', size) == NULL &&
           level_count(topic, size) <= MSOCK_LEVELS_MAX &&
           !has_control(topic, size) && msock__utf8_valid(topic, size);
}

bool msock__name_valid(const char *name, size_t size)
{
    return size >= 1 && size <= MSOCK_NAME_MAX && !has_control(name, size) &&
           msock__utf8_valid(name, size);
}
