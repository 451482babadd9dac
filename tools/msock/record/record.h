/* SPDX-License-Identifier: Apache-2.0 */
/* A message as a recording has it, and as bytes that a queue holds. */
#ifndef MSOCK_TOOLS_RECORD_RECORD_H
#define MSOCK_TOOLS_RECORD_RECORD_H

#include "tools/msock/cli.h"

#include <stdint.h>

/* Texts are NUL-terminated; the bytes of a record belong to who made it. */
struct record {
    uint64_t at_us; /* when it came, since 1970: the clock of day when the
                       recording began, and what passed since then */
    uint64_t session;
    uint64_t sequence;
    uint64_t version;
    uint64_t age_us;
    unsigned flags; /* msock_message_flags */
    const char *topic;
    const char *sender;
    const char *type; /* or NULL */
    const char *data; /* JSON, or bytes */
    size_t topic_size;
    size_t sender_size;
    size_t type_size;
    size_t data_size;
};

/** Fills in what a message says, which is borrowed. */
void record_take(struct record *record, const msock_message *message,
                 uint64_t at_us);

/** Returns the bytes that record_put() appends. */
size_t record_size(const struct record *record);

/** Appends it to a buffer that has room for it. */
void record_put(struct cli_buffer *buffer, const struct record *record);

/** Points *record into the bytes of one that was put there.  Returns its
 *  size. */
size_t record_get(struct record *record, const char *bytes);

/** Appends it as a line of JSON.  When memory is short, out->failed is set. */
void record_line(struct cli_buffer *out, const struct record *record);

/** Reads a line that record_line() wrote; texts are put into `room`, which
 *  grows.  Returns CLI_OK, or CLI_FAILURE: *why says what is wrong with it, or
 *  is NULL if memory is short. */
int record_read(struct record *record, const char *line, size_t size,
                struct cli_buffer *room, const char **why);

enum { RECORD_TIME_SIZE = 28 };

/** Writes a time as "2026-11-23T22:25:13.123456Z". */
void record_time(uint64_t at_us, char text[static RECORD_TIME_SIZE]);

/** Returns the time of such a text, with any number of digits behind the
 *  seconds, in µs since 1970; UINT64_MAX: it is none. */
uint64_t record_time_read(const char *text);

/** Returns the clock of day in µs since 1970. */
uint64_t record_now_us(void);

/** Returns a time that only rises, in µs. */
uint64_t record_clock_us(void);

#endif
