/* SPDX-License-Identifier: Apache-2.0 */
/* Questions: requests in simulated worlds, and the checks on what the asker is
 * told. Handlers reply at once, later, twice or never, as their own dice say.
 *
 *     nothing is invented  each reply was said by that life, to that question
 *     never twice          and each is told once
 *     the end, once        right with the last reply wanted, or at the
 * deadline; when the channel closes, and not without a reason nothing forgotten
 * questions_expect(), once there are no faults
 *
 * What is asked is in the ledger, too, and checked there as any message. */
#ifndef MSOCK_TESTS_SIM_QUESTIONS_H
#define MSOCK_TESTS_SIM_QUESTIONS_H

#include "tests/sim/ledger.h"
#include "transport/sim_random.h"

struct world;

/** What one life said to a question. */
struct saying {
    const struct life *life;
    bool reliable;
    bool told; /* to the asker */
    uint64_t at_us;
};

struct question {
    struct questions *questions;
    struct life *life; /* who asks */
    size_t number;     /* among its publications */
    uint8_t topic;
    int id; /* or why it is none */
    uint32_t replies_max;
    uint64_t at_us;
    uint64_t deadline_us;
    bool ended;
    int code; /* of the end */
    uint32_t told;
    size_t count;
    size_t capacity;
    struct saying *sayings;
};

/** A reply that a handler gives later. */
struct debt {
    struct life *life;
    struct question *question;
    uint64_t token;
    uint64_t due_us;
};

struct questions {
    struct report *report;
    const struct ledger *ledger;
    struct msock__sim_random random; /* of handlers */
    size_t count;
    size_t capacity;
    struct question **list;
    size_t debt_count;
    size_t debt_capacity;
    struct debt *debts;
    uint64_t replies, in_vain; /* told, and questions without any */
};

void questions_init(struct questions *questions, const struct ledger *ledger,
                    uint64_t seed);
void questions_fini(struct questions *questions);

/** Asks; topic, padding, copies (0: reliably) and after count.  Returns what
 *  msock_request() does. */
int questions_ask(struct world *world, unsigned node,
                  const struct publication *publication, unsigned deadline_ms,
                  uint32_t replies_max);

/** A life's handler has a message that the ledger took. */
void questions_hear(struct questions *questions, struct life *life,
                    const msock_message *message, uint64_t now_us);

/** Time has passed: handlers reply, ends are overdue. */
void questions_tick(struct questions *questions, uint64_t now_us);

/** Checks that of the questions which living nodes, but forgetful ones, asked
 *  since `from_us`, all who listen were asked, and what they said in good time
 *  was told. */
void questions_expect(const struct questions *questions, uint64_t from_us);

#endif
