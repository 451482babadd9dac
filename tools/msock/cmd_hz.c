/* SPDX-License-Identifier: Apache-2.0 */
/* msock hz: how often messages come, each second. */
#include "tools/msock/verbs.h"
#include "tools/msock/watch.h"

#include "tools/msock/json_out.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

/** Gaps between messages, in ms (Welford's recurrence). */
struct gaps {
    uint64_t messages;
    uint64_t count;
    double mean, squares, least, most;
};

struct rate {
    struct gaps second, all;
    double last_ms;  /* when the last message came, 0: none did */
    int64_t told_ms; /* when the last line was */
};

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void add(struct gaps *gaps, double gap_ms)
{
    double off = gap_ms - gaps->mean;

    gaps->least =
        gaps->count == 0 || gap_ms < gaps->least ? gap_ms : gaps->least;
    gaps->most = gap_ms > gaps->most ? gap_ms : gaps->most;
    gaps->count++;
    gaps->mean += off / (double)gaps->count;
    gaps->squares += off * (gap_ms - gaps->mean);
}

static void on_message(struct watch *watch, const msock_message *message)
{
    struct rate *rate = watch->user;
    double at_ms = now_ms();

    (void)message;
    rate->second.messages++;
    rate->all.messages++;
    if (rate->last_ms > 0) {
        add(&rate->second, at_ms - rate->last_ms);
        add(&rate->all, at_ms - rate->last_ms);
    }
    rate->last_ms = at_ms;
}

static double deviation(const struct gaps *gaps)
{
    return gaps->count > 1 ? sqrt(gaps->squares / (double)(gaps->count - 1))
                           : 0;
}

static int put(const struct gaps *gaps, double seconds, bool json, bool end)
{
    struct cli_buffer out = {0};
    double per_s = seconds > 0 ? (double)gaps->messages / seconds : 0;

    json_out_format(&out,
                    json ? "{\"messages\":%" PRIu64 ",\"per_s\":%.3f"
                         : "%8" PRIu64 " messages  %10.3f/s",
                    gaps->messages, per_s);
    if (gaps->count > 0) {
        json_out_format(&out,
                        json ? ",\"gap_ms\":{\"min\":%.3f,\"mean\":%.3f,"
                               "\"max\":%.3f,\"sd\":%.3f}"
                             : "  gaps %.3f / %.3f / %.3f ms, sd %.3f",
                        gaps->least, gaps->mean, gaps->most, deviation(gaps));
    }
    return watch_print(&out, json, end);
}

static int tell(struct watch *watch, int64_t now, bool end)
{
    struct rate *rate = watch->user;
    int64_t since_ms =
        rate->told_ms > 0 && !end ? rate->told_ms : watch->began_ms;
    int code = put(end ? &rate->all : &rate->second,
                   (double)(now - since_ms) / 1000, watch->json, end);

    rate->second = (struct gaps){.messages = 0};
    rate->told_ms = now;
    return code;
}

static int run(int argc, char **argv)
{
    struct rate rate = {.last_ms = 0};
    struct watch watch = {.names.verb = "hz",
                          .verb = &verb_hz,
                          .each_second = true,
                          .on_message = on_message,
                          .tell = tell,
                          .user = &rate};
    bool ended = false;
    int code = watch_options(&watch, argc, argv, false, &ended);

    return ended ? code : watch_run(&watch);
}

static const char *const forms[] = {"[OPTION]... FILTER...", NULL};

static const struct verb_option options[] = {
    WATCH_OPTION_WAIT("end after S seconds"),
    WATCH_OPTION_JSON,
    {0},
};

static const struct verb_section sections[] = {
    {"Output",
     "With --json each object has \"messages\", \"per_s\", \"gap_ms\" (with"
     " \"min\", \"mean\", \"max\" and \"sd\") and \"end\", which is true of"
     " the last one."},
    {0},
};

const struct verb verb_hz = {
    .name = "hz",
    .summary = "tell how often messages come",
    .forms = forms,
    .text = "Prints each second how many messages match a FILTER, and the "
            "gaps between them in milliseconds: the shortest, the mean, the"
            " longest, and their standard deviation. The last line, when it"
            " ends, is about all of the time.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = run,
};
