/* SPDX-License-Identifier: Apache-2.0 */
/* msock-sim: plays simulations by seed. One seed is told as it happens; many
 * are played by several processes and summed up. */
#include "tests/sim/crowd.h"
#include "tests/sim/runner.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: msock-sim --seed N [--quiet]\n"
    "       msock-sim --seeds A..B | --count N [--from A]  [-j PROCESSES]\n"
    "                 [--failures N]\n"
    "       msock-sim --crowd N [--sealed] [--loss PERCENT] [--from SEED]\n"
    "                 [--quiet]\n"
    "\n"
    "--seed     plays one simulation and tells what happens (--quiet: only\n"
    "           how it ended)\n"
    "--seeds    plays those of A to B\n"
    "--count    plays N of them, from A on [1]\n"
    "-j         so many at a time [as many as there are processors]\n"
    "--failures stops after so many that failed [1]\n"
    "--crowd    lets N nodes (2 to 1024) open within one second, until each\n"
    "           knows each and 10 s more, for 90 s at most\n"
    "\n"
    "Exit status: 0 all checks held, 1 one failed, 2 usage.\n";

struct request {
    struct runner_config config;
    bool single;
    bool quiet;
    struct crowd_config crowd; /* node_count 0: none */
};

static bool read_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool read_range(char *text, struct runner_config *config)
{
    uint64_t last;
    char *dots = strstr(text, "..");
    if (dots == NULL) {
        return false;
    }
    *dots = '\0';
    if (!read_number(text, &config->first) || !read_number(dots + 2, &last) ||
        last < config->first) {
        return false;
    }
    config->count = last - config->first + 1;
    return true;
}

static bool read_crowd(struct request *request, int option)
{
    struct crowd_config *crowd = &request->crowd;
    uint64_t number = 0;
    char *end;
    if (option == 'e') {
        crowd->sealed = true;
        return true;
    }
    if (option == 'l') {
        crowd->loss = strtod(optarg, &end);
        return end != optarg && *end == '\0' && crowd->loss >= 0.0 &&
               crowd->loss <= 100.0;
    }
    bool fits =
        read_number(optarg, &number) && number >= 2 && number <= CROWD_MAX;
    crowd->node_count = fits ? (unsigned)number : 0;
    return fits;
}

static bool read_option(struct request *request, int option)
{
    struct runner_config *config = &request->config;
    uint64_t number = 0;
    switch (option) {
    case 's':
        request->single = true;
        return read_number(optarg, &config->first);
    case 'r':
        return read_range(optarg, config);
    case 'c':
        return read_number(optarg, &config->count);
    case 'f':
        return read_number(optarg, &config->first);
    case 'm':
        return read_number(optarg, &config->fail_max);
    case 'j':
        config->jobs =
            read_number(optarg, &number) && number <= 64 ? (unsigned)number : 0;
        return config->jobs > 0;
    case 'q':
        request->quiet = true;
        return true;
    case 'w':
    case 'e':
    case 'l':
        return read_crowd(request, option);
    default:
        return false;
    }
}

static bool read_request(struct request *request, int count, char **arguments)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},
        {"seeds", required_argument, NULL, 'r'},
        {"count", required_argument, NULL, 'c'},
        {"from", required_argument, NULL, 'f'},
        {"failures", required_argument, NULL, 'm'},
        {"quiet", no_argument, NULL, 'q'},
        {"crowd", required_argument, NULL, 'w'},
        {"sealed", no_argument, NULL, 'e'},
        {"loss", required_argument, NULL, 'l'},
        {0}};
    int option;
    while ((option = getopt_long(count, arguments, "j:q", options, NULL)) !=
           -1) {
        if (!read_option(request, option)) {
            return false;
        }
    }
    return optind == count && (request->single || request->config.count > 0 ||
                               request->crowd.node_count > 0);
}

static void print_sum(const struct story_result *sum)
{
    printf("virtual hours   %.1f\n"
           "channels opened %" PRIu64 "\n"
           "datagrams       %" PRIu64 " (%" PRIu64 " copies lost, %" PRIu64
           " injected)\n"
           "messages        %" PRIu64 " published, %" PRIu64 " delivered\n"
           "repairs         %" PRIu64 " for %" PRIu64 " NACKs, %" PRIu64
           " losses reported\n"
           "confirmed       %" PRIu64 " messages: %" PRIu64
           " times acted, %" PRIu64 " refused, %" PRIu64 " silent\n"
           "requests        %" PRIu64 " with %" PRIu64 " replies, %" PRIu64
           " in vain\n",
           (double)sum->virtual_us / 3.6e9, sum->lives, sum->datagrams,
           sum->copies_lost, sum->injected, sum->published, sum->delivered,
           sum->repairs, sum->nacks, sum->losses, sum->orders, sum->acted,
           sum->refused, sum->silent, sum->questions, sum->replies,
           sum->in_vain);
}

static int play_one(const struct request *request)
{
    struct story_result result;
    story_play(request->config.first, request->quiet ? NULL : stdout, &result);
    print_sum(&result);
    printf("digest          %016" PRIx64 "\n", result.digest);
    if (result.failed) {
        printf("seed %" PRIu64 " failed: %s\n", result.seed, result.why);
    }
    return result.failed ? 1 : 0;
}

static int play_many(const struct request *request)
{
    struct runner_summary summary;
    runner_play(&request->config, &summary);
    printf("seeds           %" PRIu64 " from %" PRIu64 ", %" PRIu64
           " failed, %.1f s\n"
           "CPU time        %.1f s (most for seed %" PRIu64 ": %.2f s)\n",
           summary.played, request->config.first, summary.failures,
           summary.wall_s, summary.cpu_s, summary.slowest, summary.slowest_s);
    print_sum(&summary.sum);
    if (summary.failures > 0) {
        printf("first failure   seed %" PRIu64 "\n", summary.first_failure);
    }
    return summary.failures > 0 ? 1 : 0;
}

static int play_crowd(const struct request *request)
{
    struct crowd_config config = request->crowd;
    struct crowd_result result;
    config.seed = request->config.first;
    config.stop_s = 90;
    config.after_s = 10;
    config.out = request->quiet ? NULL : stdout;
    crowd_play(&config, &result);
    crowd_print(&config, &result, stdout);
    return result.failed || result.known_ms == 0 ? 1 : 0;
}

int main(int count, char **arguments)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct request request = {.config = {.first = 1, .jobs = 1}};
    if (processors > 0) {
        request.config.jobs = processors < 64 ? (unsigned)processors : 64;
    }
    if (!read_request(&request, count, arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    if (request.crowd.node_count > 0) {
        return play_crowd(&request);
    }
    return request.single ? play_one(&request) : play_many(&request);
}
