/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered JSON objects, and the tally of a receiver. */
#include "bench/reliable/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "{\"number\":";

void object_write(char *text, unsigned number)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    int at = snprintf(text, OBJECT_SIZE + 1, "%s%u,\"fill\":\"", head, number);
    uint32_t state = number;

    for (; at < OBJECT_SIZE - 2; at++) {
        state = state * 1664525U + 1013904223U;
        text[at] = letters[state >> 27];
    }
    memcpy(text + OBJECT_SIZE - 2, "\"}", 3);
}

int tally_init(struct tally *tally, unsigned wanted)
{
    *tally = (struct tally){.wanted = wanted,
                            .seen = calloc(wanted, sizeof *tally->seen)};
    return tally->seen == NULL ? -1 : 0;
}

void tally_fini(struct tally *tally)
{
    free(tally->seen);
}

/* Whether `bytes` are one of the objects wanted, unchanged. */
static bool read_object(const struct tally *tally, const char *bytes,
                        size_t size, unsigned *number)
{
    char expected[OBJECT_SIZE + 1];

    if (size != OBJECT_SIZE || memcmp(bytes, head, sizeof head - 1) != 0) {
        return false;
    }
    /* It ends at the comma; an object without one ends at another place. */
    *number = 0;
    for (size_t at = sizeof head - 1; bytes[at] >= '0' && bytes[at] <= '9';
         at++) {
        *number = *number * 10 + (unsigned)(bytes[at] - '0');
        if (*number >= tally->wanted) {
            return false;
        }
    }
    object_write(expected, *number);
    return memcmp(bytes, expected, OBJECT_SIZE) == 0;
}

bool tally_add(struct tally *tally, uint64_t now_ns, const void *bytes,
               size_t size)
{
    unsigned number;

    if (!read_object(tally, bytes, size, &number) || tally->seen[number]) {
        tally->bad++;
        return false;
    }
    tally->seen[number] = true;
    tally->disorder += number < tally->next;
    tally->next = number < tally->next ? tally->next : number + 1;
    tally->first_ns = tally->count == 0 ? now_ns : tally->first_ns;
    tally->last_ns = now_ns;
    tally->count++;
    return tally->count == tally->wanted;
}
