/* SPDX-License-Identifier: Apache-2.0 */
/* A multicast transport, driven by hand. */
#include "tests/support/net_node.h"

#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 10000 };

static void on_received(void *owner, const struct msock__datagram *datagrams,
                        size_t count)
{
    struct node *node = owner;
    const struct msock__datagram *last = &datagrams[count - 1];

    node->count += count;
    node->size = last->size;
    node->own = last->own;
    node->waited_us = last->waited_us;
    memcpy(node->bytes, last->bytes, last->size < KEPT ? last->size : KEPT);
    snprintf(node->from, sizeof node->from, "%s",
             last->from != NULL ? last->from : "");
    last->bytes[last->size] = '\0';
}

static void on_writable(void *owner)
{
    struct node *node = owner;

    node->writable++;
}

static void on_counted(void *owner, enum msock_counter counter, uint64_t count)
{
    struct node *node = owner;

    node->counters[counter] += count;
}

static void on_resized(void *owner, size_t frame_size)
{
    struct node *node = owner;

    node->frame_size = frame_size;
}

static void on_near(void *owner, bool near)
{
    struct node *node = owner;

    node->near = near;
}

static void on_closed(void *owner)
{
    struct node *node = owner;

    node->closed = true;
}

struct msock__config config_of(const char *host, const char *iface)
{
    struct msock__config config = {.port = 7783, .ttl = 1, .rcvbuf = 212992};

    snprintf(config.host, sizeof config.host, "%s", host);
    snprintf(config.iface, sizeof config.iface, "%s", iface);
    return config;
}

int node_start(struct node *node, const struct msock__config *config)
{
    const struct msock__transport_events events = {
        .owner = node,
        .received = on_received,
        .writable = on_writable,
        .counted = on_counted,
        .resized = on_resized,
        .near = on_near,
        .closed = on_closed,
    };
    uint8_t group[16];

    *node = (struct node){.closed = false};
    uv_loop_init(&node->loop);
    cr_assert(msock__multicast_new(&node->transport, config, log_notes_logger(),
                                   group) == 0,
              "%s", msock_error_detail());
    int rc = node->transport->ops->start(node->transport, &node->loop, &events);
    node->near = node->transport->ops->near(node->transport);
    return rc;
}

void node_open(struct node *node, const struct msock__config *config)
{
    int rc = node_start(node, config);

    cr_assert(rc == 0, "%s", msock_error_detail());
}

void node_close(struct node *node)
{
    node->transport->ops->close(node->transport);
    uv_run(&node->loop, UV_RUN_DEFAULT);
    cr_expect(node->closed);
    cr_expect(uv_loop_close(&node->loop) == 0);
}

size_t node_send(struct node *node, const char *text)
{
    struct msock__outgoing frame = {(const uint8_t *)text, strlen(text)};

    return node->transport->ops->send(node->transport, &frame, 1);
}

int node_joined(const struct node *node)
{
    return node->transport->ops->joined(node->transport);
}

static void on_patience(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

bool has_received(const struct node *node, size_t value)
{
    return node->count >= value;
}

bool has_joined(const struct node *node, size_t value)
{
    return node_joined(node) == (int)value;
}

bool is_near(const struct node *node, size_t value)
{
    return node->near == (value != 0);
}

bool run_until(struct node *node, condition *is, size_t value)
{
    uv_timer_t timer;
    bool late = false;

    uv_timer_init(&node->loop, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_patience, PATIENCE_MS, 0);
    while (!is(node, value) && !late) {
        uv_run(&node->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&node->loop, UV_RUN_NOWAIT);
    return !late;
}
