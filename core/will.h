/* SPDX-License-Identifier: Apache-2.0 */
/* A last will: a message that others deliver to themselves when they see a node
 * go without a bye (docs/protocol.md 8.5). It goes out in full hellos as the
 * JSON array [topic, data], at most 512 bytes. */
#ifndef MSOCK_CORE_WILL_H
#define MSOCK_CORE_WILL_H

#include "codec/control.h"
#include "core/options.h"

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>

/** One's own; all zero: none. */
struct msock__will {
    size_t size; /* 0: none */
    char text[MSOCK__WILL_MAX];
};

/** Makes the will to say `json` (NULL: null) on `topic` (NULL: no will).
 *  Returns 0, MSOCK_ETOPIC, MSOCK_EJSON, MSOCK_ETOOBIG; the detail is set, and
 *  *will is written on success. */
int msock__will_make(struct msock__will *will, const char *topic,
                     const char *json);

/** Whether a channel may have the will that its configuration names.
 *  Returns 0, MSOCK_EOPTION (no topic), MSOCK_ENOTSUP (codec=raw), and as
 *  msock__will_make(). */
int msock__will_check(const struct msock__config *config);

/** A will as it is spoken: topic and data, each with a NUL behind it. */
struct msock__words {
    size_t topic_size;
    size_t data_size;
    char topic[MSOCK_TOPIC_MAX + 1];
    char data[MSOCK__WILL_MAX + 1];
};

/** Takes a will apart that a decoded hello had. */
void msock__will_read(const char *text, size_t size,
                      struct msock__words *words);

#endif
