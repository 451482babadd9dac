/* SPDX-License-Identifier: Apache-2.0 */
/* The options of msock pub that say how a message is delivered. */
#ifndef MSOCK_TOOLS_PUB_HOW_H
#define MSOCK_TOOLS_PUB_HOW_H

#include <multisock/multisock.h>

/** Their numbers, behind whatever the verb has besides. */
enum pub_how {
    PUB_RELIABLE,
    PUB_COPIES,
    PUB_EXPIRES,
    PUB_AFTER,
    PUB_STATE,
    PUB_CONFLATE
};

/** Takes one of these, with its value.
 *  Returns CLI_OK, or CLI_USAGE after having told why. */
int pub_how_read(enum pub_how option, const char *value,
                 msock_publish_options *how);

/** Holds them together, so that they are refused before anything is opened or
 *  read.  Returns as pub_how_read(). */
int pub_how_check(const msock_publish_options *how);

#endif
