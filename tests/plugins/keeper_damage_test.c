/* SPDX-License-Identifier: Apache-2.0 */
/* What the plugin `keeper` does with a file that a bad disk changed. */
#include "plugins/keeper/store.h"

#include "tests/plugins/shelf.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(keeper_damage, .init = shelf_set_up, .fini = shelf_tear_down);

enum {
    STATES = 40,
    FILE_MAX = 65536,
    STRIDE = 61 /* bytes between those that are changed: it is odd */
};

static char whole[FILE_MAX];
static size_t whole_size;
static char aside[FOLDER_PATH_SIZE];

/* Fills a store, and remembers its file. */
static void fill(void)
{
    struct msock__store *store = shelf_open();
    for (uint64_t i = 0; i < STATES; i++) {
        char topic[32];
        snprintf(topic, sizeof topic, "room/%d/state", (int)i);
        cr_assert(
            eq(int, shelf_put(store, topic, i + 1, 'x', "{\"on\":true}"), 0));
    }
    cr_assert(eq(int, msock__store_commit(store), 0));
    msock__store_close(store);
    int file = open(shelf_path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(file, whole, sizeof whole);
    close(file);
    cr_assert(size > 0 && size < FILE_MAX);
    whole_size = (size_t)size;
    folder_path(aside, shelf_folder, "states.db.damaged-1");
}

/* Writes the file as a disk that changed it would give it back. */
static void damage(size_t at, size_t size)
{
    char byte = (char)(whole[at] ^ 0x20);
    int file = open(shelf_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert(eq(int, (int)write(file, whole, size), (int)size));
    cr_assert(at >= size || pwrite(file, &byte, 1, (off_t)at) == 1);
    close(file);
}

/* Whether each line of a store is one that was put. */
static bool is_true(const char *text)
{
    char line[128];
    int topic;
    int used;
    int version;
    while (sscanf(text, "room/%d/state %d x {\"on\":true}\n%n", &topic,
                  &version, &used) == 2) {
        snprintf(line, sizeof line, "room/%d/state %d x {\"on\":true}\n", topic,
                 topic + 1);
        if (strncmp(line, text, strlen(line)) != 0) {
            return false;
        }
        text += strlen(line);
    }
    return *text == '\0';
}

static int lines(const char *text)
{
    int count = 0;
    for (; *text != '\0'; text++) {
        count += *text == '\n';
    }
    return count;
}

/* The store either does not open and says why, or has true states only, and
 * says why if they are not all.  Returns how many there are; -1: not open. */
static int check_honest(size_t at)
{
    const char *text = shelf_look(shelf_path);
    int count = text != NULL ? lines(text) : -1;
    cr_expect(text == NULL || is_true(text), "byte %zu: %s", at, text);
    cr_expect(count == STATES || shelf_reason[0] != '\0', "byte %zu: %d", at,
              count);
    unlink(aside);
    return count;
}

Test(keeper_damage, a_changed_byte_makes_no_false_state)
{
    int whole_ones = 0;
    int sifted = 0;
    int anew = 0;
    fill();

    for (size_t at = 0; at < whole_size; at += STRIDE) {
        damage(at, whole_size);
        int count = check_honest(at);
        whole_ones += count == STATES;
        sifted += count > 0 && count < STATES;
        anew += count == 0;
    }

    cr_expect(ge(int, whole_ones, 1));
    cr_expect(ge(int, sifted, 1));
    cr_expect(ge(int, anew, 1));
}

Test(keeper_damage, a_file_that_was_cut_makes_no_false_state)
{
    fill();

    /* One byte is no file yet, for SQLite. */
    for (size_t size = 2; size < whole_size; size += 509) {
        damage(whole_size, size);
        check_honest(size);
        unlink(shelf_path);
    }
}

Test(keeper_damage, is_moved_aside_with_its_log_and_said)
{
    struct stat status;
    char log[FOLDER_PATH_SIZE];
    fill();
    damage(whole_size, whole_size / 2);
    folder_write(shelf_folder, "states.db-wal", "what is left of a log");

    cr_expect(eq(str, (char *)shelf_look(shelf_path), ""));

    cr_expect(ne(ptr, strstr(shelf_reason, "was damaged"), NULL), "%s",
              shelf_reason);
    cr_expect(ne(ptr, strstr(shelf_reason, aside), NULL), "%s", shelf_reason);
    cr_expect(eq(int, stat(aside, &status), 0));
    cr_expect(eq(int, (int)status.st_size, (int)(whole_size / 2)));
    folder_path(log, shelf_folder, "states.db.damaged-1-wal");
    cr_expect(eq(int, stat(log, &status), 0));
    cr_expect(ne(ptr, (char *)shelf_look(shelf_path), NULL));
    cr_expect(eq(str, shelf_reason, ""));
}

Test(keeper_damage, the_tenth_is_refused_and_stays)
{
    struct msock__store *store;
    struct stat status;
    fill();
    for (int i = 1; i <= MSOCK__STORE_ASIDE_MAX; i++) {
        damage(whole_size, whole_size / 2);
        cr_assert(ne(ptr, (char *)shelf_look(shelf_path), NULL));
    }
    damage(whole_size, whole_size / 2);

    cr_expect(
        eq(int,
           msock__store_open(&store, shelf_path, SHELF_BYTES_MAX, shelf_reason),
           MSOCK_ELIMIT));

    cr_expect(ne(ptr, strstr(shelf_reason, "remove"), NULL));
    cr_assert(eq(int, stat(shelf_path, &status), 0));
    cr_expect(eq(int, (int)status.st_size, (int)(whole_size / 2)));
}
