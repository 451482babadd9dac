/* SPDX-License-Identifier: Apache-2.0 */
/* msock pub --confirm: who acted on the message, a line for each node as soon
 * as it is known, and one for all. */
#ifndef MSOCK_TOOLS_PUB_CONFIRM_H
#define MSOCK_TOOLS_PUB_CONFIRM_H

#include <multisock/multisock.h>
#include <stdbool.h>

struct pub_confirm {
    bool wanted;
    bool json;            /* an object a line */
    unsigned deadline_ms; /* 0: the usual one */
    unsigned expect;      /* so many have to act; 0: all who were heard */
    unsigned acted;       /* so many did, expected by the channel or not */
    bool ended;           /* all is told, and ... */
    bool complete;        /* ... everybody acted, and as many as expected */
    bool failed;          /* it could not be printed */
};

/** Reads --deadline.  Returns CLI_OK, or CLI_USAGE after having told why. */
int pub_confirm_deadline(struct pub_confirm *confirm, const char *text);

/** Reads --expect.  Returns as pub_confirm_deadline(). */
int pub_confirm_expect(struct pub_confirm *confirm, const char *text);

/** Holds its options together; `one`: a single message is published.  Returns
 * as pub_confirm_deadline(). */
int pub_confirm_check(const struct pub_confirm *confirm, bool one);

/** Whether what each node that is up listens to is known. */
bool pub_confirm_knows(msock_channel *channel);

/** Publishes as msock_publish(), which confirm is told of. */
int pub_confirm_publish(struct pub_confirm *confirm, msock_channel *channel,
                        const char *topic, const char *json,
                        const msock_publish_options *how);

#endif
