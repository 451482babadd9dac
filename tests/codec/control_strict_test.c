/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoder of control messages takes and refuses: every bound at its
 * edge, and damage of every kind. */
#include "codec/control.h"

#include "tests/codec/control_case.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define ID "\"0123456789abcdef\""
#define NONCE "\"00000000000000aa\""
#define HELLO "\"age\":1,\"every\":5000,\"be\":2,\"rel\":[1,0],\"rev\":3"
#define FULL HELLO ",\"version\":\"1.0\",\"part\":[0,1]"
#define ANSWER "\"age\":1,\"rel\":[1,0]"
#define ASKS "\"query\":" ID ",\"filters\":[]"
#define SAYS(text) "{" text "}"

/* Texts of 10, 50, 60 and 64 bytes. */
#define TEN "abcdefghij"
#define FIFTY TEN TEN TEN TEN TEN
#define MANY FIFTY FIFTY FIFTY FIFTY FIFTY

struct text {
    const char *word; /* of the topic */
    const char *data;
};

static const struct text taken[] = {
    {"hello", SAYS(HELLO)},
    {"hello", SAYS(HELLO ",\"ack\":true,\"x\":[{}],\"x\":1,\"\":null")},
    {"hello", " { \"rev\" : 3,\t\"rel\":[ 1 , 0 ],\"be\":2,\"every\":5000 ,"
              "\"\\u0061ge\":1 } "},
    {"hello", "{\"age\":0,\"every\":1,\"be\":0,\"rel\":[1,0],\"rev\":0}"},
    {"hello", "{\"age\":0,\"every\":600000,\"be\":0,\"rel\":[5,4],\"rev\":0}"},
    {"hello", SAYS(FULL)},
    {"hello", SAYS(FULL ",\"filters\":[],\"keys\":[],\"keeper\":false")},
    {"hello", SAYS(FULL ",\"filters\":[\"#\",\"" MANY "abcde\"]")},
    {"hello", SAYS(FULL ",\"keys\":[\"0123abcd\"],\"keeper\":true")},
    {"hello", SAYS(HELLO ",\"version\":\"1\",\"part\":[255,256]")},
    {"hello", SAYS(FULL ",\"will\":[\"porch/state\",{\"up\":[false]}]")},
    {"hello", SAYS(FULL ",\"will\":[\"$ms\",null]")},
    {"bye", "{\"be\":0,\"rel\":[1,0]}"},
    {"challenge", "{\"nonce\":" ID ",\"up\":0,\"sessions\":[]}"},
    {"challenge",
     "{\"nonce\":" ID ",\"up\":10000,\"sessions\":[" ID "," ID "]}"},
    {"challenge",
     "{\"nonce\":\"\\u0030123456789abcde\\u0066\",\"up\":0,\"sessions\":[]}"},
    {"answer", SAYS(ANSWER ",\"floors\":[]")},
    {"answer",
     SAYS(ANSWER ",\"floors\":[[1,1," NONCE "],[1,1," NONCE "," ID "]]")},
    {"answer", SAYS(ANSWER ",\"floors\":[[9007199254740991,"
                           "9007199254740991," ID "]]")},
    {"sync", "{\"rel\":[9007199254740991,9007199254740991]}"},
    {"sync", "{\"rel\":[1,9007199254740991],\"ack\":[]}"},
    {"sync", "{\"rel\":[1,9],\"ack\":[1,9007199254740991],\"of\":[]}"},
    {"sync", "{\"of\":[" ID "," ID "],\"ack\":[9,9],\"rel\":[1,9]}"},
    {"ack", "{\"session\":" ID ",\"acts\":[]}"},
    {"ack", "{\"acts\":[[9,0],[9,1]],\"session\":" ID ",\"rel\":0}"},
    {"ack", "{\"session\":" ID ",\"acts\":[[9007199254740991,2147483647]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[1,1024]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[1,1],[2,1024]]}"},
    {"nack",
     "{\"session\":" ID ",\"ranges\":[[9007199254740991,9007199254740991]]}"},
    {"query", "{\"who\":[" ID "]}"},
    {"query", "{" ASKS "}"},
    {"query", "{\"filters\":[\"#\",\"" MANY "abcde\"],\"query\":" ID "}"},
    {"query", "{" ASKS ",\"done\":[],\"of\":[]}"},
    {"query", "{" ASKS ",\"done\":[" ID "," ID "],\"of\":[" NONCE "]}"},
    {"held", "{\"query\":" ID ",\"values\":0,\"frames\":[1,0]}"},
    {"held", "{\"query\":" ID ",\"values\":9007199254740991,"
             "\"frames\":[9007199254740991,9007199254740991]}"},
};

static const struct text refused[] = {
    /* no object, a key missing */
    {"hello", "null"},
    {"hello", "[]"},
    {"hello", "\"{}\""},
    {"hello", "{}"},
    {"hello", "{\"every\":1,\"be\":0,\"rel\":[1,0],\"rev\":0}"},
    {"hello", "{\"age\":0,\"be\":0,\"rel\":[1,0],\"rev\":0}"},
    {"hello", "{\"age\":0,\"every\":1,\"rel\":[1,0],\"rev\":0}"},
    {"hello", "{\"age\":0,\"every\":1,\"be\":0,\"rev\":0}"},
    {"hello", "{\"age\":0,\"every\":1,\"be\":0,\"rel\":[1,0]}"},
    {"hello", "{\"Age\":0,\"every\":1,\"be\":0,\"rel\":[1,0],\"rev\":0}"},
    {"bye", "{\"be\":0}"},
    {"bye", "{\"rel\":[1,0]}"},
    {"challenge", "{\"up\":0,\"sessions\":[]}"},
    {"challenge", "{\"nonce\":" ID ",\"sessions\":[]}"},
    {"challenge", "{\"nonce\":" ID ",\"up\":0}"},
    {"answer", "{\"rel\":[1,0],\"floors\":[]}"},
    {"answer", "{\"age\":1,\"floors\":[]}"},
    {"answer", SAYS(ANSWER)},
    {"sync", "{}"},
    {"sync", "{\"ack\":[1]}"},
    {"nack", "{\"session\":" ID "}"},
    {"nack", "{\"ranges\":[]}"},
    /* a key twice */
    {"hello", SAYS(HELLO ",\"age\":1")},
    {"hello", SAYS(HELLO ",\"\\u0061ge\":1")},
    {"hello", SAYS(FULL ",\"part\":[0,1]")},
    {"sync", "{\"rel\":[1,0],\"rel\":[1,0]}"},
    {"answer", SAYS(ANSWER ",\"floors\":[],\"floors\":[]")},
    {"nack", "{\"session\":" ID ",\"ranges\":[],\"ranges\":[]}"},
    /* numbers */
    {"bye", "{\"be\":-1,\"rel\":[1,0]}"},
    {"bye", "{\"be\":1.0,\"rel\":[1,0]}"},
    {"bye", "{\"be\":1e3,\"rel\":[1,0]}"},
    {"bye", "{\"be\":\"1\",\"rel\":[1,0]}"},
    {"bye", "{\"be\":null,\"rel\":[1,0]}"},
    {"bye", "{\"be\":9007199254740992,\"rel\":[1,0]}"},
    {"bye", "{\"be\":10000000000000000,\"rel\":[1,0]}"},
    {"hello", "{\"age\":0,\"every\":0,\"be\":0,\"rel\":[1,0],\"rev\":0}"},
    {"hello", "{\"age\":0,\"every\":600001,\"be\":0,\"rel\":[1,0],\"rev\":0}"},
    {"challenge", "{\"nonce\":" ID ",\"up\":10001,\"sessions\":[]}"},
    /* [oldest, last] */
    {"sync", "{\"rel\":[0,0]}"},
    {"sync", "{\"rel\":[0,1]}"},
    {"sync", "{\"rel\":[2,0]}"},
    {"sync", "{\"rel\":[6,4]}"},
    {"sync", "{\"rel\":[9007199254740992,9007199254740991]}"},
    {"sync", "{\"rel\":[]}"},
    {"sync", "{\"rel\":[1]}"},
    {"sync", "{\"rel\":[1,2,3]}"},
    {"sync", "{\"rel\":[1,\"2\"]}"},
    {"sync", "{\"rel\":{\"1\":2}}"},
    {"sync", "{\"rel\":1}"},
    /* ids */
    {"challenge", "{\"nonce\":\"\",\"up\":0,\"sessions\":[]}"},
    {"challenge", "{\"nonce\":\"0123456789abcde\",\"up\":0,\"sessions\":[]}"},
    {"challenge", "{\"nonce\":\"0123456789abcdef0\",\"up\":0,\"sessions\":[]}"},
    {"challenge", "{\"nonce\":\"0123456789ABCDEF\",\"up\":0,\"sessions\":[]}"},
    {"challenge", "{\"nonce\":\"0123456789abcdeg\",\"up\":0,\"sessions\":[]}"},
    {"challenge", "{\"nonce\":\"0x23456789abcdef\",\"up\":0,\"sessions\":[]}"},
    {"challenge", "{\"nonce\":1234567890123456,\"up\":0,\"sessions\":[]}"},
    {"challenge", "{\"nonce\":" ID ",\"up\":0,\"sessions\":[1]}"},
    {"challenge", "{\"nonce\":" ID ",\"up\":0,\"sessions\":[\"ab\"]}"},
    {"challenge", "{\"nonce\":" ID ",\"up\":0,\"sessions\":[[" ID "]]}"},
    {"challenge", "{\"nonce\":" ID ",\"up\":0,\"sessions\":" ID "}"},
    {"nack", "{\"session\":\"0123456789abcdeF\",\"ranges\":[]}"},
    {"nack", "{\"session\":null,\"ranges\":[]}"},
    /* floors */
    {"answer", SAYS(ANSWER ",\"floors\":{}")},
    {"answer", SAYS(ANSWER ",\"floors\":[1]")},
    {"answer", SAYS(ANSWER ",\"floors\":[[]]")},
    {"answer", SAYS(ANSWER ",\"floors\":[[1]]")},
    {"answer", SAYS(ANSWER ",\"floors\":[[1,1]]")},
    {"answer", SAYS(ANSWER ",\"floors\":[[0,1," ID "]]")},
    {"answer", SAYS(ANSWER ",\"floors\":[[1,0," ID "]]")},
    {"answer", SAYS(ANSWER ",\"floors\":[[1," ID ",1]]")},
    {"answer", SAYS(ANSWER ",\"floors\":[[1,1," ID ",1]]")},
    {"answer", SAYS(ANSWER ",\"floors\":[[1,9007199254740992," ID "]]")},
    /* ranges */
    {"nack", "{\"session\":" ID ",\"ranges\":[1,2]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[0,1]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[2,1]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[1,2],[2,3]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[3,4],[1,2]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[1,1],[1,1]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[1,1025]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[1,1],[3,1026]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[1,9007199254740991]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[1]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":[[1,2,3]]}"},
    {"nack", "{\"session\":" ID ",\"ranges\":{}}"},
    /* what a full hello adds */
    {"hello", SAYS(HELLO ",\"version\":\"1.0\"")},
    {"hello", SAYS(HELLO ",\"part\":[0,1]")},
    {"hello", SAYS(HELLO ",\"filters\":[]")},
    {"hello", SAYS(HELLO ",\"keeper\":true")},
    {"hello", SAYS(HELLO ",\"version\":\"1.0\",\"part\":[0,0]")},
    {"hello", SAYS(HELLO ",\"version\":\"1.0\",\"part\":[1,1]")},
    {"hello", SAYS(HELLO ",\"version\":\"1.0\",\"part\":[0,257]")},
    {"hello", SAYS(HELLO ",\"version\":\"1.0\",\"part\":[0]")},
    {"hello", SAYS(HELLO ",\"version\":\"\",\"part\":[0,1]")},
    {"hello", SAYS(HELLO ",\"version\":\"1\\n\",\"part\":[0,1]")},
    {"hello", SAYS(HELLO ",\"version\":1.0,\"part\":[0,1]")},
    {"hello", SAYS(HELLO ",\"version\":\"" FIFTY TEN "abcd\",\"part\":[0,1]")},
    {"hello", SAYS(FULL ",\"filters\":\"#\"")},
    {"hello", SAYS(FULL ",\"filters\":[\"\"]")},
    {"hello", SAYS(FULL ",\"filters\":[1]")},
    {"hello", SAYS(FULL ",\"filters\":[\"" MANY "abcdef\"]")},
    {"hello", SAYS(FULL ",\"keys\":[\"0123abc\"]")},
    {"hello", SAYS(FULL ",\"keys\":[\"0123abcde\"]")},
    {"hello", SAYS(FULL ",\"keys\":[\"0123ABCD\"]")},
    {"hello", SAYS(FULL ",\"keeper\":1")},
    {"hello", SAYS(FULL ",\"will\":[]")},
    {"hello", SAYS(FULL ",\"will\":[\"a\"]")},
    {"hello", SAYS(FULL ",\"will\":[\"a\",1,2]")},
    {"hello", SAYS(FULL ",\"will\":[\"a/#\",1]")},
    {"hello", SAYS(FULL ",\"will\":[\"$ms/bye\",1]")},
    {"hello", SAYS(FULL ",\"will\":[1,\"a\"]")},
    /* asking for values, and their end */
    {"query", "{}"},
    {"query", "{\"who\":[]," ASKS "}"},
    {"query", "{\"who\":[],\"query\":" ID "}"},
    {"query", "{\"who\":[],\"filters\":[]}"},
    {"query", "{\"who\":[],\"done\":[]}"},
    {"query", "{\"query\":" ID "}"},
    {"query", "{\"filters\":[\"#\"]}"},
    {"query", "{\"filters\":[],\"done\":[],\"of\":[]}"},
    {"query", "{\"query\":1,\"filters\":[]}"},
    {"query", "{\"query\":" ID ",\"filters\":[\"\"]}"},
    {"query", "{\"query\":" ID ",\"filters\":[1]}"},
    {"query", "{\"query\":" ID ",\"filters\":\"#\"}"},
    {"query", "{\"query\":" ID ",\"filters\":[\"" MANY "abcdef\"]}"},
    {"query", "{" ASKS ",\"done\":[\"hub\"]}"},
    {"query", "{" ASKS ",\"of\":" ID "}"},
    {"query", "{" ASKS ",\"query\":" ID "}"},
    {"held", "{\"query\":" ID ",\"values\":0}"},
    {"held", "{\"query\":" ID ",\"frames\":[1,0]}"},
    {"held", "{\"values\":0,\"frames\":[1,0]}"},
    {"held", "{\"query\":\"1\",\"values\":0,\"frames\":[1,0]}"},
    {"held", "{\"query\":" ID ",\"values\":-1,\"frames\":[1,0]}"},
    {"held", "{\"query\":" ID ",\"values\":0,\"frames\":[1,-1]}"},
    {"held", "{\"query\":" ID ",\"values\":0,\"frames\":[2,0]}"},
    {"held", "{\"query\":" ID ",\"values\":0,\"frames\":0}"},
    /* what a confirmed publish adds */
    {"sync", "{\"rel\":[1,9],\"of\":[" ID "]}"},
    {"sync", "{\"of\":[" ID "],\"ack\":[9]}"},
    {"sync", "{\"rel\":[1,9],\"ack\":9}"},
    {"sync", "{\"rel\":[1,9],\"ack\":[0]}"},
    {"sync", "{\"rel\":[1,9],\"ack\":[\"9\"]}"},
    {"sync", "{\"rel\":[1,9],\"ack\":[9],\"of\":" ID "}"},
    {"sync", "{\"rel\":[1,9],\"ack\":[9],\"of\":[\"hub\"]}"},
    {"ack", "{\"session\":" ID "}"},
    {"ack", "{\"acts\":[[9,0]]}"},
    {"ack", "{\"session\":\"hub\",\"acts\":[[9,0]]}"},
    {"ack", "{\"session\":" ID ",\"acts\":[9]}"},
    {"ack", "{\"session\":" ID ",\"acts\":[[9]]}"},
    {"ack", "{\"session\":" ID ",\"acts\":[[9,0,0]]}"},
    {"ack", "{\"session\":" ID ",\"acts\":[[0,0]]}"},
    {"ack", "{\"session\":" ID ",\"acts\":[[9,-1]]}"},
    {"ack", "{\"session\":" ID ",\"acts\":[[9,2147483648]]}"},
    {"ack", "{\"session\":" ID ",\"acts\":[[9007199254740992,0]]}"},
};

enum {
    TAKEN = sizeof taken / sizeof *taken,
    REFUSED = sizeof refused / sizeof *refused
};

Test(control_strict, texts_within_the_bounds_are_taken)
{
    for (size_t i = 0; i < TAKEN; i++) {
        struct control_read r = control_read(taken[i].word, taken[i].data);

        cr_expect(zero(int, r.drop), "%s %s", taken[i].word, taken[i].data);
        cr_expect(control_valid(&r.control), "%s", taken[i].data);
        cr_expect(control_comes_back(&r.control), "%s", taken[i].data);
        free(r.bytes);
    }
}

Test(control_strict, texts_beyond_the_bounds_are_refused)
{
    for (size_t i = 0; i < REFUSED; i++) {
        cr_expect(eq(int, control_drop(refused[i].word, refused[i].data),
                     MSOCK_DROP_CONTROL),
                  "%s %s", refused[i].word, refused[i].data);
    }
}

Test(control_strict, nothing_is_written_out_of_a_refused_text)
{
    struct control_read r = control_read("sync", "{\"rel\":[1,2]}");
    struct msock__envelope e = r.envelope;
    struct msock__control control = {.kind = MSOCK__CONTROL_UNKNOWN};

    e.topic = "$ms/bye";
    e.topic_size = strlen(e.topic);
    int drop = msock__control_decode(&e, &control);

    cr_expect(eq(int, drop, MSOCK_DROP_CONTROL));
    cr_expect(eq(int, control.kind, MSOCK__CONTROL_UNKNOWN));
    cr_expect(zero(u64, control.held.last));
    free(r.bytes);
}

Test(control_strict, short_and_full_hellos_are_told_apart)
{
    struct control_read shorter = control_read("hello", SAYS(HELLO));
    struct control_read full = control_read("hello", SAYS(FULL));

    cr_expect(not(shorter.control.full));
    cr_expect(full.control.full);
    free(shorter.bytes);
    free(full.bytes);
}

Test(control_strict, raw_and_missing_data_are_refused)
{
    static const char raw[] =
        "{\"topic\":\"$ms/sync\",\"sender\":\"hub\",\"len\":13}\n"
        "{\"rel\":[1,0]}";
    static const char none[] = "{\"topic\":\"$ms/sync\",\"sender\":\"hub\"}\n";

    struct control_read a = control_read_line(raw, sizeof raw - 1);
    struct control_read b = control_read_line(none, sizeof none - 1);

    cr_expect(eq(int, a.drop, MSOCK_DROP_CONTROL));
    cr_expect(eq(int, b.drop, MSOCK_DROP_CONTROL));
    free(a.bytes);
    free(b.bytes);
}

/* -- Lists at their bounds -- */

/* Decodes a list of `count` times `item`, the first without its comma. */
static int drop_of_list(const char *word, const char *before, const char *item,
                        size_t count, const char *behind)
{
    size_t size = strlen(before) + count * strlen(item) + strlen(behind);
    char *data = malloc(size + 1);

    strcpy(data, before);
    for (size_t i = 0; i < count; i++) {
        strcat(data, i == 0 ? item + 1 : item);
    }
    strcat(data, behind);
    int drop = control_drop(word, data);
    free(data);
    return drop;
}

static const struct {
    const char *word;
    const char *before;
    const char *item;
    const char *behind;
    size_t most;
} lists[] = {
    {"challenge", "{\"nonce\":" ID ",\"up\":0,\"sessions\":[", "," ID, "]}",
     64},
    {"hello", "{" FULL ",\"filters\":[", ",\"#\"", "]}", 32},
    {"hello", "{" FULL ",\"keys\":[", ",\"0123abcd\"", "]}", 8},
    {"sync", "{\"rel\":[1,9],\"ack\":[", ",1", "]}", 16},
    {"sync", "{\"rel\":[1,9],\"ack\":[1],\"of\":[", "," ID, "]}", 16},
    {"ack", "{\"session\":" ID ",\"acts\":[", ",[1,0]", "]}", 64},
    {"query", "{" ASKS ",\"done\":[", "," ID, "]}", 16},
    {"query", "{" ASKS ",\"of\":[", "," ID, "]}", 16},
    {"query", "{\"query\":" ID ",\"filters\":[", ",\"#\"", "]}", 16},
    /* a will of 512 bytes */
    {"hello", "{" FULL ",\"will\":[\"a\",\"", " ", " \"]}", 504},
};

Test(control_strict, lists_end_at_their_bounds)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        int most = drop_of_list(lists[i].word, lists[i].before, lists[i].item,
                                lists[i].most, lists[i].behind);
        int more = drop_of_list(lists[i].word, lists[i].before, lists[i].item,
                                lists[i].most + 1, lists[i].behind);

        cr_expect(zero(int, most), "%s", lists[i].before);
        cr_expect(eq(int, more, MSOCK_DROP_CONTROL), "%s", lists[i].before);
    }
}

static int drop_of_ranges(int count)
{
    char data[2048];
    int size = sprintf(data, "{\"session\":" ID ",\"ranges\":[");

    for (int i = 0; i < count; i++) {
        size += sprintf(data + size, "%s[%d,%d]", i > 0 ? "," : "", 2 * i + 1,
                        2 * i + 1);
    }
    sprintf(data + size, "]}");
    return control_drop("nack", data);
}

Test(control_strict, nack_has_at_most_96_ranges)
{
    cr_expect(zero(int, drop_of_ranges(96)));
    cr_expect(eq(int, drop_of_ranges(97), MSOCK_DROP_CONTROL));
}

Test(control_strict, answer_has_any_number_of_nonces)
{
    cr_expect(zero(int, drop_of_list("answer", "{" ANSWER ",\"floors\":[[1,1,",
                                     "," ID, 2000, "]]}")));
}

/* -- Damage -- */

Test(control_strict, every_truncation_is_refused)
{
    for (size_t i = 0; i < TAKEN; i++) {
        struct control_read r = control_read(taken[i].word, taken[i].data);
        const struct msock__envelope whole = r.envelope;
        for (size_t size = 0; size < whole.data_size; size++) {
            struct msock__envelope e = whole;
            struct msock__control control;
            char *data = exact_copy(whole.data, size, 0);
            e.data = data;
            e.data_size = size;
            cr_expect(eq(int, msock__control_decode(&e, &control),
                         MSOCK_DROP_CONTROL),
                      "%s at %zu", taken[i].data, size);
            free(data);
        }
        free(r.bytes);
    }
}

/* Counts what is taken of a text whose byte at `at` is any other. */
static int damage(const struct text *text, size_t at)
{
    char *data = exact_copy(text->data, strlen(text->data), 1);
    int count = 0;

    for (int byte = 1; byte < 256; byte++) {
        data[at] = (char)byte;
        struct control_read r = control_read(text->word, data);
        if (r.drop == 0) {
            count++;
            cr_assert(control_valid(&r.control), "%s", data);
            cr_assert(control_comes_back(&r.control), "%s", data);
        }
        free(r.bytes);
    }
    free(data);
    return count;
}

Test(control_strict, any_byte_changed_is_refused_or_still_within_the_bounds)
{
    int count = 0;

    for (size_t i = 0; i < TAKEN; i++) {
        size_t size = strlen(taken[i].data);
        for (size_t at = 0; at < size; at++) {
            count += damage(&taken[i], at);
        }
    }

    cr_expect(gt(int, count, 1000));
}
