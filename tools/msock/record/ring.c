/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of the last minutes. */
#include "tools/msock/record/ring.h"

#include <string.h>

static void drop_oldest(struct ring *ring)
{
    struct record oldest;

    ring->start += record_get(&oldest, ring->buffer.bytes + ring->start);
    ring->count--;
}

static bool is_too_old(const struct ring *ring, uint64_t now_us)
{
    struct record oldest;

    record_get(&oldest, ring->buffer.bytes + ring->start);
    return oldest.at_us + ring->age_us < now_us;
}

void ring_settle(struct ring *ring)
{
    if (ring->start > 0) {
        ring->buffer.size -= ring->start;
        memmove(ring->buffer.bytes, ring->buffer.bytes + ring->start,
                ring->buffer.size);
        ring->start = 0;
    }
}

bool ring_add(struct ring *ring, const struct record *record)
{
    size_t size = record_size(record);
    struct cli_buffer *buffer = &ring->buffer;

    if (size > ring->memory) {
        return false;
    }
    while (ring->count > 0 &&
           (buffer->size - ring->start + size > ring->memory ||
            is_too_old(ring, record->at_us))) {
        drop_oldest(ring);
    }
    if (ring->start > ring->memory / 2 || ring->count == 0) {
        ring_settle(ring);
    }
    if (cli_buffer_reserve(buffer, buffer->size + size) != CLI_OK) {
        return false;
    }
    record_put(buffer, record);
    ring->count++;
    return true;
}
