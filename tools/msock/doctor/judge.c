/* SPDX-License-Identifier: Apache-2.0 */
/* What the measures of msock doctor --peers mean. */
#include "tools/msock/doctor/peers.h"
#include "tools/msock/json_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double loss_warn = 1; /* % */
static const double loss_fail = 5;
static const double again_fail = 5; /* % of what came */

enum {
    SLOW_US = 250000, /* a round trip that is worth a word */
    USED_MTU = 1500   /* larger packets no channel sends by itself */
};

/* Two letters for each link: unicast and multicast, to it and from it. */
static const char *const link_names[] = {
    "unicast to it", "unicast from it", "multicast to it", "multicast from it"};

static const struct peers_link *link_of(const struct peers_pair *pair, int i)
{
    return i & 1 ? &pair->in[i >> 1] : &pair->out[i >> 1];
}

static double loss_of(const struct peers_link *link)
{
    return link->sent == 0 || link->got >= link->sent
               ? 0
               : 100.0 * (link->sent - link->got) / link->sent;
}

/* -- What passes -- */

static bool passes(const struct peers_pair *pair, enum probe_way way, bool in)
{
    return in ? pair->in[way].got > 0 || pair->heard[way]
              : pair->out[way].got > 0;
}

static int judge_multicast(struct peers *peers, const struct peers_pair *pair)
{
    bool to = passes(pair, PROBE_MULTICAST, false);
    bool from = passes(pair, PROBE_MULTICAST, true);
    bool unicast = pair->rtt_count > 0;

    if (to && from) {
        return peers_tell(peers, PEERS_OK, "peer-multicast", pair->name, "",
                          "multicast passes both ways");
    }
    if (!pair->answered) {
        return peers_tell(
            peers, PEERS_FAIL, "peer-multicast", pair->name,
            "let UDP in on that host, on the channel's port and the next",
            "it is heard by multicast, but nothing reaches it");
    }
    return peers_tell(
        peers, PEERS_FAIL, "peer-multicast", pair->name,
        "Wi-Fi: turn off AP (client) isolation; a switch or bridge: run an "
        "IGMP querier or turn snooping off; a host: let the group in by its "
        "firewall (nft list ruleset) on the channel's port and the next; or "
        "name the hosts to each other by peer= and listen=",
        "%s multicast does not%s", unicast ? "unicast passes but" : "",
        to     ? ", from it to here"
        : from ? ", from here to it"
               : ", either way");
}

static int judge_unicast(struct peers *peers, const struct peers_pair *pair)
{
    if (pair->rtt_count > 0) {
        return peers_tell(peers, PEERS_OK, "peer-unicast", pair->name, "",
                          "unicast passes both ways");
    }
    return peers_tell(peers, PEERS_FAIL, "peer-unicast", pair->name,
                      "let UDP in by the firewalls of both hosts: what is "
                      "asked for again is sent by unicast",
                      "multicast passes but unicast does not");
}

/* -- What is lost, comes twice or late -- */

static int judge_loss(struct peers *peers, const struct peers_pair *pair)
{
    enum peers_level level = PEERS_OK;
    char text[256] = "";
    size_t used = 0;

    for (int i = 0; i < 2 * PROBE_WAYS; i++) {
        const struct peers_link *link = link_of(pair, i);
        double loss = loss_of(link);
        if (link->got == 0) {
            continue; /* peer-multicast or peer-unicast says so */
        }
        used += (size_t)snprintf(
            text + used, sizeof(text) - used, "%s%s %.1f%% of %" PRIu32,
            used > 0 ? ", " : "", link_names[i], loss, link->sent);
        level = loss > loss_fail                          ? PEERS_FAIL
                : loss > loss_warn && level != PEERS_FAIL ? PEERS_WARN
                                                          : level;
    }
    return peers_tell(peers, level, "peer-loss", pair->name,
                      "Wi-Fi: a better signal, or multicast-to-unicast in the "
                      "access point; a cable: another one; publish with "
                      "--reliable or --copies 3 what must arrive",
                      "lost: %s", text);
}

static int judge_again(struct peers *peers, const struct peers_pair *pair)
{
    enum peers_level level = PEERS_OK;
    uint32_t again = 0;

    for (int i = 0; i < 2 * PROBE_WAYS; i++) {
        const struct peers_link *link = link_of(pair, i);
        double share = link->got > 0 ? 100.0 * link->again / link->got : 0;
        again += link->again;
        level = share > again_fail ? PEERS_FAIL : level;
    }
    level = level == PEERS_OK && again > 0 ? PEERS_WARN : level;
    return peers_tell(peers, level, "peer-duplicates", pair->name,
                      "look for a loop of switches, two bridges between the "
                      "same networks, or a multicast relay",
                      "%" PRIu32 " datagrams came twice", again);
}

static int judge_rtt(struct peers *peers, const struct peers_pair *pair)
{
    if (pair->rtt_count == 0) {
        return CLI_OK; /* peer-unicast says so */
    }
    uint32_t half = pair->rtt_us[pair->rtt_count / 2];
    uint32_t most = pair->rtt_us[(pair->rtt_count * 99 - 1) / 100];

    return peers_tell(
        peers, half > SLOW_US ? PEERS_WARN : PEERS_OK, "peer-rtt", pair->name,
        "look for a link that is overloaded or asleep: turn "
        "Wi-Fi power saving off (iw dev WLAN set power_save off)",
        "round trip p50 %.2f ms, p99 %.2f ms", half / 1000.0, most / 1000.0);
}

/* -- Which sizes pass -- */

/* The largest size that passes, of those up to `most`, with all smaller ones
 * that were tried; 0: none. */
static unsigned largest(const struct peers_pair *pair, int column,
                        unsigned most)
{
    unsigned size = 0;

    for (int i = 0; i < pair->size_count && pair->sizes[i] <= most; i++) {
        if (!pair->passed[i][column]) {
            break;
        }
        size = pair->sizes[i];
    }
    return size;
}

static int judge_mtu(struct peers *peers, const struct peers_pair *pair)
{
    static const char *const columns[] = {"unicast", "multicast to it",
                                          "multicast from it"};
    unsigned wanted = 0;
    unsigned least = UINT16_MAX;
    char text[256] = "";
    size_t used = 0;

    for (int i = 0; i < pair->size_count; i++) {
        wanted = pair->sizes[i] <= USED_MTU ? pair->sizes[i] : wanted;
    }
    for (int column = 0; column < 3; column++) {
        unsigned size = largest(pair, column, UINT16_MAX);
        unsigned used_size = largest(pair, column, wanted);
        if (!pair->passed[0][column]) {
            continue; /* it passes in no size: told before */
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %u",
                                 used > 0 ? ", " : "", columns[column], size);
        least = used_size < least ? used_size : least;
    }
    if (used == 0) {
        return CLI_OK;
    }
    char mend[128];
    snprintf(mend, sizeof(mend),
             "open the channel with mtu=%u, or give all links the same MTU",
             least);
    return peers_tell(peers, least < wanted ? PEERS_FAIL : PEERS_OK, "peer-mtu",
                      pair->name, mend,
                      "largest IP packets that pass: %s bytes", text);
}

/* -- Who it is -- */

static int judge_key(struct peers *peers, const struct peers_pair *pair)
{
    const struct peers_keys *own = &peers->keys;
    const struct probe *its = &pair->about;
    bool ours = false; /* it has the key that this node seals with */
    bool theirs = false;

    if (own->count == 0 && its->key_count == 0) {
        return peers_tell(peers, PEERS_OK, "peer-key", pair->name, "",
                          "both channels are open");
    }
    if (own->count == 0 || its->key_count == 0) {
        return peers_tell(peers, PEERS_FAIL, "peer-key", pair->name,
                          "give both the same key file (--key-file)",
                          "its channel is %s, this one is %s",
                          its->key_count == 0 ? "open" : "sealed",
                          own->count == 0 ? "open" : "sealed");
    }
    for (int i = 0; i < its->key_count; i++) {
        ours = ours || its->keys[i] == own->ids[0];
    }
    for (int i = 0; i < own->count; i++) {
        theirs = theirs || own->ids[i] == its->keys[0];
    }
    if (ours && theirs) {
        return peers_tell(peers, PEERS_OK, "peer-key", pair->name, "",
                          "it seals with %08" PRIx32, its->keys[0]);
    }
    return peers_tell(peers, PEERS_FAIL, "peer-key", pair->name,
                      "give both the same keys: msock key id F tells those of "
                      "a file, msock key list who has which",
                      "it seals with %08" PRIx32 ", which this node %s; this "
                      "one with %08" PRIx32 ", which that one %s",
                      its->keys[0], theirs ? "has" : "lacks", own->ids[0],
                      ours ? "has" : "lacks");
}

static int judge_version(struct peers *peers, const struct peers_pair *pair)
{
    const struct probe *its = &pair->about;
    static const uint8_t own[3] = {MSOCK_VERSION_MAJOR, MSOCK_VERSION_MINOR,
                                   MSOCK_VERSION_PATCH};
    static const char mend[] = "install the same version on both hosts";

    if (its->version != PROBE_VERSION) {
        return peers_tell(peers, PEERS_FAIL, "peer-version", pair->name, mend,
                          "it speaks version %u of the probe, this one %d",
                          its->version, PROBE_VERSION);
    }
    return peers_tell(
        peers, memcmp(its->library, own, 3) == 0 ? PEERS_OK : PEERS_WARN,
        "peer-version", pair->name, mend,
        "its library is %u.%u.%u, this one's "
        "%s",
        its->library[0], its->library[1], its->library[2], msock_version());
}

static int judge_channel(struct peers *peers, const struct peers_pair *pair)
{
    /* Without multicast or the key it cannot be heard: those say so. */
    bool heard = pair->on_channel || peers->keys.count > 0 ||
                 pair->about.key_count > 0 ||
                 !passes(pair, PROBE_MULTICAST, true);

    return heard ? CLI_OK
                 : peers_tell(peers, PEERS_WARN, "peer-channel", pair->name,
                              "let UDP in on the channel's port by the "
                              "firewalls of both hosts",
                              "the probe passes, but the channel itself does "
                              "not hear it");
}

/* -- Names -- */

struct names {
    char *all[256]; /* further ones are not looked at */
    int count;
    struct cli_buffer twice;
};

static void note_name(msock_channel *channel, const msock_node *node,
                      void *user)
{
    struct names *names = user;

    (void)channel;
    if (!node->up || node->visitor || names->count == 256) {
        return;
    }
    for (int i = 0; i < names->count; i++) {
        if (strcmp(names->all[i], node->name) == 0) {
            json_out(&names->twice, ", ", names->twice.size > 0 ? 2 : 0);
            json_out(&names->twice, node->name, strlen(node->name));
            return;
        }
    }
    names->all[names->count] = strdup(node->name);
    names->count += names->all[names->count] != NULL;
}

static int judge_names(struct peers *peers)
{
    struct names names = {0};

    (void)msock_nodes(peers->channel, note_name, &names);
    json_out(&names.twice, "", 1);
    bool twice = names.twice.size > 1;
    int code = peers_tell(
        peers, twice ? PEERS_FAIL : PEERS_OK, "peer-name", "",
        "give one of them another name (--name, or \"name\" of the hub's "
        "configuration)",
        twice ? "two nodes speak as %s" : "no two nodes have one name%s",
        twice ? names.twice.bytes : "");
    for (int i = 0; i < names.count; i++) {
        free(names.all[i]);
    }
    free(names.twice.bytes);
    return code;
}

/* Tells what is known of who answered, or of who was only heard. */
static int judge_pair(struct peers *peers, const struct peers_pair *pair)
{
    static int (*const judges[])(struct peers *, const struct peers_pair *) = {
        judge_multicast, judge_key, judge_unicast, judge_loss,
        judge_again,     judge_rtt, judge_mtu,     judge_channel,
    };
    enum { HEARD = 2, ALL = sizeof(judges) / sizeof(judges[0]) };
    int count = pair->answered ? ALL : HEARD;
    int code = judge_version(peers, pair);

    if (pair->about.version != PROBE_VERSION) {
        return code;
    }
    for (int i = 0; i < count && code == CLI_OK; i++) {
        code = judges[i](peers, pair);
    }
    return code;
}

int peers_judge(struct peers *peers)
{
    int code = CLI_OK;

    for (int i = 0; i < peers->count && code == CLI_OK; i++) {
        code = judge_pair(peers, &peers->pairs[i]);
    }
    if (code == CLI_OK && peers->passed_over > 0) {
        cli_error("measured %d pairs only; name those that matter by iface=",
                  PEERS_MAX);
    }
    return code == CLI_OK ? judge_names(peers) : code;
}
