/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what the network may send: the input is cut into datagrams, each led
 * by two bytes of length, which go into an open and a sealed channel, one with
 * codec=raw and one with small bounds. With the highest bit of its length a
 * datagram is the header and body of a frame that a member of the group seals,
 * so that what lies behind the seal is reached too. */
#include "core/engine_state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/bench_channel.h"

#include <assert.h>
#include <string.h>

enum { CHANNELS = 4, SEALED = 1, MEMBER = 0x8000, FRAME_ROOM = 33000 };

static void feed_sealed(struct bench *bench, const uint8_t *bytes, size_t size)
{
    static uint8_t room[FRAME_ROOM];
    struct msock__packet packet = {.bytes = room, .capacity = sizeof room};
    if (size < MSOCK__HEADER_SIZE || size + MSOCK__TAG_SIZE > sizeof room) {
        return;
    }
    memcpy(room, bytes, size);
    room[3] &= MSOCK__FRAGMENT;
    memset(room + 4, 0, 4);
    if (msock__frame_decode(room, size, &packet.frame) != 0) {
        return;
    }
    packet.size = size;
    bench_believe(bench, packet.frame.session);
    msock__pipeline_encode(&bench->engine->pipeline, &packet);
    bench_feed(bench, room, packet.size, "10.0.0.2:1", false);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const options[CHANNELS] = {
        "sessions_max=2", "", "codec=raw",
        "assemblies_max=1&reassembly_max=64K&message_max=1K&head_max=512"};
    static const int keys[CHANNELS] = {0, 7, 0, 0};
    struct bench bench[CHANNELS];

    for (int i = 0; i < CHANNELS; i++) {
        bench_open(&bench[i], "node", options[i], keys[i]);
        bench_record(&bench[i], "#", false);
    }
    while (size >= 2) {
        size_t wanted = (size_t)bytes[0] << 8 | bytes[1];
        bool member = (wanted & MEMBER) != 0;
        wanted &= ~(size_t)MEMBER;
        size_t length = wanted < size - 2 ? wanted : size - 2;
        for (int i = 0; i < CHANNELS; i++) {
            if (member && i == SEALED) {
                feed_sealed(&bench[i], bytes + 2, length);
            } else {
                bench_feed(&bench[i], bytes + 2, length, "10.0.0.1:1", false);
            }
        }
        bytes += 2 + length;
        size -= 2 + length;
    }
    for (int i = 0; i < CHANNELS; i++) {
        bench_close(&bench[i]);
    }
    return 0;
}
