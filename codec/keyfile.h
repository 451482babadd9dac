/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold secrets: whose they must be, who may read them, and how they
 * are replaced. Their text is lines with comments (docs/protocol.md 1.2). */
#ifndef MSOCK_CODEC_KEYFILE_H
#define MSOCK_CODEC_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__KEYFILE_MAX = 4096, MSOCK__KEYFILE_DIGEST = 32 };

/** A part of a text, lent. */
struct msock__part {
    const char *text;
    size_t size;
};

/** One line: what stands before its comment, without blanks around, and the
 *  comment from its `#` on, without blanks behind. */
struct msock__keyline {
    struct msock__part word;
    struct msock__part note;
};

/** Takes the next line off the text.  Returns whether there was one. */
bool msock__keyline_next(struct msock__part *rest, struct msock__keyline *line);

/** Reads a file of secrets: regular, at most 4 KiB, owned by the user or root,
 *  open to neither group nor others (except mode 0440 directly in
 *  $CREDENTIALS_DIRECTORY). A symbolic link is followed, and what it leads to
 *  is checked. `maker` is the command that makes such a file, for the sentence
 *  that there is none. *text is written on success and given to the caller, for
 *  sodium_free(): guarded memory, which is locked where the system allows it
 *  and wiped when freed.
 *  Returns 0, MSOCK_EACCESS, MSOCK_EKEY (also: cannot be read), MSOCK_ENOMEM,
 *  MSOCK_ESYSTEM (also: it may be readable in a moment). */
int msock__keyfile_read(const char *path, const char *maker, char **text,
                        size_t *size);

/** Reads a file that is no secret and decides whom to believe: regular, of at
 *  most `max` bytes, owned by the user or root, not to be written by group or
 *  others. *text is written on success and given to the caller, for free().
 *  Returns 0, MSOCK_EACCESS, MSOCK_EKEY (also: cannot be read), MSOCK_ENOMEM.
 */
int msock__trustfile_read(const char *path, size_t max, char **text,
                          size_t *size);

/** Tells texts apart without keeping them. */
void msock__keyfile_digest(const char *text, size_t size,
                           uint8_t digest[static MSOCK__KEYFILE_DIGEST]);

/** Puts a file of mode 0600 in the place of `path`, or of what it links to: at
 *  every moment, and after a power cut, there is the old text or the new one.
 *  `was` (NULL: anything): the digest of what it must still hold. A lock on the
 *  file that is replaced keeps others that call this out of the comparison; it
 *  leaves nothing behind. Where the file system has no locks, and for editors,
 *  who know of none, what is written within microseconds may be lost.
 *  Returns 0, MSOCK_EBUSY (it holds something else, or others hold the lock for
 *  2 s), MSOCK_ENOMEM, MSOCK_ESYSTEM. */
int msock__keyfile_write(const char *path, const char *text, size_t size,
                         const uint8_t *was);

#endif
