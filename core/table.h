/* SPDX-License-Identifier: Apache-2.0 */
/* uthash as this library uses it: keyed and without exit on lack of memory.
 *
 * Keys come from strangers, so every hash is a SipHash under a random key of
 * the table's owner: compute it with msock__table_hash() and pass it to the
 * macros that end in _BYHASHVALUE; those that hash by themselves do not
 * compile. After an addition `item->hh.tbl == NULL` says that memory was
 * lacking and the table is as before. */
#ifndef MSOCK_CORE_TABLE_H
#define MSOCK_CORE_TABLE_H

#include "codec/hash.h"

#include <stddef.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(keyptr, keylen, hashv) use_a_BYHASHVALUE_macro_instead

#include <uthash.h>

/** Hash of a table's key under its owner's `hash_key`. */
static inline unsigned
msock__table_hash(const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE],
                  const void *key, size_t size)
{
    return (unsigned)msock__hash(hash_key, key, size);
}

#endif
