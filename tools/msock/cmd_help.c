/* SPDX-License-Identifier: Apache-2.0 */
/* msock help: all verbs, one of them, a cheat sheet, or a manual page. */
#include "tools/msock/examples.h"
#include "tools/msock/json_out.h"
#include "tools/msock/mdoc.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { MDOC = CLI_OWN, VERBS };

struct call {
    const char *page; /* of which verb, or NULL */
    bool names;
};

static int take(void *user, int id, const char *value)
{
    struct call *call = user;

    if (id == MDOC) {
        call->page = value;
    } else {
        call->names = true;
    }
    return CLI_OK;
}

static int print_verbs(void)
{
    struct cli_buffer out = {0};

    json_out_format(&out, "usage: msock VERB ...    (msock VERB -h says more, "
                          "and msock help examples)\n");
    for (const struct verb *const *verb = verbs_all; *verb; verb++) {
        json_out_format(&out, "  %-10s  %s\n", (*verb)->name, (*verb)->summary);
    }
    json_out(&out, "", 1);
    int code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}

static int print_names(void)
{
    int code = CLI_OK;

    for (const struct verb *const *verb = verbs_all; *verb && code == CLI_OK;
         verb++) {
        code = cli_line("%s", (*verb)->name);
    }
    return code;
}

/* Has the words after help mean a verb or one of its words. */
static const struct verb *find(char **words, int count)
{
    const struct verb *verb = verb_find(verbs_all, words[0]);

    if (verb && count > 1) {
        verb = verb->verbs ? verb_find(verb->verbs, words[1]) : NULL;
    }
    return verb;
}

static int print_help(char **words, int count)
{
    if (count == 0) {
        return print_verbs();
    }
    if (strcmp(words[0], "examples") == 0) {
        return cli_print(examples);
    }
    const struct verb *verb = count <= 2 ? find(words, count) : NULL;
    if (verb && !verb->text) {
        static char option[] = "-h";
        char *arguments[] = {words[0], option, NULL};
        return verb->run(2, arguments);
    }
    if (verb) {
        return verb_print_help(verb);
    }
    return count == 1
               ? verb_unknown(verbs_all, "", words[0])
               : cli_usage("unknown verb %s; see msock help", words[count - 1]);
}

static int help(int argc, char **argv)
{
    struct call call = {0};
    bool ended = false;
    int code = verb_options(&verb_help, argc, argv, NULL, take, &call, &ended);

    if (ended) {
        return code;
    }
    if (call.names) {
        return print_names();
    }
    if (!call.page) {
        return print_help(argv + optind, argc - optind);
    }
    const struct verb *verb = verb_find(verbs_all, call.page);
    return verb && verb->text
               ? mdoc_print(verb)
               : cli_usage("unknown verb %s; see msock help", call.page);
}

static const char *const forms[] = {"[VERB [WORD]]", "examples",
                                    "--mdoc VERB | --verbs", NULL};

static const struct verb_option options[] = {
    {MDOC, "mdoc", "VERB", "print the manual page of VERB in mdoc(7)",
     VERB_ANYTHING},
    {VERBS, "verbs", NULL, "print the names of all verbs, one a line",
     VERB_ANYTHING},
    {0},
};

const struct verb verb_help = {
    .name = "help",
    .summary = "print this text, that of a verb, or examples",
    .forms = forms,
    .text = "Prints what verbs there are, the help of one of them or of one of "
            "its words, or a cheat sheet of examples.",
    .options = options,
    .run = help,
};
