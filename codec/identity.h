/* SPDX-License-Identifier: Apache-2.0 */
/* A node's own key: an Ed25519 key pair that is read from an id file, and the
 * sessions that are its own (docs/protocol.md 1.5). The secret half lies in
 * guarded memory and is wiped when freed. */
#ifndef MSOCK_CODEC_IDENTITY_H
#define MSOCK_CODEC_IDENTITY_H

#include "codec/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__PUBLIC_SIZE = 32,
    MSOCK__SIGNATURE_SIZE = 64,
    MSOCK__BOX_OVERHEAD = 48
};

struct msock__identity;

/** Reads the text of an id file: one line `ed25519-secret BASE64`, besides
 *  empty lines and comments from `#` on. `source` names it in errors.
 *  Returns 0, MSOCK_EKEY (no key, a second one, or not one), MSOCK_ENOMEM,
 *  MSOCK_ESYSTEM; *identity is written on success and given to the caller. */
int msock__identity_parse(struct msock__identity **identity, const char *text,
                          size_t size, const char *source);

/** The same of a file, with the checks of msock__keyfile_read().
 *  Returns as that and msock__identity_parse(). */
int msock__identity_load(struct msock__identity **identity, const char *path);

/** Wipes and frees; NULL is ignored. */
void msock__identity_free(struct msock__identity *identity);

/** Copies the public key, which anybody may know. */
void msock__identity_public(const struct msock__identity *identity,
                            uint8_t public[static MSOCK__PUBLIC_SIZE]);

/** Signs `text`. */
void msock__identity_sign(const struct msock__identity *identity,
                          const uint8_t *text, size_t size,
                          uint8_t signature[static MSOCK__SIGNATURE_SIZE]);

/** Opens a sealed box (libsodium's crypto_box_seal) for the X25519 key that
 *  belongs to the identity: `size` bytes, of which MSOCK__BOX_OVERHEAD are not
 *  in what is written.  Returns 0, MSOCK_EKEY (not for this identity, or
 *  damaged), MSOCK_ENOMEM; no detail is set. */
int msock__identity_open(const struct msock__identity *identity,
                         const uint8_t *box, size_t size, uint8_t *out);

/** Makes a session, whose first 8 bytes were drawn, one of this key: the other
 *  8 follow from them. */
void msock__session_commit(const uint8_t public[static MSOCK__PUBLIC_SIZE],
                           uint8_t session[static MSOCK__SESSION_SIZE]);

/** Whether a session is one of this key. */
bool msock__session_commits(const uint8_t public[static MSOCK__PUBLIC_SIZE],
                            const uint8_t session[static MSOCK__SESSION_SIZE]);

/** Reads a public key's base64, 44 characters.  Returns 0, MSOCK_EKEY; no
 *  detail is set. */
int msock__public_parse(const char *text, size_t size,
                        uint8_t public[static MSOCK__PUBLIC_SIZE]);

#endif
