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

/* Prints the help of a verb, or of one of its words. */
static int print_help(char **words, int count)
{
    const struct verb *verb = verb_find(verbs_all, words[0]);

    if (!verb) {
        return verb_unknown(verbs_all, "", words[0]);
    }
    if (count == 1) {
        return verb_print_help(verb);
    }
    if (!verb->verbs) {
        return cli_usage("%s: there are no words after %s; see msock %s -h",
                         words[1], verb->name, verb->name);
    }
    const struct verb *sub = verb_find(verb->verbs, words[1]);
    return sub ? verb_print_help(sub)
               : verb_unknown(verb->verbs, verb->name, words[1]);
}

static int print(const struct call *call, char **words, int count)
{
    bool examples_wanted = count > 0 && strcmp(words[0], "examples") == 0;
    bool alone = call->names || call->page;

    if (count > (alone ? 0 : examples_wanted ? 1 : 2)) {
        return cli_usage("%s is one word too many; see msock help -h",
                         words[count - 1]);
    }
    if (call->names) {
        return print_names();
    }
    if (call->page) {
        const struct verb *verb = verb_find(verbs_all, call->page);
        return verb ? mdoc_print(verb)
                    : verb_unknown(verbs_all, "", call->page);
    }
    if (count == 0) {
        return print_verbs();
    }
    return examples_wanted ? cli_print(examples) : print_help(words, count);
}

static int help(int argc, char **argv)
{
    struct call call = {0};
    bool ended = false;
    int code = verb_options(&verb_help, argc, argv, NULL, take, &call, &ended);

    return ended ? code : print(&call, argv + optind, argc - optind);
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
