/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of links of the simulated network, and who has which. */
#include "transport/sim_faults.h"

#include "codec/error.h"

#include <stdlib.h>
#include <string.h>

/* Without jitter, datagrams that left together arrive together: this is enough
 * to change their order. */
enum { HOLD_US = 1000 };

static const double TIME_MAX_MS = 3600000.0;

static int read_rate(double *rate, double value, const char *name)
{
    /* Turned around, this would let a NaN pass. */
    if (!(value >= 0.0 && value <= 100.0)) {
        return msock__fail(MSOCK_EOPTION, "%s must be within 0..100 per cent",
                           name);
    }
    *rate = value;
    return 0;
}

static int read_time(uint64_t *time_us, double value, const char *name)
{
    if (!(value >= 0.0 && value <= TIME_MAX_MS)) {
        return msock__fail(MSOCK_EOPTION, "%s must be within 0..3600000 ms",
                           name);
    }
    *time_us = (uint64_t)(value * 1000.0 + 0.5);
    return 0;
}

int msock__sim_link_read(struct msock__sim_link *link,
                         const msock_sim_faults *faults)
{
    struct msock__sim_link read = {0};
    if (read_rate(&read.loss, faults->loss, "loss") < 0 ||
        read_rate(&read.dup, faults->dup, "dup") < 0 ||
        read_rate(&read.reorder, faults->reorder, "reorder") < 0 ||
        read_rate(&read.corrupt, faults->corrupt, "corrupt") < 0 ||
        read_time(&read.delay_us, faults->delay_ms, "delay_ms") < 0 ||
        read_time(&read.jitter_us, faults->jitter_ms, "jitter_ms") < 0) {
        return MSOCK_EOPTION;
    }
    *link = read;
    return 0;
}

/* "" covers every name. */
static bool covers(const char *pattern, const char *name)
{
    return pattern[0] == '\0' || strcmp(pattern, name) == 0;
}

static void remove_covered(struct msock__sim_rules *rules,
                           const struct msock__sim_rule *by)
{
    size_t kept = 0;
    for (size_t i = 0; i < rules->count; i++) {
        const struct msock__sim_rule *rule = &rules->rules[i];
        if (!covers(by->from, rule->from) || !covers(by->to, rule->to)) {
            rules->rules[kept] = *rule;
            kept++;
        }
    }
    rules->count = kept;
}

void msock__sim_rules_fini(struct msock__sim_rules *rules)
{
    free(rules->rules);
    *rules = (struct msock__sim_rules){0};
}

int msock__sim_rules_add(struct msock__sim_rules *rules,
                         const struct msock__sim_rule *rule)
{
    /* Before anything is removed, so that a failure changes nothing. */
    if (rules->count == rules->capacity) {
        size_t capacity = rules->capacity == 0 ? 8 : 2 * rules->capacity;
        struct msock__sim_rule *grown =
            realloc(rules->rules, capacity * sizeof(*grown));
        if (grown == NULL) {
            return MSOCK_ENOMEM;
        }
        rules->rules = grown;
        rules->capacity = capacity;
    }
    remove_covered(rules, rule);
    if (rules->count == MSOCK__SIM_RULES_MAX) {
        return MSOCK_ELIMIT;
    }
    rules->rules[rules->count] = *rule;
    rules->count++;
    return 0;
}

const struct msock__sim_rule *
msock__sim_rules_find(const struct msock__sim_rules *rules, const char *from,
                      const char *to)
{
    for (size_t i = rules->count; i > 0; i--) {
        const struct msock__sim_rule *rule = &rules->rules[i - 1];
        if (covers(rule->from, from) && covers(rule->to, to)) {
            return rule;
        }
    }
    return NULL;
}

static void draw_copy(struct msock__sim_copy *copy,
                      struct msock__sim_random *random,
                      const struct msock__sim_link *link, size_t size)
{
    uint64_t hold_us = link->jitter_us > 0 ? link->jitter_us : HOLD_US;
    uint64_t bits = size > 0 ? 8 * (uint64_t)size : 1;

    copy->delay_us =
        link->delay_us + msock__sim_random_upto(random, link->jitter_us);
    copy->reordered = msock__sim_random_chance(random, link->reorder);
    copy->corrupt = msock__sim_random_chance(random, link->corrupt) && size > 0;
    copy->bit = (size_t)msock__sim_random_upto(random, bits - 1);
    if (copy->reordered) {
        copy->delay_us += hold_us;
    }
    if (copy->delay_us == 0) {
        copy->delay_us = 1;
    }
}

void msock__sim_fate_draw(struct msock__sim_fate *fate,
                          struct msock__sim_random *random,
                          const struct msock__sim_link *link, size_t size)
{
    bool lost = msock__sim_random_chance(random, link->loss);
    bool twice = msock__sim_random_chance(random, link->dup);
    draw_copy(&fate->copies[0], random, link, size);
    draw_copy(&fate->copies[1], random, link, size);
    fate->count = lost ? 0 : twice ? 2 : 1;
}
