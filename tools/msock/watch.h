/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share that only look at what goes by: they observe, and tell
 * what they found every second or at the end. */
#ifndef MSOCK_TOOLS_WATCH_H
#define MSOCK_TOOLS_WATCH_H

#include "tools/msock/verb.h"

#include <stdint.h>

struct watch {
    struct cli_channel names;
    const struct verb *verb;
    double wait_s; /* 0: until a signal */
    bool json;     /* one object a line */
    char **filters;
    int filter_count; /* 0: everything */
    bool each_second; /* tell then, not at the end only */

    /** A message matches; only the first of several filters shows it, and none
     *  after it set `enough`. */
    void (*on_message)(struct watch *watch, const msock_message *message);

    /** Prints what was found; `now_ms` as turn_now_ms(). The last call has
     *  `end` set.  Returns CLI_OK, or CLI_FAILURE having told why. */
    int (*tell)(struct watch *watch, int64_t now_ms, bool end);

    void *user;
    int64_t began_ms; /* when it was subscribed */
    msock_channel *channel;
    int exit;
    bool failed; /* what came could not be noted: end */
    bool enough; /* no more is wanted: end */
    bool waited; /* it ended by -W */
};

/** The options that all of them have; watch->verb ends its table with them. */
#define WATCH_OPTION_WAIT(text)                                                \
    {                                                                          \
        'W', "wait", "S", text, VERB_ANYTHING                                  \
    }
#define WATCH_OPTION_JSON                                                      \
    {                                                                          \
        WATCH_JSON, "json", NULL, "an object a line", VERB_ANYTHING            \
    }
enum { WATCH_JSON = CLI_OWN };

/** Reads the options, and FILTER... (none: "#", if `all`).  Returns CLI_OK, or
 * the exit code with which to end now; *ended says that this is so even if the
 * code is CLI_OK. */
int watch_options(struct watch *watch, int argc, char **argv, bool all,
                  bool *ended);

/** Ends the line in *out, the last one if `end`, prints and frees it.  Returns
 *  as watch->tell(). */
int watch_print(struct cli_buffer *out, bool json, bool end);

/** Listens until it ends.  Returns the exit code: CLI_TIMEOUT only if tell()
 *  says so: to most the end of -W is what was asked for. */
int watch_run(struct watch *watch);

#endif
