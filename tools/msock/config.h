/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of the command line: what names the channel of a verb, from
 * its options, the environment, the user's file and the system's, in this
 * order; multisock-config(5).
 *
 * A context is a named set of the same keys. The one in use goes before the
 * files; one that an option names goes before the environment, too. */
#ifndef MSOCK_TOOLS_CONFIG_H
#define MSOCK_TOOLS_CONFIG_H

#include "tools/msock/problems.h"

enum {
    CONFIG_PATH_MAX = 4096, /* bytes of a path, its NUL included */
    CONFIG_CONTEXTS_MAX = 256
};

enum config_key {
    CONFIG_CHANNEL,
    CONFIG_KEY_FILE,
    CONFIG_NAME,
    CONFIG_ID_FILE,
    CONFIG_TRUST_FILE,
    CONFIG_QUIET,
    CONFIG_KEYS
};

/** What a file says about a key. */
struct config_value {
    char *text;    /* owned; paths are absolute; NULL: null, the default */
    unsigned line; /* 0: it says nothing */
};

/** A named set of values. */
struct config_context {
    char *name;
    unsigned line;
    struct config_value values[CONFIG_KEYS];
};

/** One file. */
struct config_file {
    char path[CONFIG_PATH_MAX]; /* empty: there is no place for one */
    bool named;                 /* by a variable: it must be there */
    bool found;
    struct config_value values[CONFIG_KEYS];
    struct config_value context; /* the one in use */
    struct config_context *contexts;
    size_t context_count;
};

enum config_origin {
    CONFIG_DEFAULT,
    CONFIG_FLAG,
    CONFIG_ENVIRONMENT,
    CONFIG_FILE,
};

/** A value that counts, and where it is from. */
struct config_choice {
    const char *text; /* NULL: the default */
    enum config_origin origin;
    const char *file;    /* of CONFIG_FILE, */
    unsigned line;       /* likewise */
    const char *context; /* of CONFIG_FILE: the one that says it, or NULL */
};

/** All that counts; texts are borrowed from files, environment and options. */
struct config {
    struct config_file user;
    struct config_file system;
    struct config_choice context;
    struct config_choice choices[CONFIG_KEYS];
};

/** What a key is called in files, and its variable. */
struct config_word {
    const char *key;
    const char *variable;
    bool path;
};
extern const struct config_word config_words[CONFIG_KEYS];

/** Names the user's file and the system's, and says whether they must be there.
 *  Returns CLI_OK, or CLI_USAGE after having told why. */
int config_paths(struct config *config);

/** Reads a file that was named; one that may be missing says nothing. All its
 *  problems are reported, with the line of each.  Returns CLI_OK or
 *  CLI_FAILURE. */
int config_read(struct config_file *file);

/** Reads `text` as if it were the file (config_write.h); it is changed.
 *  Returns as config_read(). */
int config_read_text(struct config_file *file, char *text);

/** Returns the file's context of this name, or NULL. */
const struct config_context *config_find(const struct config_file *file,
                                         const char *name);

/** Returns which context is in use, if there is one of that name; `flag` is the
 *  value of --context, or NULL. */
struct config_choice config_in_use(const struct config *config,
                                   const char *flag);

/** Frees what it holds. */
void config_file_fini(struct config_file *file);

/** Reads both files.  Returns CLI_OK, or another exit code after having told
 *  why. */
int config_load(struct config *config);

/** Reads both files and sets in `names` what no option says; all of it stays
 *  until the program ends, as does config_get().  Returns as
 *  config_load(); unknown contexts and empty variables are CLI_USAGE. */
int config_apply(struct cli_channel *names);

/** Returns what config_apply() found. */
const struct config *config_get(void);

/** Tells that no file has this context, and which is nearest.  Returns
 *  CLI_USAGE. */
int config_unknown_context(const struct config *config, const char *where,
                           const char *name);

#endif
