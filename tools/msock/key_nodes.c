/* SPDX-License-Identifier: Apache-2.0 */
/* msock key list and retire: the keys of a file, and the nodes that use them.
 */
#include "tools/msock/json_out.h"
#include "tools/msock/key_survey.h"

#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 250, HISTORY_MS = 10000, LATE_MS = 5000 };

/* Listens until every node that is up must have been heard. */
static int survey_all(struct key_survey *survey, const struct key_call *call)
{
    int code = key_survey_open(survey, call);
    uint64_t listened_ms = 0;

    while (code == CLI_OK && listened_ms < key_survey_patience_ms(survey)) {
        uint64_t more_ms = key_survey_patience_ms(survey) - listened_ms;
        code = key_survey_run(survey, more_ms);
        listened_ms += more_ms;
    }
    return code;
}

static int tell_nobody(const struct key_call *call, const char *hint)
{
    const char *url = cli_channel_url(&call->channel);

    return cli_error("no node answered on %s: is it the right channel?%s",
                     url ? url : MSOCK_DEFAULT_URL, hint);
}

/* As survey_all(); silence is no consent: a URL may be mistyped. */
static int survey_some(struct key_survey *survey, const struct key_call *call)
{
    int code = survey_all(survey, call);

    return code == CLI_OK && survey->node_count == 0
               ? tell_nobody(call, " --force does it all the same")
               : code;
}

/* -- Listing -- */

/* The ids of the keys whose bits are `wanted`, with `between` between. */
static void out_ids(struct cli_buffer *out, const struct key_survey *survey,
                    unsigned wanted, const char *quote, const char *between)
{
    const char *before = "";

    for (int i = 0; i < survey->key_count; i++) {
        if ((wanted & 1U << i) != 0) {
            json_out_format(out, "%s%s%s%s", before, quote, survey->ids[i],
                            quote);
            before = between;
        }
    }
}

static unsigned all_keys(const struct key_survey *survey)
{
    return (1U << survey->key_count) - 1;
}

static void list_json(struct cli_buffer *out, const struct key_survey *survey,
                      const struct key_node *node)
{
    json_out_format(out, "{\"node\":");
    json_out_text(out, node->name, strlen(node->name));
    json_out_format(out, ",\"session\":\"%016llx\",\"seals\":",
                    (unsigned long long)node->session);
    if (node->seals < 0) {
        json_out_format(out, "null");
    } else {
        json_out_format(out, "\"%s\"", survey->ids[node->seals]);
    }
    json_out_format(out, ",\"holds\":[");
    out_ids(out, survey, node->holds, "\"", ",");
    json_out_format(out, "],\"lacks\":[");
    out_ids(out, survey, all_keys(survey) & ~node->holds, "\"", ",");
    json_out_format(out, "]}\n");
}

static void list_line(struct cli_buffer *out, const struct key_survey *survey,
                      const struct key_node *node)
{
    char safe[4 * MSOCK_NAME_MAX + 1];
    unsigned lacks = all_keys(survey) & ~node->holds;

    msock_text_escape(node->name, strlen(node->name), safe, sizeof(safe));
    json_out(out, safe, strlen(safe));
    json_out_format(out, "  seals %s  holds ",
                    node->seals < 0 ? "another" : survey->ids[node->seals]);
    out_ids(out, survey, node->holds, "", ",");
    json_out_format(out, "%s", lacks != 0 ? "  lacks " : "");
    out_ids(out, survey, lacks, "", ",");
    json_out_format(out, "\n");
}

/* Whoever shares no key with the file shows in this counter alone. */
static void tell_strangers(const struct key_survey *survey)
{
    uint64_t strange =
        msock_counter_get(survey->channels[0], MSOCK_DROP_KEY_ID);

    if (strange > 0) {
        cli_error("%llu frames were sealed with keys that the file lacks",
                  (unsigned long long)strange);
    }
}

int key_list(const struct key_call *call)
{
    struct key_survey survey = {0};
    struct cli_buffer out = {0};
    int code = survey_all(&survey, call);

    for (size_t i = 0; code == CLI_OK && i < survey.node_count; i++) {
        (call->json ? list_json : list_line)(&out, &survey, &survey.nodes[i]);
    }
    if (code == CLI_OK) {
        json_out(&out, "", 1);
        code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
        tell_strangers(&survey);
        if (survey.node_count == 0) {
            tell_nobody(call, "");
        }
    }
    free(out.bytes);
    key_survey_close(&survey);
    return code;
}

int key_check_switch(const struct key_call *call, const char *id)
{
    struct key_survey survey = {0};
    int code = survey_some(&survey, call);
    int key = key_survey_find(&survey, id);

    if (code == CLI_OK && key >= 0 &&
        key_survey_tell_lacking(&survey, key) > 0) {
        code = cli_error("they would hear nothing more of this node: copy or "
                         "push the file to them, leave them out with --except, "
                         "or --force");
    }
    key_survey_close(&survey);
    return code;
}

/* -- Retiring -- */

/* Tells who seals with the key, when that changed since the last call.  Returns
 * how long ago the newest frame under it came, `age_ms` if none did. */
static uint64_t newest_frame(const struct key_survey *survey, int key,
                             uint64_t age_ms, size_t *told)
{
    size_t count = 0;

    for (size_t i = 0; i < survey->node_count; i++) {
        const struct key_node *node = &survey->nodes[i];
        if (node->seals == key) {
            age_ms = 0;
            count++;
        }
    }
    if (count != *told && count > 0) {
        cli_error("nodes that seal with %s: %zu; waiting", survey->ids[key],
                  count);
    }
    *told = count;
    return age_ms;
}

/* When a frame is too old to be asked for: after history_ms, which all nodes
 * of a channel have alike and the URL tells, and 5 s. */
static uint64_t too_old_ms(const struct key_call *call)
{
    static const char key[] = "history_ms=";
    const char *at = cli_channel_url(&call->channel);

    while (at && (at = strstr(at, key)) && at[-1] != '?' && at[-1] != '&') {
        at += sizeof(key) - 1;
    }
    /* msock_open() took it: it is a number. */
    return LATE_MS + (at ? strtoull(at + sizeof(key) - 1, NULL, 10)
                         : (uint64_t)HISTORY_MS);
}

/* Waits until no node seals with the key, and what was is too old to be asked
 * for. */
static int wait_until_unused(struct key_survey *survey, int key)
{
    uint64_t end_ms = too_old_ms(survey->call);
    uint64_t age_ms = 0;
    size_t told = 0;
    int code = CLI_OK;

    /* We ourselves no longer seal with it. */
    key_survey_leave(survey, key);
    cli_error("waiting until nothing under %s came for %.1f s",
              survey->ids[key], (double)end_ms / 1000.0);
    while (code == CLI_OK && age_ms < end_ms) {
        code = key_survey_run(survey, LOOK_MS);
        age_ms = newest_frame(survey, key, age_ms + LOOK_MS, &told);
    }
    return code;
}

static int wait_for_nodes(const struct key_call *call)
{
    struct key_survey survey = {0};
    int code = survey_some(&survey, call);

    if (code == CLI_OK && key_survey_tell_lacking(&survey, 0) > 0) {
        code = cli_error("they would hear nothing more: copy or push the file "
                         "to them, leave them out with --except, or --force");
    }
    int key = key_survey_find(&survey, call->id);
    if (code == CLI_OK && key > 0) {
        code = wait_until_unused(&survey, key);
    }
    key_survey_close(&survey);
    return code;
}

int key_retire(const struct key_call *call)
{
    msock_ring *ring;
    int code = key_load(&ring, call);
    int index = code == CLI_OK ? key_find(ring, call) : -1;

    if (index == 0) {
        cli_error("%s seals: have another do so first, by rotate --switch",
                  call->id);
    }
    if (code == CLI_OK) {
        msock_ring_free(ring);
    }
    if (index <= 0) {
        return CLI_FAILURE;
    }
    if (!call->force && !cli_channel_url(&call->channel)) {
        return cli_error("nodes may still seal with the key: name the channel "
                         "with -c to have them asked, or --force");
    }
    code = call->force ? CLI_OK : wait_for_nodes(call);
    return code == CLI_OK ? key_remove(call) : code;
}
