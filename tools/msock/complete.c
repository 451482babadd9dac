/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of completions share. */
#include "tools/msock/complete.h"

#include "tools/msock/json_out.h"
#include "tools/msock/verbs.h"

#include <string.h>

void complete_out(struct cli_buffer *out, const char *text)
{
    json_out(out, text, strlen(text));
}

void complete_short(struct cli_buffer *out, const char *text)
{
    size_t size = strcspn(text, ";:([{.\n");

    while (size > 0 && strchr(", ", text[size - 1])) {
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        if (!strchr("'\"`$\\]}", text[i])) {
            json_out(out, &text[i], 1);
        }
    }
}

void complete_each(void (*each)(struct cli_buffer *out,
                                const struct verb *verb),
                   struct cli_buffer *out)
{
    for (const struct verb *const *verb = verbs_all; *verb; verb++) {
        const struct verb *const *sub = (*verb)->verbs;
        if (!sub) {
            each(out, *verb);
        }
        for (; sub && *sub; sub++) {
            each(out, *sub);
        }
    }
}
