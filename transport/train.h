/* SPDX-License-Identifier: Apache-2.0 */
/* Trains: datagrams of one size, the last of which may be shorter, that one
 * system call sends and the kernel or the network card cuts apart
 * (UDP_SEGMENT); and what was put together again on its way in (UDP_GRO).
 * Pure: nothing is copied or allocated. */
#ifndef MSOCK_TRANSPORT_TRAIN_H
#define MSOCK_TRANSPORT_TRAIN_H

#include "core/engine.h"

#include <stddef.h>

enum {
    MSOCK__TRAIN_MAX = 64,     /* datagrams: older kernels take no more */
    MSOCK__TRAIN_BYTES = 65507 /* of all: it is one datagram to begin with */
};

/** How many of frames[0..count), count > 0, the first train takes: at least
 *  one, which needs no train. */
size_t msock__train_length(const struct msock__outgoing *frames, size_t count);

/** How many datagrams a train of `size` bytes is, of which all but the last
 *  have `segment` bytes; 0: it is none, and one datagram. */
size_t msock__train_count(size_t size, size_t segment);

/** Makes a datagram of each in turn: the next one of a train that begins with
 *  *offset bytes already taken (at first 0), which it adds to. `train` is
 *  described as if it were one datagram. */
struct msock__datagram msock__train_take(const struct msock__datagram *train,
                                         size_t segment, size_t *offset);

#endif
