/* SPDX-License-Identifier: Apache-2.0 */
/* A store of states in a folder, for tests of it. */
#include "tests/plugins/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char shelf_folder[FOLDER_PATH_SIZE];
char shelf_path[FOLDER_PATH_SIZE];
char shelf_reason[MSOCK__STORE_REASON_SIZE];

static char text[SHELF_TEXT_SIZE];

void shelf_set_up(void)
{
    folder_make(shelf_folder);
    folder_path(shelf_path, shelf_folder, "states.db");
}

void shelf_tear_down(void)
{
    folder_remove(shelf_folder);
}

struct msock__store *shelf_open(void)
{
    struct msock__store *store;
    int result =
        msock__store_open(&store, shelf_path, SHELF_BYTES_MAX, shelf_reason);
    if (result < 0 || shelf_reason[0] != '\0') {
        fprintf(stderr, "opening the store: %d %s\n", result, shelf_reason);
        abort();
    }
    return store;
}

int shelf_put(struct msock__store *store, const char *topic, uint64_t version,
              char session, const char *data)
{
    uint8_t bytes[MSOCK__STORE_SESSION_SIZE];
    memset(bytes, session, sizeof bytes);
    const struct msock__kept state = {
        .topic = topic,
        .topic_size = strlen(topic),
        .owner = "n",
        .owner_size = 1,
        .data = data,
        .data_size = data != NULL ? strlen(data) : 0,
        .version = version,
        .session = bytes,
        .time_s = 1000000,
    };
    return msock__store_put(store, &state);
}

static bool add_line(const struct msock__kept *state, void *user)
{
    size_t used = strlen(text);
    (void)user;
    snprintf(text + used, sizeof text - used, "%s %llu %c %s\n", state->topic,
             (unsigned long long)state->version, state->session[0],
             state->data != NULL ? state->data : "-");
    return true;
}

const char *shelf_text(struct msock__store *store)
{
    text[0] = '\0';
    if (msock__store_each(store, add_line, NULL) < 0) {
        snprintf(text, sizeof text, "cannot be read: %s",
                 msock__store_reason(store));
    }
    return text;
}

const char *shelf_look(const char *path)
{
    struct msock__store *store;
    if (msock__store_open(&store, path, SHELF_BYTES_MAX, shelf_reason) < 0) {
        return NULL;
    }
    const char *found = shelf_text(store);
    msock__store_close(store);
    return found;
}
