/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share: their table's shape, exit codes, messages to the user,
 * the options that name a channel, and a growing buffer.
 *
 * Standard output is data; everything said to the user goes to standard error,
 * as "msock: text". These functions, print.h and the logger are the only doors
 * to a terminal, and escape by themselves: tests/house/doors_test.py. */
#ifndef MSOCK_TOOLS_CLI_H
#define MSOCK_TOOLS_CLI_H

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILURE = 1,
    CLI_USAGE = 2,
    CLI_TIMEOUT = 27, /* as mosquitto_sub */
    CLI_CONFIG = 78   /* as EX_CONFIG of sysexits.h; the unit knows it */
};

#if defined(__GNUC__)
#define CLI_PRINTF __attribute__((format(printf, 1, 2)))
#else
#define CLI_PRINTF
#endif

/** Tells the user one line.  Returns CLI_FAILURE. */
CLI_PRINTF int cli_error(const char *format, ...);

/** Tells the user one line about how the program was called.  Returns
 *  CLI_USAGE. */
CLI_PRINTF int cli_usage(const char *format, ...);

/** Whether text is a topic filter. */
bool cli_is_filter(const char *text);

/** Returns the exit code for what a msock_ call returned: CLI_USAGE if an
 * address, option or name was wrong, CLI_FAILURE for other errors: also for a
 * topic or a filter that is none, as mosquitto's programs do. */
int cli_exit_of(int code);

/** Tells the user why the last msock_ call returned `code`.  Returns
 *  cli_exit_of() that. */
int cli_error_code(int code);

/** Whether what is told is read on a terminal. */
bool cli_on_terminal(void);

/** Prints `text`, lines that end with newlines, to standard output; all else
 *  that could harm a terminal is escaped.  Returns CLI_OK, or CLI_FAILURE after
 *  having told why, but for a reader that has gone. */
int cli_print(const char *text);

/** Prints one line to standard output, escaped, newlines in it too: for what
 *  came from elsewhere.  Returns as cli_print(). */
CLI_PRINTF int cli_line(const char *format, ...);

/** Whether cli_print() or cli_line() failed as who reads has gone: one that
 *  prints on and on ends well then. */
bool cli_reader_gone(void);

/** Overwrites what held a secret; the compiler cannot leave it out. */
void cli_wipe(void *memory, size_t size);

/** How a channel is named, beginning as zeros. */
struct cli_channel {
    const char *verb; /* what its node is called after, if it has no name */
    const char *url;
    const char *key_file;
    const char *name;
    const char *id_file;
    const char *trust_file;
    const char *context; /* whose values go before the environment's */
    bool quiet;          /* its warnings are not told */
    bool resolved;       /* what options leave out was looked up (config.h) */
    bool as_given;       /* it is not to be */
};

/* Options of a channel without a letter have these numbers; a verb's own begin
 * at CLI_OWN. */
enum {
    CLI_KEY_FILE = 256,
    CLI_NAME,
    CLI_ID_FILE,
    CLI_TRUST_FILE,
    CLI_CONTEXT,
    CLI_OWN
};

/** Tells what is wrong with argv after getopt_long() returned `option`, which
 *  is none of the verb, and which of its `count` long `names` may be meant.
 *  Returns CLI_USAGE. */
int cli_unknown_option(const char *verb, int option, char **argv,
                       const char *const *names, size_t count);

/** Takes an option of a channel (cli_channel_options) and its value.  Returns
 *  CLI_OK, or CLI_USAGE after having told why. */
int cli_channel_take(struct cli_channel *names, int option, const char *value);

/** Returns the URL that options, environment and configuration name, or NULL.
 */
const char *cli_channel_url(const struct cli_channel *names);

/** Whether that URL has the option `key`. */
bool cli_channel_says(const struct cli_channel *names, const char *key);

/** Looks whether the name of a file, of `what`, is a key by mistake.  Returns
 *  CLI_OK, or CLI_USAGE after having told so without showing it. */
int cli_check_file(const char *what, const char *file);

/** Opens the channel that options, environment and configuration name. Without
 * a name or an identity it is a visitor's, which disturbs no node of this host.
 * Its warnings and errors go to standard error, those of a kind ever less
 * often. Returns CLI_OK, CLI_FAILURE, or what config_apply() returns; having
 * told why. */
int cli_channel_open(msock_channel **channel, const struct cli_channel *names);

/** Bytes that grow; zeros at first; free(bytes) at the end. */
struct cli_buffer {
    char *bytes;
    size_t size;
    size_t capacity;
    bool failed; /* something could not be appended (json_out.h) */
};

/** Makes room for `capacity` bytes.  Returns CLI_OK, or CLI_FAILURE after
 *  having told that memory is short. */
int cli_buffer_reserve(struct cli_buffer *buffer, size_t capacity);

#endif
