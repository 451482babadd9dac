/* SPDX-License-Identifier: Apache-2.0 */
/* Key files of a moment, for channels that are to seal or open with other keys
 * than a file says: in memory, locked where the system lets it, and gone with
 * the program however it ends. */
#ifndef MSOCK_TOOLS_KEY_MEMORY_H
#define MSOCK_TOOLS_KEY_MEMORY_H

#include "tools/msock/key.h"

enum { KEY_MEMORY_SIZE = MSOCK_KEYS_MAX * MSOCK_KEY_TEXT_SIZE };

/** A key file; zeros are none. */
struct key_memory {
    char path[32]; /* what this process alone calls it */
    char *text;
    int fd;
};

/** Makes a file of a ring's keys, in its order.  Returns CLI_OK, or CLI_FAILURE
 *  after having told why. */
int key_memory_open(struct key_memory *memory, const msock_ring *ring);

/** Wipes it; channels that were opened with it are closed before. */
void key_memory_close(struct key_memory *memory);

#endif
