/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the scanner beside two others that know nothing of it, and beside
 * itself with other loops.
 *
 * The grammar of RFC 8259, both ways: what the scanner accepts, the grammar
 * accepts; and what the grammar accepts, the scanner refuses for one of its own
 * rules only (docs/protocol.md 2.3): invalid UTF-8, half a surrogate pair,
 * U+0000, nesting over 32, a number over 64 bytes or beyond the doubles.
 *
 * cJSON, one way: what the scanner accepts, cJSON accepts, and means the same
 * by it before and after compacting. The other way proves nothing, since cJSON
 * takes `01`, raw newlines, \u0000, invalid UTF-8 and more. The one text that
 * it refuses and the RFC allows is a number of 64 bytes: it reads 63.
 *
 * Itself, with sixteen, eight and one byte of a string at a time: all must see
 * the same, from the beginning and from somewhere else, wherever the text lies
 * in memory. Its last bytes choose both. */
#include "codec/json.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/json_ways.h"
#include "tests/support/rfc8259.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>

enum { CJSON_NUMBER_MAX = 63, SIZE_MAX_HERE = 8000, PLACES = 16 };

static bool accepts(const char *text, size_t size)
{
    size_t offset = 0;
    int result =
        msock__json_scan(text, size, MSOCK__JSON_DEPTH_MAX, &offset, NULL);
    assert(offset <= size);
    return result == 0 && offset == size;
}

/* What cJSON reads, as cJSON writes it; for free(). */
static char *reprint(const char *text, size_t size)
{
    cJSON *tree = cJSON_ParseWithLength(text, size);
    assert(tree);
    char *printed = cJSON_PrintUnformatted(tree);
    assert(printed);
    cJSON_Delete(tree);
    return printed;
}

static void compare_with_cjson(const char *text, size_t size)
{
    char *compact = exact_copy(text, size, 0);
    size_t compact_size = msock__json_compact(text, size, compact);
    char *before = reprint(text, size);
    char *after = reprint(compact, compact_size);

    assert(strcmp(before, after) == 0);
    free(before);
    free(after);
    free(compact);
}

static void compare_ways(const uint8_t *bytes, size_t size)
{
    size_t place = bytes[size - 1] % PLACES;
    size_t from = (size_t)bytes[size - 1] << 8 | bytes[size / 2];
    char *block = exact_copy("", 0, place + size);
    char *text = block + place;

    memcpy(text, bytes, size);
    const char *differs = json_ways_read(text, size, 0);
    differs = differs ? differs : json_ways_read(text, size, from % size);
    differs = differs ? differs : json_ways_write(text, size);
    if (differs) {
        fprintf(stderr, "%s\n", differs);
        abort();
    }
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct rfc8259_needs needs;
    if (size == 0 || size > SIZE_MAX_HERE) {
        return 0;
    }
    compare_ways(bytes, size);
    const char *text = (const char *)bytes;
    bool allowed = rfc8259_value(text, size, &needs);
    bool ours = needs.utf8 && !needs.surrogate && !needs.nul &&
                needs.depth <= MSOCK__JSON_DEPTH_MAX &&
                needs.number_size <= MSOCK__JSON_NUMBER_MAX && !needs.infinite;
    bool accepted = accepts(text, size);

    assert(accepted == (allowed && ours));
    if (accepted && needs.number_size <= CJSON_NUMBER_MAX) {
        compare_with_cjson(text, size);
    }
    return 0;
}
