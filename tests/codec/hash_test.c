/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed hashes against published vectors, and randomness. */
#include "codec/hash.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

Test(hash, init_may_be_called_again)
{
    cr_assert(zero(int, msock__crypto_init()));
    cr_assert(zero(int, msock__crypto_init()));
}

/* SipHash-2-4 of the empty text under 00 01 .. 0f, from its authors' vectors:
 * 31 0e 0e dd 47 db 6f 72. */
Test(hash, is_siphash_2_4)
{
    uint8_t key[MSOCK__HASH_KEY_SIZE];

    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
    }

    cr_assert(eq(u64, msock__hash(key, "", 0), UINT64_C(0x310e0edd47db6f72)));
}

Test(hash, depends_on_key_and_text)
{
    uint8_t one[MSOCK__HASH_KEY_SIZE] = {1};
    uint8_t two[MSOCK__HASH_KEY_SIZE] = {2};

    cr_assert(ne(u64, msock__hash(one, "a", 1), msock__hash(two, "a", 1)));
    cr_assert(ne(u64, msock__hash(one, "a", 1), msock__hash(one, "b", 1)));
    cr_assert(eq(u64, msock__hash(one, "a", 1), msock__hash(one, "a", 1)));
}

/* Computed with Python: hashlib.blake2b(b"lab", digest_size=16). */
Test(hash, name_is_blake2b_128)
{
    uint8_t group[16];
    static const uint8_t expected[16] = {0x71, 0x40, 0x70, 0x41, 0x58, 0x74,
                                         0xf5, 0xb0, 0xe1, 0xc7, 0x08, 0xa7,
                                         0x86, 0x80, 0x11, 0x2c};

    msock__hash_name("lab", group);

    cr_assert(zero(int, memcmp(group, expected, sizeof group)));
}

Test(hash, random_bytes_differ)
{
    uint8_t one[16] = {0};
    uint8_t two[16] = {0};

    cr_assert(zero(int, msock__crypto_init()));
    msock__random(one, sizeof one);
    msock__random(two, sizeof two);

    cr_assert(ne(int, memcmp(one, two, sizeof one), 0));
}
