/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the window of early and missing frames beside a plain array: widening,
 * keeping, timers, moving on, under bounds that the input chooses. */
#include "core/reorder.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 2048, FRAME_MAX_HERE = 300 };

struct place {
    bool kept;
    bool timed;
    uint8_t fill;
    size_t size;
    uint64_t due_us;
};

/* places[first..last) are the counters from reorder.next on. */
static struct place places[PLACES];
static size_t first, last;
static struct msock__reorder reorder;
static struct msock__repair_pool pool;
static struct fuzz_input input;

static size_t cost(size_t size)
{
    return sizeof(struct msock__kept) + size + 1;
}

static uint64_t counter_of(size_t index)
{
    return reorder.next + (index - first);
}

/* One of the window's places, PLACES if it is empty. */
static size_t choose(void)
{
    size_t at = (size_t)fuzz_number(&input, 2);
    return first < last ? first + at % (last - first) : PLACES;
}

static void extend(void)
{
    size_t count = 1 + fuzz_byte(&input) % 40;
    for (size_t i = 0; i < count && last < PLACES; i++) {
        if (!msock__reorder_extend(&reorder)) {
            assert(last - first == reorder.capacity);
            return;
        }
        places[last++] = (struct place){0};
    }
}

static void keep(void)
{
    static uint8_t body[FRAME_MAX_HERE];
    size_t index = choose();
    size_t size = fuzz_byte(&input) % FRAME_MAX_HERE;
    uint8_t fill = (uint8_t)fuzz_byte(&input);
    if (index == PLACES || places[index].kept) {
        return;
    }
    size_t mine = reorder.bytes_max - reorder.bytes;
    size_t all = pool.bytes_max - pool.bytes;
    memset(body, fill, sizeof body);
    const struct msock__early early = {
        .received_us = index, .body = body, .size = size, .flags = fill};
    int result = msock__reorder_keep(&reorder, counter_of(index), &early);
    bool fits = cost(size) <= mine && cost(size) <= all;
    assert(result == (fits ? 0 : -MSOCK_DROP_REORDER));
    if (fits) {
        places[index] =
            (struct place){.kept = true, .fill = fill, .size = size};
    }
}

static void check_frame(const struct msock__kept *kept, size_t index)
{
    const struct place *place = &places[index];
    assert((kept != NULL) == place->kept);
    if (kept) {
        assert(kept->size == place->size && kept->flags == place->fill);
        assert(kept->received_us == index);
        for (size_t i = 0; i < kept->size; i++) {
            assert(kept->bytes[i] == place->fill);
        }
    }
}

static void shift(void)
{
    size_t count = 1 + fuzz_byte(&input) % 40;
    for (size_t i = 0; i < count && first < last; i++) {
        struct msock__kept *kept = msock__reorder_shift(&reorder);
        check_frame(kept, first++);
        free(kept);
    }
}

static void set_timer(bool on)
{
    size_t index = choose();
    uint64_t due_us = 1 + fuzz_byte(&input);
    if (index == PLACES || places[index].kept) {
        return;
    }
    places[index].timed = on;
    places[index].due_us = due_us;
    if (on) {
        msock__reorder_set(&reorder, counter_of(index), due_us);
    } else {
        msock__reorder_unset(&reorder, counter_of(index));
    }
}

/* Looks at everything. */
static void check(void)
{
    size_t missing = 0, bytes = 0, due = PLACES;
    for (size_t i = first; i < last; i++) {
        const struct msock__slot *slot =
            msock__reorder_slot(&reorder, counter_of(i));
        check_frame(slot->kept, i);
        missing += !places[i].kept;
        bytes += places[i].kept ? cost(places[i].size) : 0;
        if (places[i].timed &&
            (due == PLACES || places[i].due_us < places[due].due_us)) {
            due = i;
        }
    }
    assert(reorder.missing == missing &&
           reorder.end - reorder.next == last - first);
    assert(reorder.bytes >= bytes && reorder.bytes <= reorder.bytes_max);
    assert(pool.bytes >= reorder.bytes && pool.bytes <= pool.bytes_max);
    assert(msock__reorder_first(&reorder) ==
           (due == PLACES ? 0 : counter_of(due)));
}

static void step(void)
{
    switch (fuzz_byte(&input) % 8) {
    case 0:
        extend();
        break;
    case 1:
    case 2:
        keep();
        break;
    case 3:
        shift();
        break;
    case 4:
    case 5:
        set_timer(true);
        break;
    case 6:
        set_timer(false);
        break;
    default:
        if (first == last) {
            msock__reorder_skip(&reorder, reorder.end + fuzz_byte(&input));
        }
        check();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    input = (struct fuzz_input){bytes, size};
    uint64_t start = 1 + fuzz_number(&input, fuzz_byte(&input) % 6);
    size_t bytes_max = (size_t)fuzz_number(&input, 2) * 4;
    size_t others = fuzz_byte(&input) * 64;
    pool = (struct msock__repair_pool){
        .bytes = others,
        .bytes_max = others + (size_t)fuzz_number(&input, 2) * 4};
    first = last = 0;

    msock__reorder_init(&reorder, &pool, bytes_max, start);
    while (input.left > 0) {
        step();
    }
    check();
    msock__reorder_fini(&reorder);
    assert(pool.bytes == others);
    return 0;
}
