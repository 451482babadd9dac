/* SPDX-License-Identifier: Apache-2.0 */
/* keeper: keeps the newest state of each topic that matches its filters on a
 * disk, and tells it when its owner is gone. Configuration, and what is
 * promised, are in docs/plugins.md.
 *
 * What comes waits in a list until the writer's thread is free, 10 ms at least
 * after the last batch, and is one transaction then. Who asks whether it acted
 * is answered when the disk has it. Memory: the states of two batches, of which
 * WAITING_MAX bounds the one that is not written yet. What was not stored,
 * since the disk was full or slow, is gathered anew from the channel later. */
#include <multisock/plugin.h>

#include "plugins/keeper/settings.h"
#include "plugins/keeper/store.h"
#include "plugins/keeper/writer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    NOTE_SIZE = 1024,
    WAITING_MAX = 32 << 20,
    FIRST_MS = 1,     /* from what comes in quiet times to its transaction */
    BATCH_MS = 10,    /* between batches */
    AGAIN_MS = 60000, /* until what was not stored is gathered anew */
    STATE_COST = 400  /* bytes of a state in a channel, beside its texts */
};

struct keeper {
    const msock_services *services;
    struct msock__store *store;   /* before there is a writer, and after */
    struct msock__writer *writer; /* NULL: none yet */
    struct msock__jobs waiting;   /* for the next batch */
    bool writing;                 /* the writer has one */
    int timer;                    /* of the next look at it; 0: none */
    int again;                    /* timer of gathering; 0: none */
    bool behind;                  /* states are missing in the store */
    size_t restored;
    size_t unwanted; /* states in the file that match no filter, ... */
    size_t unfit;    /* ... and those that the channel has no room for */
    uint64_t needed; /* bytes of state_max for all that it was given */
    struct msock__settings settings;
};

__attribute__((format(printf, 3, 4))) static void
say(const struct keeper *keeper, enum msock_level level, const char *format,
    ...)
{
    char note[NOTE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(note, sizeof note, format, arguments);
    va_end(arguments);
    keeper->services->log(keeper->services->host, level, note);
}

static uint64_t now_s(void)
{
    time_t now = time(NULL);
    return now > 0 ? (uint64_t)now : 0;
}

/* -- What was not stored -- */

static void on_again(void *user);

/* Says once that states are missing on the disk, and looks after them later. */
static void fall_behind(struct keeper *keeper, const char *reason)
{
    const msock_services *services = keeper->services;
    if (!keeper->behind) {
        keeper->behind = true;
        say(keeper, MSOCK_ERROR, "cannot store: %s", reason);
    }
    if (keeper->again == 0) {
        int id = services->timer_start(services->host, AGAIN_MS, 0, on_again,
                                       keeper);
        keeper->again = id > 0 ? id : 0;
    }
}

/* -- Batches -- */

static void on_tick(void *user);

static void look_after(struct keeper *keeper, uint64_t delay_ms)
{
    const msock_services *services = keeper->services;
    if (keeper->timer == 0) {
        int id =
            services->timer_start(services->host, delay_ms, 0, on_tick, keeper);
        keeper->timer = id > 0 ? id : 0;
    }
}

/* Tells what became of a batch.  Returns whether all of it was stored. */
static bool answer(const struct keeper *keeper, struct msock__jobs *batch)
{
    const msock_services *services = keeper->services;
    bool stored = true;
    for (struct msock__job *job = batch->first; job != NULL; job = job->next) {
        stored = stored && job->result == 0;
        if (job->asked) {
            services->done(services->host, job->token, job->result);
        }
    }
    msock__jobs_free(batch);
    return stored;
}

static void settle(struct keeper *keeper, struct msock__jobs *batch,
                   const char *reason)
{
    if (!answer(keeper, batch)) {
        fall_behind(keeper, reason);
    } else if (keeper->behind && keeper->again == 0) {
        keeper->behind = false;
        say(keeper, MSOCK_INFO, "all states are stored again");
    }
}

static void on_tick(void *user)
{
    struct keeper *keeper = user;
    struct msock__jobs batch;
    char reason[MSOCK__STORE_REASON_SIZE];
    keeper->timer = 0;
    if (keeper->writing && msock__writer_take(keeper->writer, &batch, reason)) {
        keeper->writing = false;
        settle(keeper, &batch, reason);
    }
    if (!keeper->writing && keeper->waiting.first != NULL) {
        msock__writer_give(keeper->writer, &keeper->waiting);
        keeper->writing = true;
    }
    if (keeper->writing) {
        look_after(keeper, BATCH_MS);
    }
}

/* -- What comes -- */

static struct msock__job *job_of(const msock_state *state)
{
    const struct msock__kept kept = {
        .topic = state->topic,
        .topic_size = state->topic_size,
        .owner = state->owner,
        .owner_size = state->owner_size,
        .data = state->data,
        .data_size = state->data_size,
        .version = state->version,
        .session = state->session,
        .time_s = now_s(),
    };
    return msock__job_new(&kept);
}

static void on_state(const msock_state *state, void *user)
{
    struct keeper *keeper = user;
    const msock_services *services = keeper->services;
    struct msock__job *job = NULL;
    uint64_t token = 0;
    /* Whoever asks about it is answered later, or at once: not promised. */
    bool asked = services->defer(services->host, &token) == 0;
    if (keeper->waiting.bytes < WAITING_MAX) {
        job = job_of(state);
    }
    if (job == NULL) {
        fall_behind(keeper, "the disk is too slow, or memory is short");
        if (asked) {
            services->done(services->host, token, MSOCK_EAGAIN);
        }
        return;
    }
    job->asked = asked;
    job->token = token;
    msock__jobs_add(&keeper->waiting, job);
    look_after(keeper, FIRST_MS);
}

/* Says to others that states are wanted here; on_state() had it before, and
 * answers for it. */
static int on_message(const msock_message *message, void *user)
{
    (void)message, (void)user;
    return 0;
}

/* Gathers what the channel holds: what the store has is not written again. */
static void on_again(void *user)
{
    struct keeper *keeper = user;
    const msock_services *services = keeper->services;
    keeper->again = 0;
    for (size_t i = 0; i < keeper->settings.filter_count; i++) {
        services->state_each(services->host, keeper->settings.filters[i],
                             on_state, keeper);
    }
}

/* -- Starting -- */

static int open_store(struct keeper *keeper)
{
    char reason[MSOCK__STORE_REASON_SIZE];
    int result = msock__store_open(&keeper->store, keeper->settings.path,
                                   keeper->settings.quota, reason);
    if (reason[0] != '\0') {
        say(keeper, result < 0 ? MSOCK_ERROR : MSOCK_WARNING, "%s", reason);
    }
    return result;
}

/* Keeps what matches a filter. If that names topics, it listens to them, too:
 * who wants to know whether a state was stored asks those that listen. Nobody
 * shall wait for one who keeps just everything, and does nothing for events. */
static int add_filter(struct keeper *keeper, const char *filter)
{
    const msock_services *services = keeper->services;
    int result = services->state_keep(services->host, filter, on_state, keeper);
    if (result >= 0 && keeper->settings.confirms) {
        result = services->subscribe(services->host, filter, on_message, keeper,
                                     NULL);
    }
    if (result < 0) {
        say(keeper, MSOCK_ERROR, "cannot keep \"%s\": error %d", filter,
            result);
        return result;
    }
    return 0;
}

static bool restore(const struct msock__kept *state, void *user)
{
    struct keeper *keeper = user;
    const msock_services *services = keeper->services;
    int result =
        services->state_restore(services->host, state->topic, state->version,
                                state->owner, state->session, state->data);
    /* A channel keeps the topic twice. */
    keeper->needed += STATE_COST + 2 * state->topic_size + state->owner_size +
                      state->data_size;
    if (result == MSOCK_ENOENT) {
        keeper->unwanted++;
    } else if (result == MSOCK_ELIMIT) {
        keeper->unfit++;
    } else if (result >= 0) {
        keeper->restored++;
    } else {
        say(keeper, MSOCK_WARNING, "cannot restore \"%s\": error %d",
            state->topic, result);
    }
    return result != MSOCK_ENOMEM;
}

/* Gives the channel what is stored. */
static int restore_all(struct keeper *keeper)
{
    if (msock__store_each(keeper->store, restore, keeper) < 0) {
        say(keeper, MSOCK_ERROR, "cannot read %s: %s", keeper->settings.path,
            msock__store_reason(keeper->store));
        return MSOCK_ESYSTEM;
    }
    say(keeper, MSOCK_INFO, "%zu states restored from %s", keeper->restored,
        keeper->settings.path);
    if (keeper->unfit > 0) {
        say(keeper, MSOCK_WARNING,
            "only %zu of %zu states in %s fit the channel, and the others are "
            "told to nobody: raise its state_max to %" PRIu64
            " bytes, and state_count_max to as many states",
            keeper->restored, keeper->restored + keeper->unfit,
            keeper->settings.path, keeper->needed);
    }
    if (keeper->unwanted > 0) {
        say(keeper, MSOCK_WARNING,
            "%zu states in %s match no filter: they stay there",
            keeper->unwanted, keeper->settings.path);
    }
    return 0;
}

static int begin(struct keeper *keeper)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < keeper->settings.filter_count; i++) {
        result = add_filter(keeper, keeper->settings.filters[i]);
    }
    if (result == 0) {
        result = restore_all(keeper);
    }
    if (result == 0) {
        result = msock__writer_start(&keeper->writer, keeper->store);
    }
    return result;
}

static int set_up(struct keeper *keeper)
{
    int result = msock__settings_read(&keeper->settings, keeper->services);
    if (result == 0) {
        result = open_store(keeper);
    }
    if (result == 0) {
        result = begin(keeper);
    }
    if (result < 0) {
        msock__store_close(keeper->store);
    }
    return result;
}

/* -- The plugin -- */

static int start(const msock_services *services, void **state)
{
    if (services->struct_size < sizeof *services) {
        services->log(services->host, MSOCK_ERROR,
                      "this program is older than the plugin");
        return MSOCK_EABI;
    }
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        return MSOCK_ENOMEM;
    }
    keeper->services = services;
    int result = set_up(keeper);
    if (result < 0) {
        free(keeper);
        return result;
    }
    *state = keeper;
    return 0;
}

/* Stores what is left, and answers it. */
static void finish(struct keeper *keeper)
{
    struct msock__jobs batch;
    char reason[MSOCK__STORE_REASON_SIZE] = "";
    bool stored = true;
    struct msock__store *store = msock__writer_stop(keeper->writer);
    if (msock__writer_take(keeper->writer, &batch, reason)) {
        stored = answer(keeper, &batch);
    }
    msock__writer_free(keeper->writer);
    msock__jobs_run(&keeper->waiting, store, reason);
    if (!answer(keeper, &keeper->waiting) || !stored) {
        say(keeper, MSOCK_ERROR, "ends with states not stored: %s", reason);
    }
    msock__store_close(store);
}

static void stop(void *state)
{
    struct keeper *keeper = state;
    const msock_services *services = keeper->services;
    if (keeper->timer > 0) {
        services->timer_stop(services->host, keeper->timer);
    }
    if (keeper->again > 0) {
        services->timer_stop(services->host, keeper->again);
    }
    finish(keeper);
    free(keeper);
}

static int check(const msock_services *services)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        return MSOCK_ENOMEM;
    }
    keeper->services = services;
    int result = msock__settings_read(&keeper->settings, services);
    for (size_t i = 0; result == 0 && i < keeper->settings.filter_count; i++) {
        result = add_filter(keeper, keeper->settings.filters[i]);
    }
    if (result == 0) {
        result = msock__settings_look(&keeper->settings, services);
    }
    free(keeper);
    return result;
}

static const msock_config_key keys[] = {
    {.name = "file",
     .types = MSOCK_CONFIG_TEXT,
     .required = true,
     .help = "where the states are"},
    {.name = "filters",
     .types = MSOCK_CONFIG_LIST,
     .help = "which states are kept and confirmed [all, unconfirmed]"},
    {.name = "quota",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "bytes of all states [16 MiB]",
     .least = 4096,
     .most = 1 << 30},
    {.name = NULL}};

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "keeper",
    .description = "keeps states on a disk, and tells them for who is gone",
    .start = start,
    .stop = stop,
    .config = keys,
    .check = check,
};
