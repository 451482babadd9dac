/* SPDX-License-Identifier: Apache-2.0 */
/* msock sub: prints the messages that match filters. */
#include "tools/msock/cli.h"
#include "tools/msock/drops.h"
#include "tools/msock/ears.h"
#include "tools/msock/mosquitto.h"
#include "tools/msock/print.h"
#include "tools/msock/unjoined.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct subscriber {
    msock_channel *channel;
    const struct cli_channel *names;
    struct printer printer;
    double wait_s;  /* 0: for ever */
    uint64_t count; /* messages still wanted */
    bool done;      /* print nothing more */
    int exit;
    struct ears ears;
    char **filters;    /* as many as there may be arguments, as ... */
    const char **outs; /* ... these: topics that are left out */
    int out_count;
    bool news; /* no states that were not published just now */
};

/* When the channel should have joined; a network that is there is joined in a
 * moment. */
enum { JOIN_WAIT_MS = 1000 };

static const double wait_max_s = 1e9;

static void finish(struct subscriber *subscriber, int code)
{
    subscriber->done = true;
    subscriber->exit = code;
    msock_stop(subscriber->channel);
}

/* Whether a message is not asked for, though a filter matches. */
static bool left_out(const struct subscriber *subscriber,
                     const msock_message *message)
{
    for (int i = 0; i < subscriber->out_count; i++) {
        if (msock_topic_match(subscriber->outs[i], message->topic)) {
            return true;
        }
    }
    return subscriber->news && message->flags & MSOCK_MESSAGE_TOLD;
}

static void on_message(const msock_message *message, void *user)
{
    struct subscriber *subscriber = user;
    bool broken;

    if (subscriber->done || left_out(subscriber, message)) {
        return;
    }
    if (printer_message(&subscriber->printer, message, &broken) != CLI_OK) {
        finish(subscriber, broken ? CLI_OK : CLI_FAILURE);
        return;
    }
    subscriber->count--;
    if (subscriber->count == 0) {
        finish(subscriber, CLI_OK);
    }
}

/* What the messages alone do not show: that some of them are missing. */
static void on_event(msock_channel *channel, const msock_event *event,
                     void *user)
{
    (void)channel;
    (void)user;
    if (event->kind == MSOCK_EVENT_LOSS) {
        cli_error("lost %" PRIu64 " reliable %s of %s, from number %" PRIu64
                  " on",
                  event->count, event->count == 1 ? "frame" : "frames",
                  event->node, event->first);
    }
}

static void on_timeout(msock_channel *channel, void *user)
{
    struct subscriber *subscriber = user;

    (void)channel;
    if (!subscriber->done) {
        finish(subscriber, CLI_TIMEOUT);
    }
}

static void tell_if_unjoined(msock_channel *channel, void *user)
{
    const struct subscriber *subscriber = user;

    if (msock_joined(channel) == 0) {
        unjoined_tell(cli_channel_url(subscriber->names),
                      "nothing comes until one does");
    }
}

/* Subscribes and starts the clocks.  Returns 0 or an error code. */
static int start(struct subscriber *subscriber)
{
    int code = ears_open(&subscriber->ears, subscriber->channel);

    code = code < 0 ? code : msock_watch(subscriber->channel, on_event, NULL);
    if (code < 0) {
        return code;
    }
    int id = msock_timer_start(subscriber->channel, JOIN_WAIT_MS, 0,
                               tell_if_unjoined, subscriber);
    if (id < 0) {
        return id;
    }
    if (subscriber->wait_s > 0) {
        id = msock_timer_start(subscriber->channel,
                               (uint64_t)(subscriber->wait_s * 1000) + 1, 0,
                               on_timeout, subscriber);
        return id < 0 ? id : 0;
    }
    return 0;
}

static int listen(struct subscriber *subscriber)
{
    until_signals();
    int code = cli_channel_open(&subscriber->channel, subscriber->names);
    if (code != CLI_OK) {
        return code;
    }
    until_channel(subscriber->channel);
    code = start(subscriber);
    if (code == 0) {
        code = msock_run(subscriber->channel);
    }
    if (code < 0) {
        subscriber->exit = cli_error_code(code);
    }
    drops_tell(subscriber->channel);
    until_channel(NULL);
    msock_close(subscriber->channel, NULL, NULL);
    ears_close(&subscriber->ears);
    return subscriber->exit;
}

/* -- Options -- */

enum { JSON = CLI_OWN };

/* Takes an argument, which nobody changes. */
static void add_filter(struct subscriber *subscriber, const char *text)
{
    subscriber->filters[subscriber->ears.filter_count++] = (char *)text;
}

/* Takes a filter of topics to leave out: one that is none would leave out
 * nothing. It is right if it matches its own text, wildcards as letters. */
static int add_out(struct subscriber *subscriber, const char *text)
{
    if (!cli_is_filter(text)) {
        return cli_usage("-T %s is not a filter: + is one level, and # the "
                         "rest, at the end",
                         text);
    }
    subscriber->outs[subscriber->out_count++] = text;
    return CLI_OK;
}

static int take(void *user, int id, const char *value)
{
    struct subscriber *subscriber = user;

    switch (id) {
    case 't':
        add_filter(subscriber, value);
        return CLI_OK;
    case 'T':
        return add_out(subscriber, value);
    case 'C':
        return until_count("-C", value, &subscriber->count);
    case 'W':
        return until_wait(value, wait_max_s, &subscriber->wait_s);
    case 'v':
        subscriber->printer.topics = true;
        return CLI_OK;
    case 'N':
        subscriber->printer.together = true;
        return CLI_OK;
    case 'F':
        return printer_format(&subscriber->printer, value);
    case 'R':
        subscriber->news = true;
        return CLI_OK;
    default: /* JSON */
        subscriber->printer.json = true;
        return CLI_OK;
    }
}

/* Reads the options and what comes after them.  Returns as verb_options(). */
static int read_options(int argc, char **argv, struct subscriber *subscriber,
                        struct cli_channel *names, bool *ended)
{
    int code =
        verb_options(&verb_sub, argc, argv, names, take, subscriber, ended);

    if (code != CLI_OK || *ended) {
        return code;
    }
    for (; optind < argc; optind++) {
        add_filter(subscriber, argv[optind]);
    }
    subscriber->ears.filters = subscriber->filters;
    code = subscriber->ears.filter_count > 0
               ? printer_check(&subscriber->printer)
               : cli_usage("no FILTER; see msock sub -h");
    *ended = code != CLI_OK;
    return code;
}

static int run(int argc, char **argv)
{
    struct cli_channel names = {.verb = "sub"};
    struct subscriber subscriber = {.names = &names,
                                    .ears.on_message = on_message,
                                    .ears.user = &subscriber,
                                    .printer.given_up = &until_given_up,
                                    .count = UINT64_MAX};
    bool ended = false;
    int code = mosquitto_check(&verb_sub, argc, argv);

    if (code != CLI_OK) {
        return code;
    }
    subscriber.filters = calloc((size_t)argc, sizeof(*subscriber.filters));
    subscriber.outs = calloc((size_t)argc, sizeof(*subscriber.outs));
    if (!subscriber.filters || !subscriber.outs) {
        code = cli_error("out of memory");
        ended = true;
    } else {
        code = read_options(argc, argv, &subscriber, &names, &ended);
    }
    if (!ended) {
        printer_init(&subscriber.printer);
        code = listen(&subscriber);
        printer_fini(&subscriber.printer);
    }
    free(subscriber.filters);
    free(subscriber.outs);
    return code;
}

static const char *const forms[] = {"[OPTION]... FILTER...",
                                    "[OPTION]... -t FILTER...", NULL};

static const struct verb_option options[] = {
    {'t', "topic", "FILTER", "print what matches FILTER; may be repeated",
     VERB_ANYTHING},
    {'T', "filter-out", "FILTER",
     "but not what matches this one; may be "
     "repeated",
     VERB_ANYTHING},
    {'R', "no-stale", NULL,
     "print no states that were there before, but what is published now",
     VERB_ANYTHING},
    {'C', "count", "N", "end after N messages", VERB_ANYTHING},
    {'W', "wait", "S", "end after S seconds, with exit code 27", VERB_ANYTHING},
    {'v', "verbose", NULL,
     "print the topic before the message, and behind a state of a node that is "
     "not heard which one that is, and how old the state is",
     VERB_ANYTHING},
    {'N', "no-newline", NULL, "print no newline behind a message",
     VERB_ANYTHING},
    {'F', "format", "FORMAT", "print FORMAT for each message, see msock-sub(1)",
     VERB_ANYTHING},
    {JSON, "json", NULL,
     "print {\"topic\":...,\"sender\":...,\"data\":...}; raw bytes as "
     "\"raw\":BASE64 instead of \"data\"; \"age_ms\" unless bare; "
     "\"reliable\":true if it is; \"will\":true of a last will, which this "
     "program says for a node that is gone; of a state its \"version\", and "
     "\"told\", \"owner_down\", \"cleared\":true if it is",
     VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Output",
     "What could harm a terminal is escaped, newlines too, so that each "
     "message is one line. To a pipe or a file, with -N and -F a message goes "
     "exactly as it came, to the byte; and bytes published with --raw are "
     "written exactly and without a newline there, too, unless -v asks for "
     "lines (with codec=raw they are lines).\n\n"
     "A message without data prints nothing, or with -v \"(null)\"; of a "
     "state that its owner clears, \"(cleared)\" is printed. Only --json "
     "tells everything that is known of a state.\n\n"
     "When it ends it tells what was dropped on the way, and why: a wrong key "
     "would look like silence otherwise. Reliable messages that were lost for "
     "good, and two living programs of one name, are told when that is "
     "found.\n\n"
     "With --json, \"age_ms\" says how many milliseconds ago the message "
     "was sent, less the time that the quickest frame of its sender took "
     "(datagrams without a frame do not have it). A state has its owner as the "
     "\"sender\", and its age counts from when that published it (null: "
     "unknown); \"told\": it was not published just now; \"owner_down\": "
     "the session that published it is gone, or was not heard yet by a msock "
     "that just opened."},
    {"Formats",
     "-F prints its text, in which these stand for what a message has, as with "
     "mosquitto_sub:\n\n"
     "    %t    topic\n"
     "    %p    data: a string as its text, other JSON as it is\n"
     "    %x %X data as hexadecimal digits\n"
     "    %l    bytes of %p\n"
     "    %s    sender (mosquitto has no such thing)\n"
     "    %r    1 of a state that was there before, else 0\n"
     "    %q    2 if it came reliably, else 0\n"
     "    %m    number of the frame that brought it, if %q is 2, else 0\n"
     "    %C    media type of raw bytes\n"
     "    %j    an object: tst, topic, qos, retain, payloadlen, payload\n"
     "    %J    the same with JSON data not as text, but as JSON\n"
     "    %I    time, as 2016-08-10T09:47:38+0100\n"
     "    %U    time in seconds since 1970, with nanoseconds\n"
     "    @c    time, as strftime(3) has it for the letter c of %c\n"
     "    @N    its nanoseconds\n"
     "    %% @@ \\\\ \\0 \\a \\e \\n \\r \\t \\v characters\n\n"
     "Between the % and its letter may stand - (to the left), 0 (zeros in "
     "front), a width up to 9999, to which data is cut, and . with the most "
     "bytes of a topic or sender."},
    {"Ending",
     "It also ends, with everything written, at SIGINT and SIGTERM; a reader "
     "of its output that takes nothing is given up after a second. Without a "
     "network it says so, and goes on waiting for one."},
    {0},
};

const struct verb verb_sub = {
    .name = "sub",
    .summary = "print the messages that match filters",
    .forms = forms,
    .text = "Prints each message whose topic matches a FILTER (+ is one level, "
            "# the rest): a JSON string as its text, other JSON as it is, one "
            "line each. Raw bytes are escaped on a terminal; elsewhere they "
            "are written exactly as they are, without a newline, unless -v "
            "asks for lines. When it ends, it tells what was dropped on the "
            "way here, and why.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = run,
};
