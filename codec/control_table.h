/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoder of control messages is told by: the keys of each topic, who
 * reads their values, and which keys come together. */
#ifndef MSOCK_CODEC_CONTROL_TABLE_H
#define MSOCK_CODEC_CONTROL_TABLE_H

#include "codec/control.h"
#include "codec/json.h"

enum { MSOCK__CONTROL_KEYS = 11 /* most keys of a topic */ };

/** A message being read. */
struct msock__reading {
    struct msock__control control;
    const uint64_t *own; /* two nonces: floors[0] gets theirs, merged, and
                            `count` is 0 or 1; NULL: all are taken */
};

struct msock__control_key {
    const char *name; /* NULL behind the last one */

    /** Takes a value.  Returns whether it is what it has to be. */
    bool (*read)(const struct msock__json_slice *value,
                 struct msock__reading *reading);

    unsigned needs; /* bits of keys without which it may not be there */
};

struct msock__control_table {
    const char *topic;
    size_t required; /* how many keys may not be missing, the first ones */
    struct msock__control_key keys[MSOCK__CONTROL_KEYS];
    unsigned one_of; /* bits of keys of which exactly one is there; 0: none */
};

/** Returns the table of a known kind. */
const struct msock__control_table *
msock__control_table(enum msock__control_kind kind);

#endif
