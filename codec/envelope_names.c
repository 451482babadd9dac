/* SPDX-License-Identifier: Apache-2.0 */
/* What a topic and a node name may be. */
#include "codec/envelope.h"

#include "codec/utf8.h"

#include <multisock/multisock.h>

/* What a name holds, found in one pass. */
struct census {
    bool control;  /* C0, DEL, or C1, which UTF-8 writes 0xC2 0x80..0x9F */
    bool wildcard; /* `+` or `#` */
    bool ascii;
    size_t levels;
};

static struct census count_bytes(const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    struct census census = {.ascii = true, .levels = 1};

    for (size_t i = 0; i < size; i++) {
        unsigned char byte = bytes[i];
        if (byte > '/' && byte < 0x7F) {
            continue; /* letters and digits: most of what there is */
        }
        census.control |= byte < 0x20 || byte == 0x7F;
        census.control |= i > 0 && bytes[i - 1] == 0xC2 && byte < 0xA0;
        census.wildcard |= byte == '+' || byte == '#';
        census.ascii &= byte < 0x80;
        census.levels += byte == '/';
    }
    return census;
}

static bool valid(const struct census *census, const char *text, size_t size)
{
    return !census->control && (census->ascii || msock__utf8_valid(text, size));
}

bool msock__topic_valid(const char *topic, size_t size)
{
    if (size < 1 || size > MSOCK_TOPIC_MAX) {
        return false;
    }
    struct census census = count_bytes(topic, size);
    return !census.wildcard && census.levels <= MSOCK_LEVELS_MAX &&
           valid(&census, topic, size);
}

bool msock__name_valid(const char *name, size_t size)
{
    if (size < 1 || size > MSOCK_NAME_MAX) {
        return false;
    }
    struct census census = count_bytes(name, size);
    return valid(&census, name, size);
}
