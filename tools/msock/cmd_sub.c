/* SPDX-License-Identifier: Apache-2.0 */
/* msock sub: prints the messages that match filters. */
#include "tools/msock/cli.h"
#include "tools/msock/print.h"
#include "tools/msock/unjoined.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: msock sub [OPTION]... FILTER...\n"
    "Prints each message whose topic matches a FILTER (+ is one level, # the\n"
    "rest): a JSON string as its text, other JSON as it is, one line each.\n"
    "Raw bytes are escaped on a terminal; elsewhere they are written exactly\n"
    "as they are, without a newline, unless -v asks for lines. When it ends,\n"
    "it tells what was dropped on the way here, and why.\n"
    "  -C, --count N      end after N messages\n"
    "  -W, --wait S       end after S seconds, with exit code 27\n"
    "  -v, --verbose      print the topic before the message\n"
    "      --json         print {\"topic\":...,\"sender\":...,\"data\":...};\n"
    "                     raw bytes as \"raw\":BASE64 instead of \"data\";\n"
    "                     \"age_ms\" unless bare; \"reliable\":true if it is;\n"
    "                     \"will\":true of a last will, which this program "
    "says\n"
    "                     for a node that is gone;\n"
    "                     of a state its \"version\", and \"told\",\n"
    "                     \"owner_down\", \"cleared\":true if it "
    "is\n" CLI_CHANNEL_HELP;

struct subscriber {
    msock_channel *channel;
    const struct cli_channel *names;
    struct printer printer;
    double wait_s;  /* 0: for ever */
    uint64_t count; /* messages still wanted */
    bool done;      /* print nothing more */
    int exit;
    struct filter *filters;
    int filter_count;
};

struct filter {
    struct subscriber *subscriber;
    const char *text;
};

/* How long a reader that takes nothing may keep a program that shall end. */
enum { END_WAIT_S = 1 };

/* When the channel should have joined; a network that is there is joined in a
 * moment. */
enum { JOIN_WAIT_MS = 1000 };

/* The channel that a signal stops, while there is one. */
static msock_channel *volatile signal_channel;
static volatile sig_atomic_t signalled;
static volatile sig_atomic_t given_up;

/* Comes again and again: a write(2) that begins after one ends with the next.
 */
static void on_alarm(int number)
{
    (void)number;
    given_up = 1;
    alarm(END_WAIT_S);
}

static void on_signal(int number)
{
    msock_channel *channel = signal_channel;

    (void)number;
    if (!signalled) {
        alarm(END_WAIT_S);
    }
    signalled = 1;
    if (channel) {
        msock_stop(channel);
    }
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    action.sa_handler = SIG_IGN; /* a write fails with EPIPE instead */
    sigaction(SIGPIPE, &action, NULL);
}

static void finish(struct subscriber *subscriber, int code)
{
    subscriber->done = true;
    subscriber->exit = code;
    msock_stop(subscriber->channel);
}

/* Whether an earlier filter matches too, and so has printed the message. */
static bool printed_before(const struct filter *filter, const char *topic)
{
    const struct filter *earlier = filter->subscriber->filters;

    for (; earlier < filter; earlier++) {
        if (msock_topic_match(earlier->text, topic)) {
            return true;
        }
    }
    return false;
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    const struct filter *filter = user;
    struct subscriber *subscriber = filter->subscriber;
    bool broken;

    (void)channel;
    if (subscriber->done || printed_before(filter, message->topic)) {
        return 0;
    }
    if (printer_message(&subscriber->printer, message, &broken) != CLI_OK) {
        finish(subscriber, broken ? CLI_OK : CLI_FAILURE);
        return 0;
    }
    subscriber->count--;
    if (subscriber->count == 0) {
        finish(subscriber, CLI_OK);
    }
    return 0;
}

/* What the messages alone do not show: that some of them are missing, or that
 * one sender is two. That commands of one host share its name is no news. */
static void on_event(msock_channel *channel, const msock_event *event,
                     void *user)
{
    (void)user;
    if (event->kind == MSOCK_EVENT_LOSS) {
        cli_error("lost %" PRIu64 " reliable %s of %s, from number %" PRIu64
                  " on",
                  event->count, event->count == 1 ? "frame" : "frames",
                  event->node, event->first);
    } else if (event->kind == MSOCK_EVENT_CONFLICT &&
               strcmp(event->node, msock_name(channel)) != 0) {
        cli_error("two programs speak as %s: one of them needs another name",
                  event->node);
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
    static const msock_subscribe_options observing = {.observe = true};

    for (int i = 0; i < subscriber->filter_count; i++) {
        struct filter *filter = &subscriber->filters[i];
        int id = msock_subscribe(subscriber->channel, filter->text, on_message,
                                 filter, &observing);
        if (id < 0) {
            return id;
        }
    }
    int code = msock_watch(subscriber->channel, on_event, NULL);
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

/* Says why messages may be missing: without it, a wrong key looks like
 * silence. One's own looped frames are no loss, and neither are those that came
 * again, nor states that others have replaced. */
static void tell_drops(const msock_channel *channel)
{
    size_t held = msock_held(channel);

    if (held > 0) {
        cli_error("held %zu: frames of senders that have not answered: a "
                  "recording, or they do not hear this program",
                  held);
    }
    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        enum msock_counter counter = (enum msock_counter)i;
        uint64_t dropped = msock_counter_get(channel, counter);

        if (dropped > 0 && counter != MSOCK_DROP_OWN &&
            counter != MSOCK_DROP_DUPLICATE &&
            counter != MSOCK_DROP_STATE_OLD) {
            cli_error("%s %" PRIu64 ": %s", msock_counter_name(counter),
                      dropped, msock_counter_text(counter));
        }
    }
}

static int run(struct subscriber *subscriber)
{
    catch_signals();
    int code = cli_channel_open(&subscriber->channel, subscriber->names);
    if (code != CLI_OK) {
        return code;
    }
    signal_channel = subscriber->channel;
    if (signalled) {
        msock_stop(subscriber->channel);
    }
    code = start(subscriber);
    if (code == 0) {
        code = msock_run(subscriber->channel);
    }
    if (code < 0) {
        subscriber->exit = cli_error_code(code);
    }
    tell_drops(subscriber->channel);
    signal_channel = NULL;
    msock_close(subscriber->channel, NULL, NULL);
    return subscriber->exit;
}

static int read_count(const char *text, uint64_t *count)
{
    char *end;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value == 0) {
        return cli_usage("-C wants a number from 1, not %s", text);
    }
    *count = value;
    return CLI_OK;
}

static int read_wait(const char *text, double *seconds)
{
    const double most = 1e9;
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value > 0 && value <= most)) {
        return cli_usage("-W wants a number of seconds, over 0 and at most "
                         "%.0f, not %s",
                         most, text);
    }
    *seconds = value;
    return CLI_OK;
}

/* Reads the options.  Returns CLI_OK, or the exit code with which to end now;
 * *ended says that this is so even if the code is CLI_OK. */
static int read_options(int argc, char **argv, struct subscriber *subscriber,
                        struct cli_channel *names, bool *ended)
{
    enum { JSON = CLI_OWN };
    static const struct option options[] = {
        {"count", required_argument, NULL, 'C'},
        {"wait", required_argument, NULL, 'W'},
        {"verbose", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, JSON},
        {"channel", required_argument, NULL, 'c'},
        {"key-file", required_argument, NULL, CLI_KEY_FILE},
        {"name", required_argument, NULL, CLI_NAME},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int code = CLI_OK;

    opterr = 0;
    while (code == CLI_OK) {
        int option =
            getopt_long(argc, argv, CLI_SHORT_OPTIONS "C:W:v", options, NULL);
        if (option == -1) {
            break;
        }
        switch (option) {
        case 'C':
            code = read_count(optarg, &subscriber->count);
            break;
        case 'W':
            code = read_wait(optarg, &subscriber->wait_s);
            break;
        case 'v':
            subscriber->printer.topics = true;
            break;
        case JSON:
            subscriber->printer.json = true;
            break;
        case 'h':
            *ended = true;
            return cli_print(help);
        default:
            code = cli_channel_option(names, option, argv);
        }
    }
    if (code == CLI_OK && optind == argc) {
        code = cli_usage("no FILTER; see msock sub -h");
    }
    *ended = code != CLI_OK;
    return code;
}

int cmd_sub(int argc, char **argv)
{
    struct cli_channel names = {.verb = "sub"};
    struct subscriber subscriber = {
        .names = &names, .printer.given_up = &given_up, .count = UINT64_MAX};
    bool ended = false;
    int code = read_options(argc, argv, &subscriber, &names, &ended);

    if (ended) {
        return code;
    }
    subscriber.filter_count = argc - optind;
    subscriber.filters =
        calloc((size_t)subscriber.filter_count, sizeof(*subscriber.filters));
    if (!subscriber.filters) {
        return cli_error("out of memory");
    }
    for (int i = 0; i < subscriber.filter_count; i++) {
        subscriber.filters[i] = (struct filter){&subscriber, argv[optind + i]};
    }
    printer_init(&subscriber.printer);
    code = run(&subscriber);
    printer_fini(&subscriber.printer);
    free(subscriber.filters);
    return code;
}
