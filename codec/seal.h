/* SPDX-License-Identifier: Apache-2.0 */
/* The AEAD stage: XChaCha20-Poly1305 with the nonce in the header
 * (docs/protocol.md 1), as HChaCha20 once per session and ChaCha20-Poly1305-
 * IETF per frame. Subkeys of received sessions are cached only after a frame of
 * theirs authenticated, in a table of fixed size: O(1), nothing grows. The keys
 * may change between any two frames. */
#ifndef MSOCK_CODEC_SEAL_H
#define MSOCK_CODEC_SEAL_H

#include "codec/keyring.h"
#include "codec/transform.h"

/** Makes the stage for a channel. `ring` has at least one key; it and what
 *  `source` (NULL: none) names are given to the stage on success. The source is
 *  where keys are read again and kept.
 *  Returns 0, MSOCK_ENOMEM, MSOCK_EKEY (empty ring). */
int msock__seal_stage(struct msock__stage *stage, struct msock__keyring *ring,
                      const uint8_t group[static MSOCK__GROUP_SIZE],
                      uint16_t port, const struct msock__keysource *source);

#endif
