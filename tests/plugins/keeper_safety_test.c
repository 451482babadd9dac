/* SPDX-License-Identifier: Apache-2.0 */
/* What the plugin `keeper` confirmed is on the disk, whatever happens next. */
#define _GNU_SOURCE /* unshare */
#include "plugins/keeper/store.h"

#include "tests/plugins/shelf.h"
#include "tests/plugins/slow_disk.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(keeper_safety, .init = shelf_set_up, .fini = shelf_tear_down);

enum { TOPICS = 5, KILLS = 50, CONFIRMS_MAX = 24, COMMITS = 20 };

/* -- A writer that is killed -- */

static void put_number(struct msock__store *store, uint64_t number)
{
    char topic[16];
    char data[32];
    snprintf(topic, sizeof topic, "t/%d", (int)(number % TOPICS));
    snprintf(data, sizeof data, "%llu", (unsigned long long)number);
    cr_assert(eq(int, shelf_put(store, topic, number, 'x', data), 0));
}

/* Commits numbers, one to four at a time, and tells each when it is. */
static void write_for_ever(int tell, uint64_t number)
{
    struct msock__store *store = shelf_open();
    for (;;) {
        for (uint64_t end = number + 1 + number % 4; number < end; number++) {
            put_number(store, number);
        }
        if (msock__store_commit(store) < 0) {
            _exit(1);
        }
        uint64_t confirmed = number - 1;
        if (write(tell, &confirmed, sizeof confirmed) < 0) {
            _exit(1);
        }
    }
}

/* Lets a writer confirm so many times, kills it, and returns the last number
 * that it confirmed. */
static uint64_t kill_writer_after(unsigned count, uint64_t first)
{
    int tell[2];
    int status;
    uint64_t confirmed = 0;
    uint64_t last = 0;
    cr_assert(eq(int, pipe(tell), 0));
    pid_t writer = fork();
    if (writer == 0) {
        close(tell[0]);
        write_for_ever(tell[1], first);
    }
    close(tell[1]);
    while (read(tell[0], &confirmed, sizeof confirmed) > 0) {
        last = confirmed;
        if (count-- == 0) {
            kill(writer, SIGKILL);
        }
    }
    waitpid(writer, &status, 0);
    close(tell[0]);
    cr_assert(eq(int, status, SIGKILL), "the writer ended by itself");
    return last;
}

/* The highest number of a topic that was confirmed, if any was. */
static uint64_t highest(uint64_t confirmed, uint64_t topic)
{
    return confirmed - (confirmed + TOPICS - topic) % TOPICS;
}

Test(keeper_safety, a_writer_that_is_killed_loses_nothing_it_confirmed,
     .timeout = 60)
{
    uint64_t next = 1;
    unsigned seed = 1;
    struct msock__store *store = shelf_open();
    for (; next <= TOPICS; next++) {
        put_number(store, next);
    }
    cr_assert(eq(int, msock__store_commit(store), 0));
    msock__store_close(store);

    for (int round = 0; round < KILLS; round++) {
        uint64_t last =
            kill_writer_after((unsigned)rand_r(&seed) % CONFIRMS_MAX, next);
        store = shelf_open();
        for (uint64_t topic = 0; topic < TOPICS; topic++) {
            char name[16];
            snprintf(name, sizeof name, "t/%d", (int)topic);
            bool there = msock__store_has(store, name, strlen(name),
                                          highest(last, topic));
            cr_assert(there, "round %d: %s is older than of %llu", round, name,
                      (unsigned long long)last);
        }
        msock__store_close(store);
        next = last + 1;
    }
}

/* -- The disk -- */

/* What is on the disk now is a whole store with this number. */
static void check_disk(const char *disk, uint64_t number)
{
    char folder[FOLDER_PATH_SIZE];
    char path[FOLDER_PATH_SIZE];
    char line[64];
    folder_make(folder);
    folder_copy(folder, folder_path(path, disk, "states.db"), 0600);
    folder_copy(folder, folder_path(path, disk, "states.db-wal"), 0600);
    const char *text = shelf_look(folder_path(path, folder, "states.db"));
    cr_assert(ne(ptr, (char *)text, NULL), "%s", shelf_reason);
    cr_expect(eq(str, shelf_reason, ""));
    snprintf(line, sizeof line, "t/%d %llu x", (int)(number % TOPICS),
             (unsigned long long)number);
    cr_expect(ne(ptr, (char *)strstr(text, line), NULL), "%s: %s", line, text);
    folder_remove(folder);
}

Test(keeper_safety, each_commit_is_synced_before_it_returns)
{
    char disk[FOLDER_PATH_SIZE];
    folder_make(disk);
    slow_disk_watch(shelf_folder, disk);
    struct msock__store *store = shelf_open();

    for (uint64_t number = 1; number <= COMMITS; number++) {
        unsigned long before = slow_disk_syncs();
        put_number(store, number);
        cr_expect(eq(ulong, slow_disk_syncs(), before));
        cr_assert(eq(int, msock__store_commit(store), 0));
        cr_expect(gt(ulong, slow_disk_syncs(), before));
        check_disk(disk, number);
    }

    msock__store_close(store);
    folder_remove(disk);
}

/* Moves this process into a namespace in which the folder is a disk of 256 KiB.
 */
static void make_small_disk(void)
{
    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) <
            0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", shelf_folder, "tmpfs", 0, "size=256k") < 0) {
        cr_skip_test("no namespace with a small disk: %s", strerror(errno));
    }
}

/* Puts large states until one is refused, and returns how many were not. */
static uint64_t fill_disk(struct msock__store *store, int *result)
{
    static char data[8000];
    uint64_t number = 0;
    memset(data, '1', sizeof data - 1);
    do {
        char topic[16];
        snprintf(topic, sizeof topic, "t/%d", (int)++number);
        *result = shelf_put(store, topic, 1, 'x', data);
        *result = *result < 0 ? *result : msock__store_commit(store);
    } while (*result == 0 && number < 100);
    return number - 1;
}

Test(keeper_safety, a_full_disk_is_said_and_takes_nothing_away)
{
    int result;
    char topic[16];
    make_small_disk();
    struct msock__store *store = shelf_open();

    uint64_t count = fill_disk(store, &result);

    cr_expect(eq(int, result, MSOCK_ESYSTEM));
    cr_expect(gt(u64, count, 3));
    cr_expect(ne(ptr, (char *)strstr(msock__store_reason(store), "full"), NULL),
              "%s", msock__store_reason(store));
    cr_expect(eq(u64, msock__store_bytes(store),
                 count * (MSOCK__STORE_STATE_COST + 1 + 7999) + count * 3 +
                     (count > 9 ? count - 9 : 0)));
    msock__store_close(store);
    store = shelf_open();
    for (uint64_t i = 1; i <= count; i++) {
        int size = snprintf(topic, sizeof topic, "t/%d", (int)i);
        cr_expect(msock__store_has(store, topic, (size_t)size, 1), "%s", topic);
    }
    msock__store_close(store);
    umount(shelf_folder);
}

Test(keeper_safety, a_disk_that_has_room_again_is_written_again)
{
    int result;
    char ballast[FOLDER_PATH_SIZE];
    char text[60000];
    make_small_disk();
    memset(text, 'b', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    folder_write(shelf_folder, "ballast", text);
    struct msock__store *store = shelf_open();
    fill_disk(store, &result);
    cr_assert(eq(int, result, MSOCK_ESYSTEM));

    unlink(folder_path(ballast, shelf_folder, "ballast"));

    cr_expect(eq(int, shelf_put(store, "again", 1, 'x', "1"), 0));
    cr_expect(eq(int, msock__store_commit(store), 0), "%s",
              msock__store_reason(store));
    msock__store_close(store);
    umount(shelf_folder);
}

/* -- Memory -- */

static sqlite3_mem_methods memory;
static long allocations_left; /* 0: all work */
static bool failed;

static void *allocate(int size)
{
    if (allocations_left > 0 && --allocations_left == 0) {
        failed = true;
        return NULL;
    }
    return memory.xMalloc(size);
}

static void fail_at(long n)
{
    allocations_left = n;
    failed = false;
}

/* Opens a store, puts a state and closes it.  Returns the first failure. */
static int store_once(uint64_t version)
{
    struct msock__store *store;
    int result =
        msock__store_open(&store, shelf_path, SHELF_BYTES_MAX, shelf_reason);
    if (result < 0) {
        return result;
    }
    cr_expect(eq(str, shelf_reason, ""));
    result = shelf_put(store, "t", version, 'x', "1");
    result = result < 0 ? result : msock__store_commit(store);
    msock__store_close(store);
    return result;
}

Test(keeper_safety, each_allocation_that_fails_is_said_and_harms_nothing)
{
    sqlite3_mem_methods failing;
    long n = 0;
    uint64_t stored = 0;
    char text[64];
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory);
    failing = memory;
    failing.xMalloc = allocate;
    cr_assert(eq(int, sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), 0));
    cr_assert(eq(int, sqlite3_initialize(), 0));

    do {
        fail_at(++n);
        int result = store_once((uint64_t)n);
        stored = result == 0 ? (uint64_t)n : stored;
        bool clean = result == 0 || result == MSOCK_ENOMEM;
        cr_assert(clean, "%ld: %d %s", n, result, shelf_reason);
    } while (failed);

    fail_at(0);
    snprintf(text, sizeof text, "t %llu x 1\n", (unsigned long long)stored);
    cr_expect(eq(str, (char *)shelf_look(shelf_path), text));
    cr_expect(gt(long, n, 50));
}
