/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and randomness from libsodium. */
#include "codec/hash.h"

#include "codec/error.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(MSOCK__HASH_KEY_SIZE == crypto_shorthash_KEYBYTES,
              "SipHash takes a key of this size");

int msock__crypto_init(void)
{
    if (sodium_init() < 0) {
        return msock__fail(MSOCK_ESYSTEM,
                           "libsodium found no source of random numbers: is "
                           "/dev/urandom there?");
    }
    return 0;
}

void msock__random(void *bytes, size_t size)
{
    randombytes_buf(bytes, size);
}

uint64_t msock__hash(const uint8_t key[static MSOCK__HASH_KEY_SIZE],
                     const void *bytes, size_t size)
{
    uint8_t digest[crypto_shorthash_BYTES];
    uint64_t hash = 0;

    crypto_shorthash(digest, bytes, size, key);
    /* In one byte order, so that seeded runs are alike on every machine. */
    for (size_t i = 0; i < sizeof digest; i++) {
        hash = hash << 8 | digest[i];
    }
    return hash;
}

void msock__hash_name(const char *name, uint8_t group[static 16])
{
    crypto_generichash(group, 16, (const uint8_t *)name, strlen(name), NULL, 0);
}
