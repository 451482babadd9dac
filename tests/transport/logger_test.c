/* SPDX-License-Identifier: Apache-2.0 */
/* The logger for applications. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <multisock/multisock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, LINES = 200 };

static char folder[] = "/tmp/multisock-log-XXXXXX";
static char path[80];

/* Puts a file's path without the date, and today's whole one, in a new
 * folder. */
static void name_file(char file[static 48])
{
    char date[16];
    time_t now = time(NULL);

    cr_assert(mkdtemp(folder) != NULL);
    snprintf(file, 48, "%s/traces", folder);
    strftime(date, sizeof date, "%Y-%m-%d", localtime(&now));
    snprintf(path, sizeof path, "%s_%s.log", file, date);
}

/* Opens a logger on a file in a folder of its own, and names today's file. */
static msock_logger *open_file(void)
{
    char file[48];
    msock_logger *logger = NULL;

    name_file(file);
    int rc = msock_logger_open(&logger, "lamp", file);
    cr_assert(eq(int, rc, 0), "%s", msock_error_detail());
    return logger;
}

/* Closes it, and returns what the file holds. */
static const char *close_and_read(msock_logger *logger)
{
    static char text[THREADS * LINES * 100];

    msock_logger_close(logger);
    FILE *stream = fopen(path, "r");
    cr_assert(stream != NULL, "%s", path);
    size_t size = fread(text, 1, sizeof text - 1, stream);
    text[size] = '\0';
    fclose(stream);
    unlink(path);
    rmdir(folder);
    return text;
}

Test(logger, a_line_has_time_level_component_and_text)
{
    int year, month, day, hour, minute, second, milli;
    char rest[64] = "";
    msock_logger *logger = open_file();

    msock_log(logger, MSOCK_WARNING, "bulb %d is hot", 7);
    const char *text = close_and_read(logger);

    int fields = sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d.%3d %63[^\n]", &year,
                        &month, &day, &hour, &minute, &second, &milli, rest);
    cr_expect(eq(int, fields, 8));
    cr_expect(eq(str, rest, "WARNING lamp: bulb 7 is hot"));
    cr_expect(eq(chr, text[strlen(text) - 1], '\n'));
}

Test(logger, lines_below_the_level_are_not_written)
{
    msock_logger *logger = open_file();

    msock_log(logger, MSOCK_DEBUG, "one");
    msock_logger_level(logger, MSOCK_ERROR);
    msock_log(logger, MSOCK_WARNING, "two");
    msock_log(logger, MSOCK_FATAL, "three");
    msock_logger_level(logger, MSOCK_LEVEL_DEFAULT);
    msock_log(logger, MSOCK_INFO, "four");
    msock_logger_level(logger, MSOCK_DEBUG);
    msock_log(logger, MSOCK_DEBUG, "five");
    const char *text = close_and_read(logger);

    cr_expect(strstr(text, "one") == NULL);
    cr_expect(strstr(text, "two") == NULL);
    cr_expect(strstr(text, "FATAL lamp: three\n") != NULL);
    cr_expect(strstr(text, "INFO lamp: four\n") != NULL);
    cr_expect(strstr(text, "DEBUG lamp: five\n") != NULL);
}

Test(logger, what_could_harm_a_terminal_is_escaped)
{
    msock_logger *logger = open_file();

    msock_log(logger, MSOCK_ERROR, "a\033[2Jb\nc");
    const char *text = close_and_read(logger);

    cr_expect(strchr(text, '\033') == NULL);
    cr_expect(strstr(text, "a\\x1B[2Jb\\x0Ac\n") != NULL ||
                  strstr(text, "a\\x1b[2Jb\\x0ac\n") != NULL,
              "%s", text);
}

Test(logger, a_line_is_cut_at_1023_bytes)
{
    char large[3000];
    msock_logger *logger = open_file();
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';

    msock_log(logger, MSOCK_INFO, "%s", large);
    const char *text = close_and_read(logger);

    cr_expect(eq(sz, strlen(text), 1023 + 1));
}

Test(logger, a_file_is_appended_to_and_private)
{
    struct stat status;
    msock_logger *second = NULL;
    msock_logger *first = open_file();
    char file[48];
    snprintf(file, sizeof file, "%s/traces", folder);
    umask(0);

    msock_log(first, MSOCK_INFO, "first");
    int rc = msock_logger_open(&second, "other", file);
    msock_log(second, MSOCK_INFO, "second");
    msock_logger_close(second);
    stat(path, &status);
    const char *text = close_and_read(first);

    cr_expect(eq(int, rc, 0));
    cr_expect(strstr(text, "lamp: first\n") != NULL);
    cr_expect(strstr(text, "other: second\n") != NULL);
    cr_expect(eq(int, status.st_mode & 0137, 0));
}

static void *write_lines(void *logger)
{
    for (int i = 0; i < LINES; i++) {
        msock_log(logger, MSOCK_INFO, "0123456789");
    }
    return NULL;
}

Test(logger, lines_of_threads_stay_whole)
{
    pthread_t threads[THREADS];
    int whole = 0;
    msock_logger *logger = open_file();

    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, write_lines, logger);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    const char *text = close_and_read(logger);

    for (const char *at = text; (at = strstr(at, "lamp: 0123456789\n"));) {
        at++;
        whole++;
    }
    cr_expect(eq(int, whole, THREADS *LINES));
}

Test(logger, a_relative_file_stays_where_it_was_opened)
{
    msock_logger *logger = NULL;
    msock_logger *named = open_file();
    cr_assert(chdir(folder) == 0);

    int rc = msock_logger_open(&logger, "lamp", "traces");
    cr_assert(chdir("/") == 0);
    msock_log(logger, MSOCK_INFO, "here");
    msock_logger_close(logger);
    const char *text = close_and_read(named);

    cr_expect(eq(int, rc, 0));
    cr_expect(strstr(text, "here") != NULL);
}

Test(logger, a_pipe_in_the_files_place_is_refused_at_once, .timeout = 10)
{
    char file[48];
    msock_logger *logger = NULL;
    name_file(file);
    cr_assert(mkfifo(path, 0600) == 0);

    int without = msock_logger_open(&logger, "lamp", file);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    int with = msock_logger_open(&logger, "lamp", file);

    cr_expect(eq(int, without, MSOCK_ESYSTEM));
    cr_expect(eq(int, with, MSOCK_ESYSTEM));
    cr_expect(strstr(msock_error_detail(), "regular file") != NULL);
    close(reader);
    unlink(path);
    rmdir(folder);
}

Test(logger, a_link_in_the_files_place_is_not_followed)
{
    char file[48];
    msock_logger *logger = NULL;
    name_file(file);
    cr_assert(symlink("elsewhere", path) == 0);

    int rc = msock_logger_open(&logger, "lamp", file);

    cr_expect(eq(int, rc, MSOCK_ESYSTEM));
    cr_expect(strstr(msock_error_detail(), "regular file") != NULL);
    unlink(path);
    cr_expect(eq(int, rmdir(folder), 0));
}

Test(logger, standard_output_stays_open)
{
    msock_logger *logger = NULL;

    int rc = msock_logger_open(&logger, "lamp", NULL);
    msock_logger_close(logger);

    cr_expect(eq(int, rc, 0));
    cr_expect(ge(int, fileno(stdout), 0));
}

/* Logs a line to "-" with standard error in a file that $JOURNAL_STREAM names,
 * or misses by `off`.  Returns the file's text. */
static const char *logged_to_stderr(unsigned long long off)
{
    static char text[256];
    char stream[64];
    struct stat status;
    msock_logger *logger = NULL;
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);

    cr_assert(file != NULL && fstat(fileno(file), &status) == 0);
    snprintf(stream, sizeof stream, "%llu:%llu",
             (unsigned long long)status.st_dev, status.st_ino + off);
    setenv("JOURNAL_STREAM", stream, 1);
    dup2(fileno(file), STDERR_FILENO);
    int rc = msock_logger_open(&logger, "lamp", "-");
    msock_log(logger, MSOCK_WARNING, "hot\n");
    msock_logger_close(logger);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    fclose(file);
    cr_assert(eq(int, rc, 0));
    return text;
}

Test(logger, the_journal_gets_a_priority_and_no_time)
{
    cr_expect(eq(str, (char *)logged_to_stderr(0), "<4>lamp: hot\\x0a\n"));
}

Test(logger, standard_error_that_is_no_journal_gets_whole_lines)
{
    const char *text = logged_to_stderr(1);

    cr_expect(text[0] == '2');
    cr_expect(strstr(text, " WARNING lamp: hot\\x0a\n") != NULL, "%s", text);
    cr_expect(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

Test(logger, bad_arguments_are_refused)
{
    msock_logger *logger = NULL;

    cr_expect(eq(int, msock_logger_open(&logger, NULL, NULL), MSOCK_EINVAL));
    cr_expect(eq(int, msock_logger_open(&logger, "", NULL), MSOCK_EINVAL));
    cr_expect(eq(int, msock_logger_open(&logger, "a", ""), MSOCK_EINVAL));
    cr_expect(eq(int, msock_logger_open(&logger, "a", "/nonexistent/a"),
                 MSOCK_ESYSTEM));
    cr_expect(logger == NULL);
    msock_log(NULL, MSOCK_INFO, "nobody");
    msock_logger_close(NULL);
}
