/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered JSON objects, and the tally of a receiver. */
#include "bench/reliable/objects.h"

#include <stdlib.h>
#include <string.h>

static const char head[] = "{\"number\":";

/* Objects are cut from one text that no distance repeats, each from another
 * place: making and comparing them costs next to nothing. */
enum { FILLS = 4096 };

static const char *fill_of(unsigned number)
{
    static char text[FILLS + OBJECT_SIZE];
    static bool made;

    for (uint32_t i = 0, state = 1; !made && i < sizeof text; i++) {
        state = state * 1664525U + 1013904223U;
        text[i] = (char)('A' + (state >> 24) % 26);
    }
    made = true;
    return text + number * 37U % FILLS;
}

/* Writes a number and returns where it ends. */
static char *put_number(char *out, unsigned number)
{
    char digits[10];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) {
        *out++ = digits[--count];
    }
    return out;
}

void object_write(char *text, unsigned number)
{
    static const char middle[] = ",\"fill\":\"";
    char *end = text + OBJECT_SIZE;
    char *at = text;

    memcpy(at, head, sizeof head - 1);
    at = put_number(at + sizeof head - 1, number);
    memcpy(at, middle, sizeof middle - 1);
    at += sizeof middle - 1;
    memcpy(at, fill_of(number), (size_t)(end - 2 - at));
    memcpy(end - 2, "\"}", 3);
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
