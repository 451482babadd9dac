/* SPDX-License-Identifier: Apache-2.0 */
/* Who published a state that another tells. */
#include "codec/told.h"

#include "codec/control_value.h"
#include "codec/envelope.h"
#include "codec/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEX_SIZE = 2 * MSOCK__SESSION_SIZE, PARTS = 3 };

size_t msock__told_encode(const struct msock__told *told,
                          char out[static MSOCK__TOLD_MAX])
{
    static const char hex[] = "0123456789abcdef";
    size_t size = 0;

    assert(told->owner_size <= MSOCK_NAME_MAX);
    out[size++] = '[';
    size += msock__json_quote(told->owner, told->owner_size, out + size);
    out[size++] = ',';
    out[size++] = '"';
    for (size_t i = 0; i < MSOCK__SESSION_SIZE; i++) {
        out[size++] = hex[told->session[i] >> 4];
        out[size++] = hex[told->session[i] & 15];
    }
    out[size++] = '"';
    size_t room = MSOCK__TOLD_MAX - size;
    int end = told->age_known
                  ? snprintf(out + size, room, ",%" PRIu64 "]", told->age_ms)
                  : snprintf(out + size, room, ",null]");
    assert(end > 0 && (size_t)end < room);
    return size + (size_t)end;
}

/* An origin that is being read. */
struct reading {
    struct msock__told *told;
    size_t count;
};

static bool read_owner(const struct msock__json_slice *item,
                       struct msock__told *told)
{
    if (!msock__value_text(item, told->owner, MSOCK_NAME_MAX,
                           &told->owner_size) ||
        !msock__name_valid(told->owner, told->owner_size)) {
        return false;
    }
    told->owner[told->owner_size] = '\0';
    return true;
}

static bool read_session(const struct msock__json_slice *item,
                         struct msock__told *told)
{
    static const char hex[] = "0123456789abcdef";
    char text[HEX_SIZE];
    size_t size;

    if (!msock__value_text(item, text, sizeof text, &size) ||
        size != sizeof text) {
        return false;
    }
    memset(told->session, 0, sizeof told->session);
    for (size_t i = 0; i < size; i++) {
        const char *digit = memchr(hex, text[i], 16);
        if (digit == NULL) {
            return false;
        }
        told->session[i / 2] =
            (uint8_t)(told->session[i / 2] << 4 | (digit - hex));
    }
    return true;
}

static bool read_age(const struct msock__json_slice *item,
                     struct msock__told *told)
{
    told->age_ms = 0;
    told->age_known = item->type != MSOCK__JSON_NULL;
    return !told->age_known || msock__json_integer(item, &told->age_ms);
}

static bool read_item(const struct msock__json_slice *item, void *user)
{
    struct reading *reading = user;

    switch (reading->count++) {
    case 0:
        return read_owner(item, reading->told);
    case 1:
        return read_session(item, reading->told);
    default:
        return read_age(item, reading->told);
    }
}

bool msock__told_decode(const char *text, size_t size, struct msock__told *told)
{
    const struct msock__json_slice array = {
        .text = text, .size = size, .type = MSOCK__JSON_ARRAY};
    struct reading reading = {.told = told};

    return msock__value_items(&array, PARTS, read_item, &reading) &&
           reading.count == PARTS;
}
