/* SPDX-License-Identifier: Apache-2.0 */
/* Looks into frames on a simulated network, with its key: what they are, and
 * what control messages say. For transcripts, budgets, figures. */
#ifndef MSOCK_TESTS_SIM_WIRE_H
#define MSOCK_TESTS_SIM_WIRE_H

#include "codec/control.h"
#include "codec/transform.h"

#include <stdbool.h>

/** The key of all simulated channels: a text for a key file. */
#define WIRE_KEY "bXVsdGlzb2NrLXNpbXVsYXRpb24ta2V5LW5vdC10cnU="

enum wire_kind {
    WIRE_STRANGE, /* not a frame, or not authentic */
    WIRE_BEST_EFFORT,
    WIRE_RELIABLE,
    WIRE_HELLO,
    WIRE_BYE,
    WIRE_CHALLENGE,
    WIRE_ANSWER,
    WIRE_SYNC,
    WIRE_NACK,
    WIRE_TAKE,
    WIRE_QUERY,
    WIRE_RING,
    WIRE_HELD,
    WIRE_ACK,
    WIRE_KINDS
};

struct wire {
    struct msock__pipeline pipeline; /* empty: the channel is open */
};

struct wire_view {
    enum wire_kind kind;
    size_t size;
    uint64_t session; /* first 8 bytes */
    uint64_t counter;
    struct msock__control control; /* of control frames */
};

/** Prepares to look into the channel "sim://`network`". */
void wire_init(struct wire *wire, const char *network, bool sealed);
void wire_fini(struct wire *wire);

/** Reads a datagram, which is left as it is. */
void wire_read(const struct wire *wire, const uint8_t *bytes, size_t size,
               struct wire_view *view);

/** A kind's name. */
const char *wire_name(enum wire_kind kind);

/** Whether a kind is of the control stream. */
bool wire_is_control(enum wire_kind kind);

#endif
