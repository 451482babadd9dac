/* SPDX-License-Identifier: Apache-2.0 */
/* Says why messages may be missing. */
#ifndef MSOCK_TOOLS_DROPS_H
#define MSOCK_TOOLS_DROPS_H

#include <multisock/multisock.h>

/** Tells what was dropped on the way here, a line for each reason: without it,
 *  a wrong key looks like silence. */
void drops_tell(const msock_channel *channel);

#endif
