/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the replay window beside a plain list of what was marked: the input is
 * a first counter, then counters near the highest one, near its edge, or far
 * ahead. */
#include "core/window.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/multisock.h>

enum { MARKED_MAX = 4096 };

/* The window as docs/protocol.md 4 tells it. */
struct model {
    uint64_t floor, top;
    uint64_t marked[MARKED_MAX];
    size_t count;
};

static bool is_marked(const struct model *model, uint64_t counter)
{
    for (size_t i = 0; i < model->count; i++) {
        if (model->marked[i] == counter) {
            return true;
        }
    }
    return false;
}

static int check(const struct model *model, uint64_t counter)
{
    if (counter > model->top) {
        return 0;
    }
    if (model->top - counter >= MSOCK__WINDOW_SIZE) {
        return MSOCK_DROP_OLD;
    }
    return counter < model->floor || is_marked(model, counter)
               ? MSOCK_DROP_DUPLICATE
               : 0;
}

static void mark(struct model *model, uint64_t counter)
{
    model->marked[model->count++] = counter;
    model->top = counter > model->top ? counter : model->top;
}

/* The next counter to try, 1 or more. */
static uint64_t choose(struct fuzz_input *input, const struct model *model)
{
    uint64_t top = model->top;
    uint64_t far = fuzz_number(input, 2);
    uint64_t back;
    switch (far >> 14) {
    case 0: /* around the highest */
        return top + 64 - (far % 64 < top + 63 ? far % 64 : 0);
    case 1: /* within the window, and a little below */
        back = far % (MSOCK__WINDOW_SIZE + 128);
        return top > back ? top - back : 1;
    case 2: /* just ahead */
        return top + 1 + far % 4;
    default: /* jumps, some of them by whole windows */
        return top + 1 + (far % 0x4000) * (far % 5);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct model model;
    struct fuzz_input input = {bytes, size};
    struct msock__window window;

    uint64_t floor = 1 + fuzz_number(&input, 1 + fuzz_byte(&input) % 6);
    model = (struct model){.floor = floor, .top = floor - 1};
    msock__window_init(&window, floor);
    while (input.left > 0 && model.count < MARKED_MAX) {
        uint64_t counter = choose(&input, &model);
        int verdict = msock__window_check(&window, counter);
        assert(verdict == check(&model, counter));
        if (verdict == 0 && fuzz_byte(&input) % 8 != 0) {
            msock__window_mark(&window, counter);
            mark(&model, counter);
            assert(msock__window_check(&window, counter) ==
                   MSOCK_DROP_DUPLICATE);
        }
        assert(window.top == model.top);
    }
    return 0;
}
