/* SPDX-License-Identifier: Apache-2.0 */
/* The public calls of a channel, except msock_open: arguments are checked here,
 * and passed on to the engine or the driver. */
#include "core/channel.h"

#include "codec/envelope.h"
#include "codec/error.h"
#include "codec/json.h"
#include "core/dispatch.h"
#include "core/driver.h"
#include "core/engine_profile.h"
#include "core/engine_values.h"
#include "core/topic.h"

#include <assert.h>
#include <multisock/multisock.h>
#include <string.h>

/* -- Life -- */

void msock_close(msock_channel *channel, msock_closed *closed, void *user)
{
    if (!channel || channel->engine.closing) {
        return;
    }
    struct msock__driver *driver = channel->engine.driver;
    msock__engine_close(&channel->engine);
    driver->ops->close(driver, closed, user);
}

int msock_run(msock_channel *channel)
{
    struct msock__driver *driver = channel->engine.driver;
    return driver->ops->run(driver);
}

void msock_stop(msock_channel *channel)
{
    struct msock__driver *driver = channel->engine.driver;
    driver->ops->stop(driver);
}

int msock_fd(const msock_channel *channel)
{
    const struct msock__driver *driver = channel->engine.driver;
    return driver->ops->fd(driver);
}

int msock_timeout(const msock_channel *channel)
{
    const struct msock__driver *driver = channel->engine.driver;
    return driver->ops->timeout(driver);
}

int msock_dispatch(msock_channel *channel)
{
    struct msock__driver *driver = channel->engine.driver;
    return driver->ops->dispatch(driver);
}

/* -- Asking -- */

const char *msock_name(const msock_channel *channel)
{
    return channel->engine.config.name;
}

uint64_t msock_session(const msock_channel *channel)
{
    return msock__session_short(channel->engine.session);
}

int msock_joined(const msock_channel *channel)
{
    const struct msock__driver *driver = channel->engine.driver;
    return driver->ops->joined(driver);
}

size_t msock_queued(const msock_channel *channel)
{
    const struct msock__engine *engine = &channel->engine;
    size_t shown = 0;
    for (size_t i = 0; i < engine->slots.used; i++) {
        size_t slot = (engine->slots.first + i) % engine->slots.slot_count;
        shown += engine->slots.sizes[slot];
    }
    return engine->outboxes[MSOCK__BEST_EFFORT].bytes +
           engine->outboxes[MSOCK__RELIABLE].bytes + engine->copies.bytes +
           shown + atomic_load(&engine->post.bytes);
}

size_t msock_held(const msock_channel *channel)
{
    const struct msock__admission *admission = channel->engine.admission;
    return admission ? msock__admission_frames(admission) : 0;
}

uint64_t msock_counter_get(const msock_channel *channel,
                           enum msock_counter counter)
{
    bool known = (unsigned)counter < MSOCK_COUNTER_COUNT;
    return known ? msock__stats_get(&channel->engine.stats, counter) : 0;
}

/* -- Subscribing -- */

int msock__channel_check(const msock_channel *channel)
{
    const struct msock__driver *driver = channel->engine.driver;
    if (driver->ops->elsewhere && driver->ops->elsewhere(driver)) {
        return msock__fail(MSOCK_EBUSY,
                           "another thread runs this channel's loop: use "
                           "msock_post() here, or call from its callbacks");
    }
    return channel->engine.closing
               ? msock__fail(MSOCK_ECLOSED, "the channel is closing")
               : 0;
}

int msock__channel_struct(size_t struct_size, size_t known, const char *name)
{
    if (struct_size == 0 || struct_size == known) {
        return 0;
    }
    return msock__fail(MSOCK_EINVAL,
                       "%s.struct_size is %zu: set it to sizeof(%s) or 0", name,
                       struct_size, name);
}

int msock__channel_filter(const char *filter)
{
    if (filter && msock__filter_valid(filter, strlen(filter))) {
        return 0;
    }
    return msock__fail(MSOCK_EFILTER,
                       "\"%.255s\" is not a filter: 1..255 bytes of UTF-8, "
                       "at most 16 levels, + and # alone in a level, # only as "
                       "the last",
                       filter ? filter : "");
}

static unsigned manner_of(const msock_subscribe_options *options)
{
    if (!options) {
        return 0;
    }
    return (options->no_local ? MSOCK__NO_LOCAL : 0) |
           (options->observe ? MSOCK__OBSERVE : 0);
}

int msock_subscribe(msock_channel *channel, const char *filter,
                    msock_callback *callback, void *user,
                    const msock_subscribe_options *options)
{
    if (!filter || !callback) {
        return msock__fail(MSOCK_EINVAL, "a subscription needs a %s",
                           filter ? "callback" : "filter");
    }
    int code = msock__channel_check(channel);
    if (code == 0 && options) {
        code = msock__channel_struct(options->struct_size, sizeof(*options),
                                     "msock_subscribe_options");
    }
    if (code < 0) {
        return code;
    }
    code = msock__channel_filter(filter);
    if (code < 0) {
        return code;
    }
    code = msock__dispatch_add(channel->engine.dispatch, filter, callback, user,
                               manner_of(options));
    if (code < 0) {
        return code;
    }
    int told = msock__engine_values_subscribed(&channel->engine, code, filter);
    if (told < 0) {
        (void)msock__dispatch_remove(channel->engine.dispatch, code);
        return told;
    }
    msock__engine_profile_changed(&channel->engine);
    return code;
}

int msock_unsubscribe(msock_channel *channel, int id)
{
    int code = msock__dispatch_remove(channel->engine.dispatch, id);
    if (code == 0 && !channel->engine.closing) {
        msock__engine_values_unsubscribed(&channel->engine);
        msock__engine_profile_changed(&channel->engine);
    }
    return code;
}

/* -- Publishing -- */

int msock__channel_topic(const char *topic)
{
    if (!topic) {
        return msock__fail(MSOCK_ETOPIC, "a message needs a topic");
    }
    size_t size = strlen(topic);
    if (!msock__topic_valid(topic, size)) {
        return msock__fail(MSOCK_ETOPIC,
                           "\"%.255s\" is not a topic: 1..255 bytes of UTF-8, "
                           "at most 16 levels, without +, # and control "
                           "characters",
                           topic);
    }
    if (msock__topic_reserved(topic, size)) {
        return msock__fail(MSOCK_ETOPIC,
                           "\"%s\": topics under $ms/ are the protocol's own",
                           topic);
    }
    return 0;
}

int msock__channel_json(const char *json, struct msock__json_slice *value)
{
    size_t all = strlen(json);
    size_t offset = 0;
    msock__json_space(json, all, &offset);
    int code =
        msock__json_scan(json, all, MSOCK__JSON_DEPTH_MAX - 1, &offset, value);
    if (code == 0) {
        msock__json_space(json, all, &offset);
    }
    if (code < 0 || offset != all) {
        return msock__fail(MSOCK_EJSON,
                           "the data is not strict JSON at byte %zu", offset);
    }
    return 0;
}

static int check_raw(const msock_publish_options *options, const char *json,
                     struct msock__publication *publication)
{
    if (options->raw && json) {
        return msock__fail(MSOCK_EINVAL, "either JSON or raw data, not both");
    }
    if (options->raw_size > 0 && !options->raw) {
        return msock__fail(MSOCK_EINVAL, "raw_size without raw");
    }
    if (options->type && !options->raw) {
        return msock__fail(MSOCK_EINVAL, "a media type goes with raw data");
    }
    if (options->type &&
        (strlen(options->type) > MSOCK_TYPE_MAX ||
         !msock__utf8_valid(options->type, strlen(options->type)))) {
        return msock__fail(MSOCK_EINVAL,
                           "a media type is at most %d bytes of UTF-8",
                           MSOCK_TYPE_MAX);
    }
    publication->raw = options->raw;
    publication->raw_size = options->raw_size;
    publication->type = options->type;
    return 0;
}

enum { COPIES_MAX = 10, AFTER_MAX_MS = 60000 };

static int check_times(const msock_publish_options *options)
{
    if (options->after_ms > AFTER_MAX_MS) {
        return msock__fail(MSOCK_EINVAL, "after_ms is at most %d",
                           AFTER_MAX_MS);
    }
    if (options->expires_ms > 0 && options->expires_ms < options->after_ms) {
        return msock__fail(MSOCK_EINVAL,
                           "expires_ms %u is below after_ms %u: nobody would "
                           "ever hear it",
                           options->expires_ms, options->after_ms);
    }
    return 0;
}

static int check_state(const msock_publish_options *options)
{
    if (options->conflate && !options->state) {
        return msock__fail(MSOCK_EINVAL, "conflate is for states");
    }
    if (options->state && (options->raw || options->copies > 1 ||
                           options->expires_ms > 0 || options->after_ms > 0)) {
        return msock__fail(MSOCK_EINVAL,
                           "a state is JSON and lasts until the next one: "
                           "leave out raw, copies, expires_ms and after_ms");
    }
    return 0;
}

static int check_delivery(const msock_channel *channel,
                          const msock_publish_options *options,
                          struct msock__publication *publication)
{
    bool plain = !options->reliable && options->copies <= 1 &&
                 options->expires_ms == 0 && options->after_ms == 0;
    if (channel->engine.config.raw && (!plain || options->state)) {
        return msock__fail(MSOCK_ENOTSUP,
                           "codec=raw has no room for reliable, copies, "
                           "expires_ms, after_ms and state: use codec=json");
    }
    if (options->copies > COPIES_MAX) {
        return msock__fail(MSOCK_EINVAL, "copies is at most %d", COPIES_MAX);
    }
    if (options->reliable && options->copies > 1) {
        return msock__fail(MSOCK_EINVAL,
                           "reliable messages are sent again on request: "
                           "leave out copies");
    }
    if (check_state(options) < 0) {
        return MSOCK_EINVAL;
    }
    publication->delivery.reliable = options->reliable || options->state;
    publication->delivery.state = options->state;
    publication->delivery.conflate = options->conflate;
    publication->delivery.copies = options->copies > 0 ? options->copies : 1;
    publication->expires_ms = options->expires_ms;
    publication->after_ms = options->after_ms;
    return check_times(options);
}

/* What is over the limit by itself is told so before it is copied, and however
 * full the queue is. */
static int check_size(const msock_channel *channel,
                      const struct msock__publication *publication)
{
    uint64_t limit = channel->engine.config.message_max;
    size_t size =
        publication->raw ? publication->raw_size : publication->json.size;
    if (size <= limit) {
        return 0;
    }
    return msock__fail(MSOCK_ETOOBIG,
                       "%zu bytes of data are more than a message may have: "
                       "send parts, or raise message_max=%llu on all nodes",
                       size, (unsigned long long)limit);
}

/* The checks of msock__channel_publication() but for the topic's, which
 * *publication has. */
static int describe(const msock_channel *channel, const char *json,
                    const msock_publish_options *options,
                    struct msock__publication *publication)
{
    const struct msock__driver *driver = channel->engine.driver;
    if (driver->ops->forked(driver)) {
        return msock__fail(MSOCK_EFORK,
                           "this process was forked after msock_open(): open "
                           "a channel of its own");
    }
    int code = 0;
    if (options) {
        code = msock__channel_struct(options->struct_size, sizeof(*options),
                                     "msock_publish_options");
    }
    if (code == 0 && options) {
        code = check_raw(options, json, publication);
    }
    if (code == 0 && options) {
        code = check_delivery(channel, options, publication);
    }
    if (code == 0 && json) {
        code = msock__channel_json(json, &publication->json);
    }
    return code == 0 ? check_size(channel, publication) : code;
}

int msock__channel_publication(const msock_channel *channel, const char *topic,
                               const char *json,
                               const msock_publish_options *options,
                               struct msock__publication *publication)
{
    int code = msock__channel_topic(topic);
    if (code < 0) {
        return code;
    }
    *publication = (struct msock__publication){
        .topic = topic, .topic_size = strlen(topic), .delivery = {.copies = 1}};
    return describe(channel, json, options, publication);
}

/* The topic of the last message was checked then. */
static int check_topic(const msock_channel *channel, const char *topic,
                       size_t size)
{
    return msock__head_is(&channel->engine.said, topic, size)
               ? 0
               : msock__channel_topic(topic);
}

int msock_publish(msock_channel *channel, const char *topic, const char *json,
                  const msock_publish_options *options)
{
    struct msock__publication publication = {.topic = topic,
                                             .topic_size =
                                                 topic ? strlen(topic) : 0,
                                             .delivery = {.copies = 1}};
    int code = msock__channel_check(channel);
    if (code == 0) {
        code = check_topic(channel, topic, publication.topic_size);
    }
    if (code == 0) {
        code = describe(channel, json, options, &publication);
    }
    return code < 0 ? code
                    : msock__engine_publish(&channel->engine, &publication);
}

int msock_post(msock_channel *channel, const char *topic, const char *json,
               const msock_publish_options *options)
{
    struct msock__publication publication;
    struct msock__driver *driver = channel->engine.driver;
    if (!driver->ops->notify) {
        return msock__fail(MSOCK_ENOTSUP,
                           "virtual time belongs to one thread: publish there, "
                           "or open the network in real time");
    }
    int code =
        msock__channel_publication(channel, topic, json, options, &publication);
    if (code == 0) {
        code = msock__engine_post(&channel->engine, &publication);
    }
    if (code == 0) {
        driver->ops->notify(driver);
    }
    return code;
}

/* -- Events -- */

int msock_watch(msock_channel *channel, msock_event_callback *callback,
                void *user)
{
    int code = msock__channel_check(channel);
    if (code == 0) {
        channel->engine.watcher = callback;
        channel->engine.watcher_user = user;
    }
    return code;
}

/* -- Nodes -- */

int msock_nodes(msock_channel *channel, msock_node_callback *callback,
                void *user)
{
    int code = msock__channel_check(channel);

    return code < 0 ? code
                    : msock__engine_list(&channel->engine, callback, user);
}

/* -- Timers -- */

int msock_timer_start(msock_channel *channel, uint64_t delay_ms,
                      uint64_t period_ms, msock_timer_callback *callback,
                      void *user)
{
    if (!callback) {
        return msock__fail(MSOCK_EINVAL, "a timer needs a callback");
    }
    int code = msock__channel_check(channel);
    if (code < 0) {
        return code;
    }
    struct msock__driver *driver = channel->engine.driver;
    code = msock__timers_start(channel->engine.timers, driver->ops->now(driver),
                               delay_ms, period_ms, callback, user);
    if (code > 0) {
        driver->ops->wake(driver);
    }
    return code;
}

int msock_timer_stop(msock_channel *channel, int id)
{
    return msock__timers_stop(channel->engine.timers, id);
}
