/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the ways to scan against each other. */
#include "tests/support/json_ways.h"

#include "codec/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(MSOCK__PLAIN_SSE2)
static const struct json_way json_library = JSON_WAY("SSE2");
#elif defined(MSOCK__PLAIN_NEON)
static const struct json_way json_library = JSON_WAY("NEON");
#else
static const struct json_way json_library = JSON_WAY("library");
#endif

static const struct json_way *const ways[] = {&json_library, &json_words,
                                              &json_bytes};

enum { WAY_COUNT = sizeof ways / sizeof ways[0], SAID_MAX = 200 };

enum step { SCAN, MEMBER, ELEMENT };

static const char *const step_names[] = {"scan", "member", "element"};

/* What one step saw. */
struct seen {
    int code;
    size_t offset;
    struct msock__json_slice key, value;
};

static char said[SAID_MAX];

/* -- Reading -- */

static bool same_slice(const struct msock__json_slice *a,
                       const struct msock__json_slice *b)
{
    return a->text == b->text && a->size == b->size && a->type == b->type &&
           a->compact == b->compact;
}

static struct seen step_in(const struct json_way *way, enum step step,
                           const char *text, size_t size, int depth,
                           size_t from)
{
    struct seen seen = {.offset = from};

    switch (step) {
    case SCAN:
        seen.code = way->scan(text, size, depth, &seen.offset, &seen.value);
        break;
    case MEMBER:
        seen.code = way->member(text, size, depth, &seen.offset, &seen.key,
                                &seen.value);
        break;
    case ELEMENT:
        seen.code = way->element(text, size, depth, &seen.offset, &seen.value);
        break;
    }
    return seen;
}

/* One step in all ways.  Returns whether they agree. */
static bool step_alike(enum step step, const char *text, size_t size, int depth,
                       size_t from, struct seen *seen)
{
    *seen = step_in(ways[0], step, text, size, depth, from);
    for (size_t i = 1; i < WAY_COUNT; i++) {
        struct seen other = step_in(ways[i], step, text, size, depth, from);
        if (seen->code != other.code || seen->offset != other.offset ||
            !same_slice(&seen->key, &other.key) ||
            !same_slice(&seen->value, &other.value)) {
            snprintf(said, sizeof said,
                     "%s of %zu bytes from %zu on: %s %d at %zu, value of %zu; "
                     "%s %d at %zu, value of %zu",
                     step_names[step], size, from, ways[0]->name, seen->code,
                     seen->offset, seen->value.size, ways[i]->name, other.code,
                     other.offset, other.value.size);
            return false;
        }
    }
    return true;
}

/* Over a container and what is in it; at most `depth` levels of it. */
static bool walk_alike(const char *text, size_t size, int depth, size_t from)
{
    enum step step = text[from] == '{' ? MEMBER : ELEMENT;
    struct seen seen = {.offset = from};

    do {
        if (!step_alike(step, text, size, depth, seen.offset, &seen)) {
            return false;
        }
        bool nested =
            seen.code == 1 && seen.value.type >= MSOCK__JSON_ARRAY && depth > 1;
        if (nested && !walk_alike(text, size, depth - 1,
                                  (size_t)(seen.value.text - text))) {
            return false;
        }
    } while (seen.code == 1);
    return true;
}

const char *json_ways_read(const char *text, size_t size, size_t from)
{
    const int depth = MSOCK__JSON_DEPTH_MAX;
    struct seen seen;
    bool same = step_alike(SCAN, text, size, depth, from, &seen);

    if (same && from < size && (text[from] == '{' || text[from] == '[')) {
        same = walk_alike(text, size, depth, from);
    }
    return same ? NULL : said;
}

/* -- Writing -- */

/* What one way wrote of a text. */
struct written {
    char *bytes;
    size_t size;
};

static struct written write_in(const struct json_way *way, bool quotes,
                               const char *text, size_t size)
{
    struct written written = {.bytes = malloc(6 * size + 2)};

    if (written.bytes == NULL) {
        abort();
    }
    written.size = quotes ? way->quote(text, size, written.bytes)
                          : way->compact(text, size, written.bytes);
    return written;
}

static bool write_alike(bool quotes, const char *text, size_t size)
{
    struct written first = write_in(ways[0], quotes, text, size);
    bool same = true;

    for (size_t i = 1; i < WAY_COUNT && same; i++) {
        struct written other = write_in(ways[i], quotes, text, size);
        same = first.size == other.size &&
               memcmp(first.bytes, other.bytes, first.size) == 0;
        if (!same) {
            snprintf(said, sizeof said,
                     "%s of %zu bytes: %s wrote %zu, %s wrote %zu",
                     quotes ? "quote" : "compact", size, ways[0]->name,
                     first.size, ways[i]->name, other.size);
        }
        free(other.bytes);
    }
    free(first.bytes);
    return same;
}

const char *json_ways_write(const char *text, size_t size)
{
    size_t offset = 0;

    if (!write_alike(true, text, size)) {
        return said;
    }
    int code =
        msock__json_scan(text, size, MSOCK__JSON_DEPTH_MAX, &offset, NULL);
    return code == 0 && !write_alike(false, text, offset) ? said : NULL;
}
