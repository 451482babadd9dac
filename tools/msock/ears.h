/* SPDX-License-Identifier: Apache-2.0 */
/* What a verb hears that looks on: each message once, even if several of its
 * filters match. It only observes: nobody waits for what it does. */
#ifndef MSOCK_TOOLS_EARS_H
#define MSOCK_TOOLS_EARS_H

#include <multisock/multisock.h>

/** One of its subscriptions. */
struct ear;

/** All but the last is the caller's, and stays as it is until ears_close(). */
struct ears {
    char *const *filters;
    int filter_count; /* 0: everything */
    void (*on_message)(const msock_message *message, void *user);
    void *user;
    struct ear *list;
};

/** Subscribes.  Returns 0 or an error code. */
int ears_open(struct ears *ears, msock_channel *channel);

/** Frees what it holds, once the channel calls nobody any more; harmless if it
 *  was not opened. */
void ears_close(struct ears *ears);

#endif
