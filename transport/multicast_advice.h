/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says when multicast does not work as wanted, and what to do
 * about it. */
#ifndef MSOCK_TRANSPORT_MULTICAST_ADVICE_H
#define MSOCK_TRANSPORT_MULTICAST_ADVICE_H

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What was said about sending; zero: nothing yet. */
struct msock__send_advice {
    msock_logger *logger;
    int error;        /* the errno told last; 0: tell any */
    uint64_t told_ms; /* when */
};

/** Sending failed with an errno ("on eth0", "to 192.0.2.7:7783"): said if it is
 *  another one than last time, and at most once a second. */
void msock__advise_send(struct msock__send_advice *said, int error, bool ipv6,
                        const char *where, uint64_t now_ms);

/** Joining on an interface failed with an errno. */
void msock__advise_join(msock_logger *logger, const char *name, int error);

/** What is sent on an interface does not come back. */
void msock__advise_silence(msock_logger *logger, const char *where);

/** The kernel gave a receive buffer of `got` bytes; nothing is said if that is
 *  what was wanted. */
void msock__advise_rcvbuf(msock_logger *logger, size_t wanted, size_t got);

#endif
