/* SPDX-License-Identifier: Apache-2.0 */
/* The head of the message that was met last. Most messages of a sender on a
 * topic differ in their data alone: one comparison then stands for scanning,
 * checking or writing all that comes before.
 *
 * Both ways give exactly what the codec of envelope.h gives; what is not of the
 * form {"topic":T,"sender":S,"data":D}, canonical but for D, is left to it. */
#ifndef MSOCK_CODEC_HEAD_H
#define MSOCK_CODEC_HEAD_H

#include "codec/envelope.h"
#include "codec/json.h"

enum { MSOCK__HEAD_MAX = 384 }; /* a larger one is not remembered */

/** A head with its topic, which names end with a NUL. All zero: none yet. */
struct msock__head {
    size_t size; /* of the text; 0: none */
    size_t topic_size;
    size_t sender_size;
    bool literal;               /* the names stand in the text as they are */
    char text[MSOCK__HEAD_MAX]; /* {"topic":"...","sender":"...","data": */
    char topic[256];
};

/** Remembers the head of a message with a valid topic and a valid sender's
 *  name, or none if it is too large. */
void msock__head_learn(struct msock__head *head, const char *topic,
                       size_t topic_size, const char *sender,
                       size_t sender_size);

/** Whether this is the head of messages on a topic. */
bool msock__head_is(const struct msock__head *head, const char *topic,
                    size_t topic_size);

/** Bytes around a message's data. */
size_t msock__head_size(const struct msock__head *head);

/** Writes the message with this head and the data of a scanned value to `out`,
 *  which has room for msock__head_size() and the data.
 *  Returns the bytes written. */
size_t msock__head_encode(const struct msock__head *head,
                          const struct msock__json_slice *data, char *out);

/** Decodes the first message of bytes[0..size) in place, as
 *  msock__envelope_decode() of a message that is not bare.
 *  Returns the bytes used, or 0: it must look, nothing has changed. */
size_t msock__head_decode(const struct msock__head *head, char *bytes,
                          size_t size, struct msock__envelope *envelope);

#endif
