/* SPDX-License-Identifier: Apache-2.0 */
/* The application's timers: a binary heap by due time, ties in order of start.
 * Starting and running cost O(log n), stopping O(n) (n is at most 4096). A
 * periodic timer that is late skips the periods it missed. Callbacks may start
 * and stop timers, their own too. */
#ifndef MSOCK_CORE_TIMER_H
#define MSOCK_CORE_TIMER_H

#include <multisock/multisock.h>

enum { MSOCK__TIMERS_MAX = 4096 };

struct msock__timers;

/** Returns 0, MSOCK_ENOMEM. */
int msock__timers_new(struct msock__timers **timers);

/** NULL is ignored. */
void msock__timers_free(struct msock__timers *timers);

/** Returns the id (1..2^31-1), MSOCK_EINVAL (over 2^40 ms), MSOCK_ELIMIT,
 *  MSOCK_ENOMEM. */
int msock__timers_start(struct msock__timers *timers, uint64_t now_us,
                        uint64_t delay_ms, uint64_t period_ms,
                        msock_timer_callback *callback, void *user);

/** Returns 0, MSOCK_ENOENT. */
int msock__timers_stop(struct msock__timers *timers, int id);

/** Stops all, also inside msock__timers_run(). */
void msock__timers_clear(struct msock__timers *timers);

/** Runs those due at `now_us`; one that is started meanwhile with delay 0 waits
 *  for the next call, so that a call always ends. */
void msock__timers_run(struct msock__timers *timers, uint64_t now_us,
                       msock_channel *channel);

/** When the next is due in us, UINT64_MAX if none. */
uint64_t msock__timers_deadline(const struct msock__timers *timers);

#endif
