/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of keys, the text of key files, and what is derived. */
#include "codec/keyring.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <multisock/multisock.h>
#include <stdio.h>
#include <string.h>

/* A ring of `count` different keys. */
static struct msock__keyring *ring_of(int count)
{
    struct msock__keyring *ring = NULL;

    cr_assert(zero(int, msock__keyring_new(&ring)));
    for (int i = 0; i < count; i++) {
        uint8_t master[MSOCK__KEY_SIZE] = {(uint8_t)(i + 1)};
        cr_assert(zero(int, msock__keyring_add(ring, master)));
    }
    return ring;
}

/* KiB that are locked into memory, as the system tells it. */
static long locked_kib(void)
{
    char line[128];
    long kib = -1;
    FILE *file = fopen("/proc/self/status", "re");

    cr_assert(ne(ptr, file, NULL));
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "VmLck: %ld kB", &kib);
    }
    fclose(file);
    return kib;
}

static int parse(const char *text)
{
    struct msock__keyring *ring = ring_of(0);
    int result = msock__keyring_parse(ring, text, strlen(text), "home.key");

    msock__keyring_free(ring);
    return result;
}

#define KEY "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
/* 32 bytes of 7; its id as Python's hashlib has it. */
#define SECOND "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
enum { SECOND_ID = 0x17545fd4 };

/* A comment is kept as a text: a NUL would take its newline away, and put the
 * key behind it into the comment when the file is written again. */
Test(keyring, a_nul_makes_a_file_unusable)
{
    static const char text[] = "# the\0house\n" KEY "\n";
    struct msock__keyring *ring = ring_of(0);

    int result = msock__keyring_parse(ring, text, sizeof text - 1, "home.key");

    cr_expect(eq(int, result, MSOCK_EKEY));
    cr_expect(
        ne(ptr, strstr(msock_error_detail(), "home.key: holds a NUL"), NULL));
    msock__keyring_free(ring);
}

Test(keyring, keys_are_in_memory_that_is_not_swapped)
{
    long before = locked_kib();
    struct msock__keyring *ring = ring_of(1);

    long with = locked_kib();
    msock__keyring_free(ring);

    cr_expect(ge(long, before, 0));
    cr_expect(gt(long, with, before));
    cr_expect(eq(long, locked_kib(), before));
}

Test(keyring, a_new_ring_is_empty)
{
    struct msock__keyring *ring = ring_of(0);

    cr_assert(zero(sz, msock__keyring_count(ring)));
    msock__keyring_free(ring);
    msock__keyring_free(NULL);
}

/* Computed with Python: hashlib.blake2b(label, digest_size=32, key=master) for
 * the master 01 02 .. 20 on the channel 239.255.77.83:7783. */
Test(keyring, derives_what_the_protocol_says)
{
    static const uint8_t group[MSOCK__GROUP_SIZE] = {[10] = 0xFF, 0xFF, 239,
                                                     255,         77,   83};
    static const uint8_t expected[MSOCK__KEY_SIZE] = {
        0x43, 0x17, 0xc0, 0xc4, 0xe4, 0x1d, 0xe5, 0x62, 0x60, 0x95, 0x67,
        0xf2, 0x34, 0x2d, 0x42, 0x2f, 0x5a, 0x45, 0x4b, 0x6d, 0x13, 0x80,
        0x64, 0x73, 0xa7, 0x1e, 0x4b, 0x9c, 0x33, 0xaf, 0x92, 0x25};
    struct msock__keyring *ring = ring_of(0);
    uint8_t key[MSOCK__KEY_SIZE];

    cr_assert(
        zero(int, msock__keyring_parse(ring, KEY, strlen(KEY), "home.key")));
    msock__keyring_derive(ring, 0, group, 7783, key);

    cr_assert(eq(u32, msock__keyring_id(ring, 0), 0x66aa7275));
    cr_assert(zero(int, memcmp(key, expected, sizeof key)));
    msock__keyring_free(ring);
}

Test(keyring, keys_of_channels_differ)
{
    uint8_t group[MSOCK__GROUP_SIZE] = {1};
    uint8_t keys[3][MSOCK__KEY_SIZE];
    struct msock__keyring *ring = ring_of(1);

    msock__keyring_derive(ring, 0, group, 1, keys[0]);
    msock__keyring_derive(ring, 0, group, 256, keys[1]);
    group[15] = 1;
    msock__keyring_derive(ring, 0, group, 1, keys[2]);

    cr_assert(ne(int, memcmp(keys[0], keys[1], MSOCK__KEY_SIZE), 0));
    cr_assert(ne(int, memcmp(keys[0], keys[2], MSOCK__KEY_SIZE), 0));
    msock__keyring_free(ring);
}

Test(keyring, holds_eight_keys)
{
    struct msock__keyring *ring = ring_of(MSOCK__KEYS_MAX);
    uint8_t master[MSOCK__KEY_SIZE] = {0xFF};

    cr_assert(eq(int, msock__keyring_add(ring, master), MSOCK_ELIMIT));
    cr_assert(eq(sz, msock__keyring_count(ring), MSOCK__KEYS_MAX));
    msock__keyring_free(ring);
}

Test(keyring, refuses_an_id_twice)
{
    struct msock__keyring *ring = ring_of(1);
    uint8_t same[MSOCK__KEY_SIZE] = {1};

    cr_assert(eq(int, msock__keyring_add(ring, same), MSOCK_EKEY));
    cr_assert(eq(sz, msock__keyring_count(ring), 1));
    cr_assert(ne(ptr, strstr(msock_error_detail(), "two keys"), NULL));
    msock__keyring_free(ring);
}

/* One key in four thousand million has the id zero, so a test makes one: the
 * linker sends the codec's BLAKE2b through here. */
static bool zero_digest;

int __real_crypto_generichash(unsigned char *out, size_t out_size,
                              const unsigned char *in,
                              unsigned long long in_size,
                              const unsigned char *key, size_t key_size);
int __wrap_crypto_generichash(unsigned char *out, size_t out_size,
                              const unsigned char *in,
                              unsigned long long in_size,
                              const unsigned char *key, size_t key_size);

int __wrap_crypto_generichash(unsigned char *out, size_t out_size,
                              const unsigned char *in,
                              unsigned long long in_size,
                              const unsigned char *key, size_t key_size)
{
    int result =
        __real_crypto_generichash(out, out_size, in, in_size, key, key_size);

    memset(out, 0, zero_digest ? 4 : 0);
    return result;
}

Test(keyring, refuses_the_id_zero)
{
    static const uint8_t master[MSOCK__KEY_SIZE] = {1};
    struct msock__keyring *ring = ring_of(0);

    zero_digest = true;

    cr_assert(zero(u32, msock__key_id(master)));
    cr_assert(eq(int, msock__keyring_add(ring, master), MSOCK_EKEY));
    cr_assert(zero(sz, msock__keyring_count(ring)));
    msock__keyring_free(ring);
}

Test(keyring, no_memory_is_reported)
{
    struct msock__keyring *ring = NULL;

    test_alloc_fail_at(1);
    int result = msock__keyring_new(&ring);

    cr_assert(test_alloc_failed());
    cr_assert(eq(int, result, MSOCK_ENOMEM));
    cr_assert(zero(ptr, ring));
}

/* -- Text -- */

Test(key_text, one_line_with_comments_and_blanks_is_taken)
{
    static const char *const texts[] = {
        KEY,
        KEY "\n",
        KEY "\r\n",
        "# the house\n\n  \t" KEY " # made in 2026\n\n#end",
        "\n\n\n" KEY "#",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(zero(int, parse(texts[i])), "%s", texts[i]);
    }
}

Test(key_text, anything_else_is_refused_with_its_line)
{
    static const struct {
        const char *text;
        const char *place;
    } cases[] = {
        {"", "home.key: holds no key"},
        {"\n# nothing\n", "home.key: holds no key"},
        {"hello", "home.key:1: not 32 bytes"},
        {"\nAQIDBA==", "home.key:2: not 32 bytes"},
        {KEY "A", "home.key:1: not 32 bytes"},
        {KEY "\n\n" KEY, "home.key:3: two keys have the id"},
        {KEY "\nhello", "home.key:2: not 32 bytes"},
        {KEY " " KEY, "home.key:1: not 32 bytes"},
        {"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA", "home.key:1: not"},
        {"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB=", "home.key:1: not"},
        {"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAA", "home.key:1: not"},
        {"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e-yA=", "home.key:1: not"},
        {"AQIDBAUGBwgJCgsM DQ4PEBESExQVFhcYGRobHB0eHyA=", "home.key:1: not"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect(eq(int, parse(cases[i].text), MSOCK_EKEY));
        cr_expect(zero(int, strncmp(msock_error_detail(), cases[i].place,
                                    strlen(cases[i].place))),
                  "%s", msock_error_detail());
    }
}

Test(key_text, the_first_key_seals_and_all_are_there)
{
    struct msock__keyring *ring = ring_of(0);
    static const char text[] = SECOND "\n# the older\n" KEY "\n";

    int result = msock__keyring_parse(ring, text, strlen(text), "home.key");

    cr_assert(zero(int, result));
    cr_assert(eq(sz, msock__keyring_count(ring), 2));
    cr_expect(eq(u32, msock__keyring_id(ring, 0), SECOND_ID));
    msock__keyring_free(ring);
}

Test(key_text, a_ninth_key_is_too_many)
{
    struct msock__keyring *ring = ring_of(MSOCK__KEYS_MAX);

    int result = msock__keyring_parse(ring, KEY, strlen(KEY), "home.key");

    cr_assert(eq(int, result, MSOCK_ELIMIT));
    cr_assert(zero(int, strncmp(msock_error_detail(),
                                "home.key:1: more than 8 keys", 28)));
    msock__keyring_free(ring);
}

Test(key_text, an_error_never_shows_the_text)
{
    parse("c2VjcmV0IHNlY3JldA==");

    cr_assert(zero(ptr, strstr(msock_error_detail(), "c2Vj")));
}

Test(key_text, a_key_of_the_ring_is_refused_with_its_file)
{
    struct msock__keyring *ring = ring_of(0);

    msock__keyring_parse(ring, KEY, strlen(KEY), "one.key");
    int result = msock__keyring_parse(ring, KEY, strlen(KEY), "two.key");

    cr_assert(eq(int, result, MSOCK_EKEY));
    cr_assert(
        zero(int, strncmp(msock_error_detail(), "two.key:1: two keys", 19)));
    msock__keyring_free(ring);
}

Test(key_text, no_flipped_byte_reads_outside)
{
    for (size_t i = 0; i < strlen(KEY); i++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[] = KEY;
            text[i] = (char)byte;
            struct msock__keyring *ring = ring_of(0);
            int result =
                msock__keyring_parse(ring, text, sizeof text - 1, "home.key");
            cr_assert(le(int, result, 0));
            cr_assert(eq(sz, msock__keyring_count(ring), result == 0));
            msock__keyring_free(ring);
        }
    }
}

Test(key_text, what_is_generated_can_be_loaded)
{
    char one[MSOCK_KEY_TEXT_SIZE];
    char two[MSOCK_KEY_TEXT_SIZE];

    cr_assert(zero(int, msock_key_generate(one)));
    cr_assert(zero(int, msock_key_generate(two)));

    cr_assert(eq(sz, strlen(one), MSOCK_KEY_TEXT_SIZE - 1));
    cr_assert(ne(str, one, two));
    cr_assert(zero(int, parse(one)));
}
