/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: confirmed messages in simulated worlds, and the checks on what their
 * publisher is told. Handlers act, refuse, say later what they did, or never
 * do, as their own dice say.
 *
 *     nothing but the truth  who is said to have acted ran its handler, once,
 *                            and did not refuse; a code is the one it refused
 *                            with; both had come to an end
 *     everybody, once        of those that were up and known to listen, and of
 *                            others only who acted or refused
 *     the end, once          right when all have answered, or at the deadline
 *     nobody else is asked   than for orders that are under way
 *     nobody is silent       orders_expect(), once there are no faults
 *
 * What is published is in the ledger, too, and checked there as any message. */
#ifndef MSOCK_TESTS_SIM_ORDERS_H
#define MSOCK_TESTS_SIM_ORDERS_H

#include "tests/sim/ledger.h"
#include "transport/sim_random.h"

struct world;
struct wire_view;

/** What one life did with an order. */
struct deed {
    const struct life *life;
    unsigned ran;                   /* its handler, so many times */
    unsigned open;                  /* results that it has yet to say */
    int code;                       /* the first that refused */
    bool expected;                  /* it is to be reported */
    bool told;                      /* it was */
    enum msock_confirm_state state; /* as which */
};

struct order {
    struct orders *orders;
    struct life *life; /* its publisher */
    size_t number;     /* among its publications */
    int id;
    uint64_t at_us;
    uint64_t deadline_us;
    bool ended;
    size_t extra; /* were told of who were not expected */
    size_t count;
    size_t capacity;
    struct deed *deeds;
};

/** A result that a handler says later. */
struct promise {
    struct life *life;
    struct order *order;
    uint64_t token;
    uint64_t due_us;
    int code;
};

struct orders {
    struct report *report;
    const struct ledger *ledger;
    struct msock__sim_random random; /* of handlers */
    size_t count;
    size_t capacity;
    struct order **list;
    size_t promise_count;
    size_t promise_capacity;
    struct promise *promises;
    uint64_t acted, refused, silent; /* reports, in total */
};

void orders_init(struct orders *orders, const struct ledger *ledger,
                 uint64_t seed);
void orders_fini(struct orders *orders);

/** Publishes an order; topic, padding, expires and after count.  Returns what
 *  msock_publish_confirmed() does. */
int orders_publish(struct world *world, unsigned node,
                   const struct publication *publication, unsigned deadline_ms);

/** A life's handler has a message that the ledger took.  Returns what the
 *  handler is to return: 0 if it is no order. */
int orders_hear(struct orders *orders, struct life *life,
                const msock_message *message, uint64_t now_us);

/** A node asks, or does not, what became of its frames. */
void orders_asked(struct orders *orders, const struct life *life,
                  const struct wire_view *view);

/** Time has passed: handlers say what they did, ends are overdue. */
void orders_tick(struct orders *orders, uint64_t now_us);

/** Checks that of the orders which living nodes, but forgetful ones, published
 *  since `from_us`, every living one that listens was told of, and was silent
 *  only if its handler was. */
void orders_expect(const struct orders *orders, uint64_t from_us);

#endif
