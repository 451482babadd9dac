/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions that show a message once. */
#include "tools/msock/ears.h"

#include <stdlib.h>

struct ear {
    const struct ears *ears;
    int at; /* its filter */
};

/* The first filter that matches hands the message on. */
static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    const struct ear *ear = user;
    const struct ears *ears = ear->ears;

    (void)channel;
    for (int i = 0; i < ear->at; i++) {
        if (msock_topic_match(ears->filters[i], message->topic)) {
            return 0;
        }
    }
    ears->on_message(message, ears->user);
    return 0;
}

int ears_open(struct ears *ears, msock_channel *channel)
{
    static const msock_subscribe_options observing = {.observe = true};
    static char everything[] = "#";
    static char *const all_filters[] = {everything};
    int code = 0;

    if (ears->filter_count == 0) {
        ears->filters = all_filters;
        ears->filter_count = 1;
    }
    ears->list = calloc((size_t)ears->filter_count, sizeof(*ears->list));
    if (!ears->list) {
        return MSOCK_ENOMEM;
    }
    for (int i = 0; i < ears->filter_count && code >= 0; i++) {
        ears->list[i] = (struct ear){.ears = ears, .at = i};
        code = msock_subscribe(channel, ears->filters[i], on_message,
                               &ears->list[i], &observing);
    }
    return code < 0 ? code : 0;
}

void ears_close(struct ears *ears)
{
    free(ears->list);
    ears->list = NULL;
}
