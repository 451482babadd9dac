/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/core/repair_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 4 << 20 };

struct msock__repair_pool pool;
struct msock__dice dice;
struct msock__repair_round now;
struct msock__repair *repair;
struct msock__range ranges[MSOCK__NACK_MAX];
char out[4096];

void open_at(uint64_t next)
{
    msock__repair_free(repair);
    cr_assert(eq(int, msock__repair_new(&repair, &pool, LIMIT, next), 0));
}

void probe_init(void)
{
    pool = (struct msock__repair_pool){.bytes_max = LIMIT};
    dice = (struct msock__dice){1};
    now = (struct msock__repair_round){SECOND, &dice, 2};
    repair = NULL;
    open_at(1);
}

void probe_fini(void)
{
    msock__repair_free(repair);
    cr_expect(eq(sz, pool.bytes, 0));
}

static void note(const struct msock__range *range)
{
    size_t used = strlen(out);
    unsigned long long first = range->first;
    unsigned long long last = range->last;
    snprintf(out + used, sizeof(out) - used, "[%llu-%llu] ", first, last);
}

static void note_frame(uint64_t counter)
{
    size_t used = strlen(out);
    snprintf(out + used, sizeof(out) - used, "%llu ",
             (unsigned long long)counter);
}

void pop_all(void)
{
    struct msock__ready ready;
    while (msock__repair_pop(repair, &now, &ready) == 1) {
        if (ready.kind == MSOCK__READY_LOSS) {
            note(&ready.range);
            continue;
        }
        uint64_t said;
        cr_assert(eq(sz, ready.kept->size, sizeof(said)));
        memcpy(&said, ready.kept->bytes, sizeof(said));
        cr_assert(eq(u64, said, ready.range.first));
        note_frame(said);
        free(ready.kept);
    }
}

int add(uint64_t counter)
{
    uint8_t body[sizeof(counter)];
    memcpy(body, &counter, sizeof(counter));
    int result =
        msock__repair_add(repair, &now, counter, 2, body, sizeof(body));
    if (result == 1) {
        note_frame(counter);
    }
    pop_all();
    return result;
}

void hear_range(uint64_t first, uint64_t last)
{
    msock__repair_range(repair, &now, (struct msock__range){first, last});
    pop_all();
}

void hear_nack(uint64_t first, uint64_t last)
{
    const struct msock__range range = {first, last};
    msock__repair_heard(repair, &now, &range, 1);
}

void wait_until(uint64_t at_us)
{
    uint64_t due_us = msock__repair_deadline(repair);
    while (due_us <= at_us) {
        now.now_us = due_us > now.now_us ? due_us : now.now_us;
        msock__repair_expire(repair, &now);
        pop_all();
        due_us = msock__repair_deadline(repair);
        cr_assert(gt(u64, due_us, now.now_us));
    }
    now.now_us = at_us;
}

size_t ask(void)
{
    size_t count = msock__repair_nack(repair, &now, ranges);
    if (count > 0) {
        msock__repair_asked(repair, &now, ranges, count);
    }
    return count;
}

size_t wait_for_nack(void)
{
    while (!msock__repair_asks(repair)) {
        uint64_t due_us = msock__repair_deadline(repair);
        cr_assert(ne(u64, due_us, UINT64_MAX));
        wait_until(due_us);
    }
    return ask();
}

bool asked_for(size_t index, uint64_t first, uint64_t last)
{
    return ranges[index].first == first && ranges[index].last == last;
}

void expect_next_nack(uint64_t least_us, uint64_t most_us)
{
    uint64_t began_us = now.now_us;
    cr_assert(eq(sz, wait_for_nack(), 1));
    cr_expect(ge(u64, now.now_us - began_us, least_us));
    cr_expect(le(u64, now.now_us - began_us, most_us));
}
