/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the message decoder: one byte of choices, then a message. What is
 * taken keeps the rules of docs/protocol.md 2.1; written in canonical form it
 * says the same, and has but one such form. */
#include "codec/envelope.h"
#include "codec/head.h"
#include "codec/json.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/multisock.h>

#define SESSION UINT64_C(0x0123456789abcdef)
#define INTEGER_MAX ((UINT64_C(1) << 53) - 1)

enum { HEAD_MAX = 2048, HEAD_MOST = 65536 };

static void check_json(const char *text, size_t size, int depth)
{
    size_t offset = 0;
    assert(msock__json_scan(text, size, depth, &offset, NULL) == 0);
    assert(offset == size);
}

static void check_rules(const struct msock__envelope *e, bool bare)
{
    unsigned keys = e->keys;
    assert((keys & MSOCK__KEY_TOPIC) && (keys & MSOCK__KEY_SENDER));
    assert(msock__topic_valid(e->topic, e->topic_size));
    assert(msock__name_valid(e->sender, e->sender_size));
    assert(e->topic[e->topic_size] == '\0' && strlen(e->topic) != 0);
    assert(e->sender[e->sender_size] == '\0');
    assert(!(keys & MSOCK__KEY_DATA) || !(keys & MSOCK__KEY_LEN));
    assert(!(keys & MSOCK__KEY_TYPE) || (keys & MSOCK__KEY_LEN));
    assert(!(keys & MSOCK__KEY_ORIGIN) || (keys & MSOCK__KEY_STATE));
    assert(!(keys & MSOCK__KEY_ID) || e->id_size <= 64);
    assert(!(keys & MSOCK__KEY_TYPE) || e->type_size <= 127);
    assert(!(keys & MSOCK__KEY_AFTER) || e->after_ms <= 60000);
    assert(!(keys & MSOCK__KEY_EXPIRES) || e->expires_ms <= INTEGER_MAX);
    assert(!(keys & MSOCK__KEY_STATE) || e->state <= INTEGER_MAX);
    if (keys & MSOCK__KEY_REPLY_TO) {
        assert(bare ||
               memcmp(e->reply_to, "$reply/0123456789abcdef/", 24) == 0);
    }
    if (keys & MSOCK__KEY_DATA) {
        check_json(e->data, e->data_size, MSOCK__JSON_DEPTH_MAX - 1);
        assert(e->data[e->data_size] == '\0');
    }
    if (keys & MSOCK__KEY_ORIGIN) {
        check_json(e->origin, e->origin_size, MSOCK__JSON_DEPTH_MAX - 1);
    }
    if (bare) {
        assert(!(keys & (MSOCK__KEY_LEN | MSOCK__KEY_STATE | MSOCK__KEY_AFTER |
                         MSOCK__KEY_EXPIRES)));
        assert(strncmp(e->topic, "$ms/", 4) != 0);
    }
}

static bool same_text(const char *a, size_t a_size, const char *b,
                      size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static void check_same(const struct msock__envelope *a,
                       const struct msock__envelope *b)
{
    assert(a->keys == b->keys);
    assert(same_text(a->topic, a->topic_size, b->topic, b->topic_size));
    assert(same_text(a->sender, a->sender_size, b->sender, b->sender_size));
    assert(same_text(a->id, a->id_size, b->id, b->id_size));
    assert(same_text(a->reply_to, a->reply_to_size, b->reply_to,
                     b->reply_to_size));
    assert(same_text(a->type, a->type_size, b->type, b->type_size));
    assert(a->expires_ms == b->expires_ms && a->after_ms == b->after_ms &&
           a->state == b->state);
}

/* Writes a message.  Returns its size, and the text for free(). */
static char *encode(const struct msock__envelope *e, size_t *size)
{
    size_t head = 0;
    size_t bound = msock__envelope_bound(e);
    char *line = exact_copy("", 0, bound + 1);
    *size = msock__envelope_encode(e, line, &head);
    assert(*size <= bound && head <= *size);
    return line;
}

/* Canonical form: decoded, it is the message; encoded again, itself. */
static void check_canonical(const struct msock__envelope *e, bool bare)
{
    size_t size, again_size, used = 0;
    struct msock__envelope back;
    char *line = encode(e, &size);
    char *kept = exact_copy(line, size, 0);

    assert(msock__envelope_decode(line, size, bare, SESSION, HEAD_MOST, &back,
                                  &used) == 0);
    assert(used == size);
    check_same(e, &back);
    char *again = encode(&back, &again_size);
    assert(same_text(kept, size, again, again_size));
    free(line);
    free(kept);
    free(again);
}

/* With its head known it is the same message. */
static void check_head(const struct msock__envelope *e, const uint8_t *bytes,
                       size_t size, size_t used)
{
    const unsigned plain =
        MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER | MSOCK__KEY_DATA;
    struct msock__head head = {0};
    struct msock__envelope again;
    char *copy = exact_copy(bytes, size, 1);

    msock__head_learn(&head, e->topic, e->topic_size, e->sender,
                      e->sender_size);
    size_t used_again = msock__head_decode(&head, copy, size, &again);
    if (used_again > 0) {
        assert(e->keys == plain && used_again == used);
        check_same(e, &again);
        assert(same_text(e->data, e->data_size, again.data, again.data_size));
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct msock__envelope envelope;
    size_t used = 0;
    if (size < 2) {
        return 0;
    }
    bool bare = (bytes[0] & 1) != 0;
    size_t head_max = bytes[0] & 2 ? 512 : HEAD_MAX;
    size--;
    char *copy = exact_copy(bytes + 1, size, 1);
    int drop = msock__envelope_decode(copy, size, bare, SESSION, head_max,
                                      &envelope, &used);
    if (drop == 0) {
        assert(used >= 1 && used <= size);
        check_rules(&envelope, bare);
        check_head(&envelope, bytes + 1, size, used);
        check_canonical(&envelope, bare);
    } else {
        assert(drop >= MSOCK_DROP_SHORT && drop < MSOCK_COUNTER_COUNT);
    }
    free(copy);
    return 0;
}
