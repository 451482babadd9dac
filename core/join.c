/* SPDX-License-Identifier: Apache-2.0 */
/* Reassembly of a stream in order. */
#include "core/join.h"

#include <assert.h>
#include <multisock/counter.h>
#include <stdlib.h>
#include <string.h>

bool msock__join_open(const struct msock__join *join)
{
    return join->bytes != NULL;
}

void msock__join_reset(struct msock__join *join, struct msock__join_pool *pool)
{
    assert(pool->bytes >= join->capacity);
    pool->bytes -= join->capacity;
    free(join->bytes);
    *join = (struct msock__join){0};
}

/* Makes room for `size` bytes.  Returns 0 or minus the drop counter. */
static int grow(struct msock__join *join, struct msock__join_pool *pool,
                size_t size)
{
    if (size <= join->capacity) {
        return 0;
    }
    size_t capacity = 2 * join->size > size ? 2 * join->size : size;
    if (capacity > pool->message_max) {
        capacity = pool->message_max;
    }
    if (capacity - join->capacity > pool->bytes_max - pool->bytes) {
        return -MSOCK_DROP_PIECE_LIMIT;
    }
    uint8_t *bytes = realloc(join->bytes, capacity + 1);
    if (!bytes) {
        return -MSOCK_DROP_MEMORY;
    }
    pool->bytes += capacity - join->capacity;
    join->bytes = bytes;
    join->capacity = capacity;
    return 0;
}

/* Whether a piece is the next of the message, by all that is known of it. */
static bool continues(const struct msock__join *join,
                      const struct msock__body *body)
{
    if (body->index != join->next) {
        return false;
    }
    if (body->index == 0) {
        return true;
    }
    bool last = body->index + 1 == body->count;
    return body->count == join->count && body->is_signed == join->is_signed &&
           (last ? body->size <= join->piece_size
                 : body->size == join->piece_size);
}

static int add(struct msock__join *join, struct msock__join_pool *pool,
               const struct msock__body *body)
{
    if (!continues(join, body)) {
        return -MSOCK_DROP_PIECE;
    }
    /* Every piece but the last has the first one's length. */
    size_t first = body->index == 0 ? body->size : join->piece_size;
    if (body->count - 1 > (pool->message_max - 1) / first ||
        body->size > pool->message_max - join->size) {
        return -MSOCK_DROP_TOO_BIG;
    }
    int code = grow(join, pool, join->size + body->size);
    if (code < 0) {
        return code;
    }
    if (body->index == 0) {
        join->piece_size = body->size;
        join->count = body->count;
        join->is_signed = body->is_signed;
        join->sent_us = body->sent_us;
    }
    memcpy(join->bytes + join->size, body->bytes, body->size);
    join->size += body->size;
    join->next++;
    return join->next == join->count;
}

int msock__join_add(struct msock__join *join, struct msock__join_pool *pool,
                    const struct msock__body *body)
{
    assert(body->count >= 2 && body->size > 0);
    if (body->index == 0) {
        msock__join_reset(join, pool);
    }
    int code = add(join, pool, body);
    if (code < 0) {
        msock__join_reset(join, pool);
    }
    return code;
}
