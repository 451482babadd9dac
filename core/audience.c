/* SPDX-License-Identifier: Apache-2.0 */
/* Who keeps states, and who is new. */
#include "core/audience.h"

#include "core/topic.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void msock__audience_fini(struct msock__audience *audience)
{
    struct msock__newcomer *newcomer;

    while ((newcomer = msock__audience_take(audience)) != NULL) {
        free(newcomer);
    }
    for (size_t i = 0; i < audience->keep_count; i++) {
        free(audience->keeps[i]);
    }
    *audience = (struct msock__audience){0};
}

/* Adds an empty newcomer.  NULL: out of memory. */
static struct msock__newcomer *enter(struct msock__audience *audience,
                                     const char *filter, uint64_t change)
{
    size_t size = strlen(filter);
    struct msock__newcomer *newcomer = calloc(1, sizeof *newcomer + size + 1);
    if (newcomer == NULL) {
        return NULL;
    }
    newcomer->change = change;
    newcomer->filter_size = size;
    memcpy(newcomer->filter, filter, size);
    *(audience->last ? &audience->last->next : &audience->first) = newcomer;
    audience->last = newcomer;
    return newcomer;
}

int msock__audience_keep(struct msock__audience *audience, const char *filter,
                         msock_state_callback *callback, void *user,
                         uint64_t change)
{
    size_t size = strlen(filter);

    assert(size <= MSOCK_TOPIC_MAX);
    if (audience->keep_count == MSOCK__KEEPS_MAX) {
        return MSOCK_ELIMIT;
    }
    struct msock__keep *keep = calloc(1, sizeof *keep);
    struct msock__newcomer *newcomer =
        keep ? enter(audience, filter, change) : NULL;
    if (newcomer == NULL) {
        free(keep);
        return MSOCK_ENOMEM;
    }
    keep->callback = callback;
    keep->user = user;
    keep->filter_size = size;
    memcpy(keep->filter, filter, size);
    newcomer->keep = keep;
    audience->keeps[audience->keep_count++] = keep;
    return 0;
}

int msock__audience_unkeep(struct msock__audience *audience, const char *filter,
                           msock_state_callback *callback, const void *user)
{
    for (size_t i = audience->keep_count; i-- > 0;) {
        struct msock__keep *keep = audience->keeps[i];
        if (!keep->ended && keep->callback == callback && keep->user == user &&
            strcmp(keep->filter, filter) == 0) {
            keep->ended = true;
            audience->left = true;
            return 0;
        }
    }
    return MSOCK_ENOENT;
}

/* Removes newcomers who are keepers that have ended. */
static void turn_away(struct msock__audience *audience)
{
    struct msock__newcomer **at = &audience->first;

    audience->last = NULL;
    while (*at) {
        struct msock__newcomer *newcomer = *at;
        if (newcomer->keep && newcomer->keep->ended) {
            *at = newcomer->next;
            free(newcomer);
        } else {
            audience->last = newcomer;
            at = &newcomer->next;
        }
    }
}

void msock__audience_sweep(struct msock__audience *audience)
{
    size_t left = 0;

    turn_away(audience);
    for (size_t i = 0; i < audience->keep_count; i++) {
        struct msock__keep *keep = audience->keeps[i];
        if (keep->ended) {
            free(keep);
        } else {
            audience->keeps[left++] = keep;
        }
    }
    audience->keep_count = left;
    audience->left = false;
}

bool msock__audience_keeps(const struct msock__audience *audience,
                           const char *topic, size_t size)
{
    for (size_t i = 0; i < audience->keep_count; i++) {
        const struct msock__keep *keep = audience->keeps[i];
        if (!keep->ended &&
            msock__topic_match(keep->filter, keep->filter_size, topic, size)) {
            return true;
        }
    }
    return false;
}

int msock__audience_enter(struct msock__audience *audience, int id,
                          const char *filter, uint64_t change)
{
    struct msock__newcomer *newcomer = enter(audience, filter, change);
    if (newcomer == NULL) {
        return MSOCK_ENOMEM;
    }
    newcomer->id = id;
    return 0;
}

struct msock__newcomer *msock__audience_take(struct msock__audience *audience)
{
    struct msock__newcomer *newcomer = audience->first;

    if (newcomer) {
        audience->first = newcomer->next;
        audience->last = audience->first ? audience->last : NULL;
    }
    return newcomer;
}
