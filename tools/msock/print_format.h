/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of -F, as mosquitto_sub(1) has them: % for what a message has, @
 * for the time in the letters of strftime(3), \ for characters. */
#ifndef MSOCK_TOOLS_PRINT_FORMAT_H
#define MSOCK_TOOLS_PRINT_FORMAT_H

#include "tools/msock/cli.h"

enum { PRINT_FORMAT_WIDTH_MAX = 9999 };

/** A message, and what of it is its payload: the text of a JSON string, other
 *  JSON as it is, raw bytes, nothing of a message without data. */
struct print_formatted {
    const msock_message *message;
    const char *payload;
    size_t payload_size;
    bool safe; /* what comes from the network is escaped */
};

/** Looks whether a format is right.  Returns CLI_OK, or CLI_USAGE after having
 *  told why. */
int print_format_check(const char *format);

/** Appends what the format, which is right, makes of the message now; as
 *  json_out.h. Of %J of bytes that are no JSON nothing comes, which is told. */
void print_format(struct cli_buffer *out, const char *format,
                  const struct print_formatted *formatted);

#endif
