/* SPDX-License-Identifier: Apache-2.0 */
/* What this node says of itself. */
#include "core/profile.h"

#include "codec/json.h"
#include "core/topic.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char everything[] = "\"#\"";

void msock__profile_fini(struct msock__profile *profile)
{
    free(profile->text);
    *profile = (struct msock__profile){0};
}

bool msock__profile_set_will(struct msock__profile *profile,
                             const struct msock__will *will)
{
    const struct msock__will *old = &profile->will;
    bool same = old->size == will->size &&
                memcmp(old->text, will->text, will->size) == 0;

    profile->will = *will;
    profile->changed |= !same;
    return !same;
}

/* -- Gathering -- */

/* A list of filters in the making. */
struct list {
    size_t count;
    size_t size;
    uint16_t sizes[MSOCK__PROFILE_FILTERS];
    char text[MSOCK__PROFILE_BYTES];
};

static bool add_filter(const char *filter, size_t size, void *user)
{
    struct list *list = user;

    if (msock__topic_reserved(filter, size)) {
        return true;
    }
    size_t quoted = msock__json_quote(filter, size, NULL);
    if (list->count == MSOCK__PROFILE_FILTERS ||
        quoted > sizeof list->text - list->size) {
        return false;
    }
    msock__json_quote(filter, size, list->text + list->size);
    list->sizes[list->count++] = (uint16_t)quoted;
    list->size += quoted;
    return true;
}

static void gather(struct list *list, const struct msock__dispatch *dispatch)
{
    list->count = list->size = 0;
    if (!msock__dispatch_filters(dispatch, add_filter, list)) {
        list->count = 1;
        list->size = list->sizes[0] = sizeof everything - 1;
        memcpy(list->text, everything, list->size);
    }
}

/* Takes the filters over.  Returns 0, MSOCK_ENOMEM. */
static int take_filters(struct msock__profile *profile,
                        const struct msock__dispatch *dispatch)
{
    struct list *list = malloc(sizeof *list);
    if (list == NULL) {
        return MSOCK_ENOMEM;
    }
    gather(list, dispatch);
    char *text = realloc(profile->text, list->size + 1);
    if (text == NULL) {
        free(list);
        return MSOCK_ENOMEM;
    }
    memcpy(text, list->text, list->size);
    memcpy(profile->sizes, list->sizes, list->count * sizeof list->sizes[0]);
    profile->text = text;
    profile->filter_count = list->count;
    free(list);
    return 0;
}

bool msock__profile_stale(const struct msock__profile *profile,
                          const struct msock__dispatch *dispatch,
                          const struct msock__pipeline *pipeline)
{
    uint32_t keys[MSOCK__KEYS_MAX];
    size_t count = msock__pipeline_keys(pipeline, keys);

    return profile->revision == 0 || profile->changed ||
           profile->changes != msock__dispatch_changes(dispatch) ||
           profile->key_count != count ||
           memcmp(keys, profile->keys, count * sizeof keys[0]) != 0;
}

int msock__profile_refresh(struct msock__profile *profile,
                           const struct msock__dispatch *dispatch,
                           const struct msock__pipeline *pipeline)
{
    if (!msock__profile_stale(profile, dispatch, pipeline)) {
        return 0;
    }
    if (take_filters(profile, dispatch) < 0) {
        return MSOCK_ENOMEM;
    }
    profile->key_count = msock__pipeline_keys(pipeline, profile->keys);
    profile->changes = msock__dispatch_changes(dispatch);
    profile->changed = false;
    profile->revision++;
    return 1;
}

/* -- Parts -- */

/* What a hello says of a node in each of its parts. */
static void describe(const struct msock__profile *profile,
                     struct msock__control *hello)
{
    struct msock__about *about = &hello->about;

    hello->kind = MSOCK__HELLO;
    hello->full = true;
    hello->revision = profile->revision;
    snprintf(about->version, sizeof about->version, "%s", msock_version());
    memcpy(about->keys, profile->keys, sizeof about->keys);
    about->key_count = profile->key_count;
    about->keeper = profile->keeper;
    about->will.size = 0;
}

/* Bytes of a hello without filters, whatever its numbers are. */
static size_t bare_size(const struct msock__control *hello, const char *sender)
{
    char text[2048];
    struct msock__control most = *hello;

    most.age_ms = most.best_effort_last = most.revision = MSOCK__COUNTER_MAX;
    most.every_ms = MSOCK__EVERY_MAX_MS;
    most.held = (struct msock__range){MSOCK__COUNTER_MAX, MSOCK__COUNTER_MAX};
    most.about.part = MSOCK__PARTS_MAX - 1;
    most.about.parts = MSOCK__PARTS_MAX;
    most.count = 0;
    size_t size = msock__control_encode(&most, sender, text, sizeof text, NULL);
    assert(size > 0);
    return size + sizeof ",\"filters\":[]" - 1;
}

static struct msock__json_slice will_slice(const struct msock__will *will)
{
    return (struct msock__json_slice){
        .text = will->text, .size = will->size, .type = MSOCK__JSON_ARRAY};
}

bool msock__profile_will_fits(const struct msock__profile *profile,
                              const struct msock__will *will,
                              const char *sender, size_t room)
{
    struct msock__control hello = {.every_ms = 1};

    describe(profile, &hello);
    hello.about.keeper = true; /* it may be one later */
    hello.about.will = will_slice(will);
    return bare_size(&hello, sender) <= room;
}

/* The filters [first, next) that a part of `space` bytes for them holds, of the
 * first one that has a will none at all. */
static size_t next_part(const struct msock__profile *profile, size_t first,
                        size_t space, bool has_will)
{
    size_t next = first;
    size_t used = 0;

    while (next < profile->filter_count && next - first < MSOCK__FILTERS_MAX) {
        /* One that is alone and too large is replaced. */
        used += profile->sizes[next] + sizeof "," - 1;
        if (used > space && (next > first || has_will)) {
            break;
        }
        next++;
    }
    return next;
}

static void put_filters(const struct msock__profile *profile, size_t first,
                        size_t next, size_t space, struct msock__control *hello)
{
    const char *text = profile->text;

    for (size_t i = 0; i < first; i++) {
        text += profile->sizes[i];
    }
    hello->count = next - first;
    for (size_t i = first; i < next; i++) {
        bool fits = profile->sizes[i] <= space;
        hello->filters[i - first] = (struct msock__json_slice){
            .text = fits ? text : everything,
            .size = fits ? profile->sizes[i] : sizeof everything - 1,
            .type = MSOCK__JSON_STRING};
        text += profile->sizes[i];
    }
}

/* A part in the making. */
struct part {
    size_t first, next; /* its filters */
    size_t space;       /* bytes for them */
};

/* Finds part number hello->about.part, or the last one, and counts them all.
 * The first one leaves `first_space` bytes for filters, the others `space`. */
static struct part find_part(const struct msock__profile *profile,
                             size_t first_space, size_t space, uint32_t wanted,
                             struct msock__about *about)
{
    bool has_will = about->will.size > 0;
    struct part found = {0};
    size_t first = 0;
    uint32_t parts = 0;

    do {
        size_t here = parts == 0 ? first_space : space;
        size_t next = next_part(profile, first, here, parts == 0 && has_will);
        if (parts <= wanted) {
            about->part = parts;
            found = (struct part){first, next, here};
        }
        parts++;
        first = next;
    } while (first < profile->filter_count);
    about->parts = parts;
    return found;
}

void msock__profile_part(const struct msock__profile *profile,
                         const char *sender, size_t room, uint32_t part,
                         struct msock__control *hello)
{
    struct msock__about *about = &hello->about;

    describe(profile, hello);
    size_t bare = bare_size(hello, sender);
    size_t space = bare < room ? room - bare : 0;
    size_t first_space = space;
    about->will = will_slice(&profile->will);
    bare = bare_size(hello, sender);
    if (bare > room) {
        about->will.size = 0;
    } else {
        first_space = room - bare;
    }
    struct part found = find_part(profile, first_space, space, part, about);
    if (about->part > 0) {
        about->will.size = 0;
    }
    put_filters(profile, found.first, found.next, found.space, hello);
}
