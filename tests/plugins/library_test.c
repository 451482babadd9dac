/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's file: what is loaded is what was checked, whole, and stays so. */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "plugins/library.h"

#include "tests/plugins/yard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CUTS = 97 };

/* Called between check and load, if set. */
static void (*before_load)(void);

void *__real_dlopen(const char *path, int mode);
void *__wrap_dlopen(const char *path, int mode);

static int modes;

void *__wrap_dlopen(const char *path, int mode)
{
    modes = mode;
    if (before_load != NULL) {
        before_load();
    }
    return __real_dlopen(path, mode);
}

static struct yard yard;

static void set_up(void)
{
    before_load = NULL;
    yard_open(&yard, (msock_host_options){0}, false);
    yard_put(&yard, "tests/modules/v1/turn.so");
}

static void tear_down(void)
{
    yard_close(&yard);
}

TestSuite(library, .init = set_up, .fini = tear_down);

Test(library, symbols_are_bound_at_once_and_stay_its_own)
{
    cr_assert(eq(int, msock_host_load(yard.host, "turn", NULL), 0));

    cr_expect(eq(int, modes, RTLD_NOW | RTLD_LOCAL));
    cr_expect(eq(ptr, dlsym(RTLD_DEFAULT, "msock_plugin"), NULL));
}

static void write_over(void)
{
    yard_put(&yard, "tests/modules/v2/turn.so");
}

static void move_over(void)
{
    char path[FOLDER_PATH_SIZE];
    unlink(folder_path(path, yard.folder, "turn.so"));
    write_over();
    chmod(path, 0666);
}

Test(library, what_was_checked_is_loaded_whatever_comes_in_its_place)
{
    static void (*const ways[])(void) = {write_over, move_over};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char path[FOLDER_PATH_SIZE];
        unlink(folder_path(path, yard.folder, "turn.so"));
        yard_put(&yard, "tests/modules/v1/turn.so");
        before_load = ways[i];
        cr_assert(eq(int, msock_host_load(yard.host, "turn", NULL), 0));
        cr_expect(eq(ulong, yard_told(&yard, "version"), 1));
        cr_assert(eq(int, msock_host_unload(yard.host, "turn"), 0));
    }
}

Test(library, code_that_runs_survives_its_file)
{
    char path[FOLDER_PATH_SIZE];
    cr_assert(eq(int, msock_host_load(yard.host, "turn", NULL), 0));

    folder_path(path, yard.folder, "turn.so");
    cr_assert(eq(int, truncate(path, 0), 0));
    cr_expect(eq(ulong, yard_told(&yard, "version"), 1));
    cr_expect(eq(int, msock_host_unload(yard.host, "turn"), 0));
}

Test(library, refuses_a_file_that_was_cut_short)
{
    char path[FOLDER_PATH_SIZE];
    struct stat status;
    folder_path(path, yard.folder, "turn.so");
    cr_assert(eq(int, stat(path, &status), 0));

    for (off_t i = 0; i < CUTS; i++) {
        yard_put(&yard, "tests/modules/v1/turn.so");
        cr_assert(eq(int, truncate(path, status.st_size * i / CUTS), 0));
        cr_expect(
            eq(int, msock_host_load(yard.host, "turn", NULL), MSOCK_EPLUGIN),
            "%ld of %ld", (long)i, CUTS);
        cr_expect(strstr(msock_error_detail(), "no whole shared") != NULL);
    }
    cr_assert(eq(int, truncate(path, status.st_size - 1), 0));
    cr_expect(eq(int, msock_host_load(yard.host, "turn", NULL), MSOCK_EPLUGIN));
}

Test(library, refuses_a_file_that_is_too_large)
{
    char path[FOLDER_PATH_SIZE];
    folder_path(path, yard.folder, "turn.so");
    cr_assert(eq(int, truncate(path, (64 << 20) + 1), 0));

    cr_expect(eq(int, msock_host_load(yard.host, "turn", NULL), MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "larger") != NULL);
}

/* Puts the plugin aside under "real.so" or "inner/real.so", and a link to
 * `target` in its place. */
static void link_to(const char *aside, const char *target)
{
    char from[FOLDER_PATH_SIZE];
    char to[FOLDER_PATH_SIZE];
    folder_path(from, yard.folder, "turn.so");
    cr_assert(eq(int, rename(from, folder_path(to, yard.folder, aside)), 0));
    cr_assert(eq(int, symlink(target, from), 0));
}

Test(library, takes_a_link_to_a_file_beside_it)
{
    link_to("turn-1.so", "turn-1.so");

    cr_expect(eq(int, msock_host_load(yard.host, "turn", NULL), 0));
}

Test(library, refuses_a_link_that_leads_elsewhere)
{
    folder_add(yard.folder, "inner");
    link_to("inner/turn.so", "inner/turn.so");

    cr_expect(eq(int, msock_host_load(yard.host, "turn", NULL), MSOCK_EACCESS));
    cr_expect(strstr(msock_error_detail(), "inner/turn.so") != NULL);
}

Test(library, refuses_a_link_to_a_link)
{
    char path[FOLDER_PATH_SIZE];
    link_to("turn-1.so", "second.so");
    cr_assert(eq(
        int, symlink("turn-1.so", folder_path(path, yard.folder, "second.so")),
        0));

    cr_expect(eq(int, msock_host_load(yard.host, "turn", NULL), MSOCK_EACCESS));
}

Test(library, a_check_starts_nothing)
{
    cr_expect(eq(int, msock_host_check(yard.folder, "turn", NULL), 0));
    cr_expect(eq(int, msock_host_check(yard.folder, "turn", "{\"brek\":1}"),
                 MSOCK_EOPTION));
    cr_expect(strstr(msock_error_detail(), "\"break\"") != NULL);
    cr_expect(eq(int, msock_host_check(yard.folder, "turn", "{"), MSOCK_EJSON));
    cr_expect(
        eq(int, msock_host_check(yard.folder, "none", NULL), MSOCK_ENOENT));
    cr_expect(eq(int, msock_host_check(NULL, "turn", NULL), MSOCK_EINVAL));
    cr_expect(eq(int, msock_host_check("here", "turn", NULL), MSOCK_EINVAL));
    chmod(yard.folder, 0770);
    cr_expect(
        eq(int, msock_host_check(yard.folder, "turn", NULL), MSOCK_EACCESS));
    chmod(yard.folder, 0700);
}

Test(library, takes_a_descriptor_that_lacks_what_was_appended_later)
{
    yard_put(&yard, "tests/modules/first_abi.so");

    cr_expect(eq(int, msock_host_load(yard.host, "first_abi", "{\"x\":1}"), 0));
}

Test(library, takes_a_descriptor_that_is_longer_than_ours)
{
    yard_put(&yard, "tests/modules/later_abi.so");

    cr_expect(eq(int, msock_host_load(yard.host, "later_abi", NULL), 0));
}
