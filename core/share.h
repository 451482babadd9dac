/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of a node that cannot keep up: who sends most is passed over first, so
 * that one session's flood leaves the others served (docs/protocol.md 9).
 *
 * Work is counted in units, of authentic frames alone, so nobody uses up
 * another's share. Periods last 100 ms. After two or more in a row in which the
 * node could not keep up, and that was the authentic frames' doing, and several
 * sessions sent data, no session gets more than three quarters of what the
 * greediest had; after one in which it could, the level rises by a quarter,
 * until it is gone. So it finds what the node can do, who sends little never
 * meets it, and a moment's delay cuts nobody. Time is passed in;
 * constant cost; zeroed is a start. */
#ifndef MSOCK_CORE_SHARE_H
#define MSOCK_CORE_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__SHARE_PERIOD_US = 100000,
    /* Nobody gets less: 200 small frames a period, or 40 large ones. */
    MSOCK__SHARE_LEAST = 1000,
    MSOCK__SHARE_FRAME = 4,  /* units a frame, and ... */
    MSOCK__SHARE_BYTES = 64, /* ... one for so many bytes */
    /* Forgeries a period that a session may be the victim of; some that count
     * as such are frames that the network doubled. */
    MSOCK__SHARE_FORGED_MAX = 1000,
    /* How long a siege is remembered. */
    MSOCK__SHARE_SIEGE_US = 2000000
};

/** What one session had. */
struct msock__portion {
    uint64_t period; /* when that was; 0: never */
    uint64_t used;   /* units in it */
    bool data;       /* it sent data in it */
    unsigned forged; /* frames in it that only pretended to be its */
    uint64_t loud;   /* when it was passed over, or forged, last; 0: never */
};

/** All of them. */
struct msock__share {
    uint64_t period; /* its number, from 1 */
    uint64_t until_us;
    uint64_t level;    /* units a session may have; 0: as many as it likes */
    uint64_t top;      /* the most that one had in this period */
    unsigned active;   /* sessions that sent data in it */
    uint64_t seen;     /* datagrams in it ... */
    uint64_t known;    /* ... and those that were authentic or passed over */
    bool pressed;      /* the node could not keep up in it */
    bool strained;     /* ... nor in the one before, by its members' doing */
    uint64_t siege_us; /* when it last had more than it can do; 0: never */
};

/** A datagram came. Call it first for each. */
void msock__share_see(struct msock__share *share, uint64_t now_us);

/** The node does not keep up: datagrams were lost, or wait for long. */
void msock__share_press(struct msock__share *share);

/** Whether a frame of this session is to be passed over; notes it then. */
bool msock__share_over(struct msock__share *share,
                       struct msock__portion *portion);

/** Charges a session for an authentic frame of `size` bytes. */
void msock__share_charge(struct msock__share *share,
                         struct msock__portion *portion, size_t size,
                         bool data);

/** Notes a frame that was read first as one of this session's, and was refused.
 */
void msock__share_forged(struct msock__share *share,
                         struct msock__portion *portion);

/** Whether the node has had, lately, more than it can do, of strangers or of
 *  single sessions: not merely of one busy sender. */
bool msock__share_besieged(const struct msock__share *share, uint64_t now_us);

/** Whether a session has not been passed over for a second, and was hardly ever
 *  forged: to read first what is said to be its would help the others. */
bool msock__share_quiet(const struct msock__share *share,
                        const struct msock__portion *portion);

#endif
