/* SPDX-License-Identifier: Apache-2.0 */
/* Data as the user wrote it, as JSON. */
#include "tools/msock/as_json.h"

#include <multisock/text.h>
#include <string.h>

/* The detail says what is wrong with the text. */
static void note_string(const char *text, bool *noted)
{
    char first = text[strspn(text, " \t\r\n")];

    if ((first == '{' || first == '[') && !*noted) {
        *noted = true;
        cli_error("note: what begins with %c is sent as a string: %s", first,
                  msock_error_detail());
    }
}

int as_json_try(const char *text, size_t size, struct cli_buffer *quoted,
                const char **json)
{
    if (cli_buffer_reserve(quoted, 6 * size + 3) != CLI_OK) {
        return MSOCK_ENOMEM;
    }
    int code = msock_json_quote(text, size, quoted->bytes, quoted->capacity);
    if (code < 0) {
        return code;
    }
    *json = quoted->bytes;
    return 0;
}

int as_json_string(const char *text, size_t size, struct cli_buffer *quoted,
                   const char **json)
{
    int code = as_json_try(text, size, quoted, json);

    if (code < 0 && code != MSOCK_ENOMEM) {
        cli_error("neither JSON nor UTF-8 text (msock pub --raw sends any "
                  "bytes): %s",
                  msock_error_detail());
    }
    return code;
}

int as_json(const char *text, size_t size, struct cli_buffer *quoted,
            bool *noted, const char **json)
{
    /* A NUL inside would cut the text silently; quoting refuses it. */
    if (strlen(text) == size) {
        if (msock_json_check(text, size) == 0) {
            *json = text;
            return 0;
        }
        note_string(text, noted);
    }
    return as_json_string(text, size, quoted, json);
}
