/* SPDX-License-Identifier: Apache-2.0 */
/* Whose key files are believed. Each test has a directory of its own. */
#include "codec/keyring.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n"

static char directory[64];

static void make_directory(void)
{
    strcpy(directory, "/tmp/multisock-keyfile-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(directory), NULL));
    cr_assert(zero(int, chdir(directory)));
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void remove_directory(void)
{
    static const char *const names[] = {"home.key", "link.key", "sub/home.key",
                                        "sub"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        remove(names[i]);
    }
    cr_assert(zero(int, rmdir(directory)));
}

TestSuite(keyfile, .init = make_directory, .fini = remove_directory);

static void write_file(const char *path, const char *text, mode_t mode)
{
    /* A file of mode 0400 opens for root alone: always a new one. */
    remove(path);
    FILE *file = fopen(path, "w");

    cr_assert(ne(ptr, file, NULL));
    fputs(text, file);
    fclose(file);
    cr_assert(zero(int, chmod(path, mode)));
}

static int load(const char *path)
{
    struct msock__keyring *ring = NULL;

    cr_assert(zero(int, msock__keyring_new(&ring)));
    int result = msock__keyring_load(ring, path);
    cr_assert(eq(sz, msock__keyring_count(ring), result == 0));
    msock__keyring_free(ring);
    return result;
}

static void expect_detail(const char *detail)
{
    cr_expect(eq(str, (char *)msock_error_detail(), (char *)detail));
}

Test(keyfile, private_file_is_loaded)
{
    static const mode_t modes[] = {0600, 0400, 0700};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_file("home.key", KEY, modes[i]);
        cr_expect(zero(int, load("home.key")));
    }
}

Test(keyfile, a_file_that_others_may_use_is_refused)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610,
                                   0601, 0440, 0444, 0666};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_file("home.key", KEY, modes[i]);
        cr_expect(eq(int, load("home.key"), MSOCK_EACCESS), "%o", modes[i]);
    }
}

Test(keyfile, the_refusal_says_what_to_do)
{
    write_file("home.key", KEY, 0644);
    load("home.key");

    expect_detail("home.key: open to group or others (mode 0644): run chmod "
                  "600 home.key");
}

Test(keyfile, a_strangers_file_is_refused)
{
    if (geteuid() != 0) {
        cr_skip_test("only root can give a file away");
    }
    write_file("home.key", KEY, 0600);
    cr_assert(zero(int, chown("home.key", 4242, 4242)));

    cr_assert(eq(int, load("home.key"), MSOCK_EACCESS));
    expect_detail("home.key: belongs to user 4242: run chown 0 home.key");
}

Test(keyfile, a_missing_file_is_refused_with_how_to_make_one)
{
    cr_assert(eq(int, load("none.key"), MSOCK_EKEY));
    expect_detail("none.key: there is no such file: make a key with (umask "
                  "077; msock key gen > none.key)");
}

Test(keyfile, lack_of_descriptors_is_the_systems_fault)
{
    struct rlimit limit;
    write_file("home.key", KEY, 0600);
    cr_assert(zero(int, getrlimit(RLIMIT_NOFILE, &limit)));
    rlim_t before = limit.rlim_cur;

    limit.rlim_cur = 0;
    cr_assert(zero(int, setrlimit(RLIMIT_NOFILE, &limit)));
    int result = load("home.key");
    limit.rlim_cur = before;
    cr_assert(zero(int, setrlimit(RLIMIT_NOFILE, &limit)));

    cr_expect(eq(int, result, MSOCK_ESYSTEM));
}

Test(keyfile, what_is_no_regular_file_is_refused)
{
    cr_assert(zero(int, mkfifo("home.key", 0600)));
    cr_assert(zero(int, mkdir("sub", 0700)));

    cr_expect(eq(int, load("home.key"), MSOCK_EKEY));
    expect_detail("home.key: not a regular file: name a key file");
    cr_expect(eq(int, load("sub"), MSOCK_EKEY));
    cr_expect(eq(int, load("/dev/zero"), MSOCK_EKEY));
}

Test(keyfile, a_link_to_a_private_file_is_followed)
{
    write_file("home.key", KEY, 0600);
    cr_assert(zero(int, symlink("home.key", "link.key")));
    cr_expect(zero(int, load("link.key")));

    cr_assert(zero(int, chmod("home.key", 0644)));
    cr_expect(eq(int, load("link.key"), MSOCK_EACCESS));
}

Test(keyfile, a_file_over_4_kib_is_refused)
{
    char text[4098];

    memset(text, '\n', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, KEY, strlen(KEY));
    write_file("home.key", text, 0600);
    cr_expect(eq(int, load("home.key"), MSOCK_EKEY));

    text[4096] = '\0';
    write_file("home.key", text, 0600);
    cr_expect(zero(int, load("home.key")));
}

Test(keyfile, errors_of_the_text_name_the_file)
{
    write_file("home.key", "# nothing\n", 0600);

    cr_assert(eq(int, load("home.key"), MSOCK_EKEY));
    expect_detail("home.key: holds no key: make one with msock key gen");
}

/* Loads `path` of the test's directory by its absolute path. */
static int load_absolute(const char *path)
{
    char absolute[128];

    snprintf(absolute, sizeof absolute, "%s/%s", directory, path);
    return load(absolute);
}

Test(keyfile, a_credential_may_be_readable_by_the_group)
{
    char slashed[80];

    write_file("home.key", KEY, 0440);
    cr_assert(zero(int, setenv("CREDENTIALS_DIRECTORY", directory, 1)));
    cr_expect(zero(int, load_absolute("home.key")));

    snprintf(slashed, sizeof slashed, "%s//", directory);
    cr_assert(zero(int, setenv("CREDENTIALS_DIRECTORY", slashed, 1)));
    cr_expect(zero(int, load_absolute("home.key")));
}

Test(keyfile, a_credential_may_be_no_more_open_than_that)
{
    static const mode_t modes[] = {0640, 0444, 0460, 0540};

    cr_assert(zero(int, setenv("CREDENTIALS_DIRECTORY", directory, 1)));
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_file("home.key", KEY, modes[i]);
        cr_expect(eq(int, load_absolute("home.key"), MSOCK_EACCESS), "%o",
                  modes[i]);
    }
}

Test(keyfile, only_files_directly_in_the_directory_are_credentials)
{
    char shorter[64];

    cr_assert(zero(int, mkdir("sub", 0700)));
    write_file("sub/home.key", KEY, 0440);
    write_file("home.key", KEY, 0440);
    cr_assert(zero(int, setenv("CREDENTIALS_DIRECTORY", directory, 1)));
    cr_expect(eq(int, load_absolute("sub/home.key"), MSOCK_EACCESS));
    cr_expect(eq(int, load("home.key"), MSOCK_EACCESS));

    strcpy(shorter, directory);
    shorter[strlen(shorter) - 1] = '\0';
    cr_assert(zero(int, setenv("CREDENTIALS_DIRECTORY", shorter, 1)));
    cr_expect(eq(int, load_absolute("home.key"), MSOCK_EACCESS));
    cr_assert(zero(int, setenv("CREDENTIALS_DIRECTORY", "", 1)));
    cr_expect(eq(int, load_absolute("home.key"), MSOCK_EACCESS));
}
