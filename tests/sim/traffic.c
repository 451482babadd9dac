/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic counted, and its budgets. */
#include "tests/sim/traffic.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
    WINDOW = 10,           /* seconds that averages are taken over */
    NACK_RATE = 20,        /* frames a second, */
    NACK_BURST = 40,       /* and so many at once, */
    NACK_FRAMES = 32,      /* and one for so many reliable frames */
    TAKE_RATE = 11,        /* frames a second, to each, */
    TAKE_FRAMES = 8,       /* and one for so many reliable frames */
    ADMISSION_RATE = 4000, /* bytes/s of challenges, and of answers */
    /* What a full bucket lets go at once, and the frame that empties it. */
    ADMISSION_BURST = 8 * 1024 + 1500,
    GROUP_RATE = 8000, /* bytes/s: 64 kbit/s of hellos and queries by all */
    GROUP_BURST = 8000 + 2 * 1500,
    SYNCS = 3, /* after a reliable frame, */
    SYNCS_OF_BURST = 7,
    BURST_US = 5100,       /* that came so soon after another, by any clock, */
    SYNC_REST_US = 250000, /* and one for NACKs each time */
    BYES = 3,
    ASK_GAP_US = 19900, /* by any clock */
    ASKS_EARLY = 6,
    ASK_GAP_MAX_US = 300000
};

static_assert((TRAFFIC_SECONDS & (TRAFFIC_SECONDS - 1)) == 0 &&
                  TRAFFIC_SECONDS > WINDOW + 1,
              "a ring that seconds before 0 may index");

static const uint64_t SECOND_US = 1000000;

void traffic_init(struct traffic *traffic, struct report *report)
{
    traffic->report = report;
    traffic->nodes = calloc(TRAFFIC_NODES_MAX, sizeof(*traffic->nodes));
    assert(traffic->nodes != NULL);
}

void traffic_fini(struct traffic *traffic)
{
    free(traffic->nodes);
    traffic->nodes = NULL;
}

static void add(struct traffic_count *sum, const struct traffic_count *counts)
{
    for (size_t i = 0; i < WIRE_KINDS; i++) {
        sum->frames[i] += counts->frames[i];
        sum->bytes[i] += counts->bytes[i];
    }
}

static void subtract(struct traffic_count *sum,
                     const struct traffic_count *counts)
{
    for (size_t i = 0; i < WIRE_KINDS; i++) {
        sum->frames[i] -= counts->frames[i];
        sum->bytes[i] -= counts->bytes[i];
    }
}

/* The newest second is over. A life of a day has 86,400 of them: what is summed
 * follows, and is not added up each time. */
static void turn_one(struct traffic_node *node)
{
    add(&node->window, &node->seconds[node->second % TRAFFIC_SECONDS]);
    node->second++;
    subtract(&node->window,
             &node->seconds[(node->second - WINDOW - 1) % TRAFFIC_SECONDS]);
    node->seconds[node->second % TRAFFIC_SECONDS] = (struct traffic_count){0};
}

static void forget(struct traffic_node *node)
{
    node->window = (struct traffic_count){0};
    for (size_t i = 0; i < TRAFFIC_SECONDS; i++) {
        node->seconds[i] = (struct traffic_count){0};
    }
}

static void turn(struct traffic_node *node, uint64_t second)
{
    if (second >= node->second + TRAFFIC_SECONDS) {
        forget(node);
        node->second = second;
    }
    while (node->second < second) {
        turn_one(node);
    }
}

void traffic_opened(struct traffic *traffic, unsigned node)
{
    forget(&traffic->nodes[node]);
}

static void count(struct traffic_count *counts, const struct wire_view *view)
{
    counts->frames[view->kind]++;
    counts->bytes[view->kind] += view->size;
}

/* -- Syncs and byes -- */

static void note_reliable(struct traffic_session *session,
                          const struct wire_view *view, uint64_t now_us)
{
    if (view->counter <= session->last) {
        return; /* a repair */
    }
    session->burst = session->last > 0 && now_us - session->last_us < BURST_US;
    session->last = view->counter;
    session->last_us = now_us;
    session->syncs = 0;
}

static void check_sync(struct traffic *traffic, unsigned node,
                       struct traffic_session *session, uint64_t now_us)
{
    uint64_t most = session->burst ? SYNCS_OF_BURST : SYNCS;
    most += 1 + (now_us - session->last_us) / SYNC_REST_US;
    session->syncs++;
    if (session->syncs > most) {
        report_fail(traffic->report,
                    "n%u sent %" PRIu64 " syncs after one reliable frame", node,
                    session->syncs);
    }
}

/* A sync that asks about frames is none of those: it only serves for one that
 * is due. It is bounded by each frame that it asks about: every 20 ms at most
 * (large groups: more slowly), and from the seventh time on the gap doubles, up
 * to 320 ms. So that is 11 in 0.72 s and 3.2 a second from then on, until the
 * deadline; orders.h checks that no frame is asked about after it. */
static void check_asking(struct traffic *traffic, unsigned node,
                         struct traffic_session *session, uint64_t counter,
                         uint64_t now_us)
{
    struct traffic_asking *asking =
        &session->askings[counter % TRAFFIC_ASKINGS];
    if (asking->counter != counter) {
        *asking =
            (struct traffic_asking){.counter = counter, .gap_us = ASK_GAP_US};
    } else if (now_us - asking->last_us < asking->gap_us) {
        report_fail(traffic->report,
                    "n%u asks about %" PRIu64 " again after %" PRIu64 " us",
                    node, counter, now_us - asking->last_us);
    }
    asking->last_us = now_us;
    asking->times++;
    if (asking->times > ASKS_EARLY && asking->gap_us < ASK_GAP_MAX_US) {
        asking->gap_us *= 2;
    }
}

/* Each result is told once each time that it is asked for. */
static void check_ack(struct traffic *traffic, unsigned node,
                      const struct wire_view *view)
{
    struct traffic_node *at = &traffic->nodes[node];
    at->told += view->control.count;
    if (at->told > traffic->asked) {
        report_fail(traffic->report,
                    "n%u told %" PRIu64 " results, %" PRIu64 " were asked for",
                    node, at->told, traffic->asked);
    }
}

/* Whoever is answered has not heard the bye: there is another one. */
static void check_bye(struct traffic *traffic, unsigned node,
                      struct traffic_session *session)
{
    session->byes++;
    if (session->byes > BYES + session->answers) {
        report_fail(traffic->report,
                    "n%u said %" PRIu64 " byes and answered %" PRIu64 " times",
                    node, session->byes, session->answers);
    }
}

static void follow_session(struct traffic *traffic, unsigned node,
                           const struct wire_view *view, uint64_t now_us)
{
    struct traffic_session *session = &traffic->nodes[node].session;
    if (view->session != session->session) {
        *session = (struct traffic_session){.session = view->session,
                                            .last_us = now_us};
    }
    if (view->kind == WIRE_RELIABLE) {
        note_reliable(session, view, now_us);
    } else if (view->kind == WIRE_SYNC && view->control.count > 0) {
        for (size_t i = 0; i < view->control.count; i++) {
            check_asking(traffic, node, session, view->control.asked[i],
                         now_us);
        }
        traffic->asked += view->control.count;
    } else if (view->kind == WIRE_SYNC) {
        check_sync(traffic, node, session, now_us);
    } else if (view->kind == WIRE_ACK) {
        check_ack(traffic, node, view);
    } else if (view->kind == WIRE_BYE) {
        check_bye(traffic, node, session);
    } else if (view->kind == WIRE_ANSWER && session->byes > 0) {
        session->answers++;
    }
}

void traffic_sent(struct traffic *traffic, unsigned node,
                  const struct wire_view *view, uint64_t now_us)
{
    assert(node < TRAFFIC_NODES_MAX);
    struct traffic_node *at = &traffic->nodes[node];
    turn(at, now_us / SECOND_US);
    count(&at->total, view);
    count(&at->seconds[at->second % TRAFFIC_SECONDS], view);
    follow_session(traffic, node, view, now_us);
    if (view->kind == WIRE_STRANGE) {
        report_fail(traffic->report, "n%u sent something strange", node);
    }
}

static void check_bytes(struct traffic *traffic, unsigned node,
                        const struct traffic_count *sum, enum wire_kind kind,
                        uint64_t most)
{
    if (sum->bytes[kind] > most) {
        report_fail(traffic->report,
                    "n%u sent %" PRIu64 " bytes of %s frames in %d s", node,
                    sum->bytes[kind], wire_name(kind), WINDOW);
    }
}

/* All that were sent of late, by whomever. */
static uint64_t reliable_frames(struct traffic *traffic, uint64_t second)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < TRAFFIC_NODES_MAX; i++) {
        turn(&traffic->nodes[i], second);
        sum += traffic->nodes[i].window.frames[WIRE_RELIABLE];
    }
    return sum;
}

/* At most so many, and one more for each `share` reliable frames there were. */
static void check_frames(struct traffic *traffic, unsigned node,
                         enum wire_kind kind, uint64_t most, uint64_t share)
{
    const struct traffic_node *at = &traffic->nodes[node];
    uint64_t sent = at->window.frames[kind];
    if (sent > most &&
        sent > most + reliable_frames(traffic, at->second) / share) {
        report_fail(traffic->report, "n%u sent %" PRIu64 " %s frames in %d s",
                    node, sent, wire_name(kind), WINDOW);
    }
}

void traffic_check(struct traffic *traffic, unsigned node, unsigned nodes,
                   uint64_t now_us)
{
    struct traffic_node *at = &traffic->nodes[node];
    turn(at, now_us / SECOND_US);
    const struct traffic_count *sum = &at->window;
    check_frames(traffic, node, WIRE_NACK, WINDOW * NACK_RATE + NACK_BURST,
                 NACK_FRAMES);
    check_frames(traffic, node, WIRE_TAKE, (uint64_t)WINDOW * TAKE_RATE * nodes,
                 TAKE_FRAMES);
    check_bytes(traffic, node, sum, WIRE_CHALLENGE,
                WINDOW * ADMISSION_RATE + ADMISSION_BURST);
    check_bytes(traffic, node, sum, WIRE_ANSWER,
                WINDOW * ADMISSION_RATE + ADMISSION_BURST);
    struct traffic_count both = *sum;
    both.bytes[WIRE_HELLO] += both.bytes[WIRE_QUERY];
    check_bytes(traffic, node, &both, WIRE_HELLO,
                WINDOW * GROUP_RATE / nodes + GROUP_BURST);
}

struct traffic_count traffic_total(const struct traffic *traffic, int node)
{
    if (node >= 0) {
        return traffic->nodes[node].total;
    }
    struct traffic_count sum = {0};
    for (size_t i = 0; i < TRAFFIC_NODES_MAX; i++) {
        add(&sum, &traffic->nodes[i].total);
    }
    return sum;
}

void traffic_check_idle(struct traffic *traffic, unsigned node,
                        const struct traffic_count *before,
                        uint64_t duration_us)
{
    const struct traffic_count *now = &traffic->nodes[node].total;
    /* Every 5 s less a quarter is the quickest. */
    uint64_t interval_us = 3750000;
    uint64_t hellos_max = duration_us / interval_us + 2;
    for (unsigned kind = 0; kind < WIRE_KINDS; kind++) {
        uint64_t sent = now->frames[kind] - before->frames[kind];
        uint64_t allowed = kind == WIRE_HELLO ? hellos_max : 0;
        if (sent > allowed) {
            report_fail(traffic->report,
                        "n%u sent %" PRIu64 " %s frames while idle", node, sent,
                        wire_name((enum wire_kind)kind));
        }
    }
}
