/* SPDX-License-Identifier: Apache-2.0 */
/* Orders for lights. */
#include "samples/hub_order.h"

#include "samples/say.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { JSON_SIZE = 64, TOPIC_SIZE = MSOCK_TOPIC_MAX + 1 };

/* Adds "; `name` `what`", or counts it if there is no room. */
static void add_other(struct hub_order *order, const char *name,
                      const char *what)
{
    size_t used = strlen(order->others);
    size_t room = sizeof order->others - used;
    int size = snprintf(order->others + used, room, "; %s %s", name, what);

    if (size < 0 || (size_t)size >= room) {
        order->others[used] = '\0';
        order->unnamed++;
    }
}

/* What became of the order at one node. */
static void take(struct hub_order *order, const msock_confirm *confirm)
{
    char refused[64];

    switch (confirm->state) {
    case MSOCK_CONFIRM_ACTED:
        order->acted++;
        order->last_us = confirm->time_us > order->last_us ? confirm->time_us
                                                           : order->last_us;
        if (confirm->extra) {
            add_other(order, confirm->node, "too");
        }
        break;
    case MSOCK_CONFIRM_REFUSED:
        order->failed++;
        snprintf(refused, sizeof refused, "refused (%s)",
                 msock_error_name(confirm->code));
        add_other(order, confirm->node, refused);
        break;
    default:
        order->failed++;
        add_other(order, confirm->node, "silent");
        break;
    }
}

/* Names those that the order should have reached, and that are not there. */
static void add_absent(struct hub_order *order)
{
    const struct hub_nodes *nodes = order->orders->nodes;
    const char *whom = order->command.node;

    for (size_t i = 0; i < nodes->count; i++) {
        const struct hub_node *node = &nodes->nodes[i];
        if (node->lights && node->presence != HUB_UP &&
            (whom[0] == '\0' || strcmp(whom, node->name) == 0)) {
            add_other(order, node->name, hub_presence_phrase(node->presence));
        }
    }
}

static void write_counts(const struct hub_order *order,
                         const msock_confirm *end, char *out, size_t size)
{
    if (end->expected == 0 && order->acted == 0) {
        snprintf(out, size, "nobody listens");
    } else if (end->acted == 0) {
        snprintf(out, size, "0 of %zu acted", end->expected);
    } else {
        snprintf(out, size, "%zu of %zu acted in %llu ms", end->acted,
                 end->expected,
                 (unsigned long long)(order->last_us + 999) / 1000);
    }
}

static void print_result(const struct hub_order *order,
                         const msock_confirm *end)
{
    const struct hub_command *command = &order->command;
    char counts[96];
    char unnamed[32] = "";

    write_counts(order, end, counts, sizeof counts);
    if (order->unnamed > 0) {
        snprintf(unnamed, sizeof unnamed, "; and %u more", order->unnamed);
    }
    say("%s: %s%s%s", command->text, counts, order->others, unnamed);
}

static void finish(struct hub_order *order, const msock_confirm *end)
{
    struct hub_orders *orders = order->orders;
    unsigned wanted = order->command.node[0] != '\0' ? 1 : orders->expect;
    unsigned there = order->acted + order->failed;

    add_absent(order);
    print_result(order, end);
    if (there < wanted) {
        complain("hub: %u of %u nodes are not there", wanted - there, wanted);
    }
    orders->failed = orders->failed || order->failed > 0 || order->acted == 0 ||
                     order->acted < wanted;
    order->under_way = false;
    orders->under_way--;
}

static void on_confirm(msock_channel *channel, const msock_confirm *confirm,
                       void *user)
{
    struct hub_order *order = user;

    (void)channel;
    if (confirm->node != NULL) {
        take(order, confirm);
    } else {
        finish(order, confirm);
    }
}

static struct hub_order *free_order(struct hub_orders *orders)
{
    size_t at = 0;
    while (at < HUB_ORDERS_MAX && orders->items[at].under_way) {
        at++;
    }
    assert(at < HUB_ORDERS_MAX);
    return &orders->items[at];
}

int hub_orders_send(struct hub_orders *orders, msock_channel *channel,
                    const struct hub_command *command)
{
    const msock_confirm_options options = {.deadline_ms = orders->deadline_ms};
    struct hub_order *order = free_order(orders);
    char topic[TOPIC_SIZE] = "lights";
    char json[JSON_SIZE];

    if (command->node[0] != '\0') {
        snprintf(topic, sizeof topic, "%s/lights", command->node);
    }
    if (command->brightness >= 0) {
        snprintf(json, sizeof json, "{\"brightness\":%d}", command->brightness);
    } else {
        snprintf(json, sizeof json, "{\"on\":%s}",
                 command->on ? "true" : "false");
    }
    *order = (struct hub_order){
        .orders = orders, .command = *command, .under_way = true};
    orders->under_way++;
    int result = msock_publish_confirmed(channel, topic, json, &options,
                                         on_confirm, order);
    if (result < 0) {
        orders->failed = true;
        orders->under_way--;
        order->under_way = false;
        return result;
    }
    return 0;
}
