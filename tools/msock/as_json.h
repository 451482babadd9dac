/* SPDX-License-Identifier: Apache-2.0 */
/* Data as the user wrote it, as JSON. */
#ifndef MSOCK_TOOLS_AS_JSON_H
#define MSOCK_TOOLS_AS_JSON_H

#include "tools/msock/cli.h"

/** Points *json at the text if that is JSON, else at a JSON string in `quoted`,
 *  of `size` bytes and a NUL. Says, of the first text that *noted does not know
 *  of, that it will not be what it looks like.
 *  Returns 0, or an error code after having told why. */
int as_json(const char *text, size_t size, struct cli_buffer *quoted,
            bool *noted, const char **json);

/** Points *json at the text as a JSON string in `quoted`, whatever it is.
 *  Returns as as_json(). */
int as_json_string(const char *text, size_t size, struct cli_buffer *quoted,
                   const char **json);

/** The same, and tells nothing but that memory is short: MSOCK_EJSON of what is
 *  not UTF-8, or has a NUL. */
int as_json_try(const char *text, size_t size, struct cli_buffer *quoted,
                const char **json);

#endif
