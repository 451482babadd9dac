/* SPDX-License-Identifier: Apache-2.0 */
/* ZeroMQ's PUB and SUB over TCP on 127.0.0.1. Settings: block [0; 1: wait at
 * the high-water mark, ZMQ_XPUB_NODROP], curve [0; 1: CURVE with the four keys
 * server_public, server_secret, client_public, client_secret]. */
#include "bench/peers/peer.h"

#include <stdio.h>
#include <zmq.h>

enum { BURST = 64, KEY_SIZE = 41, PORT = 5560 };

const unsigned peer_turn = 0;

static void *publisher, *subscriber;

static int set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static int set_key(void *socket, int option, const char *key)
{
    return zmq_setsockopt(socket, option, role_text(key, ""), KEY_SIZE);
}

static void write_address(char *text, size_t size, int channel)
{
    snprintf(text, size, "tcp://127.0.0.1:%d", PORT + channel);
}

static int open_publisher(void *context, int channel, bool curve)
{
    char address[64];
    int code = 0;

    publisher = zmq_socket(context, ZMQ_PUB);
    code |= set_int(publisher, ZMQ_LINGER, 0);
    if (role_number("block", 0) > 0) {
        code |= set_int(publisher, ZMQ_XPUB_NODROP, 1);
    }
    if (curve) {
        code |= set_int(publisher, ZMQ_CURVE_SERVER, 1);
        code |= set_key(publisher, ZMQ_CURVE_SECRETKEY, "server_secret");
    }
    write_address(address, sizeof address, channel);
    return code | zmq_bind(publisher, address);
}

static int open_subscriber(void *context, int channel, bool curve)
{
    char address[64];
    int code = 0;

    subscriber = zmq_socket(context, ZMQ_SUB);
    code |= zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "", 0);
    code |= set_int(subscriber, ZMQ_RCVTIMEO, PEER_WAIT_MS);
    if (curve) {
        code |= set_key(subscriber, ZMQ_CURVE_SERVERKEY, "server_public");
        code |= set_key(subscriber, ZMQ_CURVE_PUBLICKEY, "client_public");
        code |= set_key(subscriber, ZMQ_CURVE_SECRETKEY, "client_secret");
    }
    write_address(address, sizeof address, channel);
    return code | zmq_connect(subscriber, address);
}

int peer_open(const struct peer_role *role)
{
    void *context = zmq_ctx_new();
    bool curve = role_number("curve", 0) > 0;
    int code = 0;

    if (role->publishes != PEER_NONE) {
        code |= open_publisher(context, role->publishes, curve);
    }
    if (role->listens != PEER_NONE) {
        code |= open_subscriber(context, role->listens, curve);
    }
    return code != 0 ? role_fail("zmq", zmq_strerror(zmq_errno())) : 0;
}

enum peer_sent peer_send(const char *text, size_t size)
{
    return zmq_send(publisher, text, size, 0) < 0 ? PEER_LOST : PEER_SENT;
}

void peer_flush(void)
{
}

void peer_poll(bool wait)
{
    zmq_msg_t message;

    if (subscriber == NULL || !wait) {
        return;
    }
    zmq_msg_init(&message);
    for (int i = 0; i < BURST; i++) {
        if (zmq_msg_recv(&message, subscriber, i > 0 ? ZMQ_DONTWAIT : 0) < 0) {
            break;
        }
        role_heard(zmq_msg_data(&message), zmq_msg_size(&message));
    }
    zmq_msg_close(&message);
}

int peer_listeners(void)
{
    return PEER_NONE;
}
