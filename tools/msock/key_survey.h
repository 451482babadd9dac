/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes of a channel hold which keys of a file, by asking them.
 *
 * Nodes that share a key with us hear us only if we seal with it. So there is
 * one channel for each key of the file, which seals with that key and opens
 * with all; whoever answers it (docs/protocol.md 6) holds the key, and proves
 * it. A node that holds none of the keys cannot be seen. */
#ifndef MSOCK_TOOLS_KEY_SURVEY_H
#define MSOCK_TOOLS_KEY_SURVEY_H

#include "tools/msock/key.h"
#include "tools/msock/key_memory.h"

#include <stdint.h>

/** A session of another node that is up. */
struct key_node {
    char name[MSOCK_NAME_MAX + 1];
    uint64_t session;
    uint64_t heard_ms; /* since its newest frame, when last looked at */
    unsigned holds;    /* keys of the file, a bit each by index */
    int seals;         /* index of its newest frame's key, -1: another */
};

struct key_survey {
    const struct key_call *call; /* whose --except names nobody knows */
    msock_channel *channels[MSOCK_KEYS_MAX]; /* by key; NULL: closed */
    struct key_memory files[MSOCK_KEYS_MAX]; /* of these */
    char ids[MSOCK_KEYS_MAX][MSOCK_KEY_ID_SIZE];
    int key_count;
    struct key_node *nodes; /* by name */
    size_t node_count;
    size_t node_room;
    int failed; /* an exit code, CLI_OK if all went well */
};

/** Opens the channels.  Returns CLI_OK, or another exit code after having told
 *  why; either way the survey is to be closed. */
int key_survey_open(struct key_survey *survey, const struct key_call *call);

/** Runs the channels for a while and looks at who is up then.  Returns as
 *  key_survey_open(). */
int key_survey_run(struct key_survey *survey, uint64_t duration_ms);

/** How long to run until an idle node was heard and asked. */
uint64_t key_survey_patience_ms(const struct key_survey *survey);

/** Returns the index of a key by its id, -1 if the file has no such key. */
int key_survey_find(const struct key_survey *survey, const char *id);

/** Closes the channel that seals with a key, if it is open. */
void key_survey_leave(struct key_survey *survey, int key);

/** Tells on standard error which nodes lack a key.  Returns their number. */
size_t key_survey_tell_lacking(const struct key_survey *survey, int key);

void key_survey_close(struct key_survey *survey);

#endif
