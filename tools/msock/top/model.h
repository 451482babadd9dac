/* SPDX-License-Identifier: Apache-2.0 */
/* What goes by, topic by topic: no terminal, no channel, no clock.
 *
 * A table of TOP_TOPICS_MAX topics, about 0.5 KiB each; the messages of more
 * are counted together. Times are of turn_now_ms(). */
#ifndef MSOCK_TOOLS_TOP_MODEL_H
#define MSOCK_TOOLS_TOP_MODEL_H

#include "tools/msock/top/rate.h"

#include <multisock/multisock.h>

enum {
    TOP_TOPICS_MAX = 10000,
    TOP_VALUE_MAX = 160 /* bytes that are kept of a message's data */
};

/** A topic and its last message. */
struct top_topic {
    const char *name; /* first: by it the tree is ordered */
    size_t name_size;
    uint64_t count;
    uint64_t size; /* of topic and data, in bytes, as are the rates */
    uint64_t session;
    int64_t came_ms;
    int64_t age_ms; /* when it came, -1: not known */
    unsigned flags;
    struct rate rate;
    char sender[MSOCK_NAME_MAX + 1];
    char value[TOP_VALUE_MAX]; /* whole characters; no NUL */
    size_t value_size;
};

struct top_model {
    int64_t began_ms;
    void *tree; /* tsearch(3) */
    struct top_topic **topics;
    size_t count, capacity;
    struct rate rate;        /* of all messages */
    uint64_t messages;       /* all of them */
    struct rate others_rate; /* of topics that there was no room for */
    uint64_t others;         /* messages of those */
};

/** Takes a message. If memory is short it counts as one of the others. */
void top_model_add(struct top_model *model, const msock_message *message,
                   int64_t now_ms);

/** Frees what it holds. */
void top_model_fini(struct top_model *model);

#endif
