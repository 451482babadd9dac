/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the channel's address: an error has a sentence, a success is within
 * its ranges. */
#include "core/options.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct msock__config config;
    char *url = malloc(size + 1);

    if (!url) {
        return 0;
    }
    if (size > 0) {
        memcpy(url, bytes, size);
    }
    url[size] = '\0';
    if (msock__options_read(&config, url, NULL) < 0) {
        assert(msock_error_detail()[0] != '\0');
    } else {
        assert(config.ttl >= 1 && config.ttl <= 255 && config.dscp <= 63);
        assert(config.scheme == MSOCK__SIM || config.port > 0);
        assert(config.sessions_max >= 1 && config.queue_max >= 65536);
    }
    free(url);
    return 0;
}
