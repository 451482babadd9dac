/* SPDX-License-Identifier: Apache-2.0 */
/* msock reply: answers the requests that match a filter. */
#include "tools/msock/cli.h"
#include "tools/msock/drops.h"
#include "tools/msock/payload.h"
#include "tools/msock/print.h"
#include "tools/msock/unjoined.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* When the channel should have joined; a network that is there is joined in a
 * moment. */
enum { JOIN_WAIT_MS = 1000, DELAY_MAX_MS = 600000 };

static const double wait_max_s = 1e9;

struct delayed;

struct replier {
    bool echo; /* with the request's own data */
    msock_channel *channel;
    const struct cli_channel *names;
    const char *filter;
    struct payload payload;
    const char *json;          /* what is replied, ... */
    msock_publish_options how; /* ... or how it is raw */
    uint64_t delay_ms;
    double wait_s;  /* 0: for ever */
    uint64_t count; /* replies still wanted */
    bool prints;
    struct printer printer;
    struct delayed *delayed;
    bool done;
    int exit;
};

/* A reply that is made later. */
struct delayed {
    struct delayed *next;
    struct replier *replier;
    uint64_t token;
    bool raw;
    size_t size;
    char type[MSOCK_TYPE_MAX + 1]; /* "": none */
    char data[];                   /* with a NUL */
};

static void finish(struct replier *replier, int code)
{
    replier->done = true;
    replier->exit = code;
    msock_stop(replier->channel);
}

/* -- Replies -- */

/* Notes what became of a reply: one more, or an error that is told. */
static void note(struct replier *replier, int code)
{
    if (code < 0) {
        cli_error_code(code);
    } else if (--replier->count == 0) {
        finish(replier, CLI_OK);
    }
}

static void forget(struct delayed *delayed)
{
    struct delayed **link = &delayed->replier->delayed;

    while (*link != delayed) {
        link = &(*link)->next;
    }
    *link = delayed->next;
    free(delayed);
}

static void on_delay(msock_channel *channel, void *user)
{
    struct delayed *delayed = user;
    bool raw = delayed->raw;
    const msock_publish_options how = {
        .raw = raw ? delayed->data : NULL,
        .raw_size = raw ? delayed->size : 0,
        .type = delayed->type[0] != '\0' ? delayed->type : NULL};

    note(delayed->replier, msock_reply_to(channel, delayed->token,
                                          raw ? NULL : delayed->data, &how));
    forget(delayed);
}

/* Replies when the time has come.  Returns 0 or an error code. */
static int reply_later(struct replier *replier, const char *data, size_t size,
                       const msock_publish_options *how)
{
    struct delayed *delayed = calloc(1, sizeof(*delayed) + size + 1);

    if (!delayed) {
        return MSOCK_ENOMEM;
    }
    *delayed = (struct delayed){.next = replier->delayed,
                                .replier = replier,
                                .raw = how->raw != NULL,
                                .size = size};
    replier->delayed = delayed;
    memcpy(delayed->data, data, size);
    if (how->type) {
        snprintf(delayed->type, sizeof(delayed->type), "%s", how->type);
    }
    int code = msock_reply_later(replier->channel, &delayed->token);
    if (code == 0) {
        code = msock_timer_start(replier->channel, replier->delay_ms, 0,
                                 on_delay, delayed);
    }
    if (code < 0) {
        forget(delayed);
    }
    return code < 0 ? code : 0;
}

static void answer(struct replier *replier, const msock_message *message)
{
    bool echo = replier->echo;
    bool raw = echo ? message->flags & MSOCK_MESSAGE_RAW : !replier->json;
    const char *own = replier->json ? replier->json : replier->how.raw;
    size_t own_size =
        replier->json ? strlen(replier->json) : replier->how.raw_size;
    const char *data = echo ? message->data : own;
    size_t size = echo ? message->data_size : own_size;
    const char *type = echo ? message->type : replier->how.type;
    const msock_publish_options how = {.raw = raw ? data : NULL,
                                       .raw_size = raw ? size : 0,
                                       .type = raw ? type : NULL};

    if (replier->delay_ms > 0) {
        int code = reply_later(replier, data, size, &how);
        if (code < 0) {
            cli_error_code(code);
        }
        return;
    }
    note(replier, msock_reply(replier->channel, raw ? NULL : data, &how));
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct replier *replier = user;
    bool broken;

    (void)channel;
    if (replier->done) {
        return 0;
    }
    if (!(message->flags & MSOCK_MESSAGE_REQUEST)) {
        return MSOCK_ENOTSUP; /* nobody is to take it for obeyed */
    }
    if (replier->prints &&
        printer_message(&replier->printer, message, &broken) != CLI_OK) {
        finish(replier, broken ? CLI_OK : CLI_FAILURE);
        return 0;
    }
    answer(replier, message);
    return 0;
}

/* -- The channel -- */

static void on_timeout(msock_channel *channel, void *user)
{
    struct replier *replier = user;

    (void)channel;
    if (!replier->done) {
        finish(replier, CLI_TIMEOUT);
    }
}

static void tell_if_unjoined(msock_channel *channel, void *user)
{
    const struct replier *replier = user;

    if (msock_joined(channel) == 0) {
        unjoined_tell(cli_channel_url(replier->names),
                      "nothing comes until one does");
    }
}

/* Returns 0 or an error code. */
static int start(struct replier *replier)
{
    int code = msock_subscribe(replier->channel, replier->filter, on_message,
                               replier, NULL);

    if (code > 0) {
        code = msock_timer_start(replier->channel, JOIN_WAIT_MS, 0,
                                 tell_if_unjoined, replier);
    }
    if (code > 0 && replier->wait_s > 0) {
        code = msock_timer_start(replier->channel,
                                 (uint64_t)(replier->wait_s * 1000) + 1, 0,
                                 on_timeout, replier);
    }
    return code < 0 ? code : 0;
}

static int run(struct replier *replier)
{
    until_signals();
    int code = cli_channel_open(&replier->channel, replier->names);
    if (code != CLI_OK) {
        return code;
    }
    until_channel(replier->channel);
    code = start(replier);
    if (code == 0) {
        code = msock_run(replier->channel);
    }
    if (code < 0) {
        replier->exit = cli_error_code(code);
    }
    drops_tell(replier->channel);
    until_channel(NULL);
    msock_close(replier->channel, NULL, NULL);
    while (replier->delayed) {
        forget(replier->delayed);
    }
    return replier->exit;
}

/* -- Options -- */

/* Reads what comes after the options, and holds all together; the file too. */
static int read_arguments(int argc, char **argv, struct replier *replier)
{
    struct payload *payload = &replier->payload;
    int count = argc - optind;

    if (count < 1 || count > 2) {
        return cli_usage("%s; see msock reply -h",
                         count < 1 ? "no FILTER" : "more than FILTER and DATA");
    }
    replier->filter = argv[optind];
    replier->prints = replier->printer.topics || replier->printer.json;
    int code =
        count == 2 ? payload_take_data(payload, argv[optind + 1]) : CLI_OK;
    if (code == CLI_OK) {
        code = payload_check(payload);
    }
    if (code != CLI_OK) {
        return code;
    }
    bool said = payload->kind != PAYLOAD_UNSAID;
    if (replier->echo == said) {
        return cli_usage("%s%s; see msock reply -h",
                         said ? payload->option : "none of DATA, --raw and",
                         said ? " and --echo both" : " --echo");
    }
    code = payload_read(payload);
    return code == CLI_OK &&
                   payload_make(payload, &replier->how, &replier->json) < 0
               ? CLI_FAILURE
               : code;
}

static int read_delay(const char *text, uint64_t *delay_ms)
{
    int code = until_count("--delay", text, delay_ms);

    return code == CLI_OK && *delay_ms > DELAY_MAX_MS
               ? cli_usage("--delay is at most %d ms", DELAY_MAX_MS)
               : code;
}

enum { ECHO = PAYLOAD_OWN, DELAY, JSON };

static int take(void *user, int id, const char *value)
{
    struct replier *replier = user;

    switch (id) {
    case ECHO:
        replier->echo = true;
        return CLI_OK;
    case DELAY:
        return read_delay(value, &replier->delay_ms);
    case 'C':
        return until_count("-C", value, &replier->count);
    case 'W':
        return until_wait(value, wait_max_s, &replier->wait_s);
    case 'v':
        replier->printer.topics = true;
        return CLI_OK;
    case JSON:
        replier->printer.json = true;
        return CLI_OK;
    default:
        return payload_take(&replier->payload, id, value);
    }
}

static int reply(int argc, char **argv)
{
    struct cli_channel names = {.verb = "reply"};
    struct replier replier = {.names = &names,
                              .printer.given_up = &until_given_up,
                              .count = UINT64_MAX};
    bool ended = false;
    int code =
        verb_options(&verb_reply, argc, argv, &names, take, &replier, &ended);

    if (!ended) {
        code = read_arguments(argc, argv, &replier);
    }
    if (!ended && code == CLI_OK) {
        printer_init(&replier.printer);
        code = run(&replier);
        printer_fini(&replier.printer);
    }
    payload_fini(&replier.payload);
    return code;
}

static const char *const forms[] = {"[OPTION]... FILTER DATA",
                                    "[OPTION]... FILTER --raw FILE",
                                    "[OPTION]... FILTER --echo", NULL};

static const struct verb_option options[] = {
    {ECHO, "echo", NULL, "reply with the request's own data instead",
     VERB_ANYTHING},
    {PAYLOAD_RAW, "raw", "FILE",
     "reply with the bytes of FILE (-: of standard input), as it is now",
     VERB_FILE},
    {PAYLOAD_TYPE, "type", "TYPE",
     "the media type of these bytes, such as image/jpeg", VERB_ANYTHING},
    {PAYLOAD_STRING, "string", NULL,
     "DATA goes as a JSON string also if it is JSON", VERB_ANYTHING},
    {DELAY, "delay", "MS", "reply MS milliseconds later, at most 600000",
     VERB_ANYTHING},
    {'C', "count", "N", "end after N replies", VERB_ANYTHING},
    {'W', "wait", "S", "end after S seconds, with exit code 27", VERB_ANYTHING},
    {'v', "verbose", NULL, "print each request, its topic first",
     VERB_ANYTHING},
    {JSON, "json", NULL, "print it as msock sub does", VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Exit status", "0; 27 when -W ended it; 1 when something failed."},
    {"Examples", "What time it is, and the question:\n\n"
                 " msock reply time/now \"$(date)\"\n"
                 " msock req time/now\n"},
    {0},
};

const struct verb verb_reply = {
    .name = "reply",
    .summary = "answer what others ask",
    .forms = forms,
    .text =
        "Replies with DATA to each request whose topic matches FILTER, as "
        "msock req makes them; DATA that is no JSON goes as a JSON string. "
        "Other messages are left alone, and refused where somebody confirms "
        "them.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = reply,
};
