/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8259 case by case: each text is given to the scanner alone, to the plain
 * grammar of tests/support, and as the `data` of a message. */
#include "tests/codec/rfc8259_case.h"

#include "codec/envelope.h"
#include "codec/json.h"
#include "tests/codec/exact.h"
#include "tests/support/rfc8259.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <multisock/text.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool scanner_takes(const struct rfc8259_case *c)
{
    char *copy = exact_copy(c->text, c->size, 0);
    size_t offset = 0;
    int result =
        msock__json_scan(copy, c->size, MSOCK__JSON_DEPTH_MAX, &offset, NULL);
    free(copy);
    return result == 0 && offset == c->size;
}

static bool grammar_takes(const struct rfc8259_case *c)
{
    struct rfc8259_needs needs;

    return rfc8259_value(c->text, c->size, &needs);
}

/* What comes of a message with this data: 0 if exactly the data is read. */
static int message_of(const struct rfc8259_case *c)
{
    static const char head[] = "{\"topic\":\"t\",\"sender\":\"s\",\"data\":";
    static const char tail[] = "}\n";
    size_t size = sizeof head - 1 + c->size + sizeof tail - 1;
    char *line = exact_copy(head, sizeof head - 1, c->size + sizeof tail);
    struct msock__envelope e;
    size_t used;

    memcpy(line + sizeof head - 1, c->text, c->size);
    memcpy(line + size - (sizeof tail - 1), tail, sizeof tail - 1);
    int drop = msock__envelope_decode(line, size, false, 0, 2048, &e, &used);
    bool same = drop == 0 && used == size && e.data_size == c->size &&
                memcmp(e.data, c->text, c->size) == 0;
    free(line);
    return drop == 0 && !same ? -1 : drop;
}

static void expect_all(const struct rfc8259_case *cases, size_t count,
                       bool grammar, bool scanner, int drop)
{
    for (size_t i = 0; i < count; i++) {
        const struct rfc8259_case *c = &cases[i];
        cr_expect(eq(int, grammar_takes(c), grammar), "grammar: %s", c->what);
        cr_expect(eq(int, scanner_takes(c), scanner), "scanner: %s", c->what);
        cr_expect(eq(int, message_of(c), drop), "message: %s", c->what);
    }
}

Test(rfc8259, what_must_be_accepted_is)
{
    cr_assert(ge(sz, rfc8259_accepted_count, 120));
    expect_all(rfc8259_accepted, rfc8259_accepted_count, true, true, 0);
}

Test(rfc8259, what_must_be_refused_is)
{
    cr_assert(ge(sz, rfc8259_refused_count, 200));
    expect_all(rfc8259_refused, rfc8259_refused_count, false, false,
               MSOCK_DROP_JSON);
}

Test(rfc8259, white_space_around_a_text_is_accepted_where_it_stands_alone)
{
    static const struct rfc8259_case cases[] = {
        {"a blank before", TEXT(" 1")},
        {"a blank behind", TEXT("1 ")},
        {"all four on both sides", TEXT(" \t\r\n[1] \t\r\n")},
        {"a line feed at the end", TEXT("{}\n")},
        {"line feeds inside", TEXT("[\n1\n,\n2\n]")},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        cr_expect(zero(int, msock_json_check(cases[i].text, cases[i].size)),
                  "%s", cases[i].what);
    }
}

/* -- Where our limits are stricter than the RFC lets parsers be -- */

#define HALF "nobody can say what half a pair means, and readers differ"
#define CUT "a text ends at its NUL in C: readers would see different ones"
#define DEEP "the stack of whoever builds a tree is not ours to spend"
#define LONG "a number takes bounded work, and one double holds it"
#define HUGE "what one reader calls infinite another refuses"

static const struct rfc8259_case stricter[] = {
    {HALF, TEXT("\"\\ud800\"")},
    {HALF, TEXT("\"\\udfff\"")},
    {HALF, TEXT("\"\\ud83d lamp\"")},
    {HALF, TEXT("\"\\ud83dx\\udca1\"")},
    {HALF, TEXT("\"\\ud83d\\ud83d\"")},
    {HALF, TEXT("\"\\udca1\\ud83d\"")},
    {HALF, TEXT("\"\\ud83d\\u0041\"")},
    {HALF, TEXT("\"\\ud83d\\n\"")},
    {HALF, TEXT("{\"\\ud83d\":1}")},
    {CUT, TEXT("\"\\u0000\"")},
    {CUT, TEXT("\"lamp\\u0000.png\"")},
    {CUT, TEXT("{\"\\u0000\":1}")},
    {DEEP, TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]"
                "]]]]]]")},
    {LONG, TEXT("1234567890123456789012345678901234567890123456789012345678901"
                "2345")},
    {LONG, TEXT("0.00000000000000000000000000000000000000000000000000000000000"
                "0001")},
    {LONG, TEXT("[1e00000000000000000000000000000000000000000000000000000000000"
                "00001]")},
    {HUGE, TEXT("1e309")},
    {HUGE, TEXT("-1e309")},
    {HUGE, TEXT("1.8e308")},
    {HUGE, TEXT("[1e99999]")},
};

#define UTF8 "RFC 8259 demands UTF-8 and lets readers guess: ours do not"

/* The grammar of the RFC speaks of characters, so it does not know these. */
static const struct rfc8259_case broken_utf8[] = {
    {UTF8, TEXT("\"\x80\"")},                     /* no first byte */
    {UTF8, TEXT("\"\xBF\xBF\"")},                 /* nor here */
    {UTF8, TEXT("\"\xC3\"")},                     /* cut by the quote */
    {UTF8, TEXT("\"\xE2\x82\"")},                 /* one byte short */
    {UTF8, TEXT("\"\xF0\x9F\x92\"")},             /* one byte short */
    {UTF8, TEXT("\"\xC3(\"")},                    /* an ASCII byte follows */
    {UTF8, TEXT("\"\xE2(\xA1\"")},                /* in the middle */
    {UTF8, TEXT("\"\xE2\x82(\"")},                /* at the end */
    {UTF8, TEXT("\"\xC0\xAF\"")},                 /* a slash, overlong */
    {UTF8, TEXT("\"\xC1\xBF\"")},                 /* overlong */
    {UTF8, TEXT("\"\xE0\x80\xAF\"")},             /* overlong in three */
    {UTF8, TEXT("\"\xE0\x9F\xBF\"")},             /* overlong by one */
    {UTF8, TEXT("\"\xF0\x80\x80\xAF\"")},         /* overlong in four */
    {UTF8, TEXT("\"\xF0\x8F\xBF\xBF\"")},         /* overlong by one */
    {UTF8, TEXT("\"\xC0\x80\"")},                 /* a NUL in disguise */
    {UTF8, TEXT("\"\xED\xA0\x80\"")},             /* a surrogate */
    {UTF8, TEXT("\"\xED\xBF\xBF\"")},             /* a surrogate */
    {UTF8, TEXT("\"\xED\xA0\xBD\xED\xB2\xA1\"")}, /* a pair of them */
    {UTF8, TEXT("\"\xF4\x90\x80\x80\"")},         /* above the last character */
    {UTF8, TEXT("\"\xF5\x80\x80\x80\"")},         /* no such first byte */
    {UTF8, TEXT("\"\xF8\x88\x80\x80\x80\"")},     /* five bytes */
    {UTF8, TEXT("\"\xFC\x84\x80\x80\x80\x80\"")}, /* six bytes */
    {UTF8, TEXT("\"\xFE\"")},                     /* never a byte of UTF-8 */
    {UTF8, TEXT("\"\xFF\"")},                     /* nor this one */
    {UTF8, TEXT("\"caf\xE9\"")},                  /* Latin-1 */
    {UTF8, TEXT("\"\xFF\xFE\x31\"")},             /* UTF-16's mark */
    {UTF8, TEXT("{\"k\xFC"
                "che\":1}")},                /* Latin-1 in a key */
    {UTF8, TEXT("[\"\xC3\xA9\",\"\xC3\"]")}, /* a good one first */
};

#define MARK "a reader may ignore a byte order mark or not: so none comes"

static const struct rfc8259_case marked[] = {
    {MARK, TEXT("\xEF\xBB\xBF{}")},
    {MARK, TEXT("\xEF\xBB\xBF"
                "1")},
    {MARK, TEXT("\xEF\xBB\xBF\xEF\xBB\xBF[]")},
    {MARK, TEXT("\xEF\xBB\xBF")},
};

Test(rfc8259, half_pairs_nuls_depth_and_size_are_limits_of_ours)
{
    expect_all(stricter, COUNT(stricter), true, false, MSOCK_DROP_JSON);
}

Test(rfc8259, strings_are_utf8_or_refused)
{
    expect_all(broken_utf8, COUNT(broken_utf8), true, false, MSOCK_DROP_JSON);
}

Test(rfc8259, no_byte_order_mark_is_let_pass)
{
    expect_all(marked, COUNT(marked), false, false, MSOCK_DROP_JSON);
}

Test(rfc8259, depth_counts_the_message_itself)
{
    static const struct rfc8259_case alone = {
        DEEP, TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]"
                   "]]]]]]")};

    cr_expect(scanner_takes(&alone));
    cr_expect(eq(int, message_of(&alone), MSOCK_DROP_JSON));
}

/* -- What the RFC leaves open, and we accept -- */

#define TWICE "names should be unique, not must: the application's own data"
#define INEXACT "a number is text here: precision is the application's"

static const struct rfc8259_case left_open[] = {
    {TWICE, TEXT("{\"a\":1,\"a\":2}")},
    {TWICE, TEXT("{\"a\":1,\"a\":1}")},
    {TWICE, TEXT("{\"a\":1,\"\\u0061\":2}")},
    {TWICE, TEXT("{\"\":1,\"\":2}")},
    {TWICE, TEXT("[{\"x\":{\"y\":1,\"y\":2}}]")},
    {TWICE, TEXT("{\"topic\":\"t\",\"topic\":\"u\"}")},
    {INEXACT,
     TEXT("0.1000000000000000055511151231257827021181583404541015625")},
    {INEXACT, TEXT("9007199254740993")},
    {INEXACT, TEXT("123456789012345678901234567890123456789")},
    {INEXACT, TEXT("1e-400")},
    {INEXACT, TEXT("-1e-400")},
    {INEXACT, TEXT("1.7976931348623158e308")},
};

Test(rfc8259, doubled_names_and_inexact_numbers_pass)
{
    expect_all(left_open, COUNT(left_open), true, true, 0);
}
