/* SPDX-License-Identifier: Apache-2.0 */
/* What other sessions say of themselves. */
#include "core/roster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* -- Cards -- */

static void free_card(struct msock__roster *roster, struct msock__card *card)
{
    if (card == NULL) {
        return;
    }
    assert(roster->bytes >= card->filters_size + card->will_size);
    roster->bytes -= card->filters_size + card->will_size;
    free(card->filters);
    free(card->will);
    free(card);
}

static bool has_room(const struct msock__roster *roster,
                     const struct msock__card *card, size_t size)
{
    size_t used = card->filters_size + card->will_size;

    return size <= MSOCK__CARD_BYTES - used &&
           size <= MSOCK__ROSTER_BYTES - roster->bytes;
}

static void forget_filters(struct msock__roster *roster,
                           struct msock__card *card)
{
    roster->bytes -= card->filters_size;
    free(card->filters);
    card->filters = NULL;
    card->filter_count = card->filters_size = 0;
    card->vague = true;
}

/* Bytes of a hello's filters as they are kept. */
static size_t filters_size(const struct msock__control *hello)
{
    size_t size = 0;

    for (size_t i = 0; i < hello->count; i++) {
        size += msock__json_unescape(&hello->filters[i], NULL) + 1;
    }
    return size;
}

/* Returns 0, MSOCK_ENOMEM. */
static int add_filters(struct msock__roster *roster, struct msock__card *card,
                       const struct msock__control *hello)
{
    size_t size = filters_size(hello);

    if (card->vague || hello->count == 0) {
        return 0;
    }
    if (hello->count > MSOCK__CARD_FILTERS - card->filter_count ||
        !has_room(roster, card, size)) {
        forget_filters(roster, card);
        return 0;
    }
    char *text = realloc(card->filters, card->filters_size + size);
    if (text == NULL) {
        return MSOCK_ENOMEM;
    }
    card->filters = text;
    text += card->filters_size;
    for (size_t i = 0; i < hello->count; i++) {
        text += msock__json_unescape(&hello->filters[i], text);
        *text++ = '\0';
    }
    card->filter_count += hello->count;
    card->filters_size += size;
    roster->bytes += size;
    return 0;
}

/* Returns 0, MSOCK_ENOMEM. */
static int add_will(struct msock__roster *roster, struct msock__card *card,
                    const struct msock__json_slice *will)
{
    if (will->size == 0 || card->will != NULL ||
        !has_room(roster, card, will->size)) {
        return 0;
    }
    card->will = malloc(will->size);
    if (card->will == NULL) {
        return MSOCK_ENOMEM;
    }
    memcpy(card->will, will->text, will->size);
    card->will_size = will->size;
    roster->bytes += will->size;
    return 0;
}

/* Returns 0, MSOCK_ENOMEM. */
static int add_part(struct msock__roster *roster, struct msock__card *card,
                    const struct msock__control *hello)
{
    const struct msock__about *about = &hello->about;
    uint8_t bit = (uint8_t)(1u << about->part % 8);

    if ((card->have[about->part / 8] & bit) != 0) {
        return 0;
    }
    if (add_filters(roster, card, hello) < 0 ||
        add_will(roster, card, &about->will) < 0) {
        return MSOCK_ENOMEM;
    }
    memcpy(card->version, about->version, sizeof card->version);
    card->keeper |= about->keeper;
    if (about->key_count > 0) {
        memcpy(card->keys, about->keys, sizeof card->keys);
        card->key_count = about->key_count;
    }
    card->have[about->part / 8] |= bit;
    card->came++;
    return 0;
}

/* -- Entries -- */

bool msock__entry_known(const struct msock__entry *entry)
{
    return entry->card != NULL && entry->card->revision == entry->revision;
}

/* The card that a part belongs to, which may begin it.  NULL: out of memory. */
static struct msock__card *card_of(struct msock__roster *roster,
                                   struct msock__entry *entry,
                                   const struct msock__control *hello)
{
    struct msock__card *card = entry->coming;

    if (card != NULL && card->revision == hello->revision &&
        card->parts == hello->about.parts) {
        return card;
    }
    free_card(roster, card);
    entry->coming = calloc(1, sizeof *card);
    if (entry->coming != NULL) {
        entry->coming->revision = hello->revision;
        entry->coming->parts = hello->about.parts;
    }
    return entry->coming;
}

int msock__roster_take(struct msock__roster *roster, struct msock__entry *entry,
                       const struct msock__control *hello)
{
    if (!entry->said || hello->revision > entry->revision) {
        entry->said = true;
        entry->revision = hello->revision;
    }
    /* What was overtaken on the way, and what is known. */
    if (!hello->full || hello->revision < entry->revision ||
        msock__entry_known(entry)) {
        return 0;
    }
    struct msock__card *card = card_of(roster, entry, hello);
    if (card == NULL || add_part(roster, card, hello) < 0) {
        free_card(roster, card);
        entry->coming = NULL;
        return MSOCK_ENOMEM;
    }
    if (card->came < card->parts) {
        return 0;
    }
    free_card(roster, entry->card);
    entry->card = card;
    entry->coming = NULL;
    return 1;
}

void msock__roster_forget(struct msock__roster *roster,
                          struct msock__entry *entry)
{
    free_card(roster, entry->card);
    free_card(roster, entry->coming);
    *entry = (struct msock__entry){0};
}
