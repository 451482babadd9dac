/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of machines. */
#include "tests/sim/shared.h"

#include <assert.h>

bool shared_room(const struct shared *shared)
{
    return shared->count < SHARED_MAX;
}

void shared_add(struct shared *shared, const struct life *copy,
                const struct life *of)
{
    assert(shared_room(shared));
    shared->pairs[shared->count] = (struct shared_pair){
        .session = msock_session(of->channel), .copy = copy, .of = of};
    shared->count++;
}

bool shared_has(const struct shared *shared, uint64_t session)
{
    bool found = false;
    for (size_t i = 0; i < shared->count; i++) {
        found = found || shared->pairs[i].session == session;
    }
    return found;
}

bool shared_told(struct shared *shared, const struct life *life,
                 uint64_t session)
{
    bool found = false;
    for (size_t i = 0; i < shared->count; i++) {
        struct shared_pair *pair = &shared->pairs[i];
        if (pair->session == session) {
            pair->copy_told = pair->copy_told || pair->copy == life;
            pair->of_told = pair->of_told || pair->of == life;
            found = found || pair->copy == life || pair->of == life;
        }
    }
    return found;
}

static bool lives(const struct life *life)
{
    return life->ended_us == UINT64_MAX;
}

unsigned shared_sender(const struct shared *shared, unsigned node,
                       uint64_t session)
{
    unsigned as = 0;
    for (size_t i = 0; i < shared->count; i++) {
        const struct shared_pair *pair = &shared->pairs[i];
        bool copy = lives(pair->copy) && pair->copy->node == node;
        bool of = lives(pair->of) && pair->of->node == node;
        if (pair->session != session) {
            continue;
        }
        if ((copy && pair->copy_told) || (of && pair->of_told)) {
            report_fail(shared->report,
                        "n%u sends as the session that it knows is another's",
                        node);
        }
        as = copy ? pair->copy->number + 1 : as;
    }
    return as;
}

void shared_check(const struct shared *shared, uint64_t from_us)
{
    for (size_t i = 0; i < shared->count; i++) {
        const struct shared_pair *pair = &shared->pairs[i];
        if (!lives(pair->copy) || !lives(pair->of) || pair->copy->closing ||
            pair->of->closing || pair->copy->opened_us > from_us) {
            continue;
        }
        if (!pair->copy_told && !pair->of_told) {
            report_fail(shared->report, "neither %s nor %s knows of its copy",
                        pair->copy->name, pair->of->name);
        }
        if (msock_session(pair->copy->channel) ==
            msock_session(pair->of->channel)) {
            report_fail(shared->report, "%s and %s still are one session",
                        pair->copy->name, pair->of->name);
        }
    }
}
