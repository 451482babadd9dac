/* SPDX-License-Identifier: Apache-2.0 */
/* msock req: publishes a request, and prints the replies. */
#include "tools/msock/as_json.h"
#include "tools/msock/cli.h"
#include "tools/msock/drops.h"
#include "tools/msock/print.h"
#include "tools/msock/unjoined.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: msock req [OPTION]... TOPIC [DATA]\n"
    "Asks whoever listens to TOPIC: publishes DATA, as msock pub does, and\n"
    "prints the first reply, as msock sub does. Exit code 27: none came in\n"
    "time; 1: none came, and nobody is there who listens.\n"
    "  -n, --replies N    wait for N replies; all: print as many as come\n"
    "                     in time [1]\n"
    "  -W, --wait S       for S seconds, at most 600 [1]\n"
    "  -v, --verbose      print who replies before the reply\n"
    "      --json         print {\"topic\":...,\"sender\":...,\"data\":...} "
    "as\n"
    "                     msock sub does, and \"ms\", the time from the "
    "request\n"
    "                     to the reply\n" CLI_CHANNEL_HELP;

enum {
    JOIN_TRY_MS = 20,
    JOIN_TRIES = 150, /* for a network to come up */
    WAIT_MAX_S = 600
};

struct asker {
    msock_channel *channel;
    const struct cli_channel *names;
    const char *topic;
    const char *data; /* or NULL */
    double wait_s;
    uint32_t replies; /* wanted */
    struct printer printer;
    int tries; /* to find a network */
    int exit;
};

static void finish(struct asker *asker, int code)
{
    asker->exit = code;
    msock_stop(asker->channel);
}

/* -- Replies -- */

static void print_reply(struct asker *asker, const msock_response *response)
{
    msock_message shown = *response->message;
    bool broken;

    asker->printer.reply_us = response->time_us;
    if (!asker->printer.json) {
        /* The topic of a reply says nothing. */
        shown.topic = shown.sender;
        shown.topic_size = shown.sender_size;
    }
    if (printer_message(&asker->printer, &shown, &broken) != CLI_OK) {
        finish(asker, broken ? CLI_OK : CLI_FAILURE);
        (void)msock_request_cancel(asker->channel, response->id);
    }
}

static void tell_how_many(const struct asker *asker,
                          const msock_response *response)
{
    const char *replies = response->replies == 1 ? "reply" : "replies";

    if (response->listeners < response->replies) {
        cli_error("%" PRIu32 " %s in %g s, not all from nodes that were known "
                  "to listen to %s",
                  response->replies, replies, asker->wait_s, asker->topic);
        return;
    }
    cli_error("%" PRIu32 " %s in %g s, where %zu %s known to listen to %s",
              response->replies, replies, asker->wait_s, response->listeners,
              response->listeners == 1 ? "node is" : "nodes are", asker->topic);
}

static void tell_end(struct asker *asker, const msock_response *response)
{
    if (response->code == MSOCK_ETIMEDOUT) {
        tell_how_many(asker, response);
        drops_tell(asker->channel);
        finish(asker, CLI_TIMEOUT);
    } else if (response->code == MSOCK_ENOBODY) {
        drops_tell(asker->channel);
        finish(asker, cli_error("no reply, and nobody is there who listens "
                                "to %s",
                                asker->topic));
    } else if (response->code == 0) {
        finish(asker, CLI_OK);
    } /* else it ended before */
}

static void on_response(msock_channel *channel, const msock_response *response,
                        void *user)
{
    struct asker *asker = user;

    (void)channel;
    if (response->message) {
        print_reply(asker, response);
    } else {
        tell_end(asker, response);
    }
}

/* -- The request -- */

/* Returns its id, or an error code after having told why. */
static int ask(struct asker *asker)
{
    const msock_request_options options = {
        .deadline_ms = (unsigned)(asker->wait_s * 1000 + 0.999),
        .replies_max = asker->replies};
    struct cli_buffer quoted = {0};
    const char *json = NULL;
    bool noted = false;
    int code = asker->data ? as_json(asker->data, strlen(asker->data), &quoted,
                                     &noted, &json)
                           : 0;

    if (code == 0) {
        code = msock_request(asker->channel, asker->topic, json, &options,
                             on_response, asker);
        if (code < 0) {
            cli_error_code(code);
        }
    }
    free(quoted.bytes);
    return code;
}

static void on_try(msock_channel *channel, void *user)
{
    struct asker *asker = user;

    if (msock_joined(channel) > 0) {
        if (ask(asker) < 0) {
            finish(asker, CLI_FAILURE);
        }
    } else if (++asker->tries == JOIN_TRIES) {
        finish(asker, unjoined_tell(cli_channel_url(asker->names),
                                    "nothing was sent"));
    } else if (msock_timer_start(channel, JOIN_TRY_MS, 0, on_try, asker) < 0) {
        finish(asker, cli_error("out of memory"));
    }
}

static int run(struct asker *asker)
{
    until_signals();
    int code = cli_channel_open(&asker->channel, asker->names);
    if (code != CLI_OK) {
        return code;
    }
    until_channel(asker->channel);
    asker->exit = CLI_FAILURE; /* a signal ends it without a reply */
    code = msock_timer_start(asker->channel, 0, 0, on_try, asker);
    if (code >= 0) {
        code = msock_run(asker->channel);
    }
    if (code < 0) {
        asker->exit = cli_error_code(code);
    }
    until_channel(NULL);
    msock_close(asker->channel, NULL, NULL);
    return asker->exit;
}

/* -- Options -- */

static int read_replies(const char *text, uint32_t *replies)
{
    uint64_t count;

    if (strcmp(text, "all") == 0) {
        *replies = MSOCK_REPLIES_ALL;
        return CLI_OK;
    }
    int code = until_count("-n", text, &count);
    if (code == CLI_OK && count >= MSOCK_REPLIES_ALL) {
        return cli_usage("-n wants a smaller number than %s, or all", text);
    }
    *replies = code == CLI_OK ? (uint32_t)count : *replies;
    return code;
}

static int read_arguments(int argc, char **argv, struct asker *asker)
{
    int count = argc - optind;

    if (count < 1 || count > 2) {
        return cli_usage("%s; see msock req -h",
                         count < 1 ? "no TOPIC" : "more than TOPIC and DATA");
    }
    asker->topic = argv[optind];
    asker->data = count == 2 ? argv[optind + 1] : NULL;
    return CLI_OK;
}

/* Reads the options.  Returns CLI_OK, or the exit code with which to end now;
 * *ended says that this is so even if the code is CLI_OK. */
static int read_options(int argc, char **argv, struct asker *asker,
                        struct cli_channel *names, bool *ended)
{
    enum { JSON = CLI_OWN };
    static const struct option options[] = {
        {"replies", required_argument, NULL, 'n'},
        {"wait", required_argument, NULL, 'W'},
        {"verbose", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, JSON},
        CLI_CHANNEL_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    int code = CLI_OK;
    int option;

    opterr = 0;
    while (code == CLI_OK &&
           (option = getopt_long(argc, argv, CLI_SHORT_OPTIONS "n:W:v", options,
                                 NULL)) != -1) {
        switch (option) {
        case 'n':
            code = read_replies(optarg, &asker->replies);
            break;
        case 'W':
            code = until_wait(optarg, WAIT_MAX_S, &asker->wait_s);
            break;
        case 'v':
            asker->printer.topics = true;
            break;
        case JSON:
            asker->printer.json = true;
            break;
        case 'h':
            *ended = true;
            return cli_print(help);
        default:
            code = cli_channel_option(names, option, argv);
        }
    }
    if (code == CLI_OK) {
        code = read_arguments(argc, argv, asker);
    }
    *ended = code != CLI_OK;
    return code;
}

static int cmd(int argc, char **argv)
{
    struct cli_channel names = {.verb = "req"};
    struct asker asker = {
        .names = &names,
        .wait_s = 1,
        .replies = 1,
        .printer = {.given_up = &until_given_up, .replies = true}};
    bool ended = false;
    int code = read_options(argc, argv, &asker, &names, &ended);

    if (ended) {
        return code;
    }
    printer_init(&asker.printer);
    code = run(&asker);
    printer_fini(&asker.printer);
    return code;
}

const struct verb verb_req = {
    .name = "req",
    .summary = "ask, and print the replies",
    .run = cmd,
};
