/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages as structures and as text, both ways. */
#include "codec/control.h"

#include "tests/codec/control_case.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define MOST MSOCK__COUNTER_MAX
#define SLICE(text)                                                            \
    {                                                                          \
        text, sizeof text - 1, MSOCK__JSON_STRING                              \
    }

/* Texts written by hand, and what they say. */
static const struct {
    struct msock__control control;
    const char *text;
} golden[] = {
    {{.kind = MSOCK__HELLO,
      .age_ms = 1500,
      .every_ms = 6250,
      .best_effort_last = 7,
      .held = {3, 9},
      .revision = 2},
     "{\"topic\":\"$ms/hello\",\"sender\":\"hub\",\"data\":{\"age\":1500,"
     "\"every\":6250,\"be\":7,\"rel\":[3,9],\"rev\":2}}\n"},
    {{.kind = MSOCK__HELLO,
      .age_ms = MOST,
      .every_ms = 600000,
      .best_effort_last = MOST,
      .held = {MOST, MOST},
      .revision = MOST},
     "{\"topic\":\"$ms/hello\",\"sender\":\"hub\",\"data\":"
     "{\"age\":9007199254740991,\"every\":600000,\"be\":9007199254740991,"
     "\"rel\":[9007199254740991,9007199254740991],"
     "\"rev\":9007199254740991}}\n"},
    {{.kind = MSOCK__BYE, .best_effort_last = 0, .held = {1, 0}},
     "{\"topic\":\"$ms/bye\",\"sender\":\"hub\",\"data\":{\"be\":0,"
     "\"rel\":[1,0]}}\n"},
    {{.kind = MSOCK__CHALLENGE,
      .nonce = UINT64_C(0x0123456789abcdef),
      .up_ms = 10000,
      .count = 2,
      .sessions = {UINT64_C(0xfedcba9876543210), 1}},
     "{\"topic\":\"$ms/challenge\",\"sender\":\"hub\",\"data\":{\"nonce\":"
     "\"0123456789abcdef\",\"up\":10000,\"sessions\":[\"fedcba9876543210\","
     "\"0000000000000001\"]}}\n"},
    {{.kind = MSOCK__ANSWER,
      .age_ms = 0,
      .held = {5, 4},
      .count = 4,
      .floors = {{1, 2, 10}, {1, 2, 11}, {1, 3, 12}, {2, 3, 13}}},
     "{\"topic\":\"$ms/answer\",\"sender\":\"hub\",\"data\":{\"age\":0,"
     "\"rel\":[5,4],\"floors\":[[1,2,\"000000000000000a\","
     "\"000000000000000b\"],[1,3,\"000000000000000c\"],"
     "[2,3,\"000000000000000d\"]]}}\n"},
    {{.kind = MSOCK__SYNC, .held = {1, 12}},
     "{\"topic\":\"$ms/sync\",\"sender\":\"hub\",\"data\":"
     "{\"rel\":[1,12]}}\n"},
    {{.kind = MSOCK__NACK,
      .session = UINT64_C(0x8899aabbccddeeff),
      .count = 3,
      .ranges = {{1, 1}, {2, 5}, {1000, 1020}}},
     "{\"topic\":\"$ms/nack\",\"sender\":\"hub\",\"data\":{\"session\":"
     "\"8899aabbccddeeff\",\"ranges\":[[1,1],[2,5],[1000,1020]]}}\n"},
    {{.kind = MSOCK__QUERY,
      .count = 2,
      .sessions = {UINT64_C(0x8899aabbccddeeff), 10}},
     "{\"topic\":\"$ms/query\",\"sender\":\"hub\",\"data\":{\"who\":["
     "\"8899aabbccddeeff\",\"000000000000000a\"]}}\n"},
    {{.kind = MSOCK__QUERY,
      .asks_values = true,
      .query = UINT64_C(0x0123456789abcdef),
      .count = 1,
      .filters = {SLICE("\"home/#\"")}},
     "{\"topic\":\"$ms/query\",\"sender\":\"hub\",\"data\":{\"query\":"
     "\"0123456789abcdef\",\"filters\":[\"home/#\"]}}\n"},
    {{.kind = MSOCK__QUERY,
      .asks_values = true,
      .query = 1,
      .done = {2, {UINT64_C(0x8899aabbccddeeff), 10}},
      .of = {1, {11}},
      .count = 3,
      .filters = {SLICE("\"a\""), SLICE("\"+/\\\"\""), SLICE("\"#\"")}},
     "{\"topic\":\"$ms/query\",\"sender\":\"hub\",\"data\":{\"query\":"
     "\"0000000000000001\",\"done\":[\"8899aabbccddeeff\","
     "\"000000000000000a\"],\"of\":[\"000000000000000b\"],"
     "\"filters\":[\"a\",\"+/\\\"\",\"#\"]}}\n"},
    {{.kind = MSOCK__HELD, .query = 10, .value_count = 3, .held = {68, MOST}},
     "{\"topic\":\"$ms/held\",\"sender\":\"hub\",\"data\":{\"query\":"
     "\"000000000000000a\",\"values\":3,\"frames\":[68,9007199254740991]}}\n"},
    {{.kind = MSOCK__SYNC, .held = {1, 12}, .count = 1, .asked = {12}},
     "{\"topic\":\"$ms/sync\",\"sender\":\"hub\",\"data\":"
     "{\"rel\":[1,12],\"ack\":[12]}}\n"},
    {{.kind = MSOCK__SYNC,
      .held = {1, MOST},
      .of = {2, {UINT64_C(0x8899aabbccddeeff), 10}},
      .count = 3,
      .asked = {11, 12, MOST}},
     "{\"topic\":\"$ms/sync\",\"sender\":\"hub\",\"data\":"
     "{\"rel\":[1,9007199254740991],\"of\":[\"8899aabbccddeeff\","
     "\"000000000000000a\"],\"ack\":[11,12,9007199254740991]}}\n"},
    {{.kind = MSOCK__ACK,
      .session = UINT64_C(0x8899aabbccddeeff),
      .count = 3,
      .acts = {{12, 0}, {11, 2147483647}, {MOST, 4}}},
     "{\"topic\":\"$ms/ack\",\"sender\":\"hub\",\"data\":{\"session\":"
     "\"8899aabbccddeeff\",\"acts\":[[12,0],[11,2147483647],"
     "[9007199254740991,4]]}}\n"},
    {{.kind = MSOCK__NACK,
      .session = UINT64_C(0x8899aabbccddeeff),
      .take = {1000, 999},
      .count = 1,
      .ranges = {{1000, 1020}}},
     "{\"topic\":\"$ms/nack\",\"sender\":\"hub\",\"data\":{\"session\":"
     "\"8899aabbccddeeff\",\"take\":[1000,999],\"ranges\":[[1000,1020]]}}\n"},
    {{.kind = MSOCK__TAKE,
      .session = UINT64_C(0x8899aabbccddeeff),
      .take = {7, MOST}},
     "{\"topic\":\"$ms/take\",\"sender\":\"hub\",\"data\":{\"session\":"
     "\"8899aabbccddeeff\",\"take\":[7,9007199254740991]}}\n"},
    {{.kind = MSOCK__RING, .pushed = {"\"porch\"", MOST, "AQIDBA=="}},
     "{\"topic\":\"$ms/ring\",\"sender\":\"hub\",\"data\":{\"to\":"
     "\"\\\"porch\\\"\",\"made\":9007199254740991,\"box\":\"AQIDBA==\"}}\n"},
    {{.kind = MSOCK__HELLO,
      .every_ms = 6250,
      .held = {1, 0},
      .revision = 1,
      .full = true,
      .about = {.parts = 1, .version = "0.1.0"}},
     "{\"topic\":\"$ms/hello\",\"sender\":\"hub\",\"data\":{\"age\":0,"
     "\"every\":6250,\"be\":0,\"rel\":[1,0],\"rev\":1,\"version\":\"0.1.0\","
     "\"part\":[0,1]}}\n"},
    {{.kind = MSOCK__HELLO,
      .every_ms = 6250,
      .held = {1, 0},
      .revision = 4,
      .full = true,
      .about = {.part = 1,
                .parts = 3,
                .version = "1.0",
                .keys = {0x0123abcd, 15},
                .key_count = 2,
                .keeper = true,
                .will = SLICE("[\"porch/up\",false]")},
      .count = 2,
      .filters = {SLICE("\"a/#\""), SLICE("\"b\\\"\"")}},
     "{\"topic\":\"$ms/hello\",\"sender\":\"hub\",\"data\":{\"age\":0,"
     "\"every\":6250,\"be\":0,\"rel\":[1,0],\"rev\":4,\"version\":\"1.0\","
     "\"part\":[1,3],\"filters\":[\"a/#\",\"b\\\"\"],\"keys\":[\"0123abcd\","
     "\"0000000f\"],\"keeper\":true,\"will\":[\"porch/up\",false]}}\n"},
};

enum { GOLDEN = sizeof golden / sizeof golden[0], LINE_MAX = 8192 };

Test(control, messages_are_written_as_the_protocol_says)
{
    for (size_t i = 0; i < GOLDEN; i++) {
        char line[LINE_MAX];
        size_t used = 99;
        size_t size = msock__control_encode(&golden[i].control, "hub", line,
                                            sizeof line, &used);

        cr_assert(eq(sz, size, strlen(golden[i].text)), "%zu", i);
        cr_expect(zero(int, memcmp(line, golden[i].text, size)), "%zu", i);
        cr_expect(eq(sz, used, golden[i].control.count), "%zu", i);
    }
}

Test(control, messages_are_read_as_the_protocol_says)
{
    for (size_t i = 0; i < GOLDEN; i++) {
        struct control_read r =
            control_read_line(golden[i].text, strlen(golden[i].text));

        cr_expect(zero(int, r.drop), "%zu", i);
        cr_expect(control_same(&r.control, &golden[i].control), "%zu", i);
        cr_expect(control_valid(&r.control), "%zu", i);
        free(r.bytes);
    }
}

Test(control, full_hello_is_whole_or_not_at_all)
{
    const struct msock__control *full = &golden[GOLDEN - 1].control;
    char line[LINE_MAX];
    size_t size = strlen(golden[GOLDEN - 1].text);

    cr_expect(
        eq(sz, msock__control_encode(full, "hub", line, size, NULL), size));
    cr_expect(
        zero(sz, msock__control_encode(full, "hub", line, size - 1, NULL)));
}

Test(control, sender_is_quoted)
{
    static const char expected[] =
        "{\"topic\":\"$ms/sync\",\"sender\":\"K\xc3\xbc \\\"1\\\"\\\\\","
        "\"data\":{\"rel\":[1,0]}}\n";
    const struct msock__control sync = {.kind = MSOCK__SYNC, .held = {1, 0}};
    char line[LINE_MAX];

    size_t size = msock__control_encode(&sync, "K\xc3\xbc \"1\"\\", line,
                                        sizeof line, NULL);

    cr_assert(eq(sz, size, sizeof expected - 1));
    cr_expect(zero(int, memcmp(line, expected, size)));
}

/* -- Room -- */

Test(control, message_without_a_list_needs_room_for_all_of_it)
{
    for (size_t capacity = 0; capacity <= strlen(golden[0].text); capacity++) {
        char *line = malloc(capacity + 1);
        size_t used = 99;
        size_t size = msock__control_encode(&golden[0].control, "hub", line,
                                            capacity, &used);
        bool fits = capacity == strlen(golden[0].text);

        cr_expect(eq(sz, size, fits ? capacity : 0), "%zu", capacity);
        cr_expect(eq(sz, used, fits ? 0 : 99), "%zu", capacity);
        free(line);
    }
}

/* Encodes into every capacity up to `most`: what is written fits, says the
 * first items, and with one byte less it would have been fewer of them. */
static void expect_split(const struct msock__control *control, size_t most)
{
    size_t before = 0;

    for (size_t capacity = 0; capacity <= most; capacity++) {
        char *line = exact_copy("", 0, capacity);
        size_t used = 0;
        size_t size =
            msock__control_encode(control, "hub", line, capacity, &used);
        cr_assert(le(sz, size, capacity));
        cr_assert(ge(sz, used, before));
        cr_expect(eq(int, used > before, size == capacity && size > 0));
        before = used;
        free(line);
    }
    cr_expect(eq(sz, before, control->count));
}

Test(control, lists_are_cut_where_the_room_ends)
{
    expect_split(&golden[3].control, strlen(golden[3].text));
    expect_split(&golden[4].control, strlen(golden[4].text));
    expect_split(&golden[6].control, strlen(golden[6].text));
    expect_split(&golden[9].control, strlen(golden[9].text));
    expect_split(&golden[12].control, strlen(golden[12].text));
    expect_split(&golden[13].control, strlen(golden[13].text));
    expect_split(&golden[14].control, strlen(golden[14].text));
}

Test(control, what_was_cut_is_a_message_of_its_own)
{
    const struct msock__control *answer = &golden[4].control;
    char line[LINE_MAX];
    size_t used;

    size_t size = msock__control_encode(answer, "hub", line,
                                        strlen(golden[4].text) - 1, &used);
    struct control_read r = control_read_line(line, size);

    cr_assert(zero(int, r.drop));
    cr_assert(eq(sz, used, 3));
    cr_assert(eq(sz, r.control.count, 3));
    cr_expect(zero(int, memcmp(r.control.floors, answer->floors,
                               3 * sizeof answer->floors[0])));
    free(r.bytes);
}

Test(control, largest_lists_come_back)
{
    struct msock__control challenge = {.kind = MSOCK__CHALLENGE,
                                       .count = MSOCK__CHALLENGE_MAX};
    struct msock__control answer = {
        .kind = MSOCK__ANSWER, .held = {1, 0}, .count = MSOCK__ANSWER_MAX};
    struct msock__control nack = {.kind = MSOCK__NACK,
                                  .count = MSOCK__NACK_MAX};
    for (uint64_t i = 0; i < MSOCK__ANSWER_MAX; i++) {
        challenge.sessions[i % MSOCK__CHALLENGE_MAX] = UINT64_MAX - i;
        answer.floors[i] = (struct msock__floor){MOST - i, MOST, i << 40};
        nack.ranges[i % MSOCK__NACK_MAX] = (struct msock__range){
            MOST - 4095 + i % 96 * 32, MOST - 4086 + i % 96 * 32};
    }

    cr_expect(control_comes_back(&challenge));
    cr_expect(control_comes_back(&answer));
    cr_expect(control_comes_back(&nack));
}

/* -- Kinds -- */

static enum msock__control_kind kind_of(const char *topic)
{
    struct msock__envelope envelope = {.topic = topic,
                                       .topic_size = strlen(topic)};

    return msock__control_kind_of(&envelope);
}

Test(control, kinds_are_told_by_their_topics)
{
    cr_expect(eq(int, kind_of("$ms/hello"), MSOCK__HELLO));
    cr_expect(eq(int, kind_of("$ms/bye"), MSOCK__BYE));
    cr_expect(eq(int, kind_of("$ms/challenge"), MSOCK__CHALLENGE));
    cr_expect(eq(int, kind_of("$ms/answer"), MSOCK__ANSWER));
    cr_expect(eq(int, kind_of("$ms/sync"), MSOCK__SYNC));
    cr_expect(eq(int, kind_of("$ms/nack"), MSOCK__NACK));
    cr_expect(eq(int, kind_of("$ms/take"), MSOCK__TAKE));
    cr_expect(eq(int, kind_of("$ms/query"), MSOCK__QUERY));
    cr_expect(eq(int, kind_of("$ms/held"), MSOCK__HELD));
    cr_expect(eq(int, kind_of("$ms/ack"), MSOCK__ACK));
}

Test(control, other_topics_are_unknown)
{
    static const char *const topics[] = {
        "$ms/queries", "$ms/helds",  "$ms/acks", "$ms/Hello",   "$ms/hell",
        "$ms/",        "$ms/hello/", "$ms",      "hello",       "$MS/hello",
        "ms/hello",    "$ms/helloo", "$ms//",    "$ms/hello/a",
    };

    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        struct msock__envelope envelope = {.keys = MSOCK__KEY_DATA,
                                           .topic = topics[i],
                                           .topic_size = strlen(topics[i]),
                                           .data = "{}",
                                           .data_size = 2};
        struct msock__control control;
        cr_expect(eq(int, kind_of(topics[i]), MSOCK__CONTROL_UNKNOWN), "%s",
                  topics[i]);
        cr_expect(eq(int, msock__control_decode(&envelope, &control),
                     MSOCK_DROP_CONTROL),
                  "%s", topics[i]);
    }
}

/* -- One's own floors -- */

static const char floors[] =
    "{\"age\":1,\"rel\":[1,0],\"floors\":[[7,9,\"00000000000000aa\","
    "\"00000000000000bb\"],[5,11,\"00000000000000cc\"],"
    "[6,12,\"00000000000000aa\"]]}";

static int find_floor(const char *word, const char *data, uint64_t current,
                      uint64_t previous, struct msock__floor *floor)
{
    struct control_read r = control_read(word, data);
    const uint64_t nonces[2] = {current, previous};
    int found = msock__control_floor(&r.envelope, nonces, floor);

    free(r.bytes);
    return found;
}

static void expect_floor(uint64_t current, uint64_t previous,
                         const struct msock__floor *want)
{
    struct msock__floor floor = {0};

    cr_expect(
        eq(int, find_floor("answer", floors, current, previous, &floor), 1));
    cr_expect(eq(u64, floor.best_effort, want->best_effort));
    cr_expect(eq(u64, floor.reliable, want->reliable));
    cr_expect(eq(u64, floor.nonce, want->nonce));
}

Test(control, floors_of_own_nonces_are_found)
{
    expect_floor(0xbb, 0xbb, &(struct msock__floor){7, 9, 0xbb});
    expect_floor(0x11, 0xcc, &(struct msock__floor){5, 11, 0xcc});
}

Test(control, lowest_floor_of_several_counts)
{
    expect_floor(0xaa, 0xaa, &(struct msock__floor){6, 9, 0xaa});
    expect_floor(0xcc, 0xbb, &(struct msock__floor){5, 9, 0xbb});
}

Test(control, answer_to_others_gives_no_floor)
{
    struct msock__floor floor = {1, 2, 3};

    cr_expect(zero(int, find_floor("answer", floors, 0xdd, 0xa, &floor)));
    cr_expect(eq(u64, floor.nonce, 3));
}

Test(control, only_valid_answers_give_floors)
{
    struct msock__floor floor;

    cr_expect(eq(int, find_floor("hello", floors, 0xaa, 0xbb, &floor),
                 -MSOCK_DROP_CONTROL));
    cr_expect(eq(int,
                 find_floor("answer",
                            "{\"age\":1,\"rel\":[1,0],\"floors\":"
                            "[[7,9,\"00000000000000aa\"],[0,1,"
                            "\"00000000000000cc\"]]}",
                            0xaa, 0xbb, &floor),
                 -MSOCK_DROP_CONTROL));
    cr_expect(eq(
        int, find_floor("bye", "{\"be\":0,\"rel\":[1,0]}", 0xaa, 0xbb, &floor),
        -MSOCK_DROP_CONTROL));
}

/* An answer with 3,000 nonces, 1..3000, of which no two share an entry. */
static char *long_answer(void)
{
    char *data = malloc(CONTROL_LINE_MAX * 3);
    char *at = data;

    at += sprintf(at, "{\"age\":1,\"rel\":[1,0],\"floors\":[");
    for (int i = 1; i <= 3000; i++) {
        at += sprintf(at, "%s[%d,%d,\"%016x\"]", i > 1 ? "," : "", i, 2 * i,
                      (unsigned)i);
    }
    sprintf(at, "]}");
    return data;
}

Test(control, floors_are_found_in_an_answer_of_any_size)
{
    char *data = long_answer();
    struct msock__floor floor = {0};

    cr_expect(eq(int, find_floor("answer", data, 2999, 3001, &floor), 1));
    cr_expect(eq(u64, floor.best_effort, 2999));
    cr_expect(eq(u64, floor.reliable, 5998));
    free(data);
}

Test(control, first_nonces_of_a_long_answer_are_given)
{
    char *data = long_answer();
    struct control_read r = control_read("answer", data);

    cr_expect(zero(int, r.drop));
    cr_assert(eq(sz, r.control.count, MSOCK__ANSWER_MAX));
    cr_expect(eq(u64, r.control.floors[127].nonce, 128));
    free(r.bytes);
    free(data);
}
