/* SPDX-License-Identifier: Apache-2.0 */
/* Text broken into lines. */
#include "tools/msock/wrap.h"

#include "tools/msock/json_out.h"

#include <string.h>

static void begin_line(struct cli_buffer *out, size_t indent)
{
    while (indent > 0) {
        json_out(out, " ", 1);
        indent--;
    }
}

/* Appends the words of a line of text that has no newline in it. */
static void wrap_line(struct cli_buffer *out, const char *text, size_t size,
                      size_t indent)
{
    const char *end = text + size;
    size_t column = indent;

    while (text < end) {
        size_t word = strcspn(text, " \n");
        if (column > indent && column + 1 + word > WRAP_WIDTH) {
            json_out(out, "\n", 1);
            begin_line(out, indent);
            column = indent;
        } else if (column > indent) {
            json_out(out, " ", 1);
            column++;
        }
        json_out(out, text, word);
        column += word;
        text += word + strspn(text + word, " ");
    }
}

void wrap_text(struct cli_buffer *out, const char *text, size_t indent)
{
    bool first = true;

    do {
        size_t size = strcspn(text, "\n");
        if (size > 0 && !first) {
            begin_line(out, indent);
        }
        if (text[0] == ' ') {
            json_out(out, text, size);
        } else {
            wrap_line(out, text, size, indent);
        }
        json_out(out, "\n", 1);
        first = false;
        text += size;
        text += *text == '\n' ? 1 : 0;
    } while (*text != '\0');
}
