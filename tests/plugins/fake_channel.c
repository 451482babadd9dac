/* SPDX-License-Identifier: Apache-2.0 */
/* A channel that only takes notes. */
#include "tests/plugins/fake_channel.h"

#include <assert.h>
#include <multisock/request.h>
#include <multisock/state.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fake_subscriptions(const msock_channel *channel)
{
    int count = 0;
    for (size_t i = 0; i < FAKE_MAX; i++) {
        count += channel->subscriptions[i].id != 0;
    }
    return count;
}

int fake_timers(const msock_channel *channel)
{
    int count = 0;
    for (size_t i = 0; i < FAKE_MAX; i++) {
        count += channel->timers[i].id != 0;
    }
    return count;
}

int fake_deliver(msock_channel *channel, const char *topic, const char *json)
{
    const msock_message message = {.topic = topic,
                                   .sender = "tester",
                                   .data = json,
                                   .topic_size = strlen(topic),
                                   .sender_size = strlen("tester"),
                                   .data_size = strlen(json)};
    int sum = 0;
    for (size_t i = 0; i < FAKE_MAX; i++) {
        struct fake_subscription *subscription = &channel->subscriptions[i];
        if (subscription->id != 0 && strcmp(subscription->filter, topic) == 0) {
            sum +=
                subscription->callback(channel, &message, subscription->user);
        }
    }
    return sum;
}

void fake_run_timers(msock_channel *channel)
{
    for (size_t i = 0; i < FAKE_MAX; i++) {
        const struct fake_timer timer = channel->timers[i];
        if (timer.id == 0) {
            continue;
        }
        if (timer.period_ms == 0) {
            channel->timers[i].id = 0;
        }
        timer.callback(channel, timer.user);
    }
}

const char *msock_name(const msock_channel *channel)
{
    (void)channel;
    return "bench";
}

int msock_subscribe(msock_channel *channel, const char *filter,
                    msock_callback *callback, void *user,
                    const msock_subscribe_options *options)
{
    (void)options;
    if (channel->refuse != 0) {
        return channel->refuse;
    }
    size_t i = 0;
    while (channel->subscriptions[i].id != 0) {
        i++;
        assert(i < FAKE_MAX);
    }
    struct fake_subscription *subscription = &channel->subscriptions[i];
    subscription->id = ++channel->last_id;
    snprintf(subscription->filter, FAKE_TEXT_SIZE, "%s", filter);
    subscription->callback = callback;
    subscription->user = user;
    return subscription->id;
}

int msock_unsubscribe(msock_channel *channel, int id)
{
    for (size_t i = 0; i < FAKE_MAX; i++) {
        if (channel->subscriptions[i].id == id) {
            channel->subscriptions[i].id = 0;
            return 0;
        }
    }
    channel->unknown++;
    return MSOCK_ENOENT;
}

bool msock_topic_match(const char *filter, const char *topic)
{
    return strcmp(filter, topic) == 0;
}

int msock_publish(msock_channel *channel, const char *topic, const char *json,
                  const msock_publish_options *options)
{
    (void)options;
    snprintf(channel->published, FAKE_TEXT_SIZE, "%s %s", topic, json);
    if (channel->publishing != NULL) {
        channel->publishing(channel->user);
    }
    return channel->refuse;
}

int msock_timer_start(msock_channel *channel, uint64_t delay_ms,
                      uint64_t period_ms, msock_timer_callback *callback,
                      void *user)
{
    (void)delay_ms;
    if (channel->refuse != 0) {
        return channel->refuse;
    }
    size_t i = 0;
    while (channel->timers[i].id != 0) {
        i++;
        assert(i < FAKE_MAX);
    }
    channel->timers[i] =
        (struct fake_timer){++channel->last_id, period_ms, callback, user};
    return channel->timers[i].id;
}

int msock_timer_stop(msock_channel *channel, int id)
{
    for (size_t i = 0; i < FAKE_MAX; i++) {
        if (channel->timers[i].id == id) {
            channel->timers[i].id = 0;
            return 0;
        }
    }
    channel->unknown++;
    return MSOCK_ENOENT;
}

/* A test's logger is its channel in disguise. */
void msock_log(msock_logger *logger, enum msock_level level, const char *format,
               ...)
{
    msock_channel *channel = (msock_channel *)(void *)logger;
    va_list arguments;

    (void)level;
    if (channel == NULL) {
        return;
    }
    size_t used = strlen(channel->log);
    va_start(arguments, format);
    vsnprintf(channel->log + used, FAKE_TEXT_SIZE - used, format, arguments);
    va_end(arguments);
    used = strlen(channel->log);
    snprintf(channel->log + used, FAKE_TEXT_SIZE - used, "\n");
}

/* -- States: it has none -- */

int msock_keep(msock_channel *channel, const char *filter,
               msock_state_callback *callback, void *user)
{
    (void)channel;
    (void)filter;
    (void)callback;
    (void)user;
    return MSOCK_ENOTSUP;
}

int msock_unkeep(msock_channel *channel, const char *filter,
                 msock_state_callback *callback, void *user)
{
    return msock_keep(channel, filter, callback, user);
}

int msock_state_each(msock_channel *channel, const char *filter,
                     msock_state_callback *callback, void *user)
{
    return msock_keep(channel, filter, callback, user);
}

int msock_state_restore(msock_channel *channel, const char *topic,
                        uint64_t version, const char *owner,
                        const uint8_t session[MSOCK_SESSION_SIZE],
                        const char *json)
{
    (void)channel;
    (void)topic;
    (void)version;
    (void)owner;
    (void)session;
    (void)json;
    return MSOCK_ENOTSUP;
}

int msock_defer(msock_channel *channel, uint64_t *token)
{
    (void)channel;
    (void)token;
    return MSOCK_EINVAL;
}

int msock_done(msock_channel *channel, uint64_t token, int code)
{
    (void)channel;
    (void)token;
    (void)code;
    return MSOCK_ENOENT;
}

int msock_reply(msock_channel *channel, const char *json,
                const msock_publish_options *options)
{
    (void)channel;
    (void)json;
    (void)options;
    return MSOCK_EINVAL;
}

int msock_reply_later(msock_channel *channel, uint64_t *token)
{
    return msock_defer(channel, token);
}

int msock_reply_to(msock_channel *channel, uint64_t token, const char *json,
                   const msock_publish_options *options)
{
    (void)json;
    (void)options;
    return msock_done(channel, token, 0);
}

int msock_reply_drop(msock_channel *channel, uint64_t token)
{
    return msock_done(channel, token, 0);
}
