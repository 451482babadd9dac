/* SPDX-License-Identifier: Apache-2.0 */
/* What shells complete, made from the tables of the verbs: one writer for each
 * shell, and what they share. */
#ifndef MSOCK_TOOLS_COMPLETE_H
#define MSOCK_TOOLS_COMPLETE_H

#include "tools/msock/verb.h"

/** Append the script of a shell.  When memory is short, out->failed is set. */
void complete_bash(struct cli_buffer *out);
void complete_zsh(struct cli_buffer *out);
void complete_fish(struct cli_buffer *out);

/** Appends text. */
void complete_out(struct cli_buffer *out, const char *text);

/** Appends what a text says in short: up to the first semicolon, colon,
 *  bracket or parenthesis, without what a shell would read into it. */
void complete_short(struct cli_buffer *out, const char *text);

/** Calls `each` for the verbs that have options: those without subverbs, and
 *  all subverbs. */
void complete_each(void (*each)(struct cli_buffer *out,
                                const struct verb *verb),
                   struct cli_buffer *out);

#endif
