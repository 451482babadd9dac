/* SPDX-License-Identifier: Apache-2.0 */
/* JSON on several lines, for people: short objects and lists on one, others
 * with a line for each member, indented by two blanks. */
#ifndef MSOCK_TOOLS_PRETTY_H
#define MSOCK_TOOLS_PRETTY_H

#include "tools/msock/cli.h"

#include <stdint.h>

struct pretty {
    /* Characters of a text and members of a list that are shown, 0: all. */
    uint64_t most;
    struct cli_buffer *out;
    /* Empties `out` when it is over PRETTY_PIECE: much is made of deep lists.
     * Returns whether it could; nothing more is put if not. */
    bool (*flush)(struct cli_buffer *out, void *user);
    void *user;
};

enum { PRETTY_PIECE = 65536 };

/** Puts `json`, which msock_json_escape() made, without a newline at its end.
 *  Returns whether all of it was put; out->failed if memory is short. */
bool pretty_put(struct pretty *pretty, const char *json, size_t size);

#endif
