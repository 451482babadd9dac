/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of others, as the application sees it. */
#include "core/engine_state.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

static void describe(const struct msock__engine *engine, uint64_t now_us,
                     const struct msock__session *session,
                     char sealed_with[static MSOCK_KEY_ID_SIZE],
                     msock_node *node)
{
    uint64_t heard_us = session->heard_us < now_us ? session->heard_us : now_us;

    sealed_with[0] = '\0';
    if (engine->admission) {
        snprintf(sealed_with, MSOCK_KEY_ID_SIZE, "%08" PRIx32, session->key_id);
    }
    *node = (msock_node){.name = session->sender,
                         .session = msock__session_short(session->id),
                         .address = "",
                         .up = session->up,
                         .version = "",
                         .sealed_with = sealed_with,
                         .heard_ms = (now_us - heard_us) / 1000};
}

int msock__engine_list(struct msock__engine *engine,
                       msock_node_callback *callback, void *user)
{
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    struct msock__session *session = msock__sessions_newest(engine->sessions);
    int count = 0;

    for (; session; session = session->older) {
        char sealed_with[MSOCK_KEY_ID_SIZE];
        msock_node node;
        if (session->met && count < INT_MAX) {
            describe(engine, now_us, session, sealed_with, &node);
            count++;
            if (callback) {
                callback(engine->channel, &node, user);
            }
        }
    }
    return count;
}
