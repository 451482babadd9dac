/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of what came, and of what did not. */
#include "tools/msock/doctor/local.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- Frames that do not come back -- */

/* An interface whose own frames were not heard, or NULL. */
static const struct local_iface *find_deaf(const struct local *local)
{
    for (int i = 0; i < local->iface_count; i++) {
        const struct local_iface *iface = &local->ifaces[i];
        if (iface->sent > 0 && iface->heard == 0) {
            return iface;
        }
    }
    return NULL;
}

/* Whether own frames may have been lost for want of room. */
static bool lacked_room(const struct local *local)
{
    return local->counters[MSOCK_DROP_KERNEL] > 0 ||
           local->after.no_room > local->before.no_room;
}

/* A chain of nftables that drops. */
struct chain {
    char family[16];
    char table[64];
    char name[64];
};

/* Looks for one in what nft prints.  Returns whether there is one. */
static bool find_chain(FILE *rules, struct chain *found)
{
    struct chain at = {0};
    char line[512];
    bool hooked = false;

    while (fgets(line, sizeof(line), rules)) {
        if (sscanf(line, "table %15s %63s", at.family, at.table) == 2) {
            continue;
        }
        if (sscanf(line, " chain %63s", at.name) == 1) {
            hooked = false;
            continue;
        }
        hooked = hooked || strstr(line, "hook input") ||
                 strstr(line, "hook output") || strstr(line, "hook prerouting");
        if (hooked && (strstr(line, "drop") || strstr(line, "reject"))) {
            *found = at;
            return true;
        }
    }
    return false;
}

void local_see_firewall(struct local *local, struct local_finding *finding)
{
    const struct local_iface *deaf = find_deaf(local);
    struct chain chain = {0};

    if (!deaf || lacked_room(local)) {
        finding->skipped = deaf != NULL;
        local_say(finding, PEERS_OK, "%s",
                  deaf ? "see kernel-drops" : "lets own frames through");
        return;
    }
    FILE *rules =
        geteuid() == 0 ? popen("nft list ruleset 2>/dev/null", "re") : NULL;
    bool found = rules && find_chain(rules, &chain);
    /* Closed before its end, it may have been told so by a signal. */
    bool listed = rules && (pclose(rules) == 0 || found);
    if (!found) {
        finding->skipped = true;
        local_say(finding, PEERS_OK, "%s",
                  geteuid() != 0 ? "only root may look; see loop"
                  : listed       ? "nft shows no chain that drops; see loop"
                                 : "nft(8) is not here, or fails; see loop");
        return;
    }
    local_say(finding, PEERS_FAIL,
              "what is sent on %s does not come back, and the chain %s of the "
              "table %s %s drops",
              deaf->name, chain.name, chain.family, chain.table);
    local_mend(finding,
               "nft insert rule %s %s %s %s daddr %s udp dport %u accept",
               chain.family, chain.table, chain.name, local->v6 ? "ip6" : "ip",
               local->group, local->port);
    local->blamed = true;
}

void local_see_loop(struct local *local, struct local_finding *finding)
{
    const struct local_iface *deaf = find_deaf(local);

    if (local->blamed || local->joined == 0) {
        finding->skipped = true;
        local_say(finding, PEERS_OK, "explained above");
        return;
    }
    if (deaf && lacked_room(local)) {
        finding->skipped = true;
        local_say(finding, PEERS_OK, "see kernel-drops");
        return;
    }
    if (deaf) {
        local_say(finding, PEERS_FAIL,
                  "%" PRIu64 " frames were sent on %s, and none came back: a "
                  "firewall drops them",
                  deaf->sent, deaf->name);
        local_mend(finding,
                   "%s -I INPUT -d %s -p udp --dport %u -j ACCEPT    # and "
                   "OUTPUT",
                   local->v6 ? "ip6tables" : "iptables", local->group,
                   local->port);
    } else {
        local_say(finding, PEERS_OK, "own frames come back");
    }
}

/* -- What the kernel dropped -- */

static int64_t filter_of(const struct local *local, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", name);
    return local_number(local, path);
}

void local_see_reverse_path(struct local *local, struct local_finding *finding)
{
    int64_t rise = local->after.reverse_path - local->before.reverse_path;
    int64_t all = filter_of(local, "all");

    if (local->v6 || local->after.reverse_path < 0) {
        finding->skipped = true;
        local_say(finding, PEERS_OK, "not of IPv6");
        return;
    }
    for (int i = 0; i < local->iface_count; i++) {
        const struct local_iface *iface = &local->ifaces[i];
        int64_t own = filter_of(local, iface->name);
        bool strict = iface->joined && (own > all ? own : all) == 1;
        if (strict && rise > 0) {
            local_say(finding, PEERS_FAIL,
                      "the kernel dropped %" PRId64 " packets: strict "
                      "rp_filter takes nothing on %s from addresses that it "
                      "would not answer there",
                      rise, iface->name);
            local_mend(finding,
                       "sysctl -w net.ipv4.conf.all.rp_filter=2 "
                       "net.ipv4.conf.%s.rp_filter=2",
                       iface->name);
            return;
        }
    }
    local_say(finding, PEERS_OK, "nothing was dropped for its source");
}

/* What the URL asks for, in bytes. */
static int wanted_buffer(const struct local *local)
{
    const char *at = strstr(local->url, "rcvbuf=");
    char *end;

    if (!at) {
        return LOCAL_RCVBUF;
    }
    long long bytes = strtoll(at + strlen("rcvbuf="), &end, 10);
    bytes <<= *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    return bytes > 0 && bytes < INT32_MAX ? (int)bytes : INT32_MAX / 2;
}

/* Has the system grant what is asked for, or more be asked for. */
static void mend_buffer(const struct local *local,
                        struct local_finding *finding)
{
    int wanted = wanted_buffer(local);

    if (local_granted(wanted) < wanted) {
        local_mend(finding, "sysctl -w net.core.rmem_max=%d", wanted);
    } else {
        local_mend(finding,
                   "rcvbuf=%dM in the URL; sysctl -w net.core.rmem_max=%d",
                   (wanted >> 20) * 2 + 1, ((wanted >> 20) * 2 + 1) << 20);
    }
}

void local_see_buffer(struct local *local, struct local_finding *finding)
{
    int wanted = wanted_buffer(local);
    int granted = local_granted(wanted);

    if (granted < wanted) {
        local_say(finding, PEERS_WARN,
                  "%d KiB of receive buffer were granted, %d are asked for: "
                  "bursts get lost while a program is busy",
                  granted / 1024, wanted / 1024);
        mend_buffer(local, finding);
    } else {
        local_say(finding, PEERS_OK, "%d KiB", granted / 1024);
    }
}

void local_see_drops(struct local *local, struct local_finding *finding)
{
    int64_t rise = local->after.no_room - local->before.no_room;
    uint64_t own = local->counters[MSOCK_DROP_KERNEL];

    if (own > 0) {
        local_say(finding, PEERS_FAIL,
                  "the kernel dropped %" PRIu64 " frames: more come than this "
                  "program reads, or the buffer is too small",
                  own);
        mend_buffer(local, finding);
    } else if (rise > 0) {
        local_say(finding, PEERS_WARN,
                  "the kernel dropped %" PRId64 " datagrams of other programs, "
                  "whose buffers were full",
                  rise);
    }
}

void local_see_reassembly(struct local *local, struct local_finding *finding)
{
    int64_t rise = local->after.reassembly - local->before.reassembly;

    if (rise > 0) {
        local_say(finding, PEERS_WARN,
                  "%" PRId64 " packets that were cut on the way could not be "
                  "put together again: fragments get lost",
                  rise);
        local_mend(finding, "mtu=1280 in the URL of who sends them");
    }
}

/* -- What others send -- */

void local_see_key(struct local *local, struct local_finding *finding)
{
    const uint64_t *counters = local->counters;
    uint64_t sealed = counters[MSOCK_DROP_SEALED];
    uint64_t open = counters[MSOCK_DROP_OPEN];
    uint64_t other = counters[MSOCK_DROP_KEY_ID] + counters[MSOCK_DROP_AUTH];

    if (sealed > 0) {
        local_say(finding, PEERS_FAIL,
                  "%" PRIu64 " frames were sealed, and this channel is open",
                  sealed);
        local_mend(finding, "--key-file FILE, with the key of the others");
    } else if (open > 0) {
        local_say(finding, PEERS_FAIL,
                  "%" PRIu64 " frames were open, and this channel is sealed",
                  open);
        local_mend(finding, "give those hosts the key file");
    } else if (other > 0) {
        local_say(finding, PEERS_FAIL,
                  "%" PRIu64 " frames were sealed with another key", other);
        local_mend(finding, "compare msock key id FILE on both hosts");
    }
}

void local_see_protocol(struct local *local, struct local_finding *finding)
{
    uint64_t other =
        local->counters[MSOCK_DROP_MAGIC] + local->counters[MSOCK_DROP_SHORT];

    if (other > 0) {
        local_say(finding, PEERS_WARN,
                  "%" PRIu64 " datagrams are of another protocol: a program "
                  "that is not multisock uses %s port %u",
                  other, local->group, local->port);
        local_mend(finding, "another group or port in the URL of all nodes");
    }
}

void local_see_version(struct local *local, struct local_finding *finding)
{
    uint64_t other = local->counters[MSOCK_DROP_VERSION];

    if (other > 0) {
        local_say(finding, PEERS_WARN,
                  "%" PRIu64 " frames are of another version of the protocol",
                  other);
        local_mend(finding, "the same version of multisock on all hosts");
    }
}
