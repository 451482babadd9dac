/* SPDX-License-Identifier: Apache-2.0 */
/* multisock, as an application uses it: an envelope a message, one callback for
 * each. Settings: url, key_file, name, reliable [0]. */
#include "bench/peers/peer.h"

#include <multisock/multisock.h>
#include <stdio.h>

const unsigned peer_turn = 512; /* what is queued leaves then at the latest */

static msock_channel *channel;
static msock_publish_options options;
static const char *topic;
static bool in_callback; /* its messages leave at the end of the turn */

static int on_message(msock_channel *from, const msock_message *message,
                      void *user)
{
    (void)user;
    in_callback = true;
    role_heard(message->data, message->data_size);
    in_callback = false;
    if (role_done()) {
        msock_stop(from);
    }
    return 0;
}

static void on_turn(msock_channel *from, void *user)
{
    (void)user;
    msock_stop(from);
}

int peer_open(const struct peer_role *role)
{
    msock_options how = {
        .name = role_text("name", "bench"),
        .key_file = role_text("key_file", NULL),
        .rcvbuf = (size_t)role->rcvbuf,
    };
    const char *url = role_text("url", "udp://239.255.76.93:7786?iface=lo");

    options.reliable = role_number("reliable", 0) > 0;
    if (msock_open(&channel, url, &how) < 0) {
        return role_fail(url, msock_error_detail());
    }
    if (role->publishes != PEER_NONE) {
        topic = role_topics[role->publishes];
    }
    if (role->listens != PEER_NONE &&
        msock_subscribe(channel, role_topics[role->listens], on_message, NULL,
                        NULL) < 0) {
        return role_fail("subscribe", msock_error_detail());
    }
    return msock_timer_start(channel, PEER_WAIT_MS, PEER_WAIT_MS, on_turn,
                             NULL) < 0
               ? role_fail("timer", msock_error_detail())
               : 0;
}

enum peer_sent peer_send(const char *text, size_t size)
{
    (void)size;
    int code = msock_publish(channel, topic, text, &options);
    if (code == MSOCK_EAGAIN) {
        return PEER_AGAIN;
    }
    return code < 0 ? PEER_LOST : PEER_SENT;
}

void peer_flush(void)
{
    if (!in_callback) {
        (void)msock_dispatch(channel);
    }
}

void peer_poll(bool wait)
{
    (void)(wait ? msock_run(channel) : msock_dispatch(channel));
}

static void count_listeners(msock_channel *of, const msock_node *node,
                            void *user)
{
    (void)of;
    *(int *)user += node->up && node->described && node->filter_count > 0;
}

int peer_listeners(void)
{
    int count = 0;

    (void)msock_nodes(channel, count_listeners, &count);
    return count;
}
