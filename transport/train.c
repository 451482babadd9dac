/* SPDX-License-Identifier: Apache-2.0 */
/* Trains of datagrams. */
#include "transport/train.h"

#include <assert.h>

size_t msock__train_length(const struct msock__outgoing *frames, size_t count)
{
    assert(count > 0);
    size_t segment = frames[0].size;
    size_t bytes = segment;
    size_t length = 1;

    while (length < count && length < MSOCK__TRAIN_MAX &&
           frames[length - 1].size == segment) {
        size_t size = frames[length].size;
        /* An empty datagram would end within a train, or be lost. */
        if (size == 0 || size > segment || size > MSOCK__TRAIN_BYTES - bytes) {
            break;
        }
        bytes += size;
        length++;
    }
    return length;
}

size_t msock__train_count(size_t size, size_t segment)
{
    bool one = segment == 0 || size <= segment;

    return one ? 1 : (size - 1) / segment + 1;
}

struct msock__datagram msock__train_take(const struct msock__datagram *train,
                                         size_t segment, size_t *offset)
{
    assert(*offset <= train->size);
    struct msock__datagram datagram = *train;
    size_t rest = train->size - *offset;

    datagram.bytes += *offset;
    datagram.size = segment > 0 && segment < rest ? segment : rest;
    *offset += datagram.size;
    return datagram;
}
