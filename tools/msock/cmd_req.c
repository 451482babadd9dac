/* SPDX-License-Identifier: Apache-2.0 */
/* msock req: publishes a request, and prints the replies. */
#include "tools/msock/cli.h"
#include "tools/msock/drops.h"
#include "tools/msock/mosquitto.h"
#include "tools/msock/payload.h"
#include "tools/msock/print.h"
#include "tools/msock/unjoined.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <inttypes.h>
#include <string.h>

enum {
    JOIN_TRY_MS = 20,
    JOIN_TRIES = 150, /* for a network to come up */
    WAIT_MAX_S = 600
};

struct asker {
    msock_channel *channel;
    const struct cli_channel *names;
    const char *topic;
    struct payload payload;
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
    if (!asker->printer.json && !asker->printer.format) {
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
    msock_publish_options how = {.raw = NULL};
    const msock_request_options options = {
        .deadline_ms = (unsigned)(asker->wait_s * 1000 + 0.999),
        .replies_max = asker->replies,
        .publish = &how};
    const char *json;
    int code = payload_make(&asker->payload, &how, &json);

    if (code == 0) {
        code = msock_request(asker->channel, asker->topic, json, &options,
                             on_response, asker);
        if (code < 0) {
            cli_error_code(code);
        }
    }
    return code;
}

static void on_try(msock_channel *channel, void *user)
{
    struct asker *asker = user;

    if (msock_joined(channel) > 0) {
        int code = ask(asker);
        if (code < 0) {
            finish(asker, cli_exit_of(code));
        }
    } else if (++asker->tries == JOIN_TRIES) {
        finish(asker, unjoined_tell(cli_channel_url(asker->names),
                                    "nothing was sent"));
    } else if (msock_timer_start(channel, JOIN_TRY_MS, 0, on_try, asker) < 0) {
        finish(asker, cli_error("out of memory"));
    }
}

static int request(struct asker *asker)
{
    int code = payload_read(&asker->payload);
    if (code != CLI_OK) {
        return code;
    }
    until_signals();
    code = cli_channel_open(&asker->channel, asker->names);
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
    int code = until_count("-C", text, &count);
    if (code == CLI_OK && count >= MSOCK_REPLIES_ALL) {
        return cli_usage("-C wants a smaller number than %s, or all", text);
    }
    *replies = code == CLI_OK ? (uint32_t)count : *replies;
    return code;
}

enum { JSON = PAYLOAD_OWN };

static int take(void *user, int id, const char *value)
{
    struct asker *asker = user;

    switch (id) {
    case 't':
        if (asker->topic) {
            return cli_usage("-t twice; a request has one topic");
        }
        asker->topic = value;
        return CLI_OK;
    case 'C':
        return read_replies(value, &asker->replies);
    case 'W':
        return until_wait(value, WAIT_MAX_S, &asker->wait_s);
    case 'v':
        asker->printer.topics = true;
        return CLI_OK;
    case 'N':
        asker->printer.together = true;
        return CLI_OK;
    case 'F':
        return printer_format(&asker->printer, value);
    case JSON:
        asker->printer.json = true;
        return CLI_OK;
    default:
        return payload_take(&asker->payload, id, value);
    }
}

/* Holds the options together, with what comes after them. */
static int check(int argc, char **argv, struct asker *asker)
{
    bool null = asker->payload.kind == PAYLOAD_NULL;
    int code = payload_arguments(&asker->payload, argc, argv, &asker->topic);

    if (code != CLI_OK && null) {
        cli_usage("-n is no data; -C N waits for N replies");
    }
    if (code == CLI_OK) {
        code = payload_check(&asker->payload);
    }
    return code == CLI_OK ? printer_check(&asker->printer) : code;
}

static int run(int argc, char **argv)
{
    struct cli_channel names = {.verb = "req"};
    struct asker asker = {
        .names = &names,
        .wait_s = 1,
        .replies = 1,
        .printer = {.given_up = &until_given_up, .replies = true}};
    bool ended = false;
    int code = mosquitto_check(&verb_req, argc, argv);

    if (code != CLI_OK) {
        return code;
    }
    code = verb_options(&verb_req, argc, argv, &names, take, &asker, &ended);
    if (code == CLI_OK && !ended) {
        code = check(argc, argv, &asker);
        ended = code != CLI_OK;
    }
    if (!ended) {
        printer_init(&asker.printer);
        code = request(&asker);
        printer_fini(&asker.printer);
    }
    payload_fini(&asker.payload);
    return code;
}

static const char *const forms[] = {"[OPTION]... TOPIC [DATA]",
                                    "[OPTION]... -t TOPIC -m MESSAGE", NULL};

static const struct verb_option options[] = {
    {'t', "topic", "TOPIC", "the topic", VERB_ANYTHING},
    {'m', "message", "MESSAGE", "ask with MESSAGE, as DATA; empty: as -n",
     VERB_ANYTHING},
    {'f', "file", "FILE",
     "ask with what FILE holds (-: standard input): text, with its last "
     "newline, as DATA, and bytes that are not UTF-8 as --raw",
     VERB_FILE},
    {'s', "stdin-file", NULL, "ask with all of standard input", VERB_ANYTHING},
    {'n', "null-message", NULL, "ask without data, as without DATA",
     VERB_ANYTHING},
    {PAYLOAD_STRING, "string", NULL,
     "DATA goes as a JSON string also if it is JSON", VERB_ANYTHING},
    {PAYLOAD_RAW, "raw", "FILE",
     "ask with the bytes of FILE (-: of standard input)", VERB_FILE},
    {PAYLOAD_TYPE, "type", "TYPE",
     "the media type of these bytes, such as image/jpeg", VERB_ANYTHING},
    {'C', "replies", "N",
     "wait for N replies; all: print as many as come in time [1]",
     VERB_ANYTHING},
    {'W', "wait", "S", "for S seconds, at most 600 [1]", VERB_ANYTHING},
    {'v', "verbose", NULL, "print who replies before the reply", VERB_ANYTHING},
    {'N', "no-newline", NULL, "print no newline behind a reply", VERB_ANYTHING},
    {'F', "format", "FORMAT",
     "print FORMAT for each reply, see msock-sub(1); %s is who replies",
     VERB_ANYTHING},
    {JSON, "json", NULL,
     "print {\"topic\":...,\"sender\":...,\"data\":...} as msock sub "
     "does, and \"ms\", the time from the request to the reply",
     VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Asking",
     "A request goes as with pub --reliable. Nodes that cannot be reached in "
     "time do not act on it later."},
    {"Exit status",
     "0 when all replies came (with -C all: at least one), 27 when fewer came "
     "in time, and 1 when none came and nobody is known to listen."},
    {0},
};

const struct verb verb_req = {
    .name = "req",
    .summary = "ask, and print the replies",
    .forms = forms,
    .text = "Asks whoever listens to TOPIC: publishes DATA, as msock pub does "
            "(without DATA: no data), and prints the first reply, as msock sub "
            "does. Exit code 27: none came in time; 1: none came, and nobody "
            "is there who listens.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = run,
};
