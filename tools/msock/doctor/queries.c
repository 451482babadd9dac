/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the queries of a querier. */
#include "tools/msock/doctor/queries.h"

#include "tools/msock/doctor/probe_iface.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IGMP_QUERY = 0x11, HEADER_MIN = 20 };

static long kernel_count(void)
{
    return probe_number("/proc/net/snmp6", "Icmp6InGroupMembQueries");
}

void queries_open(struct queries *self, bool v6)
{
    *self = (struct queries){.v6 = v6, .fd = -1};
    if (v6) {
        self->before = kernel_count();
        self->known = self->before >= 0;
        return;
    }
    self->fd = socket(AF_INET, SOCK_RAW, IPPROTO_IGMP);
    self->known = self->fd >= 0 && fcntl(self->fd, F_SETFL, O_NONBLOCK) == 0 &&
                  fcntl(self->fd, F_SETFD, FD_CLOEXEC) == 0;
}

void queries_look(struct queries *self)
{
    uint8_t packet[256];
    ssize_t size;

    if (self->known && self->v6) {
        self->count = kernel_count() - self->before;
    }
    while (self->fd >= 0 &&
           (size = recv(self->fd, packet, sizeof(packet), 0)) > 0) {
        ssize_t header = (packet[0] & 15) * 4;
        self->count += header >= HEADER_MIN && header < size &&
                       packet[header] == IGMP_QUERY;
    }
}

void queries_close(struct queries *self)
{
    if (self->fd >= 0) {
        close(self->fd);
    }
}
