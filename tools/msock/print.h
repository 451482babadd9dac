/* SPDX-License-Identifier: Apache-2.0 */
/* Prints messages to standard output, each flushed, so that a pipe's reader
 * sees it at once and nothing in it can harm a terminal.
 *
 * Plain: a JSON string as its text, other JSON as it is, raw bytes escaped; one
 * line each, of no data none.
 * Raw bytes that came framed go out exactly as they are, without a newline, if
 * standard output is not a terminal and topics are not asked for: so a file can
 * be received. With a format, or without newlines, all is exactly as it came,
 * except on a terminal. JSON: one canonical object a line. */
#ifndef MSOCK_TOOLS_PRINT_H
#define MSOCK_TOOLS_PRINT_H

#include "tools/msock/cli.h"

#include <signal.h>
#include <stdint.h>

struct printer {
    bool json;          /* one object a line */
    bool topics;        /* plain: the topic and a blank first */
    bool together;      /* no newline behind a message */
    const char *format; /* of print_format.h, or NULL */
    bool terminal;      /* standard output is one; by printer_init() */
    bool replies;       /* messages are replies, ... */
    uint64_t reply_us;  /* ... that took so long */
    /* Wait no longer for the reader, once it is set and a signal interrupts. */
    const volatile sig_atomic_t *given_up;
    struct cli_buffer out;
    struct cli_buffer scratch;
};

/** Sets the format.  Returns CLI_OK, or CLI_USAGE after having told what is
 *  wrong with it. */
int printer_format(struct printer *printer, const char *format);

/** Holds together how it prints.  Returns as printer_format(). */
int printer_check(const struct printer *printer);

/** Looks at standard output. The caller has set how it prints, and `given_up`.
 */
void printer_init(struct printer *printer);

/** Frees what it holds. */
void printer_fini(struct printer *printer);

/** Writes bytes that can harm no terminal.  Returns as printer_message(). */
int printer_emit(const struct printer *printer, const char *bytes, size_t size,
                 bool *broken);

/** Prints a message.  Returns CLI_OK, or CLI_FAILURE: with *broken set if the
 *  reader of standard output has gone or is given up, else after having told
 *  why. */
int printer_message(struct printer *printer, const msock_message *message,
                    bool *broken);

#endif
