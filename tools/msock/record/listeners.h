/* SPDX-License-Identifier: Apache-2.0 */
/* Who would hear a recording, and obey what was said once. */
#ifndef MSOCK_TOOLS_RECORD_LISTENERS_H
#define MSOCK_TOOLS_RECORD_LISTENERS_H

#include "tools/msock/cli.h"

/** Looks who is there, and asks on the terminal before they are given orders.
 *  Returns CLI_OK if nobody is there or the answer is yes, CLI_FAILURE after
 *  having told why not. */
int listeners_ask(msock_channel *channel);

#endif
