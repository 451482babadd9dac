/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded table of pending sessions. */
#include "core/pending.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct msock__pending *of_rank(struct msock__heap_node *node)
{
    return (
        struct msock__pending *)(void *)((char *)node -
                                         offsetof(struct msock__pending, rank));
}

static struct msock__pending *of_end(struct msock__heap_node *node)
{
    return (
        struct msock__pending *)(void *)((char *)node -
                                         offsetof(struct msock__pending, end));
}

static void link_last(struct msock__pending_table *table,
                      struct msock__pending *one)
{
    one->later = NULL;
    one->sooner = table->last;
    *(one->sooner != NULL ? &one->sooner->later : &table->first) = one;
    table->last = one;
}

static void unlink_one(struct msock__pending_table *table,
                       struct msock__pending *one)
{
    *(one->later != NULL ? &one->later->sooner : &table->last) = one->sooner;
    *(one->sooner != NULL ? &one->sooner->later : &table->first) = one->later;
}

static unsigned hash_of(const struct msock__pending_table *table,
                        const uint8_t *id)
{
    return msock__table_hash(table->hash_key, id, MSOCK__SESSION_SIZE);
}

/* Who makes room, or NULL. */
static struct msock__pending *
most_in_vain(const struct msock__pending_table *table)
{
    struct msock__heap_node *first = msock__heap_first(&table->ranks);
    return first != NULL ? of_rank(first) : NULL;
}

/* Room for one more in all heaps.  Returns whether there was memory. */
static bool reserve(struct msock__pending_table *table)
{
    /* In a full table the new one is in before the other is out. */
    size_t count = msock__pending_count(table) + 1;
    return msock__heap_reserve(&table->dues, count) &&
           msock__heap_reserve(&table->ends, count) &&
           msock__heap_reserve(&table->ranks, count);
}

/* Adds a node to a heap that has room for it, or moves it there. */
static void set_node(struct msock__heap *heap, struct msock__heap_node *node,
                     bool is_in, uint64_t due_us)
{
    if (is_in) {
        msock__heap_move(heap, node, due_us);
    } else {
        bool added = msock__heap_add(heap, node, due_us);
        assert(added);
        (void)added;
    }
}

static void set_asked(struct msock__pending_table *table,
                      struct msock__pending *one, uint32_t asked)
{
    if (asked > 0) {
        set_node(&table->ranks, &one->rank, one->asked > 0, UINT32_MAX - asked);
    } else if (one->asked > 0) {
        msock__heap_remove(&table->ranks, &one->rank);
    }
    one->asked = asked;
}

void msock__pending_init(struct msock__pending_table *table, size_t session_max,
                         const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE])
{
    assert(session_max >= 1);
    *table = (struct msock__pending_table){.session_max = session_max};
    memcpy(table->hash_key, hash_key, sizeof(table->hash_key));
}

void msock__pending_fini(struct msock__pending_table *table)
{
    while (table->first != NULL) {
        msock__pending_remove(table, table->first);
    }
    assert(table->bytes == 0);
    msock__heap_fini(&table->dues);
    msock__heap_fini(&table->ends);
    msock__heap_fini(&table->ranks);
}

size_t msock__pending_count(const struct msock__pending_table *table)
{
    return HASH_CNT(hh, table->sessions);
}

struct msock__pending *
msock__pending_find(const struct msock__pending_table *table,
                    const uint8_t id[static MSOCK__SESSION_SIZE])
{
    struct msock__pending *found;
    HASH_FIND_BYHASHVALUE(hh, table->sessions, id, MSOCK__SESSION_SIZE,
                          hash_of(table, id), found);
    return found;
}

struct msock__pending *
msock__pending_add(struct msock__pending_table *table,
                   const uint8_t id[static MSOCK__SESSION_SIZE], size_t *lost)
{
    assert(msock__pending_find(table, id) == NULL);
    *lost = 0;
    bool full = msock__pending_count(table) >= table->session_max;
    struct msock__pending *victim = full ? most_in_vain(table) : NULL;
    if (full && victim == NULL) {
        return NULL;
    }
    struct msock__pending *made =
        reserve(table) ? calloc(1, sizeof(*made)) : NULL;
    if (made == NULL) {
        return NULL;
    }

    memcpy(made->id, id, sizeof(made->id));
    /* First the one in, then the other out: lack of memory changes nothing. */
    HASH_ADD_BYHASHVALUE(hh, table->sessions, id, MSOCK__SESSION_SIZE,
                         hash_of(table, id), made);
    if (made->hh.tbl == NULL) {
        free(made);
        return NULL;
    }
    link_last(table, made);
    if (victim != NULL) {
        *lost = victim->hold.count;
        msock__pending_remove(table, victim);
    }
    return made;
}

void msock__pending_remove(struct msock__pending_table *table,
                           struct msock__pending *one)
{
    msock__pending_clear(table, one);
    msock__pending_sleep(table, one);
    set_asked(table, one, 0);
    unlink_one(table, one);
    HASH_DELETE(hh, table->sessions, one);
    free(one);
}

void msock__pending_wait(struct msock__pending_table *table,
                         struct msock__pending *one, uint64_t ask_us,
                         uint64_t until_us)
{
    set_node(&table->dues, &one->due, one->waiting, ask_us);
    set_node(&table->ends, &one->end, one->waiting, until_us);
    one->waiting = true;
}

void msock__pending_sleep(struct msock__pending_table *table,
                          struct msock__pending *one)
{
    if (one->waiting) {
        msock__heap_remove(&table->dues, &one->due);
        msock__heap_remove(&table->ends, &one->end);
        one->waiting = false;
    }
}

void msock__pending_ask_at(struct msock__pending_table *table,
                           struct msock__pending *one, uint64_t ask_us)
{
    assert(one->waiting);
    msock__heap_move(&table->dues, &one->due, ask_us);
}

void msock__pending_asked(struct msock__pending_table *table,
                          struct msock__pending *one, uint64_t now_us)
{
    set_asked(table, one, one->asked + 1);
    one->asked_us = now_us;
    unlink_one(table, one);
    link_last(table, one);
}

void msock__pending_unasked(struct msock__pending_table *table,
                            struct msock__pending *one)
{
    assert(one->asked > 0);
    set_asked(table, one, one->asked - 1);
}

uint64_t msock__pending_ask_us(const struct msock__pending_table *table)
{
    return msock__heap_deadline(&table->dues);
}

struct msock__pending *
msock__pending_first_end(const struct msock__pending_table *table)
{
    struct msock__heap_node *first = msock__heap_first(&table->ends);
    return first != NULL ? of_end(first) : NULL;
}

int msock__pending_hold(struct msock__pending_table *table,
                        struct msock__pending *one, struct msock__held *frame)
{
    size_t before = one->hold.bytes;
    int result = msock__hold_add(&one->hold, frame);
    table->bytes += one->hold.bytes - before;
    return result;
}

struct msock__held *msock__pending_shed(struct msock__pending_table *table,
                                        struct msock__pending *one)
{
    size_t before = one->hold.bytes;
    struct msock__held *lowest = msock__hold_shed(&one->hold);
    assert(before >= one->hold.bytes && table->bytes >= before);
    table->bytes -= before - one->hold.bytes;
    return lowest;
}

struct msock__held *msock__pending_take(struct msock__pending_table *table,
                                        struct msock__pending *one)
{
    assert(table->bytes >= one->hold.bytes);
    table->bytes -= one->hold.bytes;
    return msock__hold_take(&one->hold);
}

size_t msock__pending_clear(struct msock__pending_table *table,
                            struct msock__pending *one)
{
    assert(table->bytes >= one->hold.bytes);
    table->bytes -= one->hold.bytes;
    return msock__hold_clear(&one->hold);
}

struct msock__pending *
msock__pending_heaviest(const struct msock__pending_table *table)
{
    struct msock__pending *found = NULL;
    for (struct msock__pending *one = table->first; one != NULL;
         one = one->later) {
        if (one->hold.count == 0) {
            continue;
        }
        if (found == NULL || one->asked > found->asked ||
            (one->asked == found->asked &&
             one->hold.bytes > found->hold.bytes)) {
            found = one;
        }
    }
    return found;
}

size_t msock__pending_most(const struct msock__pending_table *table,
                           size_t *frames)
{
    size_t bytes = 0;
    size_t all = 0;
    *frames = 0;
    for (const struct msock__pending *one = table->first; one != NULL;
         one = one->later) {
        bytes = one->hold.bytes > bytes ? one->hold.bytes : bytes;
        *frames = one->hold.count > *frames ? one->hold.count : *frames;
        all += one->hold.bytes;
    }
    assert(all == table->bytes);
    return bytes;
}
