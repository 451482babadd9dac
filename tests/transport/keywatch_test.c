/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are watched: what is told, and how often. */
#include "transport/keywatch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, LOOK_US = 10000000 };

static char directory[64], key[128], trust[128], other[128], elsewhere[128];
static uv_loop_t loop;
static struct msock__keywatch *watch;
static int told;
static bool closed, impatient, dealt_with = true;

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert(ne(ptr, file, NULL));
    fputs(text, file);
    fclose(file);
}

static bool on_changed(void *owner)
{
    (void)owner;
    told++;
    return dealt_with;
}

static void on_closed(void *owner)
{
    *(bool *)owner = true;
}

static void on_impatient(uv_timer_t *timer)
{
    (void)timer;
    impatient = true;
}

static void start(void)
{
    const char *paths[] = {key, trust};
    const struct msock__keywatch_events events = {
        .owner = &closed, .changed = on_changed, .closed = on_closed};

    strcpy(directory, "/tmp/multisock-watch-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(directory), NULL));
    snprintf(key, sizeof key, "%s/home.key", directory);
    snprintf(trust, sizeof trust, "%s/trust", directory);
    snprintf(other, sizeof other, "%s/other", directory);
    snprintf(elsewhere, sizeof elsewhere, "%s/sub/home.key", directory);
    write_file(key, "one");
    cr_assert(zero(int, uv_loop_init(&loop)));
    cr_assert(zero(int, msock__keywatch_new(&watch, &loop, paths, 2, &events)));
}

static void end(void)
{
    if (!closed) {
        msock__keywatch_close(watch);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    cr_assert(closed);
    cr_assert(zero(int, uv_loop_close(&loop)));
    remove(key);
    remove(trust);
    remove(other);
    remove(elsewhere);
    remove("sub");
    rmdir(directory);
}

TestSuite(keywatch, .init = start, .fini = end);

/* Runs the loop until so much was told, and then lets what else there is
 * settle. */
static void expect_told(int count)
{
    uv_timer_t patience;

    impatient = false;
    uv_timer_init(&loop, &patience);
    uv_timer_start(&patience, on_impatient, PATIENCE_MS, 0);
    while (told < count && !impatient) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&patience, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_expect(eq(int, told, count));
}

Test(keywatch, a_file_that_is_written_anew_is_told)
{
    write_file(key, "two");

    expect_told(1);
}

Test(keywatch, a_file_that_another_replaces_is_told)
{
    write_file(other, "two");
    cr_assert(zero(int, rename(other, key)));

    expect_told(1);
}

Test(keywatch, a_row_of_changes_is_told_once)
{
    for (int i = 0; i < 20; i++) {
        write_file(key, "again");
    }
    write_file(trust, "me");

    expect_told(1);
}

Test(keywatch, a_file_that_was_not_there_is_told)
{
    write_file(trust, "me");
    expect_told(1);

    remove(trust);
    expect_told(2);
    write_file(trust, "me");
    expect_told(3);
}

Test(keywatch, other_files_of_the_folder_are_not_told)
{
    write_file(other, "what");
    write_file(trust, "me");

    expect_told(1);
}

Test(keywatch, a_file_that_was_only_looked_at_is_not_told)
{
    FILE *file = fopen(key, "r");
    cr_assert(ne(ptr, file, NULL));
    fclose(file);
    write_file(trust, "me");

    expect_told(1);
}

Test(keywatch, what_a_link_leads_to_is_found_within_ten_seconds)
{
    char sub[128];
    snprintf(sub, sizeof sub, "%s/sub", directory);
    cr_assert(zero(int, mkdir(sub, 0700)));
    write_file(elsewhere, "one");
    remove(key);
    cr_assert(zero(int, symlink(elsewhere, key)));
    expect_told(1);
    write_file(elsewhere, "two");

    msock__keywatch_look(watch, LOOK_US);
    cr_expect(eq(int, told, 2));
    write_file(elsewhere, "three");
    msock__keywatch_look(watch, 2 * LOOK_US - 1);
    cr_expect(eq(int, told, 2));
    msock__keywatch_look(watch, 2 * LOOK_US);
    cr_expect(eq(int, told, 3));
    remove(elsewhere);
    remove(sub);
}

Test(keywatch, what_is_not_dealt_with_is_told_again_in_ten_seconds)
{
    msock__keywatch_look(watch, LOOK_US);
    dealt_with = false;
    write_file(key, "two");
    expect_told(1);

    msock__keywatch_look(watch, 2 * LOOK_US);
    dealt_with = true;
    msock__keywatch_look(watch, 3 * LOOK_US);
    msock__keywatch_look(watch, 4 * LOOK_US);

    cr_expect(eq(int, told, 3));
}

Test(keywatch, nothing_is_told_after_closing)
{
    write_file(key, "two");
    uv_run(&loop, UV_RUN_NOWAIT);

    msock__keywatch_close(watch);
    msock__keywatch_look(watch, LOOK_US);
    uv_run(&loop, UV_RUN_DEFAULT);

    cr_expect(closed);
    cr_expect(zero(int, told));
}
