/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of others, as the application sees it. */
#include "core/engine_profile.h"
#include "core/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a session is told with; the node borrows it. */
struct texts {
    char address[MSOCK__ADDRESS_SIZE];
    char sealed_with[MSOCK_KEY_ID_SIZE];
    char ids[MSOCK_KEYS_MAX][MSOCK_KEY_ID_SIZE];
    const char *keys[MSOCK_KEYS_MAX];
    const char *filters[MSOCK__CARD_FILTERS];
};

static void write_id(char text[static MSOCK_KEY_ID_SIZE], uint32_t id)
{
    snprintf(text, MSOCK_KEY_ID_SIZE, "%08" PRIx32, id);
}

static void list_filters(const struct msock__card *card, struct texts *texts,
                         msock_node *node)
{
    const char *filter = card->filters;

    node->filters = texts->filters;
    node->filter_count = card->vague ? 1 : card->filter_count;
    texts->filters[0] = "#";
    for (size_t i = 0; i < card->filter_count; i++) {
        texts->filters[i] = filter;
        filter += strlen(filter) + 1;
    }
}

static void take_card(const struct msock__card *card, struct texts *texts,
                      msock_node *node)
{
    node->described = true;
    node->version = card->version;
    node->keeper = card->keeper;
    node->keys = texts->keys;
    node->key_count = card->key_count;
    for (size_t i = 0; i < card->key_count; i++) {
        write_id(texts->ids[i], card->keys[i]);
        texts->keys[i] = texts->ids[i];
    }
    list_filters(card, texts, node);
}

static void describe(const struct msock__engine *engine, uint64_t now_us,
                     const struct msock__session *session, struct texts *texts,
                     msock_node *node)
{
    uint64_t heard_us = msock__least(session->heard_us, now_us);

    texts->sealed_with[0] = '\0';
    if (engine->admission) {
        write_id(texts->sealed_with, session->key_id);
    }
    msock__address_write(&session->from, texts->address);
    *node = (msock_node){.name = session->sender,
                         .session = msock__session_short(session->id),
                         .address = texts->address,
                         .up = session->up,
                         .visitor = msock__session_visits(session),
                         .version = "",
                         .sealed_with = texts->sealed_with,
                         .heard_ms = (now_us - heard_us) / 1000,
                         .received = session->best_effort.marked,
                         .missed = msock__window_missed(&session->best_effort),
                         .proved = session->trusted != NULL};
    if (session->entry.card) {
        take_card(session->entry.card, texts, node);
    }
}

void msock__engine_event_about(struct msock__engine *engine,
                               enum msock_event_kind kind,
                               const struct msock__session *session)
{
    struct texts texts;
    msock_node node;

    if (!engine->watcher || msock__session_visits(session)) {
        return;
    }
    describe(engine, engine->driver->ops->now(engine->driver), session, &texts,
             &node);
    const msock_event event = {
        .kind = kind,
        .node = node.name,
        .session = node.session,
        .proved = node.proved,
        .about = &node,
    };
    msock__engine_event(engine, &event);
}

int msock__engine_list(struct msock__engine *engine,
                       msock_node_callback *callback, void *user)
{
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    struct msock__session *session = msock__sessions_newest(engine->sessions);
    int count = 0;

    for (; session; session = session->older) {
        struct texts texts;
        msock_node node;
        if (!session->met) {
            continue;
        }
        count++;
        if (callback) {
            describe(engine, now_us, session, &texts, &node);
            callback(engine->channel, &node, user);
        }
    }
    return count;
}
