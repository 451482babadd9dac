/* SPDX-License-Identifier: Apache-2.0 */
/* A last will: made, and taken apart. */
#include "core/will.h"

#include "codec/control_value.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

static struct msock__will made(const char *topic, const char *json)
{
    struct msock__will will;
    cr_assert(zero(int, msock__will_make(&will, topic, json)));
    return will;
}

static const char *text_of(const struct msock__will *will)
{
    static char text[MSOCK__WILL_MAX + 1];
    memcpy(text, will->text, will->size);
    text[will->size] = '\0';
    return text;
}

Test(will, is_an_array_of_topic_and_data)
{
    struct msock__will will = made("porch/\"a\"", " {\"on\" : [1, 2]}\n");

    cr_expect(eq(str, (char *)text_of(&will),
                 "[\"porch/\\\"a\\\"\",{\"on\":[1,2]}]"));
}

Test(will, without_data_says_null)
{
    struct msock__will will = made("gone", NULL);

    cr_expect(eq(str, (char *)text_of(&will), "[\"gone\",null]"));
}

Test(will, without_a_topic_there_is_none)
{
    struct msock__will will = made("gone", "1");

    cr_assert(zero(int, msock__will_make(&will, NULL, "ignored")));
    cr_expect(zero(sz, will.size));
}

static const struct {
    const char *topic, *json;
    int code;
} refused[] = {
    {"", "1", MSOCK_ETOPIC},           {"a/+", "1", MSOCK_ETOPIC},
    {"#", "1", MSOCK_ETOPIC},          {"$ms/hello", "1", MSOCK_ETOPIC},
    {"a\xff", "1", MSOCK_ETOPIC},      {"a", "", MSOCK_EJSON},
    {"a", "1 2", MSOCK_EJSON},         {"a", "{\"b\":}", MSOCK_EJSON},
    {"a", "\"\\u0000\"", MSOCK_EJSON},
};

Test(will, what_others_would_not_take_is_refused_and_changes_nothing)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct msock__will will = made("gone", "1");

        cr_expect(eq(int,
                     msock__will_make(&will, refused[i].topic, refused[i].json),
                     refused[i].code));
        cr_expect(eq(str, (char *)text_of(&will), "[\"gone\",1]"));
    }
}

/* A string of JSON so that the will takes `size` bytes on topic "a". */
static const char *filling(size_t size)
{
    static char json[TEXT_MAX];
    memset(json, 'x', sizeof(json));
    size -= strlen("[\"a\",]");
    json[0] = json[size - 1] = '"';
    json[size] = '\0';
    return json;
}

Test(will, of_512_bytes_fits_and_one_more_does_not)
{
    struct msock__will will = made("a", filling(MSOCK__WILL_MAX));
    cr_expect(eq(sz, will.size, MSOCK__WILL_MAX));

    cr_expect(eq(int,
                 msock__will_make(&will, "a", filling(MSOCK__WILL_MAX + 1)),
                 MSOCK_ETOOBIG));
}

Test(will, topic_alone_may_be_too_much)
{
    /* It takes 6 bytes each in JSON. */
    char topic[101];
    struct msock__will will;
    memset(topic, '\x7f', sizeof(topic));
    memset(topic, '"', sizeof(topic) - 1);
    topic[100] = '\0';
    cr_assert(zero(int, msock__will_make(&will, topic, "1")));

    char longer[MSOCK_TOPIC_MAX + 1];
    memset(longer, '"', sizeof(longer) - 1);
    longer[MSOCK_TOPIC_MAX] = '\0';
    cr_expect(eq(int, msock__will_make(&will, longer, "1"), MSOCK_ETOOBIG));
}

/* Brackets so that the value is nested so deep. */
static const char *nested(size_t depth)
{
    static char json[TEXT_MAX];
    memset(json, '[', depth);
    memset(json + depth, ']', depth);
    json[2 * depth] = '\0';
    return json;
}

Test(will, is_nested_as_deep_as_a_hello_has_room)
{
    struct msock__will will;

    cr_expect(zero(int, msock__will_make(&will, "a", nested(29))));
    cr_expect(eq(int, msock__will_make(&will, "a", nested(30)), MSOCK_EJSON));
}

/* -- Taken apart -- */

Test(will, comes_back_as_topic_and_data)
{
    struct msock__will will = made("porch/\"a\"", "{\"on\":\"\\\"\"}");
    struct msock__words words;
    memset(&words, 'x', sizeof(words));

    msock__will_read(will.text, will.size, &words);

    cr_expect(eq(str, words.topic, "porch/\"a\""));
    cr_expect(eq(sz, words.topic_size, strlen(words.topic)));
    cr_expect(eq(str, words.data, "{\"on\":\"\\\"\"}"));
    cr_expect(eq(sz, words.data_size, strlen(words.data)));
}

Test(will, of_others_may_have_escapes_and_blanks)
{
    static const char text[] = "[ \"p\\u00f6rch\" , [ 1 ] ]";
    struct msock__words words;

    msock__will_read(text, sizeof(text) - 1, &words);

    cr_expect(eq(str, words.topic, "p\xc3\xb6rch"));
    cr_expect(eq(str, words.data, "[ 1 ]"));
}

/* Whether a decoded hello may hold it; what may is taken apart. */
static bool taken(const char *text, size_t size)
{
    struct msock__words words;
    struct msock__json_slice slice;
    size_t offset = 0;
    bool good = msock__json_scan(text, size, 30, &offset, &slice) == 0 &&
                offset == size && slice.type == MSOCK__JSON_ARRAY &&
                msock__value_will(&slice);
    if (good) {
        msock__will_read(text, size, &words);
    }
    return good;
}

Test(will, every_truncation_is_refused_and_no_flip_harms)
{
    struct msock__will will = made("porch/lamp", "{\"on\":[1,\"\\n\"]}");
    for (size_t size = 0; size < will.size; size++) {
        cr_expect(not(taken(will.text, size)));
    }
    for (size_t i = 0; i < will.size * 8; i++) {
        struct msock__will other = will;
        other.text[i / 8] = (char)(other.text[i / 8] ^ 1 << i % 8);
        (void)taken(other.text, other.size);
    }
    cr_expect(taken(will.text, will.size));
}
