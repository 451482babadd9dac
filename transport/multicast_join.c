/* SPDX-License-Identifier: Apache-2.0 */
/* Memberships of a multicast socket. */
#define _DEFAULT_SOURCE /* IFF_LOOPBACK */
#include "transport/multicast_join.h"

#include "transport/multicast_advice.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <string.h>

static bool contains(const unsigned *indexes, size_t count, unsigned index)
{
    for (size_t i = 0; i < count; i++) {
        if (indexes[i] == index) {
            return true;
        }
    }
    return false;
}

static struct msock__membership *
find(const struct msock__memberships *memberships, unsigned index)
{
    for (size_t i = 0; i < memberships->count; i++) {
        if (memberships->items[i].index == index) {
            return (struct msock__membership *)&memberships->items[i];
        }
    }
    return NULL;
}

bool msock__memberships_has(const struct msock__memberships *memberships,
                            unsigned index)
{
    return find(memberships, index) != NULL;
}

unsigned msock__memberships_mtu(const struct msock__memberships *memberships)
{
    unsigned smallest = UINT_MAX;

    for (size_t i = 0; i < memberships->count; i++) {
        if (memberships->items[i].mtu < smallest) {
            smallest = memberships->items[i].mtu;
        }
    }
    return smallest;
}

bool msock__memberships_forget(struct msock__memberships *memberships,
                               unsigned index)
{
    struct msock__membership *item = find(memberships, index);

    if (item == NULL) {
        return false;
    }
    /* An error means that the kernel had forgotten it already. */
    (void)msock__group_leave(memberships->group, memberships->fd, index);
    msock_log(memberships->logger, MSOCK_INFO, "left %s", item->name);
    memberships->count--;
    size_t behind = memberships->count - (size_t)(item - memberships->items);
    memmove(item, item + 1, behind * sizeof *item);
    return true;
}

/* Notes what is known of an interface now.  Returns whether that changed.
 *
 * The kernel gives 127.0.0.1 the scope of the host and would send from 0.0.0.0;
 * elsewhere its choice is right, also while addresses change. */
static bool refresh(const struct msock__memberships *memberships,
                    const struct msock__netifs *netifs,
                    const struct msock__netif *netif,
                    struct msock__membership *item)
{
    struct msock__membership before = *item;
    bool ipv6 = memberships->group->ipv6;
    const uint8_t *source =
        netif->flags & IFF_LOOPBACK
            ? msock__netifs_address(netifs, netif->index, ipv6)
            : NULL;

    item->mtu = netif->mtu;
    item->loopback = (netif->flags & IFF_LOOPBACK) != 0;
    item->running = (netif->flags & IFF_RUNNING) != 0;
    memcpy(item->name, netif->name, sizeof item->name);
    msock__group_route(memberships->group, netif->index, source, &item->route);
    return before.mtu != item->mtu || before.loopback != item->loopback ||
           before.running != item->running ||
           strcmp(before.name, item->name) != 0 ||
           memcmp(&before.route, &item->route, sizeof before.route) != 0;
}

void msock__memberships_pause(struct msock__memberships *memberships,
                              unsigned index)
{
    struct msock__membership *item = find(memberships, index);

    if (item != NULL) {
        item->running = false;
    }
}

void msock__memberships_rejoin(struct msock__memberships *memberships,
                               unsigned index)
{
    (void)msock__group_leave(memberships->group, memberships->fd, index);
    int error = msock__group_join(memberships->group, memberships->fd, index);
    const struct msock__membership *item = find(memberships, index);

    if (error != 0 && item != NULL) {
        msock__advise_join(memberships->logger, item->name, error);
        (void)msock__memberships_forget(memberships, index);
    }
}

void msock__memberships_restore(struct msock__memberships *memberships)
{
    for (size_t i = memberships->count; i-- > 0;) {
        struct msock__membership item = memberships->items[i];
        int error =
            msock__group_join(memberships->group, memberships->fd, item.index);
        if (error != 0) {
            msock__advise_join(memberships->logger, item.name, error);
            (void)msock__memberships_forget(memberships, item.index);
        }
    }
}

/* Joins one interface.  Returns 0 or an errno. */
static int join(struct msock__memberships *memberships,
                const struct msock__netifs *netifs,
                const struct msock__netif *netif)
{
    int error = ENOBUFS;

    if (memberships->count < MSOCK__MEMBERSHIPS_MAX) {
        error = msock__group_join(memberships->group, memberships->fd,
                                  netif->index);
    }
    if (error != 0 && error != EADDRINUSE) {
        return error;
    }
    struct msock__membership *item = &memberships->items[memberships->count++];
    *item = (struct msock__membership){.index = netif->index};
    refresh(memberships, netifs, netif, item);
    msock_log(memberships->logger, MSOCK_INFO, "joined %s", item->name);
    return 0;
}

/* Says once what keeps interfaces out that the user may count on. */
static void tell_left_out(struct msock__memberships *memberships,
                          const struct msock__netifs *netifs, const char *iface,
                          size_t over)
{
    char missing[MSOCK__IFACE_MAX + 1];

    msock__netif_missing(netifs, iface, memberships->group->ipv6, missing);
    if (missing[0] != '\0' && strcmp(missing, memberships->missing) != 0) {
        msock_log(memberships->logger, MSOCK_WARNING,
                  "iface=%s chooses no interface that is up%s; waiting for one",
                  missing, memberships->group->ipv6 ? " and has IPv6" : "");
    }
    strcpy(memberships->missing, missing);
    if (over > 0 && over != memberships->over) {
        msock_log(memberships->logger, MSOCK_WARNING,
                  "iface=%s: %zu interfaces over %d are left out; name those "
                  "that are wanted",
                  iface, over, MSOCK__MEMBERSHIPS_MAX);
    }
    memberships->over = over;
}

/* Leaves what is not wanted any more. */
static bool leave_others(struct msock__memberships *memberships,
                         const unsigned *wanted, size_t count)
{
    bool changed = false;

    for (size_t i = memberships->count; i-- > 0;) {
        unsigned index = memberships->items[i].index;
        if (!contains(wanted, count, index)) {
            changed |= msock__memberships_forget(memberships, index);
        }
    }
    return changed;
}

bool msock__memberships_update(struct msock__memberships *memberships,
                               const struct msock__netifs *netifs,
                               const char *iface)
{
    unsigned wanted[MSOCK__MEMBERSHIPS_MAX];
    size_t chosen = msock__netif_select(netifs, iface, memberships->group->ipv6,
                                        wanted, MSOCK__MEMBERSHIPS_MAX);
    size_t count =
        chosen < MSOCK__MEMBERSHIPS_MAX ? chosen : MSOCK__MEMBERSHIPS_MAX;
    unsigned refused[MSOCK__MEMBERSHIPS_MAX];
    size_t refused_count = 0;
    bool changed = leave_others(memberships, wanted, count);

    for (size_t i = 0; i < count; i++) {
        const struct msock__netif *netif =
            msock__netifs_find(netifs, wanted[i]);
        struct msock__membership *item = find(memberships, wanted[i]);
        assert(netif != NULL);
        if (item != NULL) {
            bool was_running = item->running;
            changed |= refresh(memberships, netifs, netif, item);
            if (item->running && !was_running) {
                msock__memberships_rejoin(memberships, item->index);
            }
            continue;
        }
        int error = join(memberships, netifs, netif);
        if (error == 0) {
            changed = true;
            continue;
        }
        if (!contains(memberships->refused, memberships->refused_count,
                      wanted[i])) {
            msock__advise_join(memberships->logger, netif->name, error);
        }
        refused[refused_count++] = wanted[i];
    }
    memcpy(memberships->refused, refused, refused_count * sizeof *refused);
    memberships->refused_count = refused_count;
    tell_left_out(memberships, netifs, iface, chosen - count);
    return changed;
}
