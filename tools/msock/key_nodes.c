/* SPDX-License-Identifier: Apache-2.0 */
/* msock key list, and the question before a switch: the keys of a file, and
 * the nodes that hold them. */
#include "tools/msock/json_out.h"
#include "tools/msock/key_doubts.h"
#include "tools/msock/key_survey.h"

#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    json_out_format(out, "],\"proved\":%s}\n", node->proved ? "true" : "false");
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
    json_out_format(out, "%s\n",
                    !survey->trusts ? ""
                    : node->proved  ? "  proved"
                                    : "  not proved");
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
    int code = key_survey_all(&survey, call);

    for (size_t i = 0; code == CLI_OK && i < survey.node_count; i++) {
        (call->json ? list_json : list_line)(&out, &survey, &survey.nodes[i]);
    }
    if (code == CLI_OK) {
        json_out(&out, "", 1);
        code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
        tell_strangers(&survey);
        if (survey.node_count == 0) {
            key_tell_nobody(&survey, "");
        }
        key_tell_doubts(&survey);
    }
    free(out.bytes);
    key_survey_close(&survey);
    return code;
}

int key_check_switch(const struct key_call *call, const char *id)
{
    struct key_survey survey = {0};
    int code = key_survey_asked(&survey, call);
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
