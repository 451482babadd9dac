/* SPDX-License-Identifier: Apache-2.0 */
/* Messages whose head was met before: the same as without. */
#include "codec/head.h"
#include "tests/codec/decoded.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define LINE "{\"topic\":\"a/b\",\"sender\":\"hub\",\"data\":"

static struct msock__head learned(const char *topic, const char *sender)
{
    struct msock__head head = {0};

    msock__head_learn(&head, topic, strlen(topic), sender, strlen(sender));
    return head;
}

static void expect_text(const char *got, size_t got_size, const char *want,
                        size_t want_size)
{
    cr_assert(eq(sz, got_size, want_size));
    cr_expect(zero(int, memcmp(got, want, want_size)));
}

/* -- Writing -- */

static void expect_same_line(const char *topic, const char *json)
{
    struct msock__head head = learned(topic, "hub");
    struct msock__json_slice data;
    size_t offset = 0, rest = 0;
    cr_assert(
        zero(int, msock__json_scan(json, strlen(json), 31, &offset, &data)));
    const struct msock__envelope envelope = {
        .keys = MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER | MSOCK__KEY_DATA,
        .topic = topic,
        .topic_size = strlen(topic),
        .sender = "hub",
        .sender_size = 3,
        .data = data.text,
        .data_size = data.size,
    };
    char want[1024], got[1024];
    size_t want_size = msock__envelope_encode(&envelope, want, &rest);
    size_t got_size = msock__head_encode(&head, &data, got);
    expect_text(got, got_size, want, want_size);
    cr_expect(ge(sz, msock__head_size(&head) + data.size, got_size));
}

Test(head, what_it_writes_is_canonical)
{
    static const char *const data[] = {"1",
                                       "null",
                                       "\"\"",
                                       "{\"a\": [1, 2]}",
                                       "[ ]",
                                       "\" \\u0041 \"",
                                       "[1,2,{\"b\":\" \"}]"};

    for (size_t i = 0; i < COUNT(data); i++) {
        expect_same_line("a/b", data[i]);
        expect_same_line("say \"hi\"\\", data[i]);
        expect_same_line("k\xc3\xbc"
                         "che",
                         data[i]);
    }
}

Test(head, is_of_its_topic_alone)
{
    struct msock__head head = learned("a/b", "hub");
    const struct msock__head none = {0};

    cr_expect(msock__head_is(&head, "a/b", 3));
    cr_expect(not(msock__head_is(&head, "a/bc", 4)));
    cr_expect(not(msock__head_is(&head, "a/c", 3)));
    cr_expect(not(msock__head_is(&none, "", 0)));
}

Test(head, too_large_is_none)
{
    char topic[MSOCK_TOPIC_MAX + 1] = {0};
    struct msock__head head = learned("a/b", "hub");

    memset(topic, 'x', MSOCK_TOPIC_MAX);
    msock__head_learn(&head, topic, MSOCK_TOPIC_MAX, "hub", 3);
    cr_expect(msock__head_is(&head, topic, MSOCK_TOPIC_MAX));
    memset(topic, '"', MSOCK_TOPIC_MAX);
    msock__head_learn(&head, topic, MSOCK_TOPIC_MAX, "hub", 3);
    cr_expect(not(msock__head_is(&head, topic, MSOCK_TOPIC_MAX)));
    char bytes[] = LINE "1}\n";
    struct msock__envelope envelope;
    cr_expect(zero(
        sz, msock__head_decode(&head, bytes, sizeof bytes - 1, &envelope)));
}

/* -- Reading -- */

/* Reads it both ways.  Returns whether the head was enough: then both agree,
 * else nothing was touched. */
static bool reads_same(const struct msock__head *head, const char *line,
                       size_t size)
{
    struct decoded want = decode_as(line, size, false);
    struct msock__envelope got = {0};
    char *bytes = exact_copy(line, size, 1);
    size_t used = msock__head_decode(head, bytes, size, &got);

    if (used > 0) {
        cr_assert(zero(int, want.drop));
        cr_expect(eq(sz, used, want.used));
        cr_expect(eq(uint, got.keys, want.envelope.keys));
        cr_expect(eq(str, (char *)got.topic, (char *)want.envelope.topic));
        cr_expect(eq(str, (char *)got.sender, (char *)want.envelope.sender));
        expect_text(got.data, got.data_size + 1, want.envelope.data,
                    want.envelope.data_size + 1);
        cr_expect(eq(sz, got.topic_size, want.envelope.topic_size));
        cr_expect(eq(sz, got.sender_size, want.envelope.sender_size));
    } else {
        expect_text(bytes, size, line, size);
    }
    free(bytes);
    free(want.bytes);
    return used > 0;
}

Test(head, plain_messages_are_read)
{
    static const char *const lines[] = {LINE "1}\n", LINE "{\"on\":true}}\n",
                                        LINE "\" \\n\"}\n", LINE "[[],{}]}\n",
                                        LINE "1}\n" LINE "2}\n"};
    struct msock__head head = learned("a/b", "hub");

    for (size_t i = 0; i < COUNT(lines); i++) {
        cr_expect(reads_same(&head, lines[i], strlen(lines[i])));
    }
}

Test(head, others_are_left_to_the_decoder)
{
    static const char *const lines[] = {
        "",
        "{",
        LINE "1 }\n",
        LINE "[1,\n2]}\n",
        LINE " 1}\n",
        LINE "1}",
        LINE "1}\r\n",
        LINE "1,\"id\":\"x\"}\n",
        LINE "1,\"data\":2}\n",
        LINE "}\n",
        LINE "01}\n",
        "{\"topic\":\"a/c\",\"sender\":\"hub\",\"data\":1}\n",
        "{\"topic\":\"a/b\",\"sender\":\"hut\",\"data\":1}\n",
        "{\"topic\":\"a/b\",\"sender\":\"hub\"}\n",
        "{\"sender\":\"hub\",\"topic\":\"a/b\",\"data\":1}\n"};
    struct msock__head head = learned("a/b", "hub");

    for (size_t i = 0; i < COUNT(lines); i++) {
        cr_expect(not(reads_same(&head, lines[i], strlen(lines[i]))), "%s",
                  lines[i]);
    }
}

Test(head, names_with_escapes_are_left_to_the_decoder)
{
    static const char line[] =
        "{\"topic\":\"\\\"\",\"sender\":\"hub\",\"data\":1}\n";
    struct msock__head head = learned("\"", "hub");

    cr_expect(not(reads_same(&head, line, sizeof line - 1)));
}

Test(head, depth_is_that_of_the_decoder)
{
    struct msock__head head = learned("a/b", "hub");

    for (int depth = 30; depth <= 33; depth++) {
        char line[256];
        int size = snprintf(line, sizeof line, LINE "%.*s%.*s}\n", depth,
                            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", depth,
                            "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
        cr_expect(eq(int, reads_same(&head, line, (size_t)size), depth <= 31));
    }
}

Test(head, every_truncation_and_every_flip_is_read_the_same)
{
    static const char line[] = LINE "{\"k\":[1,\"\\u00e9\",true]}}\n";
    struct msock__head head = learned("a/b", "hub");
    size_t read = 0;

    for (size_t size = 0; size < sizeof line; size++) {
        read += reads_same(&head, line, size);
    }
    cr_expect(eq(sz, read, 1));
    for (size_t at = 0; at < sizeof line - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char flipped[sizeof line];
            memcpy(flipped, line, sizeof line);
            flipped[at] = (char)byte;
            read += reads_same(&head, flipped, sizeof line - 1);
        }
    }
    cr_expect(gt(sz, read, sizeof line));
}
