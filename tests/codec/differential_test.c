/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner beside cJSON: what we accept, cJSON must accept too and mean the
 * same by it. Texts are grown from seeds by a small generator. */
#include "codec/json.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 200000, TEXT_MAX = 256 };

static const char *const seeds[] = {
    "{\"topic\":\"a/b\",\"sender\":\"hub\",\"data\":{\"x\":-1.5e3}}",
    "[1,2.5,-0,1e5,\"\\u00e9\\n\\ud83d\\udca1\",null,true,false,{},[]]",
    "{ \"a\" : [ { \"b\" : \"c\" } , [ ] ] , \"\" : \"\\\\\\\"\" }",
    "\"caf\xC3\xA9 \xF0\x9F\x92\xA1\"",
    "-123.456E+7",
};

/* xorshift64: the same texts on every machine. */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Replaces, inserts or removes some bytes. */
static size_t mutate(char *text, size_t size, uint64_t *state)
{
    static const char alphabet[] = "{}[]:,\"\\ue0123456789-+.Etruefalsn \t\n"
                                   "\x01\x7F\x80\xC3\xA9\xED\xF0\xFF";
    uint64_t edits = 1 + draw(state) % 3;

    for (uint64_t i = 0; i < edits && size > 1 && size < TEXT_MAX - 4; i++) {
        size_t at = draw(state) % size;
        char byte = alphabet[draw(state) % (sizeof alphabet - 1)];
        switch (draw(state) % 3) {
        case 0:
            text[at] = byte;
            break;
        case 1:
            memmove(text + at + 1, text + at, size - at);
            text[at] = byte;
            size++;
            break;
        default:
            memmove(text + at, text + at + 1, size - at - 1);
            size--;
        }
    }
    return size;
}

static bool accepts(const char *text, size_t size)
{
    size_t offset = 0;

    return msock__json_scan(text, size, MSOCK__JSON_DEPTH_MAX, &offset, NULL) ==
               0 &&
           offset == size;
}

/* What cJSON reads, as cJSON writes it; for free(). Two texts are compared so
 * rather than as trees, since those do not compare with duplicate keys. */
static char *reprint(const char *text, size_t size)
{
    cJSON *tree = cJSON_ParseWithLength(text, size);
    char *printed = cJSON_PrintUnformatted(tree);

    cr_assert(ne(ptr, tree, NULL), "refused: %.*s", (int)size, text);
    cJSON_Delete(tree);
    return printed;
}

Test(differential, what_we_accept_cjson_accepts_and_compact_keeps)
{
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15);
    size_t accepted = 0;

    for (int round = 0; round < ROUNDS; round++) {
        char text[TEXT_MAX];
        char compact[TEXT_MAX];
        const char *seed = seeds[round % (sizeof seeds / sizeof seeds[0])];
        size_t size = strlen(seed);
        memcpy(text, seed, size);
        size = mutate(text, size, &state);
        if (!accepts(text, size)) {
            continue;
        }
        accepted++;
        size_t compact_size = msock__json_compact(text, size, compact);
        char *before = reprint(text, size);
        char *after = reprint(compact, compact_size);
        cr_assert(eq(str, before, after));
        free(before);
        free(after);
    }

    cr_assert(gt(sz, accepted, ROUNDS / 20), "only %zu accepted", accepted);
}

Test(differential, what_cjson_accepts_wrongly_we_refuse)
{
    static const struct {
        const char *text;
        size_t size;
    } texts[] = {
        {"\"\\u0000\"", 8},  /* cuts the text */
        {"\"a\nb\"", 5},     /* raw newline */
        {"\"\xFF\xFE\"", 4}, /* not UTF-8 */
        {"01", 2},           /* not a number */
        {"1e999", 5},        /* infinite */
        {"[1.]", 4},         /* no digit */
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cJSON *tree = cJSON_ParseWithLength(texts[i].text, texts[i].size);
        cr_expect(ne(ptr, tree, NULL), "text %zu", i);
        cr_expect(not(accepts(texts[i].text, texts[i].size)), "text %zu", i);
        cJSON_Delete(tree);
    }
}
