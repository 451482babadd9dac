/* SPDX-License-Identifier: Apache-2.0 */
/* Looking on. */
#include "tools/msock/watch.h"

#include "tools/msock/drops.h"
#include "tools/msock/ears.h"
#include "tools/msock/json_out.h"
#include "tools/msock/turn.h"
#include "tools/msock/unjoined.h"
#include "tools/msock/until.h"

#include <getopt.h>
#include <stdlib.h>

enum { SECOND_MS = 1000 };

static const double wait_max_s = 1e9;

static void finish(struct watch *watch, int code)
{
    watch->exit = code;
    msock_stop(watch->channel);
}

/* -- What happens -- */

static void on_message(const msock_message *message, void *user)
{
    struct watch *watch = user;

    if (!watch->enough) {
        watch->on_message(watch, message);
    }
    if (watch->failed) {
        finish(watch, CLI_FAILURE);
    } else if (watch->enough) {
        finish(watch, CLI_OK);
    }
}

static void on_second(msock_channel *channel, void *user)
{
    struct watch *watch = user;

    (void)channel;
    if (watch->tell(watch, turn_now_ms(), false) != CLI_OK) {
        watch->failed = true; /* tells no more */
        finish(watch, cli_reader_gone() ? CLI_OK : CLI_FAILURE);
    }
}

static void on_join_wait(msock_channel *channel, void *user)
{
    const struct watch *watch = user;

    if (msock_joined(channel) == 0) {
        unjoined_tell(cli_channel_url(&watch->names),
                      "nothing comes until one does");
    }
}

static void on_end(msock_channel *channel, void *user)
{
    struct watch *watch = user;

    (void)channel;
    watch->waited = !watch->enough;
    finish(watch, CLI_OK);
}

/* -- What is told -- */

int watch_print(struct cli_buffer *out, bool json, bool end)
{
    const char *last = json ? ",\"end\":true}\n" : "  in all\n";
    const char *other = json ? ",\"end\":false}\n" : "\n";

    json_out_format(out, "%s", end ? last : other);
    json_out(out, "", 1); /* the NUL */
    int code = out->failed ? CLI_FAILURE : cli_print(out->bytes);
    free(out->bytes);
    return code;
}

/* -- The channel -- */

/* Returns 0 or an error code. */
static int start(struct watch *watch, struct ears *ears)
{
    uint64_t wait_ms = (uint64_t)(watch->wait_s * 1000) + 1;
    int code = ears_open(ears, watch->channel);

    if (code >= 0) {
        code = msock_timer_start(watch->channel, SECOND_MS, 0, on_join_wait,
                                 watch);
    }
    if (code >= 0 && watch->each_second) {
        code = msock_timer_start(watch->channel, SECOND_MS, SECOND_MS,
                                 on_second, watch);
    }
    if (code >= 0 && watch->wait_s > 0) {
        code = msock_timer_start(watch->channel, wait_ms, 0, on_end, watch);
    }
    watch->began_ms = turn_now_ms();
    return code < 0 ? code : 0;
}

/* Returns CLI_OK, or CLI_FAILURE having told why. */
static int listen_on(struct watch *watch)
{
    struct ears ears = {.filters = watch->filters,
                        .filter_count = watch->filter_count,
                        .on_message = on_message,
                        .user = watch};
    int code = start(watch, &ears);

    if (code == 0) {
        code = msock_run(watch->channel);
    }
    if (code < 0) {
        watch->exit = cli_error_code(code);
    }
    ears_close(&ears);
    return watch->exit;
}

int watch_run(struct watch *watch)
{
    until_signals();
    int code = cli_channel_open(&watch->channel, &watch->names);
    if (code != CLI_OK) {
        return code;
    }
    until_channel(watch->channel);
    code = listen_on(watch);
    if (code == CLI_OK && !watch->failed) {
        code = watch->tell(watch, turn_now_ms(), true);
        code = cli_reader_gone() ? CLI_OK : code;
    }
    drops_tell(watch->channel);
    until_channel(NULL);
    msock_close(watch->channel, NULL, NULL);
    return code;
}

/* -- Options -- */

static int take(void *user, int id, const char *value)
{
    struct watch *watch = user;

    if (id == 'W') {
        return until_wait(value, wait_max_s, &watch->wait_s);
    }
    watch->json = true;
    return CLI_OK;
}

int watch_options(struct watch *watch, int argc, char **argv, bool all,
                  bool *ended)
{
    int code = verb_options(watch->verb, argc, argv, &watch->names, take, watch,
                            ended);

    if (*ended) {
        return code;
    }
    if (optind == argc && !all) {
        code = cli_usage("no FILTER; see msock %s -h", watch->names.verb);
    }
    watch->filters = argv + optind;
    watch->filter_count = argc - optind;
    *ended = code != CLI_OK;
    return code;
}
