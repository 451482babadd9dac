/* SPDX-License-Identifier: Apache-2.0 */
/* msock bench: measures one's own network, between programs of this very kind.
 */
#include "tools/msock/bench.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    DURATION = CLI_OWN,
    FULL_SPEED,
    RELIABLE,
    SERVING,
    LOSSLESS,
    PROGRESS,
    JSON
};
enum {
    SIZE_MAX_BYTES = 8 << 20,
    RATE_MAX = 1000000,
    RATE_USUAL = 100,
    USUAL_BYTES = 1 << 20 /* a second */
};

static const uint64_t count_max = UINT64_C(1000000000000);
static const double duration_max_s = 86400;

/* Reads a number from `least` to `most` for the option of this name. */
static int read_number(const char *option, const char *text, uint64_t least,
                       uint64_t most, uint64_t *number)
{
    char *end;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < least ||
        value > most) {
        return cli_usage("%s wants a number from %llu to %llu, not %s", option,
                         (unsigned long long)least, (unsigned long long)most,
                         text);
    }
    *number = value;
    return CLI_OK;
}

static int read_size(struct bench *bench, const char *text)
{
    uint64_t size = 0;
    int code =
        read_number("--size", text, BENCH_MESSAGE_SIZE, SIZE_MAX_BYTES, &size);

    bench->size = (size_t)size;
    return code;
}

static const struct verb bench_verb_pub;
static const struct verb bench_verb_sub;
static const struct verb bench_verb_rtt;

static int take(void *user, int id, const char *value)
{
    struct bench *bench = user;

    switch (id) {
    case 'C':
        return read_number("-C", value, 1, count_max, &bench->count);
    case DURATION:
        return until_seconds("--duration", value, duration_max_s,
                             &bench->duration_s);
    case 'r':
        return read_number("--rate", value, 1, RATE_MAX, &bench->rate);
    case FULL_SPEED:
        bench->full_speed = true;
        return CLI_OK;
    case 's':
        return read_size(bench, value);
    case RELIABLE:
        bench->reliable = true;
        return CLI_OK;
    case 'n':
        return read_number("--publishers", value, 1, 64, &bench->publishers);
    case SERVING:
        bench->serve = true;
        return CLI_OK;
    case LOSSLESS:
        bench->lossless = true;
        return CLI_OK;
    case PROGRESS:
        bench->progress = true;
        return CLI_OK;
    default:
        bench->json = true;
        return CLI_OK;
    }
}

/* Holds options together. */
static int check(const struct bench *bench)
{
    const char *url = cli_channel_url(&bench->names);

    if (bench->full_speed && bench->rate > 0) {
        return cli_usage("--rate and --full-speed both");
    }
    if (bench->serve &&
        (bench->full_speed || bench->rate > 0 || bench->size > 0 ||
         bench->reliable || bench->lossless)) {
        return cli_usage("--serve answers what is asked, as it is asked: -C, "
                         "--duration, --progress and --json go with it");
    }
    if (url && strstr(url, "codec=raw")) {
        return cli_usage("bench needs frames, which codec=raw has not");
    }
    return CLI_OK;
}

/* Gentle where nothing is said. */
static void set_defaults(struct bench *bench, bool sends)
{
    bench->publishers = bench->publishers > 0 ? bench->publishers : 1;
    bench->size = bench->size > 0 ? bench->size : 64;
    if (bench->rate == 0) {
        uint64_t most = USUAL_BYTES / bench->size;
        bench->rate = most < RATE_USUAL ? most : RATE_USUAL;
        bench->rate = bench->rate > 0 ? bench->rate : 1;
    }
    if (bench->duration_s <= 0) {
        bench->duration_s = sends && bench->count > 0 ? duration_max_s
                            : sends                   ? 10
                                                      : 300;
    }
}

/* Runs the word. */
static int run_word(const struct verb *verb, int argc, char **argv)
{
    struct bench bench = {.names = {.verb = "bench"}};
    bool ended = false;
    int code =
        verb_options(verb, argc, argv, &bench.names, take, &bench, &ended);

    if (ended) {
        return code;
    }
    if (optind < argc) {
        return cli_usage("unknown word %s; see msock %s -h", argv[optind],
                         verb->name);
    }
    code = check(&bench);
    if (code != CLI_OK) {
        return code;
    }
    set_defaults(&bench, verb != &bench_verb_sub && !bench.serve);
    if (verb == &bench_verb_pub) {
        return bench_pub(&bench);
    }
    if (verb == &bench_verb_sub) {
        return bench_sub(&bench);
    }
    return bench.serve ? bench_serve(&bench) : bench_rtt(&bench);
}

static int run_pub(int argc, char **argv)
{
    return run_word(&bench_verb_pub, argc, argv);
}

static int run_sub(int argc, char **argv)
{
    return run_word(&bench_verb_sub, argc, argv);
}

static int run_rtt(int argc, char **argv)
{
    return run_word(&bench_verb_rtt, argc, argv);
}

/* -- The words -- */

#define OPTION_RATE                                                            \
    {                                                                          \
        'r', "rate", "R",                                                      \
            "messages a second, at most 1000000; who falls behind by over "    \
            "100 ms "                                                          \
            "sends later and not in a burst, and tells it [100; fewer if "     \
            "they were "                                                       \
            "over 1 MiB]",                                                     \
            VERB_ANYTHING                                                      \
    }
#define OPTION_SIZE                                                            \
    {                                                                          \
        's', "size", "BYTES",                                                  \
            "of the data of a message, 32 to 8388608, as far as the channel "  \
            "takes "                                                           \
            "it, which is about 1.4 MB if it is not reliable [64]",            \
            VERB_ANYTHING                                                      \
    }
#define OPTION_PROGRESS                                                        \
    {                                                                          \
        PROGRESS, "progress", NULL,                                            \
            "tell each second how far it is; always on a terminal",            \
            VERB_ANYTHING                                                      \
    }
#define OPTION_JSON                                                            \
    {                                                                          \
        JSON, "json", NULL, "one object a line", VERB_ANYTHING                 \
    }

static const char *const pub_forms[] = {"[OPTION]...", NULL};
static const struct verb_option pub_options[] = {
    {'C', "count", "N", "so many messages, up to 10^12; else those of the time",
     VERB_ANYTHING},
    {DURATION, "duration", "S",
     "end after S seconds, at most 86400 [10, or with -C no end]",
     VERB_ANYTHING},
    OPTION_RATE,
    {FULL_SPEED, "full-speed", NULL,
     "as fast as they leave: everybody on the channel and its network feels it",
     VERB_ANYTHING},
    OPTION_SIZE,
    {RELIABLE, "reliable", NULL, "once and in order, or reported as lost",
     VERB_ANYTHING},
    OPTION_PROGRESS,
    OPTION_JSON,
    {0}};
static const struct verb bench_verb_pub = {
    .name = "bench pub",
    .summary = "publish numbered messages, after bench sub was started",
    .forms = pub_forms,
    .text = "Publishes numbered messages on bench/load: 100 a second of 64 "
            "bytes for 10 seconds, if nothing else is said.",
    .options = pub_options,
    .channel = true,
    .run = run_pub};

static const struct verb_option sub_options[] = {
    {'C', "count", "N", "end after so many messages", VERB_ANYTHING},
    {DURATION, "duration", "S", "end after S seconds, at most 86400 [300]",
     VERB_ANYTHING},
    {'n', "publishers", "N", "end when N publishers have, 1 to 64 [1]",
     VERB_ANYTHING},
    {LOSSLESS, "require-lossless", NULL,
     "exit code 1 if something is lost or early, or the end of a publisher was "
     "not heard",
     VERB_ANYTHING},
    OPTION_PROGRESS,
    OPTION_JSON,
    {0}};
static const struct verb bench_verb_sub = {
    .name = "bench sub",
    .summary = "count them, by publisher: first, on one or more hosts",
    .forms = pub_forms,
    .text = "Counts what bench pub publishes, by publisher. Start it first: "
            "what was sent before it listened is told as early. It ends half a "
            "second after the publisher did, or 5 seconds after the last that "
            "was heard of it, and tells what was dropped here, and why, as "
            "msock sub does.",
    .options = sub_options,
    .channel = true,
    .run = run_sub};

static const char *const rtt_forms[] = {"[OPTION]...", "--serve [OPTION]...",
                                        NULL};
static const struct verb_option rtt_options[] = {
    {SERVING, "serve", NULL,
     "answer on bench/answer what is asked on bench/ask, as often and as large "
     "as it is asked: first, on one or more hosts",
     VERB_ANYTHING},
    {'C', "count", "N",
     "ask so often, up to 10^12; with --serve end after so "
     "many answers",
     VERB_ANYTHING},
    {DURATION, "duration", "S",
     "end after S seconds, at most 86400 [10, or with -C no end; --serve: 300]",
     VERB_ANYTHING},
    OPTION_RATE,
    {FULL_SPEED, "full-speed", NULL,
     "ask when the question before is answered, or after a second",
     VERB_ANYTHING},
    OPTION_SIZE,
    {RELIABLE, "reliable", NULL,
     "once and in order, or reported as lost; answers go as the questions came",
     VERB_ANYTHING},
    {LOSSLESS, "require-lossless", NULL, "exit code 1 if an answer is missing",
     VERB_ANYTHING},
    OPTION_PROGRESS,
    OPTION_JSON,
    {0}};
static const struct verb bench_verb_rtt = {
    .name = "bench rtt",
    .summary = "ask who serves, and measure when answers come",
    .forms = rtt_forms,
    .text = "Asks on bench/ask, and measures by one's own clock when each of "
            "those who serve answers.",
    .options = rtt_options,
    .channel = true,
    .run = run_rtt};

/* -- The verb -- */

static const struct verb *const verbs[] = {&bench_verb_pub, &bench_verb_sub,
                                           &bench_verb_rtt, NULL};

static const char *const forms[] = {"pub | sub | rtt [OPTION]...", NULL};

static const struct verb_section sections[] = {
    {"Output",
     "With --json each object has a \"kind\": \"publisher\", \"responder\","
     " \"sent\", \"served\" or \"channel\", with the drops by their "
     "reasons.\n\nOf each publisher or responder are told: what was "
     "received, each message once, and the messages and bits of their data "
     "a second from the first to the last of them; lost, by the numbers in "
     "the messages, those that should have come since one listened; "
     "duplicates; reordered, which came after a later one; and stale, which"
     " came after 65536 later ones and are lost. Times are in microseconds:"
     " half of them are at most p50, and so on; each is at most 0.8 % above"
     " the true one. A round trip that takes a second or more may be lost "
     "if it is the last.\n\nHow long a message takes one way is the "
     "receiver's clock less the sender's. On one host (\"one_clock\") that "
     "is the time. Between hosts what their clocks differ by is in it, and "
     "nobody can tell: the figures are those of what each took longer than "
     "the quickest, and \"least\" is what the quickest took, with that "
     "difference. If the clocks agree, add it.\n\nWith a trust file, "
     "bench/# is what the nodes have to be allowed to publish."},
    {"Exit status", "0; 1 if nothing was heard, or something is missing that "
                    "--require-lossless asks for."},
    {"Examples",
     "What a network loses of 1000 messages a second, on two hosts:\n\n "
     "msock bench sub -c URL       # first\n msock bench pub -r 1000 -c URL"},
    {0},
};

static int run(int argc, char **argv)
{
    return verb_run_sub(&verb_bench, argc, argv);
}

const struct verb verb_bench = {
    .name = "bench",
    .summary = "measure your own network",
    .forms = forms,
    .text = "Measures one's own network and hosts, between programs of this "
            "very kind. All of it is seen and carried by everybody on the "
            "channel, so by default it is gentle, and each word says on "
            "standard error what it will send before it does.",
    .sections = sections,
    .verbs = verbs,
    .run = run,
};
