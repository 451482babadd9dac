/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded messages from any thread on their way to the channel's: a stack that
 * threads push on with one exchange, and that the channel's thread takes whole
 * and turns round. No lock, so no thread ever waits for another.
 *
 * Invariant: `bytes` is the memory of all messages, in the making too, and
 * never exceeds the limit. One allocation a message. Messages come out in the
 * order in which they were put; once closed, nothing is put any more. */
#ifndef MSOCK_CORE_POST_H
#define MSOCK_CORE_POST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How a message travels. */
struct msock__delivery {
    bool reliable;
    bool state;      /* of a state topic */
    bool conflate;   /* takes the place of one that waits */
    unsigned copies; /* at least 1 */
    int confirm;     /* id of what confirms it: it travels alone; 0: nothing */
};

/** A message and its topic. */
struct msock__posted {
    struct msock__posted *next;
    struct msock__delivery delivery;
    size_t topic_size;
    size_t size;     /* of the message */
    size_t charged;  /* of the limit */
    uint8_t bytes[]; /* the topic, a NUL, the message */
};

struct msock__post {
    struct msock__posted *_Atomic newest; /* or the mark of a closed one */
    atomic_size_t bytes;
    atomic_size_t largest; /* bytes of a message that can be sent at present */
    size_t bytes_max;
    struct msock__posted *first; /* taken, oldest first: the channel's own */
};

void msock__post_init(struct msock__post *post, size_t bytes_max);

/** Frees what was put and not taken away; no thread may use it any more. */
void msock__post_fini(struct msock__post *post);

/* -- Any thread -- */

/** Makes a message with room for `bound` bytes (msock__posted_room()). It is
 *  given to the caller, for msock__post_put() or msock__post_free().
 *  Returns 0, MSOCK_EAGAIN (the limit is reached), MSOCK_ETOOBIG (would never
 *  fit), MSOCK_ENOMEM. */
int msock__post_new(struct msock__post *post, struct msock__posted **message,
                    const char *topic, size_t bound);

/** Gives back what a message does not need beyond its first `size` bytes;
 *  *message may move. */
void msock__post_trim(struct msock__post *post, struct msock__posted **message,
                      size_t size);

/** Puts a message behind all that are there; it is the callee's then.
 *  Returns 0, MSOCK_ECLOSED (it was freed). */
int msock__post_put(struct msock__post *post, struct msock__posted *message);

/** Frees a message that is not in the queue (any more). */
void msock__post_free(struct msock__post *post, struct msock__posted *message);

/** The topic and the bytes of a message. */
const char *msock__posted_topic(const struct msock__posted *message);
uint8_t *msock__posted_room(struct msock__posted *message);

/* -- The channel's thread -- */

/** Whether messages were put since the last msock__post_collect(). */
bool msock__post_arrived(const struct msock__post *post);

/** When nothing is at `first`, moves there what was put, in order. */
void msock__post_collect(struct msock__post *post);

/** Removes the message at `first`, which must be there, and frees it. */
void msock__post_pop(struct msock__post *post);

/** Collects for the last time: what is put later is refused. */
void msock__post_close(struct msock__post *post);

#endif
