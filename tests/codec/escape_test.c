/* SPDX-License-Identifier: Apache-2.0 */
/* What terminals and logs are shown. */
#include <multisock/text.h>

#include "codec/error.h"
#include "codec/utf8.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <string.h>

/* -- Text -- */

Test(text_escape, shows_what_could_harm)
{
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"back\\slash", "back\\slash"},
        {"caf\xC3\xA9 \xF0\x9F\x92\xA1", "caf\xC3\xA9 \xF0\x9F\x92\xA1"},
        {"\x1B[2J", "\\x1b[2J"},
        {"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
        {"\x7F", "\\x7f"},
        {"\xC2\x85", "\\u{0085}"},
        {"\xC2\x9B", "\\u{009b}"},
        {"\xC2\xA0", "\xC2\xA0"},
        {"\xD8\x9C", "\\u{061c}"},
        {"\xE2\x80\x8E", "\\u{200e}"},
        {"\xE2\x80\xAE", "\\u{202e}"},
        {"\xE2\x81\xA6", "\\u{2066}"},
        {"\xE2\x81\xA9", "\\u{2069}"},
        {"\xC2\xAD", "\\u{00ad}"},
        {"\xE2\x80\x8B", "\\u{200b}"},
        {"\xE2\x80\x90", "\xE2\x80\x90"},
        {"\xE2\x80\xA7", "\xE2\x80\xA7"},
        {"\xE2\x80\xA8", "\\u{2028}"},
        {"\xE2\x80\xA9", "\\u{2029}"},
        {"\xE2\x80\xAF", "\xE2\x80\xAF"},
        {"\xE2\x81\xA0", "\\u{2060}"},
        {"\xE2\x81\xB0", "\xE2\x81\xB0"},
        {"\xEF\xB8\x8F", "\xEF\xB8\x8F"},
        {"\xEF\xBB\xBF", "\\u{feff}"},
        {"\xF3\xA0\x80\x81", "\\u{e0001}"},
        {"\xF3\xA1\x80\x80", "\xF3\xA1\x80\x80"},
        {"\xFF\xC3(", "\\xff\\xc3("},
        {"\xED\xA0\x80", "\\xed\\xa0\\x80"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[64];
        size_t size = msock_text_escape(cases[i].text, strlen(cases[i].text),
                                        out, sizeof out);
        cr_expect(eq(str, out, (char *)cases[i].shown));
        cr_expect(eq(sz, size, strlen(cases[i].shown)));
    }
}

Test(text_escape, a_nul_byte_is_shown)
{
    char out[16];

    cr_assert(eq(sz, msock_text_escape("a\0b", 3, out, sizeof out), 6));
    cr_assert(eq(str, out, "a\\x00b"));
}

Test(text_escape, is_cut_between_characters)
{
    static const char text[] = "ab\x1B\xC3\xA9z";
    static const char *const shown[] = {"",
                                        "",
                                        "a",
                                        "ab",
                                        "ab",
                                        "ab",
                                        "ab",
                                        "ab\\x1b",
                                        "ab\\x1b",
                                        "ab\\x1b\xC3\xA9",
                                        "ab\\x1b\xC3\xA9z"};

    for (size_t capacity = 1; capacity <= 10; capacity++) {
        char out[16];
        memset(out, '!', sizeof out);
        size_t size = msock_text_escape(text, sizeof text - 1, out, capacity);
        cr_expect(eq(sz, size, 9));
        cr_expect(eq(str, out, (char *)shown[capacity]), "%zu", capacity);
        cr_expect(eq(chr, out[capacity], '!'));
    }
}

Test(text_escape, with_no_room_only_counts)
{
    cr_assert(eq(sz, msock_text_escape("a\n", 2, NULL, 0), 5));
}

/* Every character that is printed as it is has a shape, keeps the order and the
 * line: by Unicode's own lists, not by the module's. */
static bool has_a_shape(uint32_t code)
{
    static const uint32_t shapeless[] = {
        0x00,    0x07,    0x0A,   0x1B,   0x1F,    0x7F,    0x80,    0x85,
        0x9B,    0x9D,    0x9F,   0xAD,   0x34F,   0x61C,   0x115F,  0x1160,
        0x17B4,  0x17B5,  0x180E, 0x200B, 0x200C,  0x200D,  0x200E,  0x200F,
        0x2028,  0x2029,  0x202A, 0x202B, 0x202C,  0x202D,  0x202E,  0x2060,
        0x2061,  0x2064,  0x2066, 0x2067, 0x2068,  0x2069,  0x206F,  0x3164,
        0xFEFF,  0xFFA0,  0xFFF9, 0xFFFB, 0x1BCA0, 0x1D173, 0xE0001, 0xE0020,
        0xE007F, 0xE01EF,
    };

    for (size_t i = 0; i < sizeof shapeless / sizeof shapeless[0]; i++) {
        if (shapeless[i] == code) {
            return false;
        }
    }
    return true;
}

Test(text_escape, what_has_no_shape_is_never_printed)
{
    size_t shown_as_it_is = 0;

    for (uint32_t code = 1; code <= 0x10FFFF; code++) {
        char text[MSOCK__UTF8_MAX];
        char out[16];
        size_t size =
            code >= 0xD800 && code < 0xE000 ? 0 : msock__utf8_put(code, text);
        size_t whole = msock_text_escape(text, size, out, sizeof out);
        bool same = whole == size && memcmp(out, text, size) == 0;
        cr_assert(has_a_shape(code) || !same, "U+%04X", (unsigned)code);
        cr_assert(le(sz, whole, 4 * size), "U+%04X", (unsigned)code);
        shown_as_it_is += same;
    }
    cr_expect(gt(sz, shown_as_it_is, 0x10FFFF - 0x2000 - 0x1000));
}

Test(text_escape, twice_is_as_once)
{
    static const char text[] = "a\x1b[31m\\x1b\xe2\x80\xae\xff\xf3\xa0\x80\x81";
    char once[96];
    char twice[96];

    size_t size = msock_text_escape(text, sizeof text - 1, once, sizeof once);
    cr_assert(eq(sz, msock_text_escape(once, size, twice, sizeof twice), size));

    cr_expect(eq(str, twice, once));
}

Test(error_detail, is_one_safe_line_whatever_it_quotes)
{
    msock__fail(MSOCK_EINVAL, "file %s: %s", "a\nb\x1b]0;x\x07",
                "\xc2\x9b\xff");

    cr_expect(eq(str, (char *)msock_error_detail(),
                 "file a\\x0ab\\x1b]0;x\\x07: \\u{009b}\\xff"));
}

/* -- JSON -- */

Test(json_escape, shows_what_could_harm)
{
    static const struct {
        const char *json;
        const char *shown;
    } cases[] = {
        {"1", "1"},
        {" {\t\"a b\" :\r\n[ 1 , null ] } ", "{\"a b\":[1,null]}"},
        {"\"a\x7f"
         "b\"",
         "\"a\\u007fb\""},
        {"\"\xC2\x9B"
         "31m\"",
         "\"\\u009b31m\""},
        {"\"\xE2\x80\xAE\"", "\"\\u202e\""},
        {"\"\xE2\x80\xA8\xE2\x80\xA9\"", "\"\\u2028\\u2029\""},
        {"\"\xE2\x80\x8B\xEF\xBB\xBF\"", "\"\\u200b\\ufeff\""},
        {"\"\xF3\xA0\x80\x81\"", "\"\\udb40\\udc01\""},
        {"\"\\u001b\\\"\\\\\\n\"", "\"\\u001b\\\"\\\\\\n\""},
        {"\"\\\\\" ", "\"\\\\\""},
        {"{\"\xC2\x85\":\"caf\xC3\xA9 \xF0\x9F\x92\xA1\"}",
         "{\"\\u0085\":\"caf\xC3\xA9 \xF0\x9F\x92\xA1\"}"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[64];
        int size = msock_json_escape(cases[i].json, strlen(cases[i].json), out,
                                     sizeof out);
        cr_expect(eq(str, out, (char *)cases[i].shown));
        cr_expect(eq(int, size, (int)strlen(cases[i].shown)));
        cr_expect(zero(int, msock_json_check(out, strlen(out))));
    }
}

Test(json_escape, is_the_same_value)
{
    static const char json[] = "\"a\x7f\xC2\x9B\xE2\x80\xAE\xF3\xA0\x80\x81\"";
    char shown[64];
    char before[64];
    char after[64];

    int size = msock_json_escape(json, sizeof json - 1, shown, sizeof shown);
    cr_assert(ge(int, size, 1));
    msock_json_text(json, sizeof json - 1, before, sizeof before);
    msock_json_text(shown, (size_t)size, after, sizeof after);

    cr_expect(eq(str, after, before));
}

Test(json_escape, refuses_what_is_no_json)
{
    char out[8] = "as is";

    cr_expect(eq(int, msock_json_escape("\"\xFF\"", 3, out, 8), MSOCK_EJSON));
    cr_expect(eq(int, msock_json_escape("\"\\", 2, out, 8), MSOCK_EJSON));
    cr_expect(eq(int, msock_json_escape("", 0, out, 8), MSOCK_EJSON));
    cr_expect(eq(str, out, "as is"));
}

Test(json_escape, writes_nothing_that_does_not_fit)
{
    char out[10] = "untouched";

    cr_expect(eq(int, msock_json_escape("\"\x7f\"", 3, out, 8), MSOCK_ETOOBIG));
    cr_expect(eq(str, out, "untouched"));
    cr_expect(eq(int, msock_json_escape("\"\x7f\"", 3, out, 9), 8));
    cr_expect(eq(int, msock_json_escape("1", 1, NULL, 0), MSOCK_ETOOBIG));
}
