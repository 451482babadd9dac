/* SPDX-License-Identifier: Apache-2.0 */
/* The attacker: records, replays, forges, withholds. */
#include "tests/sim/attacker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_MAX = 64, GARBAGE_MAX = 200 };

void attacker_init(struct attacker *attacker, struct report *report,
                   msock_sim *sim)
{
    attacker->report = report;
    attacker->sim = sim;
    attacker->records = calloc(ATTACKER_RECORDS, sizeof(struct record));
    assert(attacker->records != NULL);
}

static struct record *at(const struct attacker *attacker, uint64_t index)
{
    return &attacker->records[index % ATTACKER_RECORDS];
}

static void drop_record(struct attacker *attacker, struct record *record)
{
    attacker->bytes -= record->size;
    free(record->bytes);
    *record = (struct record){0};
}

void attacker_fini(struct attacker *attacker)
{
    for (size_t i = 0; i < ATTACKER_RECORDS; i++) {
        free(attacker->records[i].bytes);
    }
    free(attacker->records);
    attacker->records = NULL;
}

static uint64_t oldest(const struct attacker *attacker)
{
    return attacker->count > ATTACKER_RECORDS
               ? attacker->count - ATTACKER_RECORDS
               : 0;
}

void attacker_record(struct attacker *attacker, unsigned node,
                     const struct wire_view *view, const uint8_t *bytes,
                     size_t size, uint64_t now_us)
{
    struct record *record = at(attacker, attacker->count);
    drop_record(attacker, record);
    if (size == 0 || attacker->bytes + size > ATTACKER_BYTES) {
        return;
    }
    record->bytes = malloc(size);
    assert(record->bytes != NULL);
    memcpy(record->bytes, bytes, size);
    record->at_us = now_us;
    record->size = size;
    record->kind = view->kind;
    record->session = view->session;
    record->counter = view->counter;
    record->node = node;
    record->withheld = attacker->withholding && node == attacker->from_node;
    attacker->bytes += size;
    attacker->count++;
}

static void send(struct attacker *attacker, const struct record *record,
                 const char *to)
{
    int result =
        msock_sim_inject(attacker->sim, to, record->bytes, record->size);
    assert(result >= 0 || result == MSOCK_ENOENT);
    (void)result;
}

/* NULL in a third of cases: to all. */
static const char *draw_target(struct msock__sim_random *random, unsigned nodes,
                               char name[static 16])
{
    unsigned node = (unsigned)msock__sim_random_upto(random, nodes - 1);
    snprintf(name, 16, "n%u", node);
    return msock__sim_random_chance(random, 33) ? NULL : name;
}

void attacker_replay(struct attacker *attacker,
                     struct msock__sim_random *random, unsigned nodes)
{
    char name[16];
    uint64_t first = oldest(attacker);
    if (attacker->count == first) {
        return;
    }
    uint64_t index =
        first + msock__sim_random_upto(random, attacker->count - first - 1);
    uint64_t run = msock__sim_random_upto(random, RUN_MAX - 1);
    const char *to = draw_target(random, nodes, name);
    if (msock__sim_random_chance(random, 50)) {
        run = 0;
    }
    report_note(attacker->report, "attacker replays %u datagrams to %s",
                (unsigned)run + 1, to != NULL ? to : "all");
    for (uint64_t i = index; i <= index + run && i < attacker->count; i++) {
        if (at(attacker, i)->bytes != NULL) {
            send(attacker, at(attacker, i), to);
        }
    }
}

size_t attacker_replay_all(struct attacker *attacker, uint64_t session,
                           enum wire_kind kind, const char *to)
{
    size_t sent = 0;
    for (uint64_t i = oldest(attacker); i < attacker->count; i++) {
        const struct record *record = at(attacker, i);
        bool wanted = (session == 0 || record->session == session) &&
                      (kind == WIRE_STRANGE || record->kind == kind);
        if (record->bytes != NULL && wanted) {
            send(attacker, record, to);
            sent++;
        }
    }
    return sent;
}

static void forge_garbage(struct attacker *attacker,
                          struct msock__sim_random *random, const char *to)
{
    uint8_t bytes[GARBAGE_MAX];
    struct record record = {.bytes = bytes};
    record.size = (size_t)msock__sim_random_upto(random, GARBAGE_MAX);
    for (size_t i = 0; i < record.size; i++) {
        bytes[i] = (uint8_t)(msock__sim_random_next(random) >> 56);
    }
    send(attacker, &record, to);
}

static void forge_damaged(struct attacker *attacker,
                          struct msock__sim_random *random, const char *to)
{
    uint64_t first = oldest(attacker);
    uint64_t index =
        first + msock__sim_random_upto(random, attacker->count - first - 1);
    struct record record = *at(attacker, index);
    if (record.bytes == NULL) {
        return;
    }
    size_t place = (size_t)msock__sim_random_upto(random, record.size - 1);
    uint8_t bit = (uint8_t)(1U << msock__sim_random_upto(random, 7));
    uint64_t shorter = msock__sim_random_upto(random, 40);
    record.bytes[place] ^= bit;
    if (shorter < 20 && shorter < record.size) {
        record.size -= (size_t)shorter;
    }
    send(attacker, &record, to);
    record.bytes[place] ^= bit;
}

void attacker_forge(struct attacker *attacker, struct msock__sim_random *random,
                    unsigned nodes)
{
    char name[16];
    const char *to = draw_target(random, nodes, name);
    bool garbage = msock__sim_random_chance(random, 30);
    if (garbage || attacker->count == oldest(attacker)) {
        forge_garbage(attacker, random, to);
    } else {
        forge_damaged(attacker, random, to);
    }
}

void attacker_withhold(struct attacker *attacker, unsigned from, unsigned to,
                       uint64_t release_us)
{
    if (attacker->withholding) {
        return;
    }
    attacker->withholding = true;
    attacker->from_node = from;
    attacker->release_us = release_us;
    snprintf(attacker->from, sizeof(attacker->from), "n%u", from);
    snprintf(attacker->to, sizeof(attacker->to), "n%u", to);
    report_note(attacker->report, "attacker withholds %s from %s",
                attacker->from, attacker->to);
    msock_sim_partition(attacker->sim, attacker->from, attacker->to, true);
}

void attacker_release(struct attacker *attacker, bool now)
{
    bool due = now || msock_sim_now_us(attacker->sim) >= attacker->release_us;
    if (!attacker->withholding || !due) {
        return;
    }
    attacker->withholding = false;
    report_note(attacker->report, "attacker lets go what %s sent %s",
                attacker->from, attacker->to);
    msock_sim_partition(attacker->sim, attacker->from, attacker->to, false);
    for (uint64_t i = oldest(attacker); i < attacker->count; i++) {
        struct record *record = at(attacker, i);
        if (record->withheld) {
            send(attacker, record, attacker->to);
            record->withheld = false;
        }
    }
}
