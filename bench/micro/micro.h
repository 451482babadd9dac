/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the path of a message, one at a time. A round is made ready, then
 * run; only running counts. */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include <stddef.h>

struct part {
    const char *name;
    size_t operations;   /* of a round */
    void (*open)(void);  /* once; NULL: nothing is to be done */
    void (*ready)(void); /* before each round; or NULL */
    void (*run)(void);
};

/** 64 bytes of JSON: an object of three strings. */
extern const char micro_data[];

/** Messages as bytes, keys and subscriptions. */
extern const struct part micro_codec[];
extern const size_t micro_codec_count;

/** From msock_publish() to a frame, and from a frame to the callback. */
extern const struct part micro_paths[];
extern const size_t micro_paths_count;

#endif
