/* SPDX-License-Identifier: Apache-2.0 */
/* The completion of zsh: a call of _arguments for each verb. */
#include "tools/msock/complete.h"
#include "tools/msock/json_out.h"
#include "tools/msock/verbs.h"

/* Appends the name of a value, and who completes it. */
static void out_value(struct cli_buffer *out, const struct verb_option *option)
{
    static const char *const actions[] = {
        [VERB_ANYTHING] = " ",
        [VERB_FILE] = "_files",
        [VERB_DIRECTORY] = "_files -/",
        [VERB_CONTEXT] =
            "{compadd - ${(f)\"$(msock context ls --names 2>/dev/null)\"}}",
    };

    if (!option->value) {
        return;
    }
    if (option->offers == VERB_CHOICE) {
        complete_out(out, ":value:(");
        for (const char *at = option->value; *at != '\0'; at++) {
            json_out(out, *at == '|' ? " " : at, 1);
        }
        complete_out(out, ")");
        return;
    }
    complete_out(out, ":");
    complete_short(out, option->value);
    complete_out(out, ":");
    complete_out(out, actions[option->offers]);
}

static void out_spec(struct cli_buffer *out, const struct verb_option *option,
                     bool letter)
{
    complete_out(out, " \\\n            '*");
    if (letter) {
        json_out_format(out, "-%c%s", option->id, option->value ? "+" : "");
    } else {
        json_out_format(out, "--%s%s", option->name, option->value ? "=" : "");
    }
    complete_out(out, "[");
    complete_short(out, option->text);
    complete_out(out, "]");
    out_value(out, option);
    complete_out(out, "'");
}

static void out_option(const struct verb_option *option, void *user)
{
    if (option->id < CLI_KEY_FILE) {
        out_spec(user, option, true);
    }
    if (option->name) {
        out_spec(user, option, false);
    }
}

static void out_verb(struct cli_buffer *out, const struct verb *verb)
{
    json_out_format(out, "    '%s')\n        _arguments -s", verb->name);
    verb_each_option(verb, out_option, out);
    complete_out(out, " \\\n            '*:file:_files'\n        ;;\n");
}

static void out_list(struct cli_buffer *out, const struct verb *const *verbs,
                     const char *indent)
{
    for (; *verbs; verbs++) {
        complete_out(out, indent);
        json_out_format(out, "'%s:", verb_word(*verbs));
        complete_short(out, (*verbs)->summary);
        complete_out(out, "'\n");
    }
}

static void out_groups(struct cli_buffer *out)
{
    for (const struct verb *const *verb = verbs_all; *verb; verb++) {
        if ((*verb)->verbs) {
            json_out_format(out, "    %s)\n        words_of=(\n",
                            (*verb)->name);
            out_list(out, (*verb)->verbs, "            ");
            complete_out(out, "        )\n"
                              "        if ((CURRENT == 3)); then\n"
                              "            _describe 'word' words_of\n"
                              "            return\n"
                              "        fi\n"
                              "        verb=\"$verb ${words[3]}\"\n"
                              "        skip=2\n"
                              "        ;;\n");
        }
    }
}

void complete_zsh(struct cli_buffer *out)
{
    complete_out(out,
                 "#compdef msock\n"
                 "# SPDX-License-Identifier: Apache-2.0\n"
                 "# Completion of msock for zsh, as `msock completion zsh` "
                 "prints it.\n\n"
                 "_msock()\n{\n"
                 "    local verb=${words[2]} skip=1\n"
                 "    local -a verbs words_of\n\n"
                 "    verbs=(\n");
    out_list(out, verbs_all, "        ");
    complete_out(out, "    )\n"
                      "    if ((CURRENT == 2)); then\n"
                      "        _describe 'verb' verbs\n"
                      "        return\n"
                      "    fi\n"
                      "    case $verb in\n");
    out_groups(out);
    complete_out(out, "    esac\n"
                      "    shift $skip words\n"
                      "    ((CURRENT -= skip))\n"
                      "    case $verb in\n");
    complete_each(out_verb, out);
    complete_out(out, "    esac\n}\n\n"
                      "if [ \"$funcstack[1]\" = _msock ]; then\n"
                      "    _msock \"$@\"\n"
                      "else\n"
                      "    compdef _msock msock\n"
                      "fi\n");
}
