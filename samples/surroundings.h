/* SPDX-License-Identifier: Apache-2.0 */
/* How hub, node and sensor find their channel: --name, --key-file and
 * --channel, which they all have, and where the command line names none,
 * $MSOCK_CHANNEL and $MSOCK_KEY_FILE, as for msock. */
#ifndef SAMPLES_SURROUNDINGS_H
#define SAMPLES_SURROUNDINGS_H

#include <getopt.h>
#include <stdbool.h>

enum { SURROUNDINGS_MORE_MAX = 8 };

struct surroundings {
    const char *name;
    const char *key_file; /* NULL: none */
    const char *url;      /* NULL: the default channel */
};

/** Reads the next option, as getopt_long(), and takes those that all have.
 *  `more` are the program's own ones, at most SURROUNDINGS_MORE_MAX, with an
 *  empty one at the end; the text of all stays the caller's.
 *  Returns the letter of one of these (its value is `optarg`), 'h' for --help,
 *  '?' for what is none of them, having told so, or -1 at the end. */
int surroundings_next(struct surroundings *surroundings, int argc, char **argv,
                      const struct option *more);

/** Completes what the options named by the environment.
 *  Returns true; or false, after having told it under `program`, if the key
 *  file has no name: without a key the channel would be open to anybody. */
bool surroundings_complete(struct surroundings *surroundings,
                           const char *program);

/** Says whether a channel so opened has a key. */
bool is_sealed(const struct surroundings *surroundings);

#endif
