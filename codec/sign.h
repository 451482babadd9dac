/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of frames (docs/protocol.md 1.5): the last 64 bytes of the
 * plaintext body of a frame with SIGNED. The stage signs what its node sends
 * with that flag, and takes the signature off what came; whose it must be, and
 * whether it is right, the engine decides by what this file gives it: the text
 * that a signature is over, and the check, which is pure and may run on any
 * thread. The stage stands before the seal. */
#ifndef MSOCK_CODEC_SIGN_H
#define MSOCK_CODEC_SIGN_H

#include "codec/identity.h"
#include "codec/keyring.h"
#include "codec/transform.h"

#include <stdbool.h>

enum {
    /* "multisock 1 sign", group, port and header stand before the body. */
    MSOCK__SIGN_LABEL_SIZE = 16 + MSOCK__GROUP_SIZE + 2,
    MSOCK__SIGN_BEFORE = MSOCK__SIGN_LABEL_SIZE + MSOCK__HEADER_SIZE
};

/** What the frames of one channel are signed by. */
struct msock__signer;

/** Makes the stage for a channel. `identity` signs and is given to the stage on
 *  success; NULL: this node signs nothing, and has no room for it in a frame.
 *  Returns 0, MSOCK_ENOMEM. */
int msock__sign_stage(struct msock__stage *stage,
                      struct msock__identity *identity,
                      const uint8_t group[static MSOCK__GROUP_SIZE],
                      uint16_t port);

/** Copies the node's own public key.  Returns whether it has one. */
bool msock__signer_public(const struct msock__signer *signer,
                          uint8_t public[static MSOCK__PUBLIC_SIZE]);

/** The node's own identity, lent, or NULL. */
const struct msock__identity *
msock__signer_identity(const struct msock__signer *signer);

/** Writes the text that the signature of a received frame is over, and the
 *  signature behind it, of `size` bytes of body in all, to `text`: in all
 *  MSOCK__SIGN_BEFORE + size bytes. */
void msock__signer_text(const struct msock__signer *signer,
                        const struct msock__frame *frame, const uint8_t *body,
                        size_t size, uint8_t *text);

/** Whether the end of such a text is a signature over the rest.
 *  Thread: any. */
bool msock__sign_verify(const uint8_t public[static MSOCK__PUBLIC_SIZE],
                        const uint8_t *text, size_t size);

#endif
