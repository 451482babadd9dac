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
    struct cli_buffer dump;
    uint64_t unheld; /* messages that found no room since the last batch */
    bool unheld_told;
    bool reopen;
    bool ended;
    struct writer_totals totals;

    /* Of the thread alone. */
    struct sink *sink;
    char path[FILES_PATH_SIZE]; /* of the sink, or of the next one */
    bool named;                 /* it is the next one's */
    uint64_t no_room;           /* messages of the overflow that was told */
    uint64_t file_bytes;
    uint64_t file_us; /* when it began */
    uint64_t synced_us;
    bool dirty;      /* something is not synced */
    uint64_t failed; /* messages since writing began to fail; 0: it does not */
    char why[SINK_WHY];
};

/* -- Files -- */

/* When a file ends: within the quota there have to be several. */
static uint64_t file_limit(const struct writer_options *options)
{
    uint64_t limit =
        options->rotate_bytes > 0 ? options->rotate_bytes : UINT64_MAX;
    uint64_t share =
        options->quota > 0 && !options->lazy ? options->quota / 4 : UINT64_MAX;

    return limit < share ? limit : share;
}

/* Deletes old files until there is room for `room` bytes more. */
static void prune(struct writer *writer, uint64_t room)
{
    uint64_t quota = writer->options.quota;
    int deleted = 0;

    if (quota > 0) {
        deleted = files_prune(writer->options.file, writer->path,
                              quota > room ? quota - room : 0);
    }
    pthread_mutex_lock(&writer->lock);
    writer->totals.deleted += deleted > 0 ? (uint64_t)deleted : 0;
    pthread_mutex_unlock(&writer->lock);
}

/* Opens the next file, and deletes old ones.  Returns whether it could: if not,
 * it keeps its name for the next time, or each time would leave another. */
static bool open_file(struct writer *writer)
{
    const struct writer_options *options = &writer->options;

    if (!options->stamped) {
        strncpy(writer->path, options->file, sizeof(writer->path) - 1);
    } else if (!writer->named) {
        files_name(options->file, record_now_us(), writer->path);
    }
    writer->named = true;
    writer->sink = options->kind->open(writer->path, writer->why);
    if (!writer->sink) {
        return false;
    }
    writer->named = false;
    writer->file_bytes = 0;
    writer->file_us = writer->synced_us = record_clock_us();
    pthread_mutex_lock(&writer->lock);
    writer->totals.files++;
    pthread_mutex_unlock(&writer->lock);
    prune(writer, options->lazy ? 0 : file_limit(options));
    return true;
}

/* Has the disk hold the file. What it once refused may be gone for good, even
 * if it takes the rest the next time. */
static void sync_file(struct writer *writer)
{
    char why[SINK_WHY] = "";

    if (!writer->options.kind->sync(writer->sink, why)) {
        cli_error("%s: the disk does not hold all of it: %s", writer->path,
                  why);
        pthread_mutex_lock(&writer->lock);
        writer->totals.unsynced = true;
        pthread_mutex_unlock(&writer->lock);
    }
    writer->dirty = false;
    writer->synced_us = record_clock_us();
}

static void close_file(struct writer *writer)
{
    if (writer->sink) {
        if (writer->dirty) {
            sync_file(writer);
        }
        writer->options.kind->close(writer->sink);
        writer->sink = NULL;
    }
}

static bool is_full(const struct writer *writer)
{
    const struct writer_options *options = &writer->options;

    return (options->stamped && writer->file_bytes >= file_limit(options)) ||
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

/* No more is written: nobody reads it. */
static void give_up(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool first = !writer->totals.gone;
    writer->totals.gone = true;
    pthread_mutex_unlock(&writer->lock);
    if (first && writer->options.on_gone) {
        writer->options.on_gone(writer->options.user);
    }
}

/* Writes to one file.  Returns how many of them were written. */
static uint64_t write_some(struct writer *writer,
                           const struct cli_buffer *batch, uint64_t count)
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
    if (written < count && writer->why[0] == '\0') {
        give_up(writer);
    } else {
        tell(writer, count - written);
    }
    pthread_mutex_lock(&writer->lock);
    writer->totals.messages += written;
    writer->totals.bytes += size;
    writer->totals.missed += count - written;
    pthread_mutex_unlock(&writer->lock);
    writer->file_bytes += size;
    writer->dirty = writer->dirty || size > 0;
    return written;
}

/* Writes a batch, to several files if it is more than about one may have.
 * Returns how many of them were written. */
static uint64_t write_batch(struct writer *writer,
                            const struct cli_buffer *batch)
{
    uint64_t most =
        writer->options.stamped ? file_limit(&writer->options) : UINT64_MAX;
    uint64_t written = 0;
    struct record record;

    for (size_t at = 0; at < batch->size;) {
        struct cli_buffer part = {.bytes = batch->bytes + at};
        uint64_t count = 0;
        while (at < batch->size && part.size < most) {
            size_t size = record_get(&record, batch->bytes + at);
            part.size += size;
            at += size;
            count++;
        }
        written += write_some(writer, &part, count);
    }
    return written;
}

/* Tells once that there is room again for what comes; `unheld` messages found
 * none since the last batch. */
static void tell_room(struct writer *writer, uint64_t unheld)
{
    writer->no_room += unheld;
    if (unheld == 0 && writer->no_room > 0) {
        cli_error("%s: there is room again; %" PRIu64 " messages are missing",
                  writer->path, writer->no_room);
        writer->no_room = 0;
        pthread_mutex_lock(&writer->lock);
        writer->unheld_told = writer->unheld > 0;
        pthread_mutex_unlock(&writer->lock);
    }
}

static void sync_when_due(struct writer *writer)
{
    uint64_t every_us = writer->options.sync_us;

    if (every_us > 0 && writer->dirty && writer->sink &&
        record_clock_us() - writer->synced_us >= every_us) {
        sync_file(writer);
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

    clock_gettime(CLOCK_MONOTONIC, &until);
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

static void write_dump(struct writer *writer, struct cli_buffer *dump)
{
    close_file(writer);
    uint64_t written = write_batch(writer, dump);
    close_file(writer);
    if (written > 0) {
        cli_error("%s: %" PRIu64 " messages", writer->path, written);
    }
    prune(writer, 0);
    free(dump->bytes);
}

/** What the thread takes from the loop at once. */
struct work {
    struct cli_buffer batch;
    struct cli_buffer dump;
    uint64_t unheld;
    bool reopen;
    bool ended;
};

/* Waits for work and takes it; work->batch is the memory for what comes. */
static void take_work(struct writer *writer, struct work *work)
{
    struct cli_buffer empty = work->batch;

    empty.size = 0;
    pthread_mutex_lock(&writer->lock);
    wait_for_work(writer);
    *work = (struct work){.batch = writer->waiting,
                          .dump = writer->dump,
                          .unheld = writer->unheld,
                          .reopen = writer->reopen,
                          .ended = writer->ended};
    writer->waiting = empty;
    writer->dump = (struct cli_buffer){0};
    writer->unheld = 0;
    writer->reopen = false;
    pthread_mutex_unlock(&writer->lock);
}

static void *run(void *user)
{
    struct writer *writer = user;
    struct work work = {0};

    while (!work.ended) {
        take_work(writer, &work);
        if (work.batch.size > 0) {
            write_batch(writer, &work.batch);
        }
        tell_room(writer, work.unheld);
        if (work.dump.size > 0) {
            write_dump(writer, &work.dump);
        }
        if (work.reopen) {
            close_file(writer);
        }
        sync_when_due(writer);
    }
    close_file(writer);
    free(work.batch.bytes);
    return NULL;
}

/* -- The loop's side -- */

/* The clock of day may be set while the thread waits. */
static void init_lock(struct writer *writer)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&writer->lock, NULL);
}

static void fini(struct writer *writer)
{
    close_file(writer);
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer->waiting.bytes);
    free(writer->dump.bytes);
    free(writer);
}

/* Opens the first file, or looks whether it could be. */
static int open_first(struct writer *writer)
{
    if (writer->options.lazy) {
        return files_check(writer->options.file);
    }
    return open_file(writer) ? CLI_OK
                             : cli_error("%s: %s", writer->path, writer->why);
}

/* Signals are the loop's. */
static int start_thread(struct writer *writer)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&writer->thread, NULL, run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? cli_error("no thread can be started: %s", strerror(failed))
                  : CLI_OK;
}

int writer_open(struct writer **writer, const struct writer_options *options)
{
    struct writer *made = calloc(1, sizeof(*made));

    if (!made) {
        return cli_error("out of memory");
    }
    if (strlen(options->file) + FILES_STAMP_MAX > sizeof(made->path)) {
        free(made);
        return cli_error("the name %s is too long", options->file);
    }
    made->options = *options;
    init_lock(made);
    int code = open_first(made);
    if (code == CLI_OK) {
        code = start_thread(made);
    }
    if (code != CLI_OK) {
        fini(made);
        return code;
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
    bool tells = false;

    pthread_mutex_lock(&writer->lock);
    if (make_room(writer, size)) {
        record_put(&writer->waiting, record);
        size_t before = writer->waiting.size - size;
        if (before == 0 ||
            (writer->waiting.size >= BATCH_BYTES && before < BATCH_BYTES)) {
            pthread_cond_signal(&writer->wake);
        }
    } else {
        writer->totals.missed++;
        writer->unheld++;
        tells = !writer->unheld_told;
        writer->unheld_told = true;
    }
    pthread_mutex_unlock(&writer->lock);
    if (tells) {
        cli_error("%s: the disk is too slow for what comes, and there is no "
                  "memory for more; messages are missing from here on",
                  writer->options.file);
    }
}

bool writer_dump(struct writer *writer, struct cli_buffer *buffer)
{
    pthread_mutex_lock(&writer->lock);
    bool taken = writer->dump.size == 0;
    if (taken) {
        writer->dump = *buffer;
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
    fini(writer);
    return !totals->gone && (totals->missed > 0 || totals->unsynced)
               ? CLI_FAILURE
               : CLI_OK;
}
