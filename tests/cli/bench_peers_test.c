/* SPDX-License-Identifier: Apache-2.0 */
/* Counting by sender. */
#include "tools/msock/bench_peers.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct bench_peers peers;

static struct bench_peer *hear(uint64_t session, const char *name)
{
    const msock_message message = {
        .session = session, .sender = name, .sender_size = strlen(name)};

    return bench_peers_find(&peers, &message);
}

Test(bench_peers, a_session_is_one_whatever_its_name)
{
    struct bench_peer *first = hear(1, "node");
    struct bench_peer *second = hear(2, "node");

    cr_assert(ne(ptr, first, second));
    cr_assert(eq(ptr, hear(1, "node"), first));
    cr_assert(eq(ptr, hear(2, "node"), second));
    cr_assert(eq(int, peers.count, 2));
    cr_assert(eq(str, first->name, "node"));
    bench_peers_fini(&peers);
}

Test(bench_peers, the_longest_name_is_kept_whole)
{
    char name[MSOCK_NAME_MAX + 1] = "";
    memset(name, 'n', MSOCK_NAME_MAX);

    cr_assert(eq(str, hear(1, name)->name, name));
    bench_peers_fini(&peers);
}

Test(bench_peers, whoever_comes_after_the_last_place_is_passed_over)
{
    for (uint64_t session = 1; session <= BENCH_PEERS_MAX; session++) {
        struct bench_peer *peer = hear(session, "node");
        cr_assert(not(zero(ptr, peer)));
        bench_tally_end(&peer->tally, 0);
    }
    cr_assert(bench_peers_complete(&peers));

    cr_assert(zero(ptr, hear(BENCH_PEERS_MAX + 1, "node")));

    cr_assert(eq(u64, peers.passed_over, 1));
    cr_assert(not(zero(ptr, hear(BENCH_PEERS_MAX, "node"))));
    cr_assert(not(bench_peers_complete(&peers)));
    bench_peers_fini(&peers);
}

Test(bench_peers, bytes_and_times_are_those_of_what_is_received)
{
    struct bench_peer *peer = hear(1, "node");
    peer->heard_ns = 1000;
    cr_assert(bench_peer_add(peer, 0, 64, 10));
    peer->heard_ns = 2000;
    cr_assert(bench_peer_add(peer, 1, 64, 20));
    peer->heard_ns = 3000;

    cr_assert(not(bench_peer_add(peer, 1, 64, 30)));

    cr_assert(eq(u64, peer->bytes, 128));
    cr_assert(eq(u64, peer->first_ns, 1000));
    cr_assert(eq(u64, peer->last_ns, 2000));
    cr_assert(eq(u64, peer->latency.count, 2));
    bench_peers_fini(&peers);
}

Test(bench_peers, sums_are_of_all_and_complete_is_who_got_everything)
{
    struct bench_peer *first = hear(1, "a");
    struct bench_peer *second = hear(2, "b");
    bench_tally_begin(&first->tally);
    bench_tally_begin(&second->tally);
    cr_assert(bench_peer_add(first, 0, 64, 1));
    cr_assert(bench_peer_add(second, 0, 64, 1));
    cr_assert(bench_peer_add(second, 2, 64, 1));
    bench_tally_end(&first->tally, 1);
    bench_tally_end(&second->tally, 3);

    cr_assert(eq(u64, bench_peers_received(&peers), 3));
    cr_assert(eq(u64, bench_peers_lost(&peers), 1));
    cr_assert(not(bench_peers_complete(&peers)));
    cr_assert(bench_peer_add(second, 1, 64, 1));
    cr_assert(bench_peers_complete(&peers));
    bench_peers_fini(&peers);
}

Test(bench_peers, nobody_is_not_complete)
{
    cr_assert(not(bench_peers_complete(&peers)));
}
