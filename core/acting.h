/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine keeps of messages that wait for an echo. */
#ifndef MSOCK_CORE_ACTING_H
#define MSOCK_CORE_ACTING_H

#include "core/acts.h"
#include "core/confirm.h"
#include "core/hearsay.h"
#include "core/tickets.h"

struct msock__origin;

/** All zero: nothing. */
struct msock__acting {
    struct msock__acts_list list;       /* what others are to be told */
    struct msock__hearsay hearsay;      /* what was told by others first */
    struct msock__tickets deferred;     /* by handlers */
    const struct msock__origin *origin; /* of the message that handlers have in
                                           hand, or NULL */
    int undeferred; /* why a keeper that is shown a state could not defer, or
                       0 */
    struct msock__confirms confirms; /* what others are to tell */
};

#endif
