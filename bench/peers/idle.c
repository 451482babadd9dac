/* SPDX-License-Identifier: Apache-2.0 */
/* What all idle subscribers share. */
#include "bench/peers/idle.h"

#include "bench/peers/measure.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t began_ns;

void idle_ready(void)
{
    puts("READY");
    fflush(stdout);
}

void idle_heard(void)
{
    static bool told;

    if (!told) {
        told = true;
        printf("first_us=%.1f\n", (double)(measure_now_ns() - began_ns) / 1000);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        char now[24];
        char *words[] = {argv[0], now, NULL};
        snprintf(now, sizeof now, "%" PRIu64, measure_now_ns());
        execv(argv[0], words);
        perror(argv[0]);
        return EXIT_FAILURE;
    }
    began_ns = strtoull(argv[1], NULL, 10);
    return idle_run() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
