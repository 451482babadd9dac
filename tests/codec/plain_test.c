/* SPDX-License-Identifier: Apache-2.0 */
/* Eight and sixteen bytes at a time find what one at a time finds. */
#include "codec/plain.h"
#include "tests/codec/exact.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdbool.h>
#include <string.h>

enum { SIZE_MAX_TRIED = 40 };

static bool escaped(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

static bool special(unsigned char byte)
{
    return escaped(byte) || byte >= 0x80;
}

static size_t size_by_bytes(const char *text, size_t size,
                            bool (*ends)(unsigned char byte))
{
    size_t at = 0;

    while (at < size && !ends((unsigned char)text[at])) {
        at++;
    }
    return at;
}

/* From each place on where a look may begin. */
static void expect_end(const char *text, size_t size)
{
    for (size_t from = 0; from <= size; from += from < 3 ? 1 : 7) {
        const char *end = msock__plain_end(text, text + from, text + size);
        cr_expect(eq(sz, (size_t)(end - text) - from,
                     size_by_bytes(text + from, size - from, special)));
    }
}

static void expect_same(const char *text, size_t size)
{
    cr_expect(eq(sz, msock__plain_size(text, size, msock__mark_escaped),
                 size_by_bytes(text, size, escaped)));
    cr_expect(eq(sz, msock__plain_size(text, size, msock__mark_special),
                 size_by_bytes(text, size, special)));
    expect_end(text, size);
}

Test(plain, every_byte_at_every_place_of_every_size)
{
    char text[SIZE_MAX_TRIED];

    for (size_t size = 0; size <= SIZE_MAX_TRIED; size++) {
        for (size_t at = 0; at < size; at++) {
            for (int byte = 0; byte < 256; byte++) {
                memset(text, 'x', sizeof text);
                text[at] = (char)byte;
                expect_same(text, size);
            }
        }
    }
}

Test(plain, every_pair_of_neighbours)
{
    char text[16];

    for (int first = 0; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            memset(text, '~', sizeof text);
            text[3] = (char)first;
            text[4] = (char)second;
            expect_same(text, sizeof text);
            expect_same(text, 5);
        }
    }
}

Test(plain, nothing_is_read_behind_the_end)
{
    for (size_t size = 0; size <= SIZE_MAX_TRIED; size++) {
        char text[SIZE_MAX_TRIED];
        memset(text, 'x', sizeof text);
        char *exact = exact_copy(text, size, 0);
        expect_same(exact, size);
        free(exact);
    }
}
