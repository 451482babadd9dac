/* SPDX-License-Identifier: Apache-2.0 */
/* A look into frames. */
#include "tests/sim/wire.h"

#include "codec/hash.h"
#include "codec/seal.h"

#include <assert.h>
#include <string.h>

enum { CONTROL_MAX = 9000, HEAD_MAX = 2048 };

void wire_init(struct wire *wire, const char *network, bool sealed)
{
    *wire = (struct wire){0};
    if (!sealed) {
        return;
    }
    struct msock__keyring *ring;
    struct msock__stage stage;
    uint8_t group[MSOCK__GROUP_SIZE];
    int result = msock__crypto_init();
    assert(result == 0);
    msock__hash_name(network, group);
    result = msock__keyring_new(&ring);
    assert(result == 0);
    result = msock__keyring_parse(ring, WIRE_KEY, strlen(WIRE_KEY), "wire");
    assert(result == 0);
    result = msock__seal_stage(&stage, ring, group, 0, NULL);
    assert(result == 0);
    (void)result;
    msock__pipeline_add(&wire->pipeline, &stage);
}

void wire_fini(struct wire *wire)
{
    msock__pipeline_fini(&wire->pipeline);
}

static enum wire_kind read_control(const struct wire *wire,
                                   struct msock__packet *packet,
                                   struct msock__control *control)
{
    struct msock__body body;
    struct msock__envelope envelope;
    size_t used;
    if (msock__pipeline_admit(&wire->pipeline, &packet->frame) != 0 ||
        msock__pipeline_decode(&wire->pipeline, packet) != 0 ||
        msock__body_decode(packet->bytes + MSOCK__HEADER_SIZE,
                           packet->size - MSOCK__HEADER_SIZE,
                           packet->frame.flags, &body) != 0 ||
        msock__envelope_decode((char *)body.bytes, body.size, false,
                               msock__session_short(packet->frame.session),
                               HEAD_MAX, &envelope, &used) != 0 ||
        msock__control_decode(&envelope, control) != 0) {
        return WIRE_STRANGE;
    }
    if (control->full || control->asks_values) {
        /* What it borrows from the packet ends here. */
        control->count = 0;
        control->about = (struct msock__about){0};
    }
    return WIRE_HELLO + (enum wire_kind)control->kind;
}

void wire_read(const struct wire *wire, const uint8_t *bytes, size_t size,
               struct wire_view *view)
{
    uint8_t copy[CONTROL_MAX + 1];
    struct msock__packet packet = {.bytes = copy, .size = size};
    view->kind = WIRE_STRANGE;
    view->size = size;
    if (msock__frame_decode(bytes, size, &packet.frame) != 0) {
        return;
    }
    view->session = msock__session_short(packet.frame.session);
    view->counter = packet.frame.counter;
    if (packet.frame.stream == MSOCK__BEST_EFFORT) {
        view->kind = WIRE_BEST_EFFORT;
    } else if (packet.frame.stream == MSOCK__RELIABLE) {
        view->kind = WIRE_RELIABLE;
    } else if (size <= CONTROL_MAX) {
        memcpy(copy, bytes, size);
        packet.capacity = size;
        view->kind = read_control(wire, &packet, &view->control);
    }
}

const char *wire_name(enum wire_kind kind)
{
    static const char *const names[WIRE_KINDS] = {
        "strange",   "best effort", "reliable", "hello", "bye",
        "challenge", "answer",      "sync",     "nack",  "take",
        "query",     "ring",        "held",     "ack"};
    return names[kind];
}

bool wire_is_control(enum wire_kind kind)
{
    return kind >= WIRE_HELLO;
}
