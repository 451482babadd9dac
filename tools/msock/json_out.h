/* SPDX-License-Identifier: Apache-2.0 */
/* JSON written to a buffer that grows, so that nothing in it can harm a
 * terminal: what JSON would allow as it is, but a terminal would obey, is
 * escaped inside of its strings (msock_json_escape()).
 *
 * When memory is short, that is told once, out->failed is set, and nothing more
 * is appended. */
#ifndef MSOCK_TOOLS_JSON_OUT_H
#define MSOCK_TOOLS_JSON_OUT_H

#include "tools/msock/cli.h"

/** Appends bytes as they are. */
void json_out(struct cli_buffer *out, const char *text, size_t size);

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
/** Appends what printf(3) would print, at most 255 bytes of it. */
void json_out_format(struct cli_buffer *out, const char *format, ...);

/** Appends valid JSON without the white space outside of its strings; null for
 *  what is none. */
void json_out_value(struct cli_buffer *out, const char *json, size_t size);

/** Appends text as a JSON string; what is not UTF-8 as msock_text_escape()
 *  shows it. */
void json_out_text(struct cli_buffer *out, const char *text, size_t size);

#endif
