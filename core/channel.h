/* SPDX-License-Identifier: Apache-2.0 */
/* What the public calls of a channel check before they do anything. */
#ifndef MSOCK_CORE_CHANNEL_H
#define MSOCK_CORE_CHANNEL_H

#include <multisock/multisock.h>

/** Whether the channel takes calls, and from this thread.
 *  Returns 0, MSOCK_EBUSY, MSOCK_ECLOSED; the detail is set. */
int msock__channel_check(const msock_channel *channel);

#endif
