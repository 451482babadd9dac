/* SPDX-License-Identifier: Apache-2.0 */
/* msock bench: measures one's own network, between programs of this very kind.
 */
#include "tools/msock/bench.h"
#include "tools/msock/until.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: msock bench sub [OPTION]...    first, on one or more hosts\n"
    "       msock bench pub [OPTION]...    then, on another\n"
    "       msock bench rtt --serve        first, on one or more hosts\n"
    "       msock bench rtt [OPTION]...    then, on another\n"
    "Publishes numbered messages on bench/load and counts what comes of them,\n"
    "by publisher; or asks on bench/ask and measures when answers come on\n"
    "bench/answer. Says before what it will send.\n"
    "  -C, --count N      pub, rtt: so many messages; else those of the time;\n"
    "                     sub, --serve: end after so many\n"
    "      --duration S   end after S seconds, at most 86400 [pub, rtt: 10, "
    "or\n"
    "                     with -C no end; sub, --serve: 300]\n"
    "  -r, --rate R       messages a second, at most 1000000 [100; fewer if\n"
    "                     they were over 1 MiB]\n"
    "      --full-speed   as fast as they leave: everybody on the channel and\n"
    "                     its network feels it; rtt: each when the one before\n"
    "                     is answered\n"
    "  -s, --size BYTES   of a message, 32 to 8388608 [64]\n"
    "      --reliable     once and in order, or reported as lost\n"
    "  -n, --publishers N sub: end when N publishers have [1]\n"
    "      --require-lossless\n"
    "                     sub, rtt: exit code 1 if something did not come\n"
    "      --progress     tell each second how far it is; always on a "
    "terminal\n"
    "      --json         one object a line\n" CLI_CHANNEL_HELP;

enum { PUB = 1, SUB = 2, RTT = 4, SERVE = 8 };
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

/* What is for some words alone. */
static const struct limit {
    int option;
    const char *name;
    unsigned words;
} limits[] = {
    {'r', "--rate", PUB | RTT}, {FULL_SPEED, "--full-speed", PUB | RTT},
    {'s', "--size", PUB | RTT}, {RELIABLE, "--reliable", PUB | RTT},
    {'n', "--publishers", SUB}, {LOSSLESS, "--require-lossless", SUB | RTT},
};
enum { LIMIT_COUNT = sizeof(limits) / sizeof(limits[0]) };

struct call {
    struct bench bench;
    bool serve;
    bool given[LIMIT_COUNT];
};

static void note_given(struct call *call, int option)
{
    for (int i = 0; i < LIMIT_COUNT; i++) {
        if (limits[i].option == option) {
            call->given[i] = true;
        }
    }
}

/* Reads a number from `least` to `most` for the option of this name. */
static int read_number(const char *option, uint64_t least, uint64_t most,
                       uint64_t *number)
{
    char *end;

    errno = 0;
    unsigned long long value = strtoull(optarg, &end, 10);
    if (optarg[0] < '0' || optarg[0] > '9' || *end || errno || value < least ||
        value > most) {
        return cli_usage("%s wants a number from %llu to %llu, not %s", option,
                         (unsigned long long)least, (unsigned long long)most,
                         optarg);
    }
    *number = value;
    return CLI_OK;
}

static int read_size(struct bench *bench)
{
    uint64_t size = 0;
    int code = read_number("--size", BENCH_MESSAGE_SIZE, SIZE_MAX_BYTES, &size);

    bench->size = (size_t)size;
    return code;
}

static int read_duration(struct bench *bench)
{
    char *end;
    double value = strtod(optarg, &end);

    if (end == optarg || *end || !(value > 0 && value <= duration_max_s)) {
        return cli_usage("--duration wants a number of seconds, over 0 and at "
                         "most %.0f, not %s",
                         duration_max_s, optarg);
    }
    bench->duration_s = value;
    return CLI_OK;
}

static int take_option(struct call *call, int option, char **argv)
{
    struct bench *bench = &call->bench;

    note_given(call, option);
    switch (option) {
    case 'C':
        return read_number("-C", 1, count_max, &bench->count);
    case DURATION:
        return read_duration(bench);
    case 'r':
        return read_number("--rate", 1, RATE_MAX, &bench->rate);
    case FULL_SPEED:
        bench->full_speed = true;
        return CLI_OK;
    case 's':
        return read_size(bench);
    case RELIABLE:
        bench->reliable = true;
        return CLI_OK;
    case 'n':
        return read_number("--publishers", 1, 64, &bench->publishers);
    case SERVING:
        call->serve = true;
        return CLI_OK;
    case LOSSLESS:
        bench->lossless = true;
        return CLI_OK;
    case PROGRESS:
        bench->progress = true;
        return CLI_OK;
    case JSON:
        bench->json = true;
        return CLI_OK;
    default:
        return cli_channel_option(&bench->names, option, argv);
    }
}

/* Reads the options.  Returns as the verb does; *ended says that it ends now.
 */
static int read_options(int argc, char **argv, struct call *call, bool *ended)
{
    static const struct option options[] = {
        {"count", required_argument, NULL, 'C'},
        {"duration", required_argument, NULL, DURATION},
        {"rate", required_argument, NULL, 'r'},
        {"full-speed", no_argument, NULL, FULL_SPEED},
        {"size", required_argument, NULL, 's'},
        {"reliable", no_argument, NULL, RELIABLE},
        {"publishers", required_argument, NULL, 'n'},
        {"serve", no_argument, NULL, SERVING},
        {"require-lossless", no_argument, NULL, LOSSLESS},
        {"progress", no_argument, NULL, PROGRESS},
        {"json", no_argument, NULL, JSON},
        CLI_CHANNEL_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    int code = CLI_OK;
    int option;

    opterr = 0;
    while (code == CLI_OK &&
           (option = getopt_long(argc, argv, CLI_SHORT_OPTIONS "C:r:s:n:",
                                 options, NULL)) != -1) {
        if (option == 'h') {
            *ended = true;
            return cli_print(help);
        }
        code = take_option(call, option, argv);
    }
    *ended = code != CLI_OK;
    return code;
}

/* Returns what the word means, 0 after having told that it is none. */
static unsigned read_word(int argc, char **argv, bool serve)
{
    static const char *const words[] = {"pub", "sub", "rtt"};
    const char *word = optind < argc ? argv[optind] : "";

    for (unsigned i = 0; i < 3 && optind == argc - 1; i++) {
        if (strcmp(word, words[i]) == 0) {
            return serve && i == 2 ? SERVE : 1U << i;
        }
    }
    cli_usage("one of pub, sub and rtt is wanted; see msock bench -h");
    return 0;
}

/* Holds options and word together. */
static int check(const struct call *call, unsigned word)
{
    const char *url = cli_channel_url(&call->bench.names);

    for (int i = 0; i < LIMIT_COUNT; i++) {
        if (call->given[i] && !(limits[i].words & word)) {
            return cli_usage("%s is not for this; see msock bench -h",
                             limits[i].name);
        }
    }
    if (call->serve && word != SERVE) {
        return cli_usage("--serve is for rtt");
    }
    if (call->bench.full_speed && call->bench.rate > 0) {
        return cli_usage("--rate and --full-speed both");
    }
    if (url && strstr(url, "codec=raw")) {
        return cli_usage("bench needs frames, which codec=raw has not");
    }
    return CLI_OK;
}

/* Gentle where nothing is said. */
static void set_defaults(struct bench *bench, unsigned word)
{
    bool sends = word == PUB || word == RTT;

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

int cmd_bench(int argc, char **argv)
{
    struct call call = {.bench = {.names = {.verb = "bench"}}};
    bool ended = false;
    int code = read_options(argc, argv, &call, &ended);

    if (ended) {
        return code;
    }
    unsigned word = read_word(argc, argv, call.serve);
    code = word == 0 ? CLI_USAGE : check(&call, word);
    if (code != CLI_OK) {
        return code;
    }
    set_defaults(&call.bench, word);
    switch (word) {
    case PUB:
        return bench_pub(&call.bench);
    case SUB:
        return bench_sub(&call.bench);
    case RTT:
        return bench_rtt(&call.bench);
    default:
        return bench_serve(&call.bench);
    }
}
