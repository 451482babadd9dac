/* SPDX-License-Identifier: Apache-2.0 */
/* msock bw: how many bytes messages have, each second. */
#include "tools/msock/verbs.h"
#include "tools/msock/watch.h"

#include "tools/msock/json_out.h"

#include <inttypes.h>
#include <stdlib.h>

struct sizes {
    uint64_t messages;
    uint64_t bytes, least, most;
};

struct width {
    struct sizes second, all;
    int64_t told_ms;
};

static void add(struct sizes *sizes, uint64_t bytes)
{
    sizes->least =
        sizes->messages == 0 || bytes < sizes->least ? bytes : sizes->least;
    sizes->most = bytes > sizes->most ? bytes : sizes->most;
    sizes->messages++;
    sizes->bytes += bytes;
}

static void on_message(struct watch *watch, const msock_message *message)
{
    struct width *width = watch->user;
    uint64_t bytes = message->topic_size + message->data_size;

    add(&width->second, bytes);
    add(&width->all, bytes);
}

static int put(const struct sizes *sizes, double seconds, bool json, bool end)
{
    struct cli_buffer out = {0};
    double per_s = seconds > 0 ? (double)sizes->bytes / seconds : 0;

    json_out_format(&out,
                    json ? "{\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64
                           ",\"bytes_per_s\":%.1f"
                         : "%8" PRIu64 " messages  %12" PRIu64
                           " bytes  %12.0f B/s",
                    sizes->messages, sizes->bytes, per_s);
    if (sizes->messages > 0) {
        json_out_format(&out,
                        json ? ",\"size\":{\"min\":%" PRIu64 ",\"mean\":%.1f,"
                               "\"max\":%" PRIu64 "}"
                             : "  sizes %" PRIu64 " / %.1f / %" PRIu64,
                        sizes->least,
                        (double)sizes->bytes / (double)sizes->messages,
                        sizes->most);
    }
    return watch_print(&out, json, end);
}

static int tell(struct watch *watch, int64_t now_ms, bool end)
{
    struct width *width = watch->user;
    int64_t since_ms =
        width->told_ms > 0 && !end ? width->told_ms : watch->began_ms;
    int code = put(end ? &width->all : &width->second,
                   (double)(now_ms - since_ms) / 1000, watch->json, end);

    width->second = (struct sizes){.messages = 0};
    width->told_ms = now_ms;
    return code;
}

static int run(int argc, char **argv)
{
    struct width width = {.told_ms = 0};
    struct watch watch = {.names.verb = "bw",
                          .verb = &verb_bw,
                          .each_second = true,
                          .on_message = on_message,
                          .tell = tell,
                          .user = &width};
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
     "With --json each object has \"messages\", \"bytes\", \"bytes_per_s\","
     " \"size\" (with \"min\", \"mean\" and \"max\") and \"end\", which is "
     "true of the last one."},
    {0},
};

const struct verb verb_bw = {
    .name = "bw",
    .summary = "tell how many bytes messages have",
    .forms = forms,
    .text = "Prints each second how many bytes of topic and data match a "
            "FILTER (what frames and seals add is not in it), and the sizes"
            " of messages: the smallest, the mean and the largest. The last"
            " line, when it ends, is about all of the time.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = run,
};
