/* SPDX-License-Identifier: Apache-2.0 */
/* msock key retire: waits until a key is used no more, and takes it out. */
#include "tools/msock/key_doubts.h"
#include "tools/msock/key_survey.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 250, HISTORY_MS = 10000, LATE_MS = 5000 };

/* Returns how many nodes that count seal with the key. */
static size_t users_of(const struct key_survey *survey, int key)
{
    size_t count = 0;

    for (size_t i = 0; i < survey->node_count; i++) {
        count += survey->nodes[i].counts && survey->nodes[i].seals == key;
    }
    return count;
}

/* Names them.  Returns CLI_FAILURE. */
static int tell_users(const struct key_survey *survey, int key)
{
    for (size_t i = 0; i < survey->node_count; i++) {
        if (survey->nodes[i].counts && survey->nodes[i].seals == key) {
            cli_error("%s still seals with %s", survey->nodes[i].name,
                      survey->ids[key]);
        }
    }
    return cli_error("nothing was retired in %u s: push or copy the file to "
                     "them, leave them out with --except, wait longer with "
                     "--timeout, or --force",
                     survey->call->timeout_s);
}

/* When a frame is too old to be asked for: after history_ms, which all nodes
 * of a channel have alike and the URL tells, and 5 s. */
static uint64_t too_old_ms(const struct key_call *call)
{
    static const char key[] = "history_ms=";
    const char *at = cli_channel_url(&call->channel);

    while (at && (at = strstr(at, key)) && at[-1] != '?' && at[-1] != '&') {
        at += sizeof(key) - 1;
    }
    /* msock_open() took it: it is a number. */
    return LATE_MS + (at ? strtoull(at + sizeof(key) - 1, NULL, 10)
                         : (uint64_t)HISTORY_MS);
}

/* Waits until no node seals with the key, and what was is too old to be asked
 * for. Whoever still does after a while may never end. */
static int wait_until_unused(struct key_survey *survey, int key)
{
    const uint64_t most_ms = 1000 * (uint64_t)survey->call->timeout_s;
    const uint64_t end_ms = too_old_ms(survey->call);
    uint64_t waited_ms = 0, age_ms = 0;
    size_t told = 0;
    int code = CLI_OK;

    /* We ourselves no longer seal with it. */
    key_survey_leave(survey, key);
    cli_error("waiting until nothing under %s came for %.1f s",
              survey->ids[key], (double)end_ms / 1000.0);
    while (code == CLI_OK && age_ms < end_ms) {
        code = key_survey_run(survey, LOOK_MS);
        size_t users = users_of(survey, key);
        waited_ms += LOOK_MS;
        age_ms = users > 0 ? 0 : age_ms + LOOK_MS;
        if (code == CLI_OK && users > 0 && waited_ms >= most_ms) {
            return tell_users(survey, key);
        }
        if (users != told && users > 0) {
            cli_error("nodes that seal with %s: %zu; waiting", survey->ids[key],
                      users);
        }
        told = users;
    }
    return code;
}

static int wait_for_nodes(const struct key_call *call)
{
    struct key_survey survey = {0};
    int code = key_survey_asked(&survey, call);

    if (code == CLI_OK && key_survey_tell_lacking(&survey, 0) > 0) {
        code = cli_error("they would hear nothing more: copy or push the file "
                         "to them, leave them out with --except, or --force");
    }
    int key = key_survey_find(&survey, call->id);
    if (code == CLI_OK && key > 0) {
        code = wait_until_unused(&survey, key);
    }
    key_survey_close(&survey);
    return code;
}

int key_retire(const struct key_call *call)
{
    msock_ring *ring;
    int code = key_load(&ring, call);
    int index = code == CLI_OK ? key_find(ring, call) : -1;

    if (index == 0) {
        cli_error("%s seals: have another do so first, by rotate --switch",
                  call->id);
    }
    if (code == CLI_OK) {
        msock_ring_free(ring);
    }
    if (index <= 0) {
        return CLI_FAILURE;
    }
    if (!call->force && !cli_channel_url(&call->channel)) {
        return cli_error("nodes may still seal with the key: name the channel "
                         "with -c to have them asked, or --force");
    }
    code = call->force ? CLI_OK : wait_for_nodes(call);
    return code == CLI_OK ? key_remove(call) : code;
}
