/* SPDX-License-Identifier: Apache-2.0 */
/* First transmission times in a ring. */
#include "core/sendtimes.h"

#include <multisock/multisock.h>

#include <assert.h>
#include <stdlib.h>

struct msock__sendtimes {
    uint64_t last;                          /* counter noted last; 0: none */
    uint64_t sent_us[MSOCK__SENDTIMES_MAX]; /* by counter % 4096 */
};

static uint64_t sent_at(const struct msock__sendtimes *times, uint64_t counter)
{
    return times->sent_us[counter % MSOCK__SENDTIMES_MAX];
}

int msock__sendtimes_new(struct msock__sendtimes **times)
{
    struct msock__sendtimes *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    *times = made;
    return 0;
}

void msock__sendtimes_free(struct msock__sendtimes *times)
{
    free(times);
}

void msock__sendtimes_reset(struct msock__sendtimes *times)
{
    times->last = 0;
}

void msock__sendtimes_note(struct msock__sendtimes *times, uint64_t counter,
                           uint64_t sent_us)
{
    assert(counter == times->last + 1);
    assert(times->last == 0 || sent_us >= sent_at(times, times->last));
    times->last = counter;
    times->sent_us[counter % MSOCK__SENDTIMES_MAX] = sent_us;
}

uint64_t msock__sendtimes_floor(const struct msock__sendtimes *times,
                                uint64_t at_us)
{
    uint64_t end = times->last + 1;
    uint64_t floor =
        end > MSOCK__SENDTIMES_MAX ? end - MSOCK__SENDTIMES_MAX : 1;

    /* All below `floor` left before, all from `end` on did not. */
    while (floor < end) {
        uint64_t middle = floor + (end - floor) / 2;
        if (sent_at(times, middle) < at_us) {
            floor = middle + 1;
        } else {
            end = middle;
        }
    }
    return floor;
}
