/* SPDX-License-Identifier: Apache-2.0 */
/* Last wills in the book of a simulation: each life leaves one, and
 *
 *     never for nothing   a will is heard of a session that was up, right
 *                         before it is down
 *     never twice         unless the session came up again in between
 *     never forgotten     who goes without a bye has its will heard by whoever
 *                         knew it (on sealed channels: on open ones a stranger
 *                         may say bye) */
#ifndef MSOCK_TESTS_SIM_WILLS_H
#define MSOCK_TESTS_SIM_WILLS_H

#include "tests/sim/ledger.h"

/** Their topic, which `#` does not match. */
#define WILLS_TOPIC "$will"

enum { WILLS_TEXT_SIZE = 16 };

/** Writes what a life has others say. */
void wills_write(const struct life *life, char text[static WILLS_TEXT_SIZE]);

/** A will was delivered: checks it. */
void wills_hear(struct ledger *ledger, struct life *life,
                const msock_message *message);

/** A life is told that a session of another is down. */
void wills_down(struct ledger *ledger, const struct life *life,
                const struct life *gone, uint64_t session);

#endif
