/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes control messages: the first byte chooses a topic, two bytes a room to
 * encode into, the rest is data. What is taken keeps the rules, comes back when
 * encoded, and is cut to any room; an answer's floors are found in it. */
#include "tests/codec/control_case.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What fits a room is a message of the same kind with the first items. */
static void encode_into(const struct msock__control *control, size_t capacity)
{
    char *line = exact_copy("", 0, capacity);
    size_t used = 0;
    size_t size =
        msock__control_encode(control, "\"hub\"", line, capacity, &used);

    assert(size <= capacity && used <= control->count);
    if (size > 0) {
        struct control_read r = control_read_line(line, size);
        assert(r.drop == 0 && r.control.kind == control->kind);
        assert(r.control.count == used);
        free(r.bytes);
    }
    free(line);
}

static void check(const struct control_read *r, size_t capacity)
{
    const struct msock__control *c = &r->control;

    assert(control_valid(c));
    assert(control_comes_back(c));
    if (c->count > 0) {
        encode_into(c, capacity);
    }
    if (c->kind == MSOCK__ANSWER && c->count > 0) {
        const struct msock__floor *last = &c->floors[c->count - 1];
        const uint64_t nonces[2] = {last->nonce, last->nonce};
        struct msock__floor floor;
        assert(msock__control_floor(&r->envelope, nonces, &floor) == 1);
        assert(floor.nonce == last->nonce);
        assert(floor.best_effort <= last->best_effort);
        assert(floor.reliable <= last->reliable);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const words[] = {"hello", "bye",  "challenge", "answer",
                                        "sync",  "nack", "query",     "held",
                                        "ring",  "ack",  "take"};
    enum { WORDS = sizeof words / sizeof words[0] };

    if (size < 3) {
        return 0;
    }
    char *data = exact_copy(bytes + 3, size - 3, 1);
    struct control_read r = control_read(words[bytes[0] % WORDS], data);
    if (r.drop == 0) {
        check(&r, (size_t)bytes[1] << 8 | bytes[2]);
    }
    free(r.bytes);
    free(data);
    return 0;
}
