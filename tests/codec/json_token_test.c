/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and escapes. */
#include "codec/json_token.h"

#include "codec/json.h"
#include "tests/codec/exact.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>

/* -- Numbers -- */

static size_t number_size(const char *text)
{
    size_t size = strlen(text);
    char *copy = exact_copy(text, size, 0);
    size_t taken = msock__json_number(copy, size);

    free(copy);
    return taken;
}

Test(number, grammar_of_rfc_8259_is_taken)
{
    static const char *const numbers[] = {
        "0",    "-0",    "7",        "-7",    "10",     "1234567890",  "0.0",
        "-0.5", "1.25",  "0e0",      "1e5",   "1E5",    "1e+5",        "1e-5",
        "0E+1", "0.1e1", "1.5E-300", "1e308", "-1e308", "0.00001e-400"};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cr_expect(eq(sz, number_size(numbers[i]), strlen(numbers[i])), "%s",
                  numbers[i]);
    }
}

Test(number, anything_else_is_not)
{
    static const char *const texts[] = {
        "",    "-",        "+1",        ".5",  "1.",  "1.e5", "01",
        "-01", "00",       "1e",        "1e+", "1E-", "-.5",  "--1",
        "NaN", "Infinity", "-Infinity", "inf", "x",   "0123", "-a"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(zero(sz, number_size(texts[i])), "%s", texts[i]);
    }
}

Test(number, ends_before_what_does_not_belong_to_it)
{
    cr_expect(eq(sz, number_size("1,2"), 1));
    cr_expect(eq(sz, number_size("0x10"), 1));
    cr_expect(eq(sz, number_size("1.5.5"), 3));
    cr_expect(eq(sz, number_size("-0}"), 2));
    cr_expect(eq(sz, number_size("1e5e5"), 3));
}

Test(number, has_at_most_64_bytes)
{
    char text[66] = {0};

    memset(text, '1', 64);
    cr_expect(eq(sz, number_size(text), 64));
    memset(text, '1', 65);
    cr_expect(zero(sz, number_size(text)));
}

/* 2^1024 - 2^970 is 17976931348623158079372897140530341507993413271003782693...
 * x 10^253: from there on a number rounds to infinity. */
Test(number, rounds_to_a_finite_double)
{
    static const char *const finite[] = {
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "-1.7976931348623158e308",
        "17976931348623158e292",
        "0.0017976931348623158e311",
        "1.79769313486231580793728971405303415079934132710037e308",
        "179769313486231580793728971405303415079934132710037826936173e249",
        "9.9e307",
        "0e999999999999999999999999999999999999999999",
        "0.000e+5000",
        "1e-999999999999999999999999999999999999999999",
        "0.00000000000000000000000000000000000001e346",
    };
    static const char *const infinite[] = {
        "1e309",
        "-1e309",
        "1e999",
        "1.7976931348623159e308",
        "1.8e308",
        "2e308",
        "1.79769313486231580793728971405303415079934132710038e308",
        "179769313486231580793728971405303415079934132710037826936174e249",
        "0.1e310",
        "10e308",
        "1e99999999999999999999999999999999999999999999",
        "0.00000000000000000000000000000000000001e347",
    };

    for (size_t i = 0; i < sizeof finite / sizeof finite[0]; i++) {
        cr_expect(eq(sz, number_size(finite[i]), strlen(finite[i])), "%s",
                  finite[i]);
        cr_expect(isfinite(strtod(finite[i], NULL)) != 0, "%s", finite[i]);
    }
    for (size_t i = 0; i < sizeof infinite / sizeof infinite[0]; i++) {
        cr_expect(zero(sz, number_size(infinite[i])), "%s", infinite[i]);
        cr_expect(isinf(strtod(infinite[i], NULL)) != 0, "%s", infinite[i]);
    }
}

/* Walks over the threshold digit by digit and asks strtod, which here runs in
 * the C locale. */
Test(number, agrees_with_strtod_around_the_largest_double)
{
    for (int exponent = 300; exponent <= 312; exponent++) {
        for (long long digits = 17976931348623150; digits < 17976931348623170;
             digits++) {
            char text[64];
            snprintf(text, sizeof text, "%llde%d", digits, exponent - 16);
            bool taken = number_size(text) != 0;
            cr_assert(eq(int, taken, isfinite(strtod(text, NULL)) != 0), "%s",
                      text);
        }
    }
}

/* -- Escapes -- */

struct escape {
    const char *text;
    size_t size; /* 0: refused */
    uint32_t code;
};

static const struct escape escapes[] = {
    {"\\\"", 2, '"'},
    {"\\\\", 2, '\\'},
    {"\\/", 2, '/'},
    {"\\b", 2, '\b'},
    {"\\f", 2, '\f'},
    {"\\n", 2, '\n'},
    {"\\r", 2, '\r'},
    {"\\t", 2, '\t'},
    {"\\u0001", 6, 1},
    {"\\u0041", 6, 'A'},
    {"\\u00e9", 6, 0xE9},
    {"\\u00E9", 6, 0xE9},
    {"\\uFfFf", 6, 0xFFFF},
    {"\\ud7ff", 6, 0xD7FF},
    {"\\ue000", 6, 0xE000},
    {"\\ud800\\udc00", 12, 0x10000},
    {"\\uDBFF\\uDFFF", 12, 0x10FFFF},
    {"\\ud83d\\udca1", 12, 0x1F4A1},
    {"\\u0000", 0, 0},
    {"\\ud800", 0, 0},
    {"\\udbff", 0, 0},
    {"\\udc00", 0, 0},
    {"\\udfff", 0, 0},
    {"\\udc00\\ud800", 0, 0},
    {"\\ud800\\ud800", 0, 0},
    {"\\ud800\\u0041", 0, 0},
    {"\\ud800x", 0, 0},
    {"\\ud800\\ndc00", 0, 0},
    {"\\ud800\\u", 0, 0},
    {"\\ud800\\udc0", 0, 0},
    {"\\u", 0, 0},
    {"\\u1", 0, 0},
    {"\\u12", 0, 0},
    {"\\u123", 0, 0},
    {"\\u12g4", 0, 0},
    {"\\u+123", 0, 0},
    {"\\u 123", 0, 0},
    {"\\U0041", 0, 0},
    {"\\x41", 0, 0},
    {"\\a", 0, 0},
    {"\\v", 0, 0},
    {"\\0", 0, 0},
    {"\\'", 0, 0},
    {"\\", 0, 0},
};

Test(escape, is_what_rfc_8259_says_and_never_a_nul)
{
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        size_t size = strlen(escapes[i].text);
        char *copy = exact_copy(escapes[i].text, size, 0);
        uint32_t code = 0;
        size_t taken = msock__json_escape(copy, size, &code);
        cr_expect(eq(sz, taken, escapes[i].size), "%s", escapes[i].text);
        cr_expect(eq(u32, code, escapes[i].code), "%s", escapes[i].text);
        free(copy);
    }
}

Test(escape, of_a_nul_byte_is_refused)
{
    uint32_t code = 0;

    cr_assert(zero(sz, msock__json_escape("\\\0", 2, &code)));
}
