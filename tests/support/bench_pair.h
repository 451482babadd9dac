/* SPDX-License-Identifier: Apache-2.0 */
/* Two bench channels, a hub that speaks and a node that records everything:
 * what tests of the engine begin with. */
#ifndef MSOCK_TESTS_BENCH_PAIR_H
#define MSOCK_TESTS_BENCH_PAIR_H

#include "tests/support/bench_channel.h"

enum { PAIR_KEY = 7, PAIR_OTHER_KEY = 8, PAIR_FRAME_ROOM = 2048 };

extern struct bench hub, node;

/** Opens both; `key` 0: open channels. */
void pair_open(const char *options, int key);

/** The same without options, as fixtures. */
void pair_open_sealed(void);
void pair_open_plain(void);
void pair_close(void);

/** A counter of a bench. */
uint64_t pair_count(const struct bench *bench, enum msock_counter counter);

/** Publishes, which must work. */
void pair_publish(struct bench *bench, const char *topic, const char *json);

/** Publishes `size` raw bytes on "large". */
void pair_publish_large(struct bench *bench, size_t size);

/** Makes the hub publish once, and takes the frame.  Returns its size. */
size_t pair_frame(uint8_t frame[static PAIR_FRAME_ROOM]);

#endif
