/* SPDX-License-Identifier: Apache-2.0 */
/* What scanned JSON means, and JSON written. */
#include "codec/json.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* -- Meaning -- */

static struct msock__json_slice slice_of(const char *text, int type)
{
    return (struct msock__json_slice){
        .text = text, .size = strlen(text), .type = type};
}

static struct msock__json_slice string_of(const char *text)
{
    return slice_of(text, MSOCK__JSON_STRING);
}

Test(json_text, unescape_resolves_every_escape)
{
    struct msock__json_slice slice =
        string_of("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u00e9\\u20ac"
                  "\\ud83d\\udca1z\"");
    static const char expected[] = "a\"\\/\b\f\n\r\t\x01\xC3\xA9\xE2\x82\xAC"
                                   "\xF0\x9F\x92\xA1z";
    char out[64] = {0};
    size_t size = msock__json_unescape(&slice, out);

    cr_assert(eq(sz, size, sizeof expected - 1));
    cr_assert(eq(str, out, (char *)expected));
    cr_assert(eq(sz, msock__json_unescape(&slice, NULL), size));
}

Test(json_text, unescape_works_in_place)
{
    char text[] = "\"x\\u00e9y\\nz\"";
    struct msock__json_slice slice = string_of(text);
    size_t size = msock__json_unescape(&slice, text + 1);

    cr_assert(eq(sz, size, 6));
    cr_assert(zero(int, memcmp(text + 1, "x\xC3\xA9y\nz", size)));
}

Test(json_text, equal_compares_what_is_meant)
{
    static const struct {
        const char *json;
        const char *text;
        bool equal;
    } cases[] = {
        {"\"topic\"", "topic", true},
        {"\"\\u0074opic\"", "topic", true},
        {"\"topi\\u0063\"", "topic", true},
        {"\"\\u0074\\u006f\\u0070\\u0069\\u0063\"", "topic", true},
        {"\"\"", "", true},
        {"\"Topic\"", "topic", false},
        {"\"topics\"", "topic", false},
        {"\"topi\"", "topic", false},
        {"\"topic\\n\"", "topic", false},
        {"\"\\ntopic\"", "topic", false},
        {"\"\"", "topic", false},
        {"\"a\"", "", false},
        {"\"\\ud83d\\udca1\"", "\xF0\x9F\x92\xA1", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct msock__json_slice slice = string_of(cases[i].json);
        cr_expect(
            eq(int, msock__json_equal(&slice, cases[i].text), cases[i].equal),
            "%s", cases[i].json);
    }
}

Test(json_text, protocol_integers_have_one_form)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"0", 0},
                {"7", 7},
                {"60000", 60000},
                {"9007199254740991", UINT64_C(9007199254740991)}};
    static const char *const bad[] = {"9007199254740992",
                                      "9999999999999999",
                                      "10000000000000000",
                                      "-0",
                                      "-1",
                                      "1.0",
                                      "1e3",
                                      "1E3",
                                      "0.5",
                                      "18446744073709551616"};
    uint64_t value;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct msock__json_slice slice =
            slice_of(good[i].text, MSOCK__JSON_NUMBER);
        cr_assert(msock__json_integer(&slice, &value), "%s", good[i].text);
        cr_assert(eq(u64, value, good[i].value));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct msock__json_slice slice = slice_of(bad[i], MSOCK__JSON_NUMBER);
        cr_expect(not(msock__json_integer(&slice, &value)), "%s", bad[i]);
    }
}

Test(json_text, a_string_or_nothing_is_no_integer)
{
    struct msock__json_slice string = string_of("\"7\"");
    struct msock__json_slice empty = slice_of("", MSOCK__JSON_NUMBER);
    uint64_t value;

    cr_expect(not(msock__json_integer(&string, &value)));
    cr_expect(not(msock__json_integer(&empty, &value)));
}

/* -- Writing -- */

Test(json_text, compact_drops_space_outside_of_strings_only)
{
    static const char text[] =
        " { \"a b\" : [ 1 ,\t2 ] ,\r\n \"\\\" \\\\\" : \"\\n \" } ";
    char out[sizeof text];
    size_t size = msock__json_compact(text, sizeof text - 1, out);

    out[size] = '\0';
    cr_assert(eq(str, out, "{\"a b\":[1,2],\"\\\" \\\\\":\"\\n \"}"));
}

Test(json_text, compact_works_in_place)
{
    char text[] = "[ \"x y\" , { } ]";
    size_t size = msock__json_compact(text, sizeof text - 1, text);

    text[size] = '\0';
    cr_assert(eq(str, text, "[\"x y\",{}]"));
}

Test(json_text, quote_escapes_only_what_it_must)
{
    static const char text[] = "a\"b\\c/\b\t\n\f\r\x01\x1F\x7F\xC3\xA9";
    char out[6 * sizeof text];
    size_t size = msock__json_quote(text, sizeof text - 1, out);

    out[size] = '\0';
    cr_assert(eq(str, out,
                 "\"a\\\"b\\\\c/\\b\\t\\n\\f\\r\\u0001\\u001f\x7F\xC3\xA9\""));
    cr_assert(eq(sz, msock__json_quote(text, sizeof text - 1, NULL), size));
}

Test(json_text, quote_and_unescape_are_inverse)
{
    for (int byte = 1; byte < 128; byte++) {
        char text[3] = {'x', (char)byte, 'y'};
        char quoted[32];
        char back[32];
        size_t size = msock__json_quote(text, sizeof text, quoted);
        struct msock__json_slice slice = {
            .text = quoted, .size = size, .type = MSOCK__JSON_STRING};
        size_t offset = 0;
        cr_assert(zero(int, msock__json_scan(quoted, size, 0, &offset, NULL)));
        cr_assert(eq(sz, msock__json_unescape(&slice, back), sizeof text));
        cr_assert(zero(int, memcmp(back, text, sizeof text)));
    }
}
