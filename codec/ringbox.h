/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of keys in a box that one node alone can open, to be pushed to it over
 * the channel (docs/protocol.md 1.6): libsodium's sealed box, to the X25519 key
 * that belongs to the node's Ed25519 key. Who made a box is not in it: the
 * signature of the frame around it says so. */
#ifndef MSOCK_CODEC_RINGBOX_H
#define MSOCK_CODEC_RINGBOX_H

#include "codec/identity.h"
#include "codec/keyring.h"

enum {
    /* Base64 of a box with the largest ring, and a NUL. */
    MSOCK__RINGBOX_TEXT =
        (MSOCK__BOX_OVERHEAD + MSOCK__KEYS_MAX * MSOCK__KEY_SIZE + 2) / 3 * 4 +
        1
};

/** Writes the box of a ring, its order kept, as base64 with a NUL.
 *  Returns the size without the NUL, or MSOCK_EKEY (the ring is empty, or
 *  nobody can hold the key that belongs to `public`), MSOCK_ENOMEM. */
int msock__ringbox_seal(const struct msock__keyring *ring,
                        const uint8_t public[static MSOCK__PUBLIC_SIZE],
                        char text[static MSOCK__RINGBOX_TEXT]);

/** Opens a box.
 *  Returns 0 with a ring, its order as it was sealed, given to the caller, or
 *  MSOCK_EKEY (not a box, not for this identity, or keys that no ring may
 *  hold), MSOCK_ENOMEM, MSOCK_ESYSTEM. */
int msock__ringbox_open(const char *text, size_t size,
                        const struct msock__identity *identity,
                        struct msock__keyring **ring);

#endif
