/* SPDX-License-Identifier: Apache-2.0 */
/* For how long a datagram lay in its socket's buffer. The kernel's stamps are
 * wall clock, which may be set at any time; what is sure is that a datagram
 * came after its socket was last found empty. Pure but for the clocks. */
#ifndef MSOCK_TRANSPORT_ARRIVAL_H
#define MSOCK_TRANSPORT_ARRIVAL_H

#include <stdint.h>

/** Both clocks in one moment, in us. */
struct msock__clocks {
    uint64_t now_us;  /* that of msock__process_now() */
    uint64_t wall_us; /* that of the kernel's stamps */
};

/** Reads the clocks. */
struct msock__clocks msock__clocks_read(void);

/** Returns how long ago, seen from `now`, a datagram came that the kernel
 *  stamped with `stamp_us`, out of a socket that was empty at `empty`. It is
 *  exact if the wall clock was not set in between; if it was set once, it is
 *  never too long. It is within 0 and the time since `empty` in any case. */
uint64_t msock__waited(const struct msock__clocks *empty,
                       const struct msock__clocks *now, uint64_t stamp_us);

#endif
