/* SPDX-License-Identifier: Apache-2.0 */
/* What this node says of itself in its full hellos (docs/protocol.md 7.3): what
 * it subscribes to and which keys it accepts, as one revision, cut into parts
 * that fit frames.
 *
 * Filters are kept as the JSON strings that go out, at most 256 and 16 KiB. Who
 * has more says `#` in their place: that is never too little. */
#ifndef MSOCK_CORE_PROFILE_H
#define MSOCK_CORE_PROFILE_H

#include "codec/control.h"
#include "codec/transform.h"
#include "core/dispatch.h"
#include "core/will.h"

enum {
    MSOCK__PROFILE_FILTERS = 256,
    MSOCK__PROFILE_BYTES = 16 * 1024 /* of text */
};

/** All zero: nothing was said yet. */
struct msock__profile {
    uint64_t revision;
    uint64_t changes; /* of the subscriptions, by then */
    uint32_t keys[MSOCK__KEYS_MAX];
    size_t key_count;
    bool keeper; /* it keeps states for others */
    size_t filter_count;
    uint16_t sizes[MSOCK__PROFILE_FILTERS];
    char *text; /* the filters, one behind the other */
    struct msock__will will;
    bool changed; /* the will or `keeper`, since the last revision */
};

/** Frees what it holds. */
void msock__profile_fini(struct msock__profile *profile);

/** Sets what others are to say for this node.  Returns whether it is another
 *  will than before. */
bool msock__profile_set_will(struct msock__profile *profile,
                             const struct msock__will *will);

/** Whether a will and what is around it fit a hello of `room` bytes. */
bool msock__profile_will_fits(const struct msock__profile *profile,
                              const struct msock__will *will,
                              const char *sender, size_t room);

/** Whether there is anything else to be said. */
bool msock__profile_stale(const struct msock__profile *profile,
                          const struct msock__dispatch *dispatch,
                          const struct msock__pipeline *pipeline);

/** Looks at what there is to be said: what differs makes a new revision. Those
 *  under `$ms/` are left out.
 *  Returns whether there is one, or MSOCK_ENOMEM (nothing changed). */
int msock__profile_refresh(struct msock__profile *profile,
                           const struct msock__dispatch *dispatch,
                           const struct msock__pipeline *pipeline);

/** Makes hello->full, with part number `part`, or the last one if there are
 *  fewer, of the hello of `sender` in at most `room` bytes. A filter that fits
 *  no frame is `#`; the will is in the first part, or in none if it does not
 *  fit. What stands there already is kept. */
void msock__profile_part(const struct msock__profile *profile,
                         const char *sender, size_t room, uint32_t part,
                         struct msock__control *hello);

#endif
