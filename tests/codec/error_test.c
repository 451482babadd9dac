/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes, their texts, and the detail of a thread; the version. */
#include "codec/error.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <multisock/version.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

Test(error, codes_have_the_numbers_of_the_table)
{
    cr_assert(eq(int, MSOCK_OK, 0));
    cr_assert(eq(int, MSOCK_EINVAL, -1));
    cr_assert(eq(int, MSOCK_EKEY, -10));
    cr_assert(eq(int, MSOCK_EBUSY, -21));
}

Test(error, names_and_texts_come_from_the_table)
{
    cr_assert(eq(str, (char *)msock_error_name(MSOCK_EURL), "MSOCK_EURL"));
    cr_assert(eq(str, (char *)msock_error_text(MSOCK_EURL),
                 "not a valid channel address"));
    cr_assert(eq(str, (char *)msock_error_name(0), "MSOCK_OK"));
}

Test(error, every_code_of_the_table_is_known)
{
#define MSOCK__XX(name, number, text)                                          \
    cr_assert(eq(str, (char *)msock_error_name(-(number)), "MSOCK_" #name));   \
    cr_assert(eq(str, (char *)msock_error_text(-(number)), text));
    MSOCK_ERROR_MAP(MSOCK__XX)
#undef MSOCK__XX
}

Test(error, unknown_codes_have_a_text_too)
{
    static const int codes[] = {1, 21, -25, -1000, INT_MIN, INT_MAX};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        cr_expect(eq(str, (char *)msock_error_name(codes[i]), "MSOCK_UNKNOWN"));
        cr_expect(eq(str, (char *)msock_error_text(codes[i]), "unknown error"));
    }
}

Test(error, no_failure_no_detail)
{
    cr_assert(eq(str, (char *)msock_error_detail(), ""));
}

Test(error, fail_returns_the_code_and_keeps_the_sentence)
{
    int code = msock__fail(MSOCK_EKEY, "%s:%d: empty", "home.key", 3);

    cr_assert(eq(int, code, MSOCK_EKEY));
    cr_assert(eq(str, (char *)msock_error_detail(), "home.key:3: empty"));
}

Test(error, an_empty_sentence_takes_the_codes_own)
{
    msock__fail(MSOCK_ENOMEM, "%s", "");

    cr_assert(eq(str, (char *)msock_error_detail(), "out of memory"));
}

Test(error, a_detail_may_be_wrapped_into_the_next)
{
    msock__fail(MSOCK_EKEY, "not base64");
    msock__fail(MSOCK_EKEY, "home.key: %s", msock_error_detail());

    cr_assert(eq(str, (char *)msock_error_detail(), "home.key: not base64"));
}

Test(error, a_long_detail_is_cut_at_511_bytes)
{
    char text[1000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    msock__fail(MSOCK_EURL, "%s", text);

    cr_assert(eq(sz, strlen(msock_error_detail()), 511));
}

static void *fail_elsewhere(void *unused)
{
    msock__fail(MSOCK_EURL, "elsewhere");
    return unused;
}

Test(error, details_of_threads_are_apart)
{
    pthread_t thread;

    msock__fail(MSOCK_EURL, "here");
    cr_assert(zero(int, pthread_create(&thread, NULL, fail_elsewhere, NULL)));
    pthread_join(thread, NULL);

    cr_assert(eq(str, (char *)msock_error_detail(), "here"));
}

Test(version, is_the_headers)
{
    char expected[32];

    snprintf(expected, sizeof expected, "%d.%d.%d", MSOCK_VERSION_MAJOR,
             MSOCK_VERSION_MINOR, MSOCK_VERSION_PATCH);

    cr_assert(eq(str, (char *)msock_version(), expected));
}
