/* SPDX-License-Identifier: Apache-2.0 */
/* Many nodes that open within one second all come to know each other, and the
 * group stays within its budgets (docs/protocol.md 6.5, 7.6). Of 1,000:
 * msock-sim --crowd, docs/reliability.md. */
#include "tests/sim/crowd.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* As in all of them: those of a group that wait for admission are four times as
 * many as there is room for. */
static struct crowd_result play(unsigned nodes, bool sealed, double loss)
{
    const struct crowd_config config = {.node_count = nodes,
                                        .sealed = sealed,
                                        .seed = 1,
                                        .loss = loss,
                                        .pending_max = nodes / 4,
                                        .stop_s = 60};
    struct crowd_result result;
    crowd_play(&config, &result);
    crowd_print(&config, &result, stdout);
    cr_expect(not(result.failed), "%s", result.why);
    return result;
}

Test(crowd, of_300_on_an_open_channel_all_know_all)
{
    struct crowd_result result = play(300, false, 0);

    cr_expect(ge(u64, result.known_ms, 1));
    cr_expect(le(u64, result.known_ms, 15000));
    cr_expect(eq(u64, result.downs, 0));
}

Test(crowd, of_150_on_a_sealed_channel_all_know_all)
{
    struct crowd_result result = play(150, true, 0);

    cr_expect(ge(u64, result.up_ms, 1));
    cr_expect(le(u64, result.up_ms, 5000));
    cr_expect(ge(u64, result.known_ms, 1));
    cr_expect(le(u64, result.known_ms, 15000));
    cr_expect(eq(u64, result.downs, 0));
}

Test(crowd, of_60_on_a_sealed_channel_all_know_all_through_10_per_cent_loss)
{
    struct crowd_result result = play(60, true, 10);

    cr_expect(ge(u64, result.known_ms, 1));
    cr_expect(le(u64, result.known_ms, 60000));
}
