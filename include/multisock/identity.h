/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: a key of one node alone, by which others know what really came
 * from it (docs/protocol.md 1.5).
 *
 * The id file stays on its node; its public half goes, with the node's name and
 * rights, into the trust file that the others have. Who holds the group's key
 * and not this one cannot speak in the node's name. */
#ifndef MULTISOCK_IDENTITY_H
#define MULTISOCK_IDENTITY_H

#include <multisock/error.h>
#include <stdbool.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MSOCK_ID_TEXT_SIZE = 60,  /* the line of an id file, and a NUL */
    MSOCK_ID_PUBLIC_SIZE = 45 /* a public key as text, and a NUL */
};

/** Writes a new random identity as the one line of an id file; the caller wipes
 *  it.
 *  Returns 0, MSOCK_ESYSTEM (no randomness).  Thread: any. */
int msock_id_generate(char text[MSOCK_ID_TEXT_SIZE]);

/** Reads an id file as a channel does and writes its public key, as a line of a
 *  trust file has it: NAME ed25519 TEXT.
 *  Returns 0, MSOCK_EACCESS (others may read or write the file), MSOCK_EKEY (no
 *  such file, or not an identity), MSOCK_ENOMEM, MSOCK_ESYSTEM.  Thread: any.
 */
int msock_id_public(const char *path, char text[MSOCK_ID_PUBLIC_SIZE]);

/** A node that a trust file knows; lent for the call. Its name is text of a
 *  file: msock_text_escape(). */
typedef struct msock_trust_entry {
    const char *name;
    bool keep;  /* it may keep states for others */
    bool admin; /* it may exchange the keys of the group */
} msock_trust_entry;

typedef void msock_trust_callback(const msock_trust_entry *entry, void *user);

/** Reads a trust file as a channel does and calls `callback` (NULL: counts
 *  only) for each node that has a key in it, in the order of their names. The
 *  line `*`, of all others, is none.
 *  Returns their number, MSOCK_EACCESS (others may write the file), MSOCK_EKEY
 *  (no such file, or not a trust file), MSOCK_ELIMIT (over 1 MiB, 4,096 nodes
 * or 64 filters), MSOCK_ENOMEM.  Thread: any.  Source: docs/protocol.md 6.10.
 */
int msock_trust_list(const char *path, msock_trust_callback *callback,
                     void *user);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
