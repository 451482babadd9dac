/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes that keys are pushed to: which they are, by the trust file and the
 * names that were given, and what each says of its keys. */
#ifndef MSOCK_TOOLS_PUSH_TARGETS_H
#define MSOCK_TOOLS_PUSH_TARGETS_H

#include "tools/msock/key.h"

#include <stdint.h>

/** What is known of a node, the most wanted last. */
enum push_state {
    PUSH_ABSENT, /* not up, or it has no key that this node has */
    PUSH_SILENT, /* up, and did not say yet which keys it takes */
    PUSH_LACKS,  /* without the key that is to seal */
    PUSH_WAITS,  /* it could change */
    PUSH_HAS,    /* exactly the keys of the file, in its order */
    PUSH_STATES
};

struct push_target {
    char name[MSOCK_NAME_MAX + 1];
    enum push_state state;
    bool changes;      /* it would seal with another key, or lose one */
    uint64_t heard_ms; /* of the session that the others are of */
};

struct push_targets {
    char ids[MSOCK_KEYS_MAX][MSOCK_KEY_ID_SIZE]; /* of the file's keys */
    int id_count;
    struct push_target *nodes; /* by name */
    size_t count;
    size_t room;
    bool admin; /* the node of this name may push */
    int failed; /* an exit code */
    const char *self;
};

/** Chooses the nodes that the call names, except `self` (lent).  Returns
 *  CLI_OK, CLI_FAILURE or CLI_USAGE after having told why; either way the
 *  targets are to be freed. */
int push_targets_choose(struct push_targets *targets,
                        const struct key_call *call, const msock_ring *ring,
                        const char *self);

void push_targets_free(struct push_targets *targets);

/** Asks the channel what the nodes say. */
void push_targets_look(struct push_targets *targets, msock_channel *channel);

/** Returns how many are in a state. */
size_t push_targets_in(const struct push_targets *targets,
                       enum push_state state);

/** Whether one of them would seal with another key, or lose one. */
bool push_targets_change(const struct push_targets *targets);

#endif
