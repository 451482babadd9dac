/* SPDX-License-Identifier: Apache-2.0 */
/* What the plugin `keeper` stores, and whose files it takes. */
#include "plugins/keeper/store.h"

#include "tests/plugins/shelf.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(keeper_store, .init = shelf_set_up, .fini = shelf_tear_down);

enum { COST = MSOCK__STORE_STATE_COST + 3 }; /* of topic, owner, data of 1 */

Test(keeper_store, has_what_was_committed_when_it_is_opened_again)
{
    struct msock__store *store = shelf_open();

    cr_assert(eq(int, shelf_put(store, "a/b", 7, 'x', "{\"on\":true}"), 0));
    cr_assert(eq(int, shelf_put(store, "c", 9007199254740991, 'y', NULL), 0));
    cr_assert(eq(int, msock__store_commit(store), 0));
    cr_assert(eq(int, shelf_put(store, "d", 1, 'x', "1"), 0));
    msock__store_close(store);
    store = shelf_open();

    cr_expect(eq(str, (char *)shelf_text(store),
                 "a/b 7 x {\"on\":true}\nc 9007199254740991 y -\n"));
    msock__store_close(store);
}

static bool same_as(const struct msock__kept *got, void *user)
{
    const struct msock__kept *put = user;
    cr_expect(eq(str, (char *)got->topic, (char *)put->topic));
    cr_expect(eq(str, (char *)got->owner, (char *)put->owner));
    cr_expect(eq(str, (char *)got->data, (char *)put->data));
    cr_expect(eq(sz, got->topic_size, put->topic_size));
    cr_expect(eq(sz, got->owner_size, put->owner_size));
    cr_expect(eq(sz, got->data_size, put->data_size));
    cr_expect(eq(u64, got->version, put->version));
    cr_expect(eq(u64, got->time_s, put->time_s));
    cr_expect(eq(int, memcmp(got->session, put->session, 16), 0));
    return true;
}

Test(keeper_store, gives_back_every_field)
{
    struct msock__store *store = shelf_open();
    static const uint8_t session[MSOCK__STORE_SESSION_SIZE] = {0, 1, 255};
    struct msock__kept state = {.topic = "t",
                                .topic_size = 1,
                                .owner = "kitchen",
                                .owner_size = 7,
                                .data = "[1]",
                                .data_size = 3,
                                .version = 5,
                                .session = session,
                                .time_s = 1795000000};

    cr_assert(eq(int, msock__store_put(store, &state), 0));

    cr_expect(eq(int, msock__store_each(store, same_as, &state), 0));
    cr_expect(msock__store_has(store, "t", 1, 5));
    cr_expect(not(msock__store_has(store, "t", 1, 6)));
    cr_expect(not(msock__store_has(store, "u", 1, 1)));
    msock__store_close(store);
}

Test(keeper_store, takes_only_what_is_newer)
{
    struct msock__store *store = shelf_open();

    shelf_put(store, "t", 5, 'm', "5");
    shelf_put(store, "t", 4, 'z', "4");
    shelf_put(store, "t", 5, 'a', "\"a\"");
    cr_expect(eq(str, (char *)shelf_text(store), "t 5 m 5\n"));
    shelf_put(store, "t", 5, 'n', "\"n\"");
    cr_expect(eq(str, (char *)shelf_text(store), "t 5 n \"n\"\n"));
    shelf_put(store, "t", 6, 'a', NULL);
    cr_expect(eq(str, (char *)shelf_text(store), "t 6 a -\n"));

    msock__store_close(store);
}

Test(keeper_store, refuses_what_exceeds_its_bytes_and_keeps_what_it_has)
{
    struct msock__store *store;
    cr_assert(eq(
        int, msock__store_open(&store, shelf_path, 2 * COST, shelf_reason), 0));

    cr_expect(eq(int, shelf_put(store, "a", 1, 'x', "1"), 0));
    cr_expect(eq(int, shelf_put(store, "b", 1, 'x', "1"), 0));
    cr_expect(eq(int, shelf_put(store, "c", 1, 'x', "1"), MSOCK_ELIMIT));
    cr_expect(eq(int, shelf_put(store, "b", 2, 'x', "22"), MSOCK_ELIMIT));
    cr_expect(eq(u64, msock__store_bytes(store), 2 * COST));
    cr_expect(eq(int, shelf_put(store, "a", 2, 'x', NULL), 0));
    cr_expect(eq(int, shelf_put(store, "b", 3, 'x', "33"), 0));
    cr_expect(eq(int, msock__store_commit(store), 0));

    cr_expect(eq(str, (char *)shelf_text(store), "a 2 x -\nb 3 x 33\n"));
    msock__store_close(store);
}

Test(keeper_store, keeps_what_it_has_under_a_smaller_limit)
{
    struct msock__store *store = shelf_open();
    shelf_put(store, "a", 1, 'x', "111");
    shelf_put(store, "b", 1, 'x', "1");
    msock__store_commit(store);
    msock__store_close(store);
    cr_assert(
        eq(int, msock__store_open(&store, shelf_path, COST, shelf_reason), 0));

    cr_expect(eq(u64, msock__store_bytes(store), 2 * COST + 2));
    cr_expect(eq(int, shelf_put(store, "a", 2, 'x', "22"), 0));
    cr_expect(eq(int, shelf_put(store, "b", 2, 'x', "22"), MSOCK_ELIMIT));

    msock__store_close(store);
}

Test(keeper_store, forgets_what_was_cleared_an_hour_ago)
{
    struct msock__store *store = shelf_open();
    shelf_put(store, "a", 1, 'x', NULL);
    shelf_put(store, "b", 1, 'x', "1");

    cr_expect(eq(int, msock__store_prune(store, 0), 0));
    cr_expect(eq(int, msock__store_prune(store, 1000000 + 3599), 0));
    cr_expect(eq(u64, msock__store_bytes(store), 2 * COST - 1));
    cr_expect(eq(int, msock__store_prune(store, 1000000 + 3600), 0));
    cr_expect(eq(u64, msock__store_bytes(store), COST));

    cr_expect(eq(str, (char *)shelf_text(store), "b 1 x 1\n"));
    msock__store_close(store);
}

static bool only_one(const struct msock__kept *state, void *user)
{
    (void)state;
    ++*(int *)user;
    return false;
}

Test(keeper_store, each_ends_when_it_is_told_to)
{
    struct msock__store *store = shelf_open();
    int visits = 0;
    shelf_put(store, "a", 1, 'x', "1");
    shelf_put(store, "b", 1, 'x', "1");

    cr_expect(eq(int, msock__store_each(store, only_one, &visits), 0));

    cr_expect(eq(int, visits, 1));
    msock__store_close(store);
}

/* -- Whose file it is -- */

static int open_code(void)
{
    struct msock__store *store;
    return msock__store_open(&store, shelf_path, SHELF_BYTES_MAX, shelf_reason);
}

Test(keeper_store, is_for_its_owner_and_group_alone)
{
    struct stat status;
    umask(0);

    msock__store_close(shelf_open());

    cr_assert(eq(int, stat(shelf_path, &status), 0));
    cr_expect(eq(int, (int)status.st_mode & 0777, 0640));
}

Test(keeper_store, is_open_in_one_process_only)
{
    struct msock__store *store = shelf_open();
    int status;
    shelf_put(store, "a", 1, 'x', "1");
    msock__store_commit(store);

    pid_t other = fork();
    if (other == 0) {
        _exit(-open_code());
    }
    waitpid(other, &status, 0);

    cr_expect(eq(int, WEXITSTATUS(status), -MSOCK_EBUSY));
    cr_expect(eq(int, open_code(), MSOCK_EBUSY));
    msock__store_close(store);
}

Test(keeper_store, leaves_the_files_of_others_as_they_are)
{
    static const char text[] = "not a database, but long enough for the head "
                               "of one: one hundred bytes are, and here they "
                               "come, all of them, and then some more.\n";
    char found[sizeof text + 1];
    folder_write(shelf_folder, "states.db", text);

    cr_expect(eq(int, open_code(), MSOCK_EINVAL), "%s", shelf_reason);

    cr_expect(eq(str,
                 folder_read(shelf_folder, "states.db", found, sizeof found),
                 (char *)text));
    cr_expect(ne(ptr, strstr(shelf_reason, "no file of kept states"), NULL));
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    cr_assert(eq(int, sqlite3_open(shelf_path, &db), SQLITE_OK));
    cr_assert(eq(int, sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK));
    sqlite3_close(db);
}

Test(keeper_store, takes_no_database_of_another_program)
{
    run_sql("CREATE TABLE state (topic TEXT); PRAGMA user_version = 1");

    cr_expect(eq(int, open_code(), MSOCK_EINVAL), "%s", shelf_reason);
}

Test(keeper_store, takes_no_file_of_a_later_version)
{
    msock__store_close(shelf_open());
    run_sql("PRAGMA user_version = 2");

    cr_expect(eq(int, open_code(), MSOCK_EABI), "%s", shelf_reason);
}

Test(keeper_store, takes_neither_links_nor_folders)
{
    cr_assert(eq(int, symlink("elsewhere", shelf_path), 0));
    cr_expect(eq(int, open_code(), MSOCK_EINVAL));
    cr_assert(eq(int, unlink(shelf_path), 0));

    cr_assert(eq(int, mkdir(shelf_path, 0700), 0));
    cr_expect(eq(int, open_code(), MSOCK_EINVAL));
}

Test(keeper_store, says_that_its_folder_is_missing)
{
    strcpy(shelf_path, "/nonexistent/states.db");

    cr_expect(eq(int, open_code(), MSOCK_ESYSTEM));

    cr_expect(ne(ptr, strstr(shelf_reason, "No such file"), NULL));
}
