/* SPDX-License-Identifier: Apache-2.0 */
/* One reliable stream under test, its clock, and what came out of it. Frames
 * carry their counter, and every frame that comes out is checked for it. */
#ifndef TESTS_CORE_REPAIR_PROBE_H
#define TESTS_CORE_REPAIR_PROBE_H

#include "core/repair.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>

enum { MS = 1000, SECOND = 1000 * MS };

extern struct msock__repair_pool pool;
extern struct msock__dice dice;
extern struct msock__repair_round now;
extern struct msock__repair *repair;
extern struct msock__range ranges[MSOCK__NACK_MAX]; /* of the last NACK */
extern char out[4096]; /* what came out: "1 2 [3-5] 6 " */

#define CAME_OUT(text) cr_expect(eq(str, out, (char *)(text)))

/** Of a suite: a stream that begins at 1; nothing is left over. */
void probe_init(void);
void probe_fini(void);

/** Begins again at `next`. */
void open_at(uint64_t next);

/** Takes all that is in order. */
void pop_all(void);

/** Lets a frame arrive.  Returns what the stream says to it. */
int add(uint64_t counter);

/** The sender says that it holds first..last. */
void hear_range(uint64_t first, uint64_t last);

/** Somebody else asks for first..last. */
void hear_nack(uint64_t first, uint64_t last);

/** Time passes up to `at_us`; what is due on the way is looked at. */
void wait_until(uint64_t at_us);

/** Sends the NACK that is to be sent now.  Returns how many ranges. */
size_t ask(void);

/** Time passes until there is something to ask for; that is asked for.  Returns
 *  how many ranges. */
size_t wait_for_nack(void);

/** Whether range `index` of the last NACK was first..last. */
bool asked_for(size_t index, uint64_t first, uint64_t last);

/** Expects that it asks next, for one range, within these times from now. */
void expect_next_nack(uint64_t least_us, uint64_t most_us);

#endif
