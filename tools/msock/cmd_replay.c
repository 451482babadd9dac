/* SPDX-License-Identifier: Apache-2.0 */
/* msock replay: publishes what was recorded, in its order and its time. */
#include "tools/msock/record/listeners.h"
#include "tools/msock/record/recording.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FROM = CLI_OWN, TO, LOOP, PREFIX, EVENTS, YES, DRY, PROGRESS };

enum { FILTERS_MAX = 32, PROGRESS_US = 1000000 };

static const double time_max_s = 1e9;
static const double speed_max = 1e6;

struct player {
    struct cli_channel names;
    msock_channel *channel;
    char **files;
    int file_count;
    const char *filters[FILTERS_MAX];
    int filter_count; /* 0: everything */
    double speed;     /* 0: as fast as it goes */
    double from_s;
    double to_s;    /* 0: to the end */
    uint64_t loops; /* that are left */
    const char *prefix;
    bool events; /* states are published as events */
    bool yes;
    bool dry;
    bool progress;
    uint64_t began_us;    /* this round, on our clock */
    uint64_t first_us;    /* the time of its first message; 0: none yet */
    uint64_t last_us;     /* the time of the newest, since then */
    uint64_t told_us;     /* when it was told how far it is */
    uint64_t published;   /* messages */
    uint64_t passed_over; /* that were not asked for */
    uint64_t refused;     /* that could not be published */
    uint64_t bad;         /* lines that are none */
    bool stalled;         /* the network takes nothing */
    struct cli_buffer topic;
};

/* -- Publishing -- */

/* Returns the topic to publish on, or NULL after having told that memory is
 * short. */
static const char *topic_of(struct player *player, const struct record *record)
{
    size_t prefix = player->prefix ? strlen(player->prefix) : 0;

    if (prefix == 0) {
        return record->topic;
    }
    if (cli_buffer_reserve(&player->topic, prefix + record->topic_size + 1) !=
        CLI_OK) {
        return NULL;
    }
    memcpy(player->topic.bytes, player->prefix, prefix);
    memcpy(player->topic.bytes + prefix, record->topic, record->topic_size + 1);
    return player->topic.bytes;
}

/* Publishes it, waiting while the queue is full.  Returns 0 or an error code;
 * MSOCK_EAGAIN: the network takes nothing. */
static int publish(struct player *player, const struct record *record)
{
    const bool state = (record->flags & MSOCK_MESSAGE_STATE) && !player->events;
    const bool raw = (record->flags & MSOCK_MESSAGE_RAW) != 0;
    const msock_publish_options how = {
        .raw = raw ? record->data : NULL,
        .raw_size = raw ? record->data_size : 0,
        .type = raw ? record->type : NULL,
        .reliable = !state && (record->flags & MSOCK_MESSAGE_RELIABLE),
        .state = state,
    };
    const bool empty = (record->flags & MSOCK_MESSAGE_EMPTY) != 0;
    const char *topic = topic_of(player, record);

    if (!topic) {
        return MSOCK_ENOMEM;
    }
    for (;;) {
        int code = msock_publish(player->channel, topic,
                                 raw || empty ? NULL : record->data, &how);
        size_t queued = msock_queued(player->channel);
        if (code != MSOCK_EAGAIN || queued == 0) {
            return code;
        }
        if (turn_await_queue(player->channel, queued / 2) != CLI_OK) {
            return MSOCK_EAGAIN;
        }
    }
}

static bool is_wanted(const struct player *player, const struct record *record)
{
    double offset_s = (double)player->last_us / 1e6;

    if (offset_s < player->from_s ||
        (player->to_s > 0 && offset_s > player->to_s)) {
        return false;
    }
    for (int i = 0; i < player->filter_count; i++) {
        if (msock_topic_match(player->filters[i], record->topic)) {
            return true;
        }
    }
    return player->filter_count == 0;
}

static void tell_progress(struct player *player)
{
    uint64_t now_us = record_clock_us();
    uint64_t every_us = player->progress ? PROGRESS_US : 10 * PROGRESS_US;

    if ((player->progress || cli_on_terminal()) &&
        now_us - player->told_us >= every_us) {
        player->told_us = now_us;
        cli_error("%" PRIu64 " messages, %.1f s of the recording",
                  player->published, (double)player->last_us / 1e6);
    }
}

/* Waits until a message is due.  Returns CLI_OK or CLI_FAILURE. */
static int await_due(struct player *player)
{
    bool readable;
    int code = CLI_OK;

    if (player->speed <= 0) {
        return turn_step(player->channel, -1, 0, &readable);
    }
    double offset_us = (double)player->last_us - player->from_s * 1e6;
    uint64_t due_us = player->began_us +
                      (uint64_t)(offset_us > 0 ? offset_us / player->speed : 0);
    for (;;) {
        uint64_t now_us = record_clock_us();
        if (code != CLI_OK || now_us >= due_us || until_signalled()) {
            return code;
        }
        uint64_t left_ms = (due_us - now_us + 999) / 1000;
        code = turn_step(player->channel, -1,
                         left_ms < TURN_POLL_MS ? (int)left_ms : TURN_POLL_MS,
                         &readable);
        tell_progress(player);
    }
}

/* Follows the clock of the recording; where it goes back, as where another one
 * begins, no time passes. */
static void follow_time(struct player *player, const struct record *record,
                        uint64_t *newest_us)
{
    if (player->first_us == 0) {
        player->first_us = *newest_us = record->at_us;
    }
    if (record->at_us > *newest_us) {
        player->last_us += record->at_us - *newest_us;
    }
    *newest_us = record->at_us;
}

/* Plays one message.  Returns CLI_OK, or CLI_FAILURE to end. */
static int play(struct player *player, const struct record *record)
{
    if (!is_wanted(player, record)) {
        player->passed_over++;
        return CLI_OK;
    }
    if (player->dry) {
        player->published++;
        return cli_line("%.3f %s", (double)player->last_us / 1e6,
                        record->topic);
    }
    int code = await_due(player);
    if (code != CLI_OK || until_signalled()) {
        return CLI_FAILURE;
    }
    code = publish(player, record);
    if (code == MSOCK_EAGAIN || code == MSOCK_ENOMEM) {
        player->stalled = true;
        return CLI_FAILURE;
    }
    if (code < 0) {
        player->refused++;
        cli_error_code(code);
        cli_error("%s was not published", record->topic);
    } else {
        player->published++;
    }
    tell_progress(player);
    return CLI_OK;
}

static int play_file(struct player *player, const char *file,
                     uint64_t *newest_us)
{
    struct recording *recording = NULL;
    struct record record;
    int code = recording_open(&recording, file);

    while (code == CLI_OK && recording_next(recording, &record)) {
        follow_time(player, &record, newest_us);
        if (player->to_s > 0 && (double)player->last_us > player->to_s * 1e6) {
            break;
        }
        code = play(player, &record);
    }
    if (recording) {
        player->bad += recording_bad(recording);
        code = recording_failed(recording) ? CLI_FAILURE : code;
    }
    recording_close(recording);
    return code;
}

static int play_all(struct player *player)
{
    int code = CLI_OK;

    for (; player->loops > 0 && code == CLI_OK; player->loops--) {
        uint64_t newest_us = 0;
        uint64_t before = player->published;
        player->first_us = player->last_us = 0;
        player->began_us = record_clock_us();
        for (int i = 0; i < player->file_count && code == CLI_OK; i++) {
            code = play_file(player, player->files[i], &newest_us);
        }
        if (player->published == before) {
            break; /* nor will it be next time */
        }
    }
    return code;
}

/* Whether all files can be read; what cannot is told before anything is said.
 */
static int try_files(const struct player *player)
{
    int code = CLI_OK;

    for (int i = 0; i < player->file_count && code == CLI_OK; i++) {
        struct recording *recording = NULL;
        if (strcmp(player->files[i], "-") != 0) {
            code = recording_open(&recording, player->files[i]);
        }
        recording_close(recording);
    }
    return code;
}

static int run(struct player *player)
{
    int code = try_files(player);

    if (player->dry || code != CLI_OK) {
        return code == CLI_OK ? play_all(player) : code;
    }
    until_signals();
    code = cli_channel_open(&player->channel, &player->names);
    if (code == CLI_OK) {
        code = turn_await_network(player->channel, &player->names);
    }
    if (code == CLI_OK && !player->yes) {
        code = listeners_ask(player->channel);
    }
    if (code == CLI_OK) {
        code = play_all(player);
        if (!player->stalled &&
            turn_await_queue(player->channel, 0) != CLI_OK) {
            code = CLI_FAILURE;
        }
        cli_error("%" PRIu64 " messages published, %" PRIu64 " passed over",
                  player->published, player->passed_over);
    }
    code = until_signalled() ? CLI_OK : code;
    msock_close(player->channel, NULL, NULL);
    return code;
}

/* -- Options -- */

static int read_time(const char *option, const char *text, double *seconds)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= 0 && value <= time_max_s)) {
        return cli_usage("%s wants a number of seconds, not %s", option, text);
    }
    *seconds = value;
    return CLI_OK;
}

static int read_speed(const char *text, double *speed)
{
    double value;

    if (!until_number(text, &value) || value > speed_max) {
        return cli_usage("--speed wants a number from 0 (as fast as it goes) "
                         "on, not %s",
                         text);
    }
    *speed = value;
    return CLI_OK;
}

static int take_filter(struct player *player, const char *filter)
{
    if (!cli_is_filter(filter)) {
        return cli_usage("-t: \"%s\" is not a filter: + and # stand alone in a "
                         "level, # in the last one",
                         filter);
    }
    if (player->filter_count == FILTERS_MAX) {
        return cli_usage("at most %d of -t", FILTERS_MAX);
    }
    player->filters[player->filter_count++] = filter;
    return CLI_OK;
}

static int read_loop(const char *text, uint64_t *loops)
{
    if (strcmp(text, "0") == 0) {
        *loops = UINT64_MAX;
        return CLI_OK;
    }
    return until_count("--loop", text, loops);
}

static int take(void *user, int id, const char *value)
{
    struct player *player = user;

    switch (id) {
    case 't':
        return take_filter(player, value);
    case 's':
        return read_speed(value, &player->speed);
    case FROM:
        return read_time("--from", value, &player->from_s);
    case TO:
        return read_time("--to", value, &player->to_s);
    case LOOP:
        return read_loop(value, &player->loops);
    case PREFIX:
        player->prefix = value;
        return strpbrk(value, "+#")
                   ? cli_usage("--prefix begins topics, which have no + and #")
                   : CLI_OK;
    case EVENTS:
        player->events = true;
        return CLI_OK;
    case YES:
        player->yes = true;
        return CLI_OK;
    case DRY:
        player->dry = true;
        return CLI_OK;
    default:
        player->progress = true;
        return CLI_OK;
    }
}

static int replay(int argc, char **argv)
{
    struct player player = {
        .names = {.verb = "replay"}, .speed = 1, .loops = 1};
    bool ended = false;
    int code = verb_options(&verb_replay, argc, argv, &player.names, take,
                            &player, &ended);

    if (ended) {
        return code;
    }
    if (optind == argc) {
        return cli_usage("no FILE; see msock replay -h");
    }
    for (int i = optind; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0 && player.loops > 1) {
            return cli_usage("standard input is there once: --loop wants a "
                             "file");
        }
    }
    if (player.to_s > 0 && player.to_s < player.from_s) {
        return cli_usage("--to is before --from: nothing would be played");
    }
    player.files = argv + optind;
    player.file_count = argc - optind;
    code = run(&player);
    free(player.topic.bytes);
    if (player.bad > 0) {
        code = cli_error("%" PRIu64 " lines are no messages", player.bad);
    }
    return code == CLI_OK && player.refused > 0 ? CLI_FAILURE : code;
}

static const char *const forms[] = {"[OPTION]... FILE...", NULL};

static const struct verb_option options[] = {
    {'t', "topic", "FILTER",
     "only topics that match FILTER; again for more [#]", VERB_ANYTHING},
    {'s', "speed", "N", "so many times as fast; 0: as fast as they leave [1]",
     VERB_ANYTHING},
    {FROM, "from", "S", "begin S seconds after its first message [0]",
     VERB_ANYTHING},
    {TO, "to", "S", "end S seconds after its first message", VERB_ANYTHING},
    {LOOP, "loop", "N", "play it N times; 0: until a signal [1]",
     VERB_ANYTHING},
    {PREFIX, "prefix", "TEXT", "put TEXT before each topic, such as test/",
     VERB_ANYTHING},
    {EVENTS, "events", NULL, "publish states as events, which nobody holds",
     VERB_ANYTHING},
    {YES, "yes", NULL, "do not ask, although nodes would hear it",
     VERB_ANYTHING},
    {DRY, "dry-run", NULL,
     "print the seconds and the topic of what would be published",
     VERB_ANYTHING},
    {PROGRESS, "progress", NULL,
     "tell each second how far it is; on a terminal every 10 seconds without "
     "it",
     VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Exit status",
     "0; 1 if a message could not be published, a line was none, or who was "
     "asked said no; 2 for a wrong command line."},
    {"Examples",
     "Ten times as fast, to a copy of the house:\n\n"
     " msock replay -s 10 -c udp://239.255.1.2:7000 home.jsonl\n\n"
     "One minute of it, under other topics:\n\n"
     " msock replay --from 60 --to 120 --prefix test/ home.jsonl\n"},
    {0},
};

const struct verb verb_replay = {
    .name = "replay",
    .summary = "publish what was recorded",
    .forms = forms,
    .text =
        "Publishes the messages of recordings (msock record), one FILE after "
        "the other (-: standard input): in their order, with the time between "
        "them, reliably what "
        "was, and states as states. This node is their sender. If nodes are "
        "there, which would obey what was said once, it names them and asks.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = replay,
};
