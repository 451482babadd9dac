/* SPDX-License-Identifier: Apache-2.0 */
/* Reassembly of large best-effort messages within bounds. */
#include "core/fragment.h"

#include <multisock/multisock.h>

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    uint32_t index;
    uint32_t size;
    uint8_t bytes[];
};

struct assembly {
    uint64_t base; /* counter of piece 0 */
    uint64_t sent_us;
    uint64_t last_us; /* arrival of the last new piece */
    uint32_t session;
    uint32_t count;
    bool is_signed;
    size_t full_size;      /* of every piece but the last; 0: not known yet */
    size_t last_size;      /* of the last one; 0: not known yet */
    struct piece **pieces; /* those that arrived, by index */
    size_t piece_count;
    size_t capacity;
    size_t bytes;                   /* held in all */
    struct assembly *next;          /* of the session, newest first */
    struct assembly *newer, *older; /* of all, by last_us */
};

struct msock__fragments {
    struct msock__fragments_limits limits;
    struct assembly **sessions; /* by slot; grows with the slots in use */
    size_t session_count;
    struct assembly *newest, *oldest;
    size_t bytes;
};

/* -- Lists -- */

static void link_newest(struct msock__fragments *fragments,
                        struct assembly *assembly)
{
    assembly->newer = NULL;
    assembly->older = fragments->newest;
    *(assembly->older != NULL ? &assembly->older->newer : &fragments->oldest) =
        assembly;
    fragments->newest = assembly;
}

static void unlink_age(struct msock__fragments *fragments,
                       struct assembly *assembly)
{
    *(assembly->newer != NULL ? &assembly->newer->older : &fragments->newest) =
        assembly->older;
    *(assembly->older != NULL ? &assembly->older->newer : &fragments->oldest) =
        assembly->newer;
}

static struct assembly *first_of(const struct msock__fragments *fragments,
                                 uint32_t session)
{
    return session < fragments->session_count ? fragments->sessions[session]
                                              : NULL;
}

static struct assembly *find(const struct msock__fragments *fragments,
                             uint32_t session, uint64_t base)
{
    struct assembly *assembly = first_of(fragments, session);
    while (assembly != NULL && assembly->base != base) {
        assembly = assembly->next;
    }
    return assembly;
}

static void drop(struct msock__fragments *fragments, struct assembly *assembly)
{
    struct assembly **link = &fragments->sessions[assembly->session];
    while (*link != assembly) {
        link = &(*link)->next;
    }
    *link = assembly->next;
    unlink_age(fragments, assembly);

    assert(fragments->bytes >= assembly->bytes);
    fragments->bytes -= assembly->bytes;
    for (size_t i = 0; i < assembly->piece_count; i++) {
        free(assembly->pieces[i]);
    }
    free(assembly->pieces);
    free(assembly);
}

/* -- Checks -- */

static bool is_last(const struct msock__body *body)
{
    return body->index == body->count - 1;
}

static bool disagrees(const struct assembly *assembly,
                      const struct msock__body *body)
{
    size_t full = assembly->full_size;
    size_t last = assembly->last_size;
    if (body->count != assembly->count ||
        body->is_signed != assembly->is_signed) {
        return true;
    }
    if (is_last(body)) {
        return full != 0 && body->size > full;
    }
    return (full != 0 && body->size != full) || body->size < last;
}

/* The least size that the whole message can have, a piece included; exact once
 * the last piece and another are known. */
static size_t least_size(const struct assembly *assembly,
                         const struct msock__body *body)
{
    size_t full = assembly->full_size;
    size_t last = assembly->last_size;
    if (is_last(body)) {
        last = body->size;
    } else {
        full = body->size;
    }
    full = full > last ? full : last;
    return (body->count - 1) * full + (last != 0 ? last : 1);
}

/* Whether a piece may be added, as far as its header says. */
static int examine(const struct msock__fragments *fragments,
                   const struct assembly *assembly,
                   const struct msock__body *body)
{
    if (disagrees(assembly, body)) {
        return -MSOCK_DROP_PIECE;
    }
    if (body->count > MSOCK__PIECES_MAX) {
        return -MSOCK_DROP_PIECE_LIMIT;
    }
    if (least_size(assembly, body) > fragments->limits.message_max) {
        return -MSOCK_DROP_TOO_BIG;
    }
    return 0;
}

/* -- Storing -- */

/* Takes `size` bytes for an assembly out of what all may hold. */
static int charge(struct msock__fragments *fragments, struct assembly *assembly,
                  size_t size)
{
    assert(fragments->bytes <= fragments->limits.bytes_max);
    if (size > fragments->limits.bytes_max - fragments->bytes) {
        return -MSOCK_DROP_PIECE_LIMIT;
    }
    fragments->bytes += size;
    assembly->bytes += size;
    return 0;
}

static int reserve_session(struct msock__fragments *fragments, uint32_t session)
{
    size_t count = fragments->session_count;
    if (session < count) {
        return 0;
    }
    size_t wanted = (size_t)session + 1;
    wanted = wanted > 2 * count ? wanted : 2 * count;
    struct assembly **sessions =
        realloc(fragments->sessions, wanted * sizeof(struct assembly *));
    if (sessions == NULL) {
        return -MSOCK_DROP_MEMORY;
    }
    for (size_t i = count; i < wanted; i++) {
        sessions[i] = NULL;
    }
    fragments->sessions = sessions;
    fragments->session_count = wanted;
    return 0;
}

/* Drops the oldest assembly of a session that has as many as it may. */
static size_t make_room(struct msock__fragments *fragments, uint32_t session)
{
    struct assembly *oldest = first_of(fragments, session);
    size_t count = oldest != NULL ? 1 : 0;
    while (oldest != NULL && oldest->next != NULL) {
        oldest = oldest->next;
        count++;
    }
    if (count < fragments->limits.assemblies_max) {
        return 0;
    }
    drop(fragments, oldest);
    return 1;
}

static int start(struct msock__fragments *fragments, uint32_t session,
                 uint64_t base, uint32_t count, struct assembly **assembly)
{
    struct assembly *made = calloc(1, sizeof(*made));
    if (made == NULL || reserve_session(fragments, session) < 0) {
        free(made);
        return -MSOCK_DROP_MEMORY;
    }
    if (charge(fragments, made, sizeof(*made)) < 0) {
        free(made);
        return -MSOCK_DROP_PIECE_LIMIT;
    }
    made->base = base;
    made->session = session;
    made->count = count;
    made->next = fragments->sessions[session];
    fragments->sessions[session] = made;
    link_newest(fragments, made);
    *assembly = made;
    return 0;
}

static int reserve_piece(struct msock__fragments *fragments,
                         struct assembly *assembly)
{
    if (assembly->piece_count < assembly->capacity) {
        return 0;
    }
    size_t more = assembly->capacity == 0 ? 8 : assembly->capacity;
    int result = charge(fragments, assembly, more * sizeof(struct piece *));
    if (result < 0) {
        return result;
    }
    size_t capacity = assembly->capacity + more;
    struct piece **pieces =
        realloc(assembly->pieces, capacity * sizeof(struct piece *));
    if (pieces == NULL) {
        return -MSOCK_DROP_MEMORY;
    }
    assembly->pieces = pieces;
    assembly->capacity = capacity;
    return 0;
}

static int insert(struct msock__fragments *fragments, struct assembly *assembly,
                  size_t at, const struct msock__body *body)
{
    int result = reserve_piece(fragments, assembly);
    if (result < 0) {
        return result;
    }
    size_t size = sizeof(struct piece) + body->size;
    result = charge(fragments, assembly, size);
    if (result < 0) {
        return result;
    }
    struct piece *piece = malloc(size);
    if (piece == NULL) {
        return -MSOCK_DROP_MEMORY;
    }
    piece->index = body->index;
    piece->size = (uint32_t)body->size;
    memcpy(piece->bytes, body->bytes, body->size);

    memmove(&assembly->pieces[at + 1], &assembly->pieces[at],
            (assembly->piece_count - at) * sizeof(struct piece *));
    assembly->pieces[at] = piece;
    assembly->piece_count++;
    return 0;
}

/* Stores a piece that examine() found good.  Returns 0 or minus a counter. */
static int store(struct msock__fragments *fragments, struct assembly *assembly,
                 uint64_t now_us, const struct msock__body *body)
{
    size_t at = assembly->piece_count;
    while (at > 0 && assembly->pieces[at - 1]->index > body->index) {
        at--;
    }
    if (at > 0 && assembly->pieces[at - 1]->index == body->index) {
        const struct piece *there = assembly->pieces[at - 1];
        bool same = there->size == body->size &&
                    memcmp(there->bytes, body->bytes, body->size) == 0;
        return same ? 0 : -MSOCK_DROP_PIECE;
    }

    int result = insert(fragments, assembly, at, body);
    if (result < 0) {
        return result;
    }
    *(is_last(body) ? &assembly->last_size : &assembly->full_size) = body->size;
    if (body->index == 0) {
        assembly->sent_us = body->sent_us;
    }
    assembly->last_us = now_us;
    unlink_age(fragments, assembly);
    link_newest(fragments, assembly);
    return 0;
}

/* Puts the pieces of a complete assembly together.  Returns 1 or minus a
 * counter. */
static int join(const struct assembly *assembly,
                struct msock__assembled *message)
{
    assert(assembly->piece_count == assembly->count);
    size_t size = (assembly->count - 1) * assembly->full_size;
    size += assembly->last_size;
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL) {
        return -MSOCK_DROP_MEMORY;
    }

    size_t offset = 0;
    for (size_t i = 0; i < assembly->piece_count; i++) {
        const struct piece *piece = assembly->pieces[i];
        memcpy(bytes + offset, piece->bytes, piece->size);
        offset += piece->size;
    }
    assert(offset == size);
    message->bytes = bytes;
    message->size = size;
    message->sent_us = assembly->sent_us;
    return 1;
}

/* -- Public -- */

int msock__fragments_new(struct msock__fragments **fragments,
                         const struct msock__fragments_limits *limits)
{
    assert(limits->assemblies_max >= 1);
    struct msock__fragments *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    made->limits = *limits;
    *fragments = made;
    return 0;
}

void msock__fragments_free(struct msock__fragments *fragments)
{
    if (fragments == NULL) {
        return;
    }
    while (fragments->oldest != NULL) {
        drop(fragments, fragments->oldest);
    }
    assert(fragments->bytes == 0);
    free(fragments->sessions);
    free(fragments);
}

int msock__fragments_add(struct msock__fragments *fragments, uint64_t now_us,
                         uint32_t session, uint64_t counter,
                         const struct msock__body *body,
                         struct msock__assembled *message, size_t *lost)
{
    assert(body->count >= 2 && body->index < body->count);
    assert(body->size >= 1 && body->size <= MSOCK__FRAME_MAX);
    size_t evicted = 0;
    int result = -MSOCK_DROP_PIECE;
    struct assembly *assembly = NULL;

    if (counter > body->index) {
        const struct assembly blank = {.count = body->count,
                                       .is_signed = body->is_signed};
        assembly = find(fragments, session, counter - body->index);
        result = examine(fragments, assembly != NULL ? assembly : &blank, body);
    }
    if (result == 0 && assembly == NULL) {
        evicted = make_room(fragments, session);
        result = start(fragments, session, counter - body->index, body->count,
                       &assembly);
        if (result == 0) {
            assembly->is_signed = body->is_signed;
        }
    }
    if (result == 0) {
        result = store(fragments, assembly, now_us, body);
    }
    if (result == 0 && assembly->piece_count == assembly->count) {
        result = join(assembly, message);
    }
    if (result != 0 && assembly != NULL) {
        drop(fragments, assembly);
    }
    if (lost != NULL) {
        *lost = evicted;
    }
    return result;
}

size_t msock__fragments_expire(struct msock__fragments *fragments,
                               uint64_t now_us)
{
    size_t count = 0;
    while (fragments->oldest != NULL &&
           msock__fragments_deadline(fragments) <= now_us) {
        drop(fragments, fragments->oldest);
        count++;
    }
    return count;
}

size_t msock__fragments_forget(struct msock__fragments *fragments,
                               uint32_t session)
{
    size_t count = 0;
    for (struct assembly *one = first_of(fragments, session); one != NULL;
         one = first_of(fragments, session)) {
        drop(fragments, one);
        count++;
    }
    return count;
}

uint64_t msock__fragments_deadline(const struct msock__fragments *fragments)
{
    const struct assembly *oldest = fragments->oldest;
    return oldest != NULL ? oldest->last_us + MSOCK__ASSEMBLY_TIMEOUT_US
                          : UINT64_MAX;
}

size_t msock__fragments_bytes(const struct msock__fragments *fragments)
{
    return fragments->bytes;
}
