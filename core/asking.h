/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine keeps of requests. */
#ifndef MSOCK_CORE_ASKING_H
#define MSOCK_CORE_ASKING_H

#include "core/requests.h"
#include "core/tickets.h"

/** All zero: nothing. */
struct msock__asking {
    struct msock__requests requests; /* of one's own */
    struct msock__tickets tickets;   /* of others, to be replied to later */
};

#endif
