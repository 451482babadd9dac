/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin `journal`, as it is shipped. */
#define _GNU_SOURCE /* SIGXFSZ */
#include "tests/plugins/books.h"
#include "tests/plugins/yard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/text.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_SIZE = 1024 };

static struct yard yard;
static char books[FOLDER_PATH_SIZE];

static void set_up(void)
{
    yard_open(&yard, (msock_host_options){0}, false);
    yard_put(&yard, "plugins/journal.so");
    folder_add(yard.folder, "books");
    folder_path(books, yard.folder, "books");
}

static void tear_down(void)
{
    yard_close(&yard);
}

TestSuite(journal, .init = set_up, .fini = tear_down);

/* -- Looking at the files -- */

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += *text == '\n';
    }
    return count;
}

static void expect_lines_are_json(const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        cr_expect(eq(int, msock_json_check(text, size), 0), "%.*s", (int)size,
                  text);
        text += size + 1;
    }
}

/* -- The plugin -- */

static int load(const char *more)
{
    char config[CONFIG_SIZE];
    snprintf(config, sizeof config, "{\"directory\":\"%s\"%s}", books, more);
    return msock_host_load(yard.host, "journal", config);
}

static void say(const char *topic, const char *json)
{
    cr_assert(eq(int, msock_publish(yard.sender, topic, json, NULL), 0));
    cr_assert(eq(int, msock_sim_run(yard.sim, 10), 0));
}

Test(journal, writes_a_line_for_each_message)
{
    cr_assert(eq(int, load(""), 0));

    say("home/lamp", "{\"on\": true}");
    say("home/text", "\"a\\nb\"");

    const char *text = books_text(books);
    const char *rest = strstr(text, "\"topic\":\"home/lamp\"");
    cr_expect(eq(int, strncmp(text, "{\"time\":\"20", 11), 0));
    cr_assert(ne(ptr, (char *)rest, NULL));
    cr_expect(strstr(text, "\"topic\":\"home/lamp\",\"sender\":\"sender\","
                           "\"data\":{\"on\":true}}\n") != NULL,
              "%s", text);
    cr_expect(strstr(text, "\"data\":\"a\\nb\"}\n") != NULL, "%s", text);
    cr_expect(eq(sz, count_lines(text), 2));
    expect_lines_are_json(text);
}

Test(journal, names_files_by_the_day)
{
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    cr_assert(eq(int, load(",\"name\":\"house\""), 0));

    say("t", "1");

    cr_assert(eq(sz, books_names(books, names), 1));
    cr_expect(
        eq(sz, strlen(names[0]), strlen("house_2026-11-22_000000.jsonl")));
    cr_expect(eq(int, strncmp(names[0], "house_20", 8), 0));
    cr_expect(strstr(names[0], "_000000.jsonl") != NULL);
    cr_expect(eq(int, strncmp(names[0] + 6, books_text(books) + 9, 10), 0));
}

Test(journal, writes_what_its_filters_match)
{
    cr_assert(eq(int, load(",\"filters\":[\"a/+\",\"b\"]"), 0));

    say("a/1", "1");
    say("b", "2");
    say("c", "3");

    cr_expect(eq(sz, count_lines(books_text(books)), 2));
}

Test(journal, keeps_a_message_on_one_line)
{
    cr_assert(eq(int, load(""), 0));

    say("t", "{\n\t\"a\":\r\n[1,\n2]}");

    cr_expect(eq(sz, count_lines(books_text(books)), 1));
    expect_lines_are_json(books_text(books));
}

Test(journal, holds_nothing_that_could_harm_a_terminal)
{
    cr_assert(eq(int, load(""), 0));

    say("t", "\"a\x7f"
             "b\xc2\x9b"
             "c\xe2\x80\xae"
             "d\xe2\x81\xa6"
             "e\xd8\x9c"
             "f\xc3\xa4\xe2\x82\xac\"");

    cr_expect(strstr(books_text(books),
                     "\"a\\u007fb\\u009bc\\u202ed\\u2066e\\u061cf"
                     "\xc3\xa4\xe2\x82\xac\"}") != NULL,
              "%s", books_text(books));
    expect_lines_are_json(books_text(books));
}

Test(journal, writes_raw_bytes_in_base64)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } cases[] = {{"", 0, "\"raw\":\"\"}"},
                 {"\xff", 1, "\"raw\":\"/w==\"}"},
                 {"\0\1", 2, "\"raw\":\"AAE=\"}"},
                 {"abc", 3, "\"raw\":\"YWJj\"}"}};
    cr_assert(eq(int, load(""), 0));

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        msock_publish(yard.sender, "t", NULL,
                      &(msock_publish_options){.raw = cases[i].bytes,
                                               .raw_size = cases[i].size,
                                               .type = "x/y"});
        msock_sim_run(yard.sim, 10);
        cr_expect(strstr(books_text(books), cases[i].text) != NULL, "%s",
                  books_text(books));
    }
    cr_expect(strstr(books_text(books), "\"type\":\"x/y\"") != NULL);
    expect_lines_are_json(books_text(books));
}

Test(journal, tells_a_clearing_from_a_null)
{
    static const char *ends[] = {
        "\"set\",\"sender\":\"sender\",\"data\":null}\n",
        "\"gone\",\"sender\":\"sender\",\"data\":null,\"cleared\":true}\n",
        "\"said\",\"sender\":\"sender\",\"data\":null}\n"};
    const msock_publish_options state = {.state = true};
    cr_assert(eq(int, load(""), 0));

    msock_publish(yard.sender, "set", "null", &state);
    msock_publish(yard.sender, "gone", NULL, &state);
    msock_publish(yard.sender, "said", NULL, NULL);
    msock_sim_run(yard.sim, 100);

    const char *lines = books_text(books);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        cr_expect(strstr(lines, ends[i]) != NULL, "%s", lines);
    }
    expect_lines_are_json(lines);
}

Test(journal, leaves_out_data_for_which_it_has_no_room)
{
    char json[1002];
    memset(json, 'x', sizeof json);
    json[0] = json[1000] = '"';
    json[1001] = '\0';
    cr_assert(eq(int, load(",\"message_max\":64"), 0));

    say("t", json);
    for (size_t size = 3; size < 1000; size++) {
        json[size - 1] = '"';
        json[size] = '\0';
        say("t", json);
        json[size - 1] = 'x';
        json[size] = 'x';
    }

    const char *text = books_text(books);
    cr_expect(strstr(text, "\"omitted\":1001}") != NULL);
    cr_expect(eq(u64, yard_status(&yard, "journal").refused, 0));
}

Test(journal, begins_a_new_file_when_one_is_full_and_keeps_the_newest)
{
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    cr_assert(eq(int, load(",\"size\":4096,\"keep\":3"), 0));

    yard_storm(&yard, 300);

    cr_assert(eq(sz, books_names(books, names), 3));
    for (size_t i = 0; i < 3; i++) {
        char path[FOLDER_PATH_SIZE];
        struct stat status;
        cr_assert(
            eq(int, stat(folder_path(path, books, names[i]), &status), 0));
        cr_expect(le(long, status.st_size, 4096));
        cr_expect(eq(int, status.st_mode & 07777, 0640));
    }
    const char *text = books_text(books);
    cr_expect(strstr(text, "\"data\":300}\n") != NULL);
    cr_expect(eq(ptr, (char *)strstr(text, "\"data\":1}"), NULL));
    expect_lines_are_json(text);
}

Test(journal, goes_on_after_a_reload)
{
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    cr_assert(eq(int, load(",\"sync_s\":1"), 0));

    for (int i = 0; i < 20; i++) {
        yard_storm(&yard, 5);
        cr_assert(eq(int, msock_host_reload(yard.host, "journal", NULL), 0));
    }
    msock_sim_run(yard.sim, 2000);

    cr_expect(eq(sz, count_lines(books_text(books)), 100));
    cr_expect(eq(sz, books_names(books, names), 1));
    cr_expect(eq(u64, yard_status(&yard, "journal").leaked, 0));
    expect_lines_are_json(books_text(books));
}

/* A bound on files stands in for a full disk. */
Test(journal, a_full_disk_passes)
{
    const struct rlimit little = {.rlim_cur = 2000, .rlim_max = RLIM_INFINITY};
    const struct rlimit much = {.rlim_cur = RLIM_INFINITY,
                                .rlim_max = RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    cr_assert(eq(int, load(""), 0));
    setrlimit(RLIMIT_FSIZE, &little);
    yard_storm(&yard, 100);
    size_t written = count_lines(books_text(books));
    setrlimit(RLIMIT_FSIZE, &much);

    yard_storm(&yard, 100);

    cr_expect(eq(sz, count_lines(books_text(books)), written + 100));
    cr_expect(
        eq(int, yard_status(&yard, "journal").condition, MSOCK_PLUGIN_RUNNING));
    cr_expect(eq(u64, yard_status(&yard, "journal").refused, 100 - written));
    cr_expect(strstr(yard_log(&yard), "journal: writes again") != NULL);
    expect_lines_are_json(books_text(books));
}

Test(journal, refuses_what_it_cannot_honour)
{
    static const struct {
        const char *more;
        int code;
        const char *detail;
    } cases[] = {
        {",\"file\":\"x\"", MSOCK_EOPTION, "did you mean"},
        {",\"size\":1", MSOCK_EOPTION, "4096 to"},
        {",\"keep\":0", MSOCK_EOPTION, "1 to 10000"},
        {",\"filters\":[]", MSOCK_EPLUGIN, "\"filters\""},
        {",\"filters\":[1]", MSOCK_EPLUGIN, "\"filters\""},
        {",\"filters\":[\"#/a\"]", MSOCK_EPLUGIN, "#/a"},
        {",\"name\":\"../x\"", MSOCK_EPLUGIN, "../x"},
        {",\"name\":\"\"", MSOCK_EPLUGIN, "Invalid"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect(eq(int, load(cases[i].more), cases[i].code), "%s",
                  cases[i].more);
        cr_expect(strstr(msock_error_detail(), cases[i].detail) != NULL,
                  "%s: %s", cases[i].more, msock_error_detail());
    }
    cr_expect(
        eq(int, msock_host_load(yard.host, "journal", "{}"), MSOCK_EOPTION));
    cr_expect(eq(
        int,
        msock_host_load(yard.host, "journal", "{\"directory\":\"/nowhere\"}"),
        MSOCK_EPLUGIN));
    cr_expect(eq(int, load(""), 0));
}

Test(journal, does_not_start_where_it_cannot_write)
{
    cr_expect(eq(
        int, msock_host_load(yard.host, "journal", "{\"directory\":\"/sys\"}"),
        MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "cannot keep a journal") != NULL,
              "%s", msock_error_detail());
}
