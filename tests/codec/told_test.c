/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of who published a state that another tells. */
#include "codec/told.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define SESSION "fedcba98765432100f1e2d3c4b5a6978"
#define GOLDEN "[\"porch\",\"" SESSION "\",1500]"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct msock__told porch = {
    .owner = "porch",
    .owner_size = 5,
    .session = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10, 0x0f, 0x1e,
                0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78},
    .age_known = true,
    .age_ms = 1500,
};

static bool decode(const char *text, struct msock__told *told)
{
    memset(told, 0xa5, sizeof *told);
    return msock__told_decode(text, strlen(text), told);
}

static const char *encode(const struct msock__told *told)
{
    static char text[MSOCK__TOLD_MAX + 1];
    size_t size = msock__told_encode(told, text);

    cr_assert(le(sz, size, MSOCK__TOLD_MAX));
    text[size] = '\0';
    return text;
}

Test(told, is_written_as_the_protocol_has_it)
{
    struct msock__told unknown = porch;
    unknown.age_known = false;

    cr_expect(eq(str, (char *)encode(&porch), GOLDEN));
    cr_expect(
        eq(str, (char *)encode(&unknown), "[\"porch\",\"" SESSION "\",null]"));
}

Test(told, is_read_as_it_was_written)
{
    struct msock__told told;

    cr_assert(decode(GOLDEN, &told));

    cr_expect(eq(str, told.owner, "porch"));
    cr_expect(eq(sz, told.owner_size, 5));
    cr_expect(zero(int, memcmp(told.session, porch.session, 16)));
    cr_expect(told.age_known);
    cr_expect(eq(u64, told.age_ms, 1500));
}

Test(told, largest_one_fits_what_is_said_to_hold_it)
{
    struct msock__told most = porch;
    struct msock__told told;
    most.owner_size = MSOCK_NAME_MAX;
    memset(most.owner, '"', MSOCK_NAME_MAX);
    most.owner[MSOCK_NAME_MAX] = '\0';
    most.age_ms = UINT64_C(9007199254740991);

    cr_assert(decode(encode(&most), &told));

    cr_expect(eq(str, told.owner, most.owner));
    cr_expect(eq(u64, told.age_ms, most.age_ms));
}

Test(told, unknown_age_is_not_an_age_of_zero)
{
    struct msock__told told;

    cr_assert(decode("[ \"porch\" , \"" SESSION "\" , null ]", &told));
    cr_expect(not(told.age_known));
    cr_assert(decode("[\"porch\",\"" SESSION "\",0]", &told));
    cr_expect(told.age_known);
}

Test(told, anything_else_is_refused)
{
    static const char *const wrong[] = {
        "[]",
        "[\"porch\",\"" SESSION "\"]",
        "[\"porch\",\"" SESSION "\",1,1]",
        "[\"\",\"" SESSION "\",1]",
        "[\"a\\nb\",\"" SESSION "\",1]",
        "[7,\"" SESSION "\",1]",
        "[\"porch\",7,1]",
        "[\"porch\",\"" SESSION "0\",1]",
        "[\"porch\",\"FEDCBA98765432100f1e2d3c4b5a6978\",1]",
        "[\"porch\",\"" SESSION "\",1.0]",
        "[\"porch\",\"" SESSION "\",-1]",
        "[\"porch\",\"" SESSION "\",9007199254740992]",
        "[\"porch\",\"" SESSION "\",true]",
        "{\"porch\":1}",
    };
    struct msock__told told;

    for (size_t i = 0; i < COUNT(wrong); i++) {
        cr_expect(not(decode(wrong[i], &told)), "%s", wrong[i]);
    }
}

Test(told, every_truncation_is_refused)
{
    char text[] = GOLDEN;
    struct msock__told told;

    for (size_t size = 0; size < strlen(GOLDEN); size++) {
        cr_expect(not(msock__told_decode(text, size, &told)), "%zu", size);
    }
}

Test(told, every_changed_byte_is_read_as_something_else_or_refused)
{
    struct msock__told told;

    for (size_t at = 0; at < 8 * strlen(GOLDEN); at++) {
        char text[] = GOLDEN;
        text[at / 8] = (char)(text[at / 8] ^ 1 << at % 8);
        bool same = msock__told_decode(text, strlen(GOLDEN), &told) &&
                    strcmp(encode(&told), GOLDEN) == 0;
        cr_expect(not(same), "bit %zu", at);
    }
}
