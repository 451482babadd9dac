/* SPDX-License-Identifier: Apache-2.0 */
/* multisock's reliable stream, as an application uses it. Settings: url,
 * key_file, reliable [1; 0: best effort]. */
#include "bench/reliable/roles.h"

#include <multisock/multisock.h>
#include <stdio.h>

static const char topic[] = "bench/objects";

static msock_channel *channel;

static struct offer {
    unsigned next, count;
    msock_publish_options options;
} offer;

int peer_open(bool publisher)
{
    const msock_options options = {
        .name = role_text("name", publisher ? "publisher" : "receiver"),
        .key_file = role_text("key_file", NULL),
    };
    const char *url = role_text("url", MSOCK_DEFAULT_URL);

    if (msock_open(&channel, url, &options) < 0) {
        return role_fail(url, msock_error_detail());
    }
    return 0;
}

/* Publishes as much as there is room for; the rest when there is again. */
static void publish_more(msock_channel *to)
{
    char text[OBJECT_SIZE + 1];

    for (; offer.next < offer.count; offer.next++) {
        object_write(text, offer.next);
        int code = msock_publish(to, topic, text, &offer.options);
        if (code == MSOCK_EAGAIN) {
            return;
        }
        if (code < 0) {
            role_fail("publish", msock_error_detail());
            msock_stop(to);
            return;
        }
    }
    role_offered();
}

static void begin(msock_channel *to, void *user)
{
    (void)user;
    role_first();
    publish_more(to);
}

static void on_event(msock_channel *from, const msock_event *event, void *user)
{
    (void)user;
    if (event->kind == MSOCK_EVENT_WRITABLE && offer.next < offer.count) {
        publish_more(from);
    }
}

void peer_publish(unsigned count, unsigned settle_ms)
{
    offer = (struct offer){
        .count = count,
        .options = {.reliable = role_number("reliable", 1) > 0},
    };
    msock_watch(channel, on_event, NULL);
    msock_timer_start(channel, settle_ms, 0, begin, NULL);
    msock_run(channel);
}

static int on_message(msock_channel *from, const msock_message *message,
                      void *user)
{
    (void)from, (void)user;
    role_heard(message->data, message->data_size);
    return 0;
}

void peer_receive(void)
{
    msock_subscribe(channel, topic, on_message, NULL, NULL);
    msock_run(channel);
}

void peer_stop(void)
{
    msock_stop(channel);
}

void peer_report(void)
{
    for (int i = 0; i < MSOCK_COUNTER_COUNT; i++) {
        uint64_t value = msock_counter_get(channel, (enum msock_counter)i);
        if (value > 0) {
            printf(" %s=%llu", msock_counter_name((enum msock_counter)i),
                   (unsigned long long)value);
        }
    }
}
