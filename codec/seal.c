/* SPDX-License-Identifier: Apache-2.0 */
/* The AEAD stage, its cache of subkeys, and its change of keys. Everything that
 * holds a key lies in one guarded block, which is wiped when freed; what passes
 * over the stack is wiped there. */
#include "codec/seal.h"

#include "codec/error.h"
#include "codec/hash.h"

#include <assert.h>
#include <multisock/counter.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

enum {
    SUBKEY_SIZE = 32,
    NONCE_AT = 24, /* the sequence in the header: the nonce's last 8 bytes */
    SET_COUNT = 64,
    WAY_COUNT = 4
};

static_assert(SUBKEY_SIZE == crypto_core_hchacha20_OUTPUTBYTES &&
                  MSOCK__SESSION_SIZE == crypto_core_hchacha20_INPUTBYTES &&
                  SUBKEY_SIZE == crypto_aead_chacha20poly1305_ietf_KEYBYTES &&
                  MSOCK__TAG_SIZE == crypto_aead_chacha20poly1305_ietf_ABYTES,
              "the parts of XChaCha20-Poly1305 fit");

/* The subkey of a key and a session. */
struct subkey {
    bool used;
    uint8_t key_index;
    uint8_t session[MSOCK__SESSION_SIZE];
    uint8_t bytes[SUBKEY_SIZE];
    uint64_t touched; /* for eviction: the least recently used goes */
};

/* Encryption keys; the first one seals. What is unused is zero. */
struct keys {
    size_t count;
    uint32_t ids[MSOCK__KEYS_MAX];
    uint8_t bytes[MSOCK__KEYS_MAX][MSOCK__KEY_SIZE];
};

struct seal {
    struct keys keys;
    struct keys filed; /* those that the source had last */
    struct keys next;  /* zeros, but while they are compared */
    uint8_t group[MSOCK__GROUP_SIZE];
    uint16_t port;
    struct msock__keysource source; /* zeros: none */
    struct subkey own;              /* of what is sent */
    uint64_t clock;
    uint8_t hash_key[MSOCK__HASH_KEY_SIZE];
    struct subkey cache[SET_COUNT][WAY_COUNT];
};

/* -- Subkeys -- */

static void derive_subkey(const struct seal *seal, size_t key_index,
                          const uint8_t session[static MSOCK__SESSION_SIZE],
                          uint8_t subkey[static SUBKEY_SIZE])
{
    crypto_core_hchacha20(subkey, session, seal->keys.bytes[key_index], NULL);
}

static bool is_of(const struct subkey *subkey, size_t key_index,
                  const uint8_t session[static MSOCK__SESSION_SIZE])
{
    return subkey->used && subkey->key_index == key_index &&
           memcmp(subkey->session, session, MSOCK__SESSION_SIZE) == 0;
}

static void keep(struct subkey *slot, size_t key_index,
                 const uint8_t session[static MSOCK__SESSION_SIZE],
                 const uint8_t bytes[static SUBKEY_SIZE])
{
    slot->used = true;
    slot->key_index = (uint8_t)key_index;
    memcpy(slot->session, session, MSOCK__SESSION_SIZE);
    memcpy(slot->bytes, bytes, SUBKEY_SIZE);
}

/* The set a session belongs to; strangers cannot aim at one. */
static struct subkey *
cache_set(struct seal *seal, const uint8_t session[static MSOCK__SESSION_SIZE])
{
    uint64_t hash = msock__hash(seal->hash_key, session, MSOCK__SESSION_SIZE);

    return seal->cache[hash % SET_COUNT];
}

/* Returns the cached subkey, or NULL. */
static struct subkey *
cache_find(struct subkey *set, size_t key_index,
           const uint8_t session[static MSOCK__SESSION_SIZE])
{
    for (size_t way = 0; way < WAY_COUNT; way++) {
        if (is_of(&set[way], key_index, session)) {
            return &set[way];
        }
    }
    return NULL;
}

/* A free slot of the set, or else the least recently used. */
static struct subkey *cache_oldest(struct subkey *set)
{
    struct subkey *oldest = set;

    for (size_t way = 0; way < WAY_COUNT; way++) {
        if (set[way].touched < oldest->touched) {
            oldest = &set[way];
        }
    }
    return oldest;
}

/* -- The stage -- */

static void
make_nonce(const uint8_t *packet,
           uint8_t nonce[static crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
    memset(nonce, 0, 4);
    memcpy(nonce + 4, packet + NONCE_AT, 8);
}

static void seal_stamp(void *self, struct msock__frame *frame)
{
    const struct seal *seal = self;

    frame->key_id = seal->keys.ids[0];
}

/* Returns the index of a key id, or the number of keys. */
static size_t find_key(const struct seal *seal, uint32_t key_id)
{
    size_t index = 0;

    while (index < seal->keys.count && seal->keys.ids[index] != key_id) {
        index++;
    }
    return index;
}

static int seal_admit(void *self, const struct msock__frame *frame)
{
    const struct seal *seal = self;

    return find_key(seal, frame->key_id) < seal->keys.count ? 0
                                                            : MSOCK_DROP_KEY_ID;
}

static void seal_encode(void *self, struct msock__packet *packet)
{
    struct seal *seal = self;
    uint8_t *body = packet->bytes + MSOCK__HEADER_SIZE;
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    const uint8_t *session = packet->frame.session;

    if (!is_of(&seal->own, 0, session)) {
        uint8_t bytes[SUBKEY_SIZE];
        derive_subkey(seal, 0, session, bytes);
        keep(&seal->own, 0, session, bytes);
        sodium_memzero(bytes, sizeof bytes);
    }
    make_nonce(packet->bytes, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(
        body, NULL, body, packet->size - MSOCK__HEADER_SIZE, packet->bytes,
        MSOCK__HEADER_SIZE, NULL, nonce, seal->own.bytes);
    packet->size += MSOCK__TAG_SIZE;
}

/* Opens the body in place.  Returns whether it is authentic. */
static bool open_body(struct msock__packet *packet,
                      const uint8_t subkey[static SUBKEY_SIZE])
{
    uint8_t *body = packet->bytes + MSOCK__HEADER_SIZE;
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

    make_nonce(packet->bytes, nonce);
    return crypto_aead_chacha20poly1305_ietf_decrypt(
               body, NULL, NULL, body, packet->size - MSOCK__HEADER_SIZE,
               packet->bytes, MSOCK__HEADER_SIZE, nonce, subkey) == 0;
}

static int seal_decode(void *self, struct msock__packet *packet)
{
    struct seal *seal = self;
    const uint8_t *session = packet->frame.session;
    size_t key_index = find_key(seal, packet->frame.key_id);
    uint8_t fresh[SUBKEY_SIZE];

    if (key_index == seal->keys.count) {
        return MSOCK_DROP_KEY_ID;
    }
    struct subkey *set = cache_set(seal, session);
    struct subkey *known = cache_find(set, key_index, session);
    if (known == NULL) {
        derive_subkey(seal, key_index, session, fresh);
    }
    bool authentic = open_body(packet, known != NULL ? known->bytes : fresh);
    if (authentic) {
        if (known == NULL) {
            known = cache_oldest(set);
            keep(known, key_index, session, fresh);
        }
        known->touched = ++seal->clock;
        packet->size -= MSOCK__TAG_SIZE;
    }
    sodium_memzero(fresh, sizeof fresh);
    return authentic ? 0 : MSOCK_DROP_AUTH;
}

/* -- Changing keys -- */

static void derive_keys(struct seal *seal, const struct msock__keyring *ring)
{
    struct keys *next = &seal->next;

    next->count = msock__keyring_count(ring);
    for (size_t i = 0; i < next->count; i++) {
        next->ids[i] = msock__keyring_id(ring, i);
        msock__keyring_derive(ring, i, seal->group, seal->port, next->bytes[i]);
    }
}

/* Takes the derived keys.  Returns whether they are others than before; then no
 * subkey is worth anything any more. */
static bool take_keys(struct seal *seal)
{
    bool changed = memcmp(&seal->next, &seal->keys, sizeof seal->next) != 0;

    if (changed) {
        seal->keys = seal->next;
        sodium_memzero(&seal->own, sizeof seal->own);
        sodium_memzero(seal->cache, sizeof seal->cache);
    }
    return changed;
}

/* Takes the keys that the source has now, if they are others than it had:
 * otherwise those may be newer that could not be stored in it. */
static bool take_filed(struct seal *seal)
{
    if (memcmp(&seal->next, &seal->filed, sizeof seal->next) == 0) {
        return false;
    }
    seal->filed = seal->next;
    return take_keys(seal);
}

static void forget_derived(struct seal *seal)
{
    sodium_memzero(&seal->next, sizeof seal->next);
}

static int seal_reload(void *self)
{
    struct seal *seal = self;
    struct msock__keyring *ring = NULL;

    if (seal->source.self == NULL) {
        return 0;
    }
    int result = msock__keyring_new(&ring);
    if (result == 0) {
        result = seal->source.load(seal->source.self, ring);
    }
    if (result == 0) {
        derive_keys(seal, ring);
        result = take_filed(seal);
        forget_derived(seal);
    }
    msock__keyring_free(ring);
    return result;
}

/* A ring of the given keys. */
static int ring_of(struct msock__keyring **ring, const uint8_t *masters,
                   size_t count)
{
    struct msock__keyring *made = NULL;
    int result = msock__keyring_new(&made);

    for (size_t i = 0; result == 0 && i < count; i++) {
        result = msock__keyring_add(made, masters + i * MSOCK__KEY_SIZE);
    }
    if (result == 0 && count == 0) {
        result = msock__fail(MSOCK_EKEY, "a ring without a key");
    }
    if (result < 0) {
        msock__keyring_free(made);
        return result;
    }
    *ring = made;
    return 0;
}

static int seal_replace(void *self, const uint8_t *masters, size_t count)
{
    struct seal *seal = self;
    struct msock__keyring *ring = NULL;
    int result = ring_of(&ring, masters, count);

    if (result < 0) {
        return result;
    }
    derive_keys(seal, ring);
    bool changed = take_keys(seal);
    if (seal->source.self != NULL) {
        result = seal->source.store(seal->source.self, ring);
    }
    if (result == 0) {
        seal->filed = seal->next;
    }
    forget_derived(seal);
    msock__keyring_free(ring);
    if (result < 0) {
        return msock__fail(MSOCK_ESYSTEM,
                           "the new keys are used, but could not be kept: %s",
                           msock_error_detail());
    }
    return changed;
}

static size_t seal_keys(const void *self, uint32_t ids[static MSOCK__KEYS_MAX])
{
    const struct seal *seal = self;

    memcpy(ids, seal->keys.ids, seal->keys.count * sizeof ids[0]);
    return seal->keys.count;
}

static void seal_free(void *self)
{
    struct seal *seal = self;

    if (seal->source.self != NULL) {
        seal->source.free(seal->source.self);
    }
    sodium_free(seal);
}

int msock__seal_stage(struct msock__stage *stage, struct msock__keyring *ring,
                      const uint8_t group[static MSOCK__GROUP_SIZE],
                      uint16_t port, const struct msock__keysource *source)
{
    if (msock__keyring_count(ring) == 0) {
        return msock__fail(MSOCK_EKEY, "the keyring is empty: load a key file");
    }
    struct seal *seal = sodium_malloc(sizeof *seal);
    if (seal == NULL) {
        return msock__fail(MSOCK_ENOMEM, "no memory for keys");
    }
    memset(seal, 0, sizeof *seal);
    if (source != NULL) {
        seal->source = *source;
    }
    memcpy(seal->group, group, sizeof seal->group);
    seal->port = port;
    derive_keys(seal, ring);
    take_filed(seal);
    forget_derived(seal);
    msock__random(seal->hash_key, sizeof seal->hash_key);
    /* The derived keys are all that is needed; the masters go at once. */
    msock__keyring_free(ring);
    *stage = (struct msock__stage){.name = "seal",
                                   .flag = MSOCK__SEALED,
                                   .overhead = MSOCK__TAG_SIZE,
                                   .self = seal,
                                   .stamp = seal_stamp,
                                   .admit = seal_admit,
                                   .encode = seal_encode,
                                   .decode = seal_decode,
                                   .reload = seal_reload,
                                   .keys = seal_keys,
                                   .replace = seal_replace,
                                   .free = seal_free};
    return 0;
}
