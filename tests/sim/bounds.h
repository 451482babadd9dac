/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine holds, against the bounds of its configuration: the one place
 * of the simulator that looks inside of an engine. */
#ifndef MSOCK_TESTS_SIM_BOUNDS_H
#define MSOCK_TESTS_SIM_BOUNDS_H

#include "tests/sim/report.h"

/** Checks every queue, table and buffer of a channel. */
void bounds_check(struct report *report, const msock_channel *channel);

#endif
