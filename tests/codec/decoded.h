/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding one message for tests of the envelope. */
#ifndef TESTS_CODEC_DECODED_H
#define TESTS_CODEC_DECODED_H

#include "codec/envelope.h"
#include "tests/codec/exact.h"

enum { HEAD_MAX = 2048 };

#define SESSION UINT64_C(0x0123456789abcdef)
#define NAMES "\"topic\":\"a/b\",\"sender\":\"hub\""
#define MESSAGE(rest) "{" NAMES rest "}\n"

/* A decoded message; `bytes` is to be freed. */
struct decoded {
    char *bytes;
    int drop;
    struct msock__envelope envelope;
    size_t used;
};

static inline struct decoded decode_as(const char *bytes, size_t size,
                                       bool bare)
{
    struct decoded d = {.bytes = exact_copy(bytes, size, 1)};

    d.drop = msock__envelope_decode(d.bytes, size, bare, SESSION, HEAD_MAX,
                                    &d.envelope, &d.used);
    return d;
}

static inline struct decoded decode(const char *text)
{
    return decode_as(text, strlen(text), false);
}

/* What decoding a text yields: 0 or the drop counter. */
static inline int drop_of(const char *text)
{
    struct decoded d = decode(text);

    free(d.bytes);
    return d.drop;
}

static inline int bare_drop_of(const char *text)
{
    struct decoded d = decode_as(text, strlen(text), true);

    free(d.bytes);
    return d.drop;
}

#endif
