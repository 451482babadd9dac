/* SPDX-License-Identifier: Apache-2.0 */
/* msock key push: gives nodes the keys of a file over the channel, until each
 * of them says that it has them. */
#include "tools/msock/json_out.h"
#include "tools/msock/key_memory.h"
#include "tools/msock/push_targets.h"
#include "tools/msock/unjoined.h"

#include <multisock/text.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 100,
    REPEAT_MS = 500,
    BATCH = 25, /* boxes that leave in that time (docs/protocol.md 1.6) */
    /* An idle node says hello every 6.25 s at the latest; groups of over 200
     * take longer (docs/protocol.md 7.6). */
    PATIENCE_MS = 8000,
    NODE_PATIENCE_MS = 35
};

struct push {
    const struct key_call *call;
    msock_channel *channel;
    msock_ring *ring;
    struct key_memory file; /* what the channel is opened with */
    struct push_targets targets;
    uint64_t passed_ms;
    uint64_t patience_ms;
    bool pushing;
    size_t next; /* the node where the next batch begins */
    int code;
};

/* -- Telling -- */

static const struct {
    const char *word;
    const char *text;
} states[PUSH_STATES] = {
    [PUSH_ABSENT] = {"absent", "not up, or it has none of the keys, or no "
                               "id_file"},
    [PUSH_SILENT] = {"silent", "did not say which keys it has"},
    [PUSH_LACKS] = {"lacks", "lacks the key that is to seal"},
    [PUSH_WAITS] = {"waits",
                    "has other keys; it takes these from an admin of its "
                    "own trust file"},
    [PUSH_HAS] = {"has", "has the keys"},
};

static void tell(const struct push *push, struct cli_buffer *out,
                 const struct push_target *node)
{
    char safe[4 * MSOCK_NAME_MAX + 1];

    if (push->call->json) {
        json_out_format(out, "{\"node\":");
        json_out_text(out, node->name, strlen(node->name));
        json_out_format(out, ",\"state\":\"%s\"}\n", states[node->state].word);
        return;
    }
    msock_text_escape(node->name, strlen(node->name), safe, sizeof(safe));
    json_out(out, safe, strlen(safe));
    json_out_format(out, "  %s\n", states[node->state].text);
}

/* Prints the table.  Returns an exit code. */
static int tell_all(const struct push *push)
{
    struct cli_buffer out = {0};

    for (size_t i = 0; i < push->targets.count; i++) {
        tell(push, &out, &push->targets.nodes[i]);
    }
    json_out(&out, "", 1);
    int code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}

static int tell_missing(const struct push *push)
{
    const struct push_targets *targets = &push->targets;
    size_t missing = targets->count - push_targets_in(targets, PUSH_HAS);

    if (msock_joined(push->channel) == 0) {
        return unjoined_tell(cli_channel_url(&push->call->channel),
                             "nobody was reached");
    }
    return cli_error("%zu of %zu nodes do not have the keys", missing,
                     targets->count);
}

/* -- Pushing -- */

static void finish(struct push *push, int code)
{
    push->code = code;
    push->pushing = false;
    msock_stop(push->channel);
}

/* How many are not known to have the key that is to seal. */
static size_t unready(const struct push_targets *targets)
{
    return push_targets_in(targets, PUSH_ABSENT) +
           push_targets_in(targets, PUSH_SILENT) +
           push_targets_in(targets, PUSH_LACKS);
}

/* Whether the push may begin: keys that are only added cut off nobody. */
static bool may_begin(const struct push *push)
{
    const struct push_targets *targets = &push->targets;

    return push->call->force || unready(targets) == 0 ||
           (push_targets_in(targets, PUSH_LACKS) == 0 &&
            !push_targets_change(targets));
}

static void begin(struct push *push)
{
    if (may_begin(push)) {
        push->pushing = true;
        return;
    }
    finish(push,
           cli_error("nothing was pushed: not all of them are known to have "
                     "the key %s, and would hear nothing of those that seal "
                     "with it. Push it behind the present one first, have "
                     "all of them up, leave some out with --except, or "
                     "--force",
                     push->targets.ids[0]));
}

/* Pushes to the next ones that could have the keys and do not. */
static void send_batch(struct push *push)
{
    const struct push_targets *targets = &push->targets;
    const char *names[BATCH];
    size_t count = 0;

    for (size_t i = 0; i < targets->count && count < BATCH; i++) {
        const struct push_target *node = &targets->nodes[push->next];
        push->next = (push->next + 1) % targets->count;
        if (node->state != PUSH_HAS && node->state != PUSH_ABSENT) {
            names[count++] = node->name;
        }
    }
    int code = count > 0
                   ? msock_keys_push(push->channel, push->ring, names, count)
                   : 0;
    if (code < 0 && code != MSOCK_EAGAIN) {
        finish(push, cli_error_code(code));
    }
}

static void on_tick(msock_channel *channel, void *user)
{
    struct push *push = user;
    const struct push_targets *targets = &push->targets;

    push_targets_look(&push->targets, channel);
    if (push_targets_in(targets, PUSH_HAS) == targets->count) {
        finish(push, CLI_OK);
    } else if (push->passed_ms >= 1000 * (uint64_t)push->call->timeout_s) {
        finish(push, tell_missing(push));
    } else if (!push->pushing && (push->passed_ms >= push->patience_ms ||
                                  unready(targets) == 0)) {
        begin(push);
    }
    if (push->pushing && push->passed_ms % REPEAT_MS == 0) {
        send_batch(push);
    }
    push->passed_ms += LOOK_MS;
}

/* Runs the channel until all is done. */
static int run(struct push *push)
{
    uint64_t large_ms = NODE_PATIENCE_MS * (uint64_t)push->targets.count;
    uint64_t most_ms = 1000 * (uint64_t)push->call->timeout_s - LOOK_MS;
    int code = msock_timer_start(push->channel, 0, LOOK_MS, on_tick, push);

    push->patience_ms = large_ms > PATIENCE_MS ? large_ms : PATIENCE_MS;
    push->patience_ms =
        push->patience_ms < most_ms ? push->patience_ms : most_ms;
    code = code < 0 ? code : msock_run(push->channel);
    if (code < 0) {
        return cli_error_code(code);
    }
    code = tell_all(push);
    return push->code != CLI_OK ? push->code : code;
}

static bool has_key(const msock_ring *ring, const char *text)
{
    char other[MSOCK_KEY_TEXT_SIZE];
    bool found = false;

    for (int i = 0; i < msock_ring_count(ring); i++) {
        msock_ring_text(ring, i, other);
        found |= strcmp(other, text) == 0;
    }
    cli_wipe(other, sizeof(other));
    return found;
}

static int check_call(const struct key_call *call)
{
    if (!call->channel.id_file || !call->channel.trust_file) {
        return cli_usage("keys are pushed by a node that the others trust: "
                         "--id-file and --trust-file; see msock key -h");
    }
    if (call->choice == 0) {
        return cli_usage("to whom? --all, --to NAME or --except NAME; see "
                         "msock key -h");
    }
    return CLI_OK;
}

/* Adds the keys that are pushed behind those to speak with: whoever takes them
 * seals with them from then on. */
static int add_pushed(msock_ring *ring, const msock_ring *pushed)
{
    int result = 0;

    for (int i = 0; i < msock_ring_count(pushed) && result == 0; i++) {
        char text[MSOCK_KEY_TEXT_SIZE];
        msock_ring_text(pushed, i, text);
        if (!has_key(ring, text)) {
            result = msock_ring_add(ring, text, NULL);
        }
        cli_wipe(text, sizeof(text));
    }
    return result;
}

/* Makes the key file of the channel of both rings. */
static int make_file(struct push *push, const char *path)
{
    msock_ring *ring;
    int result = msock_ring_load(&ring, path);

    if (result < 0) {
        return cli_error_code(result);
    }
    result = add_pushed(ring, push->ring);
    int code = result == MSOCK_ELIMIT
                   ? cli_error("%s and %s have more than %d keys together",
                               path, push->call->file, MSOCK_KEYS_MAX)
               : result < 0 ? cli_error_code(result)
                            : key_memory_open(&push->file, ring);
    msock_ring_free(ring);
    return code;
}

/* Opens the channel and pushes. */
static int push_all(struct push *push)
{
    const struct key_call *call = push->call;
    struct cli_channel names = call->channel;

    names.key_file = push->file.path;
    int code = cli_channel_open(&push->channel, &names);
    if (code == CLI_OK) {
        code = push_targets_choose(&push->targets, call, push->ring,
                                   msock_name(push->channel));
        code = code == CLI_OK ? run(push) : code;
        push_targets_free(&push->targets);
    }
    msock_close(push->channel, NULL, NULL);
    return code;
}

int key_push(const struct key_call *call)
{
    struct push push = {.call = call};
    const char *speaks = call->channel.key_file;
    int code = check_call(call);

    if (code == CLI_OK) {
        code = key_load(&push.ring, call);
    }
    if (code != CLI_OK) {
        return code;
    }
    code = make_file(&push, speaks ? speaks : call->file);
    if (code == CLI_OK) {
        code = push_all(&push);
    }
    key_memory_close(&push.file);
    msock_ring_free(push.ring);
    return code;
}
