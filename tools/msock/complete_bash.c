/* SPDX-License-Identifier: Apache-2.0 */
/* The completion of bash: two cases, of the option before the word and of the
 * verb, and a function that uses them. */
#include "tools/msock/complete.h"
#include "tools/msock/json_out.h"
#include "tools/msock/verbs.h"

#include <string.h>

struct writer {
    struct cli_buffer *out;
    const struct verb *verb;
};

static void out_words(struct cli_buffer *out, const struct verb *const *verbs)
{
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        complete_out(out, verb == verbs ? "" : " ");
        complete_out(out, verb_word(*verb));
    }
}

/* Appends what makes the offers for the value of an option. */
static void out_offer(struct cli_buffer *out, const struct verb_option *option)
{
    switch (option->offers) {
    case VERB_FILE:
        complete_out(out, "_msock_files -f");
        break;
    case VERB_DIRECTORY:
        complete_out(out, "_msock_files -d");
        break;
    case VERB_CONTEXT:
        complete_out(out, "_msock_contexts");
        break;
    case VERB_CHOICE:
        complete_out(out, "_msock_words \"");
        for (const char *at = option->value; *at != '\0'; at++) {
            json_out(out, *at == '|' ? " " : at, 1);
        }
        complete_out(out, "\"");
        break;
    default:
        complete_out(out, ":");
    }
}

static void out_value(const struct verb_option *option, void *user)
{
    const struct writer *writer = user;
    const char *bar = "";

    if (!option->value) {
        return;
    }
    complete_out(writer->out, "    ");
    if (option->id < CLI_KEY_FILE) {
        json_out_format(writer->out, "\"%s:-%c\"", writer->verb->name,
                        option->id);
        bar = " | ";
    }
    if (option->name) {
        json_out_format(writer->out, "%s\"%s:--%s\"", bar, writer->verb->name,
                        option->name);
    }
    complete_out(writer->out, ") ");
    out_offer(writer->out, option);
    complete_out(writer->out, "; return ;;\n");
}

static void out_values(struct cli_buffer *out, const struct verb *verb)
{
    struct writer writer = {.out = out, .verb = verb};

    verb_each_option(verb, out_value, &writer);
}

static void out_name(const struct verb_option *option, void *user)
{
    if (option->id < CLI_KEY_FILE) {
        json_out_format(user, " -%c", option->id);
    }
    if (option->name) {
        json_out_format(user, " --%s", option->name);
    }
}

static void out_names(struct cli_buffer *out, const struct verb *verb)
{
    json_out_format(out, "    \"%s\") _msock_words \"", verb->name);
    verb_each_option(verb, out_name, out);
    complete_out(out, "\" ;;\n");
}

static void out_groups(struct cli_buffer *out)
{
    for (const struct verb *const *verb = verbs_all; *verb; verb++) {
        if ((*verb)->verbs) {
            json_out_format(out,
                            "    %s)\n        if ((COMP_CWORD == 2)); then",
                            (*verb)->name);
            complete_out(out, "\n            _msock_words \"");
            out_words(out, (*verb)->verbs);
            complete_out(out, " -h --help\"\n            return\n        fi\n"
                              "        verb+=\" ${COMP_WORDS[2]}\"\n"
                              "        ;;\n");
        }
    }
}

void complete_bash(struct cli_buffer *out)
{
    complete_out(
        out, "# SPDX-License-Identifier: Apache-2.0\n"
             "# Completion of msock for bash, as `msock completion bash` "
             "prints it.\n\n"
             "_msock_words()\n{\n"
             "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$word\")\n"
             "}\n\n"
             "_msock_files()\n{\n"
             "    compopt -o filenames 2>/dev/null\n"
             "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$word\")\n"
             "}\n\n"
             "# Not by compgen -W, which would run what a name says.\n"
             "_msock_contexts()\n{\n"
             "    local name\n\n"
             "    while IFS= read -r name; do\n"
             "        if [[ $name == \"$word\"* ]]; then\n"
             "            printf -v name %q \"$name\"\n"
             "            COMPREPLY+=(\"$name\")\n"
             "        fi\n"
             "    done < <(msock context ls --names 2>/dev/null)\n"
             "}\n\n"
             "_msock()\n{\n"
             "    local word=${COMP_WORDS[COMP_CWORD]}\n"
             "    local verb=${COMP_WORDS[1]}\n\n"
             "    COMPREPLY=()\n"
             "    if ((COMP_CWORD == 1)); then\n"
             "        _msock_words \"");
    out_words(out, verbs_all);
    complete_out(out, " -h --help -V --version\"\n        return\n    fi\n"
                      "    case $verb in\n");
    out_groups(out);
    complete_out(out, "    esac\n"
                      "    case \"$verb:${COMP_WORDS[COMP_CWORD - 1]}\" in\n");
    complete_each(out_values, out);
    complete_out(out, "    esac\n"
                      "    if [[ $word != -* ]]; then\n"
                      "        _msock_files -f\n"
                      "        return\n"
                      "    fi\n"
                      "    case $verb in\n");
    complete_each(out_names, out);
    complete_out(out, "    esac\n}\n\ncomplete -F _msock msock\n");
}
