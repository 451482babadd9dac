/* SPDX-License-Identifier: Apache-2.0 */
/* The public helpers for JSON and mistyped words. */
#include <multisock/text.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <string.h>

/* -- JSON -- */

static int check(const char *text)
{
    return msock_json_check(text, strlen(text));
}

Test(json_check, takes_one_value_with_space_around)
{
    cr_expect(zero(int, check("1")));
    cr_expect(zero(int, check(" \t\r\n {\"a\": [1, 2]} \n")));
    cr_expect(eq(int, check(""), MSOCK_EJSON));
    cr_expect(eq(int, check(" "), MSOCK_EJSON));
    cr_expect(eq(int, check("1 2"), MSOCK_EJSON));
    cr_expect(eq(int, check("hello"), MSOCK_EJSON));
}

Test(json_check, says_where)
{
    check("[1, x]");

    cr_assert(
        eq(str, (char *)msock_error_detail(), "not valid JSON at byte 4"));
}

Test(json_check, leaves_a_level_for_the_envelope)
{
    char text[64];

    memset(text, '[', 31);
    memset(text + 31, ']', 31);
    cr_expect(zero(int, msock_json_check(text, 62)));
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    cr_expect(eq(int, msock_json_check(text, 64), MSOCK_EJSON));
}

static const char object[] =
    " {\"on\" : true, \"n\\u0061me\":\"x\", \"list\":[1,[2]],\"on\":0} ";

Test(json_get, finds_the_first_member_of_a_key)
{
    const char *value = NULL;

    cr_assert(
        eq(int, msock_json_get(object, sizeof object - 1, "on", &value), 4));
    cr_assert(zero(int, strncmp(value, "true", 4)));
    cr_assert(
        eq(int, msock_json_get(object, sizeof object - 1, "name", &value), 3));
    cr_assert(zero(int, strncmp(value, "\"x\"", 3)));
    cr_assert(
        eq(int, msock_json_get(object, sizeof object - 1, "list", &value), 7));
    cr_assert(zero(int, strncmp(value, "[1,[2]]", 7)));
}

Test(json_get, tells_absence_from_damage)
{
    const char *value = NULL;

    cr_expect(eq(int, msock_json_get(object, sizeof object - 1, "off", &value),
                 MSOCK_ENOENT));
    cr_expect(eq(int, msock_json_get("[1]", 3, "a", &value), MSOCK_ENOENT));
    cr_expect(eq(int, msock_json_get("{}", 2, "a", &value), MSOCK_ENOENT));
    cr_expect(
        eq(int, msock_json_get("{\"a\":1,}", 8, "a", &value), MSOCK_EJSON));
    cr_expect(
        eq(int, msock_json_get("{\"a\":1}x", 8, "a", &value), MSOCK_EJSON));
    cr_expect(zero(ptr, (void *)value));
}

Test(json_next, walks_over_an_array)
{
    static const char array[] = " [1, \"b\" , [3]] ";
    const char *value = NULL;
    size_t cursor = 0;

    cr_assert(
        eq(int, msock_json_next(array, sizeof array - 1, &cursor, &value), 1));
    cr_assert(zero(int, strncmp(value, "1", 1)));
    cr_assert(
        eq(int, msock_json_next(array, sizeof array - 1, &cursor, &value), 3));
    cr_assert(zero(int, strncmp(value, "\"b\"", 3)));
    cr_assert(
        eq(int, msock_json_next(array, sizeof array - 1, &cursor, &value), 3));
    cr_assert(zero(int, strncmp(value, "[3]", 3)));
    cr_assert(eq(int, msock_json_next(array, sizeof array - 1, &cursor, &value),
                 MSOCK_ENOENT));
    cr_assert(eq(int, msock_json_next(array, sizeof array - 1, &cursor, &value),
                 MSOCK_ENOENT));
}

Test(json_next, refuses_what_is_no_array)
{
    const char *value = NULL;
    size_t cursor = 0;

    cr_expect(eq(int, msock_json_next("[]", 2, &cursor, &value), MSOCK_ENOENT));
    cr_expect(eq(int, msock_json_next("{}", 2, &cursor, &value), MSOCK_ENOENT));
    cr_expect(
        eq(int, msock_json_next("[1,]", 4, &cursor, &value), MSOCK_EJSON));
    cr_expect(
        eq(int, msock_json_next("[1]]", 4, &cursor, &value), MSOCK_EJSON));
    cr_expect(eq(int, msock_json_next("", 0, &cursor, &value), MSOCK_EJSON));
    cursor = 9;
    cr_expect(eq(int, msock_json_next("[1]", 3, &cursor, &value), MSOCK_EJSON));
}

/* Takes a step over `json`, and says whether it gave this key and value. */
static bool member_is(const char *json, size_t *cursor, const char *key,
                      const char *value)
{
    const char *key_at = "";
    const char *value_at = "";
    size_t key_size = 0;
    int size = msock_json_member(json, strlen(json), cursor, &key_at, &key_size,
                                 &value_at);

    return size == (int)strlen(value) && key_size == strlen(key) &&
           strncmp(key_at, key, key_size) == 0 &&
           strncmp(value_at, value, (size_t)size) == 0;
}

Test(json_member, walks_over_an_object)
{
    size_t cursor = 0;
    const char *at = NULL;
    size_t size = 0;

    cr_expect(member_is(object, &cursor, "\"on\"", "true"));
    cr_expect(member_is(object, &cursor, "\"n\\u0061me\"", "\"x\""));
    cr_expect(member_is(object, &cursor, "\"list\"", "[1,[2]]"));
    cr_expect(member_is(object, &cursor, "\"on\"", "0"));
    for (int i = 0; i < 2; i++) {
        cr_expect(eq(
            int,
            msock_json_member(object, strlen(object), &cursor, &at, &size, &at),
            MSOCK_ENOENT));
    }
}

Test(json_member, refuses_what_is_no_object)
{
    static const struct {
        const char *json;
        size_t cursor;
        int code;
    } cases[] = {
        {"{}", 0, MSOCK_ENOENT},        {"[]", 0, MSOCK_ENOENT},
        {"1", 0, MSOCK_ENOENT},         {"", 0, MSOCK_EJSON},
        {"{\"a\":1,}", 0, MSOCK_EJSON}, {"{\"a\":1}}", 0, MSOCK_EJSON},
        {"{\"a\" 1}", 0, MSOCK_EJSON},  {"{}", 9, MSOCK_EJSON},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *at = NULL;
        size_t size = 0;
        size_t cursor = cases[i].cursor;
        cr_expect(eq(int,
                     msock_json_member(cases[i].json, strlen(cases[i].json),
                                       &cursor, &at, &size, &at),
                     cases[i].code),
                  "%s", cases[i].json);
        cr_expect(zero(ptr, (void *)at));
    }
}

Test(json_text, gives_the_text_of_a_string)
{
    static const char json[] = " \"caf\\u00e9\\n\" ";
    char out[7];

    cr_assert(
        eq(int, msock_json_text(json, sizeof json - 1, out, sizeof out), 6));
    cr_assert(eq(str, out, "caf\xC3\xA9\n"));
    cr_assert(
        eq(int, msock_json_text(json, sizeof json - 1, out, 6), MSOCK_ETOOBIG));
    cr_assert(zero(int, msock_json_text("\"\"", 2, out, 1)));
    cr_assert(eq(int, msock_json_text("\"\"", 2, out, 0), MSOCK_ETOOBIG));
}

Test(json_text, refuses_what_is_no_string)
{
    char out[8];

    cr_expect(eq(int, msock_json_text("1", 1, out, 8), MSOCK_EJSON));
    cr_expect(eq(int, msock_json_text("\"", 1, out, 8), MSOCK_EJSON));
    cr_expect(eq(int, msock_json_text("\"\\u0000\"", 8, out, 8), MSOCK_EJSON));
}

Test(json_quote, writes_a_string)
{
    char out[6 * 3 + 3];

    cr_assert(eq(int, msock_json_quote("a\"\n", 3, out, sizeof out), 7));
    cr_assert(eq(str, out, "\"a\\\"\\n\""));
    cr_assert(eq(int, msock_json_quote("\1\1\1", 3, out, sizeof out), 20));
    cr_assert(eq(str, out, "\"\\u0001\\u0001\\u0001\""));
    cr_assert(eq(int, msock_json_quote("\1\1\1", 3, out, 20), MSOCK_ETOOBIG));
    cr_assert(eq(int, msock_json_quote("", 0, out, sizeof out), 2));
}

Test(json_quote, refuses_what_json_cannot_hold)
{
    char out[32];

    cr_expect(eq(int, msock_json_quote("\xFF", 1, out, 32), MSOCK_EJSON));
    cr_expect(eq(int, msock_json_quote("a\0", 2, out, 32), MSOCK_EJSON));
}

/* -- Mistyped words -- */

Test(text_nearest, takes_the_fewest_edits)
{
    static const char *const known[] = {"name", "config", "slow_ms"};
    static const struct {
        const char *word;
        const char *meant;
    } cases[] = {
        {"name", "name"},      {"NAEM", "name"},    {"confg", "config"},
        {"configs", "config"}, {"slow", "slow_ms"}, {"n", "name"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *found =
            msock_text_nearest(cases[i].word, strlen(cases[i].word), known, 3);
        cr_expect(eq(str, (char *)found, (char *)cases[i].meant));
    }
}

Test(text_nearest, neighbours_that_changed_places_are_one_edit)
{
    static const char *const known[] = {"sub", "pub", "gen"};

    cr_expect(eq(str, (char *)msock_text_nearest("pbu", 3, known, 3), "pub"));
    cr_expect(eq(str, (char *)msock_text_nearest("gne", 3, known, 3), "gen"));
    cr_expect(zero(ptr, (void *)msock_text_nearest("ubp", 3, known, 3)));
}

Test(text_nearest, what_a_known_word_begins_means_that_word)
{
    static const char *const known[] = {"sub", "pub", "hz"};

    cr_expect(
        eq(str, (char *)msock_text_nearest("PUBlish", 7, known, 3), "pub"));
    cr_expect(zero(ptr, (void *)msock_text_nearest("hzlooooo", 8, known, 3)));
}

Test(text_nearest, what_the_word_begins_comes_before_fewer_edits)
{
    static const char *const known[] = {"ttl", "kex", "key_file", "keys"};

    cr_expect(
        eq(str, (char *)msock_text_nearest("key_", 4, known, 4), "key_file"));
    cr_expect(eq(str, (char *)msock_text_nearest("KEYS", 4, known, 4), "keys"));
}

Test(text_nearest, of_what_the_word_begins_the_shortest_is_meant)
{
    static const char *const known[] = {"plugins_directory", "plugins",
                                        "plugin_x"};

    for (size_t size = 1; size <= 6; size++) {
        cr_expect(eq(str, (char *)msock_text_nearest("plugin", size, known, 3),
                     "plugins"));
    }
    cr_expect(eq(str, (char *)msock_text_nearest("plugins_", 8, known, 3),
                 "plugins_directory"));
}

Test(text_nearest, knows_nothing_near_a_word_of_another_kind)
{
    static const char *const known[] = {"ttl", "mtu", "key_file", "name"};

    cr_expect(zero(ptr, (void *)msock_text_nearest("foo", 3, known, 4)));
    cr_expect(zero(ptr, (void *)msock_text_nearest("unknown", 7, known, 4)));
    cr_expect(zero(ptr, (void *)msock_text_nearest("", 0, known, 4)));
}

Test(text_nearest, looks_at_no_more_than_64_bytes)
{
    char word[1000];
    char near[1000] = "";
    const char *known[] = {"b", near};

    memset(word, 'a', sizeof word);
    memset(near, 'a', sizeof near - 1);

    cr_expect(
        eq(ptr, (void *)msock_text_nearest(word, sizeof word, known, 2), near));
    cr_expect(zero(ptr, (void *)msock_text_nearest(word, 1, known, 0)));
}
