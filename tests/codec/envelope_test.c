/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as strangers write them, cut into slices. */
#include "codec/envelope.h"

#include "tests/codec/decoded.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <stdio.h>

Test(envelope, topic_sender_and_data_are_slices_with_a_nul)
{
    static const char text[] = "{\"topic\":\"home/kitchen/lights\",\"sender\":"
                               "\"hub\",\"data\":{\"on\":false}}\n";
    struct decoded d = decode(text);

    cr_assert(zero(int, d.drop));
    cr_assert(eq(sz, d.used, sizeof text - 1));
    cr_assert(eq(str, (char *)d.envelope.topic, "home/kitchen/lights"));
    cr_assert(eq(sz, d.envelope.topic_size, 19));
    cr_assert(eq(str, (char *)d.envelope.sender, "hub"));
    cr_assert(eq(sz, d.envelope.sender_size, 3));
    cr_assert(eq(str, (char *)d.envelope.data, "{\"on\":false}"));
    cr_assert(eq(sz, d.envelope.data_size, 12));
    cr_assert(eq(int, d.envelope.keys,
                 MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER | MSOCK__KEY_DATA));
    cr_assert(ge(ptr, (void *)d.envelope.topic, d.bytes));
    free(d.bytes);
}

Test(envelope, every_key_is_read)
{
    struct decoded d = decode(
        MESSAGE(",\"id\":\"7\",\"reply_to\":\"$reply/0123456789abcdef/42\","
                "\"expires\":5,\"after\":60000,\"state\":9007199254740991,"
                "\"origin\":[\"x\",\"y\",null],\"data\":[1, 2]"));

    cr_assert(zero(int, d.drop));
    cr_assert(eq(str, (char *)d.envelope.id, "7"));
    cr_assert(
        eq(str, (char *)d.envelope.reply_to, "$reply/0123456789abcdef/42"));
    cr_assert(eq(u64, d.envelope.expires_ms, 5));
    cr_assert(eq(u64, d.envelope.after_ms, 60000));
    cr_assert(eq(u64, d.envelope.state, UINT64_C(9007199254740991)));
    cr_assert(eq(sz, d.envelope.origin_size, 14));
    cr_assert(zero(int, strncmp(d.envelope.origin, "[\"x\",\"y\",null]", 14)));
    cr_assert(eq(str, (char *)d.envelope.data, "[1, 2]"));
    free(d.bytes);
}

Test(envelope, any_order_and_space_will_do)
{
    struct decoded d = decode(" \t{ \"data\" : \"x\" ,\r\"sender\":\"hub\"\t, "
                              "\"topic\" : \"t\" } \r\n");

    cr_assert(zero(int, d.drop));
    cr_assert(eq(str, (char *)d.envelope.topic, "t"));
    cr_assert(eq(str, (char *)d.envelope.sender, "hub"));
    cr_assert(eq(str, (char *)d.envelope.data, "\"x\""));
    free(d.bytes);
}

Test(envelope, strings_of_the_table_may_hold_escapes)
{
    struct decoded d = decode("{\"topic\":\"caf\\u00e9\\/\\ud83d\\udca1\","
                              "\"s\\u0065nder\":\"h\\\"ub\"}\n");

    cr_assert(zero(int, d.drop));
    cr_assert(
        eq(str, (char *)d.envelope.topic, "caf\xC3\xA9/\xF0\x9F\x92\xA1"));
    cr_assert(eq(sz, d.envelope.topic_size, 10));
    cr_assert(eq(str, (char *)d.envelope.sender, "h\"ub"));
    free(d.bytes);
}

Test(envelope, unknown_keys_are_ignored)
{
    struct decoded d = decode(MESSAGE(
        ",\"x\":{\"topic\":1,\"topic\":2},\"x\":3,\"Topic\":4,\"TOPIC\":null"));

    cr_assert(zero(int, d.drop));
    cr_assert(eq(str, (char *)d.envelope.topic, "a/b"));
    free(d.bytes);
}

Test(envelope, duplicate_keys_inside_of_data_pass)
{
    cr_assert(zero(int, drop_of(MESSAGE(",\"data\":{\"a\":1,\"a\":2}"))));
}

Test(envelope, without_data_there_is_none)
{
    struct decoded d = decode(MESSAGE(""));

    cr_assert(zero(int, d.drop));
    cr_assert(zero(ptr, (void *)d.envelope.data));
    cr_assert(zero(sz, d.envelope.data_size));
    cr_assert(eq(int, d.envelope.keys, MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER));
    free(d.bytes);
}

Test(envelope, data_may_be_any_value)
{
    static const char *const values[] = {"null", "true", "-1.5e3",
                                         "\"\"", "[]",   "{\"a\":1}"};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "{%s,\"data\":%s}\n", NAMES, values[i]);
        struct decoded d = decode(text);
        cr_expect(zero(int, d.drop), "%s", values[i]);
        cr_expect(eq(str, (char *)d.envelope.data, (char *)values[i]));
        free(d.bytes);
    }
}

Test(envelope, raw_bytes_follow_the_newline)
{
    static const char text[] =
        MESSAGE(",\"type\":\"image/png\",\"len\":5") "\0\n{\xFFz" MESSAGE("");
    size_t line_size = sizeof MESSAGE(",\"type\":\"image/png\",\"len\":5") - 1;
    struct decoded d = decode_as(text, sizeof text - 1, false);

    cr_assert(zero(int, d.drop));
    cr_assert(eq(str, (char *)d.envelope.type, "image/png"));
    cr_assert(eq(sz, d.envelope.data_size, 5));
    cr_assert(eq(ptr, (void *)d.envelope.data, d.bytes + line_size));
    cr_assert(zero(int, memcmp(d.envelope.data, "\0\n{\xFFz", 5)));
    cr_assert(eq(sz, d.used, line_size + 5));
    free(d.bytes);
}

Test(envelope, raw_of_no_bytes_is_not_nothing)
{
    struct decoded d = decode(MESSAGE(",\"len\":0"));

    cr_assert(zero(int, d.drop));
    cr_assert(eq(int, d.envelope.keys &MSOCK__KEY_LEN, MSOCK__KEY_LEN));
    cr_assert(ne(ptr, (void *)d.envelope.data, NULL));
    cr_assert(zero(sz, d.envelope.data_size));
    free(d.bytes);
}

Test(envelope, raw_shorter_than_len_is_dropped)
{
    cr_expect(zero(int, drop_of(MESSAGE(",\"len\":3") "abc")));
    cr_expect(
        eq(int, drop_of(MESSAGE(",\"len\":4") "abc"), MSOCK_DROP_RAW_SHORT));
    cr_expect(eq(int, drop_of(MESSAGE(",\"len\":9007199254740991") "abc"),
                 MSOCK_DROP_RAW_SHORT));
}

Test(envelope, a_batch_is_read_message_by_message)
{
    static const char text[] = MESSAGE(",\"data\":1") MESSAGE(",\"data\":2");
    struct decoded d = decode(text);
    struct msock__envelope second;
    size_t rest = sizeof text - 1 - d.used;
    int drop = msock__envelope_decode(d.bytes + d.used, rest, false, SESSION,
                                      HEAD_MAX, &second, &d.used);

    cr_assert(zero(int, d.drop));
    cr_assert(zero(int, drop));
    cr_assert(eq(str, (char *)d.envelope.data, "1"));
    cr_assert(eq(str, (char *)second.data, "2"));
    free(d.bytes);
}

/* -- Every truncation, every flip -- */

static const char sample[] =
    MESSAGE(",\"id\":\"7\",\"type\":\"x/y\",\"len\":4") "\1\2\3\4";

Test(envelope, every_truncation_is_dropped)
{
    for (size_t size = 0; size < sizeof sample - 1; size++) {
        struct decoded d = decode_as(sample, size, false);
        cr_expect(ne(int, d.drop, 0), "%zu bytes", size);
        free(d.bytes);
    }
    cr_assert(zero(int, drop_of(sample)));
}

Test(envelope, a_flipped_byte_never_reads_or_writes_outside)
{
    for (size_t i = 0; i < sizeof sample - 1; i++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof sample];
            memcpy(text, sample, sizeof sample);
            text[i] = (char)byte;
            struct decoded d = decode_as(text, sizeof sample - 1, byte & 1);
            cr_assert(eq(int, d.bytes[sizeof sample - 1], 0));
            free(d.bytes);
        }
    }
}

Test(envelope, a_drop_writes_nothing_out)
{
    char text[] = "{\"topic\":\"#\",\"sender\":\"s\"}\n";
    struct msock__envelope envelope = {.state = 77};
    size_t used = 78;

    msock__envelope_decode(text, sizeof text - 1, false, SESSION, HEAD_MAX,
                           &envelope, &used);

    cr_assert(eq(u64, envelope.state, 77));
    cr_assert(eq(sz, used, 78));
}
