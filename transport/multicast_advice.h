/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says when multicast does not work as wanted, and what to do
 * about it. */
#ifndef MSOCK_TRANSPORT_MULTICAST_ADVICE_H
#define MSOCK_TRANSPORT_MULTICAST_ADVICE_H

#include "transport/multicast_socket.h"

#include <multisock/multisock.h>

/** What was said about sending; zero: nothing yet. */
struct msock__send_advice {
    msock_logger *logger;
    int error;        /* the errno told last; 0: tell any */
    uint64_t told_ms; /* when */
};

/** Sending on an interface failed with an errno: said if it is another one than
 *  last time, and at most once a second. */
void msock__advise_send(struct msock__send_advice *said, int error,
                        const struct msock__group *group, const char *name,
                        uint64_t now_ms);

/** Joining on an interface failed with an errno. */
void msock__advise_join(msock_logger *logger, const char *name, int error);

/** The kernel gave a receive buffer of `got` bytes; nothing is said if that is
 *  what was wanted. */
void msock__advise_rcvbuf(msock_logger *logger, size_t wanted, size_t got);

#endif
