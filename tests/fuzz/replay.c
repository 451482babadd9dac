/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target without a fuzzer, so that every build tries it:
 *
 *     NAME_replay FILE|FOLDER... [-m MUTATIONS]
 *
 * runs each file, and MUTATIONS changed copies of it. Changes depend on the
 * file and on nothing else, so that what fails once fails again. The input that
 * ended the process is left in ./NAME_replay.failed, to be given as a FILE. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, EDITS_MAX = 4, GROWTH_MAX = 64, FAILED_MAX = 256 };

/* What runs now, for the signal handler. */
static const uint8_t *running;
static size_t running_size;
static char failed_path[FAILED_MAX];
static unsigned long runs;

/* -- What fails -- */

/* Leaves the input behind; only calls that a signal handler may make. */
static void on_death(int number)
{
    int fd = open(failed_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd >= 0 && write(fd, running, running_size) >= 0 &&
        write(STDERR_FILENO, failed_path, strlen(failed_path)) >= 0) {
        static const char text[] = " holds the input that failed\n";
        (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    }
    signal(number, SIG_DFL);
    raise(number);
}

/* A sanitizer's own handlers stay: they say more, and abort then. */
static void watch_signals(const char *program)
{
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    const char *slash = strrchr(program, '/');

    snprintf(failed_path, sizeof failed_path, "%s.failed",
             slash ? slash + 1 : program);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction old;
        sigaction(numbers[i], NULL, &old);
        if (old.sa_handler == SIG_DFL) {
            signal(numbers[i], on_death);
        }
    }
}

/* -- Changing -- */

/* xorshift64: the same changes on every machine. */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* FNV-1a of a file's bytes, never 0. */
static uint64_t seed_of(const uint8_t *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash | 1;
}

/* Changes bytes[0..size), which has room for 16 more.  Returns the size. */
static size_t edit(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const uint8_t edges[] = {0,    1,    0x7f, 0x80, 0xff, '"',
                                    '\\', '{',  '}',  '[',  ']',  ',',
                                    ':',  '\n', '/',  '#'};
    size_t at = (size_t)(draw(state) % size);
    size_t count = 1 + draw(state) % 16;
    count = count < size - at ? count : size - at;

    switch (draw(state) % 6) {
    case 0:
        bytes[at] ^= (uint8_t)(1U << draw(state) % 8);
        return size;
    case 1:
        bytes[at] = (uint8_t)draw(state);
        return size;
    case 2:
        bytes[at] = edges[draw(state) % sizeof edges];
        return size;
    case 3: /* a piece comes twice */
        memmove(bytes + at + count, bytes + at, size - at);
        return size + count;
    case 4: /* a piece goes */
        memmove(bytes + at, bytes + at + count, size - at - count);
        return size - count;
    default: /* the end goes */
        return at;
    }
}

/* -- Running -- */

/* Runs a copy that ends where its memory does, so that AddressSanitizer sees
 * every read too far. */
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (!copy) {
        abort();
    }
    memcpy(copy, bytes, size);
    running = copy;
    running_size = size;
    LLVMFuzzerTestOneInput(copy, size);
    runs++;
    free(copy);
}

static void run_all(const uint8_t *bytes, size_t size, unsigned long mutations)
{
    uint64_t state = seed_of(bytes, size);
    uint8_t *changed = malloc(size + GROWTH_MAX);
    if (!changed) {
        abort();
    }
    run(bytes, size);
    for (unsigned long i = 0; i < mutations && size > 0; i++) {
        size_t now = size;
        memcpy(changed, bytes, size);
        uint64_t edits = 1 + draw(&state) % EDITS_MAX;
        for (uint64_t j = 0; j < edits && now > 0; j++) {
            now = edit(changed, now, &state);
        }
        run(changed, now);
    }
    free(changed);
}

static int run_file(const char *path, unsigned long mutations)
{
    static uint8_t bytes[FILE_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    run_all(bytes, size, mutations);
    return 0;
}

/* Runs a file, or the files of a folder by name.  Returns 0, 1. */
static int run_path(const char *path, unsigned long mutations)
{
    struct dirent **entries;
    struct stat what;

    if (stat(path, &what) == 0 && !S_ISDIR(what.st_mode)) {
        return run_file(path, mutations);
    }
    int count = scandir(path, &entries, NULL, alphasort);
    if (count <= 2) { /* . and .. */
        fprintf(stderr, "%s: holds no inputs\n", path);
        return 1;
    }
    int result = 0;
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            result |= run_file(file, mutations);
        }
        free(entries[i]);
    }
    free(entries);
    return result;
}

int main(int argc, char **argv)
{
    unsigned long mutations = 0;
    int result = argc > 1 ? 0 : 2;

    watch_signals(argv[0]);
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "-m") == 0) {
            mutations = strtoul(argv[i + 1], NULL, 10);
        }
    }
    for (int i = 1; i < argc && strcmp(argv[i], "-m") != 0; i++) {
        result |= run_path(argv[i], mutations);
    }
    printf("%lu runs\n", runs);
    return result;
}
