/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the plugin `journal`, by day and size. */
#include "plugins/journal/files.h"

#include "tests/plugins/books.h"
#include "tests/plugins/folder.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char outside[FOLDER_PATH_SIZE];
static char books[FOLDER_PATH_SIZE];

static void set_up(void)
{
    folder_make(outside);
    folder_add(outside, "books");
    folder_path(books, outside, "books");
}

static void tear_down(void)
{
    folder_remove(outside);
}

TestSuite(journal_files, .init = set_up, .fini = tear_down);

static struct msock__files files;
static int data_syncs;
static int directory_syncs;
static bool removal_fails;
static char complaint[64];

int __wrap_fdatasync(int file);
int __wrap_fsync(int file);
int __wrap_unlinkat(int directory, const char *path, int flags);
int __real_unlinkat(int directory, const char *path, int flags);

int __wrap_fdatasync(int file)
{
    data_syncs += file == files.file;
    return 0;
}

int __wrap_fsync(int file)
{
    directory_syncs += file == files.directory;
    return 0;
}

int __wrap_unlinkat(int directory, const char *path, int flags)
{
    if (removal_fails) {
        errno = EACCES;
        return -1;
    }
    return __real_unlinkat(directory, path, flags);
}

static void on_complaint(void *user, const char *what)
{
    ++*(int *)user;
    snprintf(complaint, sizeof complaint, "%s", what);
}

static void write_line(const char *day, const char *line)
{
    cr_assert(eq(int, msock__files_write(&files, day, line, strlen(line)), 0),
              "%s", strerror(errno));
}

Test(journal_files, begins_a_new_file_each_day)
{
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));
    files.keep = 10;

    write_line("2026-02-28", "1\n");
    write_line("2026-02-28", "2\n");
    write_line("2026-03-01", "3\n");
    msock__files_close(&files);

    cr_assert(eq(sz, books_names(books, names), 2));
    cr_expect(eq(str, names[0], "j_2026-02-28_000000.jsonl"));
    cr_expect(eq(str, names[1], "j_2026-03-01_000000.jsonl"));
    cr_expect(eq(str, (char *)books_text(books), "1\n2\n3\n"));
}

Test(journal_files, removes_only_its_own_oldest_files)
{
    static const char *const others[] = {
        "j_2026-01-01_000000.json", "k_2026-01-01_000000.jsonl",
        "j_2026-01-0x_000000.jsonl", "a", "jj_2026-01-01_000000.jsonl"};
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        folder_write(books, others[i], "other\n");
    }
    folder_write(books, "j_2026-01-01_000007.jsonl", "old\n");
    folder_write(books, "j_2025-12-31_000000.jsonl", "older\n");
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));
    files.keep = 2;

    write_line("2026-02-28", "1\n");
    msock__files_close(&files);

    cr_expect(eq(sz, books_names(books, names), 5 + 2));
    cr_expect(eq(ptr, (char *)strstr(books_text(books), "older"), NULL));
    cr_expect(ne(ptr, (char *)strstr(books_text(books), "old\n"), NULL));
}

Test(journal_files, ends_a_line_that_was_torn)
{
    folder_write(books, "j_2026-02-28_000003.jsonl", "{\"torn");
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));

    write_line("2026-02-28", "{}\n");
    msock__files_close(&files);

    cr_expect(eq(str, (char *)books_text(books), "{\"torn\n{}\n"));
}

Test(journal_files, follows_no_link)
{
    char path[FOLDER_PATH_SIZE];
    folder_write(outside, "victim", "");
    cr_assert(eq(int,
                 symlink("../victim",
                         folder_path(path, books, "j_2026-02-28_000000.jsonl")),
                 0));
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));

    cr_expect(eq(int, msock__files_write(&files, "2026-02-28", "x\n", 2), -1));
    cr_expect(eq(int, errno, ELOOP));
    msock__files_close(&files);
}

Test(journal_files, a_line_larger_than_a_file_has_one_of_its_own)
{
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));
    files.keep = 10;
    files.size_max = 4;

    write_line("2026-02-28", "a long line\n");
    write_line("2026-02-28", "b\n");
    write_line("2026-02-28", "c\n");
    msock__files_close(&files);

    cr_expect(eq(sz, books_names(books, names), 2));
    cr_expect(eq(str, (char *)books_text(books), "a long line\nb\nc\n"));
}

Test(journal_files, a_clock_set_back_goes_on_in_the_newest_file)
{
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));

    write_line("2026-02-28", "1\n");
    write_line("1970-01-01", "2\n");
    msock__files_close(&files);

    cr_assert(eq(sz, books_names(books, names), 1));
    cr_expect(eq(str, names[0], "j_2026-02-28_000000.jsonl"));
    cr_expect(eq(str, (char *)books_text(books), "1\n2\n"));
}

Test(journal_files, a_start_in_1970_goes_on_in_the_newest_file)
{
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    folder_write(books, "j_2026-02-27_000009.jsonl", "0\n");
    folder_write(books, "j_2026-02-28_000003.jsonl", "1\n");
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));
    files.keep = 2;
    files.size_max = 4;

    write_line("1970-01-01", "2\n");
    write_line("1970-01-01", "3\n");
    write_line("2026-03-01", "4\n");
    msock__files_close(&files);

    cr_assert(eq(sz, books_names(books, names), 2));
    cr_expect(eq(str, names[0], "j_2026-02-28_000004.jsonl"));
    cr_expect(eq(str, names[1], "j_2026-03-01_000000.jsonl"));
    cr_expect(eq(str, (char *)books_text(books), "3\n4\n"));
}

Test(journal_files, syncs_a_file_that_ends_and_the_name_of_one_that_begins)
{
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));
    files.keep = 10;
    files.size_max = 4;
    files.sync = true;

    write_line("2026-02-28", "1\n");
    cr_expect(eq(int, data_syncs, 0));
    cr_expect(eq(int, directory_syncs, 1));
    write_line("2026-02-28", "22\n");
    cr_expect(eq(int, data_syncs, 1));
    cr_expect(eq(int, directory_syncs, 2));
    write_line("2026-03-01", "3\n");
    cr_expect(eq(int, data_syncs, 2));
    cr_expect(eq(int, directory_syncs, 3));
    msock__files_close(&files);
    cr_expect(eq(int, data_syncs, 3));
}

Test(journal_files, waits_for_no_disk_unless_told)
{
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));

    write_line("2026-02-28", "1\n");
    write_line("2026-03-01", "2\n");
    msock__files_close(&files);

    cr_expect(eq(int, data_syncs, 0));
    cr_expect(eq(int, directory_syncs, 0));
}

Test(journal_files, begins_a_removed_file_again)
{
    char path[FOLDER_PATH_SIZE];
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));
    write_line("2026-02-28", "1\n");
    folder_path(path, books, "j_2026-02-28_000000.jsonl");
    cr_assert(eq(int, unlink(path), 0));

    write_line("2026-02-28", "2\n");
    msock__files_close(&files);

    cr_expect(eq(str, (char *)books_text(books), "2\n"));
}

Test(journal_files, writes_although_old_files_cannot_be_removed)
{
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    int complaints = 0;
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));
    files.complain = on_complaint;
    files.user = &complaints;
    removal_fails = true;

    write_line("2026-02-28", "1\n");
    write_line("2026-03-01", "2\n");
    write_line("2026-03-02", "3\n");

    cr_expect(eq(str, (char *)books_text(books), "1\n2\n3\n"));
    cr_expect(eq(int, complaints, 1));
    cr_expect(eq(str, complaint, "cannot remove old files"));
    removal_fails = false;
    write_line("2026-03-03", "4\n");
    cr_expect(eq(sz, books_names(books, names), 1));
    msock__files_close(&files);
}

/* Returns errno of another program that begins the same journal, or 0. */
static int another_begins(const char *day)
{
    int status = 0;
    pid_t child = fork();
    cr_assert(ge(int, child, 0));
    if (child == 0) {
        struct msock__files theirs;
        errno = 0;
        _exit(msock__files_open(&theirs, books, "j") == 0 &&
                      msock__files_begin(&theirs, day) == 0
                  ? 0
                  : errno);
    }
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    return WEXITSTATUS(status);
}

Test(journal_files, is_written_by_one_program_at_a_time)
{
    cr_assert(eq(int, msock__files_open(&files, books, "j"), 0));
    files.keep = 10;
    files.size_max = 4;

    cr_assert(eq(int, msock__files_begin(&files, "2026-02-28"), 0));
    cr_expect(eq(int, another_begins("2026-02-28"), EBUSY));
    write_line("2026-02-28", "1\n");
    write_line("2026-02-28", "22\n");
    cr_expect(eq(int, another_begins("2026-02-28"), EBUSY));
    write_line("2026-03-01", "3\n");
    cr_expect(eq(int, another_begins("2026-03-01"), EBUSY));
    cr_expect(eq(int, another_begins("1970-01-01"), EBUSY));
    cr_expect(eq(int, another_begins("2026-03-02"), EBUSY));
    msock__files_close(&files);

    cr_expect(eq(int, another_begins("2026-03-01"), 0));
}
