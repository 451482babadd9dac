/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of interfaces, and of what the channel has joined. */
#include "tools/msock/doctor/local.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MTU_LEAST = 1280 };

void local_see_interface(struct local *local, struct local_finding *finding)
{
    int usable = 0;

    if (local->missing[0] != '\0') {
        local->blamed = true;
        local_say(finding, PEERS_FAIL, "there is no interface %s",
                  local->missing);
        local_mend(finding, "ip link    # names those that are there");
        return;
    }
    for (int i = 0; i < local->iface_count; i++) {
        const struct local_iface *iface = &local->ifaces[i];
        if (iface->named && !iface->up) {
            local->blamed = true;
            local_say(finding, PEERS_FAIL, "%s is down", iface->name);
            local_mend(finding, "ip link set %s up", iface->name);
            return;
        }
        if (iface->named && !iface->multicast && !iface->loopback) {
            local->blamed = true;
            local_say(finding, PEERS_FAIL, "%s takes no multicast",
                      iface->name);
            local_mend(finding, "ip link set %s multicast on", iface->name);
            return;
        }
        usable += iface->up && iface->multicast && !iface->loopback &&
                  !iface->point_to_point;
    }
    if (usable == 0) {
        local_say(finding, PEERS_WARN,
                  "none is up that takes multicast and leads to a network: "
                  "programs of this host alone hear one another");
        local_mend(finding, "ip link set IFACE up");
        return;
    }
    local_say(finding, PEERS_OK, "%d up that %s multicast", usable,
              usable == 1 ? "takes" : "take");
}

void local_see_address(struct local *local, struct local_finding *finding)
{
    for (int i = 0; i < local->iface_count; i++) {
        const struct local_iface *iface = &local->ifaces[i];
        if ((iface->named || iface->joined) && iface->up && !iface->addressed) {
            local->blamed = true;
            local_say(finding, PEERS_FAIL, "%s has no IPv%d address",
                      iface->name, local->v6 ? 6 : 4);
            local_mend(finding, "ip address add ADDRESS/PREFIX dev %s",
                       iface->name);
            return;
        }
    }
    local_say(finding, PEERS_OK, "all have one");
}

void local_see_limit(struct local *local, struct local_finding *finding)
{
    int64_t limit =
        local_number(local, "/proc/sys/net/ipv4/igmp_max_memberships");
    int wanted = 0;

    for (int i = 0; i < local->iface_count; i++) {
        wanted += local->ifaces[i].named || local->ifaces[i].joined;
    }
    if (local->v6 || limit < 0) {
        finding->skipped = true;
        local_say(finding, PEERS_OK, "the system has none here");
    } else if (limit < wanted) {
        local->blamed = true;
        local_say(finding, PEERS_FAIL,
                  "a socket may join %" PRId64 " groups, and %d interfaces "
                  "are wanted",
                  limit, wanted);
        local_mend(finding, "sysctl -w net.ipv4.igmp_max_memberships=20");
    } else {
        local_say(finding, PEERS_OK, "%" PRId64 " of a socket", limit);
    }
}

void local_see_joined(struct local *local, struct local_finding *finding)
{
    size_t used = 0;

    if (local->open_code < 0 || (local->blamed && local->joined == 0)) {
        finding->skipped = true;
        local_say(finding, PEERS_OK, "explained above");
        return;
    }
    if (local->joined == 0) {
        local_say(finding, PEERS_FAIL, "no interface has joined %s",
                  local->group);
        local_mend(finding, "name one in the URL: iface=NAME");
        return;
    }
    local_say(finding, PEERS_OK, "%s on", local->group);
    for (int i = 0; i < local->iface_count; i++) {
        used = strlen(finding->text);
        if (local->ifaces[i].joined) {
            snprintf(finding->text + used, sizeof(finding->text) - used, " %s",
                     local->ifaces[i].name);
        }
    }
}

static const struct local_iface *first_joined(const struct local *local)
{
    for (int i = 0; i < local->iface_count; i++) {
        if (local->ifaces[i].joined && !local->ifaces[i].loopback) {
            return &local->ifaces[i];
        }
    }
    return NULL;
}

static void mend_route(const struct local *local, struct local_finding *finding)
{
    const struct local_iface *iface = first_joined(local);

    local_mend(finding, "ip %sroute add %s dev %s", local->v6 ? "-6 " : "",
               local->v6 ? "ff00::/8 table local" : "224.0.0.0/4",
               iface ? iface->name : "IFACE");
}

void local_see_route(struct local *local, struct local_finding *finding)
{
    int why;
    unsigned index = local_route(local, &why);

    if (local->blamed || !first_joined(local)) {
        finding->skipped = true;
        local_say(finding, PEERS_OK, "%s",
                  local->blamed ? "explained above"
                                : "only this host is meant");
        return;
    }
    if (index == 0) {
        local_say(finding, PEERS_WARN,
                  "the system has no route to %s (%s): multisock needs none, "
                  "other programs may",
                  local->group, strerror(why));
        mend_route(local, finding);
        return;
    }
    for (int i = 0; i < local->iface_count; i++) {
        const struct local_iface *iface = &local->ifaces[i];
        if (iface->index != index) {
            continue;
        }
        local_say(finding, iface->joined ? PEERS_OK : PEERS_WARN,
                  "left to itself, the system sends to %s on %s%s",
                  local->group, iface->name,
                  iface->joined ? "" : ", which has not joined");
        if (!iface->joined) {
            mend_route(local, finding);
        }
    }
}

void local_see_mtu(struct local *local, struct local_finding *finding)
{
    for (int i = 0; i < local->iface_count; i++) {
        const struct local_iface *iface = &local->ifaces[i];
        if (iface->joined && iface->mtu > 0 && iface->mtu < MTU_LEAST) {
            local_say(finding, PEERS_WARN,
                      "%s carries packets of %u bytes: frames get small",
                      iface->name, iface->mtu);
            local_mend(finding, "ip link set %s mtu 1500", iface->name);
            return;
        }
    }
    local_say(finding, PEERS_OK, "%d bytes and more", MTU_LEAST);
}

/* Whether an interface is a radio, by what the system shows of it. */
static bool is_wireless(const struct local *local, const char *name)
{
    static const char *const signs[] = {"phy80211", "wireless"};
    char path[1024];
    char line[256];
    bool found = false;

    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs) && !found; i++) {
        snprintf(path, sizeof(path), "%s/sys/class/net/%s/%s", local->root,
                 name, signs[i]);
        found = access(path, F_OK) == 0;
    }
    snprintf(path, sizeof(path), "%s/proc/net/wireless", local->root);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof(line), file)) {
        char shown[16];
        found = !strchr(line, '|') && sscanf(line, " %15[^:]:", shown) == 1 &&
                strcmp(shown, name) == 0;
    }
    if (file) {
        fclose(file);
    }
    return found;
}

void local_see_wireless(struct local *local, struct local_finding *finding)
{
    for (int i = 0; i < local->iface_count; i++) {
        const char *name = local->ifaces[i].name;
        if (!local->ifaces[i].joined || !is_wireless(local, name)) {
            continue;
        }
        int saves = local_power_save(name);
        local_say(finding, PEERS_WARN,
                  "%s is wireless%s: multicast is not acknowledged there, "
                  "waits for sleepers, and gets lost; publish with --reliable, "
                  "and see what is lost by msock bench",
                  name, saves > 0 ? ", and saves power" : "");
        if (saves == 0) {
            local_mend(finding, "a cable; its power save is off already");
        } else {
            local_mend(finding, "iw dev %s set power_save off", name);
        }
        return;
    }
}
