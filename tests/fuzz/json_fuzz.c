/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the scanner: what it accepts, the public helpers must be able to read,
 * and compacting must neither change its validity nor do anything twice. */
#include "codec/json.h"

#include <assert.h>
#include <multisock/text.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    char *copy = malloc(size + 1);
    char *again = malloc(size + 1);

    if (copy && again && size > 0 && msock_json_check(text, size) == 0) {
        size_t compact = msock__json_compact(text, size, copy);
        assert(compact <= size);
        assert(msock_json_check(copy, compact) == 0);
        assert(msock__json_compact(copy, compact, again) == compact);
        assert(memcmp(copy, again, compact) == 0);
        assert(msock__utf8_valid(copy, compact));
    }
    free(copy);
    free(again);
    return 0;
}
