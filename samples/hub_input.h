/* SPDX-License-Identifier: Apache-2.0 */
/* Where a hub's commands come from: its arguments, or lines of standard
 * input. */
#ifndef SAMPLES_HUB_INPUT_H
#define SAMPLES_HUB_INPUT_H

#include <stdbool.h>
#include <stddef.h>

enum { HUB_LINE_SIZE = 256 }; /* what exceeds it is a line of its own */

struct hub_input {
    char *const *words; /* what is left of the arguments */
    int word_count;
    bool interactive; /* standard input */
    bool end;         /* nothing more to read */
    char buffer[HUB_LINE_SIZE];
    size_t size;
};

/** Reads once from standard input, which has something. */
void hub_input_read(struct hub_input *input);

/** Takes the next command, if it is there.  Returns whether it is. */
bool hub_input_next(struct hub_input *input, char line[static HUB_LINE_SIZE]);

#endif
