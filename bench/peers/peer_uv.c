/* SPDX-License-Identifier: Apache-2.0 */
/* Bare multicast through libuv, a datagram a message: what a loop costs without
 * any library on top. */
#include "bench/peers/peer.h"

#include <stdio.h>
#include <uv.h>

enum { PORT = 7710, DATAGRAM_MAX = 65536, GROUP_SIZE = 32 };

const unsigned peer_turn = 32;

static uv_loop_t loop;
static uv_udp_t sender, receiver;
static uv_timer_t turn;
static struct sockaddr_in target;
static bool listens;
static char room[DATAGRAM_MAX];

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    (void)handle, (void)wanted;
    *buffer = uv_buf_init(room, sizeof room);
}

static void on_datagram(uv_udp_t *handle, ssize_t size, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    (void)handle, (void)flags;
    if (size > 0 && from != NULL) {
        role_heard(buffer->base, (size_t)size);
    }
}

static void on_turn(uv_timer_t *timer)
{
    (void)timer;
}

static void write_group(int channel, char text[static GROUP_SIZE],
                        struct sockaddr_in *address)
{
    snprintf(text, GROUP_SIZE, "239.255.76.%d", 70 + channel);
    uv_ip4_addr(text, PORT + channel, address);
}

static int open_receiver(int channel, int rcvbuf)
{
    char group[GROUP_SIZE];
    struct sockaddr_in address;

    write_group(channel, group, &address);
    int code = uv_udp_init_ex(&loop, &receiver, AF_INET);
    code = code < 0 ? code
                    : uv_udp_bind(&receiver, (struct sockaddr *)&address,
                                  UV_UDP_REUSEADDR);
    code = code < 0 ? code
                    : uv_udp_set_membership(&receiver, group, "127.0.0.1",
                                            UV_JOIN_GROUP);
    if (code >= 0 && rcvbuf > 0) {
        code = uv_recv_buffer_size((uv_handle_t *)&receiver, &rcvbuf);
    }
    listens = true;
    return code < 0 ? code : uv_udp_recv_start(&receiver, on_room, on_datagram);
}

int peer_open(const struct peer_role *role)
{
    char group[GROUP_SIZE];
    int code = uv_loop_init(&loop);

    if (code >= 0 && role->publishes != PEER_NONE) {
        struct sockaddr_in any;
        write_group(role->publishes, group, &target);
        uv_ip4_addr("0.0.0.0", 0, &any);
        uv_udp_init_ex(&loop, &sender, AF_INET);
        code = uv_udp_bind(&sender, (struct sockaddr *)&any, 0);
    }
    if (code >= 0 && role->listens != PEER_NONE) {
        code = open_receiver(role->listens, role->rcvbuf);
    }
    uv_timer_init(&loop, &turn);
    uv_timer_start(&turn, on_turn, PEER_WAIT_MS, PEER_WAIT_MS);
    return code < 0 ? role_fail("uv", uv_strerror(code)) : 0;
}

enum peer_sent peer_send(const char *text, size_t size)
{
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)text, (unsigned)size);

    return uv_udp_try_send(&sender, &buffer, 1, (struct sockaddr *)&target) < 0
               ? PEER_LOST
               : PEER_SENT;
}

void peer_flush(void)
{
}

void peer_poll(bool wait)
{
    uv_run(&loop, wait && listens ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

int peer_listeners(void)
{
    return PEER_NONE;
}
