/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: what is read, and that nothing else is. */
#include "codec/base64.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sodium.h>
#include <string.h>

static size_t decode(const char *text, uint8_t out[static 64])
{
    return msock__base64_decode(text, strlen(text), out, 64);
}

/* RFC 4648, section 10. */
Test(base64, decodes_the_examples_of_the_standard)
{
    static const struct {
        const char *text;
        const char *bytes;
    } cases[] = {{"Zg==", "f"},         {"Zm8=", "fo"},
                 {"Zm9v", "foo"},       {"Zm9vYg==", "foob"},
                 {"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[64] = {0};
        cr_expect(eq(sz, decode(cases[i].text, out), strlen(cases[i].bytes)));
        cr_expect(eq(str, (char *)out, (char *)cases[i].bytes));
    }
}

Test(base64, refuses_what_is_not_canonical)
{
    static const char *const cases[] = {"",
                                        "Z",
                                        "Zg",
                                        "Zg=",
                                        "Zg===",
                                        "Zh==",
                                        "Zm9=",
                                        "Zm9v=",
                                        "=",
                                        "====",
                                        "Zm 9v",
                                        "Zm9v ",
                                        " Zm9v",
                                        "Zm9\n",
                                        "Zm-_",
                                        "Z\xe7==",
                                        "Zm9v\n",
                                        "\xda"
                                        "m9v",
                                        "Zm9v\x80"};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[64];
        cr_expect(zero(sz, decode(cases[i], out)), "%zu: %s", i, cases[i]);
    }
}

Test(base64, writes_no_further_than_it_may)
{
    uint8_t out[4] = {[3] = 7};

    cr_expect(zero(sz, msock__base64_decode("Zm9vYg==", 8, out, 3)));
    cr_expect(eq(u8, out[3], 7));
    cr_expect(eq(sz, msock__base64_decode("Zm9v", 4, out, 3), 3));
}

/* Exactly one text stands for each byte: all others of its form are refused. */
Test(base64, each_byte_has_one_text)
{
    size_t taken = 0;

    for (int first = 1; first < 256; first++) {
        for (int second = 1; second < 256; second++) {
            const char text[] = {(char)first, (char)second, '=', '=', '\0'};
            uint8_t out[64];
            taken += decode(text, out);
        }
    }
    cr_expect(eq(sz, taken, 256));
}
