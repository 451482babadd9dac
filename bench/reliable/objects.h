/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent, and how a receiver sees that it got all of it: numbered JSON
 * objects of one size, each with a content of its own. */
#ifndef BENCH_RELIABLE_OBJECTS_H
#define BENCH_RELIABLE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OBJECT_SIZE = 300, OBJECTS_MAX = 1000000 };

/** Writes object `number` to `text`: OBJECT_SIZE bytes and a NUL. */
void object_write(char *text, unsigned number);

/** What a receiver has. */
struct tally {
    unsigned wanted;   /* objects there are */
    unsigned count;    /* different ones that came */
    unsigned disorder; /* of those: came after a later one */
    unsigned bad;      /* no object, a wrong content, or one that was there */
    unsigned next;     /* behind the highest number that came */
    uint64_t first_ns; /* when they came */
    uint64_t last_ns;
    bool *seen;
};

/** Starts a tally of `wanted` objects.  Returns 0, or -1 without memory. */
int tally_init(struct tally *tally, unsigned wanted);

void tally_fini(struct tally *tally);

/** Takes what came at `now_ns`.  Returns whether that was the last one. */
bool tally_add(struct tally *tally, uint64_t now_ns, const void *bytes,
               size_t size);

#ifdef __cplusplus
}
#endif

#endif
