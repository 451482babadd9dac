/* SPDX-License-Identifier: Apache-2.0 */
/* Questions: what handlers reply, and what the asker is told of that. */
#include "tests/sim/questions.h"

#include "tests/sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    LATER_MAX_MS = 1500,
    REPLY_SIZE = 64,
    IN_TIME_US = 1500000, /* before the deadline: it must arrive */
    SLACK_US = 2000       /* of timers, and of clocks that drift for 10 s */
};

static void *checked(void *memory)
{
    assert(memory != NULL);
    return memory;
}

static unsigned within(struct questions *questions, unsigned low, unsigned high)
{
    return low +
           (unsigned)msock__sim_random_upto(&questions->random, high - low);
}

static bool share(struct questions *questions, double per_cent)
{
    return msock__sim_random_chance(&questions->random, per_cent);
}

__attribute__((format(printf, 2, 3))) static void
wrong(const struct question *question, const char *format, ...)
{
    char what[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    report_fail(question->questions->report, "question %u.%zu of %s: %s",
                question->life->number, question->number, question->life->name,
                what);
}

/* -- Books -- */

void questions_init(struct questions *questions, const struct ledger *ledger,
                    uint64_t seed)
{
    *questions = (struct questions){.report = ledger->report, .ledger = ledger};
    msock__sim_random_init(&questions->random, seed ^ UINT64_C(0x61736B));
}

void questions_fini(struct questions *questions)
{
    for (size_t i = 0; i < questions->count; i++) {
        free(questions->list[i]->sayings);
        free(questions->list[i]);
    }
    free(questions->list);
    free(questions->debts);
    *questions = (struct questions){0};
}

static struct question *add_question(struct questions *questions)
{
    if (questions->count == questions->capacity) {
        questions->capacity =
            questions->capacity == 0 ? 64 : 2 * questions->capacity;
        questions->list = checked(realloc(
            questions->list, questions->capacity * sizeof(struct question *)));
    }
    struct question *question = checked(calloc(1, sizeof(*question)));
    question->questions = questions;
    questions->list[questions->count++] = question;
    return question;
}

/* The next thing that somebody says to a question.  Returns its number. */
static size_t add_saying(struct question *question, const struct saying *saying)
{
    if (question->count == question->capacity) {
        question->capacity =
            question->capacity == 0 ? 16 : 2 * question->capacity;
        question->sayings = checked(realloc(
            question->sayings, question->capacity * sizeof(struct saying)));
    }
    question->sayings[question->count] = *saying;
    return question->count++;
}

/* -- What the asker is told -- */

/* Whether a moment is past a question's deadline, who sleeps being excused. */
static bool is_over(const struct question *question, uint64_t now_us)
{
    uint64_t asleep_us = question->life->asleep_us;
    uint64_t until_us =
        question->deadline_us > asleep_us ? question->deadline_us : asleep_us;
    return now_us > until_us + SLACK_US;
}

static void check_moment(const struct question *question,
                         const msock_response *response, uint64_t now_us)
{
    uint64_t time_us = now_us - question->at_us;
    uint64_t slack_us = SLACK_US + time_us / 1000;
    if (question->ended) {
        wrong(question, "something is said after the end");
    }
    if (is_over(question, now_us)) {
        wrong(question, "something is said after the deadline");
    }
    if (response->id != question->id) {
        wrong(question, "is called %d, not %d", response->id, question->id);
    }
    if (response->time_us > time_us + slack_us ||
        time_us > response->time_us + slack_us) {
        wrong(question, "after %" PRIu64 " us it is said to have been %" PRIu64,
              time_us, response->time_us);
    }
    if (response->replies != question->told) {
        wrong(question, "%" PRIu32 " replies were told, not %" PRIu32,
              question->told, response->replies);
    }
}

/* What a reply says that it is, NULL: nothing that was said. */
static struct saying *find_saying(const struct question *question,
                                  const msock_message *message)
{
    unsigned life;
    size_t number;
    size_t saying;
    int read = sscanf(message->data, "\"%u.%zu:%zu\"", &life, &number, &saying);
    if (read != 3 || life != question->life->number ||
        number != question->number || saying >= question->count) {
        return NULL;
    }
    return &question->sayings[saying];
}

static void check_reply(struct question *question,
                        const msock_response *response)
{
    struct saying *saying = find_saying(question, response->message);
    const struct life *life =
        ledger_life_of(question->questions->ledger, response->session);
    if (saying == NULL || saying->life != life ||
        strcmp(life->called, response->node) != 0) {
        wrong(question, "%s is told to say %.40s, which it did not",
              response->node, response->message->data);
        return;
    }
    if (saying->told) {
        wrong(question, "what %s said is told a second time", life->name);
    }
    saying->told = true;
}

static void check_end(struct question *question, const msock_response *response,
                      uint64_t now_us)
{
    bool all = question->replies_max == MSOCK_REPLIES_ALL;
    bool enough = !all && question->told == question->replies_max;
    bool over = now_us + SLACK_US >= question->deadline_us;
    bool fits = false;
    switch (response->code) {
    case 0:
        fits = enough || (all && question->told > 0 && over);
        break;
    case MSOCK_ETIMEDOUT:
        fits = !enough && over && !(all && question->told > 0);
        break;
    case MSOCK_ENOBODY:
        fits = question->told == 0 && over && response->listeners == 0;
        break;
    case MSOCK_ECLOSED:
        fits = question->life->closing;
        break;
    default:
        break;
    }
    if (!fits) {
        wrong(question, "%" PRIu32 " replies came, and it ends with %d",
              question->told, response->code);
    }
    question->ended = true;
    question->code = response->code;
    question->questions->in_vain += question->told == 0 ? 1 : 0;
}

static void on_response(msock_channel *channel, const msock_response *response,
                        void *user)
{
    struct question *question = user;
    struct questions *questions = question->questions;
    uint64_t now_us = msock_sim_now_us(questions->report->sim);
    (void)channel;
    report_note(questions->report, "%s: question %zu, %s %.40s %d",
                question->life->name, question->number,
                response->message ? response->node : "it has ended",
                response->message ? response->message->data : "",
                response->code);
    if (response->message != NULL) {
        question->told++;
        questions->replies++;
        check_reply(question, response);
    }
    check_moment(question, response, now_us);
    if (response->message == NULL) {
        check_end(question, response, now_us);
    }
}

/* -- Asking -- */

int questions_ask(struct world *world, unsigned node,
                  const struct publication *publication, unsigned deadline_ms,
                  uint32_t replies_max)
{
    struct life *life = world->nodes[node].life;
    struct question *question = add_question(&world->questions);
    struct publication published = *publication;
    assert(world_alive(world, node));

    published.flags = PUBLISHED_REQUEST;
    published.flags |= publication->copies == 0 ? PUBLISHED_RELIABLE : 0;
    published.question = question;
    published.expires_ms = deadline_ms;
    question->life = life;
    question->topic = publication->topic;
    question->replies_max = replies_max;
    question->at_us = world_now(world);
    question->deadline_us = question->at_us + UINT64_C(1000) * deadline_ms;
    question->number =
        ledger_publish(&world->ledger, life, &published, question->at_us);
    ledger_payload(life, question->number, world->payload);
    const msock_publish_options how = {.copies = publication->copies,
                                       .after_ms = publication->after_ms};
    const msock_request_options options = {.deadline_ms = deadline_ms,
                                           .replies_max = replies_max,
                                           .publish = &how};
    question->id =
        msock_request(life->channel, ledger_topic(publication->topic),
                      world->payload, &options, on_response, question);
    report_note(&world->report, "%s asks %u.%zu by %u ms: %d", life->name,
                life->number, question->number, deadline_ms, question->id);
    if (question->id < 0) {
        ledger_retract(&world->ledger, life);
        question->ended = true;
    }
    if (question->id == MSOCK_EAGAIN) {
        ledger_refuse(life);
    }
    return question->id;
}

/* -- What handlers do -- */

/* Says something, by a token if there is one. */
static int say(struct questions *questions, struct question *question,
               struct life *life, const uint64_t *token)
{
    char text[REPLY_SIZE];
    const msock_publish_options how = {.copies = share(questions, 15) ? 2 : 0};
    const struct saying saying = {.life = life,
                                  .reliable = how.copies == 0,
                                  .at_us =
                                      msock_sim_now_us(questions->report->sim)};
    snprintf(text, sizeof(text), "\"%u.%zu:%zu\"", question->life->number,
             question->number, question->count);
    int code = token != NULL ? msock_reply_to(life->channel, *token, text, &how)
                             : msock_reply(life->channel, text, &how);
    report_note(questions->report, "%s replies %s: %d", life->name, text, code);
    if (code == 0) {
        add_saying(question, &saying);
    } else if (code == MSOCK_EAGAIN) {
        ledger_refuse(life);
    }
    return code;
}

static void owe(struct questions *questions, struct question *question,
                struct life *life, uint64_t now_us)
{
    uint64_t token;
    unsigned later_ms = within(questions, 1, LATER_MAX_MS);
    if (msock_reply_later(life->channel, &token) < 0) {
        return;
    }
    if (questions->debt_count == questions->debt_capacity) {
        questions->debt_capacity =
            questions->debt_capacity == 0 ? 64 : 2 * questions->debt_capacity;
        questions->debts = checked(realloc(
            questions->debts, questions->debt_capacity * sizeof(struct debt)));
    }
    questions->debts[questions->debt_count++] =
        (struct debt){.life = life,
                      .question = question,
                      .token = token,
                      .due_us = now_us + UINT64_C(1000) * later_ms};
}

void questions_hear(struct questions *questions, struct life *life,
                    const msock_message *message, uint64_t now_us)
{
    unsigned sender;
    size_t number;
    if (!ledger_identify(questions->ledger, message, &sender, &number)) {
        return; /* the ledger said so */
    }
    struct question *question =
        questions->ledger->lives[sender]->publications[number].question;
    if (question == NULL) {
        return;
    }
    if (share(questions, 30)) {
        owe(questions, question, life, now_us);
        return;
    }
    bool twice = share(questions, 15);
    if (share(questions, 90)) {
        (void)say(questions, question, life, NULL);
    }
    if (twice && !life->closing) {
        (void)say(questions, question, life, NULL);
    }
}

/* A handler replies, unless it is gone, or going. */
static void settle(struct questions *questions, struct debt *debt)
{
    int code = say(questions, debt->question, debt->life, &debt->token);
    int again =
        msock_reply_to(debt->life->channel, debt->token, "\"again\"", NULL);
    if (code == 0 && again != MSOCK_ENOENT) {
        wrong(debt->question, "%s may reply with a token twice: %d",
              debt->life->name, again);
    }
}

static void settle_all(struct questions *questions, uint64_t now_us)
{
    size_t left = 0;
    for (size_t i = 0; i < questions->debt_count; i++) {
        struct debt *debt = &questions->debts[i];
        bool lives = debt->life->channel != NULL && !debt->life->closing;
        if (lives &&
            (debt->due_us > now_us || debt->life->asleep_us > now_us)) {
            questions->debts[left++] = *debt;
        } else if (lives) {
            settle(questions, debt);
        }
    }
    questions->debt_count = left;
}

/* -- Time -- */

void questions_tick(struct questions *questions, uint64_t now_us)
{
    settle_all(questions, now_us);
    for (size_t i = 0; i < questions->count; i++) {
        struct question *question = questions->list[i];
        if (!question->ended && question->life->channel != NULL &&
            is_over(question, now_us)) {
            wrong(question, "its end is not told");
            question->ended = true;
        }
    }
}

static void expect_sayings(const struct question *question)
{
    for (size_t i = 0; i < question->count; i++) {
        const struct saying *saying = &question->sayings[i];
        bool due = saying->reliable && !saying->life->forgetful &&
                   saying->at_us + IN_TIME_US < question->deadline_us;
        if (due && !saying->told) {
            wrong(question, "what %s said is not told", saying->life->name);
        }
    }
}

/* Whether somebody is there who listens. */
static bool anybody(const struct question *question, uint64_t from_us)
{
    const struct ledger *ledger = question->questions->ledger;
    const char *topic = ledger_topic(question->topic);
    for (size_t i = 0; i < ledger->life_count; i++) {
        const struct life *life = ledger->lives[i];
        if (life->channel != NULL && !life->closing && !life->forgetful &&
            life->opened_us < from_us &&
            msock_topic_match(life->filter, topic)) {
            return true;
        }
    }
    return false;
}

void questions_expect(const struct questions *questions, uint64_t from_us)
{
    for (size_t i = 0; i < questions->count; i++) {
        const struct question *question = questions->list[i];
        if (question->at_us < from_us || question->life->channel == NULL ||
            question->life->forgetful) {
            continue;
        }
        bool nobody =
            question->id == MSOCK_ENOBODY || question->code == MSOCK_ENOBODY;
        if (nobody && anybody(question, from_us)) {
            wrong(question, "somebody listens, and it is told that nobody did");
        }
        if (question->replies_max == MSOCK_REPLIES_ALL) {
            expect_sayings(question);
        }
    }
}
