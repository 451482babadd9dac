/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: one that seals and some that open, read from key files
 * (docs/protocol.md 1). The memory is guarded, locked where the system allows
 * it, and wiped when freed. */
#ifndef MSOCK_CODEC_KEYRING_H
#define MSOCK_CODEC_KEYRING_H

#include <stddef.h>
#include <stdint.h>

enum { MSOCK__KEY_SIZE = 32, MSOCK__KEYS_MAX = 8, MSOCK__GROUP_SIZE = 16 };
enum { MSOCK__KEY_TEXT = 45 }; /* base64 of a key, and a NUL */

struct msock__keyring;

/** Where keys come from. */
struct msock__keysource {
    void *self;

    /** Adds them to an empty ring.  Returns 0, or a negative code; then the
     *  ring may hold some of them. */
    int (*load)(const void *self, struct msock__keyring *ring);

    /** Keeps these and no others.  Returns 0, or a negative code. */
    int (*store)(const void *self, const struct msock__keyring *ring);

    /** Frees `self`. */
    void (*free)(void *self);
};

/** The id of a master key; frames carry it. Zero serves open frames only. */
uint32_t msock__key_id(const uint8_t master[static MSOCK__KEY_SIZE]);

/** Returns MSOCK_ENOMEM, MSOCK_ESYSTEM, or 0 with an empty ring given to the
 *  caller. */
int msock__keyring_new(struct msock__keyring **ring);

/** Wipes and frees; NULL is ignored. */
void msock__keyring_free(struct msock__keyring *ring);

/** Adds a master key (copied); the first one is the sending key.
 *  Returns 0, MSOCK_EKEY (its id is zero or already there), MSOCK_ELIMIT. */
int msock__keyring_add(struct msock__keyring *ring,
                       const uint8_t master[static MSOCK__KEY_SIZE]);

/** Adds the keys of a key file's text: lines of base64 (32 bytes), besides
 *  empty lines and comments from `#` on. `source` names it in errors.
 *  Returns 0, MSOCK_EKEY (no key, or an unusable one), MSOCK_ELIMIT; then the
 *  ring may hold some of them. */
int msock__keyring_parse(struct msock__keyring *ring, const char *text,
                         size_t size, const char *source);

/** Adds the keys of a file, of which msock__keyfile_read() says who may have
 *  read or written it.
 *  Returns 0, MSOCK_EACCESS, MSOCK_EKEY (also: cannot be read), MSOCK_ELIMIT;
 *  then the ring may hold some of them. */
int msock__keyring_load(struct msock__keyring *ring, const char *path);

/** Number of keys. */
size_t msock__keyring_count(const struct msock__keyring *ring);

/** Id of key `index`; 0 is the sending key. */
uint32_t msock__keyring_id(const struct msock__keyring *ring, size_t index);

/** Master key `index`, lent until the ring changes. */
const uint8_t *msock__keyring_master(const struct msock__keyring *ring,
                                     size_t index);

/** Makes key `index` the first; the others keep their order. */
void msock__keyring_promote(struct msock__keyring *ring, size_t index);

/** Takes key `index` out, and wipes it. */
void msock__keyring_remove(struct msock__keyring *ring, size_t index);

/** A master key as a line of a key file. */
void msock__key_text(const uint8_t key[static MSOCK__KEY_SIZE],
                     char text[static MSOCK__KEY_TEXT]);

/** Derives key `index`'s encryption key for a channel. */
void msock__keyring_derive(const struct msock__keyring *ring, size_t index,
                           const uint8_t group[static MSOCK__GROUP_SIZE],
                           uint16_t port, uint8_t key[static MSOCK__KEY_SIZE]);

#endif
