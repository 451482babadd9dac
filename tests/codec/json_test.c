/* SPDX-License-Identifier: Apache-2.0 */
/* The strict scanner, walking, and JSON written. */
#include "codec/json.h"

#include "tests/codec/exact.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>

struct text {
    const char *bytes;
    size_t size;
};

#define TEXT(literal)                                                          \
    {                                                                          \
        literal, sizeof literal - 1                                            \
    }

/* Whether the bytes are exactly one value. */
static bool accepts(const char *bytes, size_t size, int depth)
{
    char *copy = exact_copy(bytes, size, 0);
    size_t offset = 0;
    int result = msock__json_scan(copy, size, depth, &offset, NULL);

    cr_assert(le(sz, offset, size));
    free(copy);
    return result == 0 && offset == size;
}

/* -- Scanning -- */

Test(json, every_kind_of_value_is_taken)
{
    static const struct text texts[] = {
        TEXT("null"),
        TEXT("true"),
        TEXT("false"),
        TEXT("0"),
        TEXT("-1.5e-7"),
        TEXT("\"\""),
        TEXT("\"text\""),
        TEXT("\"a longer text that fills several words of eight\""),
        TEXT("[]"),
        TEXT("{}"),
        TEXT("[1,\"a\",null,[],{}]"),
        TEXT("{\"a\":1,\"b\":[true,false],\"c\":{\"d\":null}}"),
        TEXT("[ 1 ,\t2 ,\r3\n]"),
        TEXT("{ \"a\" : 1 , \"b\" : 2 }"),
        TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\udca1\""),
        TEXT("\"\x7F\""),
        TEXT("\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x92\xA1\""),
        TEXT("\"\xEF\xBB\xBF\""),
        TEXT("{\"a\":1,\"a\":2}"),
        TEXT("[[[[]],[]],{}]"),
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(accepts(texts[i].bytes, texts[i].size, 32), "%s",
                  texts[i].bytes);
    }
}

Test(json, everything_else_is_refused)
{
    static const struct text texts[] = {
        TEXT(""),
        TEXT(" 1"),
        TEXT("nul"),
        TEXT("nulL"),
        TEXT("True"),
        TEXT("truex"),
        TEXT("fals"),
        TEXT("undefined"),
        TEXT("'a'"),
        TEXT("\"a"),
        TEXT("\""),
        TEXT("\"a\\\""),
        TEXT("[1"),
        TEXT("[1,"),
        TEXT("[1,]"),
        TEXT("[,1]"),
        TEXT("[1 2]"),
        TEXT("[1}"),
        TEXT("[1:2]"),
        TEXT("]"),
        TEXT("}"),
        TEXT("["),
        TEXT("{"),
        TEXT("{]"),
        TEXT("{\"a\"}"),
        TEXT("{\"a\":}"),
        TEXT("{\"a\":1,}"),
        TEXT("{,\"a\":1}"),
        TEXT("{a:1}"),
        TEXT("{1:1}"),
        TEXT("{\"a\" 1}"),
        TEXT("{\"a\":1 \"b\":2}"),
        TEXT("{\"a\":1,\"b\"}"),
        TEXT("{\"a\":1]"),
        TEXT("{\"a\",1}"),
        TEXT("{null:1}"),
        TEXT("1 2"),
        TEXT("[]]"),
        TEXT("{}{}"),
        TEXT("[1]//x"),
        TEXT("/**/1"),
        TEXT("[1,/*x*/2]"),
        TEXT("+1"),
        TEXT("01"),
        TEXT("[01]"),
        TEXT("1e999"),
        TEXT("[1e999]"),
        TEXT(".5"),
        TEXT("5."),
        TEXT("NaN"),
        TEXT("-Infinity"),
        TEXT("0x10"),
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(not(accepts(texts[i].bytes, texts[i].size, 32)), "%s",
                  texts[i].bytes);
    }
}

Test(json, hostile_strings_are_refused)
{
    static const struct text texts[] = {
        TEXT("\"\n\""),                /* raw newline */
        TEXT("\"\t\""),                /* raw tab */
        TEXT("\"\0\""),                /* NUL byte */
        TEXT("\"12345678\x1F\""),      /* control character */
        TEXT("\"\\u0000\""),           /* would cut a C string */
        TEXT("\"a\\u0000b\""),         /* in the middle */
        TEXT("\"\\ud800\""),           /* lone high surrogate */
        TEXT("\"\\udc00\""),           /* lone low surrogate */
        TEXT("\"\\ud800\\ud800\""),    /* two high ones */
        TEXT("\"\\u12\""),             /* cut escape */
        TEXT("\"\\x41\""),             /* no such escape */
        TEXT("\"\xC0\x80\""),          /* overlong U+0000 */
        TEXT("\"\xED\xA0\x80\""),      /* surrogate in UTF-8 */
        TEXT("\"\xF4\x90\x80\x80\""),  /* over U+10FFFF */
        TEXT("\"\xFF\""),              /* never in UTF-8 */
        TEXT("\"\xC3\""),              /* cut by the quote */
        TEXT("\"12345678 \xE2\x82\""), /* cut behind a word */
        TEXT("\xEF\xBB\xBF\"bom\""),   /* BOM */
        TEXT("{\"\\u0000\":1}"),       /* in a key */
        TEXT("{\"a\":\"\\udfff\"}"),   /* in a member */
        TEXT("[\"\xED\xBF\xBF\"]"),    /* in an element */
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(not(accepts(texts[i].bytes, texts[i].size, 32)), "text %zu",
                  i);
    }
}

Test(json, special_bytes_are_seen_at_every_place_of_a_word)
{
    for (size_t size = 1; size < 24; size++) {
        for (size_t at = 1; at <= size; at++) {
            char text[32];
            memset(text, 'x', sizeof text);
            text[0] = '"';
            text[size + 1] = '"';
            cr_assert(accepts(text, size + 2, 0));
            text[at] = '\x1F';
            cr_assert(not(accepts(text, size + 2, 0)));
            text[at] = '\xFF';
            cr_assert(not(accepts(text, size + 2, 0)));
            text[at] = '"';
            cr_assert(not(accepts(text, size + 2, 0)));
        }
    }
}

static bool accepts_nested(size_t levels, char open, char close, int depth)
{
    char text[4000];

    memset(text, open, levels);
    memset(text + levels, close, levels);
    return accepts(text, 2 * levels, depth);
}

Test(json, depth_is_bounded)
{
    cr_expect(accepts("1", 1, 0));
    cr_expect(not(accepts("[]", 2, 0)));
    cr_expect(accepts("[]", 2, 1));
    cr_expect(accepts_nested(32, '[', ']', 32));
    cr_expect(not(accepts_nested(33, '[', ']', 32)));
    cr_expect(not(accepts_nested(1000, '[', ']', 32)));
    cr_expect(accepts("{\"a\":{\"a\":{}}}", 14, 3));
    cr_expect(not(accepts("{\"a\":{\"a\":{}}}", 14, 2)));
}

Test(json, brackets_are_paired_on_every_level)
{
    cr_expect(accepts("[{\"a\":[{}]}]", 12, 32));
    cr_expect(not(accepts("[{\"a\":[{]}}]", 12, 32)));
    cr_expect(not(accepts("[{\"a\":[{}}]]", 12, 32)));
}

static const char sample[] =
    "{\"on\":true,\"level\":-12.5e3,\"name\":\"caf\xC3\xA9 "
    "\\u00e9\\ud83d\\udca1"
    "\",\"list\":[null,false,{\"x\":[]}],\"empty\":{}}";

Test(json, every_truncation_is_refused)
{
    for (size_t size = 0; size < sizeof sample - 1; size++) {
        cr_expect(not(accepts(sample, size, 32)), "%zu bytes", size);
    }
    cr_expect(accepts(sample, sizeof sample - 1, 32));
}

Test(json, no_flipped_byte_reads_too_far)
{
    for (size_t i = 0; i < sizeof sample - 1; i++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof sample];
            memcpy(text, sample, sizeof sample);
            text[i] = (char)byte;
            (void)accepts(text, sizeof sample - 1, 32);
        }
    }
    cr_assert(accepts(sample, sizeof sample - 1, 32));
}

Test(json, scan_gives_the_value_and_stops_behind_it)
{
    static const char text[] = "  [1,2] ,";
    struct msock__json_slice value;
    size_t offset = 0;

    msock__json_space(text, sizeof text - 1, &offset);
    int result = msock__json_scan(text, sizeof text - 1, 1, &offset, &value);

    cr_assert(zero(int, result));
    cr_assert(eq(sz, offset, 7));
    cr_assert(eq(ptr, (void *)value.text, (void *)(text + 2)));
    cr_assert(eq(sz, value.size, 5));
    cr_assert(eq(int, value.type, MSOCK__JSON_ARRAY));
}

Test(json, a_refused_text_shows_where)
{
    size_t offset = 0;
    int result = msock__json_scan("[1,x]", 5, 1, &offset, NULL);

    cr_assert(eq(int, result, MSOCK_EJSON));
    cr_assert(eq(sz, offset, 3));
}

Test(json, types_are_told_by_the_first_byte)
{
    static const struct {
        const char *text;
        int type;
    } cases[] = {{"null", MSOCK__JSON_NULL},  {"true", MSOCK__JSON_BOOL},
                 {"false", MSOCK__JSON_BOOL}, {"-1", MSOCK__JSON_NUMBER},
                 {"0", MSOCK__JSON_NUMBER},   {"\"\"", MSOCK__JSON_STRING},
                 {"[]", MSOCK__JSON_ARRAY},   {"{}", MSOCK__JSON_OBJECT}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct msock__json_slice value;
        size_t offset = 0;
        size_t size = strlen(cases[i].text);
        msock__json_scan(cases[i].text, size, 1, &offset, &value);
        cr_expect(eq(int, value.type, cases[i].type), "%s", cases[i].text);
    }
}

/* -- Walking -- */

/* Walks over an object.  Returns the number of members, or MSOCK_EJSON; *sum
 * gets the sizes of all keys and values. */
static int walk_object(const char *text, int depth, size_t *offset, size_t *sum)
{
    size_t size = strlen(text);
    char *copy = exact_copy(text, size, 0);
    struct msock__json_slice key;
    struct msock__json_slice value;
    int count = 0;
    int more;

    *offset = 0;
    *sum = 0;
    while ((more = msock__json_member(copy, size, depth, offset, &key,
                                      &value)) == 1) {
        count++;
        *sum += key.size * 100 + value.size;
    }
    free(copy);
    return more < 0 ? more : count;
}

Test(json, members_come_in_order)
{
    static const char text[] = " { \"a\" : 1 , \"bc\" : [2, 3] } x";
    struct msock__json_slice key;
    struct msock__json_slice value;
    size_t size = sizeof text - 1;
    size_t offset = 1;

    cr_assert(
        eq(int, msock__json_member(text, size, 32, &offset, &key, &value), 1));
    cr_assert(zero(int, strncmp(key.text, "\"a\"", key.size)));
    cr_assert(zero(int, strncmp(value.text, "1", value.size)));
    cr_assert(
        eq(int, msock__json_member(text, size, 32, &offset, &key, &value), 1));
    cr_assert(zero(int, strncmp(key.text, "\"bc\"", key.size)));
    cr_assert(zero(int, strncmp(value.text, "[2, 3]", value.size)));
    cr_assert(eq(int, value.type, MSOCK__JSON_ARRAY));
    cr_assert(
        zero(int, msock__json_member(text, size, 32, &offset, &key, &value)));
    cr_assert(eq(sz, offset, size - 2));
}

Test(json, an_empty_object_has_no_member)
{
    size_t offset;
    size_t sum;

    cr_assert(zero(int, walk_object("{}", 1, &offset, &sum)));
    cr_assert(eq(sz, offset, 2));
    cr_assert(zero(int, walk_object("{ \t}", 1, &offset, &sum)));
    cr_assert(eq(sz, offset, 4));
}

Test(json, objects_that_are_not_are_refused_while_walking)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "1",
                                        "{\"a\"}",
                                        "{\"a\":",
                                        "{\"a\":1",
                                        "{\"a\":1,",
                                        "{\"a\":1,}",
                                        "{,}",
                                        "{1:2}",
                                        "{\"a\":}",
                                        "{\"a\":1]",
                                        ",",
                                        "{\"a\":1{\"b\":2}",
                                        "{\"a\":1 \"b\":2}",
                                        "{{\"a\":1}"};
    size_t offset;
    size_t sum;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(
            eq(int, walk_object(texts[i], 32, &offset, &sum), MSOCK_EJSON),
            "%s", texts[i]);
    }
}

Test(json, an_objects_own_level_counts)
{
    size_t offset;
    size_t sum;

    cr_expect(eq(int, walk_object("{\"a\":1}", 0, &offset, &sum), MSOCK_EJSON));
    cr_expect(eq(int, walk_object("{\"a\":1}", 1, &offset, &sum), 1));
    cr_expect(
        eq(int, walk_object("{\"a\":[]}", 1, &offset, &sum), MSOCK_EJSON));
    cr_expect(eq(int, walk_object("{\"a\":[]}", 2, &offset, &sum), 1));
    cr_expect(eq(sz, sum, 302));
}

/* Walks over an array.  Returns the number of elements, or MSOCK_EJSON. */
static int walk_array(const char *text, size_t *offset)
{
    size_t size = strlen(text);
    char *copy = exact_copy(text, size, 0);
    struct msock__json_slice value;
    int count = 0;
    int more;

    *offset = 0;
    while ((more = msock__json_element(copy, size, 32, offset, &value)) == 1) {
        count++;
    }
    free(copy);
    return more < 0 ? more : count;
}

Test(json, elements_are_counted)
{
    size_t offset;

    cr_expect(zero(int, walk_array("[]", &offset)));
    cr_expect(eq(int, walk_array("[ 1 , [2,3] , {\"a\":[4]} ]x", &offset), 3));
    cr_expect(eq(sz, offset, 25));
}

Test(json, arrays_that_are_not_are_refused_while_walking)
{
    static const char *const texts[] = {"",      "[",    "{}",   "[1",
                                        "[1,",   "[1,]", "[,]",  "[1 2]",
                                        "[1[2]", "[1}",  "[01]", "[[1]"};
    size_t offset;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(eq(int, walk_array(texts[i], &offset), MSOCK_EJSON), "%s",
                  texts[i]);
    }
}
