/* SPDX-License-Identifier: Apache-2.0 */
/* Advice for those who wonder why nothing arrives. */
#include "transport/multicast_advice.h"

#include <errno.h>
#include <string.h>

enum { TOLD_EVERY_MS = 1000 };

static const char *send_advice(bool ipv6, int error)
{
    switch (error) {
    case ENETUNREACH:
        return ipv6 ? "; IPv6 on lo needs ip -6 route add local "
                      "ff00::/8 dev lo"
                    : "";
    case EPERM:
    case EACCES:
        return "; a firewall refuses it";
    case EMSGSIZE:
        return "; mtu= says how large a packet may be";
    default:
        return "";
    }
}

void msock__advise_send(struct msock__send_advice *said, int error, bool ipv6,
                        const char *where, uint64_t now_ms)
{
    bool soon = said->told_ms != 0 && now_ms - said->told_ms < TOLD_EVERY_MS;

    if (error == said->error || soon) {
        return;
    }
    said->error = error;
    said->told_ms = now_ms;
    msock_log(said->logger, MSOCK_WARNING, "cannot send %s: %s%s", where,
              strerror(error), send_advice(ipv6, error));
}

void msock__advise_join(msock_logger *logger, const char *name, int error)
{
    const char *advice =
        error == ENOBUFS
            ? "; name fewer interfaces with iface=, or raise the sysctl "
              "net.ipv4.igmp_max_memberships"
            : "";

    msock_log(logger, MSOCK_WARNING, "cannot join on %s: %s%s", name,
              strerror(error), advice);
}

void msock__advise_silence(msock_logger *logger, const char *where)
{
    msock_log(logger, MSOCK_WARNING,
              "what is sent %s is not heard back: joining anew; a firewall may "
              "drop it",
              where);
}

void msock__advise_rcvbuf(msock_logger *logger, size_t wanted, size_t got)
{
    if (got < wanted) {
        msock_log(logger, MSOCK_INFO,
                  "the receive buffer has %zu bytes of %zu wanted: large "
                  "messages in quick succession may be lost; run sysctl -w "
                  "net.core.rmem_max=%zu, or set rcvbuf=",
                  got, wanted, wanted);
    }
}
