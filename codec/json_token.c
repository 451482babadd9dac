/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and escapes of JSON. */
#include "codec/json_token.h"

#include "codec/json.h"

#include <assert.h>
#include <string.h>

/* -- Numbers -- */

enum {
    DECIMAL_MAX = 309,     /* digits of the largest double before its point */
    EXPONENT_LIMIT = 10000 /* beyond it an exponent's value does not matter */
};

/* The first digits of 2^1024 - 2^970, from which on a number rounds to an
 * infinite double. Its 309 digits do not end here, so a number of at most 64
 * digits that begins like this is still below it. */
static const char infinite_from[] =
    "1797693134862315807937289714053034150799341327100378269361737789";

static_assert(sizeof infinite_from - 1 == MSOCK__JSON_NUMBER_MAX,
              "a number has no more digits than the threshold");

static size_t digits(const char *text, size_t size, size_t at)
{
    while (at < size && text[at] >= '0' && text[at] <= '9') {
        at++;
    }
    return at;
}

/* Value of the digits of an exponent, cut at EXPONENT_LIMIT. */
static int exponent(const char *text, size_t at, size_t end)
{
    bool negative = text[at] == '-';
    int value = 0;

    at += text[at] == '-' || text[at] == '+';
    for (; at < end && value < EXPONENT_LIMIT; at++) {
        value = value * 10 + (text[at] - '0');
    }
    return negative ? -value : value;
}

/* Decides without strtod, which follows the locale: the significant digits and
 * the power of ten that puts the point before the first of them. `mark` is
 * where the mantissa (without sign) ends. */
static bool finite(const char *text, size_t mark, int power)
{
    char significant[MSOCK__JSON_NUMBER_MAX + 1];
    size_t count = 0;
    bool fraction = false;

    for (size_t i = 0; i < mark; i++) {
        if (text[i] == '.') {
            fraction = true;
            continue;
        }
        if (count > 0 || text[i] != '0') {
            significant[count++] = text[i];
            power += !fraction;
        } else {
            power -= fraction;
        }
    }
    if (count == 0 || power < DECIMAL_MAX) {
        return true;
    }
    return power == DECIMAL_MAX &&
           memcmp(significant, infinite_from, count) <= 0;
}

size_t msock__json_number(const char *text, size_t size)
{
    size_t start = size > 0 && text[0] == '-';
    size_t at = digits(text, size, start);

    if (at == start || (text[start] == '0' && at > start + 1)) {
        return 0;
    }
    if (at < size && text[at] == '.') {
        size_t point = at++;
        at = digits(text, size, at);
        if (at == point + 1) {
            return 0;
        }
    }
    size_t mark = at;
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < size && (text[at] == '-' || text[at] == '+');
        size_t first = at;
        at = digits(text, size, at);
        if (at == first) {
            return 0;
        }
    }
    if (at > MSOCK__JSON_NUMBER_MAX) {
        return 0;
    }
    bool large = at > mark && !finite(text + start, mark - start,
                                      exponent(text, mark + 1, at));
    return large ? 0 : at;
}

/* -- Escapes -- */

/* Value of a hexadecimal digit, or -1. */
static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

/* Reads \uXXXX.  Returns the number, or -1. */
static int32_t escape_unit(const char *text, size_t size)
{
    int32_t unit = 0;

    if (size < 6 || text[0] != '\\' || text[1] != 'u') {
        return -1;
    }
    for (size_t i = 2; i < 6; i++) {
        int value = hex_digit(text[i]);
        if (value < 0) {
            return -1;
        }
        unit = unit * 16 + value;
    }
    return unit;
}

static size_t escape_unicode(const char *text, size_t size, uint32_t *code)
{
    int32_t unit = escape_unit(text, size);

    if (unit <= 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) {
        return 0;
    }
    if (unit < 0xD800 || unit > 0xDBFF) {
        *code = (uint32_t)unit;
        return 6;
    }
    int32_t low = escape_unit(text + 6, size - 6);
    if (low < 0xDC00 || low > 0xDFFF) {
        return 0;
    }
    *code =
        0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
    return 12;
}

size_t msock__json_escape(const char *text, size_t size, uint32_t *code)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";

    if (size < 2) {
        return 0;
    }
    if (text[1] == 'u') {
        return escape_unicode(text, size, code);
    }
    const char *name = memchr(names, text[1], sizeof names - 1);
    if (name == NULL) {
        return 0;
    }
    *code = (uint32_t)values[name - names];
    return 2;
}
