/* SPDX-License-Identifier: Apache-2.0 */
/* LCM over UDP multicast. With rcvbuf, the receive buffer is set as its tuning
 * guide advises, and its own queue of 30 messages a subscription is lifted. */
#include "bench/peers/peer.h"

#include <lcm/lcm.h>
#include <stdio.h>

const unsigned peer_turn = 0;

static lcm_t *lcm;
static const char *topic;
static bool listens;

static void on_message(const lcm_recv_buf_t *message, const char *channel,
                       void *user)
{
    (void)channel, (void)user;
    role_heard(message->data, message->data_size);
}

int peer_open(const struct peer_role *role)
{
    char url[96] = "udpm://239.255.76.67:7667?ttl=0";

    if (role->rcvbuf > 0) {
        snprintf(url, sizeof url,
                 "udpm://239.255.76.67:7667?ttl=0&recv_buf_size=%d",
                 role->rcvbuf);
    }
    lcm = lcm_create(url);
    if (lcm == NULL) {
        return role_fail("lcm_create", url);
    }
    if (role->publishes != PEER_NONE) {
        topic = role_topics[role->publishes];
    }
    listens = role->listens != PEER_NONE;
    if (listens) {
        lcm_subscription_t *subscription =
            lcm_subscribe(lcm, role_topics[role->listens], on_message, NULL);
        if (role->rcvbuf > 0) {
            lcm_subscription_set_queue_capacity(subscription, 0);
        }
    }
    return 0;
}

enum peer_sent peer_send(const char *text, size_t size)
{
    return lcm_publish(lcm, topic, text, (unsigned)size) < 0 ? PEER_LOST
                                                             : PEER_SENT;
}

void peer_flush(void)
{
}

void peer_poll(bool wait)
{
    if (listens && wait) {
        lcm_handle_timeout(lcm, PEER_WAIT_MS);
    }
}

int peer_listeners(void)
{
    return PEER_NONE;
}
