/* SPDX-License-Identifier: Apache-2.0 */
/* Options of mosquitto_pub(1), mosquitto_sub(1) and mosquitto_rr(1) that mean
 * nothing here, or something else: who writes them is told what does the same,
 * instead of being understood wrongly. */
#ifndef MSOCK_TOOLS_MOSQUITTO_H
#define MSOCK_TOOLS_MOSQUITTO_H

#include "tools/msock/verb.h"

/** Looks through the arguments of a verb before they are read.  Returns CLI_OK,
 *  or CLI_USAGE after having told what one of mosquitto's is here. */
int mosquitto_check(const struct verb *verb, int argc, char **argv);

#endif
