/* SPDX-License-Identifier: Apache-2.0 */
/* The completion of fish: a line for each option of each verb. */
#include "tools/msock/complete.h"
#include "tools/msock/json_out.h"
#include "tools/msock/verbs.h"

#include <string.h>

struct writer {
    struct cli_buffer *out;
    const struct verb *verb;
};

/* Appends when it holds: the first words are those of the verb. */
static void out_when(struct cli_buffer *out, const struct verb *verb)
{
    complete_out(out, "complete -c msock -n '__msock_is ");
    complete_out(out, verb->name);
    complete_out(out, "'");
}

static void out_value(struct cli_buffer *out, const struct verb_option *option)
{
    switch (option->offers) {
    case VERB_FILE:
        complete_out(out, " -r -F");
        break;
    case VERB_DIRECTORY:
        complete_out(out, " -x -a '(__fish_complete_directories)'");
        break;
    case VERB_CONTEXT:
        complete_out(out, " -x -a '(msock context ls --names 2>/dev/null)'");
        break;
    case VERB_CHOICE:
        complete_out(out, " -x -a '");
        for (const char *at = option->value; *at != '\0'; at++) {
            json_out(out, *at == '|' ? " " : at, 1);
        }
        complete_out(out, "'");
        break;
    default:
        complete_out(out, " -x");
    }
}

static void out_option(const struct verb_option *option, void *user)
{
    const struct writer *writer = user;

    out_when(writer->out, writer->verb);
    if (option->id < CLI_KEY_FILE) {
        json_out_format(writer->out, " -s %c", option->id);
    }
    if (option->name) {
        json_out_format(writer->out, " -l %s", option->name);
    }
    if (option->value) {
        out_value(writer->out, option);
    }
    complete_out(writer->out, " -d '");
    complete_short(writer->out, option->text);
    complete_out(writer->out, "'\n");
}

static void out_verb(struct cli_buffer *out, const struct verb *verb)
{
    struct writer writer = {.out = out, .verb = verb};

    verb_each_option(verb, out_option, &writer);
}

static void out_words(struct cli_buffer *out, const struct verb *const *verbs,
                      const char *when)
{
    for (; *verbs; verbs++) {
        json_out_format(out, "complete -c msock -f -n '%s' -a %s -d '", when,
                        verb_word(*verbs));
        complete_short(out, (*verbs)->summary);
        complete_out(out, "'\n");
    }
}

void complete_fish(struct cli_buffer *out)
{
    complete_out(out,
                 "# SPDX-License-Identifier: Apache-2.0\n"
                 "# Completion of msock for fish, as `msock completion fish` "
                 "prints it.\n\n"
                 "# Whether the words so far begin with these.\n"
                 "function __msock_is\n"
                 "    set -l words (commandline -opc)\n"
                 "    set -l last (count $argv)\n"
                 "    set -e words[1]\n"
                 "    test (count $words) -ge $last; or return 1\n"
                 "    test \"$words[1..$last]\" = \"$argv\"\n"
                 "end\n\n"
                 "# Whether the words so far are these and no more.\n"
                 "function __msock_only\n"
                 "    set -l words (commandline -opc)\n"
                 "    set -e words[1]\n"
                 "    test \"$words\" = \"$argv\"\n"
                 "end\n\n");
    out_words(out, verbs_all, "__msock_only");
    for (const struct verb *const *verb = verbs_all; *verb; verb++) {
        if ((*verb)->verbs) {
            char when[64] = "__msock_only ";
            strncat(when, (*verb)->name, sizeof(when) - strlen(when) - 1);
            out_words(out, (*verb)->verbs, when);
        }
    }
    complete_each(out_verb, out);
}
