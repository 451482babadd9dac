/* SPDX-License-Identifier: Apache-2.0 */
/* Id files: what they may hold, and what becomes of it. */
#include "codec/identity.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/identity.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first pair of RFC 8032, 7.1: not of our making. */
#define SEED "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
#define PUBLIC "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define LINE "ed25519-secret " SEED

static int parse(const char *text, struct msock__identity **identity)
{
    return msock__identity_parse(identity, text, strlen(text), "my.id");
}

static void expect_public(const struct msock__identity *identity)
{
    uint8_t expected[MSOCK__PUBLIC_SIZE];
    uint8_t public[MSOCK__PUBLIC_SIZE];

    cr_assert(zero(int, msock__public_parse(PUBLIC, strlen(PUBLIC), expected)));
    msock__identity_public(identity, public);
    cr_expect(zero(int, memcmp(public, expected, sizeof public)));
}

Test(identity, a_line_is_a_key_pair)
{
    static const char *const texts[] = {LINE, LINE "\n",
                                        "  " LINE " # of the hub\r\n",
                                        "# hub\n\n" LINE "\n\n# until 2030"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct msock__identity *identity = NULL;
        cr_assert(zero(int, parse(texts[i], &identity)), "%s", texts[i]);
        expect_public(identity);
        msock__identity_free(identity);
    }
}

Test(identity, it_signs_as_rfc_8032_says)
{
    static const uint8_t expected[] = {0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60,
                                       0xac, 0x72, 0x90, 0x86, 0xe2, 0xcc};
    struct msock__identity *identity = NULL;
    uint8_t signature[MSOCK__SIGNATURE_SIZE];

    cr_assert(zero(int, parse(LINE, &identity)));
    msock__identity_sign(identity, (const uint8_t *)"", 0, signature);
    msock__identity_free(identity);

    cr_expect(zero(int, memcmp(signature, expected, sizeof expected)));
}

Test(identity, what_is_no_identity_is_refused_with_its_line)
{
    static const struct {
        const char *text;
        const char *begins;
    } cases[] = {
        {"", "my.id: holds no identity"},
        {"# nothing\n", "my.id: holds no identity"},
        {SEED, "my.id:1: not \"ed25519-secret \""},
        {"ed25519 " SEED, "my.id:1: not"},
        {"\n\nED25519-secret " SEED, "my.id:3: not"},
        {"ed25519-secret  " SEED, "my.id:1: not"},
        {"ed25519-secret\t" SEED, "my.id:1: not"},
        {LINE "=", "my.id:1: not"},
        {LINE " x", "my.id:1: not"},
        {LINE "\n" LINE "\n", "my.id:2: a second line"},
        {"\xef\xbb\xbf" LINE, "my.id:1: not"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct msock__identity *identity = NULL;
        int result = parse(cases[i].text, &identity);
        cr_expect(eq(int, result, MSOCK_EKEY), "%s", cases[i].text);
        cr_expect(eq(ptr, (void *)identity, NULL));
        cr_expect(zero(int, strncmp(msock_error_detail(), cases[i].begins,
                                    strlen(cases[i].begins))),
                  "%s", msock_error_detail());
        cr_expect(eq(ptr, strstr(msock_error_detail(), SEED), NULL));
    }
}

Test(identity, no_cut_line_is_one)
{
    for (size_t size = 0; size < strlen(LINE); size++) {
        struct msock__identity *identity = NULL;
        int result = msock__identity_parse(&identity, LINE, size, "my.id");
        cr_expect(eq(int, result, MSOCK_EKEY), "%zu", size);
    }
}

Test(identity, a_line_with_a_flipped_byte_is_no_line_or_another_key)
{
    for (size_t i = 0; i < strlen(LINE); i++) {
        char text[] = LINE;
        struct msock__identity *identity = NULL;
        text[i] = (char)(text[i] ^ 1);
        int result = parse(text, &identity);
        cr_expect(result == MSOCK_EKEY || i >= strlen("ed25519-secret "), "%zu",
                  i);
        msock__identity_free(identity);
    }
}

Test(identity, a_public_key_is_44_characters)
{
    uint8_t public[MSOCK__PUBLIC_SIZE];

    cr_expect(zero(int, msock__public_parse(PUBLIC, 44, public)));
    cr_expect(eq(int, msock__public_parse(PUBLIC, 43, public), MSOCK_EKEY));
    cr_expect(eq(int, msock__public_parse("", 0, public), MSOCK_EKEY));
    cr_expect(eq(int, msock__public_parse(PUBLIC "=", 45, public), MSOCK_EKEY));
}

Test(identity, a_session_is_of_the_key_it_was_made_of_alone)
{
    /* The second half is Python's hashlib.blake2b. */
    static const uint8_t expected[] = {
        1, 2, 3, 4, 5, 6, 7, 8, 0xe5, 0x2a, 0xd6, 0xcc, 0x93, 0x84, 0x9a, 0x72};
    uint8_t session[MSOCK__SESSION_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t public[MSOCK__PUBLIC_SIZE];

    cr_assert(zero(int, msock__public_parse(PUBLIC, 44, public)));
    cr_expect(not(msock__session_commits(public, session)));
    msock__session_commit(public, session);
    cr_expect(zero(int, memcmp(session, expected, sizeof session)));
    cr_expect(msock__session_commits(public, session));

    for (size_t i = 0; i < 8 * sizeof session; i++) {
        session[i / 8] ^= (uint8_t)(1 << i % 8);
        cr_expect(not(msock__session_commits(public, session)), "%zu", i);
        session[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    public[0] ^= 1;
    cr_expect(not(msock__session_commits(public, session)));
}

Test(identity, lack_of_memory_is_told)
{
    struct msock__identity *identity = NULL;

    test_alloc_fail_at(1);
    cr_expect(eq(int, parse(LINE, &identity), MSOCK_ENOMEM));
    cr_expect(test_alloc_failed());
    cr_expect(eq(ptr, (void *)identity, NULL));
}

Test(identity, what_is_generated_is_read_by_a_channel)
{
    char path[] = "/tmp/multisock-identity-XXXXXX";
    char text[MSOCK_ID_TEXT_SIZE];
    char other[MSOCK_ID_TEXT_SIZE];
    char public[MSOCK_ID_PUBLIC_SIZE] = "";
    int fd = mkstemp(path);

    cr_assert(zero(int, msock_id_generate(text)));
    cr_assert(zero(int, msock_id_generate(other)));
    cr_expect(ne(str, text, other));
    cr_expect(eq(sz, strlen(text), MSOCK_ID_TEXT_SIZE - 1));
    cr_assert(eq(sz, (size_t)write(fd, text, strlen(text)), strlen(text)));
    cr_expect(zero(int, msock_id_public(path, public)));
    cr_expect(eq(sz, strlen(public), MSOCK_ID_PUBLIC_SIZE - 1));
    fchmod(fd, 0640);
    cr_expect(eq(int, msock_id_public(path, public), MSOCK_EACCESS));
    close(fd);
    unlink(path);

    cr_expect(eq(int, msock_id_public(path, public), MSOCK_EKEY));
    cr_expect(ne(ptr, strstr(msock_error_detail(), "msock id gen"), NULL));
}
