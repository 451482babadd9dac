/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of filters and matching: MQTT 5 section 4.7, clause by clause. */
#include "core/topic.h"

#include "codec/envelope.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdint.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *filter;
    const char *topic;
    bool matches;
} matches[] = {
    {"a", "a", true},
    {"a", "b", false},
    {"a", "A", false},
    {"a", "ab", false},
    {"ab", "a", false},
    {"a", "a/b", false},
    {"a/b", "a", false},
    {"a/b", "a/b", true},
    {"lights", "lights", true},
    /* Empty levels are levels. */
    {"/a", "a", false},
    {"a", "/a", false},
    {"a/", "a", false},
    {"a", "a/", false},
    {"/", "/", true},
    {"//", "/", false},
    {"a//b", "a//b", true},
    {"a//b", "a/b", false},
    /* `+` is one level, an empty one too. */
    {"+", "a", true},
    {"+", "/a", false},
    {"+", "a/", false},
    {"+/+", "/a", true},
    {"/+", "/a", true},
    {"+/", "a/", true},
    {"a/+", "a", false},
    {"a/+", "a/", true},
    {"a/+", "a/b", true},
    {"a/+", "a/b/c", false},
    {"a/+/c", "a//c", true},
    {"a/+/c", "a/b/c", true},
    {"a/+/c", "a/b/d", false},
    {"+/b/+", "a/b/c", true},
    {"sport/tennis/+", "sport/tennis/player1/ranking", false},
    /* `#` is any number of levels, none included: the parent. */
    {"#", "a", true},
    {"#", "/", true},
    {"#", "a/b/c", true},
    {"a/#", "a", true},
    {"a/#", "a/", true},
    {"a/#", "a/b", true},
    {"a/#", "a/b/c", true},
    {"a/#", "ab", false},
    {"a/#", "b", false},
    {"a/b/#", "a", false},
    {"+/#", "a", true},
    {"+/#", "/", true},
    {"+/b/#", "a/b", true},
    {"/#", "/", true},
    {"/#", "a", false},
    {"a/+/#", "a", false},
    {"a/+/#", "a/", true},
    /* A name that begins with `$` needs its first level spelt out. */
    {"#", "$SYS", false},
    {"+", "$SYS", false},
    {"#", "$SYS/a", false},
    {"+/a", "$SYS/a", false},
    {"+/#", "$SYS/a", false},
    {"$SYS/#", "$SYS/a", true},
    {"$SYS/#", "$SYS", true},
    {"$SYS/+", "$SYS/a", true},
    {"#", "$", false},
    {"$", "$", true},
    {"a/+", "a/$b", true},
    {"a/#", "a/$b", true},
    {"+/$b", "a/$b", true},
};

Test(topic, matching_follows_mqtt_5)
{
    for (size_t i = 0; i < COUNT(matches); i++) {
        cr_expect(eq(int,
                     msock_topic_match(matches[i].filter, matches[i].topic),
                     matches[i].matches),
                  "%s on %s", matches[i].filter, matches[i].topic);
    }
}

static const struct {
    const char *filter;
    bool valid;
} filters[] = {
    {"a", true},
    {"/", true},
    {"//", true},
    {"+", true},
    {"#", true},
    {"+/+/#", true},
    {"a b", true},
    {"$ms/#", true},
    {"$", true},
    {"k\xc3\xbc"
     "che/#",
     true},
    {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", true},
    {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/#", true},
    {"///////////////", true},
    {"", false},
    {"a+", false},
    {"+a", false},
    {"++", false},
    {"a/b+/c", false},
    {"a#", false},
    {"#a", false},
    {"##", false},
    {"#/", false},
    {"#/a", false},
    {"a/#/b", false},
    {"a/#/#", false},
    {"+#", false},
    {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", false},
    {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/#", false},
    {"////////////////", false},
    {"a\nb", false},
    {"a\x01", false},
    {"a\x1f", false},
    {"a\x7f", false},
    {"a\xc2\x80", false},
    {"a\xc2\x9f", false},
    {"a\xc2\xa0", true},
    {"a\xff", false},
    {"a\xc3", false},
    {"a\xed\xa0\x80", false},
    {"a\xc0\xaf", false},
};

Test(topic, filters_are_valid_or_not)
{
    for (size_t i = 0; i < COUNT(filters); i++) {
        const char *filter = filters[i].filter;
        cr_expect(eq(int, msock__filter_valid(filter, strlen(filter)),
                     filters[i].valid),
                  "row %zu: %s", i, filter);
    }
}

Test(topic, filter_length_is_1_to_255)
{
    char filter[MSOCK_TOPIC_MAX + 1];
    memset(filter, 'a', sizeof(filter));

    cr_expect(not(msock__filter_valid(filter, 0)));
    cr_expect(msock__filter_valid(filter, 1));
    cr_expect(msock__filter_valid(filter, MSOCK_TOPIC_MAX));
    cr_expect(not(msock__filter_valid(filter, MSOCK_TOPIC_MAX + 1)));
}

Test(topic, filter_with_nul_is_not_valid)
{
    cr_expect(not(msock__filter_valid("a\0b", 3)));
}

Test(topic, filter_is_read_no_further_than_its_size)
{
    static const char filter[] = "+/k\xc3\xbc/#";
    static const bool valid[] = {false, true, true, true,
                                 false, true, true, true};
    for (size_t size = 0; size < COUNT(valid); size++) {
        cr_expect(eq(int, msock__filter_valid(filter, size), valid[size]),
                  "%zu bytes", size);
    }
}

Test(topic, match_of_what_is_not_valid_is_false)
{
    cr_expect(not(msock_topic_match("a#", "a#")));
    cr_expect(not(msock_topic_match("#/a", "b/a")));
    cr_expect(not(msock_topic_match("", "a")));
    cr_expect(not(msock_topic_match("#", "")));
    cr_expect(not(msock_topic_match("#", "+")));
    cr_expect(not(msock_topic_match("+", "#")));
    cr_expect(not(msock_topic_match("#", "a\nb")));
    cr_expect(not(msock_topic_match(NULL, "a")));
    cr_expect(not(msock_topic_match("a", NULL)));
}

Test(topic, reserved_is_what_lies_under_ms)
{
    cr_expect(msock__topic_reserved("$ms/hello", 9));
    cr_expect(msock__topic_reserved("$ms/", 4));
    cr_expect(not(msock__topic_reserved("$ms", 3)));
    cr_expect(not(msock__topic_reserved("$ms/", 3)));
    cr_expect(not(msock__topic_reserved("$msx/a", 6)));
    cr_expect(not(msock__topic_reserved("a/$ms/", 6)));
    cr_expect(not(msock__topic_reserved("", 0)));
}

Test(topic, levels_are_cut_at_every_separator)
{
    static const char topic[] = "/ab//c/";
    static const char *const expected[] = {"", "ab", "", "c", ""};
    const char *level;
    size_t size;
    size_t offset = 0;

    for (size_t i = 0; i < COUNT(expected); i++) {
        cr_assert(msock__topic_level(topic, 7, &offset, &level, &size));
        cr_expect(eq(sz, size, strlen(expected[i])));
        cr_expect(eq(int, memcmp(level, expected[i], size), 0));
    }

    cr_expect(not(msock__topic_level(topic, 7, &offset, &level, &size)));
    cr_expect(not(msock__topic_level(topic, 7, &offset, &level, &size)));
}

/* -- Against a model that reads both texts letter by letter -- */

static bool model_match(const char *filter, const char *topic)
{
    if (strcmp(filter, "#") == 0 ||
        (strcmp(filter, "/#") == 0 && *topic == '\0')) {
        return true;
    }
    if (*filter == '+') {
        return (*topic != '\0' && *topic != '/' &&
                model_match(filter, topic + 1)) ||
               model_match(filter + 1, topic);
    }
    if (*filter != *topic) {
        return false;
    }
    return *filter == '\0' || model_match(filter + 1, topic + 1);
}

static bool model(const char *filter, const char *topic)
{
    bool hidden = *topic == '$' && (*filter == '+' || *filter == '#');
    return !hidden && model_match(filter, topic);
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 33;
}

static void random_text(uint64_t *state, const char *alphabet, char *text)
{
    size_t size = 1 + next_random(state) % 8;
    for (size_t i = 0; i < size; i++) {
        text[i] = alphabet[next_random(state) % strlen(alphabet)];
    }
    text[size] = '\0';
}

Test(topic, matching_agrees_with_a_naive_model)
{
    uint64_t state = 1;
    size_t matched = 0;

    for (int i = 0; i < 300000; i++) {
        char filter[16];
        char topic[16];
        random_text(&state, "ab//++#$", filter);
        random_text(&state, "aab//$", topic);
        bool valid = msock__filter_valid(filter, strlen(filter)) &&
                     msock__topic_valid(topic, strlen(topic));
        bool expected = valid && model(filter, topic);
        cr_assert(eq(int, msock_topic_match(filter, topic), expected),
                  "%s on %s", filter, topic);
        matched += expected;
    }

    cr_expect(gt(sz, matched, 3000));
}
