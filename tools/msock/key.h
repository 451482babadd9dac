/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `key`: what its words share. Keys never stand in arguments, and only
 * `gen`, `from-passphrase` and `show --secret` print one. */
#ifndef MSOCK_TOOLS_KEY_H
#define MSOCK_TOOLS_KEY_H

#include "tools/msock/cli.h"

/** How a word of `msock key` was called. */
struct key_call {
    struct cli_channel channel;
    const char *file; /* NULL: the word takes none */
    const char *id;   /* of a key; "" if not given */
    bool json;
    bool secret;
    bool switches;
    bool force;
    int choice;         /* KEY_ALL, KEY_TO or KEY_EXCEPT; 0: none */
    const char **names; /* behind the last two */
    size_t name_count;
    unsigned timeout_s;
};

/* Options of the words. */
enum {
    KEY_JSON = CLI_OWN,
    KEY_SECRET,
    KEY_SWITCH,
    KEY_FORCE,
    KEY_ALL,
    KEY_TO,
    KEY_EXCEPT,
    KEY_TIMEOUT
};

/** Whether a name stands behind --to or --except. */
bool key_names(const struct key_call *call, const char *name);

/** The words.  Each returns an exit code. */
int key_gen(const struct key_call *call);
int key_from_passphrase(const struct key_call *call);
int key_show(const struct key_call *call);
int key_id(const struct key_call *call);
int key_rotate(const struct key_call *call);
int key_list(const struct key_call *call);
int key_retire(const struct key_call *call);
int key_push(const struct key_call *call);

/** Loads the ring of the call's file.  Returns CLI_OK, or another exit code
 *  after having told why. */
int key_load(msock_ring **ring, const struct key_call *call);

/** Returns the index of the key that the call names, or -1 after having told
 *  that there is none. */
int key_find(const msock_ring *ring, const struct key_call *call);

/** Asks the nodes of the call's channel whether they hold the key `id`.
 *  Returns CLI_OK if they do, CLI_FAILURE after having named those that do
 *  not. */
int key_check_switch(const struct key_call *call, const char *id);

/** Takes the call's key out of the file.  Returns an exit code. */
int key_remove(const struct key_call *call);

#endif
