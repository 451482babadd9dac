/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor in lines, or as a whole. */
#include "tools/msock/input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 65536 };

/* Moves what is not yet taken to the front. */
static void compact(struct input *input)
{
    struct cli_buffer *buffer = &input->buffer;

    if (input->start > 0) {
        buffer->size -= input->start;
        memmove(buffer->bytes, buffer->bytes + input->start, buffer->size);
        input->start = 0;
    }
}

int input_wait(const struct input *input)
{
    struct pollfd readable = {.fd = input->fd, .events = POLLIN};

    if (poll(&readable, 1, -1) < 0 && errno != EINTR) {
        return cli_error("%s: %s", input->name, strerror(errno));
    }
    return CLI_OK;
}

int input_fill(struct input *input)
{
    struct cli_buffer *buffer = &input->buffer;

    compact(input);
    if (buffer->size > INPUT_MAX) {
        return cli_error("%s: over %zu bytes, more than a message holds",
                         input->name, INPUT_MAX);
    }
    /* One byte more: the NUL behind a last line. */
    int code = cli_buffer_reserve(buffer, buffer->size + READ_SIZE + 1);
    if (code != CLI_OK) {
        return code;
    }
    ssize_t got = read(input->fd, buffer->bytes + buffer->size, READ_SIZE);
    if (got < 0 && errno != EINTR && errno != EAGAIN) {
        return cli_error("%s: %s", input->name, strerror(errno));
    }
    input->ended = got == 0;
    buffer->size += got > 0 ? (size_t)got : 0;
    return CLI_OK;
}

bool input_line(struct input *input, char **line, size_t *size)
{
    struct cli_buffer *buffer = &input->buffer;
    size_t left = buffer->size - input->start;

    if (left == 0) {
        return false;
    }
    char *begin = buffer->bytes + input->start;
    char *end = memchr(begin, '\n', left);
    if (!end && !input->ended) {
        return false;
    }
    *line = begin;
    *size = end ? (size_t)(end - begin) : left;
    begin[*size] = '\0';
    input->start += end ? *size + 1 : left;
    return true;
}

void input_fini(struct input *input)
{
    free(input->buffer.bytes);
}
