/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket: how many bytes may leave now so that a reader with a small
 * receive buffer keeps up. NACKs lower its rate to no less than an eighth of
 * the ceiling, quiet raises it again; what is sent again has a quarter of it.
 * Time is passed in; constant cost. */
#ifndef MSOCK_CORE_PACE_H
#define MSOCK_CORE_PACE_H

#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__PACE_LEAST = 8,         /* the ceiling's share that stays */
    MSOCK__PACE_STEPS = 16,        /* from 0 to the ceiling, one a ... */
    MSOCK__PACE_STEP_US = 100000,  /* ... of quiet */
    MSOCK__PACE_LOWER_US = 50000,  /* between two times of lowering */
    MSOCK__PACE_REPAIRS = 4,       /* repairs take 1 / this */
    MSOCK__PACE_BURSTS = 400,      /* buckets a second */
    MSOCK__PACE_REPAIR_BURSTS = 40 /* the same of repairs */
};

struct msock__bucket {
    uint64_t rate;   /* bytes per second */
    uint64_t burst;  /* millionths of a byte: the bucket's size */
    uint64_t tokens; /* millionths of a byte, at `filled_us` */
    uint64_t filled_us;
};

struct msock__pace {
    struct msock__bucket all;
    struct msock__bucket repairs;
    uint64_t ceiling; /* bytes per second */
    size_t frame_size;
    uint64_t lowered_us; /* last time; UINT64_MAX: never */
    uint64_t quiet_us;   /* since when there was no NACK, or the last step */
};

/** Starts at the ceiling `rate`, with a full bucket that holds 2.5 ms of it,
 *  and at least two frames. That of repairs holds 25 ms of their quarter, and
 *  at least two frames. */
void msock__pace_init(struct msock__pace *pace, uint64_t rate,
                      size_t frame_size);

/** Takes `size` bytes.  Returns 1, or 0 if they are not there yet. */
int msock__pace_take(struct msock__pace *pace, uint64_t now_us, size_t size);

/** The same for a frame that is sent again, which counts twice: as a frame and
 *  as a repair. */
int msock__pace_take_repair(struct msock__pace *pace, uint64_t now_us,
                            size_t size);

/** A NACK of a node that may slow us down: the rate sinks to 3/4, at most every
 *  50 ms. From 100 ms without one on it rises by 1/16 of the ceiling every
 *  100 ms, by itself. */
void msock__pace_lower(struct msock__pace *pace, uint64_t now_us);

/** The rate now, in bytes per second. */
uint64_t msock__pace_rate(const struct msock__pace *pace, uint64_t now_us);

/** When `size` bytes can be taken and half a bucket is there, in us: waking for
 *  less would cost more than it sends. A rate that rises meanwhile is not
 *  foreseen. */
uint64_t msock__pace_deadline(const struct msock__pace *pace, size_t size);

/** The same for a frame that is sent again. */
uint64_t msock__pace_repair_deadline(const struct msock__pace *pace,
                                     size_t size);

#endif
