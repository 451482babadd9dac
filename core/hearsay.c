/* SPDX-License-Identifier: Apache-2.0 */
/* Told states that handlers saw, in a ring. */
#include "core/hearsay.h"

#include <stdlib.h>

static struct msock__hearing *at(const struct msock__hearsay *hearsay,
                                 uint64_t number)
{
    return &hearsay->ring[number % MSOCK__HEARSAY_KEPT];
}

struct msock__hearing *msock__hearsay_find(const struct msock__hearsay *hearsay,
                                           uint64_t key)
{
    for (size_t i = 0; hearsay->ring && i < MSOCK__HEARSAY_KEPT; i++) {
        if (hearsay->ring[i].number > 0 && hearsay->ring[i].key == key) {
            return &hearsay->ring[i];
        }
    }
    return NULL;
}

struct msock__hearing *msock__hearsay_add(struct msock__hearsay *hearsay,
                                          uint64_t key)
{
    struct msock__hearing *found = msock__hearsay_find(hearsay, key);
    if (found) {
        return found;
    }
    if (!hearsay->ring) {
        hearsay->ring = calloc(MSOCK__HEARSAY_KEPT, sizeof(*hearsay->ring));
    }
    if (!hearsay->ring) {
        return NULL;
    }
    hearsay->last++;
    *at(hearsay, hearsay->last) =
        (struct msock__hearing){.number = hearsay->last, .key = key};
    return at(hearsay, hearsay->last);
}

struct msock__hearing *msock__hearsay_get(const struct msock__hearsay *hearsay,
                                          uint64_t number)
{
    bool known =
        number > 0 && hearsay->ring && at(hearsay, number)->number == number;
    return known ? at(hearsay, number) : NULL;
}

void msock__hearing_did(struct msock__hearing *hearing, int code)
{
    hearing->ran = true;
    if (hearing->code == 0 && code < 0) {
        hearing->code = code;
    }
}

bool msock__hearing_settled(const struct msock__hearing *hearing)
{
    return hearing->counter > 0 && hearing->ran && hearing->waits == 0;
}

void msock__hearsay_fini(struct msock__hearsay *hearsay)
{
    free(hearsay->ring);
    *hearsay = (struct msock__hearsay){0};
}
