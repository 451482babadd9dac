/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to believe about what: the entries of a trust file, each a node's name,
 * its public key and its rights (docs/protocol.md 6.10). Text in, a table that
 * does not change out.
 *
 * Names are found in O(log n), rights are held against a topic in O(filters of
 * the entry). Memory is about twice the text. */
#ifndef MSOCK_CORE_TRUST_H
#define MSOCK_CORE_TRUST_H

#include "codec/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__TRUST_TEXT_MAX = 1024 * 1024,
    MSOCK__TRUSTED_MAX = 4096,    /* entries */
    MSOCK__TRUST_FILTERS_MAX = 64 /* of an entry, of either kind */
};

struct msock__trust;

/** A node of the file; it is its table's. */
struct msock__trusted;

/** Reads the text of a trust file; `source` names it in errors, which have the
 *  number of the line, and of a mistyped word the nearest known one.
 *  Returns 0, MSOCK_EKEY (not as it should be, or nobody is in it),
 *  MSOCK_ELIMIT, MSOCK_ENOMEM; *trust is written on success and given to the
 *  caller. */
int msock__trust_parse(struct msock__trust **trust, const char *text,
                       size_t size, const char *source);

/** NULL is ignored. */
void msock__trust_free(struct msock__trust *trust);

/** Whether two files have the same text. */
bool msock__trust_same(const struct msock__trust *one,
                       const struct msock__trust *other);

/** Returns the entry of a name, or NULL. */
const struct msock__trusted *msock__trust_find(const struct msock__trust *trust,
                                               const char *name, size_t size);

/** How many entries there are. */
size_t msock__trust_count(const struct msock__trust *trust);

/** Returns the entry whose key a session is of (1.5), or NULL: a hash an entry.
 */
const struct msock__trusted *
msock__trust_owner(const struct msock__trust *trust,
                   const uint8_t session[static MSOCK__SESSION_SIZE]);

/** The key of a node, MSOCK__PUBLIC_SIZE bytes. */
const uint8_t *msock__trusted_public(const struct msock__trusted *trusted);

/** Whether some of what a node says need not be signed. */
bool msock__trusted_lax(const struct msock__trusted *trusted);

/** Whether a node may keep states for others. */
bool msock__trusted_keep(const struct msock__trusted *trusted);

/** Whether a node may exchange the group's keys. */
bool msock__trusted_admin(const struct msock__trusted *trusted);

/** Whether a message needs no signature: `trusted` NULL is everybody else. */
bool msock__trust_unsigned(const struct msock__trust *trust,
                           const struct msock__trusted *trusted,
                           const char *topic, size_t size);

/** Holds a message against its sender's rights; `trusted` NULL: the sender has
 *  no entry.
 *  Returns 0, MSOCK_DROP_UNSIGNED, MSOCK_DROP_RIGHTS. */
int msock__trust_check(const struct msock__trust *trust,
                       const struct msock__trusted *trusted, const char *topic,
                       size_t size, bool is_signed);

#endif
