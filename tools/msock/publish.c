/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing as msock pub was asked to. */
#include "tools/msock/publish.h"

#include "tools/msock/turn.h"

#include <inttypes.h>
#include <unistd.h>

enum {
    STATE_WAIT_MS = 1000,     /* for who knows a newer state */
    LISTENERS_WAIT_MS = 1000, /* for who is there, and ... */
    LISTENERS_MAX_MS = 5000   /* ... what they listen to */
};

/* Publishes `json`, or if it is NULL the bytes that publisher->how names,
 * waiting while the queue is full.  Returns 0, or the error code after having
 * told it. */
static int publish(struct publisher *publisher, const char *json)
{
    for (;;) {
        int code =
            publisher->confirm.wanted
                ? pub_confirm_publish(&publisher->confirm, publisher->channel,
                                      publisher->topic, json, &publisher->how)
                : msock_publish(publisher->channel, publisher->topic, json,
                                &publisher->how);
        size_t queued = msock_queued(publisher->channel);
        if (code == MSOCK_EAGAIN && queued > 0) {
            if (turn_await_queue(publisher->channel, queued / 2) != CLI_OK) {
                publisher->stalled = true;
                return MSOCK_EAGAIN;
            }
            continue;
        }
        if (code < 0) {
            cli_error_code(code);
        }
        return code;
    }
}

/* Publishes text: JSON as it is, anything else as a JSON string.  Returns as
 * publish(). */
static int publish_text(struct publisher *publisher, const char *text,
                        size_t size)
{
    const char *json;
    int code = payload_text(&publisher->payload, text, size, &json);

    return code < 0 ? code : publish(publisher, json);
}

/* Publishes all lines that have been read; the bad ones are told, and the
 * network ends it if it takes nothing.  Returns CLI_OK, or CLI_FAILURE if a
 * line was not sent. */
static int publish_lines(struct publisher *publisher, struct input *input,
                         uint64_t *number)
{
    int worst = CLI_OK;
    char *line;
    size_t size;

    while (!publisher->stalled && input_line(input, &line, &size)) {
        ++*number;
        if (publish_text(publisher, line, size) < 0) {
            worst = cli_error("line %" PRIu64 " was not sent", *number);
        }
    }
    return worst;
}

static int publish_input(struct publisher *publisher)
{
    struct input input = {.fd = STDIN_FILENO, .name = "standard input"};
    uint64_t number = 0;
    int worst = CLI_OK;
    int code = CLI_OK;

    while (code == CLI_OK && !input.ended && !publisher->stalled) {
        bool readable = false;
        code = turn_step(publisher->channel, input.fd, -1, &readable);
        if (code == CLI_OK && readable) {
            code = input_fill(&input);
        }
        if (code == CLI_OK &&
            publish_lines(publisher, &input, &number) != CLI_OK) {
            worst = CLI_FAILURE;
        }
        if (code == CLI_OK) {
            code = turn_work(publisher->channel);
        }
    }
    input_fini(&input);
    return code == CLI_OK ? worst : code;
}

/* Stays for so long, doing the channel's work. */
static int pass(msock_channel *channel, int64_t ms)
{
    int64_t end = turn_now_ms() + ms;
    int64_t left = ms;
    bool readable;
    int code = CLI_OK;

    while (code == CLI_OK && left > 0) {
        code = turn_step(channel, -1,
                         left < TURN_POLL_MS ? (int)left : TURN_POLL_MS,
                         &readable);
        left = end - turn_now_ms();
    }
    return code;
}

/* Publishes the one message, as often as it is wanted.  Returns an exit
 * code. */
static int publish_one(struct publisher *publisher)
{
    const char *json;
    int code = payload_make(&publisher->payload, &publisher->how, &json);

    if (code == 0) {
        code = publish(publisher, json);
    }
    for (uint64_t i = 1; code >= 0 && i < publisher->repeat; i++) {
        if (pass(publisher->channel, (int64_t)(publisher->delay_s * 1000)) !=
            CLI_OK) {
            return CLI_FAILURE;
        }
        code = publish(publisher, json);
    }
    return cli_exit_of(code);
}

/* Stays for who knows a newer state than was said, of a program that ran
 * before: the channel says this one once more then, above that. */
static int await_objections(msock_channel *channel)
{
    return pass(channel, STATE_WAIT_MS);
}

/* Waits until it is known who is there, and listens to what. */
static int await_listeners(msock_channel *channel)
{
    int64_t begin = turn_now_ms();
    int64_t waited = 0;
    bool readable;
    int code = CLI_OK;

    while (code == CLI_OK && waited < LISTENERS_MAX_MS &&
           (waited < LISTENERS_WAIT_MS || !pub_confirm_knows(channel))) {
        code = turn_step(channel, -1, TURN_POLL_MS, &readable);
        waited = turn_now_ms() - begin;
    }
    return code;
}

/* Waits for the last node's answer, or the deadline. */
static int await_answers(struct publisher *publisher)
{
    bool readable;
    int code = CLI_OK;

    while (code == CLI_OK && !publisher->confirm.ended) {
        code = turn_step(publisher->channel, -1, -1, &readable);
    }
    if (code == CLI_OK && !publisher->confirm.complete) {
        code = CLI_FAILURE; /* the lines say why */
    }
    return publisher->confirm.failed ? CLI_FAILURE : code;
}

/* Sends what is queued, and says so if the system refused some of it: more
 * than `before`, which the channel tried to say without a network. */
static int drain(msock_channel *channel, uint64_t before)
{
    int code = turn_await_queue(channel, 0);
    uint64_t refused = msock_counter_get(channel, MSOCK_TX_ERRORS) - before;
    if (code == CLI_OK && refused > 0) {
        return cli_error("the system refused to send %" PRIu64 " frames",
                         refused);
    }
    return code;
}

int publish_all(struct publisher *publisher, const struct cli_channel *names)
{
    int code = payload_read(&publisher->payload);

    if (code == CLI_OK) {
        code = cli_channel_open(&publisher->channel, names);
    }
    if (code == CLI_OK) {
        code = turn_await_network(publisher->channel, names);
    }
    if (code == CLI_OK && publisher->confirm.wanted) {
        code = await_listeners(publisher->channel);
    }
    if (code == CLI_OK) {
        uint64_t before =
            msock_counter_get(publisher->channel, MSOCK_TX_ERRORS);
        int published = publisher->payload.kind == PAYLOAD_LINES
                            ? publish_input(publisher)
                            : publish_one(publisher);
        if (published == CLI_OK && publisher->confirm.wanted) {
            published = await_answers(publisher);
        }
        if (publisher->how.state && !publisher->stalled &&
            await_objections(publisher->channel) != CLI_OK) {
            published = CLI_FAILURE;
        }
        code = publisher->stalled ? CLI_FAILURE
                                  : drain(publisher->channel, before);
        code = published != CLI_OK ? published : code;
    }
    msock_close(publisher->channel, NULL, NULL);
    payload_fini(&publisher->payload);
    return code;
}
