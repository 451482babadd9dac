/* SPDX-License-Identifier: Apache-2.0 */
/* What a message holds. */
#include "tools/msock/payload.h"

#include "tools/msock/as_json.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <multisock/text.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STANDARD_INPUT "standard input"

/* -- Options -- */

static int take(struct payload *payload, enum payload_kind kind,
                const char *option, const char *text)
{
    if (payload->kind != PAYLOAD_UNSAID) {
        return cli_usage("%s and %s both; one message has one of them",
                         payload->option, option);
    }
    payload->kind = kind;
    payload->option = option;
    payload->text = text;
    return CLI_OK;
}

int payload_take(struct payload *payload, int id, const char *value)
{
    switch (id) {
    case 'm':
        return take(payload, PAYLOAD_TEXT, "-m", value);
    case 'f':
        return take(payload, PAYLOAD_FILE, "-f", value);
    case 's':
        return take(payload, PAYLOAD_FILE, "-s", "-");
    case 'n':
        return take(payload, PAYLOAD_NULL, "-n", NULL);
    case 'l':
        return take(payload, PAYLOAD_LINES, "-l", NULL);
    case PAYLOAD_CLEAR:
        return take(payload, PAYLOAD_NULL, "--clear", NULL);
    case PAYLOAD_RAW:
        return take(payload, PAYLOAD_BYTES, "--raw", value);
    case PAYLOAD_TYPE:
        payload->type = value;
        return CLI_OK;
    default:
        payload->string = true;
        return CLI_OK;
    }
}

int payload_take_data(struct payload *payload, const char *data)
{
    return take(payload, PAYLOAD_TEXT, "DATA", data);
}

int payload_arguments(struct payload *payload, int argc, char **argv,
                      const char **topic)
{
    if (!*topic && optind < argc) {
        *topic = argv[optind++];
    }
    if (!*topic) {
        return cli_usage("no TOPIC; see msock %s -h", argv[0]);
    }
    if (argc - optind > 1) {
        return cli_usage(
            "%s is one word more than TOPIC and DATA: text with blanks "
            "goes in quotes; see msock %s -h",
            argv[optind + 1], argv[0]);
    }
    return optind < argc ? payload_take_data(payload, argv[optind]) : CLI_OK;
}

int payload_check(const struct payload *payload)
{
    enum payload_kind kind = payload->kind;

    if (payload->type && kind != PAYLOAD_BYTES) {
        return cli_usage("--type is for --raw");
    }
    if (payload->string && (kind == PAYLOAD_BYTES || kind == PAYLOAD_NULL)) {
        return cli_usage("--string is for text, and %s is none",
                         payload->option);
    }
    return CLI_OK;
}

/* -- The file -- */

int payload_read(struct payload *payload)
{
    struct input *file = &payload->file;
    const char *name = payload->text;
    int code = CLI_OK;

    if (payload->kind != PAYLOAD_FILE && payload->kind != PAYLOAD_BYTES) {
        return CLI_OK;
    }
    bool own = strcmp(name, "-") != 0;
    file->name = own ? name : STANDARD_INPUT;
    file->fd = own ? open(name, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (file->fd < 0) {
        return cli_error("%s: %s", name, strerror(errno));
    }
    while (code == CLI_OK && !file->ended) {
        code = input_wait(file);
        if (code == CLI_OK) {
            code = input_fill(file);
        }
    }
    if (own) {
        close(file->fd);
    }
    if (code == CLI_OK && strcmp(payload->option, "-s") == 0 &&
        file->buffer.size == 0) {
        return cli_error(STANDARD_INPUT " is empty; -n publishes no data");
    }
    return code;
}

/* -- The message -- */

/* Empty text is no data, if one of mosquitto's letters says it. */
static bool is_null(const struct payload *payload, size_t size)
{
    return size == 0 && payload->option && payload->option[0] == '-' &&
           !payload->string;
}

int payload_text(struct payload *payload, const char *text, size_t size,
                 const char **json)
{
    if (is_null(payload, size)) {
        *json = NULL;
        return 0;
    }
    return payload->string
               ? as_json_string(text, size, &payload->quoted, json)
               : as_json(text, size, &payload->quoted, &payload->noted, json);
}

/* Whether bytes are text: UTF-8 without a NUL. */
static bool is_text(struct payload *payload, const char *bytes, size_t size)
{
    const char *json;

    return as_json_try(bytes, size, &payload->quoted, &json) == 0;
}

int payload_make(struct payload *payload, msock_publish_options *how,
                 const char **json)
{
    struct cli_buffer *bytes = &payload->file.buffer;

    *json = NULL;
    how->type = payload->type;
    switch (payload->kind) {
    case PAYLOAD_TEXT:
        return payload_text(payload, payload->text, strlen(payload->text),
                            json);
    case PAYLOAD_FILE:
        if (payload->string || is_text(payload, bytes->bytes, bytes->size)) {
            bytes->bytes[bytes->size] = '\0'; /* input.h has room for it */
            return payload_text(payload, bytes->bytes, bytes->size, json);
        }
        break;
    case PAYLOAD_BYTES:
        break;
    default:
        return 0;
    }
    how->raw = bytes->bytes;
    how->raw_size = bytes->size;
    return 0;
}

void payload_fini(struct payload *payload)
{
    free(payload->quoted.bytes);
    input_fini(&payload->file);
}
