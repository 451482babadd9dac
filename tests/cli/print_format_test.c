/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of -F: whatever is written there is refused, or printed. */
#include "tools/msock/print_format.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 20000, FORMAT_MAX = 14, PAYLOAD_MAX = 9 };

/* What formats are made of, and what they are not. */
static const char pieces[] =
    "%%%%@\\-0123.tpsjJlrqmxXCIU%zYN@\\0aenrtv \xC3\xA9";

static uint64_t seed = 7;

static size_t draw(size_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % below;
}

/* A random text that ends where its memory does. */
static char *draw_format(void)
{
    size_t size = draw(FORMAT_MAX);
    char *format = calloc(size + 1, 1);

    for (size_t i = 0; i < size; i++) {
        format[i] = pieces[draw(sizeof(pieces) - 1)];
    }
    return format;
}

static char *draw_payload(size_t size)
{
    char *payload = malloc(size > 0 ? size : 1);

    for (size_t i = 0; i < size; i++) {
        payload[i] = (char)draw(256);
    }
    return payload;
}

static void print(const char *format)
{
    static const char json[] = "\"h\\u00e9\"";
    const msock_message message = {.topic = "to/\xE2\x80\xAEpic",
                                   .topic_size = 9,
                                   .sender = "py",
                                   .sender_size = 2,
                                   .data = json,
                                   .data_size = sizeof(json) - 1,
                                   .flags = (unsigned)draw(1 << 13),
                                   .type = draw(2) ? "a/b" : NULL,
                                   .sequence = draw(1000)};
    size_t size = draw(PAYLOAD_MAX);
    char *payload = draw_payload(size);
    const struct print_formatted formatted = {.message = &message,
                                              .payload = payload,
                                              .payload_size = size,
                                              .safe = draw(2)};
    struct cli_buffer out = {0};

    print_format(&out, format, &formatted);
    cr_assert(not(out.failed));
    free(out.bytes);
    free(payload);
}

Test(print_format, no_format_is_read_or_printed_beyond_its_end)
{
    size_t right = 0;

    cr_redirect_stderr(); /* what is refused is told */
    for (int i = 0; i < TRIES; i++) {
        char *format = draw_format();
        if (print_format_check(format) == CLI_OK) {
            print(format);
            right++;
        }
        free(format);
    }

    cr_assert(gt(sz, right, TRIES / 4));
    cr_assert(lt(sz, right, TRIES));
}
