/* SPDX-License-Identifier: Apache-2.0 */
/* msock sub: prints the messages that match filters. */
#include "tools/msock/cli.h"
#include "tools/msock/drops.h"
#include "tools/msock/print.h"
#include "tools/msock/unjoined.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

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

static int run(struct subscriber *subscriber)
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
    return subscriber->exit;
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
        CLI_CHANNEL_OPTIONS,
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
            code = until_count("-C", optarg, &subscriber->count);
            break;
        case 'W':
            code = until_wait(optarg, wait_max_s, &subscriber->wait_s);
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

static int cmd(int argc, char **argv)
{
    struct cli_channel names = {.verb = "sub"};
    struct subscriber subscriber = {.names = &names,
                                    .printer.given_up = &until_given_up,
                                    .count = UINT64_MAX};
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

const struct verb verb_sub = {
    .name = "sub",
    .summary = "print the messages that match filters",
    .run = cmd,
};
