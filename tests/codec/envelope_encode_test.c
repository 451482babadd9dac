/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical form, byte by byte, and back. */
#include "codec/envelope.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

/* A message of two names and what the caller adds. */
static struct msock__envelope named(unsigned more)
{
    return (struct msock__envelope){.keys = MSOCK__KEY_TOPIC |
                                            MSOCK__KEY_SENDER | more,
                                    .topic = "home/kitchen/lights",
                                    .topic_size = 19,
                                    .sender = "hub",
                                    .sender_size = 3};
}

/* Encodes into memory of exactly the bound, checks the size, and compares. */
static void expect_bytes(const struct msock__envelope *envelope,
                         const char *expected, size_t expected_size,
                         size_t expected_head)
{
    size_t bound = msock__envelope_bound(envelope);
    char *out = malloc(bound);
    size_t head = 0;
    size_t size = msock__envelope_encode(envelope, out, &head);

    cr_assert(le(sz, size, bound));
    cr_assert(eq(sz, size, expected_size));
    cr_assert(zero(int, memcmp(out, expected, size)), "%.*s", (int)size, out);
    cr_assert(eq(sz, head, expected_head));
    free(out);
}

#define EXPECT(envelope, text, head)                                           \
    expect_bytes(envelope, text, sizeof text - 1, head)

Test(envelope_encode, the_shortest_message_has_two_keys)
{
    struct msock__envelope e = named(0);

    EXPECT(&e, "{\"topic\":\"home/kitchen/lights\",\"sender\":\"hub\"}\n", 47);
}

Test(envelope_encode, data_is_compacted_and_not_of_the_head)
{
    struct msock__envelope e = named(MSOCK__KEY_DATA);

    e.data = " { \"on\" : false } ";
    e.data_size = strlen(e.data);

    EXPECT(&e,
           "{\"topic\":\"home/kitchen/lights\",\"sender\":\"hub\","
           "\"data\":{\"on\":false}}\n",
           55);
}

Test(envelope_encode, keys_stand_in_the_order_of_the_table)
{
    struct msock__envelope e =
        named(MSOCK__KEY_ID | MSOCK__KEY_REPLY_TO | MSOCK__KEY_EXPIRES |
              MSOCK__KEY_AFTER | MSOCK__KEY_STATE | MSOCK__KEY_ORIGIN |
              MSOCK__KEY_TYPE | MSOCK__KEY_LEN);

    e.id = "i";
    e.id_size = 1;
    e.reply_to = "$reply/0123456789abcdef/7";
    e.reply_to_size = 25;
    e.expires_ms = 0;
    e.after_ms = 60000;
    e.state = UINT64_C(9007199254740991);
    e.origin = "[ \"n\" , null ]";
    e.origin_size = 14;
    e.type = "a/b";
    e.type_size = 3;
    e.data = "\0\n";
    e.data_size = 2;

    EXPECT(&e,
           "{\"topic\":\"home/kitchen/lights\",\"sender\":\"hub\",\"id\":\"i\","
           "\"reply_to\":\"$reply/0123456789abcdef/7\",\"expires\":0,"
           "\"after\":60000,\"state\":9007199254740991,"
           "\"origin\":[\"n\",null],\"type\":\"a/b\",\"len\":2}\n"
           "\0\n",
           187);
}

Test(envelope_encode, empty_raw_has_a_len)
{
    struct msock__envelope e = named(MSOCK__KEY_LEN);

    EXPECT(&e,
           "{\"topic\":\"home/kitchen/lights\",\"sender\":\"hub\",\"len\":0}\n",
           55);
}

Test(envelope_encode, strings_escape_only_what_they_must)
{
    struct msock__envelope e = named(0);

    e.topic = "a\"b\\c/\xC3\xA9";
    e.topic_size = 8;

    EXPECT(&e, "{\"topic\":\"a\\\"b\\\\c/\xC3\xA9\",\"sender\":\"hub\"}\n", 38);
}

Test(envelope_encode, the_worst_strings_fit_into_the_bound)
{
    char worst[255];
    struct msock__envelope e = named(MSOCK__KEY_ID | MSOCK__KEY_TYPE |
                                     MSOCK__KEY_LEN | MSOCK__KEY_STATE);
    size_t head;

    memset(worst, 1, sizeof worst);
    e.topic = worst;
    e.topic_size = 255;
    e.sender = worst;
    e.sender_size = 63;
    e.id = worst;
    e.id_size = 64;
    e.type = worst;
    e.type_size = 127;
    e.state = UINT64_MAX;
    size_t bound = msock__envelope_bound(&e);
    char *out = malloc(bound);

    cr_assert(le(sz, msock__envelope_encode(&e, out, &head), bound));
    free(out);
}

Test(envelope_encode, what_is_encoded_decodes_to_the_same)
{
    struct msock__envelope e =
        named(MSOCK__KEY_DATA | MSOCK__KEY_ID | MSOCK__KEY_EXPIRES);
    struct msock__envelope back;
    char bytes[512];
    size_t head;
    size_t used;

    e.data = "[1,{\"a\":\"\\u00e9\"}]";
    e.data_size = strlen(e.data);
    e.id = "tab\there";
    e.id_size = 8;
    e.expires_ms = 1500;
    size_t size = msock__envelope_encode(&e, bytes, &head);
    int drop =
        msock__envelope_decode(bytes, size, false, 0, head, &back, &used);

    cr_assert(zero(int, drop));
    cr_assert(eq(sz, used, size));
    cr_assert(eq(int, back.keys, e.keys));
    cr_assert(eq(str, (char *)back.topic, (char *)e.topic));
    cr_assert(eq(str, (char *)back.sender, (char *)e.sender));
    cr_assert(eq(str, (char *)back.id, (char *)e.id));
    cr_assert(eq(str, (char *)back.data, (char *)e.data));
    cr_assert(eq(u64, back.expires_ms, 1500));
}
