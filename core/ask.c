/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds of asking for values. */
#include "core/ask.h"

#include "codec/json.h"
#include "core/number.h"

#include <assert.h>
#include <multisock/error.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECOND_US = 1000000,
    JITTER_US = 50000, /* so that those who ask together part */
    BELIEVED_US = 100000,
    EXTRA_MAX = 8,
    QUERY_US = 500000,
    AHEAD_US = 15 * QUERY_US

};

/* -- Rounds -- */

static const char all[] = "\"#\"";

static char *quoted(const char *filter)
{
    size_t size = strlen(filter);
    char *text = malloc(msock__json_quote(filter, size, NULL) + 1);

    if (text) {
        text[msock__json_quote(filter, size, text)] = '\0';
    }
    return text;
}

static void round_free(struct msock__round *round)
{
    for (size_t i = 0; i < round->filter_count; i++) {
        free(round->filters[i]);
    }
    free(round);
}

/* Adds an empty round behind the others.  Returns NULL if there is no memory.
 */
static struct msock__round *round_add(struct msock__ask *ask, uint64_t due_us,
                                      uint64_t of)
{
    struct msock__round *round = calloc(1, sizeof(*round));
    struct msock__round **link = &ask->first;

    if (!round) {
        return NULL;
    }
    round->query = msock__dice_below(ask->dice, UINT64_MAX);
    round->of = of;
    round->due_us = due_us;
    while (*link) {
        link = &(*link)->next;
    }
    *link = round;
    ask->count++;
    return round;
}

static void round_remove(struct msock__ask *ask, struct msock__round *round)
{
    struct msock__round **link = &ask->first;

    while (*link != round) {
        link = &(*link)->next;
    }
    *link = round->next;
    ask->count--;
    round_free(round);
}

/* `#` stands for every filter but those that begin with `$`. */
static bool names(const struct msock__round *round, const char *filter)
{
    for (size_t i = 0; i < round->filter_count; i++) {
        if (strcmp(round->filters[i], filter) == 0 ||
            (strcmp(round->filters[i], all) == 0 && filter[1] != '$')) {
            return true;
        }
    }
    return false;
}

/* Whether a round is to be asked once more, and not over. Who is asked alone
 * has to answer. */
static bool asks_again(const struct msock__round *round)
{
    return round->askings < MSOCK__ASKINGS ||
           (round->of != 0 && round->holder_count == 0 &&
            round->askings < MSOCK__ASKINGS_ALONE);
}

/* Whether a round will bring what is wanted of a session, or of everyone. */
static bool covers(struct msock__round *round, uint64_t of, const char *filter)
{
    if (!names(round, filter)) {
        return false;
    }
    if (of == 0) {
        return round->of == 0 && round->askings == 0;
    }
    return (round->of == 0 || round->of == of) && asks_again(round) &&
           !msock__round_holder(round, of);
}

/* Has everyone asked for everything, as there are too many rounds. */
static void widen_last(struct msock__ask *ask, uint64_t due_us)
{
    struct msock__round *last = ask->first;

    while (last->next) {
        last = last->next;
    }
    msock__ask_widen(last);
    last->of = 0;
    if (last->askings > 0) {
        last->query = msock__dice_below(ask->dice, UINT64_MAX);
        last->askings = 0;
        last->holder_count = 0;
        last->answers = 0;
        last->due_us = msock__most(due_us, last->asked_us + SECOND_US);
    }
}

/* Adds a JSON string, given to the round, to one that has room.  Returns 0, or
 * MSOCK_ENOMEM: it is still the caller's. */
static int add_filter(struct msock__ask *ask, uint64_t due_us, uint64_t of,
                      char *filter)
{
    struct msock__round *round = ask->first;

    while (round && (round->askings > 0 || round->of != of ||
                     round->filter_count == MSOCK__ASKED_MAX)) {
        round = round->next;
    }
    bool full =
        of == 0 && ask->count - msock__ask_alone(ask) == MSOCK__ROUNDS_ALL;
    if (!round && (full || ask->count == MSOCK__ROUNDS_MAX)) {
        widen_last(ask, due_us);
        free(filter);
        return 0;
    }
    if (!round) {
        round = round_add(ask, due_us, of);
    }
    if (!round) {
        return MSOCK_ENOMEM;
    }
    round->due_us = msock__least(round->due_us, due_us);
    round->filters[round->filter_count++] = filter;
    return 0;
}

/* Wants what a JSON string says, given, as msock__ask_filter(). */
static int want(struct msock__ask *ask, uint64_t due_us, uint64_t of,
                char *filter)
{
    struct msock__round *round = ask->first;

    if (!filter) {
        return MSOCK_ENOMEM;
    }
    for (; round; round = round->next) {
        if (covers(round, of, filter)) {
            free(filter);
            return 0;
        }
        if (of != 0 && round->of == of && round->askings > 0) {
            due_us = msock__most(due_us, round->asked_us + SECOND_US);
        }
    }
    int code = add_filter(ask, due_us, of, filter);
    if (code < 0) {
        free(filter);
    }
    return code;
}

/* -- In header order -- */

void msock__ask_init(struct msock__ask *ask, struct msock__dice *dice)
{
    *ask = (struct msock__ask){.dice = dice};
}

void msock__ask_fini(struct msock__ask *ask)
{
    while (ask->first) {
        round_remove(ask, ask->first);
    }
}

int msock__ask_filter(struct msock__ask *ask, uint64_t due_us, uint64_t of,
                      const char *filter)
{
    return want(ask, due_us, of, quoted(filter));
}

void msock__ask_anew(struct msock__ask *ask, uint64_t session)
{
    for (struct msock__round *round = ask->first; round; round = round->next) {
        if (round->askings == 0 || msock__round_holder(round, session)) {
            continue;
        }
        if (round->of == session) {
            round->query = msock__dice_below(ask->dice, UINT64_MAX);
        } else if (round->of == 0) {
            (void)msock__ask_held(ask, round->query, session, 0);
        }
    }
}

size_t msock__ask_alone(const struct msock__ask *ask)
{
    size_t count = 0;

    for (const struct msock__round *round = ask->first; round;
         round = round->next) {
        count += round->of != 0;
    }
    return count;
}

void msock__ask_believed(struct msock__ask *ask, uint64_t now_us)
{
    struct msock__round *round = ask->first;

    for (; round; round = round->next) {
        uint64_t due_us = msock__most(now_us, round->asked_us + BELIEVED_US);
        if (round->of == 0 && round->askings > 0 &&
            round->askings < MSOCK__ASKINGS && round->extra < EXTRA_MAX &&
            due_us < round->due_us) {
            /* The one that is due anyway is made good for by this. */
            round->extra++;
            round->askings--;
            round->due_us = due_us;
        }
    }
}

struct msock__round *msock__ask_over(const struct msock__ask *ask,
                                     uint64_t now_us)
{
    struct msock__round *round = ask->first;

    while (round && (round->due_us > now_us || asks_again(round))) {
        round = round->next;
    }
    return round;
}

struct msock__holder *msock__round_holder(struct msock__round *round,
                                          uint64_t session)
{
    for (size_t i = 0; i < round->holder_count; i++) {
        if (round->holders[i].session == session) {
            return &round->holders[i];
        }
    }
    return NULL;
}

void msock__ask_forget(struct msock__ask *ask, struct msock__round *round)
{
    round_remove(ask, round);
}

struct msock__round *msock__ask_due(const struct msock__ask *ask,
                                    uint64_t now_us)
{
    struct msock__round *due = NULL;

    for (struct msock__round *round = ask->first; round; round = round->next) {
        if (round->due_us <= now_us && asks_again(round) &&
            (!due || round->due_us < due->due_us)) {
            due = round;
        }
    }
    return msock__rate_due(&ask->rate, AHEAD_US) <= now_us ? due : NULL;
}

void msock__ask_fill(const struct msock__round *round,
                     struct msock__control *query)
{
    query->kind = MSOCK__QUERY;
    query->asks_values = true;
    query->query = round->query;
    query->of.count = round->of != 0;
    query->of.sessions[0] = round->of;
    query->count = round->filter_count;
    for (size_t i = 0; i < round->filter_count; i++) {
        query->filters[i] = (struct msock__json_slice){
            .text = round->filters[i],
            .size = strlen(round->filters[i]),
            .type = MSOCK__JSON_STRING,
        };
    }
}

void msock__ask_widen(struct msock__round *round)
{
    assert(round->filter_count > 0);
    while (round->filter_count > 1) {
        free(round->filters[--round->filter_count]);
    }
    /* Any filter has room for it. */
    strcpy(round->filters[0], all);
}

void msock__ask_sent(struct msock__ask *ask, uint64_t now_us,
                     struct msock__round *round, size_t used)
{
    assert(used >= 1 && used <= round->filter_count);
    assert(asks_again(round));
    msock__rate_take(&ask->rate, now_us, QUERY_US);
    round->asked_us = now_us;
    round->askings++;
    round->due_us = now_us + (round->askings == 1 ? SECOND_US : 2 * SECOND_US) +
                    msock__dice_below(ask->dice, JITTER_US);
    while (used < round->filter_count) {
        char *filter = round->filters[--round->filter_count];
        if (add_filter(ask, now_us, round->of, filter) < 0) {
            free(filter);
            widen_last(ask, now_us);
            return;
        }
    }
}

bool msock__ask_held(struct msock__ask *ask, uint64_t query, uint64_t session,
                     uint64_t last)
{
    struct msock__round *round = ask->first;

    while (round && round->query != query) {
        round = round->next;
    }
    if (!round || (round->of != 0 && round->of != session)) {
        return false;
    }
    struct msock__holder *holder = msock__round_holder(round, session);
    if (!holder) {
        holder = &round->holders[round->answers++ % MSOCK__HOLDERS_MAX];
        round->holder_count += round->holder_count < MSOCK__HOLDERS_MAX;
    }
    *holder = (struct msock__holder){.session = session, .last = last};
    return true;
}

int msock__ask_missed(struct msock__ask *ask, uint64_t now_us, uint64_t query,
                      uint64_t session)
{
    struct msock__round *round = ask->first;
    int code = 0;

    while (round && round->query != query) {
        round = round->next;
    }
    for (size_t i = 0; round && i < round->filter_count && code == 0; i++) {
        code = want(ask, now_us, session, strdup(round->filters[i]));
    }
    return code;
}

uint64_t msock__ask_deadline(const struct msock__ask *ask)
{
    uint64_t due_us = UINT64_MAX;

    for (const struct msock__round *round = ask->first; round;
         round = round->next) {
        uint64_t from_us =
            asks_again(round) ? msock__rate_due(&ask->rate, AHEAD_US) : 0;
        due_us = msock__least(due_us, msock__most(round->due_us, from_us));
    }
    return due_us;
}
