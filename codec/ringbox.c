/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed boxes of rings. Masters and secret keys lie in guarded memory or are
 * wiped before a function returns. */
#include "codec/ringbox.h"

#include "codec/base64.h"
#include "codec/error.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum {
    MASTERS_MAX = MSOCK__KEYS_MAX * MSOCK__KEY_SIZE,
    BOX_MAX = MASTERS_MAX + MSOCK__BOX_OVERHEAD
};

static_assert(MSOCK__RINGBOX_TEXT ==
                  sodium_base64_ENCODED_LEN(BOX_MAX,
                                            sodium_base64_VARIANT_ORIGINAL),
              "room for the largest ring");

int msock__ringbox_seal(const struct msock__keyring *ring,
                        const uint8_t public[static MSOCK__PUBLIC_SIZE],
                        char text[static MSOCK__RINGBOX_TEXT])
{
    const size_t count = msock__keyring_count(ring);
    const size_t size = count * MSOCK__KEY_SIZE;
    uint8_t to[crypto_box_PUBLICKEYBYTES];
    uint8_t box[BOX_MAX];

    if (count == 0) {
        return msock__fail(MSOCK_EKEY, "the ring to be pushed has no keys");
    }
    if (crypto_sign_ed25519_pk_to_curve25519(to, public) != 0) {
        return msock__fail(MSOCK_EKEY, "not the public key of a node");
    }
    uint8_t *masters = sodium_malloc(size);
    if (masters == NULL) {
        return msock__fail(MSOCK_ENOMEM, "no memory for keys");
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(masters + i * MSOCK__KEY_SIZE, msock__keyring_master(ring, i),
               MSOCK__KEY_SIZE);
    }
    int wrong = crypto_box_seal(box, masters, size, to);
    sodium_free(masters);
    if (wrong) {
        return msock__fail(MSOCK_EKEY, "not the public key of a node");
    }
    sodium_bin2base64(text, MSOCK__RINGBOX_TEXT, box,
                      size + MSOCK__BOX_OVERHEAD,
                      sodium_base64_VARIANT_ORIGINAL);
    return (int)strlen(text);
}

/* The bytes of a box.  Returns their number, 0 if the text is none. */
static size_t unpack(const char *text, size_t size, uint8_t box[static BOX_MAX])
{
    const size_t box_size = msock__base64_decode(text, size, box, BOX_MAX);

    if (box_size < MSOCK__BOX_OVERHEAD + MSOCK__KEY_SIZE ||
        (box_size - MSOCK__BOX_OVERHEAD) % MSOCK__KEY_SIZE != 0) {
        return 0;
    }
    return box_size;
}

/* Opens a box into guarded memory of MASTERS_MAX bytes. */
static int open_box(const char *text, size_t size,
                    const struct msock__identity *identity, uint8_t *masters,
                    size_t *count)
{
    uint8_t box[BOX_MAX];
    const size_t box_size = unpack(text, size, box);

    if (box_size == 0) {
        return msock__fail(MSOCK_EKEY, "what was pushed is no box of keys");
    }
    int result = msock__identity_open(identity, box, box_size, masters);
    if (result == MSOCK_ENOMEM) {
        return msock__fail(result, "no memory for keys");
    }
    if (result < 0) {
        return msock__fail(result,
                           "the keys that were pushed are not for this node");
    }
    *count = (box_size - MSOCK__BOX_OVERHEAD) / MSOCK__KEY_SIZE;
    return 0;
}

int msock__ringbox_open(const char *text, size_t size,
                        const struct msock__identity *identity,
                        struct msock__keyring **ring)
{
    struct msock__keyring *made;
    size_t count = 0;
    int result = msock__keyring_new(&made);

    if (result < 0) {
        return result;
    }
    uint8_t *masters = sodium_malloc(MASTERS_MAX);
    result = masters != NULL ? open_box(text, size, identity, masters, &count)
                             : msock__fail(MSOCK_ENOMEM, "no memory for keys");
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = msock__keyring_add(made, masters + i * MSOCK__KEY_SIZE);
    }
    sodium_free(masters);
    if (result < 0) {
        msock__keyring_free(made);
        return result;
    }
    *ring = made;
    return 0;
}
