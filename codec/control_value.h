/* SPDX-License-Identifier: Apache-2.0 */
/* Values inside of control messages: readers that say whether a scanned slice
 * is what it has to be. Texts may hold escapes; the rules apply to what they
 * stand for. */
#ifndef MSOCK_CODEC_CONTROL_VALUE_H
#define MSOCK_CODEC_CONTROL_VALUE_H

#include "codec/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Reads one item of an array. */
typedef bool msock__item_reader(const struct msock__json_slice *item,
                                void *user);

/** Whether it is an array of at most `max` items, each of which `read` takes.
 */
bool msock__value_items(const struct msock__json_slice *value, size_t max,
                        msock__item_reader *read, void *user);

/** Reads an array of exactly two protocol integers. */
bool msock__value_pair(const struct msock__json_slice *value, uint64_t pair[2]);

/** Reads a string of exactly `digits` (at most 16) lower-case hex digits. */
bool msock__value_hex(const struct msock__json_slice *value, size_t digits,
                      uint64_t *number);

/** Reads a string of at most `capacity` bytes; no NUL is added. */
bool msock__value_text(const struct msock__json_slice *value, char *out,
                       size_t capacity, size_t *size);

/* Readers of items that are checked and not kept; `user` is ignored. */

/** Whether it is a string as a node name has to be. */
bool msock__value_name(const struct msock__json_slice *item, void *user);

/** Whether it is a string of 1..255 bytes. One that is no filter matches
 *  nothing; it does no other harm. */
bool msock__value_filter(const struct msock__json_slice *item, void *user);

/** Whether it is [topic, data], 512 bytes as it stands there; the topic is not
 *  under `$ms/`. */
bool msock__value_will(const struct msock__json_slice *value);

#endif
