/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded table of pending sessions. */
#include "core/pending.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

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
    struct msock__pending *most = NULL;
    uint32_t asked = 0;
    for (struct msock__pending *one = table->first; one != NULL;
         one = one->later) {
        if (one->asked > asked) {
            asked = one->asked;
            most = one;
        }
    }
    return most;
}

void msock__pending_init(struct msock__pending_table *table, size_t session_max,
                         const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE])
{
    assert(session_max >= 1);
    *table = (struct msock__pending_table){.session_max = session_max};
    memcpy(table->hash_key, hash_key, sizeof(table->hash_key));
    msock__pending_refresh(table);
}

void msock__pending_fini(struct msock__pending_table *table)
{
    while (table->first != NULL) {
        msock__pending_remove(table, table->first);
    }
    assert(table->bytes == 0);
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
    struct msock__pending *made = calloc(1, sizeof(*made));
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
    unlink_one(table, one);
    HASH_DELETE(hh, table->sessions, one);
    free(one);
    msock__pending_refresh(table);
}

void msock__pending_touch(struct msock__pending_table *table,
                          struct msock__pending *one)
{
    unlink_one(table, one);
    link_last(table, one);
}

void msock__pending_refresh(struct msock__pending_table *table)
{
    table->ask_us = UINT64_MAX;
    table->until_us = UINT64_MAX;
    for (const struct msock__pending *one = table->first; one != NULL;
         one = one->later) {
        if (one->waiting && one->ask_us < table->ask_us) {
            table->ask_us = one->ask_us;
        }
        if (one->waiting && one->until_us < table->until_us) {
            table->until_us = one->until_us;
        }
    }
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
