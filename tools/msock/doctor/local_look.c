/* SPDX-License-Identifier: Apache-2.0 */
/* What the system says of its interfaces, routes, buffers and counters. */
#define _GNU_SOURCE /* struct ifreq */
#include "tools/msock/doctor/local.h"

#include "tools/msock/doctor/probe_iface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/wireless.h> /* behind net/if.h, which it would define again */

/* -- Interfaces -- */

static struct local_iface *find_iface(struct local *local, const char *name)
{
    for (int i = 0; i < local->iface_count; i++) {
        if (strcmp(local->ifaces[i].name, name) == 0) {
            return &local->ifaces[i];
        }
    }
    return NULL;
}

static unsigned mtu_of(const char *name)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(request.ifr_name, name, strlen(name));
    bool known = fd >= 0 && ioctl(fd, SIOCGIFMTU, &request) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return known ? (unsigned)request.ifr_mtu : 0;
}

static struct local_iface *add_iface(struct local *local, const char *name,
                                     unsigned flags)
{
    if (local->iface_count == LOCAL_IFACES_MAX) {
        return NULL;
    }
    struct local_iface *iface = &local->ifaces[local->iface_count];
    *iface = (struct local_iface){
        .index = if_nametoindex(name),
        .up = (flags & IFF_UP) != 0,
        .multicast = (flags & IFF_MULTICAST) != 0,
        .loopback = (flags & IFF_LOOPBACK) != 0,
        .point_to_point = (flags & IFF_POINTOPOINT) != 0,
    };
    snprintf(iface->name, sizeof(iface->name), "%s", name);
    iface->mtu = mtu_of(iface->name);
    local->iface_count++;
    return iface;
}

static void note_joined(struct local *local)
{
    struct probe_iface joined[PROBE_IFACES_MAX];
    int count = probe_ifaces(local->v6, local->address, joined);

    for (int i = 0; i < count; i++) {
        struct local_iface *iface = find_iface(local, joined[i].name);
        if (iface) {
            iface->joined = true;
        }
    }
}

/* Marks those that iface= names; one that is not there is noted. */
static void note_named(struct local *local)
{
    const char *at = strstr(local->url, "iface=");

    if (!at) {
        return;
    }
    at += strlen("iface=");
    while (*at != '\0' && *at != '&') {
        char name[64];
        size_t size = strcspn(at, ",&");
        snprintf(name, sizeof(name), "%.*s", (int)size, at);
        struct local_iface *iface = find_iface(local, name);
        if (iface) {
            iface->named = true;
        } else if (!strpbrk(name, "./:%") && strcmp(name, "all") != 0 &&
                   strcmp(name, "auto") != 0) {
            snprintf(local->missing, sizeof(local->missing), "%.15s", name);
        }
        at += size;
        at += *at == ',' ? 1 : 0;
    }
}

int local_ifaces(struct local *local)
{
    struct ifaddrs *list;

    if (getifaddrs(&list) < 0) {
        return cli_error("cannot list interfaces: %s", strerror(errno));
    }
    for (struct ifaddrs *one = list; one; one = one->ifa_next) {
        struct local_iface *iface = find_iface(local, one->ifa_name);
        if (!iface) {
            iface = add_iface(local, one->ifa_name, one->ifa_flags);
        }
        int family = one->ifa_addr ? one->ifa_addr->sa_family : AF_UNSPEC;
        if (iface && family == (local->v6 ? AF_INET6 : AF_INET)) {
            iface->addressed = true;
        }
    }
    freeifaddrs(list);
    note_named(local);
    note_joined(local);
    return CLI_OK;
}

int local_power_save(const char *name)
{
    struct iwreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    bool known = fd >= 0 && ioctl(fd, SIOCGIWPOWER, &request) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return known ? !request.u.power.disabled : -1;
}

/* -- Routes -- */

/* Which interface has this address. */
static unsigned owner_of(const struct sockaddr *address)
{
    struct ifaddrs *list;
    unsigned index = 0;

    if (getifaddrs(&list) < 0) {
        return 0;
    }
    for (struct ifaddrs *one = list; one && index == 0; one = one->ifa_next) {
        if (!one->ifa_addr || one->ifa_addr->sa_family != address->sa_family) {
            continue;
        }
        const void *mine;
        const void *theirs;
        size_t size;
        if (address->sa_family == AF_INET) {
            mine = &((const struct sockaddr_in *)address)->sin_addr;
            theirs = &((struct sockaddr_in *)(void *)one->ifa_addr)->sin_addr;
            size = sizeof(struct in_addr);
        } else {
            mine = &((const struct sockaddr_in6 *)address)->sin6_addr;
            theirs = &((struct sockaddr_in6 *)(void *)one->ifa_addr)->sin6_addr;
            size = sizeof(struct in6_addr);
        }
        if (memcmp(mine, theirs, size) == 0) {
            index = if_nametoindex(one->ifa_name);
        }
    }
    freeifaddrs(list);
    return index;
}

unsigned local_route(const struct local *local, int *why)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name = {0};
    socklen_t size = local->v6 ? sizeof(name.v6) : sizeof(name.v4);
    int fd =
        socket(local->v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    name.any.sa_family = local->v6 ? AF_INET6 : AF_INET;
    if (local->v6) {
        memcpy(&name.v6.sin6_addr, local->address, sizeof(name.v6.sin6_addr));
        name.v6.sin6_port = htons(local->port);
    } else {
        memcpy(&name.v4.sin_addr, local->address, sizeof(name.v4.sin_addr));
        name.v4.sin_port = htons(local->port);
    }
    bool known = fd >= 0 && connect(fd, &name.any, size) == 0 &&
                 getsockname(fd, &name.any, &size) == 0;
    *why = known ? 0 : errno;
    if (fd >= 0) {
        close(fd);
    }
    return known ? owner_of(&name.any) : 0;
}

/* -- Buffers and counters -- */

int local_granted(int bytes)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int granted = 0;
    socklen_t size = sizeof(granted);

    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
        (void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &size);
        close(fd);
    }
    return granted / 2; /* the kernel doubles it for its own use */
}

static FILE *open_under(const struct local *local, const char *path)
{
    char name[1024];

    snprintf(name, sizeof(name), "%s%s", local->root, path);
    return fopen(name, "re");
}

int64_t local_number(const struct local *local, const char *path)
{
    FILE *file = open_under(local, path);
    char line[64];
    int64_t number = -1;

    if (file) {
        if (fgets(line, sizeof(line), file)) {
            number = strtoll(line, NULL, 10);
        }
        fclose(file);
    }
    return number;
}

/* Finds a number in a file of pairs of lines, "Udp: A B" and "Udp: 1 2".
 * Returns -1 if it is not there. */
static int64_t pair_number(const struct local *local, const char *path,
                           const char *kind, const char *word)
{
    static char names[16384];
    static char values[16384];
    FILE *file = open_under(local, path);
    int64_t number = -1;

    while (file && number < 0 && fgets(names, sizeof(names), file) &&
           fgets(values, sizeof(values), file)) {
        char *name_rest = NULL;
        char *value_rest = NULL;
        char *name = strtok_r(names, " \n", &name_rest);
        char *value = strtok_r(values, " \n", &value_rest);
        bool found = name && strcmp(name, kind) == 0;
        while (found && number < 0 && name && value) {
            name = strtok_r(NULL, " \n", &name_rest);
            value = strtok_r(NULL, " \n", &value_rest);
            if (name && value && strcmp(name, word) == 0) {
                number = strtoll(value, NULL, 10);
            }
        }
    }
    if (file) {
        fclose(file);
    }
    return number;
}

void local_count(const struct local *local, struct local_counts *counts)
{
    counts->reverse_path = pair_number(local, "/proc/net/netstat",
                                       "TcpExt:", "IPReversePathFilter");
    counts->no_room =
        pair_number(local, "/proc/net/snmp", "Udp:", "RcvbufErrors");
    counts->reassembly =
        pair_number(local, "/proc/net/snmp", "Ip:", "ReasmFails");
}
