/* SPDX-License-Identifier: Apache-2.0 */
/* The NATS client through a server on 127.0.0.1. Settings: port [4222], tls
 * [0], asap [0; 1: each message leaves by itself]. */
#include "bench/peers/peer.h"

#include <nats/nats.h>
#include <stdio.h>

enum { PORT = 4222 };

const unsigned peer_turn = 0;

static const char *const subjects[2] = {"home.kitchen.lights",
                                        "home.kitchen.echo"};
static natsConnection *connection;
static natsSubscription *subscription;
static const char *subject;

static natsStatus connect_to_server(void)
{
    char url[64];
    natsOptions *options = NULL;
    natsStatus status = natsOptions_Create(&options);

    if (status != NATS_OK) {
        return status;
    }
    snprintf(url, sizeof url, "nats://127.0.0.1:%d",
             (int)role_number("port", PORT));
    natsOptions_SetURL(options, url);
    natsOptions_SetSendAsap(options, role_number("asap", 0) > 0);
    if (role_number("tls", 0) > 0) {
        natsOptions_SetSecure(options, true);
        natsOptions_SkipServerVerification(options, true);
    }
    status = natsConnection_Connect(&connection, options);
    natsOptions_Destroy(options);
    return status;
}

int peer_open(const struct peer_role *role)
{
    natsStatus status = connect_to_server();

    if (role->publishes != PEER_NONE) {
        subject = subjects[role->publishes];
    }
    if (status == NATS_OK && role->listens != PEER_NONE) {
        status = natsConnection_SubscribeSync(&subscription, connection,
                                              subjects[role->listens]);
        if (status == NATS_OK) {
            natsSubscription_SetPendingLimits(subscription, -1, -1);
            status = natsConnection_Flush(connection);
        }
    }
    return status != NATS_OK ? role_fail("nats", natsStatus_GetText(status))
                             : 0;
}

enum peer_sent peer_send(const char *text, size_t size)
{
    return natsConnection_Publish(connection, subject, text, (int)size) ==
                   NATS_OK
               ? PEER_SENT
               : PEER_LOST;
}

void peer_flush(void)
{
}

void peer_poll(bool wait)
{
    natsMsg *message;

    if (subscription == NULL || !wait ||
        natsSubscription_NextMsg(&message, subscription, PEER_WAIT_MS) !=
            NATS_OK) {
        return;
    }
    role_heard(natsMsg_GetData(message),
               (size_t)natsMsg_GetDataLength(message));
    natsMsg_Destroy(message);
}

int peer_listeners(void)
{
    return PEER_NONE;
}
