/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that wait for their moment. */
#include "core/schedule.h"

#include <multisock/counter.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Who leaves, and from where. */
struct leaving {
    struct msock__schedule *schedule;
    const uint8_t *session;
};

static_assert(offsetof(struct msock__scheduled, node) == 0,
              "a node is its message");

static struct msock__scheduled *message_of(struct msock__heap_node *node)
{
    return (struct msock__scheduled *)node;
}

static size_t memory_of(size_t size)
{
    return sizeof(struct msock__scheduled) + size + 1;
}

void msock__schedule_init(struct msock__schedule *schedule, size_t bytes_max)
{
    *schedule = (struct msock__schedule){.bytes_max = bytes_max};
}

void msock__schedule_fini(struct msock__schedule *schedule)
{
    for (size_t i = 0; i < schedule->heap.count; i++) {
        free(message_of(schedule->heap.nodes[i]));
    }
    msock__heap_fini(&schedule->heap);
    schedule->bytes = 0;
}

static bool has_room(const struct msock__schedule *schedule, size_t size)
{
    size_t room = schedule->bytes_max - schedule->bytes;
    assert(schedule->bytes <= schedule->bytes_max);
    return schedule->heap.count < MSOCK__SCHEDULED_MAX && size < room &&
           memory_of(size) <= room;
}

int msock__schedule_add(struct msock__schedule *schedule, uint64_t due_us,
                        const struct msock__scheduled_origin *origin,
                        const uint8_t *bytes, size_t size)
{
    if (!has_room(schedule, size)) {
        return -MSOCK_DROP_SCHEDULED;
    }
    struct msock__scheduled *message = malloc(memory_of(size));
    if (!message || !msock__heap_add(&schedule->heap, &message->node, due_us)) {
        free(message);
        return -MSOCK_DROP_MEMORY;
    }
    message->origin = *origin;
    message->size = size;
    memcpy(message->bytes, bytes, size);
    schedule->bytes += memory_of(size);
    return 0;
}

struct msock__scheduled *msock__schedule_take(struct msock__schedule *schedule,
                                              uint64_t now_us)
{
    struct msock__heap_node *first = msock__heap_first(&schedule->heap);
    if (!first || first->due_us > now_us) {
        return NULL;
    }
    struct msock__scheduled *message = message_of(first);
    msock__heap_pop(&schedule->heap);
    assert(schedule->bytes >= memory_of(message->size));
    schedule->bytes -= memory_of(message->size);
    return message;
}

static bool leaves(struct msock__heap_node *node, void *user)
{
    const struct leaving *leaving = user;
    struct msock__scheduled *message = message_of(node);
    if (memcmp(message->origin.session, leaving->session,
               MSOCK__SESSION_SIZE) != 0) {
        return false;
    }
    leaving->schedule->bytes -= memory_of(message->size);
    free(message);
    return true;
}

size_t msock__schedule_forget(struct msock__schedule *schedule,
                              const uint8_t session[static MSOCK__SESSION_SIZE])
{
    struct leaving leaving = {schedule, session};
    return msock__heap_sieve(&schedule->heap, leaves, &leaving);
}

uint64_t msock__schedule_deadline(const struct msock__schedule *schedule)
{
    return msock__heap_deadline(&schedule->heap);
}
