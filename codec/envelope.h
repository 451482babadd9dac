/* SPDX-License-Identifier: Apache-2.0 */
/* One message as JSON text and back: the canonical encoder and the slicing
 * decoder of docs/protocol.md 2.
 *
 * The decoder works in place: it validates a whole line first, then cuts the
 * strings it gives out of the line and ends each with a NUL. It allocates
 * nothing. The encoder writes one message, its final newline (and raw bytes)
 * included, into memory that the caller provides. */
#ifndef MSOCK_CODEC_ENVELOPE_H
#define MSOCK_CODEC_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Keys that were present, as bits. */
enum msock__envelope_key {
    MSOCK__KEY_TOPIC = 1 << 0,
    MSOCK__KEY_SENDER = 1 << 1,
    MSOCK__KEY_ID = 1 << 2,
    MSOCK__KEY_REPLY_TO = 1 << 3,
    MSOCK__KEY_EXPIRES = 1 << 4,
    MSOCK__KEY_AFTER = 1 << 5,
    MSOCK__KEY_STATE = 1 << 6,
    MSOCK__KEY_ORIGIN = 1 << 7,
    MSOCK__KEY_TYPE = 1 << 8,
    MSOCK__KEY_DATA = 1 << 9,
    MSOCK__KEY_LEN = 1 << 10
};

/** A message. Strings are not NUL-terminated in an encoder's input; the decoder
 *  terminates them, and JSON data, except a raw payload (its reader saves and
 *  sets the byte behind it). */
struct msock__envelope {
    unsigned keys; /* msock__envelope_key; the encoder omits what is absent */
    const char *topic;
    size_t topic_size;
    const char *sender;
    size_t sender_size;
    const char *id;
    size_t id_size;
    const char *reply_to;
    size_t reply_to_size;
    const char *type;
    size_t type_size;
    const char *origin; /* JSON text, an array */
    size_t origin_size;
    const char *data; /* JSON text (KEY_DATA) or raw bytes (KEY_LEN) */
    size_t data_size;
    uint64_t expires_ms;
    uint64_t after_ms;
    uint64_t state;
};

/** An upper bound of what msock__envelope_encode() writes; without numbers it
 *  exceeds that by white space in the data and less than 40 bytes. */
size_t msock__envelope_bound(const struct msock__envelope *envelope);

/** Writes the canonical form of a message whose parts are valid (names checked,
 *  data scanned) to `out`, which has msock__envelope_bound() bytes.
 *  Returns the bytes written; *head gets how many of them are not data. */
size_t msock__envelope_encode(const struct msock__envelope *envelope, char *out,
                              size_t *head);

/** Decodes the first message of bytes[0..size), in place; bytes[size] must be
 *  writable too. A line without a final newline is complete at the end of the
 *  bytes only if `bare`; otherwise it is malformed (MSOCK_DROP_JSON). Checks
 *  lengths, types and the name rules, for a `bare` datagram also that it uses
 *  none of `len`, `state`, `after`, `expires`, nor a `$ms/` topic
 *  (MSOCK_DROP_BARE); a head over `head_max` bytes is MSOCK_DROP_TOO_BIG. That
 *  `reply_to` names the frame's session is checked against `session` (its first
 *  8 bytes; ignored if `bare`).
 *  Returns 0 with *used = the bytes consumed, or the drop counter, the first of
 *  MSOCK_DROP_JSON, _TOO_BIG, _ENVELOPE, _TOPIC, _SENDER, _BARE, _RAW_SHORT
 * that applies; then the bytes are undefined and nothing is written out. */
int msock__envelope_decode(char *bytes, size_t size, bool bare,
                           uint64_t session, size_t head_max,
                           struct msock__envelope *envelope, size_t *used);

/** Whether the bytes are a valid topic name: 1..255 bytes of UTF-8, at most 16
 *  levels, no `+`, `#` or control character (U+0000-1F, U+007F-9F). */
bool msock__topic_valid(const char *topic, size_t size);

/** Whether the bytes are a valid node name: 1..63 bytes of UTF-8, no control
 *  character. */
bool msock__name_valid(const char *name, size_t size);

#endif
