/* SPDX-License-Identifier: Apache-2.0 */
/* The 32-byte frame header and what follows it: the only code that knows
 * offsets on the wire (docs/protocol.md 1 and 3). Pure, constant time and
 * without loops. */
#ifndef MSOCK_CODEC_FRAME_H
#define MSOCK_CODEC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__HEADER_SIZE = 32,
    MSOCK__TAG_SIZE = 16,
    MSOCK__SENT_SIZE = 8,   /* at the start of every body */
    MSOCK__PIECE_SIZE = 16, /* sent, index and count before a piece */
    MSOCK__SESSION_SIZE = 16,
    MSOCK__FRAME_MAX = 65507 /* largest datagram accepted, over IPv4 */
};

#define MSOCK__COUNTER_MAX ((UINT64_C(1) << 53) - 1)

enum msock__frame_flags {
    MSOCK__SEALED = 1,
    MSOCK__FRAGMENT = 2,
    MSOCK__SIGNED = 4
};

enum msock__stream {
    MSOCK__BEST_EFFORT = 0,
    MSOCK__RELIABLE = 1,
    MSOCK__CONTROL = 2
};

struct msock__frame {
    uint8_t flags;
    uint8_t stream; /* enum msock__stream */
    uint32_t key_id;
    uint64_t counter; /* 1..MSOCK__COUNTER_MAX */
    uint8_t session[MSOCK__SESSION_SIZE];
};

/** What a body is: a batch of messages, or one piece (count != 0). */
struct msock__body {
    uint64_t sent_us;
    uint32_t index;
    uint32_t count; /* 0: not a fragment */
    bool is_signed; /* its frame has MSOCK__SIGNED */
    uint8_t *bytes;
    size_t size;
};

/** Reads the header of a datagram.
 *  Returns 0 or the drop counter: MSOCK_DROP_SHORT, _MAGIC, _VERSION, _FLAGS,
 *  _SEQUENCE, _STREAM (stream 3). A sealed frame must have room for its tag,
 *  and a key id; an open one must have none (_FLAGS). */
int msock__frame_decode(const uint8_t *packet, size_t size,
                        struct msock__frame *frame);

/** Writes a header. */
void msock__frame_encode(const struct msock__frame *frame,
                         uint8_t packet[static MSOCK__HEADER_SIZE]);

/** Reads the start of a plaintext body (behind the header, tag removed);
 *  body->bytes points into it.
 *  Returns 0, MSOCK_DROP_BODY (too short, nothing behind `sent`, or `sent` over
 *  2^53-1), MSOCK_DROP_PIECE (count < 2, index >= count, empty piece). */
int msock__body_decode(uint8_t *bytes, size_t size, uint8_t flags,
                       struct msock__body *body);

/** Writes the start of a body, MSOCK__PIECE_SIZE bytes if body->count, else
 *  MSOCK__SENT_SIZE.  Returns that size. */
size_t msock__body_encode(const struct msock__body *body, uint8_t *bytes);

/** First 8 bytes of a session as a big-endian number. */
uint64_t
msock__session_short(const uint8_t session[static MSOCK__SESSION_SIZE]);

#endif
