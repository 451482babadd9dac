/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel itself can do: bare multicast sockets. Settings: pack [0: a
 * datagram a message; else datagrams of at most so many bytes, filled with
 * messages, each behind its size in two bytes], segments [0; else up to so many
 * datagrams a system call by UDP_SEGMENT, and UDP_GRO]. */
#define _GNU_SOURCE 1
#include "bench/peers/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

enum {
    PORT = 7700,
    TRAIN_MAX = 65000, /* bytes in a system call, */
    SEGMENTS_MAX = 64, /* and datagrams, at most */
    SIZE_BYTES = 2
};

const unsigned peer_turn = 0;

static int sender = -1, receiver = -1;
static size_t pack, segments;
static char train[TRAIN_MAX + 1];
static size_t used;  /* of the train */
static size_t begun; /* where its last datagram begins */

static struct sockaddr_in group(int channel)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)(PORT + channel)),
        .sin_addr.s_addr = htonl(0xefff4c43U + (uint32_t)channel),
    };
}

static int open_sender(int channel)
{
    struct sockaddr_in to = group(channel);

    sender = socket(AF_INET, SOCK_DGRAM, 0);
    return sender < 0 ? -1 : connect(sender, (struct sockaddr *)&to, sizeof to);
}

static int open_receiver(const struct peer_role *role)
{
    const int on = 1;
    const struct timeval wait = {.tv_usec = PEER_WAIT_MS * 1000};
    struct sockaddr_in from = group(role->listens);
    const struct ip_mreq request = {from.sin_addr, {htonl(INADDR_LOOPBACK)}};

    receiver = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(receiver, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (role->rcvbuf > 0) {
        setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &role->rcvbuf,
                   sizeof role->rcvbuf);
    }
    if (segments > 0) {
        setsockopt(receiver, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    }
    if (bind(receiver, (struct sockaddr *)&from, sizeof from) < 0) {
        return -1;
    }
    return setsockopt(receiver, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request,
                      sizeof request);
}

int peer_open(const struct peer_role *role)
{
    int code = 0;

    pack = (size_t)role_number("pack", 0);
    segments = (size_t)role_number("segments", 0);
    segments = segments < SEGMENTS_MAX ? segments : SEGMENTS_MAX;
    if (role->publishes != PEER_NONE) {
        code |= open_sender(role->publishes);
    }
    if (role->listens != PEER_NONE) {
        code |= open_receiver(role);
    }
    return code != 0 ? role_fail("udp", strerror(errno)) : 0;
}

/* -- Sending -- */

/* Sends the train, in datagrams of `pack` bytes but for the last. */
static enum peer_sent depart(void)
{
    union {
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec whole = {train, used};
    struct msghdr message = {.msg_iov = &whole, .msg_iovlen = 1};

    if (used == 0) {
        return PEER_SENT;
    }
    if (used > pack) {
        const uint16_t size = (uint16_t)pack;
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = IPPROTO_UDP;
        header->cmsg_type = UDP_SEGMENT;
        header->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(header), &size, sizeof size);
    }
    used = begun = 0;
    return sendmsg(sender, &message, 0) < 0 ? PEER_LOST : PEER_SENT;
}

/* Fills the datagram that was begun up to its size and begins another. */
static enum peer_sent next_datagram(void)
{
    if (segments == 0) {
        return depart();
    }
    memset(train + used, 0, begun + pack - used);
    used = begun += pack;
    bool full = used + pack > TRAIN_MAX || used >= segments * pack;
    return full ? depart() : PEER_SENT;
}

enum peer_sent peer_send(const char *text, size_t size)
{
    const uint16_t length = (uint16_t)size;
    enum peer_sent sent = PEER_SENT;

    if (size + SIZE_BYTES > pack) {
        return send(sender, text, size, 0) < 0 ? PEER_LOST : PEER_SENT;
    }
    if (used - begun + SIZE_BYTES + size > pack) {
        sent = next_datagram();
    }
    memcpy(train + used, &length, sizeof length);
    memcpy(train + used + sizeof length, text, size);
    used += sizeof length + size;
    return sent;
}

void peer_flush(void)
{
    (void)depart();
}

/* -- Receiving -- */

static void take_datagram(const char *bytes, size_t size)
{
    uint16_t length;

    if (size > 0 && bytes[0] == '{') {
        role_heard(bytes, size);
        return;
    }
    for (size_t at = 0; at + sizeof length <= size;) {
        memcpy(&length, bytes + at, sizeof length);
        at += sizeof length;
        if (length == 0 || length > size - at) {
            return;
        }
        role_heard(bytes + at, length);
        at += length;
    }
}

/* The size of the datagrams that were joined, or of the only one. */
static size_t datagram_size(struct msghdr *message, size_t size)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int joined = 0;

    for (; header != NULL; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO) {
            memcpy(&joined, CMSG_DATA(header), sizeof joined);
        }
    }
    return joined > 0 ? (size_t)joined : size;
}

void peer_poll(bool wait)
{
    static char bytes[65536];
    char control[64];
    struct iovec whole = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &whole,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};

    if (receiver < 0 || !wait) {
        return;
    }
    ssize_t got = recvmsg(receiver, &message, 0);
    if (got <= 0) {
        return;
    }
    size_t size = datagram_size(&message, (size_t)got);
    for (size_t at = 0; at < (size_t)got; at += size) {
        size_t rest = (size_t)got - at;
        take_datagram(bytes + at, rest < size ? rest : size);
    }
}

int peer_listeners(void)
{
    return PEER_NONE;
}
