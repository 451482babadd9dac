/* SPDX-License-Identifier: Apache-2.0 */
/* A message as a line of JSON, and back. */
#include "tools/msock/base64.h"
#include "tools/msock/json_out.h"
#include "tools/msock/record/record.h"

#include <inttypes.h>
#include <multisock/text.h>
#include <stdlib.h>
#include <string.h>

/* Flags that stand in a line as "name":true. */
static const struct {
    unsigned flag;
    const char *name;
} marks[] = {
    {MSOCK_MESSAGE_RELIABLE, "reliable"},
    {MSOCK_MESSAGE_SEALED, "sealed"},
    {MSOCK_MESSAGE_SIGNED, "signed"},
    {MSOCK_MESSAGE_BARE, "bare"},
    {MSOCK_MESSAGE_TOLD, "told"},
    {MSOCK_MESSAGE_OWNER_DOWN, "owner_down"},
    {MSOCK_MESSAGE_REQUEST, "request"},
    {MSOCK_MESSAGE_WILL, "will"},
    {MSOCK_MESSAGE_EMPTY, "empty"},
};
enum { MARK_COUNT = sizeof(marks) / sizeof(marks[0]) };

static void out_member(struct cli_buffer *out, const char *key,
                       const char *text, size_t size)
{
    json_out_format(out, ",\"%s\":", key);
    json_out_text(out, text, size);
}

static void out_data(struct cli_buffer *out, const struct record *record)
{
    size_t size = base64_size(record->data_size);

    if (!(record->flags & MSOCK_MESSAGE_RAW)) {
        json_out(out, ",\"data\":", 8);
        json_out_value(out, record->data, record->data_size);
        return;
    }
    json_out(out, ",\"raw\":\"", 8);
    out->failed =
        out->failed || cli_buffer_reserve(out, out->size + size) != CLI_OK;
    if (!out->failed) {
        base64_encode(record->data, record->data_size, out->bytes + out->size);
        out->size += size;
    }
    json_out(out, "\"", 1);
}

void record_line(struct cli_buffer *out, const struct record *record)
{
    char time[RECORD_TIME_SIZE];

    record_time(record->at_us, time);
    json_out_format(out, "{\"at\":\"%s\"", time);
    out_member(out, "topic", record->topic, record->topic_size);
    out_member(out, "sender", record->sender, record->sender_size);
    json_out_format(out, ",\"session\":\"%016" PRIx64 "\"", record->session);
    json_out_format(out, ",\"sequence\":%" PRIu64, record->sequence);
    if (!(record->flags & MSOCK_MESSAGE_AGE_UNKNOWN)) {
        json_out_format(out, ",\"age_us\":%" PRIu64, record->age_us);
    }
    if (record->flags & MSOCK_MESSAGE_STATE) {
        json_out_format(out, ",\"version\":%" PRIu64, record->version);
    }
    for (int i = 0; i < MARK_COUNT; i++) {
        if (record->flags & marks[i].flag) {
            json_out_format(out, ",\"%s\":true", marks[i].name);
        }
    }
    if (record->type) {
        out_member(out, "type", record->type, record->type_size);
    }
    out_data(out, record);
    json_out(out, "}\n", 2);
}

/* -- Reading -- */

struct value {
    const char *text;
    size_t size;
};

/* Finds a member.  Returns whether it is there. */
static bool find(const char *line, size_t size, const char *key,
                 struct value *value)
{
    int found = msock_json_get(line, size, key, &value->text);

    value->size = found > 0 ? (size_t)found : 0;
    return found > 0;
}

/* Reads the text of a member into the room.  Returns its size, or -1. */
static int read_text(const char *line, size_t size, const char *key,
                     struct cli_buffer *room)
{
    struct value value;

    if (!find(line, size, key, &value)) {
        return -1;
    }
    int text = msock_json_text(value.text, value.size, room->bytes + room->size,
                               room->capacity - room->size);
    if (text >= 0) {
        room->size += (size_t)text + 1;
    }
    return text;
}

static uint64_t read_number(const char *line, size_t size, const char *key)
{
    struct value value;

    return find(line, size, key, &value) ? strtoull(value.text, NULL, 10) : 0;
}

static unsigned read_flags(const char *line, size_t size)
{
    struct value value;
    unsigned flags = 0;

    for (int i = 0; i < MARK_COUNT; i++) {
        if (find(line, size, marks[i].name, &value) && value.text[0] == 't') {
            flags |= marks[i].flag;
        }
    }
    flags |= find(line, size, "version", &value) ? MSOCK_MESSAGE_STATE : 0;
    flags |= find(line, size, "age_us", &value) ? 0 : MSOCK_MESSAGE_AGE_UNKNOWN;
    flags |= find(line, size, "raw", &value) ? MSOCK_MESSAGE_RAW : 0;
    return flags;
}

/* Reads what the message brought.  Returns its size, or -1. */
static ptrdiff_t read_data(const char *line, size_t size, bool raw,
                           struct cli_buffer *room)
{
    struct value value;
    char *at = room->bytes + room->size;

    if (raw) {
        int text = read_text(line, size, "raw", room);
        room->size = (size_t)(at - room->bytes);
        return text < 0 ? -1 : base64_decode(at, (size_t)text, at);
    }
    if (!find(line, size, "data", &value)) {
        return -1;
    }
    memcpy(at, value.text, value.size);
    at[value.size] = '\0';
    return (ptrdiff_t)value.size;
}

int record_read(struct record *record, const char *line, size_t size,
                struct cli_buffer *room, const char **why)
{
    struct value value;
    char time[2 * RECORD_TIME_SIZE] = "";

    *why = NULL;
    room->size = 0;
    if (cli_buffer_reserve(room, 2 * size + 8) != CLI_OK) {
        return CLI_FAILURE;
    }
    if (msock_json_check(line, size) < 0 || line[0] != '{') {
        *why = "not a JSON object";
        return CLI_FAILURE;
    }
    *record = (struct record){.flags = read_flags(line, size)};
    record->at_us =
        find(line, size, "at", &value) &&
                msock_json_text(value.text, value.size, time, sizeof(time)) > 0
            ? record_time_read(time)
            : UINT64_MAX;
    size_t topic = room->size;
    int topic_size = read_text(line, size, "topic", room);
    size_t sender = room->size;
    int sender_size = read_text(line, size, "sender", room);
    size_t type = room->size;
    int type_size = read_text(line, size, "type", room);
    size_t data = room->size;
    ptrdiff_t data_size =
        read_data(line, size, (record->flags & MSOCK_MESSAGE_RAW) != 0, room);
    if (record->at_us == UINT64_MAX || topic_size < 0 || sender_size < 0 ||
        data_size < 0) {
        *why = record->at_us == UINT64_MAX ? "no time \"at\""
               : topic_size < 0            ? "no \"topic\""
               : sender_size < 0           ? "no \"sender\""
                                           : "no \"data\" or \"raw\"";
        return CLI_FAILURE;
    }
    record->sequence = read_number(line, size, "sequence");
    record->version = read_number(line, size, "version");
    record->age_us = read_number(line, size, "age_us");
    record->topic = room->bytes + topic;
    record->topic_size = (size_t)topic_size;
    record->sender = room->bytes + sender;
    record->sender_size = (size_t)sender_size;
    record->type = type_size < 0 ? NULL : room->bytes + type;
    record->type_size = type_size < 0 ? 0 : (size_t)type_size;
    record->data = room->bytes + data;
    record->data_size = (size_t)data_size;
    if (find(line, size, "session", &value) && value.size == 18) {
        record->session = strtoull(value.text + 1, NULL, 16);
    }
    return CLI_OK;
}
