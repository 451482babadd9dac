/* SPDX-License-Identifier: Apache-2.0 */
/* Says which interfaces a channel waits for. */
#ifndef MSOCK_TOOLS_UNJOINED_H
#define MSOCK_TOOLS_UNJOINED_H

/** Tells that no interface has joined the channel at `url` (NULL: the default),
 *  and which of those that it names do not exist; `then` is what that means.
 *  Returns CLI_FAILURE. */
int unjoined_tell(const char *url, const char *then);

#endif
