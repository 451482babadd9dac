/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of datagrams out of a multicast socket. */
#define _GNU_SOURCE /* recvmmsg */
#include "transport/multicast_receive.h"

#include "codec/error.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    DATAGRAM_MAX = 65507, /* docs/protocol.md 2 */
    SLOT_SIZE = 65536,    /* a datagram and its spare byte, in whole pages */
    MEMORY_SIZE = MSOCK__RECEIVE_BATCH * SLOT_SIZE
};

static_assert(DATAGRAM_MAX < SLOT_SIZE, "no room for the spare byte");

struct msock__batch {
    struct mmsghdr headers[MSOCK__RECEIVE_BATCH];
    struct iovec parts[MSOCK__RECEIVE_BATCH];
    struct sockaddr_storage sources[MSOCK__RECEIVE_BATCH];
    _Alignas(
        size_t) uint8_t controls[MSOCK__RECEIVE_BATCH][MSOCK__CONTROL_SIZE];
    uint8_t addresses[MSOCK__RECEIVE_BATCH][16];
    char froms[MSOCK__RECEIVE_BATCH][MSOCK__ADDRESS_TEXT_SIZE];
};

int msock__receiver_init(struct msock__receiver *receiver)
{
    struct msock__batch *batch = calloc(1, sizeof *batch);

    if (batch == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    void *memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        free(batch);
        return msock__fail(MSOCK_ESYSTEM, "receive memory: %s",
                           strerror(errno));
    }
    *receiver = (struct msock__receiver){
        .memory = memory, .batch = batch, .used = MSOCK__RECEIVE_BATCH};
    return 0;
}

void msock__receiver_fini(struct msock__receiver *receiver)
{
    if (receiver->memory != NULL) {
        munmap(receiver->memory, MEMORY_SIZE);
    }
    free(receiver->batch);
    *receiver = (struct msock__receiver){0};
}

/* The kernel writes sizes back into the headers that it uses. */
static void prepare(struct msock__receiver *receiver, size_t count)
{
    struct msock__batch *batch = receiver->batch;

    for (size_t i = 0; i < count; i++) {
        batch->parts[i] =
            (struct iovec){receiver->memory + i * SLOT_SIZE, DATAGRAM_MAX};
        batch->headers[i].msg_hdr =
            (struct msghdr){.msg_name = &batch->sources[i],
                            .msg_namelen = sizeof batch->sources[i],
                            .msg_iov = &batch->parts[i],
                            .msg_iovlen = 1,
                            .msg_control = batch->controls[i],
                            .msg_controllen = sizeof batch->controls[i]};
    }
}

size_t msock__receiver_read(struct msock__receiver *receiver, int fd,
                            struct msock__clocks *empty, bool *more)
{
    struct msock__clocks before = msock__clocks_read();
    unsigned width =
        receiver->trains ? MSOCK__RECEIVE_TRAINS : MSOCK__RECEIVE_BATCH;
    int received;

    prepare(receiver, receiver->used);
    do {
        received =
            recvmmsg(fd, receiver->batch->headers, width, MSG_DONTWAIT, NULL);
    } while (received < 0 && errno == EINTR);
    receiver->used = received > 0 ? (size_t)received : 0;
    receiver->trains = false;
    receiver->empty = *empty;
    receiver->read = msock__clocks_read();
    *more = receiver->used == width;
    if (!*more) {
        *empty = before;
    }
    return receiver->used;
}

bool msock__receiver_get(struct msock__receiver *receiver, size_t index,
                         bool from, struct msock__arrival *arrival,
                         struct msock__datagram *datagram)
{
    assert(index < MSOCK__RECEIVE_BATCH);
    struct msock__batch *batch = receiver->batch;
    struct msghdr *message = &batch->headers[index].msg_hdr;

    msock__arrival_read(arrival, message);
    receiver->trains = receiver->trains || arrival->segment > 0;
    memcpy(batch->addresses[index], arrival->source, 16);
    *datagram =
        (struct msock__datagram){.bytes = receiver->memory + index * SLOT_SIZE,
                                 .size = batch->headers[index].msg_len,
                                 .source = batch->addresses[index],
                                 .port = arrival->source_port};
    if (arrival->stamp_us > 0) {
        datagram->waited_us =
            msock__waited(&receiver->empty, &receiver->read, arrival->stamp_us);
    }
    if (from) {
        msock__address_text(arrival->source, arrival->source_port,
                            batch->froms[index]);
        datagram->from = batch->froms[index];
    }
    /* Without its ancillary data nobody knows where a train's datagrams end. */
    return (message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
}
