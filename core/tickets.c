/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that are made of a slot and of how many were given before. */
#include "core/tickets.h"

#include <assert.h>
#include <multisock/error.h>
#include <stdlib.h>

enum { SLOT_BITS = 10, FIRST_CAPACITY = 16 };

static_assert(MSOCK__TICKETS_MAX == 1 << SLOT_BITS, "a token names a slot");

int msock__tickets_room(struct msock__tickets *tickets)
{
    if (tickets->free > 0 || tickets->used < tickets->capacity) {
        return 0;
    }
    uint32_t capacity =
        tickets->capacity > 0 ? 2 * tickets->capacity : FIRST_CAPACITY;
    if (capacity > MSOCK__TICKETS_MAX) {
        return MSOCK_ELIMIT;
    }
    struct msock__ticket_slot *slots =
        realloc(tickets->slots, capacity * sizeof(*slots));
    if (!slots) {
        return MSOCK_ENOMEM;
    }
    tickets->slots = slots;
    tickets->capacity = capacity;
    return 0;
}

uint64_t msock__tickets_give(struct msock__tickets *tickets,
                             const struct msock__ticket *ticket)
{
    if (msock__tickets_room(tickets) < 0) {
        return 0;
    }
    uint32_t index = tickets->used;
    if (tickets->free > 0) {
        index = tickets->free - 1;
        tickets->free = tickets->slots[index].next;
    } else {
        tickets->used++;
    }
    uint64_t token = ++tickets->given << SLOT_BITS | index;
    tickets->slots[index] =
        (struct msock__ticket_slot){.token = token, .ticket = *ticket};
    return token;
}

/* The slot that a number names, NULL: it stands for nothing. */
static struct msock__ticket_slot *slot_of(const struct msock__tickets *tickets,
                                          uint64_t token)
{
    uint32_t index = (uint32_t)(token & (MSOCK__TICKETS_MAX - 1));
    if (token == 0 || index >= tickets->used ||
        tickets->slots[index].token != token) {
        return NULL;
    }
    return &tickets->slots[index];
}

static void release(struct msock__tickets *tickets,
                    struct msock__ticket_slot *slot)
{
    slot->token = 0;
    slot->next = tickets->free;
    tickets->free = (uint32_t)(slot - tickets->slots) + 1;
}

void msock__tickets_sweep(struct msock__tickets *tickets,
                          bool (*gone)(const struct msock__ticket *ticket,
                                       void *user),
                          void *user)
{
    for (uint32_t i = 0; i < tickets->used; i++) {
        struct msock__ticket_slot *slot = &tickets->slots[i];
        if (slot->token != 0 && gone(&slot->ticket, user)) {
            release(tickets, slot);
        }
    }
}

const struct msock__ticket *
msock__tickets_find(const struct msock__tickets *tickets, uint64_t token)
{
    const struct msock__ticket_slot *slot = slot_of(tickets, token);
    return slot ? &slot->ticket : NULL;
}

bool msock__tickets_take(struct msock__tickets *tickets, uint64_t token,
                         struct msock__ticket *ticket)
{
    struct msock__ticket_slot *slot = slot_of(tickets, token);
    if (!slot) {
        return false;
    }
    *ticket = slot->ticket;
    release(tickets, slot);
    return true;
}

void msock__tickets_fini(struct msock__tickets *tickets)
{
    free(tickets->slots);
    *tickets = (struct msock__tickets){0};
}
