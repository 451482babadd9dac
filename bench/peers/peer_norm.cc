/* SPDX-License-Identifier: Apache-2.0 */
/* NORM (RFC 5740): one reliable stream, each message behind its size. Settings:
 * rate [1e9 bits/s]. */
#include "bench/peers/peer.h"

#include <normApi.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <vector>

namespace
{

constexpr UINT16 PORT = 7730;
constexpr UINT16 SEGMENT = 1400, BLOCK = 64;
constexpr UINT32 BUFFER = 16U << 20, STREAM = 8U << 20, SOCKBUF = 4U << 20;
constexpr double GRTT_S = 0.001;
constexpr std::size_t MESSAGE_MAX = 4U << 20;

NormInstanceHandle instance;
NormObjectHandle stream = NORM_OBJECT_INVALID;
bool has_room = true;
std::vector<char> waiting; /* bytes of a message that is not whole */

NormSessionHandle open_session(int channel, NormNodeId id)
{
    char group[32];

    snprintf(group, sizeof group, "239.255.76.%d", 90 + channel);
    NormSessionHandle session = NormCreateSession(
        instance, group, static_cast<UINT16>(PORT + channel), id);
    NormSetRxPortReuse(session, true);
    NormSetMulticastInterface(session, "lo");
    NormSetLoopback(session, true);
    return session;
}

bool open_sender(int channel)
{
    NormSessionHandle session = open_session(channel, 1);

    NormSetGrttEstimate(session, GRTT_S);
    NormSetTxRate(session, role_number("rate", 1e9));
    if (!NormStartSender(session, 1, BUFFER, SEGMENT, BLOCK, 0)) {
        return false;
    }
    NormSetTxSocketBuffer(session, SOCKBUF);
    stream = NormStreamOpen(session, STREAM);
    NormStreamSetPushEnable(stream, false);
    return stream != NORM_OBJECT_INVALID;
}

bool open_receiver(int channel)
{
    NormSessionHandle session = open_session(channel, 2);

    if (!NormStartReceiver(session, 2 * BUFFER)) {
        return false;
    }
    NormSetRxSocketBuffer(session, SOCKBUF);
    return true;
}

/* Hands over the messages that are whole. */
void take_messages()
{
    std::size_t at = 0;
    std::uint32_t size;

    while (waiting.size() - at >= sizeof size) {
        memcpy(&size, waiting.data() + at, sizeof size);
        if (size > MESSAGE_MAX) {
            at = waiting.size(); /* out of step: go on at the next start */
            break;
        }
        if (waiting.size() - at - sizeof size < size) {
            break;
        }
        role_heard(waiting.data() + at + sizeof size, size);
        at += sizeof size + size;
    }
    waiting.erase(waiting.begin(),
                  waiting.begin() + static_cast<std::ptrdiff_t>(at));
}

void read_stream(NormObjectHandle from)
{
    char bytes[65536];

    for (;;) {
        unsigned count = sizeof bytes;
        if (!NormStreamRead(from, bytes, &count)) {
            waiting.clear();
            NormStreamSeekMsgStart(from);
            continue;
        }
        if (count == 0) {
            return;
        }
        waiting.insert(waiting.end(), bytes, bytes + count);
        take_messages();
    }
}

void write_stream(const char *bytes, std::size_t size)
{
    while (size > 0) {
        unsigned count =
            NormStreamWrite(stream, bytes, static_cast<unsigned>(size));
        bytes += count;
        size -= count;
        has_room = size == 0;
        while (!has_room && !role_done()) {
            peer_poll(true);
            has_room = has_room || NormStreamHasVacancy(stream);
        }
    }
}

} // namespace

extern "C" const unsigned peer_turn = 0;

int peer_open(const struct peer_role *role)
{
    bool open = true;

    instance = NormCreateInstance();
    if (role->publishes != PEER_NONE) {
        open = open_sender(role->publishes);
    }
    if (open && role->listens != PEER_NONE) {
        open = open_receiver(role->listens);
    }
    return open ? 0 : role_fail("norm", "cannot be opened");
}

enum peer_sent peer_send(const char *text, size_t size)
{
    const std::uint32_t length = static_cast<std::uint32_t>(size);

    write_stream(reinterpret_cast<const char *>(&length), sizeof length);
    write_stream(text, size);
    NormStreamMarkEom(stream);
    return PEER_SENT;
}

void peer_flush(void)
{
    if (stream != NORM_OBJECT_INVALID) {
        NormStreamFlush(stream, true, NORM_FLUSH_ACTIVE);
    }
}

void peer_poll(bool wait)
{
    struct pollfd ready = {NormGetDescriptor(instance), POLLIN, 0};
    NormEvent event;

    if (poll(&ready, 1, wait ? PEER_WAIT_MS : 0) <= 0 ||
        !NormGetNextEvent(instance, &event, false)) {
        return;
    }
    if (event.type == NORM_TX_QUEUE_VACANCY ||
        event.type == NORM_TX_QUEUE_EMPTY) {
        has_room = true;
    } else if (event.type == NORM_RX_OBJECT_UPDATED) {
        read_stream(event.object);
    }
}

int peer_listeners(void)
{
    return PEER_NONE;
}
