/* SPDX-License-Identifier: Apache-2.0 */
/* Text broken into lines.
 *
 * Texts are paragraphs with an empty line between them. Words go on until a
 * line is full; a newline ends a line all the same; a line that begins with a
 * blank stands as it is. */
#ifndef MSOCK_TOOLS_WRAP_H
#define MSOCK_TOOLS_WRAP_H

#include "tools/msock/cli.h"

enum { WRAP_WIDTH = 79 };

/** Appends the text, its lines beginning `indent` columns from the left, but
 *  the first at once: the caller has written so much. It ends with a newline.
 *  When memory is short, out->failed is set. */
void wrap_text(struct cli_buffer *out, const char *text, size_t indent);

#endif
