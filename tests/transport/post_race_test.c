/* SPDX-License-Identifier: Apache-2.0 */
/* Posting from many threads at once: nothing is lost, nothing changes its place
 * among the messages of its thread, and memory keeps to its bounds. A plain
 * program, for ThreadSanitizer, which Criterion does not bear. */
#include <multisock/multisock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    THREADS = 8,
    CROWD_EACH = 125000, /* messages of a thread: a million in all */
    REMOTE_EACH = 5000,
    RING_EACH = 1000, /* fit POST_MAX: nobody runs a loop while he posts */
    POST_MAX = 256 * 1024,
    QUEUE_MAX = 64 * 1024, /* less than is posted: what waits keeps its order */
    SLOTS_MAX = 512 * 1024, /* finished frames, at most */
    LOOK_EVERY = 1024
};

/* What one channel is to hear, and has heard, of each thread. */
struct listener {
    msock_channel *channel;
    unsigned total;
    unsigned heard;
    unsigned next[THREADS];
};

/* What one thread is to post. */
struct poster {
    msock_channel *channel;
    unsigned number;
    unsigned each;
    pthread_t thread;
};

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, msock_error_detail());
        exit(1);
    }
}

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "not so: %s\n", what);
        exit(1);
    }
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct listener *listener = user;
    unsigned number = (unsigned)strtoul(message->topic + 2, NULL, 10);

    require(number < THREADS, "the topic names a thread");
    require(strtoul(message->data, NULL, 10) == listener->next[number],
            "each thread's messages arrive in order, and all of them");
    listener->next[number]++;
    listener->heard++;
    if (listener->heard % LOOK_EVERY == 0) {
        require(msock_queued(channel) <= QUEUE_MAX + POST_MAX + SLOTS_MAX,
                "what waits keeps to the bounds");
    }
    if (listener->heard == listener->total) {
        msock_stop(channel);
    }
    return 0;
}

static void open_listener(struct listener *listener, const char *name,
                          const char *url, const char *filter)
{
    msock_options options = {.name = name,
                             .post_max = POST_MAX,
                             .queue_max = QUEUE_MAX,
                             .rcvbuf = 1024 * 1024 * 1024};

    check(msock_open(&listener->channel, url, &options), "open");
    check(
        msock_subscribe(listener->channel, filter, on_message, listener, NULL),
        "subscribe");
}

/* Posts one message, however long the channel has no room. */
static void post(msock_channel *channel, const char *topic, const char *json)
{
    const struct timespec moment = {.tv_nsec = 100000};
    int code = msock_post(channel, topic, json, NULL);

    while (code == MSOCK_EAGAIN) {
        nanosleep(&moment, NULL);
        code = msock_post(channel, topic, json, NULL);
    }
    check(code, "post");
}

static void *post_all(void *user)
{
    const struct poster *poster = user;
    char topic[16], json[16];

    snprintf(topic, sizeof topic, "t/%u", poster->number);
    for (unsigned i = 0; i < poster->each; i++) {
        snprintf(json, sizeof json, "%u", i);
        post(poster->channel, topic, json);
    }
    return NULL;
}

static void *listen_to_all(void *user)
{
    struct listener *listener = user;

    check(msock_run(listener->channel), "run");
    return NULL;
}

static void start(struct poster posters[THREADS], msock_channel *channel,
                  unsigned each)
{
    for (unsigned i = 0; i < THREADS; i++) {
        posters[i] =
            (struct poster){.channel = channel, .number = i, .each = each};
        check(-pthread_create(&posters[i].thread, NULL, post_all, &posters[i]),
              "thread");
    }
}

static void join(struct poster posters[THREADS])
{
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(posters[i].thread, NULL);
    }
}

/* A million messages, heard by a subscription of the same channel. */
static void crowd(void)
{
    struct poster posters[THREADS];
    struct listener listener = {.total = THREADS * CROWD_EACH};

    open_listener(&listener, "crowd", "sim://crowd", "t/+");
    start(posters, listener.channel, CROWD_EACH);
    check(msock_run(listener.channel), "run");
    join(posters);

    require(msock_counter_get(listener.channel, MSOCK_TX_MESSAGES) ==
                listener.total,
            "each message is published once");
    require(msock_counter_get(listener.channel, MSOCK_DELIVERED) ==
                listener.total,
            "each message is delivered once");
    msock_close(listener.channel, NULL, NULL);
}

/* Across a network: two channels, each with a loop and a thread of its own. The
 * writer is closed as soon as all is posted, and still sends it. */
static void remote(void)
{
    struct poster posters[THREADS];
    struct listener reader = {.total = THREADS * REMOTE_EACH};
    struct listener writer = {.total = 0};
    pthread_t reading, writing;

    open_listener(&reader, "reader", "sim://remote", "t/+");
    open_listener(&writer, "writer", "sim://remote", "nothing");
    check(-pthread_create(&reading, NULL, listen_to_all, &reader), "thread");
    check(-pthread_create(&writing, NULL, listen_to_all, &writer), "thread");
    start(posters, writer.channel, REMOTE_EACH);
    join(posters);
    msock_stop(writer.channel);
    pthread_join(writing, NULL);
    msock_close(writer.channel, NULL, NULL);
    pthread_join(reading, NULL);

    msock_close(reader.channel, NULL, NULL);
}

struct ring {
    pthread_barrier_t barrier;
    struct listener listeners[THREADS];
};

struct member {
    struct ring *ring;
    unsigned number;
};

/* Each thread opens, runs and closes a channel, and posts on its neighbour's:
 * they may close when nobody posts any more. */
static void *live_in_ring(void *user)
{
    const struct member *member = user;
    struct ring *ring = member->ring;
    struct listener *own = &ring->listeners[member->number];
    unsigned next = (member->number + 1) % THREADS;
    char topic[16];

    snprintf(topic, sizeof topic, "t/%u", member->number);
    own->total = RING_EACH;
    open_listener(own, topic, "sim://ring", topic);
    pthread_barrier_wait(&ring->barrier);
    post_all(&(struct poster){ring->listeners[next].channel, next, RING_EACH,
                              pthread_self()});
    check(msock_run(own->channel), "run");
    pthread_barrier_wait(&ring->barrier);
    msock_close(own->channel, NULL, NULL);
    return NULL;
}

static void ring(void)
{
    static struct ring ring;
    struct member members[THREADS];
    pthread_t threads[THREADS];

    pthread_barrier_init(&ring.barrier, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        members[i] = (struct member){&ring, i};
        check(-pthread_create(&threads[i], NULL, live_in_ring, &members[i]),
              "thread");
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&ring.barrier);
}

int main(void)
{
    crowd();
    remote();
    ring();
    return 0;
}
