/* SPDX-License-Identifier: Apache-2.0 */
/* Orders for lights: each is a confirmed message, and ends with a line that
 * says who acted, as "lights off: 11 of 12 acted in 38 ms; porch silent". At
 * most HUB_ORDERS_MAX are under way. */
#ifndef SAMPLES_HUB_ORDER_H
#define SAMPLES_HUB_ORDER_H

#include "samples/hub_command.h"
#include "samples/hub_nodes.h"

enum { HUB_ORDERS_MAX = 16, HUB_ORDER_TEXT_SIZE = 768 };

struct hub_order {
    struct hub_orders *orders;
    bool under_way;
    struct hub_command command;
    unsigned acted;                   /* also of those not expected */
    unsigned failed;                  /* refused, or silent */
    uint64_t last_us;                 /* when the last one acted */
    char others[HUB_ORDER_TEXT_SIZE]; /* "; porch silent"..., and ... */
    unsigned unnamed;                 /* ... for whom it had no room */
};

struct hub_orders {
    const struct hub_nodes *nodes;
    unsigned deadline_ms; /* who did not answer by then is silent */
    unsigned expect;      /* nodes that shall act; 0: not known */
    unsigned under_way;
    bool failed; /* somebody did not act, or an order could not be sent */
    struct hub_order items[HUB_ORDERS_MAX];
};

/** Sends the order that a command is, HUB_LIGHTS. There is room for it: fewer
 *  than HUB_ORDERS_MAX are under way.
 *  Returns 0, or a code of msock_publish_confirmed(). */
int hub_orders_send(struct hub_orders *orders, msock_channel *channel,
                    const struct hub_command *command);

#endif
