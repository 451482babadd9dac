/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes a channel's address and options: the first line is the URL, each
 * further one a field of msock_options, chosen by its first byte, and its
 * value; 'U' leaves the URL out. An error has a sentence; a success is within
 * its ranges, and does not depend on who gave a value. */
#include "core/options.h"

#include "core/options_table.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

enum { LINES_MAX = 8 };

static char *lines[LINES_MAX]; /* for free() */
static size_t line_count;

/* Cuts the next line off, as a text.  Returns it, "" at the end. */
static const char *next_line(struct fuzz_input *input)
{
    const uint8_t *text;
    const uint8_t *end =
        input->left > 0 ? memchr(input->at, '\n', input->left) : NULL;
    size_t size = end ? (size_t)(end - input->at) : input->left;
    size = fuzz_bytes(input, size, &text);
    (void)fuzz_byte(input);
    assert(line_count < LINES_MAX);
    lines[line_count] = exact_copy(text ? text : (const uint8_t *)"", size, 1);
    return lines[line_count++];
}

/* Sets a field as its type is. */
static void set_field(msock_options *options,
                      const struct msock__option *option, const char *value)
{
    char *field = (char *)options + option->field_offset;
    unsigned long number = strtoul(value, NULL, 10);
    switch (option->field) {
    case MSOCK__FIELD_TEXT:
        memcpy(field, &value, sizeof value);
        break;
    case MSOCK__FIELD_UNSIGNED: {
        unsigned one = (unsigned)number;
        memcpy(field, &one, sizeof one);
        break;
    }
    case MSOCK__FIELD_PORT: {
        uint16_t one = (uint16_t)number;
        memcpy(field, &one, sizeof one);
        break;
    }
    case MSOCK__FIELD_SIZE: {
        size_t one = (size_t)number;
        memcpy(field, &one, sizeof one);
        break;
    }
    default:
        break;
    }
}

/* A number of the configuration, whatever its place. */
static uint64_t number_of(const struct msock__config *config, size_t offset)
{
    uint64_t number;
    memcpy(&number, (const char *)config + offset, sizeof number);
    return number;
}

/* Every number is within its range, or was not given. */
static void check_ranges(const struct msock__config *config)
{
    for (size_t i = 0; i < msock__options_count; i++) {
        const struct msock__option *option = &msock__options[i];
        bool whole = option->kind == MSOCK__OPTION_COUNT ||
                     option->kind == MSOCK__OPTION_SIZE ||
                     option->kind == MSOCK__OPTION_TIME;
        uint64_t number = whole ? number_of(config, option->offset) : 0;
        bool unset = !option->initial && number == 0;
        assert(!whole || unset ||
               (number >= option->min && number <= option->max));
    }
    assert(config->ttl >= 1 && config->ttl <= 255 && config->dscp <= 63);
    assert(config->scheme == MSOCK__SIM || config->port > 0);
    assert(config->sim.loss >= 0 && config->sim.loss <= 100);
    assert(config->sim.dup >= 0 && config->sim.dup <= 100);
    assert(config->sim.reorder >= 0 && config->sim.reorder <= 100);
    assert(!config->raw || config->key_file[0] == '\0');
}

static void set_any(msock_options *options, unsigned which, const char *value)
{
    if (which == 'G') {
        options->group = value;
    } else if (which == 'P') {
        options->port = (uint16_t)strtoul(value, NULL, 10);
    } else {
        set_field(options, &msock__options[which % msock__options_count],
                  value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct msock__config config, untouched;
    struct fuzz_input input = {bytes, size};
    msock_options options = {0};
    line_count = 0;
    const char *url = next_line(&input);
    while (input.left > 0 && line_count < LINES_MAX) {
        unsigned which = fuzz_byte(&input);
        set_any(&options, which, next_line(&input));
        url = which == 'U' ? NULL : url;
    }
    memset(&config, 0x55, sizeof config);
    memset(&untouched, 0x55, sizeof untouched);
    if (msock__options_read(&config, url, &options) < 0) {
        assert(msock_error_detail()[0] != '\0');
        assert(memcmp(&config, &untouched, sizeof config) == 0);
    } else {
        check_ranges(&config);
    }
    for (size_t i = 0; i < line_count; i++) {
        free(lines[i]);
    }
    return 0;
}
