/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what the network may send: the input is cut into datagrams, each led
 * by two bytes of length, which go into an open and a sealed channel, one with
 * codec=raw and one that takes messages apart. */
#include "tests/support/bench_channel.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CHANNELS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const options[CHANNELS] = {"sessions_max=2", "",
                                                  "codec=raw"};
    static const int keys[CHANNELS] = {0, 7, 0};
    struct bench bench[CHANNELS];

    for (int i = 0; i < CHANNELS; i++) {
        bench_open(&bench[i], "node", options[i], keys[i]);
        bench_record(&bench[i], "#", false);
    }
    while (size >= 2) {
        size_t wanted = (size_t)bytes[0] << 8 | bytes[1];
        size_t length = wanted < size - 2 ? wanted : size - 2;
        for (int i = 0; i < CHANNELS; i++) {
            bench_feed(&bench[i], bytes + 2, length, "10.0.0.1:1", false);
        }
        bytes += 2 + length;
        size -= 2 + length;
    }
    for (int i = 0; i < CHANNELS; i++) {
        bench_close(&bench[i]);
    }
    return 0;
}
