/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that writes to a store. */
#include "plugins/keeper/writer.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { PRUNE_S = 600 }; /* between looks for what was cleared long ago */

struct msock__writer {
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t wake;
    struct msock__store *store;
    struct msock__jobs batch; /* given; finished when `done` is set */
    bool given;
    bool done;
    bool ending;
    char reason[MSOCK__STORE_REASON_SIZE];
};

/* -- Jobs -- */

/* Copies a text and a NUL to *at, which moves on.  Returns the copy. */
static const char *copy(char **at, const char *text, size_t size)
{
    char *begin = *at;
    memcpy(begin, text, size);
    begin[size] = '\0';
    *at += size + 1;
    return begin;
}

struct msock__job *msock__job_new(const struct msock__kept *state)
{
    size_t data_size = state->data != NULL ? state->data_size : 0;
    struct msock__job *job =
        malloc(sizeof *job + MSOCK__STORE_SESSION_SIZE + state->topic_size +
               state->owner_size + data_size + 4);
    if (job == NULL) {
        return NULL;
    }
    *job = (struct msock__job){.state = *state};
    char *at = job->text;
    job->state.session = (const uint8_t *)copy(
        &at, (const char *)state->session, MSOCK__STORE_SESSION_SIZE);
    job->state.topic = copy(&at, state->topic, state->topic_size);
    job->state.owner = copy(&at, state->owner, state->owner_size);
    if (state->data != NULL) {
        job->state.data = copy(&at, state->data, data_size);
    }
    return job;
}

static size_t size_of(const struct msock__job *job)
{
    return sizeof *job + job->state.topic_size + job->state.owner_size +
           job->state.data_size;
}

void msock__jobs_add(struct msock__jobs *jobs, struct msock__job *job)
{
    if (job == NULL) {
        return;
    }
    job->next = NULL;
    if (jobs->last != NULL) {
        jobs->last->next = job;
    } else {
        jobs->first = job;
    }
    jobs->last = job;
    jobs->bytes += size_of(job);
}

void msock__jobs_free(struct msock__jobs *jobs)
{
    while (jobs->first != NULL) {
        struct msock__job *job = jobs->first;
        jobs->first = job->next;
        free(job);
    }
    *jobs = (struct msock__jobs){0};
}

/* Puts the states.  Returns 0 if the transaction goes on. */
static int put_all(const struct msock__jobs *jobs, struct msock__store *store)
{
    for (struct msock__job *job = jobs->first; job != NULL; job = job->next) {
        job->result = msock__store_put(store, &job->state);
        if (job->result < 0 && job->result != MSOCK_ELIMIT) {
            return job->result;
        }
    }
    return msock__store_commit(store);
}

void msock__jobs_run(const struct msock__jobs *jobs, struct msock__store *store,
                     char reason[static MSOCK__STORE_REASON_SIZE])
{
    int result = put_all(jobs, store);
    bool full = false;
    for (struct msock__job *job = jobs->first; job != NULL; job = job->next) {
        full = full || job->result == MSOCK_ELIMIT;
        job->result = result < 0 ? result : job->result;
    }
    if (result < 0 || full) {
        strcpy(reason, msock__store_reason(store));
    }
}

/* -- The thread -- */

/* Forgets now and then what was cleared long ago. That this fails is nothing to
 * tell: what matters fails next. */
static void prune(struct msock__store *store, const struct msock__jobs *jobs,
                  uint64_t *pruned_s)
{
    uint64_t now_s = jobs->first != NULL ? jobs->first->state.time_s : 0;
    if (now_s >= *pruned_s && now_s - *pruned_s < PRUNE_S) {
        return;
    }
    *pruned_s = now_s;
    if (msock__store_prune(store, now_s) == 0) {
        msock__store_commit(store);
    }
}

static void *run(void *user)
{
    struct msock__writer *writer = user;
    char reason[MSOCK__STORE_REASON_SIZE] = "";
    uint64_t pruned_s = 0;
    pthread_mutex_lock(&writer->lock);
    for (;;) {
        while (!writer->ending && !(writer->given && !writer->done)) {
            pthread_cond_wait(&writer->wake, &writer->lock);
        }
        if (!writer->given || writer->done) {
            break; /* it ends, and nothing is to be done */
        }
        /* A batch that is given stays as it is until it is done. */
        pthread_mutex_unlock(&writer->lock);
        msock__jobs_run(&writer->batch, writer->store, reason);
        prune(writer->store, &writer->batch, &pruned_s);
        pthread_mutex_lock(&writer->lock);
        memcpy(writer->reason, reason, sizeof reason);
        writer->done = true;
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

/* Starts a thread that no signal is delivered to. */
static int start_thread(struct msock__writer *writer)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&writer->thread, NULL, run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : MSOCK_ESYSTEM;
}

int msock__writer_start(struct msock__writer **writer,
                        struct msock__store *store)
{
    struct msock__writer *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    made->store = store;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->wake, NULL);
    int result = start_thread(made);
    if (result < 0) {
        msock__writer_free(made);
        return result;
    }
    *writer = made;
    return 0;
}

void msock__writer_give(struct msock__writer *writer, struct msock__jobs *jobs)
{
    pthread_mutex_lock(&writer->lock);
    assert(!writer->given);
    writer->batch = *jobs;
    writer->given = true;
    writer->done = false;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    *jobs = (struct msock__jobs){0};
}

bool msock__writer_take(struct msock__writer *writer, struct msock__jobs *jobs,
                        char reason[static MSOCK__STORE_REASON_SIZE])
{
    pthread_mutex_lock(&writer->lock);
    bool done = writer->given && writer->done;
    if (done) {
        *jobs = writer->batch;
        memcpy(reason, writer->reason, sizeof writer->reason);
        writer->batch = (struct msock__jobs){0};
        writer->given = false;
    }
    pthread_mutex_unlock(&writer->lock);
    return done;
}

struct msock__store *msock__writer_stop(struct msock__writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->ending = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    return writer->store;
}

void msock__writer_free(struct msock__writer *writer)
{
    msock__jobs_free(&writer->batch);
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}
