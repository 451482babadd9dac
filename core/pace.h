/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket: how many bytes may leave now so that a reader with a small
 * receive buffer keeps up. Time is passed in; constant cost. */
#ifndef MSOCK_CORE_PACE_H
#define MSOCK_CORE_PACE_H

#include <stddef.h>
#include <stdint.h>

struct msock__pace {
    uint64_t rate;   /* bytes per second */
    uint64_t burst;  /* millionths of a byte: the bucket's size */
    uint64_t tokens; /* millionths of a byte, at `filled_us` */
    uint64_t filled_us;
};

/** Starts with a full bucket that holds 2.5 ms of `rate`, and at least two
 *  frames. */
void msock__pace_init(struct msock__pace *pace, uint64_t rate,
                      size_t frame_size);

/** Takes `size` bytes.  Returns 1, or 0 if they are not there yet. */
int msock__pace_take(struct msock__pace *pace, uint64_t now_us, size_t size);

/** When `size` bytes can be taken and half a bucket is there, in us: waking for
 *  less would cost more than it sends. */
uint64_t msock__pace_deadline(const struct msock__pace *pace, size_t size);

#endif
