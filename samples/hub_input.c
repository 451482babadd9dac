/* SPDX-License-Identifier: Apache-2.0 */
/* Where a hub's commands come from. */
#include "samples/hub_input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void hub_input_read(struct hub_input *input)
{
    size_t room = sizeof input->buffer - 1 - input->size;
    ssize_t size = read(STDIN_FILENO, input->buffer + input->size, room);
    if (size > 0) {
        input->size += (size_t)size;
    } else if (size == 0 || errno != EINTR) {
        input->end = true;
    }
}

/* Takes a line from what was read: up to a newline, or all there is if no more
 * can come or fit.  Returns whether there was one. */
static bool next_line(struct hub_input *input, char line[static HUB_LINE_SIZE])
{
    const char *newline = memchr(input->buffer, '\n', input->size);
    bool whole = input->end || input->size == sizeof input->buffer - 1;
    if (input->size == 0 || (newline == NULL && !whole)) {
        return false;
    }
    size_t size =
        newline != NULL ? (size_t)(newline - input->buffer) : input->size;
    size_t taken = newline != NULL ? size + 1 : size;
    memcpy(line, input->buffer, size);
    line[size] = '\0';
    input->size -= taken;
    memmove(input->buffer, input->buffer + taken, input->size);
    return true;
}

bool hub_input_next(struct hub_input *input, char line[static HUB_LINE_SIZE])
{
    if (input->interactive) {
        return next_line(input, line);
    }
    if (input->word_count == 0) {
        input->end = true;
        return false;
    }
    snprintf(line, HUB_LINE_SIZE, "%s", *input->words);
    input->words++;
    input->word_count--;
    return true;
}
