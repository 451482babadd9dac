/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes for the rest of the library, so that only codec/ knows libsodium. */
#ifndef MSOCK_CODEC_HASH_H
#define MSOCK_CODEC_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { MSOCK__HASH_KEY_SIZE = 16 };

/** Prepares the crypto library; idempotent, safe from any thread. Called by
 *  everything that needs it.  Returns 0, MSOCK_ESYSTEM. */
int msock__crypto_init(void);

/** Fills with unpredictable bytes. */
void msock__random(void *bytes, size_t size);

/** SipHash-2-4 under `key`: for hash tables that strangers fill. */
uint64_t msock__hash(const uint8_t key[static MSOCK__HASH_KEY_SIZE],
                     const void *bytes, size_t size);

/** BLAKE2b-128 of a text: the group bytes of `sim://NAME`. */
void msock__hash_name(const char *name, uint8_t group[static 16]);

#endif
