/* SPDX-License-Identifier: Apache-2.0 */
/* msock pub: publishes a message, or one for each line of standard input. */
#include "tools/msock/as_json.h"
#include "tools/msock/cli.h"
#include "tools/msock/input.h"
#include "tools/msock/pub_confirm.h"
#include "tools/msock/pub_how.h"
#include "tools/msock/turn.h"
#include "tools/msock/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <multisock/text.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    STATE_WAIT_MS = 1000,     /* for who knows a newer state */
    LISTENERS_WAIT_MS = 1000, /* for who is there, and ... */
    LISTENERS_MAX_MS = 5000   /* ... what they listen to */
};

#define STANDARD_INPUT "standard input"

static const char help[] =
    "usage: msock pub [OPTION]... TOPIC [DATA]\n"
    "Publishes DATA on TOPIC: as it is if it is JSON, else as a JSON string.\n"
    "Without DATA, or with -, each line of standard input is a message, sent\n"
    "as soon as it is read.\n"
    "      --raw FILE     publish the bytes of FILE (-: of standard input)\n"
    "      --type TYPE    their media type\n"
    "      --reliable     once and in order, or reported as lost; without it\n"
    "                     nothing tells or mends a loss\n"
    "      --copies K     send every frame K times, 1 to 10 [1]\n"
    "      --expires MS   not delivered when older than MS milliseconds\n"
    "      --after MS     delivered MS milliseconds after it was sent, at the\n"
    "                     same moment everywhere, at most 60000\n"
    "      --state        DATA is the topic's state from now on, which later\n"
    "                     subscribers are told as well\n"
    "      --clear        the topic has no state any more\n"
    "      --conflate     of states that wait to be sent the last one is "
    "enough\n"
    "      --confirm      tell who acted on DATA; exit code 1 if not all did\n"
    "      --deadline MS  and wait so long for it [1000]\n"
    "      --expect N     N nodes have to act, also if fewer are heard\n"
    "      --json         and tell it as one object a line\n" CLI_CHANNEL_HELP;

/* Options of this verb alone. */
enum { RAW = CLI_OWN, TYPE, CLEAR, CONFIRM, DEADLINE, EXPECT, JSON, HOW };

struct publisher {
    msock_channel *channel;
    const char *topic;
    const char *data; /* NULL: lines of standard input */
    const char *raw;  /* file name, or NULL */
    bool clear;       /* no data at all */
    msock_publish_options how;
    struct pub_confirm confirm;
    struct cli_buffer quoted;
    bool noted;   /* that JSON which is none goes as a string */
    bool stalled; /* the network takes nothing */
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
    int code =
        as_json(text, size, &publisher->quoted, &publisher->noted, &json);

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
    struct input input = {.fd = STDIN_FILENO, .name = STANDARD_INPUT};
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

/* Reads the file, or standard input for "-".  Returns CLI_OK, or CLI_FAILURE
 * after having told why. */
static int read_whole(const char *name, struct input *input)
{
    bool own = strcmp(name, "-") != 0;
    int code = CLI_OK;

    input->name = own ? name : STANDARD_INPUT;
    input->fd = own ? open(name, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (input->fd < 0) {
        return cli_error("%s: %s", name, strerror(errno));
    }
    while (code == CLI_OK && !input->ended) {
        code = input_wait(input);
        if (code == CLI_OK) {
            code = input_fill(input);
        }
    }
    if (own) {
        close(input->fd);
    }
    return code;
}

/* Publishes what was asked for.  Returns CLI_OK or CLI_FAILURE. */
static int publish_all(struct publisher *publisher, const struct input *file)
{
    if (publisher->raw) {
        publisher->how.raw = file->buffer.bytes;
        publisher->how.raw_size = file->buffer.size;
    }
    if (publisher->raw || publisher->clear) {
        return publish(publisher, NULL) < 0 ? CLI_FAILURE : CLI_OK;
    }
    if (publisher->data) {
        int code =
            publish_text(publisher, publisher->data, strlen(publisher->data));
        return code < 0 ? CLI_FAILURE : CLI_OK;
    }
    return publish_input(publisher);
}

/* Stays for who knows a newer state than was said, of a program that ran
 * before: the channel says this one once more then, above that. */
static int await_objections(msock_channel *channel)
{
    int64_t end = turn_now_ms() + STATE_WAIT_MS;
    bool readable;
    int code = CLI_OK;

    while (code == CLI_OK && turn_now_ms() < end) {
        code = turn_step(channel, -1, TURN_POLL_MS, &readable);
    }
    return code;
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

static int run(struct publisher *publisher, const struct cli_channel *names)
{
    struct input file = {.fd = -1};
    int code = publisher->raw ? read_whole(publisher->raw, &file) : CLI_OK;

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
        int published = publish_all(publisher, &file);
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
    free(publisher->quoted.bytes);
    input_fini(&file);
    return code;
}

/* Reads what comes after the options, and holds all together. */
static int read_arguments(int argc, char **argv, struct publisher *publisher)
{
    int count = argc - optind;

    if (count < 1 || count > 2) {
        return cli_usage("%s; see msock pub -h",
                         count < 1 ? "no TOPIC" : "more than TOPIC and DATA");
    }
    publisher->topic = argv[optind];
    if (count == 2 && strcmp(argv[optind + 1], "-") != 0) {
        publisher->data = argv[optind + 1];
    }
    if (publisher->raw && count == 2) {
        return cli_usage("DATA and --raw both; one message has one of them");
    }
    if (publisher->how.type && !publisher->raw) {
        return cli_usage("--type is for --raw");
    }
    if (publisher->clear && (count == 2 || publisher->raw)) {
        return cli_usage("--clear goes without data");
    }
    bool one = publisher->data || publisher->raw || publisher->clear;
    int code = pub_confirm_check(&publisher->confirm, one);
    publisher->how.reliable |= publisher->confirm.wanted;
    return code == CLI_OK ? pub_how_check(&publisher->how) : code;
}

/* Reads the options.  Returns CLI_OK, or the exit code with which to end now;
 * *ended says that this is so even if the code is CLI_OK. */
static int read_options(int argc, char **argv, struct publisher *publisher,
                        struct cli_channel *names, bool *ended)
{
    static const struct option options[] = {
        {"raw", required_argument, NULL, RAW},
        {"type", required_argument, NULL, TYPE},
        {"clear", no_argument, NULL, CLEAR},
        {"reliable", no_argument, NULL, HOW + PUB_RELIABLE},
        {"copies", required_argument, NULL, HOW + PUB_COPIES},
        {"expires", required_argument, NULL, HOW + PUB_EXPIRES},
        {"after", required_argument, NULL, HOW + PUB_AFTER},
        {"state", no_argument, NULL, HOW + PUB_STATE},
        {"conflate", no_argument, NULL, HOW + PUB_CONFLATE},
        {"confirm", no_argument, NULL, CONFIRM},
        {"deadline", required_argument, NULL, DEADLINE},
        {"expect", required_argument, NULL, EXPECT},
        {"json", no_argument, NULL, JSON},
        CLI_CHANNEL_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    int code = CLI_OK;
    int option;

    opterr = 0;
    while (code == CLI_OK &&
           (option = getopt_long(argc, argv, CLI_SHORT_OPTIONS, options,
                                 NULL)) != -1) {
        switch (option) {
        case RAW:
            publisher->raw = optarg;
            break;
        case TYPE:
            publisher->how.type = optarg;
            break;
        case CLEAR:
            publisher->clear = publisher->how.state = true;
            break;
        case CONFIRM:
            publisher->confirm.wanted = true;
            break;
        case DEADLINE:
            code = pub_confirm_deadline(&publisher->confirm, optarg);
            break;
        case EXPECT:
            code = pub_confirm_expect(&publisher->confirm, optarg);
            break;
        case JSON:
            publisher->confirm.json = true;
            break;
        case 'h':
            *ended = true;
            return cli_print(help);
        default:
            code = option >= HOW ? pub_how_read((enum pub_how)(option - HOW),
                                                &publisher->how)
                                 : cli_channel_option(names, option, argv);
        }
    }
    if (code == CLI_OK) {
        code = read_arguments(argc, argv, publisher);
    }
    *ended = code != CLI_OK;
    return code;
}

static int cmd(int argc, char **argv)
{
    struct publisher publisher = {
        .how = {.struct_size = sizeof(msock_publish_options)}};
    struct cli_channel names = {.verb = "pub"};
    bool ended = false;
    int code = read_options(argc, argv, &publisher, &names, &ended);

    return ended ? code : run(&publisher, &names);
}

const struct verb verb_pub = {
    .name = "pub",
    .summary = "publish a message, or one for each line of input",
    .run = cmd,
};
