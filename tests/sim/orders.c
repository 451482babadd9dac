/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: what handlers do with them, and what is said of that. */
#include "tests/sim/orders.h"

#include "tests/sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    CODE_MAX = 999,
    LATER_MAX_MS = 1500,
    SLACK_US = 2000 /* of timers, and of clocks that drift for 10 s */
};

static void *checked(void *memory)
{
    assert(memory != NULL);
    return memory;
}

static unsigned within(struct orders *orders, unsigned low, unsigned high)
{
    return low + (unsigned)msock__sim_random_upto(&orders->random, high - low);
}

static bool share(struct orders *orders, double per_cent)
{
    return msock__sim_random_chance(&orders->random, per_cent);
}

__attribute__((format(printf, 2, 3))) static void
wrong(const struct order *order, const char *format, ...)
{
    char what[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    report_fail(order->orders->report, "order %u.%zu of %s: %s",
                order->life->number, order->number, order->life->name, what);
}

/* -- Books -- */

void orders_init(struct orders *orders, const struct ledger *ledger,
                 uint64_t seed)
{
    *orders = (struct orders){.report = ledger->report, .ledger = ledger};
    msock__sim_random_init(&orders->random, seed ^ UINT64_C(0x6F7264657273));
}

void orders_fini(struct orders *orders)
{
    for (size_t i = 0; i < orders->count; i++) {
        free(orders->list[i]->deeds);
        free(orders->list[i]);
    }
    free(orders->list);
    free(orders->promises);
    *orders = (struct orders){0};
}

static struct order *add_order(struct orders *orders)
{
    if (orders->count == orders->capacity) {
        orders->capacity = orders->capacity == 0 ? 64 : 2 * orders->capacity;
        orders->list = checked(
            realloc(orders->list, orders->capacity * sizeof(struct order *)));
    }
    struct order *order = checked(calloc(1, sizeof(*order)));
    order->orders = orders;
    orders->list[orders->count++] = order;
    return order;
}

static struct deed *find_deed(const struct order *order,
                              const struct life *life)
{
    for (size_t i = 0; i < order->count; i++) {
        if (order->deeds[i].life == life) {
            return &order->deeds[i];
        }
    }
    return NULL;
}

static struct deed *deed_of(struct order *order, const struct life *life)
{
    struct deed *deed = find_deed(order, life);
    if (deed == NULL) {
        if (order->count == order->capacity) {
            order->capacity = order->capacity == 0 ? 16 : 2 * order->capacity;
            order->deeds = checked(
                realloc(order->deeds, order->capacity * sizeof(struct deed)));
        }
        deed = &order->deeds[order->count++];
        *deed = (struct deed){.life = life};
    }
    return deed;
}

/* -- What the publisher is told -- */

static void check_acted(const struct order *order, const struct deed *deed)
{
    if (deed->ran != 1 || deed->open > 0 || deed->code != 0) {
        wrong(order,
              "%s is said to have acted, and ran it %u times, refused with "
              "%d, and has yet to say %u",
              deed->life->name, deed->ran, deed->code, deed->open);
    }
}

static void check_refused(const struct order *order, const struct deed *deed,
                          int code)
{
    if (deed->ran != 1 || deed->open > 0 || code >= 0 || deed->code != code) {
        wrong(order,
              "%s is said to have refused with %d, and ran it %u times, "
              "refused with %d, and has yet to say %u",
              deed->life->name, code, deed->ran, deed->code, deed->open);
    }
}

/* Whether a moment is past an order's deadline, who sleeps being excused. */
static bool is_over(const struct order *order, uint64_t now_us)
{
    uint64_t asleep_us = order->life->asleep_us;
    uint64_t until_us =
        order->deadline_us > asleep_us ? order->deadline_us : asleep_us;
    return now_us > until_us + SLACK_US;
}

static void check_moment(const struct order *order,
                         const msock_confirm *confirm, uint64_t now_us)
{
    uint64_t time_us = now_us - order->at_us;
    uint64_t slack_us = SLACK_US + time_us / 1000;
    if (order->ended) {
        wrong(order, "something is said after the end");
    }
    if (is_over(order, now_us)) {
        wrong(order, "something is said after the deadline");
    }
    if (confirm->id != order->id) {
        wrong(order, "is called %d, not %d", confirm->id, order->id);
    }
    if (confirm->time_us > time_us + slack_us ||
        time_us > confirm->time_us + slack_us) {
        wrong(order, "after %" PRIu64 " us it is said to have been %" PRIu64,
              time_us, confirm->time_us);
    }
}

static void check_node(struct order *order, const msock_confirm *confirm,
                       uint64_t now_us)
{
    const struct life *life =
        ledger_life_of(order->orders->ledger, confirm->session);
    if (life == NULL || life == order->life ||
        strcmp(life->called, confirm->node) != 0) {
        wrong(order, "something is said of %s, which it is not", confirm->node);
        return;
    }
    struct deed *deed = deed_of(order, life);
    if (deed->told || confirm->extra == deed->expected) {
        wrong(order, "%s was %s, and is reported as %s%s", life->name,
              deed->expected ? "expected" : "not expected",
              confirm->extra ? "not expected" : "expected",
              deed->told ? " once more" : "");
    }
    deed->told = true;
    deed->state = confirm->state;
    order->extra += confirm->extra ? 1 : 0;
    if (confirm->state == MSOCK_CONFIRM_ACTED) {
        check_acted(order, deed);
    } else if (confirm->state == MSOCK_CONFIRM_REFUSED) {
        check_refused(order, deed, confirm->code);
    } else if (confirm->extra || now_us + SLACK_US < order->deadline_us) {
        wrong(order, "%s is called silent too soon", life->name);
    }
}

/* How many of those that are expected were told of as this. */
static size_t told_as(const struct order *order, enum msock_confirm_state state)
{
    size_t found = 0;
    for (size_t i = 0; i < order->count; i++) {
        const struct deed *deed = &order->deeds[i];
        found += deed->expected && deed->told && deed->state == state;
    }
    return found;
}

static void check_end(struct order *order, const msock_confirm *confirm)
{
    size_t expected = 0;
    size_t acted = told_as(order, MSOCK_CONFIRM_ACTED);
    size_t refused = told_as(order, MSOCK_CONFIRM_REFUSED);
    size_t silent = told_as(order, MSOCK_CONFIRM_SILENT);
    for (size_t i = 0; i < order->count; i++) {
        expected += order->deeds[i].expected ? 1 : 0;
        if (order->deeds[i].expected && !order->deeds[i].told) {
            wrong(order, "%s is not reported", order->deeds[i].life->name);
        }
    }
    if (confirm->expected != expected || confirm->acted != acted ||
        confirm->refused != refused || acted + refused + silent != expected) {
        wrong(order,
              "%zu expected, %zu acted, %zu refused it says; they were %zu, "
              "%zu, %zu, and %zu were silent",
              confirm->expected, confirm->acted, confirm->refused, expected,
              acted, refused, silent);
    }
    order->ended = true;
    order->orders->acted += acted;
    order->orders->refused += refused;
    order->orders->silent += silent;
}

static void on_confirm(msock_channel *channel, const msock_confirm *confirm,
                       void *user)
{
    static const char *const states[] = {"ended", "acted", "refused", "silent"};
    struct order *order = user;
    struct report *report = order->orders->report;
    uint64_t now_us = msock_sim_now_us(report->sim);
    (void)channel;
    report_note(report, "%s: order %zu, %s %s %d", order->life->name,
                order->number, confirm->node ? confirm->node : "it has",
                states[confirm->node ? confirm->state : 0], confirm->code);
    check_moment(order, confirm, now_us);
    if (confirm->node != NULL) {
        check_node(order, confirm, now_us);
    } else {
        check_end(order, confirm);
    }
}

/* -- Publishing -- */

static bool listens(const struct life *life, const char *topic)
{
    return msock_topic_match(life->filter, topic);
}

/* One that closes has told already that it listens to nothing any more. */
static bool is_known_to_listen(const msock_node *node, const char *topic)
{
    bool known = false;
    for (size_t i = 0; i < node->filter_count; i++) {
        known |= msock_topic_match(node->filters[i], topic);
    }
    return known;
}

/* Who is up there, and known to listen, will be waited for. */
static void expect_listener(msock_channel *channel, const msock_node *node,
                            void *user)
{
    struct order *order = user;
    const struct ledger *ledger = order->orders->ledger;
    const struct life *life = ledger_life_of(ledger, node->session);
    uint8_t topic = order->life->publications[order->number].topic;
    (void)channel;
    if (node->up && node->described && life != NULL &&
        is_known_to_listen(node, ledger_topic(topic))) {
        deed_of(order, life)->expected = true;
    }
}

int orders_publish(struct world *world, unsigned node,
                   const struct publication *publication, unsigned deadline_ms)
{
    struct life *life = world->nodes[node].life;
    struct order *order = add_order(&world->orders);
    struct publication published = *publication;
    const char *topic = ledger_topic(publication->topic);
    assert(world_alive(world, node));

    published.flags = PUBLISHED_RELIABLE;
    published.order = order;
    order->life = life;
    order->at_us = world_now(world);
    order->deadline_us = order->at_us + UINT64_C(1000) * deadline_ms;
    order->number =
        ledger_publish(&world->ledger, life, &published, order->at_us);
    msock_nodes(life->channel, expect_listener, order);
    ledger_payload(life, order->number, world->payload);
    const msock_publish_options how = {.expires_ms = publication->expires_ms,
                                       .after_ms = publication->after_ms};
    const msock_confirm_options options = {.deadline_ms = deadline_ms,
                                           .publish = &how};
    order->id = msock_publish_confirmed(life->channel, topic, world->payload,
                                        &options, on_confirm, order);
    report_note(&world->report, "%s orders %u.%zu by %u ms: %d", life->name,
                life->number, order->number, deadline_ms, order->id);
    if (order->id < 0) {
        ledger_retract(&world->ledger, life);
        order->ended = true;
        order->count = 0;
    }
    if (order->id == MSOCK_EAGAIN) {
        ledger_refuse(life);
    }
    return order->id;
}

/* -- What handlers do -- */

static int refuse(struct orders *orders, struct deed *deed)
{
    int code = -(int)within(orders, 1, CODE_MAX);
    deed->code = deed->code < 0 ? deed->code : code;
    return code;
}

/* The handler will say it later; a few never do. */
static void defer(struct orders *orders, struct order *order, struct life *life,
                  uint64_t now_us)
{
    unsigned later_ms = within(orders, 1, LATER_MAX_MS);
    bool never = share(orders, 10);
    int code = share(orders, 30) ? -(int)within(orders, 1, CODE_MAX) : 0;
    uint64_t token;
    int result = msock_defer(life->channel, &token);
    assert(result == 0);
    (void)result;
    deed_of(order, life)->open++;
    if (never) {
        return;
    }
    if (orders->promise_count == orders->promise_capacity) {
        orders->promise_capacity =
            orders->promise_capacity == 0 ? 64 : 2 * orders->promise_capacity;
        orders->promises =
            checked(realloc(orders->promises,
                            orders->promise_capacity * sizeof(struct promise)));
    }
    orders->promises[orders->promise_count++] =
        (struct promise){.life = life,
                         .order = order,
                         .token = token,
                         .due_us = now_us + UINT64_C(1000) * later_ms,
                         .code = code};
}

int orders_hear(struct orders *orders, struct life *life,
                const msock_message *message, uint64_t now_us)
{
    unsigned sender;
    size_t number;
    if (!ledger_identify(orders->ledger, message, &sender, &number)) {
        return 0; /* the ledger said so */
    }
    struct order *order =
        orders->ledger->lives[sender]->publications[number].order;
    if (order == NULL) {
        return 0;
    }
    deed_of(order, life)->ran++;
    if (share(orders, 20)) {
        defer(orders, order, life, now_us);
    }
    return share(orders, 15) ? refuse(orders, deed_of(order, life)) : 0;
}

/* A handler says what it did, unless it is gone, or going. */
static void keep_promise(struct promise *promise)
{
    struct deed *deed = find_deed(promise->order, promise->life);
    deed->open--;
    deed->code = deed->code == 0 ? promise->code : deed->code;
    int result =
        msock_done(promise->life->channel, promise->token, promise->code);
    assert(result == 0 || promise->life->closing);
    (void)result;
}

static void keep_promises(struct orders *orders, uint64_t now_us)
{
    size_t left = 0;
    for (size_t i = 0; i < orders->promise_count; i++) {
        struct promise *promise = &orders->promises[i];
        bool lives = promise->life->channel != NULL;
        if (lives &&
            (promise->due_us > now_us || promise->life->asleep_us > now_us)) {
            orders->promises[left++] = *promise;
        } else if (lives) {
            keep_promise(promise);
        }
    }
    orders->promise_count = left;
}

/* -- Time -- */

static bool is_open(const struct order *order)
{
    return !order->ended && order->life->channel != NULL &&
           !order->life->closing;
}

void orders_asked(struct orders *orders, const struct life *life,
                  const struct wire_view *view)
{
    size_t open = 0;
    if (view->kind != WIRE_SYNC || view->control.count == 0) {
        return;
    }
    for (size_t i = 0; i < orders->count; i++) {
        open += orders->list[i]->life == life && is_open(orders->list[i]);
    }
    if (view->control.count > open) {
        report_fail(orders->report, "%s asks about %zu frames, for %zu orders",
                    life->name, view->control.count, open);
    }
}

void orders_tick(struct orders *orders, uint64_t now_us)
{
    keep_promises(orders, now_us);
    for (size_t i = 0; i < orders->count; i++) {
        struct order *order = orders->list[i];
        if (is_open(order) && is_over(order, now_us)) {
            wrong(order, "its end is not told");
            order->ended = true;
        }
    }
}

static void expect_deed(const struct order *order, const struct life *life)
{
    const struct deed *deed = find_deed(order, life);
    if (deed == NULL || !deed->told) {
        wrong(order, "nothing is told of %s", life->name);
    } else if (deed->state == MSOCK_CONFIRM_SILENT && deed->open == 0) {
        wrong(order, "%s was silent, and ran it %u times", life->name,
              deed->ran);
    }
}

void orders_expect(const struct orders *orders, uint64_t from_us)
{
    const struct ledger *ledger = orders->ledger;
    for (size_t i = 0; i < orders->count; i++) {
        const struct order *order = orders->list[i];
        if (order->at_us < from_us || order->life->channel == NULL ||
            order->life->forgetful || order->id < 0) {
            continue;
        }
        const struct publication *publication =
            &order->life->publications[order->number];
        for (size_t j = 0; j < ledger->life_count; j++) {
            const struct life *life = ledger->lives[j];
            if (life != order->life && life->channel != NULL &&
                life->opened_us < from_us && !life->forgetful &&
                listens(life, ledger_topic(publication->topic))) {
                expect_deed(order, life);
            }
        }
    }
}
