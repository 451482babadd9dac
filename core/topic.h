/* SPDX-License-Identifier: Apache-2.0 */
/* Topic filters and matching, MQTT 5 section 4.7 exactly (docs/protocol.md 10).
 * What a valid topic name is, codec/envelope.h says. No memory; linear time. */
#ifndef MSOCK_CORE_TOPIC_H
#define MSOCK_CORE_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

/** Whether the bytes are a valid filter: 1..255 bytes of UTF-8, at most 16
 *  levels, `+` and `#` only as a whole level, `#` only as the last, no control
 *  character. */
bool msock__filter_valid(const char *filter, size_t size);

/** Whether a valid filter has no wildcard: it matches one topic, itself. */
bool msock__filter_exact(const char *filter, size_t size);

/** Whether a valid topic matches a valid filter. */
bool msock__topic_match(const char *filter, size_t filter_size,
                        const char *topic, size_t topic_size);

/** Whether a topic or filter lies under `$ms/`, which is the protocol's own. */
bool msock__topic_reserved(const char *topic, size_t size);

/** Cuts the next level out of a topic or filter: sets *level and *size, moves
 *  *offset behind the separator.  Returns false when there is none left; start
 *  with *offset = 0. */
bool msock__topic_level(const char *topic, size_t topic_size, size_t *offset,
                        const char **level, size_t *size);

#endif
