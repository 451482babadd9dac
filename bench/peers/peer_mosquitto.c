/* SPDX-License-Identifier: Apache-2.0 */
/* libmosquitto at QoS 0 through a broker on 127.0.0.1. Settings: port [1883],
 * psk (hexadecimal: TLS with this key, identity "bench"). A publisher waits
 * until its socket takes more. */
#include "bench/peers/peer.h"

#include <mosquitto.h>

enum { PORT = 1883, KEEPALIVE_S = 60 };

const unsigned peer_turn = 0;

static struct mosquitto *client;
static const char *topic;
static bool subscribed;
static bool in_callback; /* there the library only queues */

static void on_message(struct mosquitto *from, void *user,
                       const struct mosquitto_message *message)
{
    (void)from, (void)user;
    in_callback = true;
    role_heard(message->payload, (size_t)message->payloadlen);
    in_callback = false;
}

static void on_subscribe(struct mosquitto *from, void *user, int id, int count,
                         const int *granted)
{
    (void)from, (void)user, (void)id, (void)count, (void)granted;
    subscribed = true;
}

int peer_open(const struct peer_role *role)
{
    const char *psk = role_text("psk", NULL);

    mosquitto_lib_init();
    client = mosquitto_new(NULL, true, NULL);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_message_callback_set(client, on_message);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    if (psk != NULL) {
        mosquitto_tls_psk_set(client, psk, "bench", NULL);
    }
    int code = mosquitto_connect(client, "127.0.0.1",
                                 (int)role_number("port", PORT), KEEPALIVE_S);
    if (code != MOSQ_ERR_SUCCESS) {
        return role_fail("connect", mosquitto_strerror(code));
    }
    if (role->publishes != PEER_NONE) {
        topic = role_topics[role->publishes];
    }
    if (role->listens != PEER_NONE) {
        mosquitto_subscribe(client, NULL, role_topics[role->listens], 0);
        while (code == MOSQ_ERR_SUCCESS && !subscribed) {
            code = mosquitto_loop(client, PEER_WAIT_MS, 1);
        }
    }
    return code != MOSQ_ERR_SUCCESS
               ? role_fail("subscribe", mosquitto_strerror(code))
               : 0;
}

enum peer_sent peer_send(const char *text, size_t size)
{
    int code =
        mosquitto_publish(client, NULL, topic, (int)size, text, 0, false);

    while (!in_callback && mosquitto_want_write(client) &&
           mosquitto_loop(client, PEER_WAIT_MS, 1) == MOSQ_ERR_SUCCESS) {
    }
    return code != MOSQ_ERR_SUCCESS ? PEER_LOST : PEER_SENT;
}

void peer_flush(void)
{
}

void peer_poll(bool wait)
{
    mosquitto_loop(client, wait ? PEER_WAIT_MS : 0, 1);
}

int peer_listeners(void)
{
    return PEER_NONE;
}
