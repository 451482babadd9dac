/* SPDX-License-Identifier: Apache-2.0 */
/* JSON on several lines. */
#include "tools/msock/pretty.h"

#include "tools/msock/json_out.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    SHORT_SIZE = 60, /* what is shown on one line */
    DEPTH_MAX = 64   /* the scanner lets half of it through */
};

struct walk {
    struct pretty *pretty;
    const char *at;
    const char *end;
    uint64_t counts[DEPTH_MAX]; /* members before this one */
    int depth;
    bool stopped;
};

static void put(struct walk *walk, const char *text, size_t size)
{
    json_out(walk->pretty->out, text, size);
}

static void new_line(struct walk *walk)
{
    struct cli_buffer *out = walk->pretty->out;

    json_out_format(out, "\n%*s", 2 * walk->depth, "");
    if (out->size > PRETTY_PIECE && !out->failed) {
        walk->stopped = !walk->pretty->flush(out, walk->pretty->user);
    }
}

/* Returns the place behind the text that begins at `at`. */
static const char *text_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        at += *at == '\\';
    }
    return at < end ? at + 1 : end;
}

/* Returns the place behind the character at `at`, as JSON may write it. */
static const char *character_end(const char *at)
{
    if (*at == '\\') {
        return at + (at[1] == 'u' ? strlen("\\u0000") : strlen("\\n"));
    }
    for (at++; ((unsigned char)*at & 0xC0) == 0x80; at++) {
    }
    return at;
}

static void put_string(struct walk *walk)
{
    const char *end = text_end(walk->at, walk->end);
    const char *from = walk->at + 1;
    uint64_t most = *end == ':' ? 0 : walk->pretty->most; /* keys are whole */

    for (uint64_t i = 0; most > 0 && i < most && from < end - 1; i++) {
        from = character_end(from);
    }
    if (most == 0 || from >= end - 1) {
        put(walk, walk->at, (size_t)(end - walk->at));
    } else {
        put(walk, walk->at, (size_t)(from - walk->at));
        json_out_format(walk->pretty->out, "...\" (%zu bytes more)",
                        (size_t)(end - 1 - from));
    }
    walk->at = end;
}

/* Returns the place behind the object or list at `at`, whose members' commas
 * are counted; NULL if it is longer than `most` bytes. */
static const char *group_end(const char *at, const char *end, size_t most,
                             uint64_t *commas)
{
    const char *from = at;
    int depth = 0;

    while (at < end && (size_t)(at - from) < most) {
        if (*at == '"') {
            at = text_end(at, end);
            continue;
        }
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        *commas += depth == 1 && *at == ',';
        at++;
        if (depth == 0) {
            return (size_t)(at - from) <= most ? at : NULL;
        }
    }
    return NULL;
}

static void put_on_line(struct walk *walk, const char *end)
{
    while (walk->at < end) {
        if (*walk->at == '"') {
            put_string(walk);
            continue;
        }
        put(walk, walk->at, 1);
        if (*walk->at == ',' || *walk->at == ':') {
            put(walk, " ", 1);
        }
        walk->at++;
    }
}

static void open_group(struct walk *walk)
{
    uint64_t commas = 0;
    uint64_t most = walk->pretty->most;
    size_t shown = most > 0 && most < SHORT_SIZE ? (size_t)most : SHORT_SIZE;
    const char *end = group_end(walk->at, walk->end, shown, &commas);

    /* An empty one has no lines. */
    end = walk->at[1] == '}' || walk->at[1] == ']' ? walk->at + 2 : end;
    if (end) {
        put_on_line(walk, end);
        return;
    }
    put(walk, walk->at++, 1);
    walk->depth++;
    assert(walk->depth < DEPTH_MAX);
    walk->counts[walk->depth] = 0;
    new_line(walk);
}

/* The rest of a list that is long. */
static void skip_list(struct walk *walk)
{
    int depth = 1;
    uint64_t left = 1;

    for (;;) {
        if (*walk->at == '"') {
            walk->at = text_end(walk->at, walk->end);
            continue;
        }
        depth += (*walk->at == '{' || *walk->at == '[') -
                 (*walk->at == '}' || *walk->at == ']');
        if (depth == 0) {
            break;
        }
        left += depth == 1 && *walk->at == ',';
        walk->at++;
    }
    json_out_format(walk->pretty->out, "... (%" PRIu64 " more)", left);
}

static void next_member(struct walk *walk, bool list)
{
    uint64_t most = walk->pretty->most;

    put(walk, ",", 1);
    walk->at++;
    walk->counts[walk->depth]++;
    new_line(walk);
    if (list && most > 0 && walk->counts[walk->depth] >= most) {
        skip_list(walk);
    }
}

bool pretty_put(struct pretty *pretty, const char *json, size_t size)
{
    struct walk walk = {.pretty = pretty, .at = json, .end = json + size};
    bool lists[DEPTH_MAX] = {false};

    while (walk.at < walk.end && !walk.stopped && !pretty->out->failed) {
        switch (*walk.at) {
        case '"':
            put_string(&walk);
            break;
        case '{':
        case '[':
            lists[walk.depth + 1] = *walk.at == '[';
            open_group(&walk);
            break;
        case '}':
        case ']':
            walk.depth--;
            new_line(&walk);
            put(&walk, walk.at++, 1);
            break;
        case ',':
            next_member(&walk, lists[walk.depth]);
            break;
        case ':':
            put(&walk, ": ", 2);
            walk.at++;
            break;
        default:
            put(&walk, walk.at++, 1);
        }
    }
    return !walk.stopped && !pretty->out->failed;
}
