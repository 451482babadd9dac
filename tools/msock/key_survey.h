/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes of a channel hold which keys of a file, by asking them.
 *
 * Nodes that share a key with us hear us only if we seal with it. So there is
 * one channel for each key of the file, which seals with that key and opens
 * with all; whoever answers it (docs/protocol.md 6) holds the key, and proves
 * it. A node that holds none of the keys cannot be seen.
 *
 * Any member may bear any name, unless there is a trust file: then a name
 * counts if its own key vouches for it, and no other does. */
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
    bool proved;       /* its key of the trust file vouches for its name */
    bool counts;       /* somebody whom nothing may be lost to */
};

struct key_survey {
    const struct key_call *call; /* whose --except names do not count */
    bool trusts;                 /* there is a trust file */
    msock_channel *channels[MSOCK_KEYS_MAX]; /* by key; NULL: closed */
    struct key_memory files[MSOCK_KEYS_MAX]; /* of these */
    char ids[MSOCK_KEYS_MAX][MSOCK_KEY_ID_SIZE];
    int key_count;
    struct key_node *nodes; /* by name */
    size_t node_count;
    size_t node_room;
    int failed; /* an exit code, CLI_OK if all went well */
};

/** Opens the channels and listens until every node that is up must have been
 *  heard.  Returns CLI_OK, or another exit code after having told why; either
 *  way the survey is to be closed. */
int key_survey_all(struct key_survey *survey, const struct key_call *call);

/** Runs the channels for a while and looks at who is up then.  Returns as
 *  key_survey_all(). */
int key_survey_run(struct key_survey *survey, uint64_t duration_ms);

/** Returns the index of a key by its id, -1 if the file has no such key. */
int key_survey_find(const struct key_survey *survey, const char *id);

/** Closes the channel that seals with a key, if it is open. */
void key_survey_leave(struct key_survey *survey, int key);

/** Returns how many of them count. */
size_t key_survey_count(const struct key_survey *survey);

/** Tells on standard error which nodes that count lack a key.  Returns their
 *  number. */
size_t key_survey_tell_lacking(const struct key_survey *survey, int key);

void key_survey_close(struct key_survey *survey);

#endif
