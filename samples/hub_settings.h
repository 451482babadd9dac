/* SPDX-License-Identifier: Apache-2.0 */
/* How a hub was called. */
#ifndef SAMPLES_HUB_SETTINGS_H
#define SAMPLES_HUB_SETTINGS_H

#include "samples/surroundings.h"

#include <stddef.h>

enum { HUB_LOADS_MAX = 16 };

struct hub_settings {
    struct surroundings at;
    const char *plugins;
    char *loads[HUB_LOADS_MAX]; /* NAME or NAME=JSON */
    size_t load_count;
    unsigned expect;    /* nodes that shall be there and act; 0: not known */
    unsigned wait_ms;   /* for nodes at the start, and for their answers */
    char *const *words; /* commands */
    int word_count;
};

/** Reads options, commands and environment over what is set; all text stays the
 *  caller's.  Returns -1 to go on, or the exit status with which to end, having
 *  told why. */
int hub_settings_read(struct hub_settings *settings, int argc, char **argv);

#endif
