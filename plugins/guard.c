/* SPDX-License-Identifier: Apache-2.0 */
/* The books that the host keeps about one plugin's calls. */
#include "plugins/guard.h"

#include <multisock/error.h>

/* Whose fault is it? A handler refuses what the network brings with the code
 * that fits: a stranger who sends nonsense must not be able to talk a plugin
 * into quarantine. */
enum msock__verdict msock__guard_judge(int result)
{
    switch (result) {
    case 0:
        return MSOCK__ACTED;
    case MSOCK_ENOMEM:
    case MSOCK_ESYSTEM:
    case MSOCK_ELIMIT:
    case MSOCK_EPLUGIN:
    case MSOCK_EABI:
        return MSOCK__FAILED;
    default:
        break;
    }
    switch (result) {
#define MSOCK__XX(name, number, text) case MSOCK_##name:
        MSOCK_ERROR_MAP(MSOCK__XX)
#undef MSOCK__XX
        return MSOCK__REFUSED;
    default:
        return MSOCK__GARBAGE;
    }
}

bool msock__guard_time(struct msock__guard *guard, uint64_t elapsed_ms,
                       unsigned slow_ms)
{
    bool slow = elapsed_ms > slow_ms;

    guard->calls++;
    guard->slow += slow;
    guard->slow_calls = slow ? guard->slow_calls + 1 : 0;
    if (elapsed_ms > guard->slowest_ms) {
        guard->slowest_ms = elapsed_ms;
    }
    return slow;
}

void msock__guard_result(struct msock__guard *guard,
                         enum msock__verdict verdict)
{
    bool failed = verdict == MSOCK__FAILED || verdict == MSOCK__GARBAGE;

    guard->refused += verdict == MSOCK__REFUSED;
    guard->garbage += verdict == MSOCK__GARBAGE;
    guard->failed += failed;
    guard->failures = failed ? guard->failures + 1 : 0;
}

bool msock__quiet_over(struct msock__quiet *quiet, uint64_t now_ms,
                       uint64_t *held)
{
    if (now_ms < quiet->due_ms) {
        quiet->held++;
        return false;
    }
    *held = quiet->held;
    quiet->held = 0;
    quiet->due_ms = now_ms + MSOCK__QUIET_MS;
    return true;
}
