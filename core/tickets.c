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

bool msock__tickets_take(struct msock__tickets *tickets, uint64_t token,
                         struct msock__ticket *ticket)
{
    uint32_t index = (uint32_t)(token & (MSOCK__TICKETS_MAX - 1));
    if (token == 0 || index >= tickets->used ||
        tickets->slots[index].token != token) {
        return false;
    }
    struct msock__ticket_slot *slot = &tickets->slots[index];
    *ticket = slot->ticket;
    slot->token = 0;
    slot->next = tickets->free;
    tickets->free = index + 1;
    return true;
}

void msock__tickets_fini(struct msock__tickets *tickets)
{
    free(tickets->slots);
    *tickets = (struct msock__tickets){0};
}
