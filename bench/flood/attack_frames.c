/* SPDX-License-Identifier: Apache-2.0 */
/* Frames as a flooder makes them. */
#include "bench/flood/attack_frames.h"

#include "codec/hash.h"
#include "codec/seal.h"

#include <assert.h>
#include <inttypes.h>
#include <multisock/error.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void insider_redraw(struct insider *insider)
{
    uint8_t session[MSOCK__SESSION_SIZE];

    msock__random(session, sizeof session);
    for (uint8_t stream = 0; stream < 3; stream++) {
        struct msock__frame *frame = &insider->frames[stream];
        *frame =
            (struct msock__frame){.flags = MSOCK__SEALED, .stream = stream};
        memcpy(frame->session, session, sizeof session);
    }
    insider->began_us = now_us();
}

int insider_open(struct insider *insider, const char *key_file,
                 const uint8_t group[static 16], uint16_t port)
{
    struct msock__keyring *ring = NULL;

    if (msock__crypto_init() < 0 || msock__keyring_new(&ring) < 0 ||
        msock__keyring_load(ring, key_file) < 0 ||
        msock__seal_stage(&insider->stage, ring, group, port, NULL) < 0) {
        fprintf(stderr, "%s: %s\n", key_file, msock_error_detail());
        return -1;
    }
    insider_redraw(insider);
    return 0;
}

/* Makes the next frame of a stream around the text. */
static size_t frame_of(struct insider *insider, enum msock__stream stream,
                       const char *text, size_t size, uint8_t *bytes)
{
    struct msock__packet packet = {.frame = insider->frames[stream],
                                   .bytes = bytes};
    struct msock__body body = {.sent_us = now_us() - insider->began_us};

    packet.frame.counter = ++insider->frames[stream].counter;
    insider->stage.stamp(insider->stage.self, &packet.frame);
    msock__frame_encode(&packet.frame, bytes);
    packet.size = MSOCK__HEADER_SIZE +
                  msock__body_encode(&body, bytes + MSOCK__HEADER_SIZE);
    memcpy(bytes + packet.size, text, size);
    packet.size += size;
    packet.capacity = packet.size + MSOCK__TAG_SIZE;
    insider->stage.encode(insider->stage.self, &packet);
    return packet.size;
}

size_t insider_batch(struct insider *insider, unsigned count, uint8_t *bytes)
{
    static const char message[] =
        "{\"topic\":\"flood/junk\",\"sender\":\"insider\",\"data\":\"1234567\"}"
        "\n";
    enum { SIZE = sizeof message - 1 };
    char text[24 * SIZE];

    static_assert(SIZE <= 64, "a message of 64 bytes");
    for (unsigned i = 0; i < count; i++) {
        memcpy(text + i * SIZE, message, SIZE);
    }
    return frame_of(insider, MSOCK__BEST_EFFORT, text, count * SIZE, bytes);
}

static size_t control(struct insider *insider, const char *topic,
                      const char *data, uint8_t *bytes)
{
    char text[512];
    int size = snprintf(text, sizeof text,
                        "{\"topic\":\"$ms/%s\",\"sender\":\"insider\","
                        "\"data\":{\"age\":%" PRIu64 ",%s}}\n",
                        topic, (now_us() - insider->began_us) / 1000, data);

    return frame_of(insider, MSOCK__CONTROL, text, (size_t)size, bytes);
}

size_t insider_hello(struct insider *insider, uint8_t *bytes)
{
    return control(insider, "hello",
                   "\"every\":600000,\"be\":0,\"rel\":[1,0],\"rev\":1", bytes);
}

size_t insider_answer(struct insider *insider, uint8_t *bytes, size_t size,
                      uint8_t *answer)
{
    struct msock__packet packet = {.bytes = bytes, .size = size};
    const char *mine = (const char *)insider->frames[0].session;
    char session[20], data[128];

    snprintf(session, sizeof session, "\"%016" PRIx64 "\"",
             msock__session_short((const uint8_t *)mine));
    if (msock__frame_decode(bytes, size, &packet.frame) != 0 ||
        packet.frame.stream != MSOCK__CONTROL ||
        insider->stage.decode(insider->stage.self, &packet) != 0) {
        return 0;
    }
    char *text = (char *)bytes + MSOCK__HEADER_SIZE + MSOCK__SENT_SIZE;
    bytes[packet.size] = 0;
    const char *nonce = strstr(text, "\"nonce\":\"");
    if (strstr(text, "$ms/challenge") == NULL || nonce == NULL ||
        strstr(text, session) == NULL) {
        return 0;
    }
    snprintf(data, sizeof data, "\"rel\":[1,0],\"floors\":[[1,1,\"%.16s\"]]",
             nonce + 9);
    return control(insider, "answer", data, answer);
}

size_t forged(const uint8_t *recorded, uint64_t ahead, size_t size,
              uint8_t *bytes)
{
    struct msock__frame frame;

    memset(bytes, (int)ahead, size);
    memcpy(bytes, recorded, MSOCK__HEADER_SIZE);
    if (msock__frame_decode(bytes, size, &frame) == 0) {
        frame.counter += ahead;
        msock__frame_encode(&frame, bytes);
    }
    return size;
}
