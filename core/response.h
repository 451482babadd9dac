/* SPDX-License-Identifier: Apache-2.0 */
/* How long one that asks has to wait for what it asked for, as measured: the
 * smoothed time from a NACK to the first repair that it brings, and how much
 * that varies (docs/protocol.md 5.4). So a quick network is not waited for and
 * a slow one not pressed. Constant cost. */
#ifndef MSOCK_CORE_RESPONSE_H
#define MSOCK_CORE_RESPONSE_H

#include <stdint.h>

enum {
    MSOCK__RESPONSE_GUESS_US = 10000, /* while nothing has been measured */
    MSOCK__RESPONSE_LEAST_US = 4000,  /* of a wait */
    MSOCK__RESPONSE_MOST_US = 250000
};

/** All zero: nothing has been measured. */
struct msock__response {
    uint64_t smoothed_us;
    uint64_t deviation_us;
    unsigned in_vain; /* tries in a row without an answer, of late */
};

/** `tries` in a row had no answer: others will not be waited for any less,
 * until one is answered that was asked for once. What is asked for again too
 * soon would else never tell how long it takes. */
void msock__response_missed(struct msock__response *response, unsigned tries);

/** A NACK was answered after `took_us`. */
void msock__response_note(struct msock__response *response, uint64_t took_us);

/** How long an answer takes as a rule. */
uint64_t msock__response_typical(const struct msock__response *response);

/** How long to wait for an answer before asking again: doubled for each try but
 *  the first of `tries` in a row that had none, or for those missed of late if
 *  they are more; two of them are taken for loss once it has been measured. */
uint64_t msock__response_wait(const struct msock__response *response,
                              unsigned tries);

#endif
