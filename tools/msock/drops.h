/* SPDX-License-Identifier: Apache-2.0 */
/* Says why messages may be missing. */
#ifndef MSOCK_TOOLS_DROPS_H
#define MSOCK_TOOLS_DROPS_H

#include "tools/msock/cli.h"

#include <multisock/multisock.h>

/** Tells what was dropped on the way here, a line for each reason: without it,
 *  a wrong key looks like silence. */
void drops_tell(const msock_channel *channel);

/** Whether a drop is no loss: one's own frame, one that came again, a state
 * that another has replaced, a reply beyond those that were wanted. */
bool drops_is_usual(enum msock_counter counter);

/** Appends the same as members of a JSON object, "drop_...":COUNT with commas
 *  between, of all that are above 0 but one's own frames, looped back. */
void drops_json(const msock_channel *channel, struct cli_buffer *out);

#endif
