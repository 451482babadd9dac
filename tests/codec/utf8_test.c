/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 at the edges of RFC 3629. */
#include "codec/utf8.h"

#include "tests/codec/exact.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

struct text {
    const char *bytes;
    size_t size;
};

#define TEXT(literal)                                                          \
    {                                                                          \
        literal, sizeof literal - 1                                            \
    }

static bool valid(const struct text *text)
{
    char *copy = exact_copy(text->bytes, text->size, 0);
    bool result = msock__utf8_valid(copy, text->size);

    free(copy);
    return result;
}

Test(utf8, the_edges_of_each_size_are_valid)
{
    static const struct text texts[] = {
        TEXT(""),
        TEXT("\x01"),
        TEXT("\x7F"),
        TEXT("\xC2\x80"),
        TEXT("\xDF\xBF"),
        TEXT("\xE0\xA0\x80"),
        TEXT("\xED\x9F\xBF"),
        TEXT("\xEE\x80\x80"),
        TEXT("\xEF\xBF\xBF"),
        TEXT("\xF0\x90\x80\x80"),
        TEXT("\xF4\x8F\xBF\xBF"),
        TEXT("lamp \xC3\xA9\xE2\x82\xAC\xF0\x9F\x92\xA1 on"),
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(valid(&texts[i]), "text %zu", i);
    }
}

Test(utf8, what_is_not_well_formed_is_refused)
{
    static const struct text texts[] = {
        TEXT("\0"),               /* U+0000 */
        TEXT("a\0b"),             /* in the middle */
        TEXT("\x80"),             /* continuation alone */
        TEXT("\xBF"),             /* the last one */
        TEXT("\xC0\x80"),         /* overlong U+0000 */
        TEXT("\xC0\xAF"),         /* overlong slash */
        TEXT("\xC1\xBF"),         /* overlong U+007F */
        TEXT("\xE0\x9F\xBF"),     /* overlong U+07FF */
        TEXT("\xF0\x8F\xBF\xBF"), /* overlong U+FFFF */
        TEXT("\xED\xA0\x80"),     /* surrogate U+D800 */
        TEXT("\xED\xBF\xBF"),     /* surrogate U+DFFF */
        TEXT("\xF4\x90\x80\x80"), /* U+110000 */
        TEXT("\xF5\x80\x80\x80"), /* lead beyond the last */
        TEXT("\xF8\x88\x80\x80\x80"),
        TEXT("\xFE"),
        TEXT("\xFF"),
        TEXT("\xC3"),         /* truncated */
        TEXT("\xE2\x82"),     /* truncated */
        TEXT("\xF0\x9F\x92"), /* truncated */
        TEXT("\xC3("),        /* no continuation */
        TEXT("\xE2\x82("),
        TEXT("\xF0\x9F\x92("),
        TEXT("ok \xC3\xA9 then \xFF"),
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(not(valid(&texts[i])), "text %zu", i);
    }
}

Test(utf8, every_character_survives_put_and_next)
{
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[MSOCK__UTF8_MAX];
        uint32_t read = 0;
        code += code == 0xD800 ? 0x800 : 0;
        size_t size = msock__utf8_put(code, bytes);
        size_t taken = msock__utf8_next(bytes, size, &read);
        cr_assert(eq(sz, taken, size));
        cr_assert(eq(u32, read, code));
    }
}

Test(utf8, an_ill_formed_character_writes_nothing)
{
    uint32_t code = 77;

    cr_assert(zero(sz, msock__utf8_next("\xED\xA0\x80", 3, &code)));
    cr_assert(eq(u32, code, 77));
}
