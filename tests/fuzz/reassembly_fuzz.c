/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reassembly of best-effort messages beside a plain list of pieces:
 * sessions, counters, counts and sizes are few, so that pieces meet, repeat and
 * contradict each other. With one choice of the input memory is short: then a
 * piece may be refused, but what comes out must still be right. */
#include "core/fragment.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>

enum {
    SESSIONS = 3,
    COUNT_MAX = 7,
    SIZE_MAX_HERE = 12,
    KEPT_MAX = 64,
    MESSAGE_MAX = 48
};

struct model_piece {
    bool there;
    uint8_t size;
    uint8_t fill;
};

struct model_message {
    uint32_t session;
    uint64_t base;
    uint32_t count;
    uint64_t sent_us;
    uint64_t last_us;
    struct model_piece pieces[COUNT_MAX];
};

/* In the order in which they began. */
static struct model_message messages[KEPT_MAX];
static size_t message_count;
static struct msock__fragments *fragments;
static struct msock__fragments_limits limits;
static struct fuzz_input input;
static uint64_t now_us;

/* -- The model -- */

static void forget(size_t index)
{
    message_count--;
    memmove(&messages[index], &messages[index + 1],
            (message_count - index) * sizeof messages[0]);
}

static size_t find(uint32_t session, uint64_t base)
{
    size_t i = 0;
    while (i < message_count &&
           (messages[i].session != session || messages[i].base != base)) {
        i++;
    }
    return i;
}

/* Whether pieces and one more can be of one message, and its least size: all
 * but the last have one size, which the last does not exceed. */
static bool agree(const struct model_message *message,
                  const struct msock__body *body, size_t *least)
{
    size_t full = 0, end = 0;
    bool good = body->count == message->count;
    for (uint32_t i = 0; i < message->count; i++) {
        bool mine = i == body->index;
        size_t size = mine ? body->size : message->pieces[i].size;
        bool there = mine || message->pieces[i].there;
        if (there && i + 1 == message->count) {
            end = size;
        } else if (there) {
            good = good && (full == 0 || full == size);
            full = size;
        }
    }
    good = good && (full == 0 || end <= full);
    full = full > end ? full : end;
    *least = (message->count - 1) * full + (end > 0 ? end : 1);
    return good;
}

/* What adding a piece to a message must yield, memory apart. */
static int judge(const struct model_message *message,
                 const struct msock__body *body)
{
    const struct model_piece *there = &message->pieces[body->index];
    bool last = body->index + 1 == body->count;
    bool again = there->there && there->size != body->size;
    size_t least;
    if (body->count != message->count || (again && !last) ||
        !agree(message, body, &least)) {
        return -MSOCK_DROP_PIECE;
    }
    if (least > MESSAGE_MAX) {
        return -MSOCK_DROP_TOO_BIG;
    }
    bool same = there->size == body->size && there->fill == body->bytes[0];
    return there->there && !same ? -MSOCK_DROP_PIECE : 0;
}

/* Gives up the oldest message of a session that has too many. */
static size_t make_room(uint32_t session)
{
    size_t count = 0, oldest = KEPT_MAX;
    for (size_t i = message_count; i-- > 0;) {
        if (messages[i].session == session) {
            count++;
            oldest = i;
        }
    }
    if (count < limits.assemblies_max) {
        return 0;
    }
    forget(oldest);
    return 1;
}

static bool complete(const struct model_message *message)
{
    uint32_t i = 0;
    while (i < message->count && message->pieces[i].there) {
        i++;
    }
    return i == message->count;
}

static void check_message(const struct model_message *message,
                          const struct msock__assembled *got)
{
    size_t offset = 0;
    for (uint32_t i = 0; i < message->count; i++) {
        for (size_t j = 0; j < message->pieces[i].size; j++) {
            assert(offset < got->size);
            assert(got->bytes[offset++] == message->pieces[i].fill);
        }
    }
    assert(offset == got->size && got->sent_us == message->sent_us);
    got->bytes[offset] = 0; /* the spare byte is there */
}

/* -- Steps -- */

/* Takes a stored piece into the model.  Returns whether it completes one. */
static bool note(size_t index, const struct msock__body *body)
{
    struct model_message *message = &messages[index];
    struct model_piece *piece = &message->pieces[body->index];
    if (!piece->there) {
        *piece =
            (struct model_piece){true, (uint8_t)body->size, body->bytes[0]};
        message->last_us = now_us;
        message->sent_us = body->index == 0 ? body->sent_us : message->sent_us;
    }
    return complete(message);
}

static void add(void)
{
    uint8_t room[SIZE_MAX_HERE];
    uint32_t session = fuzz_byte(&input) % SESSIONS;
    uint64_t counter = 1 + fuzz_byte(&input) % 24;
    struct msock__body body = {.count = 2 + fuzz_byte(&input) % (COUNT_MAX - 1),
                               .sent_us = now_us,
                               .bytes = room};
    body.index = fuzz_byte(&input) % body.count;
    unsigned how = fuzz_byte(&input);
    body.size = 1 + how % SIZE_MAX_HERE;
    memset(room, (int)(how >> 6), sizeof room);

    uint64_t base = counter > body.index ? counter - body.index : 0;
    struct model_message fresh = {
        .session = session, .base = base, .count = body.count};
    size_t index = find(session, base);
    bool known = index < message_count;
    int expected = base == 0 ? -MSOCK_DROP_PIECE
                             : judge(known ? &messages[index] : &fresh, &body);
    size_t lost_expected = 0, lost = 9;
    if (expected == 0 && !known) {
        lost_expected = make_room(session);
        index = message_count++;
        messages[index] = fresh;
    }
    struct msock__assembled got = {0};
    int result = msock__fragments_add(fragments, now_us, session, counter,
                                      &body, &got, &lost);
    bool short_of_memory =
        limits.bytes_max < 65536 && result == -MSOCK_DROP_PIECE_LIMIT;
    assert(lost == lost_expected);
    if (expected < 0 || short_of_memory) {
        assert(short_of_memory || result == expected);
        if (base != 0 && index < message_count) {
            forget(index);
        }
        return;
    }
    bool done = note(index, &body);
    assert(result == done);
    if (done) {
        check_message(&messages[index], &got);
        free(got.bytes);
        forget(index);
    }
}

static void pass_time(void)
{
    size_t due = 0;
    now_us += fuzz_number(&input, 2) * 64;
    for (size_t i = message_count; i-- > 0;) {
        if (messages[i].last_us + MSOCK__ASSEMBLY_TIMEOUT_US <= now_us) {
            forget(i);
            due++;
        }
    }
    assert(msock__fragments_expire(fragments, now_us) == due);
}

static void forget_session(void)
{
    uint32_t session = fuzz_byte(&input) % SESSIONS;
    size_t count = 0;
    for (size_t i = message_count; i-- > 0;) {
        if (messages[i].session == session) {
            forget(i);
            count++;
        }
    }
    assert(msock__fragments_forget(fragments, session) == count);
}

static void check(void)
{
    uint64_t due_us = UINT64_MAX;
    for (size_t i = 0; i < message_count; i++) {
        uint64_t one_us = messages[i].last_us + MSOCK__ASSEMBLY_TIMEOUT_US;
        due_us = one_us < due_us ? one_us : due_us;
    }
    assert(msock__fragments_deadline(fragments) == due_us);
    assert(msock__fragments_bytes(fragments) <= limits.bytes_max);
    assert((msock__fragments_bytes(fragments) == 0) == (message_count == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    input = (struct fuzz_input){bytes, size};
    unsigned how = fuzz_byte(&input);
    limits =
        (struct msock__fragments_limits){.assemblies_max = 1 + how % 4,
                                         .bytes_max = how & 16 ? 800 : 1 << 20,
                                         .message_max = MESSAGE_MAX};
    int made = msock__fragments_new(&fragments, &limits);
    assert(made == 0);
    message_count = 0;
    now_us = 1000;
    while (input.left > 0) {
        unsigned what = fuzz_byte(&input) % 16;
        if (what == 0) {
            pass_time();
        } else if (what == 1) {
            forget_session();
        } else {
            add();
        }
        check();
    }
    msock__fragments_free(fragments);
    return 0;
}
