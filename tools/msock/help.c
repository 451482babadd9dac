/* SPDX-License-Identifier: Apache-2.0 */
/* The help of a verb, made from its table. */
#include "tools/msock/json_out.h"
#include "tools/msock/verb.h"
#include "tools/msock/wrap.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_COLUMN = 21 };

static void out_text(struct cli_buffer *out, const char *text)
{
    json_out(out, text, strlen(text));
}

/* Goes on at the column, on the next line if the text before is too long. */
static void to_column(struct cli_buffer *out, size_t begin, size_t column)
{
    if (out->size - begin >= column) {
        out_text(out, "\n");
        begin = out->size;
    }
    for (size_t at = out->size - begin; at < column; at++) {
        out_text(out, " ");
    }
}

static void out_option(const struct verb_option *option, void *user)
{
    struct cli_buffer *out = user;
    bool letter = option->id < CLI_KEY_FILE;
    size_t begin = out->size;

    if (letter) {
        json_out_format(out, "  -%c%s", option->id, option->name ? ", " : "");
    } else {
        out_text(out, "      ");
    }
    if (option->name) {
        json_out_format(out, "--%s", option->name);
    }
    if (option->value) {
        json_out_format(out, " %s", option->value);
    }
    to_column(out, begin, TEXT_COLUMN);
    wrap_text(out, option->text, TEXT_COLUMN);
}

static void out_forms(struct cli_buffer *out, const struct verb *verb)
{
    const char *before = "usage:";

    for (const char *const *form = verb->forms; *form; form++) {
        size_t begin = out->size;
        json_out_format(out, "%s msock %s%s", before, verb->name,
                        **form ? " " : "");
        wrap_text(out, *form, out->size - begin);
        before = "      ";
    }
}

static void out_subverbs(struct cli_buffer *out, const struct verb *verb)
{
    for (const struct verb *const *sub = verb->verbs; *sub; sub++) {
        size_t begin = out->size;
        json_out_format(out, "  %s", verb_word(*sub));
        to_column(out, begin, TEXT_COLUMN);
        wrap_text(out, (*sub)->summary, TEXT_COLUMN);
    }
    json_out_format(out, "\nmsock %s WORD -h says more.\n", verb->name);
}

int verb_print_help(const struct verb *verb)
{
    struct cli_buffer out = {0};

    out_forms(&out, verb);
    wrap_text(&out, verb->text, 0);
    out_text(&out, "\n");
    if (verb->verbs) {
        out_subverbs(&out, verb);
    } else {
        verb_each_option(verb, out_option, &out);
    }
    json_out(&out, "", 1);
    int code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}
