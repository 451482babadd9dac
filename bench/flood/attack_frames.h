/* SPDX-License-Identifier: Apache-2.0 */
/* What the flooder sends: forged frames, recorded ones, and an insider's. */
#ifndef BENCH_FLOOD_ATTACK_FRAMES_H
#define BENCH_FLOOD_ATTACK_FRAMES_H

#include "codec/transform.h"

#include <stdbool.h>

/** An insider's session, which is nobody else's. */
struct insider {
    struct msock__stage stage;
    struct msock__frame frames[3]; /* by stream: the last one sent */
    uint64_t began_us;
};

/** Loads the key of a channel.  Returns 0, or -1 with the reason told. */
int insider_open(struct insider *insider, const char *key_file,
                 const uint8_t group[static 16], uint16_t port);

/** Begins a new session, which nobody admits unless it answers. */
void insider_redraw(struct insider *insider);

/** Writes a sealed data frame of `count` messages of 64 bytes.
 *  Returns its size. */
size_t insider_batch(struct insider *insider, unsigned count, uint8_t *bytes);

/** Writes a sealed hello.  Returns its size. */
size_t insider_hello(struct insider *insider, uint8_t *bytes);

/** Reads a datagram, which is changed; if it is a challenge to the insider,
 *  writes the answer.  Returns its size, 0: there is nothing to say. */
size_t insider_answer(struct insider *insider, uint8_t *bytes, size_t size,
                      uint8_t *answer);

/** Makes a frame of somebody else out of a recorded one: the header with a
 *  higher counter, and noise.  Returns its size, `size`. */
size_t forged(const uint8_t *recorded, uint64_t ahead, size_t size,
              uint8_t *bytes);

#endif
