/* SPDX-License-Identifier: Apache-2.0 */
/* The clock offset of a peer. It is not touched while it rises: what is kept is
 * the sample that it rises from, so that rounding cannot add up however often
 * frames come. */
#include "core/age.h"

#include <assert.h>

/* 500 ppm are one in 2000. */
enum { RISE_DIVISOR = 2000 };

static const uint64_t stale_us = UINT64_C(3600) * 1000000;

static int64_t sample(uint64_t received_us, uint64_t sent_us)
{
    assert(received_us <= INT64_MAX);
    assert(sent_us <= INT64_MAX);
    return (int64_t)received_us - (int64_t)sent_us;
}

/* The highest that the offset can be now. */
static int64_t risen(const struct msock__age *age, uint64_t now_us)
{
    uint64_t elapsed =
        now_us > age->measured_us ? now_us - age->measured_us : 0;
    return age->offset_us + (int64_t)(elapsed / RISE_DIVISOR);
}

void msock__age_set(struct msock__age *age, uint64_t received_us,
                    uint64_t sent_us)
{
    age->offset_us = sample(received_us, sent_us);
    age->measured_us = received_us;
    age->set_us = received_us;
    age->known = true;
}

void msock__age_hear(struct msock__age *age, uint64_t received_us,
                     uint64_t sent_us)
{
    if (!age->known) {
        msock__age_set(age, received_us, sent_us);
        return;
    }
    int64_t heard = sample(received_us, sent_us);
    if (heard <= risen(age, received_us)) {
        age->offset_us = heard;
        age->measured_us = received_us;
    }
}

uint64_t msock__age_of(const struct msock__age *age, uint64_t now_us,
                       uint64_t sent_us)
{
    if (!age->known) {
        return 0;
    }
    int64_t old = sample(now_us, sent_us) - risen(age, now_us);
    return old > 0 ? (uint64_t)old : 0;
}

uint64_t msock__age_local(const struct msock__age *age, uint64_t now_us,
                          uint64_t sent_us)
{
    assert(age->known);
    assert(sent_us <= INT64_MAX);
    int64_t local = (int64_t)sent_us + risen(age, now_us);
    return local > 0 ? (uint64_t)local : 0;
}

bool msock__age_stale(const struct msock__age *age, uint64_t now_us)
{
    return !age->known ||
           (now_us > age->set_us && now_us - age->set_us > stale_us);
}
