/* SPDX-License-Identifier: Apache-2.0 */
/* What a driver asks its process for: times, random bytes, and whether it was
 * forked. */
#ifndef MSOCK_TRANSPORT_PROCESS_H
#define MSOCK_TRANSPORT_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/** Fills with bytes of the system's random source.  Thread: any. */
void msock__process_random(void *bytes, size_t size);

/** Monotonic time that counts suspend, in us.  Thread: any. */
uint64_t msock__process_now(void);

/** The wall clock, in ms since 1970; it may be set at any time.  Thread: any.
 */
uint64_t msock__process_wall(void);

/** A number that is another one in every child of fork(2). A look costs no
 *  system call, and unlike a process id it does not come back.  Thread: any. */
unsigned msock__process_generation(void);

#endif
