/* SPDX-License-Identifier: Apache-2.0 */
/* Frames through several outlets. */
#include "transport/fanout.h"

#include <assert.h>
#include <string.h>

static_assert(MSOCK__OUTLETS_MAX <= UINT8_MAX, "a frame counts its outlets");
static_assert(MSOCK__FANOUT_WINDOW <= 64, "a push has a bit for each frame");

void msock__fanout_add(struct msock__fanout *fanout,
                       struct msock__outlet *outlet)
{
    assert(fanout->count < MSOCK__OUTLETS_MAX);
    assert(outlet->push != NULL && outlet->skip != NULL);
    outlet->taken = 0;
    fanout->outlets[fanout->count++] = outlet;
}

void msock__fanout_remove(struct msock__fanout *fanout,
                          const struct msock__outlet *outlet)
{
    for (size_t i = 0; i < fanout->count; i++) {
        if (fanout->outlets[i] == outlet) {
            fanout->count--;
            memmove(&fanout->outlets[i], &fanout->outlets[i + 1],
                    (fanout->count - i) * sizeof *fanout->outlets);
            return;
        }
    }
}

/* -- Sending -- */

/* Patience is for those that behaved lately. */
static void block(struct msock__outlet *outlet, uint64_t now_ms)
{
    outlet->blocked = true;
    outlet->blocked_ms = now_ms;
    outlet->left_out = outlet->grudge &&
                       now_ms - outlet->left_out_ms < MSOCK__FANOUT_GRUDGE_MS;
}

static void push(struct msock__fanout *fanout, struct msock__outlet *outlet,
                 uint64_t now_ms, const struct msock__outgoing *frames,
                 size_t count)
{
    uint64_t failed = 0;
    size_t first = outlet->taken;

    if (outlet->blocked || first >= count) {
        return;
    }
    size_t pushed =
        outlet->push(outlet, frames + first, count - first, &failed);
    assert(pushed <= count - first);
    for (size_t i = 0; i < pushed; i++) {
        bool left = (failed >> i & 1) == 0;
        fanout->window[first + i].sent += left;
        fanout->window[first + i].missed += !left;
    }
    outlet->taken += pushed;
    if (outlet->taken < count) {
        block(outlet, now_ms);
    }
}

/* How many frames all had that somebody waits for. */
static size_t count_done(const struct msock__fanout *fanout, size_t count)
{
    size_t least = count;
    size_t most = 0;
    bool awaited = fanout->count == 0;

    for (size_t i = 0; i < fanout->count; i++) {
        const struct msock__outlet *outlet = fanout->outlets[i];
        size_t taken = outlet->taken < count ? outlet->taken : count;
        most = taken > most ? taken : most;
        if (!outlet->left_out) {
            awaited = true;
            least = taken < least ? taken : least;
        }
    }
    return awaited ? least : most;
}

/* Who is left out loses what the others had. */
static void catch_up(struct msock__fanout *fanout, size_t done)
{
    for (size_t i = 0; i < fanout->count; i++) {
        struct msock__outlet *outlet = fanout->outlets[i];
        if (outlet->taken >= done) {
            outlet->taken -= done;
            continue;
        }
        for (size_t lost = outlet->taken; lost < done; lost++) {
            fanout->window[lost].missed++;
        }
        outlet->skip(outlet);
        outlet->taken = 0;
    }
}

/* Sends at most a window. */
static struct msock__fanout_result
send_window(struct msock__fanout *fanout, uint64_t now_ms,
            const struct msock__outgoing *frames, size_t count)
{
    for (size_t i = 0; i < fanout->count; i++) {
        push(fanout, fanout->outlets[i], now_ms, frames, count);
    }
    struct msock__fanout_result result = {.done = count_done(fanout, count)};
    if (result.done > 0) {
        catch_up(fanout, result.done);
    }
    for (size_t i = 0; i < result.done; i++) {
        bool nowhere = fanout->window[i].sent == 0;
        result.errors += nowhere;
        result.skipped += nowhere ? 0 : fanout->window[i].missed;
    }
    size_t rest = MSOCK__FANOUT_WINDOW - result.done;
    memmove(fanout->window, fanout->window + result.done,
            rest * sizeof *fanout->window);
    memset(fanout->window + rest, 0, result.done * sizeof *fanout->window);
    return result;
}

struct msock__fanout_result
msock__fanout_send(struct msock__fanout *fanout, uint64_t now_ms,
                   const struct msock__outgoing *frames, size_t count)
{
    struct msock__fanout_result result = {0};

    while (result.done < count) {
        size_t todo = count - result.done;
        size_t size = todo < MSOCK__FANOUT_WINDOW ? todo : MSOCK__FANOUT_WINDOW;
        struct msock__fanout_result part =
            send_window(fanout, now_ms, frames + result.done, size);
        result.done += part.done;
        result.errors += part.errors;
        result.skipped += part.skipped;
        if (part.done < size) {
            break;
        }
    }
    return result;
}

void msock__fanout_forget(struct msock__fanout *fanout)
{
    for (size_t i = 0; i < fanout->count; i++) {
        struct msock__outlet *outlet = fanout->outlets[i];
        outlet->skip(outlet);
        outlet->taken = 0;
    }
    memset(fanout->window, 0, sizeof fanout->window);
}

/* -- Who is waited for -- */

void msock__fanout_unblock(struct msock__outlet *outlet)
{
    outlet->blocked = false;
    outlet->left_out = false;
}

static bool is_awaited(const struct msock__outlet *outlet)
{
    return outlet->blocked && !outlet->left_out;
}

bool msock__fanout_expire(struct msock__fanout *fanout, uint64_t now_ms)
{
    bool found = false;

    for (size_t i = 0; i < fanout->count; i++) {
        struct msock__outlet *outlet = fanout->outlets[i];
        if (is_awaited(outlet) &&
            now_ms - outlet->blocked_ms >= MSOCK__FANOUT_PATIENCE_MS) {
            outlet->left_out = outlet->grudge = found = true;
            outlet->left_out_ms = now_ms;
        }
    }
    return found;
}

uint64_t msock__fanout_deadline(const struct msock__fanout *fanout)
{
    uint64_t deadline = UINT64_MAX;

    for (size_t i = 0; i < fanout->count && fanout->count > 1; i++) {
        const struct msock__outlet *outlet = fanout->outlets[i];
        uint64_t due = outlet->blocked_ms + MSOCK__FANOUT_PATIENCE_MS;
        if (is_awaited(outlet) && due < deadline) {
            deadline = due;
        }
    }
    return deadline;
}
