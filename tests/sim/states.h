/* SPDX-License-Identifier: Apache-2.0 */
/* States in simulated worlds, and the checks on them:
 *
 *     nothing is invented  each value is one that its owner published there
 *     never back           of a topic, one life is only shown newer ones
 *     all agree            states_check(), once there are no faults: who wants
 *                          a topic holds the newest value that any of them has
 *
 * The data of a value says who published it: [life, number]. */
#ifndef MSOCK_TESTS_SIM_STATES_H
#define MSOCK_TESTS_SIM_STATES_H

#include "tests/sim/ledger.h"

struct world;

/** The topic of a number below STATE_TOPICS. */
const char *states_topic(unsigned index);

/** Publishes a new value of a topic, or clears it.  Returns what
 * msock_publish() does. */
int states_publish(struct life *life, unsigned topic, bool clear);

/** A life is shown a value: checks it. */
void states_hear(struct ledger *ledger, struct life *life,
                 const msock_message *message);

/** Checks that all that live agree, but forgetful ones and those who shared a
 *  session. */
void states_check(struct world *world);

#endif
