/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the topics of replies. */
#include "codec/reply.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define GOLDEN "$reply/00000000deadbeef/42"
#define LONGEST "$reply/ffffffffffffffff/9007199254740991"

static bool decode(const char *topic, struct msock__reply *reply)
{
    return msock__reply_decode(topic, strlen(topic), reply);
}

static bool refused(const char *topic)
{
    struct msock__reply reply = {.session = 7, .number = 8};

    return !decode(topic, &reply) && reply.session == 7 && reply.number == 8;
}

Test(reply, is_written_as_the_protocol_has_it)
{
    char topic[MSOCK__REPLY_SIZE];
    const struct msock__reply reply = {.session = 0xdeadbeef, .number = 42};

    size_t size = msock__reply_encode(&reply, topic);

    cr_expect(eq(str, topic, GOLDEN));
    cr_expect(eq(sz, size, strlen(GOLDEN)));
}

Test(reply, is_read_as_it_was_written)
{
    struct msock__reply reply;

    cr_assert(decode(GOLDEN, &reply));

    cr_expect(eq(u64, reply.session, 0xdeadbeef));
    cr_expect(eq(u64, reply.number, 42));
}

Test(reply, largest_one_fits)
{
    char topic[MSOCK__REPLY_SIZE];
    struct msock__reply reply;

    cr_assert(decode(LONGEST, &reply));
    size_t size = msock__reply_encode(&reply, topic);

    cr_expect(eq(str, topic, LONGEST));
    cr_expect(eq(sz, size, MSOCK__REPLY_SIZE - 1));
}

Test(reply, number_may_be_0)
{
    struct msock__reply reply = {.number = 1};

    cr_assert(decode("$reply/0000000000000000/0", &reply));
    cr_expect(zero(u64, reply.number));
}

Test(reply, other_topics_are_none_and_write_nothing)
{
    static const char *const others[] = {
        "",
        "$reply",
        "$reply/",
        "$replY/00000000deadbeef/42",
        "reply//00000000deadbeef/42",
        "$reply/00000000DEADBEEF/42",
        "$reply/0000000deadbeef/42",
        "$reply/000000000deadbeef/42",
        "$reply/0x000000deadbeef/42",
        "$reply/00000000deadbeef",
        "$reply/00000000deadbeef/",
        "$reply/00000000deadbeef/042",
        "$reply/00000000deadbeef/-1",
        "$reply/00000000deadbeef/1e3",
        "$reply/00000000deadbeef/4 ",
        "$reply/00000000deadbeef/4/2",
        "$reply/00000000deadbeef/9007199254740992",
        "$reply/00000000deadbeef/99999999999999999",
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cr_expect(refused(others[i]), "%s", others[i]);
    }
}

Test(reply, every_truncation_is_none_or_another_number)
{
    const size_t start = strlen("$reply/00000000deadbeef/");
    struct msock__reply reply;

    for (size_t size = 0; size <= start; size++) {
        cr_expect(not(msock__reply_decode(GOLDEN, size, &reply)));
    }
    cr_assert(msock__reply_decode(GOLDEN, start + 1, &reply));
    cr_expect(eq(u64, reply.number, 4));
}

Test(reply, every_flip_of_a_bit_is_none_or_another_one)
{
    char topic[] = GOLDEN;
    struct msock__reply reply;

    for (size_t bit = 0; bit < 8 * strlen(GOLDEN); bit++) {
        topic[bit / 8] = (char)(topic[bit / 8] ^ 1 << bit % 8);
        bool same = msock__reply_decode(topic, strlen(GOLDEN), &reply) &&
                    reply.session == 0xdeadbeef && reply.number == 42;
        cr_expect(not(same), "bit %zu", bit);
        topic[bit / 8] = (char)(topic[bit / 8] ^ 1 << bit % 8);
    }
}
