/* SPDX-License-Identifier: Apache-2.0 */
/* A store of states in a folder, for tests of it; failures abort. */
#ifndef MSOCK_TESTS_SHELF_H
#define MSOCK_TESTS_SHELF_H

#include "plugins/keeper/store.h"

#include "tests/plugins/folder.h"

enum { SHELF_TEXT_SIZE = 65536, SHELF_BYTES_MAX = 1 << 20 };

extern char shelf_folder[FOLDER_PATH_SIZE];
extern char shelf_path[FOLDER_PATH_SIZE]; /* of the store in it */
extern char shelf_reason[MSOCK__STORE_REASON_SIZE];

/** Makes the folder, and removes it. */
void shelf_set_up(void);
void shelf_tear_down(void);

/** Opens the store, which must work and have nothing to say. */
struct msock__store *shelf_open(void);

/** Puts a state of the node "n" into the transaction; `data` NULL: cleared. The
 *  session is 16 times the letter.  Returns as msock__store_put(). */
int shelf_put(struct msock__store *store, const char *topic, uint64_t version,
              char session, const char *data);

/** Returns all states, "TOPIC VERSION SESSION_LETTER DATA\n" each. */
const char *shelf_text(struct msock__store *store);

/** Opens the store, whatever it says, and returns its states; NULL if it does
 *  not open. */
const char *shelf_look(const char *path);

#endif
