/* SPDX-License-Identifier: Apache-2.0 */
/* msock doctor --soak: whether multicast that passes at first goes on, while
 * unicast does. A switch that snoops forgets who listens unless somebody, the
 * querier, asks for it again and again. */
#include "tools/msock/doctor/peers.h"
#include "tools/msock/doctor/queries.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"

#include <stdio.h>

enum {
    ASK_MS = 100,          /* between questions: each way in turns */
    SILENT_MS = 2000,      /* multicast is said to have stopped then, ... */
    SILENT_UNICAST = 8,    /* ... if so many came by unicast since */
    PROGRESS_MS = 10000,   /* between two lines of progress */
    PROGRESS_TTY_MS = 1000 /* the same on a terminal */
};

struct soak {
    struct peers *peers;
    struct peers_pair *pair;
    struct queries queries;
    int64_t start_ms;
    int64_t last_ms[PROBE_WAYS]; /* when an answer came */
    uint64_t count[PROBE_WAYS];
    uint64_t since; /* by unicast since the last one by multicast */
    int64_t told_ms;
};

static const char mend[] =
    "have one querier in the network: on a Linux bridge ip link set br0 type "
    "bridge mcast_querier 1, on a switch or router IGMP querier on; or turn "
    "snooping off: ip link set br0 type bridge mcast_snooping 0";

static void hear(struct soak *soak)
{
    struct probe_heard heard;

    while (peers_hear(soak->peers, soak->pair, &heard)) {
        soak->last_ms[heard.way] = turn_now_ms();
        soak->count[heard.way]++;
        soak->since = heard.way == PROBE_MULTICAST ? 0 : soak->since + 1;
    }
    queries_look(&soak->queries);
}

/* Seconds after the beginning. */
static double seconds(const struct soak *soak, int64_t ms)
{
    return (double)(ms - soak->start_ms) / 1000;
}

static bool has_stopped(const struct soak *soak)
{
    return turn_now_ms() - soak->last_ms[PROBE_MULTICAST] > SILENT_MS &&
           soak->since > SILENT_UNICAST;
}

static void progress(struct soak *soak)
{
    int64_t now_ms = turn_now_ms();

    if (soak->peers->call->names.quiet ||
        now_ms - soak->told_ms <
            (cli_on_terminal() ? PROGRESS_TTY_MS : PROGRESS_MS)) {
        return;
    }
    soak->told_ms = now_ms;
    cli_error("soak: %.0f of %.0f s, %llu answers by multicast, %llu by "
              "unicast, %s%ld queries",
              seconds(soak, now_ms), soak->peers->call->soak_s,
              (unsigned long long)soak->count[PROBE_MULTICAST],
              (unsigned long long)soak->count[PROBE_UNICAST],
              soak->queries.known ? "" : "no count of ", soak->queries.count);
}

/* Asks and listens until the time is over or multicast has stopped. */
static int listen_long(struct soak *soak)
{
    int64_t end = soak->start_ms + (int64_t)(soak->peers->call->soak_s * 1000);
    int64_t due = soak->start_ms;
    int code = CLI_OK;
    bool left;

    while (code == CLI_OK && !until_signalled() && turn_now_ms() < end &&
           !has_stopped(soak)) {
        if (turn_now_ms() >= due) {
            enum probe_way back =
                soak->pair->number & 1 ? PROBE_MULTICAST : PROBE_UNICAST;
            (void)peers_ask(soak->peers, soak->pair, PROBE_UNICAST, back,
                            PROBE_SIZE, &left);
            due = turn_now_ms() + ASK_MS;
        }
        code = peers_turn(&soak->peers->sockets, NULL, ASK_MS / 2);
        hear(soak);
        progress(soak);
    }
    return code;
}

/* -- What it means -- */

static int judge_stopped(struct soak *soak)
{
    const struct queries *queries = &soak->queries;
    char text[96];

    snprintf(text, sizeof(text),
             !queries->known ? "queries could not be seen (run it as root)"
             : queries->count == 0 ? "no query of a querier was seen"
                                   : "%ld queries were seen: another cause",
             queries->count);
    if (queries->known && queries->count > 0) {
        return peers_tell(soak->peers, PEERS_FAIL, "multicast-stopped",
                          soak->pair->name,
                          "look at the IGMP settings of what lies between: "
                          "snooping, and the times of querier and members",
                          "multicast stopped %.1f s after it was measured, "
                          "unicast went on; %s",
                          seconds(soak, soak->last_ms[PROBE_MULTICAST]), text);
    }
    return peers_tell(soak->peers, PEERS_FAIL, "querier-missing",
                      soak->pair->name, mend,
                      "multicast stopped %.1f s after it was measured, unicast "
                      "went on; %s",
                      seconds(soak, soak->last_ms[PROBE_MULTICAST]), text);
}

static int judge(struct soak *soak)
{
    double lasted = seconds(soak, turn_now_ms());

    if (has_stopped(soak)) {
        return judge_stopped(soak);
    }
    if (soak->count[PROBE_UNICAST] == 0 ||
        turn_now_ms() - soak->last_ms[PROBE_UNICAST] > SILENT_MS) {
        return peers_tell(soak->peers, PEERS_FAIL, "peer-gone",
                          soak->pair->name,
                          "have msock doctor --serve run longer (-W)",
                          "it stopped answering after %.1f s",
                          soak->count[PROBE_UNICAST] == 0
                              ? 0
                              : seconds(soak, soak->last_ms[PROBE_UNICAST]));
    }
    return peers_tell(soak->peers, PEERS_OK, "querier-missing",
                      soak->pair->name, "", "multicast went on for %.0f s%s%s",
                      lasted,
                      soak->queries.count > 0 ? ", and a querier asks" : "",
                      lasted < 300 && soak->queries.count == 0
                          ? "; switches cut it after up to 260 s: --soak 300"
                          : "");
}

int peers_soak(struct peers *peers, struct peers_pair *pair)
{
    struct soak soak = {.peers = peers, .pair = pair};

    if (!pair->heard[PROBE_MULTICAST] || pair->rtt_count == 0) {
        return CLI_OK; /* it does not pass at all, which was told */
    }
    if (!peers->call->names.quiet) {
        cli_error("soak: listens to %s for %.0f s", pair->name,
                  peers->call->soak_s);
    }
    /* The channel would join anew when it hears nobody, which mends for a while
     * what is looked for. The probe's own membership stays. */
    msock_close(peers->channel, NULL, NULL);
    peers->channel = NULL;
    queries_open(&soak.queries, peers->sockets.header > 28);
    soak.start_ms = turn_now_ms();
    soak.told_ms = soak.start_ms;
    soak.last_ms[PROBE_UNICAST] = soak.start_ms;
    soak.last_ms[PROBE_MULTICAST] = soak.start_ms;
    int code = listen_long(&soak);
    if (code == CLI_OK) {
        code = judge(&soak);
    }
    queries_close(&soak.queries);
    return code;
}
