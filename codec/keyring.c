/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in guarded memory, and what is derived from them. */
#include "codec/keyring.h"

#include "codec/bytes.h"
#include "codec/error.h"
#include "codec/hash.h"

#include <sodium.h>

struct msock__keyring {
    size_t count;
    uint32_t ids[MSOCK__KEYS_MAX];
    uint8_t masters[MSOCK__KEYS_MAX][MSOCK__KEY_SIZE];
};

static_assert(MSOCK__KEY_SIZE == crypto_generichash_KEYBYTES,
              "a master key is a BLAKE2b key");

/* BLAKE2b-256 of a label, under the master key. */
static void derive(const uint8_t master[static MSOCK__KEY_SIZE],
                   const uint8_t *label, size_t size,
                   uint8_t out[static MSOCK__KEY_SIZE])
{
    crypto_generichash(out, MSOCK__KEY_SIZE, label, size, master,
                       MSOCK__KEY_SIZE);
}

uint32_t msock__key_id(const uint8_t master[static MSOCK__KEY_SIZE])
{
    static const char label[] = "multisock 1 id";
    uint8_t digest[MSOCK__KEY_SIZE];
    struct msock__reader reader = {.at = digest, .left = sizeof digest};

    derive(master, (const uint8_t *)label, sizeof label - 1, digest);
    return (uint32_t)msock__read_uint(&reader, 4);
}

int msock__keyring_new(struct msock__keyring **ring)
{
    int error = msock__crypto_init();

    if (error < 0) {
        return error;
    }
    struct msock__keyring *new = sodium_malloc(sizeof *new);
    if (new == NULL) {
        return msock__fail(MSOCK_ENOMEM, "no memory for keys");
    }
    new->count = 0;
    *ring = new;
    return 0;
}

void msock__keyring_free(struct msock__keyring *ring)
{
    sodium_free(ring); /* wipes; NULL is fine */
}

int msock__keyring_add(struct msock__keyring *ring,
                       const uint8_t master[static MSOCK__KEY_SIZE])
{
    uint32_t id = msock__key_id(master);

    if (ring->count == MSOCK__KEYS_MAX) {
        return msock__fail(MSOCK_ELIMIT,
                           "more than %d keys: remove those that are "
                           "needed no more (msock key retire)",
                           MSOCK__KEYS_MAX);
    }
    if (id == 0) {
        return msock__fail(MSOCK_EKEY, "the key's id is zero, which open "
                                       "frames use: make another key");
    }
    for (size_t i = 0; i < ring->count; i++) {
        if (ring->ids[i] == id) {
            return msock__fail(MSOCK_EKEY,
                               "two keys have the id %08lx: remove one of them",
                               (unsigned long)id);
        }
    }
    memcpy(ring->masters[ring->count], master, MSOCK__KEY_SIZE);
    ring->ids[ring->count] = id;
    ring->count++;
    return 0;
}

size_t msock__keyring_count(const struct msock__keyring *ring)
{
    return ring->count;
}

uint32_t msock__keyring_id(const struct msock__keyring *ring, size_t index)
{
    assert(index < ring->count);
    return ring->ids[index];
}

const uint8_t *msock__keyring_master(const struct msock__keyring *ring,
                                     size_t index)
{
    assert(index < ring->count);
    return ring->masters[index];
}

void msock__keyring_promote(struct msock__keyring *ring, size_t index)
{
    uint8_t master[MSOCK__KEY_SIZE];
    uint32_t id;

    assert(index < ring->count);
    memcpy(master, ring->masters[index], sizeof master);
    id = ring->ids[index];
    memmove(ring->masters[1], ring->masters[0], index * sizeof master);
    memmove(&ring->ids[1], &ring->ids[0], index * sizeof id);
    memcpy(ring->masters[0], master, sizeof master);
    ring->ids[0] = id;
    sodium_memzero(master, sizeof master);
}

void msock__keyring_remove(struct msock__keyring *ring, size_t index)
{
    size_t behind;

    assert(index < ring->count);
    behind = --ring->count - index;
    memmove(ring->masters[index], ring->masters[index + 1],
            behind * sizeof ring->masters[0]);
    memmove(&ring->ids[index], &ring->ids[index + 1],
            behind * sizeof ring->ids[0]);
    sodium_memzero(ring->masters[ring->count], sizeof ring->masters[0]);
}

void msock__keyring_derive(const struct msock__keyring *ring, size_t index,
                           const uint8_t group[static MSOCK__GROUP_SIZE],
                           uint16_t port, uint8_t key[static MSOCK__KEY_SIZE])
{
    static const char purpose[] = "multisock 1 seal";
    uint8_t label[sizeof purpose - 1 + MSOCK__GROUP_SIZE + 2];
    struct msock__writer writer = {.at = label, .left = sizeof label};

    assert(index < ring->count);
    msock__write_bytes(&writer, purpose, sizeof purpose - 1);
    msock__write_bytes(&writer, group, MSOCK__GROUP_SIZE);
    msock__write_uint(&writer, port, 2);
    derive(ring->masters[index], label, sizeof label, key);
}
