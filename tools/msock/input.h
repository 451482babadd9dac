/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a descriptor in lines as they come, or as a whole: one read(2) at a
 * time, so that the caller can poll between. Holds at most one line, or the
 * whole, of INPUT_MAX bytes, and what one read brought beyond. */
#ifndef MSOCK_TOOLS_INPUT_H
#define MSOCK_TOOLS_INPUT_H

#include "tools/msock/cli.h"

/** More than any message: 1,024 pieces of the largest datagram. */
#define INPUT_MAX ((size_t)64 << 20)

/** Zeros, a descriptor, which stays the caller's, and its name; input_fini()
 *  frees. */
struct input {
    int fd;
    const char *name;         /* as told to the user */
    bool ended;               /* the end was read */
    struct cli_buffer buffer; /* read, from `start` on not yet taken */
    size_t start;
};

/** Waits until there is something to read.  Returns as input_fill(). */
int input_wait(const struct input *input);

/** Reads once; may wait, unless poll(2) says that it does not.
 *  Returns CLI_OK, or CLI_FAILURE after having told why (a system error, over
 *  INPUT_MAX, out of memory). */
int input_fill(struct input *input);

/** Points *line at the next line that has come whole, NUL-terminated, its
 *  newline taken off; at the end also at one without newline. Valid until
 *  input_fill().  Returns whether there is one. */
bool input_line(struct input *input, char **line, size_t *size);

/** Frees what it holds. */
void input_fini(struct input *input);

#endif
