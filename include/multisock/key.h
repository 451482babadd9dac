/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, and the rings of them that key files hold (docs/protocol.md 1.2).
 *
 * A channel seals with the first key of its file and opens with all of them. It
 * reads the file again when it changes: to exchange a key, give every node the
 * new one behind the old, then put it first everywhere, then take the old one
 * out. `msock key` does these steps by name, and waits where waiting is needed.
 *
 * A ring lives in guarded memory, is never swapped out where the system allows
 * that, and is wiped when freed. Nothing here ever writes a key to a log. */
#ifndef MULTISOCK_KEY_H
#define MULTISOCK_KEY_H

#include <multisock/error.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MSOCK_KEY_TEXT_SIZE = 45, /* base64 of 32 bytes, and a NUL */
    MSOCK_KEY_ID_SIZE = 9,    /* an id: 8 hexadecimal digits, and a NUL */
    MSOCK_KEYS_MAX = 8        /* keys of a ring */
};

/** Writes a new random key as the text of a key file's line.
 *  Returns 0, MSOCK_ESYSTEM (no randomness).  Thread: any. */
int msock_key_generate(char text[MSOCK_KEY_TEXT_SIZE]);

/** Makes the key that belongs to two texts, neither empty: the same texts make
 *  the same key everywhere. It takes about 0.1 s and 64 MiB, and whoever
 *  records one frame can try passphrases at that price: generate a key where
 *  you can. The caller wipes what it holds of them.
 *  Returns 0, MSOCK_EINVAL (an empty text), MSOCK_ENOMEM, MSOCK_EKEY (its id is
 *  zero: one of 2^32), MSOCK_ESYSTEM.  Thread: any.
 *  Source: docs/protocol.md 1.2. */
int msock_key_from_passphrase(const char *key_string, const char *passphrase,
                              char text[MSOCK_KEY_TEXT_SIZE]);

/** The keys of a file, in its order; the first one seals. One thread at a time
 *  may use a ring. An index that is not below msock_ring_count() is a mistake
 *  of the program, and ends it. */
typedef struct msock_ring msock_ring;

/** Reads a key file as a channel does, with the comments. *ring is written on
 *  success and given to the caller.
 *  Returns 0, MSOCK_EACCESS (others may read or write it), MSOCK_EKEY (no such
 *  file, no key, or not a key), MSOCK_ELIMIT (over 8 keys), MSOCK_ENOMEM,
 *  MSOCK_ESYSTEM.  Thread: any. */
int msock_ring_load(msock_ring **ring, const char *path);

/** Wipes and frees; NULL is ignored.  Thread: any. */
void msock_ring_free(msock_ring *ring);

/** Writes the ring as a key file of mode 0600 in the place of `path`, at once:
 *  there is always the old file or the new one. A link stays a link. A comment
 *  on a key's line, and those right above it, go where the key goes; all other
 *  comments come first, and white space is as the library has it. A ring that
 *  was loaded from this very path does not undo what others have written there
 *  since: it is then to be loaded and changed again.
 *  Returns 0, MSOCK_ELIMIT (over 4 KiB), MSOCK_EBUSY (the file is not as it was
 *  loaded or last saved, or others kept it locked for 2 s: nothing was
 *  written), MSOCK_ENOMEM, MSOCK_ESYSTEM.  Thread: any. */
int msock_ring_save(msock_ring *ring, const char *path);

/** Returns the number of keys, 1..8.  Thread: any. */
int msock_ring_count(const msock_ring *ring);

/** Writes the id of key `index`, which frames carry and anybody may know:
 *  8 lower-case hexadecimal digits.  Thread: any. */
void msock_ring_id(const msock_ring *ring, int index,
                   char id[MSOCK_KEY_ID_SIZE]);

/** Returns the comment on the line of key `index`, without `#`, "" if there is
 *  none; it is text of a file: msock_text_escape(). Valid until the ring
 *  changes.  Thread: any. */
const char *msock_ring_comment(const msock_ring *ring, int index);

/** Writes key `index` itself, as a line of a key file; the caller wipes it.
 *  Thread: any. */
void msock_ring_text(const msock_ring *ring, int index,
                     char text[MSOCK_KEY_TEXT_SIZE]);

/** Adds the key `text` behind the others, with a comment of at most 127 bytes
 *  without control characters (NULL: none); both are copied.
 *  Returns 0, MSOCK_EKEY (not a key, or one of its id is there), MSOCK_ELIMIT
 *  (8 keys, or 4 KiB of comments), MSOCK_EINVAL (comment).  Thread: any. */
int msock_ring_add(msock_ring *ring, const char *text, const char *comment);

/** Makes key `index` the first, which seals; the others keep their order.
 *  Thread: any. */
void msock_ring_promote(msock_ring *ring, int index);

/** Takes key `index` out.
 *  Returns 0, MSOCK_EKEY (it is the only one).  Thread: any. */
int msock_ring_remove(msock_ring *ring, int index);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
