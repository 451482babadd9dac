/* SPDX-License-Identifier: Apache-2.0 */
/* What others say of themselves, put together from parts. */
#include "core/roster.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct msock__roster roster;
static struct msock__entry entry;

static void teardown(void)
{
    msock__roster_forget(&roster, &entry);
    cr_expect(zero(sz, roster.bytes));
}

TestSuite(roster, .fini = teardown);

static struct msock__json_slice json(const char *text)
{
    return (struct msock__json_slice){
        .text = text, .size = strlen(text), .type = MSOCK__JSON_STRING};
}

static struct msock__control short_hello(uint64_t revision)
{
    return (struct msock__control){.kind = MSOCK__HELLO, .revision = revision};
}

/* Part of a hello with one filter, a JSON string. */
static struct msock__control part_of(uint64_t revision, uint32_t part,
                                     uint32_t parts, const char *filter)
{
    struct msock__control hello = short_hello(revision);
    hello.full = true;
    hello.about.part = part;
    hello.about.parts = parts;
    strcpy(hello.about.version, "1.0");
    hello.count = 1;
    hello.filters[0] = json(filter);
    return hello;
}

static int take(const struct msock__control *hello)
{
    return msock__roster_take(&roster, &entry, hello);
}

static int take_part(uint64_t revision, uint32_t part, uint32_t parts,
                     const char *filter)
{
    struct msock__control hello = part_of(revision, part, parts, filter);
    return take(&hello);
}

/* Whether the card lists exactly these, joined by blanks. */
static bool lists(const char *expected)
{
    char text[4096] = "";
    const char *filter = entry.card->filters;
    for (size_t i = 0; i < entry.card->filter_count; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, filter);
        filter += strlen(filter) + 1;
    }
    return strcmp(text, expected) == 0;
}

Test(roster, hello_of_one_part_is_a_card)
{
    struct msock__control hello = part_of(3, 0, 1, "\"a\\u002f#\"");
    hello.about.keys[0] = 7;
    hello.about.key_count = 1;
    hello.about.keeper = true;
    hello.about.will = json("[\"a\",null]");

    cr_assert(eq(int, take(&hello), 1));

    cr_assert(msock__entry_known(&entry));
    cr_expect(lists("a/#"));
    cr_expect(eq(str, entry.card->version, "1.0"));
    cr_expect(eq(sz, entry.card->key_count, 1));
    cr_expect(eq(u32, entry.card->keys[0], 7));
    cr_expect(entry.card->keeper);
    cr_expect(eq(sz, entry.card->will_size, 10));
    cr_expect(eq(sz, roster.bytes, 4 + 10));
    cr_expect(zero(int, take(&hello)));
}

Test(roster, parts_come_in_any_order_and_more_than_once)
{
    cr_expect(zero(int, take_part(1, 2, 3, "\"c\"")));
    cr_expect(zero(int, take_part(1, 0, 3, "\"a\"")));
    cr_expect(zero(int, take_part(1, 2, 3, "\"c\"")));
    cr_expect(not(msock__entry_known(&entry)));

    cr_expect(eq(int, take_part(1, 1, 3, "\"b\""), 1));

    cr_expect(lists("c a b"));
}

Test(roster, newer_revision_takes_the_place_of_an_older_one)
{
    take_part(1, 0, 1, "\"a\"");
    struct msock__control hello = short_hello(2);
    cr_expect(zero(int, take(&hello)));
    cr_expect(not(msock__entry_known(&entry)));
    cr_expect(lists("a"));

    cr_expect(zero(int, take_part(1, 0, 1, "\"late\"")));
    cr_expect(zero(int, take_part(2, 0, 2, "\"b\"")));
    cr_expect(lists("a"));
    cr_expect(eq(int, take_part(3, 0, 1, "\"c\""), 1));

    cr_expect(lists("c"));
    cr_expect(zero(int, take_part(2, 1, 2, "\"b\"")));
    cr_expect(eq(sz, roster.bytes, 2));
}

Test(roster, revision_cut_differently_begins_anew)
{
    take_part(1, 0, 3, "\"a\"");
    take_part(1, 1, 3, "\"b\"");

    cr_expect(zero(int, take_part(1, 0, 2, "\"ab\"")));
    cr_expect(eq(int, take_part(1, 1, 2, "\"c\""), 1));

    cr_expect(lists("ab c"));
}

Test(roster, who_says_nothing_full_is_not_known)
{
    struct msock__control hello = short_hello(0);
    cr_expect(not(msock__entry_known(&entry)));

    cr_expect(zero(int, take(&hello)));

    cr_expect(not(msock__entry_known(&entry)));
    cr_expect(entry.said);
}

Test(roster, too_many_filters_are_none)
{
    enum { PARTS = MSOCK__CARD_FILTERS / MSOCK__FILTERS_MAX + 1 };
    for (uint32_t part = 0; part < PARTS; part++) {
        struct msock__control hello = part_of(1, part, PARTS, "\"a\"");
        for (; hello.count < MSOCK__FILTERS_MAX; hello.count++) {
            hello.filters[hello.count] = json("\"b\"");
        }
        take(&hello);
    }

    cr_assert(msock__entry_known(&entry));
    cr_expect(entry.card->vague);
    cr_expect(zero(sz, entry.card->filter_count));
    cr_expect(zero(sz, roster.bytes));
}

Test(roster, too_much_text_is_none)
{
    char filter[MSOCK_TOPIC_MAX + 3];
    memset(filter, 'f', sizeof(filter) - 1);
    filter[0] = filter[sizeof(filter) - 2] = '"';
    filter[sizeof(filter) - 1] = '\0';
    for (uint32_t part = 0; part < 3; part++) {
        struct msock__control hello = part_of(1, part, 3, filter);
        for (; hello.count < MSOCK__FILTERS_MAX; hello.count++) {
            hello.filters[hello.count] = json(filter);
        }
        take(&hello);
        cr_expect(le(sz, roster.bytes, MSOCK__CARD_BYTES));
    }

    cr_assert(msock__entry_known(&entry));
    cr_expect(entry.card->vague);
}

Test(roster, text_of_all_is_bounded)
{
    roster.bytes = MSOCK__ROSTER_BYTES - 1;

    cr_expect(eq(int, take_part(1, 0, 1, "\"a\""), 1));

    cr_expect(entry.card->vague);
    cr_expect(eq(sz, roster.bytes, MSOCK__ROSTER_BYTES - 1));
    roster.bytes = 0;
}

Test(roster, lack_of_memory_is_a_hello_that_did_not_come)
{
    struct msock__control hello = part_of(2, 0, 1, "\"a\"");
    hello.about.will = json("[\"a\",1]");
    take_part(1, 0, 1, "\"old\"");
    long n = 0;
    int code;
    do {
        test_alloc_fail_at(++n);
        code = take(&hello);
        cr_assert(eq(int, code, test_alloc_failed() ? MSOCK_ENOMEM : 1));
        cr_assert(lists(code < 0 ? "old" : "a"));
        cr_assert(eq(sz, roster.bytes, code < 0 ? 4 : 2 + 7));
    } while (code < 0);

    cr_expect(eq(long, n, 4));
}
