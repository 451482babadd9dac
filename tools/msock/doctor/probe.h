/* SPDX-License-Identifier: Apache-2.0 */
/* The probe: datagrams beside a channel by which `msock doctor --peers` asks
 * and `msock doctor --serve` answers. Every bit stands in
 * docs/troubleshooting.md, "The probe".
 *
 * Nothing here is sealed, so nothing here is secret: session and key ids stand
 * in the clear in the frames of a channel, too. An answer is as long as its
 * question, at most. */
#ifndef MSOCK_TOOLS_DOCTOR_PROBE_H
#define MSOCK_TOOLS_DOCTOR_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROBE_VERSION = 1,
    PROBE_SIZE = 80,       /* bytes; longer ones end with zeros */
    PROBE_SIZE_MAX = 9216, /* larger datagrams are not looked at */
    PROBE_KEYS_MAX = 4,    /* ids of keys in one */
    PROBE_WINDOW = 1024    /* numbers that are remembered */
};

enum probe_kind {
    PROBE_HERE = 1, /* a server says that it is there */
    PROBE_ASK,
    PROBE_ANSWER
};

/* How a datagram goes. */
enum probe_way { PROBE_UNICAST, PROBE_MULTICAST, PROBE_WAYS };

/** What a server has counted of an asker, by the way it came or went. */
struct probe_count {
    uint32_t received; /* questions, each once */
    uint32_t again;    /* ... more than once */
    uint32_t answered;
};

struct probe {
    uint8_t version; /* PROBE_VERSION of who sent it */
    uint8_t kind;
    uint8_t back;       /* probe_way of the answer */
    uint64_t asker;     /* session of who asks */
    uint64_t server;    /* ... of who answers; 0 in a question: all */
    uint32_t number;    /* of the question, rising */
    uint8_t library[3]; /* its version; of who sent it */
    uint8_t key_count;  /* keys it accepts; 0: its channel is open */
    uint32_t keys[PROBE_KEYS_MAX]; /* their ids, the sealing one first */
    struct probe_count counts[PROBE_WAYS];
};

/** Writes a probe of `size` bytes (from PROBE_SIZE on). */
void probe_write(const struct probe *probe, uint8_t *bytes, size_t size);

/** Reads one.  Returns whether it is a probe; of another version only what
 *  stands before `library` is read. */
bool probe_read(const uint8_t *bytes, size_t size, struct probe *probe);

/** Which of the newest PROBE_WINDOW numbers came; zeros are none. */
struct probe_window {
    uint64_t bits[PROBE_WINDOW / 64];
    uint32_t next; /* the newest one and 1 */
};

enum probe_fresh { PROBE_NEW, PROBE_AGAIN, PROBE_OLD };

/** Notes a number. */
enum probe_fresh probe_window_add(struct probe_window *window, uint32_t number);

/** What may be sent, at most so much a second; zeros are full. */
struct probe_bucket {
    int64_t empty_us; /* when the last one was due */
};

/** Takes one of `rate` a second, of which `burst` may come at once.  Returns
 *  whether there was one. */
bool probe_bucket_take(struct probe_bucket *bucket, int64_t now_ms,
                       unsigned rate, unsigned burst);

#endif
