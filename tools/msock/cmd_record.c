/* SPDX-License-Identifier: Apache-2.0 */
/* msock record: writes the messages that match filters to a file, as they
 * come. */
#include "tools/msock/amount.h"
#include "tools/msock/drops.h"
#include "tools/msock/ears.h"
#include "tools/msock/record/ring.h"
#include "tools/msock/record/writer.h"
#include "tools/msock/unjoined.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DB = CLI_OWN,
    ROTATE_SIZE,
    ROTATE_EVERY,
    QUOTA,
    SYNC,
    MEMORY,
    RING,
    TRIGGER,
    PROGRESS
};

enum { JOIN_WAIT_MS = 1000, PROGRESS_MS = 1000 };

static const double wait_max_s = 1e9;

struct recorder {
    struct cli_channel names;
    struct writer_options options;
    struct writer *writer;
    struct ring ring; /* if it has an age */
    const char *trigger;
    msock_channel *channel;
    struct ears ears;
    uint64_t count; /* messages still wanted */
    double wait_s;  /* 0: until a signal */
    bool progress;
    uint64_t day_us;   /* clock of day when it began, ... */
    uint64_t began_us; /* ... and the one that only rises */
    uint64_t received; /* messages */
    uint64_t unheld;   /* of them, not held by the ring */
    bool ended;        /* count or time is up */
};

static volatile sig_atomic_t hung_up;  /* SIGHUP came */
static volatile sig_atomic_t user_one; /* SIGUSR1 did */
static msock_channel *volatile work_channel;

/* Has the loop return, and see to it. */
static void on_signal(int number)
{
    msock_channel *channel = work_channel;

    hung_up = hung_up || number == SIGHUP;
    user_one = user_one || number == SIGUSR1;
    if (channel) {
        msock_stop(channel);
    }
}

/* -- Messages -- */

static void finish(struct recorder *recorder)
{
    recorder->ended = true;
    msock_stop(recorder->channel);
}

static void dump(struct recorder *recorder)
{
    struct ring *ring = &recorder->ring;

    ring_settle(ring);
    if (ring->count == 0) {
        cli_error("nothing to write: the ring is empty");
    } else if (writer_dump(recorder->writer, &ring->buffer)) {
        ring->count = 0;
    } else {
        cli_error("the dump before is still written; what came since then "
                  "waits for the next one");
    }
}

static void on_message(const msock_message *message, void *user)
{
    struct recorder *recorder = user;
    struct record record;

    if (recorder->count == 0) {
        return;
    }
    record_take(&record, message,
                recorder->day_us + record_clock_us() - recorder->began_us);
    recorder->received++;
    if (recorder->ring.age_us == 0) {
        writer_add(recorder->writer, &record);
    } else if (!ring_add(&recorder->ring, &record)) {
        recorder->unheld++;
    }
    recorder->count--;
    if (recorder->count == 0) {
        finish(recorder);
    }
}

/* A state that was there before says nothing of now. */
static int on_trigger(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)channel;
    if (!(message->flags & MSOCK_MESSAGE_TOLD)) {
        dump(user);
    }
    return 0;
}

static void on_event(msock_channel *channel, const msock_event *event,
                     void *user)
{
    (void)channel;
    (void)user;
    if (event->kind == MSOCK_EVENT_LOSS) {
        cli_error("lost %" PRIu64 " reliable frames of %s, from number %" PRIu64
                  " on",
                  event->count, event->node, event->first);
    }
}

/* -- Timers -- */

static void on_timeout(msock_channel *channel, void *user)
{
    (void)channel;
    finish(user);
}

static void on_join_wait(msock_channel *channel, void *user)
{
    const struct recorder *recorder = user;

    if (msock_joined(channel) == 0) {
        unjoined_tell(cli_channel_url(&recorder->names),
                      "nothing comes until one does");
    }
}

/* Does what signals asked for.  Returns whether that was why the loop ended. */
static bool do_work(struct recorder *recorder)
{
    bool asked = hung_up || user_one;
    struct writer_totals totals;

    if (hung_up) {
        hung_up = 0;
        writer_reopen(recorder->writer);
    }
    if (user_one) {
        user_one = 0;
        if (recorder->ring.age_us > 0) {
            dump(recorder);
        }
    }
    writer_look(recorder->writer, &totals);
    return asked && !recorder->ended && !totals.gone && !until_signalled();
}

static void on_progress(msock_channel *channel, void *user)
{
    struct recorder *recorder = user;
    struct writer_totals totals;

    (void)channel;
    writer_look(recorder->writer, &totals);
    cli_error("%" PRIu64 " messages, %" PRIu64 " written, %" PRIu64
              " bytes, %" PRIu64 " missing",
              recorder->received, totals.messages, totals.bytes,
              totals.missed + recorder->unheld);
}

/* -- The channel -- */

/* Behind the filters, so that what triggers is in what is written. */
static int subscribe(struct recorder *recorder)
{
    static const msock_subscribe_options observing = {.observe = true};
    int code = ears_open(&recorder->ears, recorder->channel);

    if (code >= 0 && recorder->trigger) {
        code = msock_subscribe(recorder->channel, recorder->trigger, on_trigger,
                               recorder, &observing);
    }
    return code;
}

/* Subscribes and starts the clocks.  Returns 0 or an error code. */
static int start(struct recorder *recorder)
{
    msock_channel *channel = recorder->channel;
    int code = subscribe(recorder);

    code = code < 0 ? code : msock_watch(channel, on_event, NULL);
    code = code < 0 ? code
                    : msock_timer_start(channel, JOIN_WAIT_MS, 0, on_join_wait,
                                        recorder);
    if (code >= 0 && (recorder->progress || cli_on_terminal())) {
        uint64_t every_ms = recorder->progress ? PROGRESS_MS : 10 * PROGRESS_MS;
        code = msock_timer_start(channel, every_ms, every_ms, on_progress,
                                 recorder);
    }
    if (code >= 0 && recorder->wait_s > 0) {
        code =
            msock_timer_start(channel, (uint64_t)(recorder->wait_s * 1000) + 1,
                              0, on_timeout, recorder);
    }
    recorder->began_us = record_clock_us();
    recorder->day_us = record_now_us();
    return code < 0 ? code : 0;
}

static int listen_on(struct recorder *recorder)
{
    struct sigaction action = {.sa_handler = on_signal};

    work_channel = recorder->channel;
    sigemptyset(&action.sa_mask);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    int code = start(recorder);
    while (code == 0) {
        code = msock_run(recorder->channel);
        if (!do_work(recorder)) {
            break;
        }
    }
    work_channel = NULL;
    return code < 0 ? cli_error_code(code) : CLI_OK;
}

/* The thread's: its reader has gone, and nobody is told anything. */
static void on_gone(void *user)
{
    msock_stop(user);
}

/* Tells what was written.  Returns the exit code. */
static int end(struct recorder *recorder, int code)
{
    struct writer_totals totals = {0};
    int closed = writer_close(recorder->writer, &totals);
    uint64_t missing = totals.missed + recorder->unheld;

    if (totals.gone) {
        return code;
    }
    cli_error("%" PRIu64 " message%s came, %" PRIu64 " written to %" PRIu64
              " file%s, %" PRIu64 " missing (%s%s)",
              recorder->received, recorder->received == 1 ? "" : "s",
              totals.messages, totals.files, totals.files == 1 ? "" : "s",
              missing, recorder->options.file,
              recorder->options.stamped ? ", with the time" : "");
    return code != CLI_OK ? code : missing > 0 ? CLI_FAILURE : closed;
}

static int run(struct recorder *recorder)
{
    until_signals();
    int code = cli_channel_open(&recorder->channel, &recorder->names);
    if (code != CLI_OK) {
        return code;
    }
    until_channel(recorder->channel);
    recorder->options.on_gone = on_gone;
    recorder->options.user = recorder->channel;
    code = writer_open(&recorder->writer, &recorder->options);
    if (code == CLI_OK) {
        code = listen_on(recorder);
        drops_tell(recorder->channel);
        code = end(recorder, code);
    }
    until_channel(NULL);
    msock_close(recorder->channel, NULL, NULL);
    ears_close(&recorder->ears);
    free(recorder->ring.buffer.bytes);
    return code;
}

/* -- Options -- */

static int take(void *user, int id, const char *value)
{
    enum { LEAST = 4096 };
    struct recorder *recorder = user;
    struct writer_options *options = &recorder->options;
    uint64_t bytes = 0;
    int code = CLI_OK;

    switch (id) {
    case 'C':
        return until_count("-C", value, &recorder->count);
    case 'W':
        return until_wait(value, wait_max_s, &recorder->wait_s);
#ifdef MSOCK_TOOLS_SQLITE
    case DB:
        options->kind = &sink_db;
        return CLI_OK;
#else
    case DB:
        return cli_usage("this msock was built without SQLite");
#endif
    case ROTATE_SIZE:
        return amount_bytes("--rotate-size", value, LEAST,
                            &options->rotate_bytes);
    case ROTATE_EVERY:
        return amount_time("--rotate-every", value, &options->rotate_us);
    case QUOTA:
        return amount_bytes("--quota", value, LEAST, &options->quota);
    case SYNC:
        return amount_time("--sync", value, &options->sync_us);
    case MEMORY:
        code = amount_bytes("--memory", value, 1 << 20, &bytes);
        options->memory = bytes < SIZE_MAX / 4 ? (size_t)bytes : SIZE_MAX / 4;
        return code;
    case RING:
        return amount_time("--ring", value, &recorder->ring.age_us);
    case TRIGGER:
        recorder->trigger = value;
        return CLI_OK;
    default:
        recorder->progress = true;
        return CLI_OK;
    }
}

/* Before a file is made: what comes after it are filters, and it is none. */
static int check_filters(const struct recorder *recorder)
{
    const char *file = recorder->options.file;

    for (int i = 0; i < recorder->ears.filter_count; i++) {
        if (!cli_is_filter(recorder->ears.filters[i])) {
            return cli_error("\"%s\" is not a filter: + is one level, and # "
                             "the rest, at the end",
                             recorder->ears.filters[i]);
        }
    }
    if (strpbrk(file, "+#") && cli_is_filter(file) && access(file, F_OK) != 0) {
        return cli_usage("%s looks like a filter: the name of the FILE comes "
                         "before it; a file of that name is ./%s",
                         file, file);
    }
    return CLI_OK;
}

/* Holds the options together. */
static int check(struct recorder *recorder)
{
    struct writer_options *options = &recorder->options;
    bool rings = recorder->ring.age_us > 0;
    bool rotates = options->rotate_bytes > 0 || options->rotate_us > 0;

    if (recorder->trigger && !rings) {
        return cli_usage("--trigger is for --ring");
    }
    if (rings && rotates) {
        return cli_usage("--ring writes a file for each trigger: it does not "
                         "rotate");
    }
    if (options->quota > 0 && !rings && !rotates) {
        return cli_usage("--quota is for files that rotate: --rotate-size or "
                         "--rotate-every");
    }
    if (options->quota > 0 && options->quota < options->rotate_bytes) {
        return cli_usage("--quota is for all files, and cannot be less than "
                         "--rotate-size");
    }
    if (strcmp(options->file, "-") == 0 &&
        (rings || rotates || options->kind != &sink_lines)) {
        return cli_usage("standard output takes JSON lines, and does not "
                         "rotate");
    }
    options->stamped = rings || rotates;
    options->lazy = rings;
    recorder->ring.memory = options->memory;
    return CLI_OK;
}

static int record(int argc, char **argv)
{
    struct recorder recorder = {
        .names = {.verb = "record"},
        .options = {.kind = &sink_lines, .memory = (size_t)64 << 20},
        .ears = {.on_message = on_message, .user = &recorder},
        .count = UINT64_MAX};
    bool ended = false;
    int code = verb_options(&verb_record, argc, argv, &recorder.names, take,
                            &recorder, &ended);

    if (ended) {
        return code;
    }
    if (optind == argc) {
        return cli_usage("no FILE; see msock record -h");
    }
    recorder.options.file = argv[optind];
    recorder.ears.filters = argv + optind + 1;
    recorder.ears.filter_count = argc - optind - 1;
    code = check(&recorder);
    if (code == CLI_OK) {
        code = check_filters(&recorder);
    }
    return code == CLI_OK ? run(&recorder) : code;
}

static const char *const forms[] = {"[OPTION]... FILE [FILTER]...", NULL};

static const struct verb_option options[] = {
    {DB, "db", NULL, "write an SQLite file instead of JSON lines",
     VERB_ANYTHING},
    {'C', "count", "N", "end after N messages", VERB_ANYTHING},
    {'W', "wait", "S", "end after S seconds", VERB_ANYTHING},
    {ROTATE_SIZE, "rotate-size", "BYTES",
     "begin a new file when this one has BYTES, such as 64M", VERB_ANYTHING},
    {ROTATE_EVERY, "rotate-every", "TIME",
     "begin a new file after TIME, such as 10m, 1h or 1d", VERB_ANYTHING},
    {QUOTA, "quota", "BYTES",
     "delete the oldest of these files while all of them have more",
     VERB_ANYTHING},
    {SYNC, "sync", "TIME",
     "have the disk hold what is older than TIME; without it the system writes "
     "when it likes, and a power cut takes what it had not",
     VERB_ANYTHING},
    {MEMORY, "memory", "BYTES",
     "that messages may wait in for a slow disk, and as many that are being "
     "written; of --ring what it holds [64M]",
     VERB_ANYTHING},
    {RING, "ring", "TIME",
     "hold the messages of the last TIME in memory, and write them to a file "
     "of its own when --trigger or SIGUSR1 says so",
     VERB_ANYTHING},
    {TRIGGER, "trigger", "FILTER",
     "a message that matches has the ring written", VERB_ANYTHING},
    {PROGRESS, "progress", NULL,
     "tell each second how far it is; on a terminal every 10 seconds without "
     "it",
     VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Files",
     "A line is an object with \"at\" (when it came, in UTC), \"topic\", "
     "\"sender\", \"session\" (its first 8 bytes), \"sequence\" (of the frame, "
     "one "
     "numbering for what is \"reliable\" and one for the rest; 0 if it came in "
     "none), \"age_us\" (not if that is unknown), of a state \"version\", "
     "those "
     "that are true of \"reliable\", \"sealed\", \"signed\", \"bare\", "
     "\"told\", "
     "\"owner_down\", \"request\", \"will\" and \"empty\" (no data: a state "
     "that is "
     "cleared), \"type\", and \"data\", or \"raw\" as base64.\n\n"
     "An SQLite file has the table messages with the same, and flags as a "
     "number.\n\n"
     "What was killed leaves at most its last line torn, which is ended when "
     "the file is written to again; on a full disk the file ends with a whole "
     "line. SIGHUP has FILE opened anew, for who moves it away."},
    {"Exit status", "0; 1 if a message could not be written, or something else "
                    "failed; 2 for a wrong command line."},
    {"Examples", "All of a day, at most a gigabyte of it:\n\n"
                 " msock record --rotate-every 1d --quota 1G home.jsonl\n\n"
                 "What was said in the ten minutes before an alarm:\n\n"
                 " msock record --ring 10m --trigger alarm/# before.jsonl\n"},
    {0},
};

const struct verb verb_record = {
    .name = "record",
    .summary = "write messages to a file, as they come",
    .forms = forms,
    .text =
        "Writes each message whose topic matches a FILTER [#] to FILE (-: "
        "standard output), one JSON object a line, to be replayed. It "
        "observes: nobody waits for what it does. Files that rotate are called "
        "after FILE and the moment they begin. A slow disk does not hold up "
        "listening: what there is no memory for is counted, and told.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = record,
};
