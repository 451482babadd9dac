/* SPDX-License-Identifier: Apache-2.0 */
/* A verb as a table: its options once, from which come their parsing, --help,
 * the manual page and the shells' completions, so that none of these can
 * differ from another.
 *
 * Texts are paragraphs with an empty line between them, which are wrapped where
 * they are shown; a line that begins with a blank stands as it is. */
#ifndef MSOCK_TOOLS_VERB_H
#define MSOCK_TOOLS_VERB_H

#include "tools/msock/cli.h"

#include <stdbool.h>

/* What shells offer for a value. */
enum verb_value {
    VERB_ANYTHING, /* nothing is offered */
    VERB_FILE,
    VERB_DIRECTORY,
    VERB_CONTEXT, /* names of `msock context ls` */
    VERB_CHOICE   /* the words of `value`, "a|b|c" */
};

/* An option; a table of them ends with {0}. */
struct verb_option {
    int id;            /* its letter, or a number from CLI_OWN on */
    const char *name;  /* long, without the dashes; NULL: only a letter */
    const char *value; /* what its value is called ("MS"), NULL: has none */
    const char *text;  /* what it does; the default in brackets at the end */
    enum verb_value offers;
};

/* A section of the manual page that --help does not show; a table of them ends
 * with {0}. */
struct verb_section {
    const char *title; /* "Examples", in the manual page in capitals */
    const char *text;
};

struct verb {
    const char *name;         /* "sub", or of a subverb "key rotate" */
    const char *summary;      /* no capital, no full stop */
    const char *const *forms; /* what follows the name, one or several; ends
                                 with NULL */
    const char *text;         /* what it does, for --help and manual page */
    const struct verb_option *options;   /* NULL: none */
    const struct verb_section *sections; /* NULL: none */
    const struct verb *const *verbs;     /* subverbs, ends with NULL; or NULL */
    bool channel;                        /* takes the options of a channel */
    int (*run)(int argc, char **argv);   /* argv[0]: the last word of the name;
                                            NULL: it only has subverbs */
};

/** The options of a channel, for cli_channel_take(). */
extern const struct verb_option cli_channel_options[];

/** Takes an option: `id` of the table and its value, NULL if it has none.
 *  Returns CLI_OK, or CLI_USAGE after having told why. */
typedef int verb_take(void *user, int id, const char *value);

/** Reads the options of argv: of a channel into `names` (NULL: the verb takes
 *  none of those), -h by printing the help, and the others by `take` (NULL: it
 *  has none). What is no option stands in argv from optind on.  Returns CLI_OK,
 *  or the exit code with which to end now; *ended says that this is so even if
 *  the code is CLI_OK. */
int verb_options(const struct verb *verb, int argc, char **argv,
                 struct cli_channel *names, verb_take *take, void *user,
                 bool *ended);

/** Runs the subverb that argv[1] names, or prints the help for -h.  Returns
 *  the exit code. */
int verb_run_sub(const struct verb *verb, int argc, char **argv);

/** Returns the verb or subverb of the table with this last word, or NULL. */
const struct verb *verb_find(const struct verb *const *verbs, const char *word);

/** Tells that no verb of the table has this word, and which may be meant;
 * `after` is what stands before it, "" or "key".  Returns CLI_USAGE. */
int verb_unknown(const struct verb *const *verbs, const char *after,
                 const char *word);

/** Returns the last word of the verb's name. */
const char *verb_word(const struct verb *verb);

/** Calls `each` for the options of the verb in the order in which they are
 *  shown: its own, those of a channel, --help. */
void verb_each_option(const struct verb *verb,
                      void (*each)(const struct verb_option *option,
                                   void *user),
                      void *user);

/** Prints the help of a verb.  Returns as cli_print(). */
int verb_print_help(const struct verb *verb);

#endif
