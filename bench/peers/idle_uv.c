/* SPDX-License-Identifier: Apache-2.0 */
/* An idle subscriber of bare multicast through libuv. */
#include "bench/peers/idle.h"

#include <stdio.h>
#include <uv.h>

static char room[65536];

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    (void)handle, (void)wanted;
    *buffer = uv_buf_init(room, sizeof room);
}

static void on_datagram(uv_udp_t *handle, ssize_t size, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    (void)handle, (void)buffer, (void)flags;
    if (size > 0 && from != NULL) {
        idle_heard();
    }
}

int idle_run(void)
{
    uv_loop_t loop;
    uv_udp_t receiver;
    struct sockaddr_in address;
    int code = uv_loop_init(&loop);

    uv_ip4_addr(IDLE_GROUP, IDLE_PORT, &address);
    code = code < 0 ? code : uv_udp_init_ex(&loop, &receiver, AF_INET);
    code = code < 0 ? code
                    : uv_udp_bind(&receiver, (struct sockaddr *)&address,
                                  UV_UDP_REUSEADDR);
    code = code < 0 ? code
                    : uv_udp_set_membership(&receiver, IDLE_GROUP, "127.0.0.1",
                                            UV_JOIN_GROUP);
    code = code < 0 ? code : uv_udp_recv_start(&receiver, on_room, on_datagram);
    if (code < 0) {
        fprintf(stderr, "idle: %s\n", uv_strerror(code));
        return -1;
    }
    idle_ready();
    return uv_run(&loop, UV_RUN_DEFAULT);
}
