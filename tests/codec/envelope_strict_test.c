/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoder refuses, and under which counter. */
#include "codec/envelope.h"

#include "tests/codec/decoded.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <stdio.h>

/* -- What is malformed -- */

Test(envelope_strict, what_is_not_strict_json_is_dropped)
{
    static const char *const texts[] = {
        "",
        "\n",
        " \n",
        "\r\n",
        "x\n",
        "{\n",
        "{}",
        "{" NAMES "}",
        "{" NAMES "}x\n",
        "{" NAMES "}{}\n",
        "{" NAMES ",}\n",
        "{" NAMES ",\"data\":}\n",
        "{" NAMES ",\"data\":[1\n,2]}\n",
        "{" NAMES ",\n\"data\":1}\n",
        "{" NAMES ",\"data\":\"a\nb\"}\n",
        "\xEF\xBB\xBF" MESSAGE(""),
        MESSAGE(",\"data\":01"),
        MESSAGE(",\"data\":1e999"),
        MESSAGE(",\"data\":"
                "11111111111111111111111111111111111111111111111111111111111111"
                "111"),
        MESSAGE(",\"data\":\"\\u0000\""),
        MESSAGE(",\"x\":\"\\u0000\""),
        MESSAGE(",\"\\u0000\":1"),
        MESSAGE(",\"data\":\"\\ud800\""),
        MESSAGE(",\"data\":\"\\udc00\""),
        MESSAGE(",\"data\":\"\xFF\""),
        MESSAGE(",\"data\":\"\xED\xA0\x80\""),
        MESSAGE(",\"data\":\"\xC0\x80\""),
        MESSAGE(",\"\xFF\":1"),
        "{\"topic\":\"\\u0000\",\"sender\":\"hub\"}\n",
        "[" NAMES "]\n",
        "[1,]\n",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(eq(int, drop_of(texts[i]), MSOCK_DROP_JSON), "%s", texts[i]);
    }
}

Test(envelope_strict, json_that_is_no_object_is_no_envelope)
{
    static const char *const texts[] = {"1\n", "[]\n", "null\n", "\"x\"\n",
                                        " [{}] \n"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(eq(int, drop_of(texts[i]), MSOCK_DROP_ENVELOPE), "%s",
                  texts[i]);
    }
}

Test(envelope_strict, keys_of_wrong_type_number_or_company_are_dropped)
{
    static const char *const texts[] = {
        "{}\n",
        "{\"topic\":\"t\"}\n",
        "{\"sender\":\"s\"}\n",
        "{\"Topic\":\"t\",\"sender\":\"s\"}\n",
        "{\"topic\":1,\"sender\":\"s\"}\n",
        "{\"topic\":null,\"sender\":\"s\"}\n",
        "{\"topic\":\"t\",\"sender\":[\"s\"]}\n",
        "{\"topic\":\"t\",\"sender\":{}}\n",
        MESSAGE(",\"topic\":\"a/b\""),
        MESSAGE(",\"t\\u006fpic\":\"a/b\""),
        MESSAGE(",\"sender\":\"x\""),
        MESSAGE(",\"data\":1,\"data\":1"),
        MESSAGE(",\"data\":1,\"d\\u0061ta\":1"),
        MESSAGE(",\"len\":0,\"\\u006c\\u0065\\u006e\":0"),
        MESSAGE(",\"id\":7"),
        MESSAGE(",\"id\":null"),
        MESSAGE(",\"reply_to\":1"),
        MESSAGE(",\"expires\":\"5\""),
        MESSAGE(",\"after\":true"),
        MESSAGE(",\"state\":[]"),
        MESSAGE(",\"len\":\"0\""),
        MESSAGE(",\"len\":0,\"type\":7"),
        MESSAGE(",\"data\":1,\"len\":0"),
        MESSAGE(",\"type\":\"text/plain\""),
        MESSAGE(",\"type\":\"text/plain\",\"data\":1"),
        MESSAGE(",\"state\":1,\"origin\":\"x\""),
        MESSAGE(",\"state\":1,\"origin\":{}"),
        MESSAGE(",\"origin\":[]"),
        MESSAGE(",\"after\":60001"),
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(eq(int, drop_of(texts[i]), MSOCK_DROP_ENVELOPE), "%s",
                  texts[i]);
    }
}

Test(envelope_strict, protocol_integers_have_one_form)
{
    static const char *const keys[] = {"expires", "after", "state", "len"};
    static const char *const numbers[] = {"1.0",
                                          "1e3",
                                          "-0",
                                          "-1",
                                          "0.0",
                                          "9007199254740992",
                                          "10000000000000000",
                                          "1E0"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        for (size_t j = 0; j < sizeof numbers / sizeof numbers[0]; j++) {
            char text[128];
            snprintf(text, sizeof text, "{%s,\"%s\":%s}\n", NAMES, keys[i],
                     numbers[j]);
            cr_expect(eq(int, drop_of(text), MSOCK_DROP_ENVELOPE), "%s", text);
        }
    }
}

Test(envelope_strict, numbers_are_bounded)
{
    cr_expect(zero(int, drop_of(MESSAGE(",\"expires\":9007199254740991"))));
    cr_expect(eq(int, drop_of(MESSAGE(",\"expires\":9007199254740992")),
                 MSOCK_DROP_ENVELOPE));
    cr_expect(zero(int, drop_of(MESSAGE(",\"after\":60000"))));
    cr_expect(
        eq(int, drop_of(MESSAGE(",\"after\":60001")), MSOCK_DROP_ENVELOPE));
}

Test(envelope_strict, depth_is_at_most_32_with_the_envelope)
{
    char text[256];
    char open[40] = {0};
    char close[40] = {0};

    memset(open, '[', 31);
    memset(close, ']', 31);
    snprintf(text, sizeof text, "{%s,\"data\":%s%s}\n", NAMES, open, close);
    cr_expect(zero(int, drop_of(text)));

    snprintf(text, sizeof text, "{%s,\"data\":[%s%s]}\n", NAMES, open, close);
    cr_expect(eq(int, drop_of(text), MSOCK_DROP_JSON));

    snprintf(text, sizeof text, "{%s,\"unknown\":[%s%s]}\n", NAMES, open,
             close);
    cr_expect(eq(int, drop_of(text), MSOCK_DROP_JSON));
}

/* Decodes a message whose `key` is a string of `size` letters. */
static int drop_of_length(const char *format, int size)
{
    char text[600];
    char letters[300] = {0};

    memset(letters, 'x', (size_t)size);
    snprintf(text, sizeof text, format, letters);
    return drop_of(text);
}

Test(envelope_strict, lengths_are_bounded)
{
    static const struct {
        const char *format;
        int most;
        int drop;
    } cases[] = {
        {"{\"topic\":\"%s\",\"sender\":\"s\"}\n", 255, MSOCK_DROP_TOPIC},
        {"{\"topic\":\"t\",\"sender\":\"%s\"}\n", 63, MSOCK_DROP_SENDER},
        {"{" NAMES ",\"id\":\"%s\"}\n", 64, MSOCK_DROP_ENVELOPE},
        {"{" NAMES ",\"len\":0,\"type\":\"%s\"}\n", 127, MSOCK_DROP_ENVELOPE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect(zero(int, drop_of_length(cases[i].format, cases[i].most)));
        cr_expect(eq(int, drop_of_length(cases[i].format, cases[i].most + 1),
                     cases[i].drop));
    }
    cr_expect(eq(int, drop_of_length(cases[0].format, 0), MSOCK_DROP_TOPIC));
    cr_expect(eq(int, drop_of_length(cases[1].format, 0), MSOCK_DROP_SENDER));
}

Test(envelope_strict, lengths_are_those_of_the_unescaped_bytes)
{
    char text[600] = "{\"topic\":\"t\",\"sender\":\"";

    for (int i = 0; i < 63; i++) {
        strcat(text, "\\u0078");
    }
    strcat(text, "\"}\n");

    cr_assert(zero(int, drop_of(text)));
}

Test(envelope_strict, names_are_checked_after_unescaping)
{
    cr_expect(eq(int, drop_of("{\"topic\":\"a\\u002b\",\"sender\":\"s\"}\n"),
                 MSOCK_DROP_TOPIC));
    cr_expect(eq(int, drop_of("{\"topic\":\"a\\n\",\"sender\":\"s\"}\n"),
                 MSOCK_DROP_TOPIC));
    cr_expect(eq(int, drop_of("{\"topic\":\"a\\u0085\",\"sender\":\"s\"}\n"),
                 MSOCK_DROP_TOPIC));
    cr_expect(eq(int, drop_of("{\"topic\":\"t\",\"sender\":\"\\u007f\"}\n"),
                 MSOCK_DROP_SENDER));
}

Test(envelope_strict, reply_to_names_this_session)
{
    static const char *const bad[] = {
        "",
        "$reply",
        "$reply/0123456789abcdef",
        "$reply/0123456789abcdef/",
        "$reply/0123456789abcdef/01",
        "$reply/0123456789abcdef/-0",
        "$reply/0123456789abcdef/1x",
        "$reply/0123456789abcdef/9007199254740992",
        "$reply/0123456789ABCDEF/1",
        "$reply/0123456789abcdee/1",
        "$reply/0123456789abcde/1",
        "$reply/0123456789abcdef0/1",
        "$Reply/0123456789abcdef/1",
        "x$reply/0123456789abcdef/1",
        "reply/0123456789abcdef/11",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "{%s,\"reply_to\":\"%s\"}\n", NAMES,
                 bad[i]);
        cr_expect(eq(int, drop_of(text), MSOCK_DROP_ENVELOPE), "%s", bad[i]);
    }
    cr_expect(zero(
        int, drop_of(MESSAGE(",\"reply_to\":\"$reply/0123456789abcdef/0\""))));
}

Test(envelope_strict, the_first_of_several_faults_counts)
{
    cr_expect(eq(int, drop_of("{\"topic\":1,\"data\":01}\n"), MSOCK_DROP_JSON));
    cr_expect(eq(int, drop_of("{\"topic\":\"#\",\"sender\":\"\",\"id\":1}\n"),
                 MSOCK_DROP_ENVELOPE));
    cr_expect(eq(int, drop_of("{\"topic\":\"#\",\"sender\":\"\",\"len\":9}\n"),
                 MSOCK_DROP_TOPIC));
    cr_expect(eq(int, drop_of("{\"topic\":\"t\",\"sender\":\"\",\"len\":9}\n"),
                 MSOCK_DROP_SENDER));
}

/* -- Head -- */

static int drop_with_head(const char *text, size_t head_max)
{
    size_t size = strlen(text);
    char *copy = exact_copy(text, size, 1);
    struct msock__envelope envelope;
    size_t used;
    int drop = msock__envelope_decode(copy, size, false, SESSION, head_max,
                                      &envelope, &used);

    free(copy);
    return drop;
}

Test(envelope_strict, the_head_is_all_but_the_value_of_data)
{
    static const char text[] = MESSAGE(",\"data\":\"a long text\"");
    size_t head = sizeof text - 1 - 13;

    cr_expect(zero(int, drop_with_head(text, head)));
    cr_expect(eq(int, drop_with_head(text, head - 1), MSOCK_DROP_TOO_BIG));
}

Test(envelope_strict, the_head_of_a_raw_message_is_its_line)
{
    size_t head = sizeof MESSAGE(",\"len\":3") - 1;

    cr_expect(zero(int, drop_with_head(MESSAGE(",\"len\":3") "abc", head)));
    cr_expect(eq(int, drop_with_head(MESSAGE(",\"len\":3") "abc", head - 1),
                 MSOCK_DROP_TOO_BIG));
}

/* -- Bare datagrams -- */

Test(envelope_strict, a_bare_message_needs_no_newline)
{
    cr_expect(zero(int, bare_drop_of(MESSAGE(",\"data\":1"))));
    cr_expect(zero(int, bare_drop_of("{" NAMES ",\"data\":1}")));
    cr_expect(zero(int, bare_drop_of("{" NAMES "} \r")));
}

Test(envelope_strict, nothing_follows_a_bare_message)
{
    cr_expect(eq(int, bare_drop_of(MESSAGE("") " "), MSOCK_DROP_JSON));
    cr_expect(eq(int, bare_drop_of(MESSAGE("") "\n"), MSOCK_DROP_JSON));
    cr_expect(eq(int, bare_drop_of(MESSAGE("") MESSAGE("")), MSOCK_DROP_JSON));
    cr_expect(eq(int, bare_drop_of("{" NAMES "}x"), MSOCK_DROP_JSON));
}

Test(envelope_strict, a_bare_message_has_no_business_with_time_state_or_control)
{
    static const char *const texts[] = {
        MESSAGE(",\"len\":0"),
        MESSAGE(",\"state\":1"),
        MESSAGE(",\"after\":1"),
        MESSAGE(",\"expires\":1"),
        "{\"topic\":\"$ms/hello\",\"sender\":\"s\"}",
        "{\"topic\":\"\\u0024ms/hello\",\"sender\":\"s\"}",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(eq(int, bare_drop_of(texts[i]), MSOCK_DROP_BARE), "%s",
                  texts[i]);
    }
    cr_expect(zero(int, bare_drop_of("{\"topic\":\"$msx\",\"sender\":\"s\"}")));
}

Test(envelope_strict, a_bare_reply_to_may_name_any_session)
{
    cr_expect(zero(int, bare_drop_of(MESSAGE(
                            ",\"reply_to\":\"$reply/ffffffffffffffff/1\""))));
    cr_expect(eq(int, bare_drop_of(MESSAGE(",\"reply_to\":\"$reply/x/1\"")),
                 MSOCK_DROP_ENVELOPE));
}
