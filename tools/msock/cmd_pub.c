/* SPDX-License-Identifier: Apache-2.0 */
/* msock pub: publishes a message, or one for each line of standard input. */
#include "tools/msock/cli.h"
#include "tools/msock/mosquitto.h"
#include "tools/msock/pub_how.h"
#include "tools/msock/publish.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <stdlib.h>
#include <string.h>

static const double delay_max_s = 1e6;

/* Options of this verb alone. */
enum { CONFIRM = PAYLOAD_OWN, DEADLINE, EXPECT, JSON, REPEAT, DELAY, HOW };

static int read_delay(const char *text, double *delay_s)
{
    double value;

    if (!until_number(text, &value) || value > delay_max_s) {
        return cli_usage("--repeat-delay wants seconds, at most %.0f, not %s",
                         delay_max_s, text);
    }
    *delay_s = value;
    return CLI_OK;
}

static int take_topic(struct publisher *publisher, const char *topic)
{
    if (publisher->topic) {
        return cli_usage("-t twice; a message has one topic");
    }
    publisher->topic = topic;
    return CLI_OK;
}

static int take(void *user, int id, const char *value)
{
    struct publisher *publisher = user;

    switch (id) {
    case 't':
        return take_topic(publisher, value);
    case PAYLOAD_CLEAR:
        publisher->how.state = true;
        return payload_take(&publisher->payload, id, value);
    case CONFIRM:
        publisher->confirm.wanted = true;
        return CLI_OK;
    case DEADLINE:
        return pub_confirm_deadline(&publisher->confirm, value);
    case EXPECT:
        return pub_confirm_expect(&publisher->confirm, value);
    case JSON:
        publisher->confirm.json = true;
        return CLI_OK;
    case REPEAT:
        return until_count("--repeat", value, &publisher->repeat);
    case DELAY:
        return read_delay(value, &publisher->delay_s);
    default:
        return id >= HOW ? pub_how_read((enum pub_how)(id - HOW), value,
                                        &publisher->how)
                         : payload_take(&publisher->payload, id, value);
    }
}

/* Holds the options together, with what comes after them. */
static int check(int argc, char **argv, struct publisher *publisher)
{
    struct payload *payload = &publisher->payload;
    int code = payload_arguments(payload, argc, argv, &publisher->topic);
    bool dash = payload->kind == PAYLOAD_TEXT && payload->option[0] == 'D' &&
                strcmp(payload->text, "-") == 0;

    if (payload->kind == PAYLOAD_UNSAID || dash) {
        payload->kind = PAYLOAD_LINES;
        payload->option = "standard input";
    }
    if (code == CLI_OK &&
        !msock_topic_match(publisher->topic, publisher->topic)) {
        code = cli_error("\"%s\" is not a topic: 1..%d bytes of UTF-8, at most "
                         "%d levels, without +, # and control characters",
                         publisher->topic, MSOCK_TOPIC_MAX, MSOCK_LEVELS_MAX);
    }
    if (code == CLI_OK) {
        code = payload_check(payload);
    }
    bool one = payload->kind != PAYLOAD_LINES;
    if (code == CLI_OK && publisher->repeat > 0 &&
        (!one || publisher->confirm.wanted)) {
        code = cli_usage("--repeat is for one message, without --confirm");
    }
    if (code == CLI_OK && publisher->delay_s > 0 && publisher->repeat == 0) {
        code = cli_usage("--repeat-delay is for --repeat");
    }
    if (code == CLI_OK) {
        code = pub_confirm_check(&publisher->confirm, one);
    }
    publisher->how.type = payload->type;
    publisher->how.reliable |= publisher->confirm.wanted;
    return code == CLI_OK ? pub_how_check(&publisher->how) : code;
}

static int run(int argc, char **argv)
{
    struct publisher publisher = {
        .how = {.struct_size = sizeof(msock_publish_options)}};
    struct cli_channel names = {.verb = "pub"};
    bool ended = false;
    int code = mosquitto_check(&verb_pub, argc, argv);

    if (code != CLI_OK) {
        return code;
    }
    code =
        verb_options(&verb_pub, argc, argv, &names, take, &publisher, &ended);
    if (code == CLI_OK && !ended) {
        code = check(argc, argv, &publisher);
        ended = code != CLI_OK;
    }
    return ended ? code : publish_all(&publisher, &names);
}

static const char *const forms[] = {"[OPTION]... TOPIC [DATA]",
                                    "[OPTION]... -t TOPIC -m MESSAGE", NULL};

static const struct verb_option options[] = {
    {'t', "topic", "TOPIC", "the topic", VERB_ANYTHING},
    {'m', "message", "MESSAGE", "publish MESSAGE, as DATA; empty: as -n",
     VERB_ANYTHING},
    {'f', "file", "FILE",
     "publish what FILE holds (-: standard input): text, with its last "
     "newline, as DATA, and bytes that are not UTF-8 as --raw",
     VERB_FILE},
    {'s', "stdin-file", NULL, "publish all of standard input as one message",
     VERB_ANYTHING},
    {'l', "stdin-line", NULL,
     "publish each line of standard input; an empty one as -n", VERB_ANYTHING},
    {'n', "null-message", NULL, "publish a message without data",
     VERB_ANYTHING},
    {PAYLOAD_STRING, "string", NULL,
     "DATA goes as a JSON string also if it is JSON, so that it arrives "
     "unchanged to the byte",
     VERB_ANYTHING},
    {PAYLOAD_RAW, "raw", "FILE",
     "publish the bytes of FILE (-: of standard input)", VERB_FILE},
    {PAYLOAD_TYPE, "type", "TYPE",
     "the media type of these bytes, such as image/jpeg", VERB_ANYTHING},
    {REPEAT, "repeat", "N", "publish the message N times [1]", VERB_ANYTHING},
    {DELAY, "repeat-delay", "S", "with S seconds between [0]", VERB_ANYTHING},
    {HOW + PUB_RELIABLE, "reliable", NULL,
     "once and in order, or reported as lost; without it nothing tells or "
     "mends a loss",
     VERB_ANYTHING},
    {HOW + PUB_COPIES, "copies", "K",
     "send every frame K times, 1 to 10, 20 ms apart or what copies_ms says: "
     "who listens gets the first that arrives [1]",
     VERB_ANYTHING},
    {HOW + PUB_EXPIRES, "expires", "MS",
     "not delivered when older than MS milliseconds", VERB_ANYTHING},
    {HOW + PUB_AFTER, "after", "MS",
     "delivered MS milliseconds after it was sent, at the same moment "
     "everywhere, at most 60000",
     VERB_ANYTHING},
    {HOW + PUB_STATE, "state", NULL,
     "DATA is the topic's state from now on, which later subscribers are told "
     "as well",
     VERB_ANYTHING},
    {PAYLOAD_CLEAR, "clear", NULL, "the topic has no state any more",
     VERB_ANYTHING},
    {HOW + PUB_CONFLATE, "conflate", NULL,
     "of states that wait to be sent the last one is enough", VERB_ANYTHING},
    {CONFIRM, "confirm", NULL,
     "tell who acted on DATA; exit code 1 if not all did", VERB_ANYTHING},
    {DEADLINE, "deadline", "MS",
     "and wait so long for it, at most 600000 "
     "[1000]",
     VERB_ANYTHING},
    {EXPECT, "expect", "N",
     "N nodes have to act, 1 to 100000, also if fewer are heard",
     VERB_ANYTHING},
    {JSON, "json", NULL, "and tell it as one object a line", VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Sending",
     "It waits up to 3 seconds for a network, and ends when everything has "
     "been handed to the system. With a key, and with --reliable, it stays for "
     "who asks: half a second after the last one did, and 2 at most.\n\n"
     "A line that cannot be sent is told, and the others go on; a network that "
     "takes nothing for 5 seconds ends it.\n\n"
     "On a sealed channel --expires counts the time, some milliseconds, in "
     "which a listener that is new to the sender asks who it is: of a single "
     "pub everybody is new. With --after it ends before that moment. A state "
     "goes reliably, and pub stays a second longer, for who knows a newer "
     "state than it did: nobody sees an older one after it. States last as "
     "long as a node that holds them is there.\n\n"
     "--reliable, --copies, --expires, --after, --state and --confirm do not "
     "work with codec=raw."},
    {"Confirming",
     "--confirm looks for a second who is there, publishes one message "
     "reliably, and tells of each node that listens to it whether its handlers "
     "acted on it, refused it, and why, or were silent; then how many acted, "
     "and in what time. Who is silent may have acted all the same, or act "
     "later, but for --expires. Subscriptions of msock sub only observe, and "
     "are not asked. The exit code is 1 if somebody did not act, or nobody was "
     "there. A node that was not heard within that second, as one that hangs, "
     "is not missed without --expect.\n\n"
     "With --json each line is an object, of a node with the keys \"node\", "
     "\"session\", \"state\" (\"acted\", \"refused\" or "
     "\"silent\"), \"ms\", \"extra\" (it was not heard before, or not "
     "known to listen, and is in no total), and of one that refused "
     "\"code\" and \"error\"; the last line has \"expected\", "
     "\"acted\", \"refused\" and \"ms\"."},
    {0},
};

const struct verb verb_pub = {
    .name = "pub",
    .summary = "publish a message, or one for each line of input",
    .forms = forms,
    .text =
        "Publishes DATA on TOPIC: as it is if it is JSON, else as a JSON "
        "string; a note says so of what begins with { or [. Without DATA, or "
        "with -, each line of standard input is a message, sent as soon as it "
        "is read.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = run,
};
