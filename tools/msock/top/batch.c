/* SPDX-License-Identifier: Apache-2.0 */
/* Screens as text and as JSON. */
#include "tools/msock/top/batch.h"

#include "tools/msock/json_out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Ends the text, prints and frees it. */
static int print(struct cli_buffer *out)
{
    json_out(out, "", 1);
    int code = out->failed ? CLI_FAILURE : cli_print(out->bytes);
    free(out->bytes);
    return code;
}

/* -- Text -- */

static void put_line(struct cli_buffer *out, const struct cells *line)
{
    size_t size = line->size;

    while (size > 0 && line->text[size - 1] == ' ') {
        size--;
    }
    json_out(out, line->text, size);
    json_out(out, "\n", 1);
}

int batch_text(const struct top_view *view, const struct top_snapshot *snapshot,
               const struct top_order *order, int width)
{
    struct cli_buffer out = {0};
    struct cells line;

    for (int i = 0; i < TOP_HEAD; i++) {
        cells_begin(&line, width, view->ascii);
        top_view_line(view, snapshot, order, i, TOP_HEAD, &line);
        put_line(&out, &line);
    }
    for (size_t i = 0; i < order->count; i++) {
        cells_begin(&line, width, view->ascii);
        top_view_row(view, snapshot, order, i, &line);
        put_line(&out, &line);
    }
    json_out(&out, "\n", 1);
    return print(&out);
}

/* -- JSON -- */

static void put_text(struct cli_buffer *out, const char *key, const char *text)
{
    json_out_format(out, "\"%s\":", key);
    json_out_text(out, text, strlen(text));
}

static const char *truth(bool is)
{
    return is ? "true" : "false";
}

static void put_loss(struct cli_buffer *out, double loss)
{
    if (loss >= 0) {
        json_out_format(out, ",\"loss\":%.3f", loss);
    }
}

static void put_topic(struct cli_buffer *out, const struct top_row *row)
{
    json_out(out, "{", 1);
    if (row->name) {
        put_text(out, "topic", row->name);
    } else {
        json_out_format(out, "\"topic\":null");
    }
    json_out_format(out,
                    ",\"messages\":%" PRIu64 ",\"per_s\":%.3f,"
                    "\"bytes_per_s\":%.1f",
                    row->count, row->per_s, row->bytes_per_s);
    put_loss(out, row->loss);
    if (row->name) {
        json_out_format(out, ",\"size\":%" PRIu64 ",\"state\":%s,", row->size,
                        truth(row->flags & MSOCK_MESSAGE_STATE));
        json_out_format(out, "\"reliable\":%s,",
                        truth(row->flags & MSOCK_MESSAGE_RELIABLE));
        if (row->age_ms >= 0) {
            json_out_format(out, "\"age_ms\":%" PRId64 ",", row->age_ms);
        }
        put_text(out, "sender", row->sender);
        json_out_format(out, ",\"value\":");
        json_out_text(out, row->value, row->value_size);
    }
    json_out(out, "}", 1);
}

static void put_node(struct cli_buffer *out, const struct top_node *node)
{
    json_out(out, "{", 1);
    put_text(out, "node", node->name);
    json_out_format(out, ",\"session\":\"%016" PRIx64 "\",\"up\":%s,",
                    node->session, truth(node->up));
    json_out_format(out, "\"visitor\":%s,", truth(node->visitor));
    put_text(out, "address", node->address);
    json_out_format(out,
                    ",\"heard_ms\":%" PRIu64 ",\"received\":%" PRIu64
                    ",\"missed\":%" PRIu64 "}",
                    node->heard_ms, node->received, node->missed);
}

static void put_drops(struct cli_buffer *out,
                      const struct top_snapshot *snapshot)
{
    json_out_format(out, ",\"drops\":{");
    for (size_t i = 0; i < snapshot->drop_count; i++) {
        const struct top_drop *drop = &snapshot->dropped[i];
        json_out_format(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "",
                        msock_counter_name(drop->counter), drop->count);
    }
    json_out_format(out, "}}\n");
}

int batch_json(const struct top_snapshot *snapshot,
               const struct top_order *order)
{
    struct cli_buffer out = {0};

    json_out(&out, "{", 1);
    put_text(&out, "channel", snapshot->channel);
    json_out_format(&out,
                    ",\"sealed\":%s,\"interfaces\":%d,\"messages\":%" PRIu64
                    ",\"per_s\":%.3f,\"bytes_per_s\":%.1f",
                    truth(snapshot->sealed), snapshot->joined,
                    snapshot->messages, snapshot->per_s, snapshot->bytes_per_s);
    put_loss(&out, snapshot->loss);
    json_out_format(&out, ",\"lost\":%" PRIu64 ",\"held\":%zu,\"topics\":[",
                    snapshot->lost, snapshot->held);
    for (size_t i = 0; i < order->count; i++) {
        json_out(&out, ",", i > 0);
        put_topic(&out, &snapshot->rows[order->entries[i].index]);
    }
    json_out_format(&out, "],\"nodes\":[");
    for (size_t i = 0; i < snapshot->node_count; i++) {
        json_out(&out, ",", i > 0);
        put_node(&out, &snapshot->nodes[i]);
    }
    json_out_format(&out, "]");
    put_drops(&out, snapshot);
    return print(&out);
}
