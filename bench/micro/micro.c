/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a message's way cost.
 *
 *     micro                 prints the names of the parts
 *     micro PART ROUNDS     prints "operations=N ns=NANOSECONDS"
 *
 * What counts happens in micro_measured(), which callgrind finds by its name.
 */
#include "bench/micro/micro.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char micro_data[] = "{\"n\":\"00000000\",\"t\":\"000000000000\","
                          "\"pad\":\"xxxxxxxxxxxxxxxx\"}";

static const struct {
    const struct part *parts;
    const size_t *count;
} groups[] = {{micro_codec, &micro_codec_count},
              {micro_paths, &micro_paths_count}};

enum { GROUPS = sizeof groups / sizeof groups[0] };

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void micro_measured(void (*run)(void));

__attribute__((noinline)) void micro_measured(void (*run)(void))
{
    run();
    __asm__ volatile("" ::: "memory"); /* so that this is no tail call */
}

static int measure(const struct part *part, uint64_t rounds)
{
    uint64_t took_ns = 0;

    if (part->open != NULL) {
        part->open();
    }
    for (uint64_t i = 0; i < rounds; i++) {
        if (part->ready != NULL) {
            part->ready();
        }
        uint64_t began_ns = now_ns();
        micro_measured(part->run);
        took_ns += now_ns() - began_ns;
    }
    printf("operations=%" PRIu64 " ns=%" PRIu64 "\n", rounds * part->operations,
           took_ns);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < GROUPS; i++) {
        for (size_t j = 0; j < *groups[i].count; j++) {
            const struct part *part = &groups[i].parts[j];
            if (argc < 2) {
                puts(part->name);
            } else if (argc == 3 && strcmp(argv[1], part->name) == 0) {
                return measure(part, strtoull(argv[2], NULL, 10));
            }
        }
    }
    if (argc >= 2) {
        fprintf(stderr, "usage: micro [PART ROUNDS]\n");
        return 2;
    }
    return EXIT_SUCCESS;
}
