/* SPDX-License-Identifier: Apache-2.0 */
/* The stack that turns into a queue. */
#include "core/post.h"

#include <assert.h>
#include <multisock/error.h>
#include <stdlib.h>
#include <string.h>

/* What `newest` points at when nothing may be put any more. */
static struct msock__posted closed;

void msock__post_init(struct msock__post *post, size_t bytes_max)
{
    assert(bytes_max > 0);
    atomic_init(&post->newest, NULL);
    atomic_init(&post->bytes, 0);
    atomic_init(&post->largest, SIZE_MAX);
    post->bytes_max = bytes_max;
    post->first = NULL;
}

void msock__post_fini(struct msock__post *post)
{
    msock__post_close(post);
    while (post->first) {
        msock__post_pop(post);
    }
    assert(atomic_load(&post->bytes) == 0);
}

/* -- Any thread -- */

/* Takes `size` bytes of the limit.  Returns whether they were there. */
static bool charge(struct msock__post *post, size_t size)
{
    size_t bytes = atomic_load(&post->bytes);
    do {
        assert(bytes <= post->bytes_max);
        if (size > post->bytes_max - bytes) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&post->bytes, &bytes, bytes + size));
    return true;
}

int msock__post_new(struct msock__post *post, struct msock__posted **message,
                    const char *topic, size_t bound)
{
    size_t topic_size = strlen(topic);
    size_t wanted = sizeof(**message) + topic_size + 1 + bound;
    if (wanted < bound || wanted > post->bytes_max) {
        return MSOCK_ETOOBIG;
    }
    if (!charge(post, wanted)) {
        return MSOCK_EAGAIN;
    }
    struct msock__posted *made = malloc(wanted);
    if (!made) {
        atomic_fetch_sub(&post->bytes, wanted);
        return MSOCK_ENOMEM;
    }
    *made = (struct msock__posted){
        .topic_size = topic_size, .size = bound, .charged = wanted};
    memcpy(made->bytes, topic, topic_size + 1);
    *message = made;
    return 0;
}

void msock__post_trim(struct msock__post *post, struct msock__posted **message,
                      size_t size)
{
    struct msock__posted *whole = *message;
    assert(size <= whole->size);
    size_t spare = whole->size - size;
    whole->size = size;
    struct msock__posted *part = realloc(whole, whole->charged - spare);
    if (part) {
        part->charged -= spare;
        atomic_fetch_sub(&post->bytes, spare);
        *message = part;
    }
}

int msock__post_put(struct msock__post *post, struct msock__posted *message)
{
    struct msock__posted *newest = atomic_load(&post->newest);
    do {
        if (newest == &closed) {
            msock__post_free(post, message);
            return MSOCK_ECLOSED;
        }
        message->next = newest;
    } while (!atomic_compare_exchange_weak(&post->newest, &newest, message));
    return 0;
}

void msock__post_free(struct msock__post *post, struct msock__posted *message)
{
    size_t charged = message->charged;
    free(message);
    atomic_fetch_sub(&post->bytes, charged);
}

const char *msock__posted_topic(const struct msock__posted *message)
{
    return (const char *)message->bytes;
}

uint8_t *msock__posted_room(struct msock__posted *message)
{
    return message->bytes + message->topic_size + 1;
}

/* -- The channel's thread -- */

bool msock__post_arrived(const struct msock__post *post)
{
    const struct msock__posted *newest = atomic_load(&post->newest);
    return newest && newest != &closed;
}

/* Takes the stack, puts `instead` in its place, and appends what was there to
 * the queue. Nobody removes single messages, so none can come back in between
 * and deceive the exchange in msock__post_put(). */
static void take(struct msock__post *post, struct msock__posted *instead)
{
    struct msock__posted *newest = atomic_exchange(&post->newest, instead);
    struct msock__posted *oldest = NULL;
    while (newest && newest != &closed) {
        struct msock__posted *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    struct msock__posted **end = &post->first;
    while (*end) { /* at the close only */
        end = &(*end)->next;
    }
    *end = oldest;
}

void msock__post_collect(struct msock__post *post)
{
    if (!post->first && msock__post_arrived(post)) {
        take(post, NULL);
    }
}

void msock__post_pop(struct msock__post *post)
{
    struct msock__posted *message = post->first;
    assert(message);
    post->first = message->next;
    msock__post_free(post, message);
}

void msock__post_close(struct msock__post *post)
{
    take(post, &closed);
}
