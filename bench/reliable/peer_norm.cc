/* SPDX-License-Identifier: Apache-2.0 */
/* NORM (RFC 5740), as an application uses libnorm. Settings [default]: form
 * [stream; objects: a NORM object each], rate [1e9 bits/s; 0: congestion
 * control], grtt [0.01 s], backoff [4], group [10], segment [1400], block [64],
 * parity [16], auto [0: parity is not sent unasked], stream and buffer [4 and
 * 8 MiB], prepare [1: receivers make theirs before], sockbuf [4 MiB], iface
 * [eth0], id.
 *
 * Pushes, acknowledgements and flow control are off, so that nothing holds the
 * sender back. */
#include "bench/reliable/roles.h"

#include <normApi.h>

#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <vector>

namespace
{

NormInstanceHandle instance;
NormSessionHandle session;
volatile bool stopped;

unsigned whole(const char *key, unsigned missing)
{
    return static_cast<unsigned>(role_number(key, missing));
}

bool as_stream()
{
    return strcmp(role_text("form", "stream"), "stream") == 0;
}

/* What both roles must know alike. */
struct Shape {
    UINT16 segment = static_cast<UINT16>(whole("segment", 1400));
    UINT16 block = static_cast<UINT16>(whole("block", 64));
    UINT16 parity = static_cast<UINT16>(whole("parity", 16));
    UINT32 buffer = whole("buffer", 8U << 20);
    UINT32 stream = whole("stream", 4U << 20);
    UINT32 sockbuf = whole("sockbuf", 4U << 20);
};

/* Events are taken as they come, for at most `wait_ms` at a time. */
template <typename Handler> void take_events(int wait_ms, Handler handle)
{
    struct pollfd ready = {NormGetDescriptor(instance), POLLIN, 0};
    NormEvent event;

    if (poll(&ready, 1, wait_ms) <= 0) {
        return;
    }
    while (NormGetNextEvent(instance, &event, false)) {
        handle(event);
    }
}

void ignore(const NormEvent &)
{
}

bool start_sender()
{
    const Shape shape;
    double rate = role_number("rate", 1e9);
    double grtt = role_number("grtt", 0.01);

    NormSetGrttEstimate(session, grtt);
    if (grtt < 0.01) {
        NormSetGrttProbingInterval(session, grtt, 1.0);
    }
    if (rate > 0) {
        NormSetTxRate(session, rate);
    }
    NormSetCongestionControl(session, rate <= 0);
    NormSetBackoffFactor(session, role_number("backoff", 4));
    NormSetGroupSize(session, whole("group", 10));
    NormSetTxCacheBounds(session, 1 << 30, OBJECTS_MAX, OBJECTS_MAX);
    NormSetFlowControl(session, 0);
    if (!NormStartSender(session, 1, shape.buffer, shape.segment, shape.block,
                         shape.parity)) {
        return false;
    }
    NormSetAutoParity(session, static_cast<UINT8>(whole("auto", 0)));
    NormSetTxSocketBuffer(session, shape.sockbuf);
    return true;
}

bool start_receiver()
{
    const Shape shape;

    NormSetDefaultSyncPolicy(session,
                             as_stream() ? NORM_SYNC_STREAM : NORM_SYNC_ALL);
    NormSetRxCacheLimit(session, 16383);
    if (!NormStartReceiver(session, shape.buffer)) {
        return false;
    }
    NormSetRxSocketBuffer(session, shape.sockbuf);
    if (whole("prepare", 1) > 0) {
        NormPreallocateRemoteSender(session, shape.buffer, shape.segment,
                                    shape.block, shape.parity, shape.stream);
    }
    return true;
}

/* -- Sending -- */

void write_stream(NormObjectHandle stream, const char *bytes, unsigned size)
{
    unsigned done = 0;

    while (!stopped && done < size) {
        done += NormStreamWrite(stream, bytes + done, size - done);
        if (done < size) {
            take_events(5, ignore);
        }
    }
}

/* NORM keeps the bytes of an object where they are. */
void enqueue_object(const char *bytes, unsigned size)
{
    while (!stopped &&
           NormDataEnqueue(session, bytes, size) == NORM_OBJECT_INVALID) {
        take_events(5, ignore);
    }
}

void settle(unsigned duration_ms)
{
    for (unsigned passed_ms = 0; !stopped && passed_ms < duration_ms;
         passed_ms += 10) {
        poll(nullptr, 0, 10);
        take_events(0, ignore);
    }
}

void offer(unsigned count)
{
    static std::vector<char> objects;
    NormObjectHandle stream = NORM_OBJECT_INVALID;

    objects.resize(count * static_cast<size_t>(OBJECT_SIZE) + 1);
    if (as_stream()) {
        stream = NormStreamOpen(session, Shape().stream);
    }
    role_first();
    for (unsigned number = 0; number < count; number++) {
        char *bytes = &objects[number * static_cast<size_t>(OBJECT_SIZE)];
        object_write(bytes, number);
        if (stream != NORM_OBJECT_INVALID) {
            write_stream(stream, bytes, OBJECT_SIZE);
            NormStreamMarkEom(stream);
        } else {
            enqueue_object(bytes, OBJECT_SIZE);
        }
    }
    if (stream != NORM_OBJECT_INVALID) {
        NormStreamFlush(stream, true, NORM_FLUSH_ACTIVE);
    }
    role_offered();
}

/* -- Receiving -- */

void read_stream(NormObjectHandle stream)
{
    static char object[OBJECT_SIZE];
    static unsigned have;

    for (;;) {
        unsigned size = OBJECT_SIZE - have;
        if (!NormStreamRead(stream, object + have, &size)) {
            have = 0;
            NormStreamSeekMsgStart(stream);
            continue;
        }
        if (size == 0) {
            return;
        }
        have += size;
        if (have == OBJECT_SIZE) {
            role_heard(object, have);
            have = 0;
        }
    }
}

void hear(const NormEvent &event)
{
    if (event.type == NORM_RX_OBJECT_UPDATED && as_stream()) {
        read_stream(event.object);
    } else if (event.type == NORM_RX_OBJECT_COMPLETED && !as_stream()) {
        role_heard(NormDataAccessData(event.object),
                   static_cast<size_t>(NormObjectGetSize(event.object)));
    }
}

} // namespace

int peer_open(bool publisher)
{
    instance = NormCreateInstance();
    if (instance == NORM_INSTANCE_INVALID) {
        return role_fail("NORM", "no instance");
    }
    session = NormCreateSession(instance, "239.255.76.90", 7784,
                                whole("id", publisher ? 1 : 2));
    if (session == NORM_SESSION_INVALID) {
        return role_fail("NORM", "no session");
    }
    NormSetMulticastInterface(session, role_text("iface", "eth0"));
    NormSetTTL(session, 1);
    if (!(publisher ? start_sender() : start_receiver())) {
        return role_fail("NORM", "the session does not start");
    }
    return 0;
}

void peer_publish(unsigned count, unsigned settle_ms)
{
    settle(settle_ms);
    offer(count);
    while (!stopped) {
        take_events(100, ignore);
    }
}

void peer_receive(void)
{
    while (!stopped) {
        take_events(100, hear);
    }
}

void peer_stop(void)
{
    stopped = true;
}

void peer_report(void)
{
}
