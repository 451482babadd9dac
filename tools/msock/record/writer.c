/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that writes a recording. */
#include "tools/msock/record/writer.h"

#include "tools/msock/record/files.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BATCH_MS = 100,         /* that a message waits at most */
    BATCH_BYTES = 256 << 10 /* that wake the thread before */
};

struct writer {
    struct writer_options options;
    pthread_t thread;

    /* Of both threads, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct cli_buffer waiting;
    uint64_t waiting_count;
    struct cli_buffer dump;
    uint64_t dump_count;
    bool reopen;
    bool ended;
    struct writer_totals totals;

    /* Of the thread alone. */
    struct sink *sink;
    char path[FILES_PATH_SIZE]; /* of the sink */
    uint64_t file_bytes;
    uint64_t file_us; /* when it began */
    uint64_t synced_us;
    bool dirty;      /* something is not synced */
    uint64_t failed; /* messages since writing began to fail; 0: it does not */
    char why[SINK_WHY];
};

/* -- Files -- */

/* Opens the next file, and deletes old ones.  Returns whether it could. */
static bool open_file(struct writer *writer)
{
    const struct writer_options *options = &writer->options;

    if (options->stamped) {
        files_name(options->file, record_now_us(), writer->path);
    } else {
        strncpy(writer->path, options->file, sizeof(writer->path) - 1);
    }
    writer->sink = options->kind->open(writer->path, writer->why);
    if (!writer->sink) {
        return false;
    }
    writer->file_bytes = 0;
    writer->file_us = writer->synced_us = record_clock_us();
    int deleted = options->quota > 0
                      ? files_prune(options->file, writer->path, options->quota)
                      : 0;
    pthread_mutex_lock(&writer->lock);
    writer->totals.files++;
    writer->totals.deleted += deleted > 0 ? (uint64_t)deleted : 0;
    pthread_mutex_unlock(&writer->lock);
    return true;
}

static void close_file(struct writer *writer)
{
    if (writer->sink) {
        if (writer->dirty && !writer->options.kind->sync(writer->sink)) {
            cli_error("%s: the disk does not hold all of it: %s", writer->path,
                      strerror(errno));
        }
        writer->options.kind->close(writer->sink);
        writer->sink = NULL;
        writer->dirty = false;
    }
}

static bool is_full(const struct writer *writer)
{
    const struct writer_options *options = &writer->options;

    return (options->rotate_bytes > 0 &&
            writer->file_bytes >= options->rotate_bytes) ||
           (options->rotate_us > 0 &&
            record_clock_us() - writer->file_us >= options->rotate_us);
}

/* -- Batches -- */

/* Tells once that writing began to fail, and once that it goes on. */
static void tell(struct writer *writer, uint64_t missed)
{
    if (missed > 0 && writer->failed == 0) {
        cli_error("%s: %s; messages are missing from here on", writer->path,
                  writer->why);
    }
    if (missed == 0 && writer->failed > 0) {
        cli_error("%s: written again; %" PRIu64 " messages are missing",
                  writer->path, writer->failed);
    }
    writer->failed = missed > 0 ? writer->failed + missed : 0;
}

static void write_batch(struct writer *writer, const struct cli_buffer *batch,
                        uint64_t count)
{
    uint64_t written = 0;
    uint64_t size = 0;

    if (writer->sink && is_full(writer)) {
        close_file(writer);
    }
    if (writer->sink || open_file(writer)) {
        size = writer->options.kind->write(writer->sink, batch, count, &written,
                                           writer->why);
    }
    tell(writer, count - written);
    pthread_mutex_lock(&writer->lock);
    writer->totals.messages += written;
    writer->totals.bytes += size;
    writer->totals.missed += count - written;
    pthread_mutex_unlock(&writer->lock);
    writer->file_bytes += size;
    writer->dirty = writer->dirty || size > 0;
}

static void sync_when_due(struct writer *writer)
{
    uint64_t every_us = writer->options.sync_us;

    if (every_us > 0 && writer->dirty && writer->sink &&
        record_clock_us() - writer->synced_us >= every_us) {
        writer->dirty = !writer->options.kind->sync(writer->sink);
        writer->synced_us = record_clock_us();
    }
}

/* -- The thread -- */

/* Waits for something to do, under the lock: without an end if nothing waits to
 * be written or synced, else for more. */
static void wait_for_work(struct writer *writer)
{
    bool syncs = writer->dirty && writer->options.sync_us > 0;
    struct timespec until;

    while (!writer->ended && !writer->reopen && writer->dump.size == 0 &&
           writer->waiting.size == 0 && !syncs) {
        pthread_cond_wait(&writer->wake, &writer->lock);
    }

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += BATCH_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!writer->ended && !writer->reopen && writer->dump.size == 0 &&
           writer->waiting.size < BATCH_BYTES) {
        if (pthread_cond_timedwait(&writer->wake, &writer->lock, &until) != 0) {
            return;
        }
    }
}

static void write_dump(struct writer *writer, struct cli_buffer *dump,
                       uint64_t count)
{
    close_file(writer);
    write_batch(writer, dump, count);
    close_file(writer);
    cli_error("%s: %" PRIu64 " messages", writer->path, count);
    free(dump->bytes);
}

static void *run(void *user)
{
    struct writer *writer = user;
    struct cli_buffer batch = {0};
    bool ended = false;

    while (!ended) {
        pthread_mutex_lock(&writer->lock);
        wait_for_work(writer);
        struct cli_buffer empty = batch;
        uint64_t count = writer->waiting_count;
        batch = writer->waiting;
        empty.size = 0;
        writer->waiting = empty;
        writer->waiting_count = 0;
        struct cli_buffer dump = writer->dump;
        uint64_t dump_count = writer->dump_count;
        writer->dump = (struct cli_buffer){0};
        bool reopen = writer->reopen;
        writer->reopen = false;
        ended = writer->ended;
        pthread_mutex_unlock(&writer->lock);

        if (batch.size > 0) {
            write_batch(writer, &batch, count);
        }
        if (dump.size > 0) {
            write_dump(writer, &dump, dump_count);
        }
        if (reopen) {
            close_file(writer);
        }
        sync_when_due(writer);
    }
    close_file(writer);
    free(batch.bytes);
    return NULL;
}

/* -- The loop's side -- */

int writer_open(struct writer **writer, const struct writer_options *options)
{
    struct writer *made = calloc(1, sizeof(*made));
    sigset_t all;
    sigset_t before;

    if (!made) {
        return cli_error("out of memory");
    }
    if (strlen(options->file) + FILES_STAMP_MAX > sizeof(made->path)) {
        free(made);
        return cli_error("the name %s is too long", options->file);
    }
    made->options = *options;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->wake, NULL);
    if (!options->lazy && !open_file(made)) {
        cli_error("%s: %s", made->path, made->why);
        free(made);
        return CLI_FAILURE;
    }
    /* Signals are the loop's. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&made->thread, NULL, run, made);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        close_file(made);
        free(made);
        return cli_error("no thread can be started: %s", strerror(failed));
    }
    *writer = made;
    return CLI_OK;
}

/* Makes room under the lock.  Returns whether there is. */
static bool make_room(struct writer *writer, size_t size)
{
    struct cli_buffer *waiting = &writer->waiting;
    size_t wanted = waiting->size + size;

    return wanted <= writer->options.memory &&
           (wanted <= waiting->capacity ||
            cli_buffer_reserve(waiting, wanted) == CLI_OK);
}

void writer_add(struct writer *writer, const struct record *record)
{
    size_t size = record_size(record);

    pthread_mutex_lock(&writer->lock);
    if (make_room(writer, size)) {
        record_put(&writer->waiting, record);
        writer->waiting_count++;
        size_t before = writer->waiting.size - size;
        if (before == 0 ||
            (writer->waiting.size >= BATCH_BYTES && before < BATCH_BYTES)) {
            pthread_cond_signal(&writer->wake);
        }
    } else {
        writer->totals.missed++;
    }
    pthread_mutex_unlock(&writer->lock);
}

bool writer_dump(struct writer *writer, struct cli_buffer *buffer,
                 uint64_t count)
{
    pthread_mutex_lock(&writer->lock);
    bool taken = writer->dump.size == 0;
    if (taken) {
        writer->dump = *buffer;
        writer->dump_count = count;
        *buffer = (struct cli_buffer){0};
        pthread_cond_signal(&writer->wake);
    }
    pthread_mutex_unlock(&writer->lock);
    return taken;
}

void writer_reopen(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->reopen = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
}

void writer_look(struct writer *writer, struct writer_totals *totals)
{
    pthread_mutex_lock(&writer->lock);
    *totals = writer->totals;
    pthread_mutex_unlock(&writer->lock);
}

int writer_close(struct writer *writer, struct writer_totals *totals)
{
    if (!writer) {
        return CLI_OK;
    }
    pthread_mutex_lock(&writer->lock);
    writer->ended = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    *totals = writer->totals;
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer->waiting.bytes);
    free(writer->dump.bytes);
    free(writer);
    return totals->missed > 0 ? CLI_FAILURE : CLI_OK;
}
