/* SPDX-License-Identifier: Apache-2.0 */
/* Nonces that were used. */
#include "tests/sim/nonces.h"

#include "codec/frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NONCE_AT = 8, NONCE_SIZE = 24 };

void nonces_fini(struct nonces *nonces)
{
    free(nonces->slots);
    *nonces = (struct nonces){0};
}

/* As FNV-1a, by eight bytes, with a better end; nobody here chooses
 * collisions. */
static uint64_t hash(const uint8_t *bytes, size_t size)
{
    uint64_t value = UINT64_C(0xCBF29CE484222325) ^ size;
    for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t left = size - i;
        memcpy(&word, bytes + i, left < sizeof(word) ? left : sizeof(word));
        value = (value ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        value ^= value >> 29;
    }
    value ^= value >> 32;
    return value * UINT64_C(0x9E3779B97F4A7C15);
}

static struct nonce *find(const struct nonces *nonces, uint64_t key)
{
    size_t at = (size_t)(key >> 20) & (nonces->capacity - 1);
    while (nonces->slots[at].key != 0 && nonces->slots[at].key != key) {
        at = (at + 1) & (nonces->capacity - 1);
    }
    return &nonces->slots[at];
}

static void grow(struct nonces *nonces)
{
    struct nonces grown = {.count = nonces->count};
    grown.capacity = nonces->capacity == 0 ? 1024 : 2 * nonces->capacity;
    grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
    assert(grown.slots != NULL);
    for (size_t i = 0; i < nonces->capacity; i++) {
        if (nonces->slots[i].key != 0) {
            *find(&grown, nonces->slots[i].key) = nonces->slots[i];
        }
    }
    free(nonces->slots);
    *nonces = grown;
}

bool nonces_note(struct nonces *nonces, unsigned as, const uint8_t *bytes,
                 size_t size)
{
    if (size < MSOCK__HEADER_SIZE) {
        return true;
    }
    if (2 * (nonces->count + 1) > nonces->capacity) {
        grow(nonces);
    }
    uint64_t key = hash(bytes + NONCE_AT, NONCE_SIZE);
    key = (key + as * UINT64_C(0xD1B54A32D192ED03)) | 1;
    uint64_t content = hash(bytes, size);
    struct nonce *nonce = find(nonces, key);
    if (nonce->key == 0) {
        *nonce = (struct nonce){.key = key, .content = content};
        nonces->count++;
    }
    return nonce->content == content;
}
