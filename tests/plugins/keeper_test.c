/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin `keeper`, as it is shipped. */
#include "tests/plugins/shelf.h"
#include "tests/plugins/yard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/request.h>
#include <multisock/state.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONFIG_SIZE = 1024, TURN_MS = 10, TURNS_MAX = 1000000 };

static struct yard yard;
static const msock_publish_options as_state = {.state = true};

static void set_up(void)
{
    shelf_set_up();
    yard_open(&yard, (msock_host_options){0}, false);
    /* In 1970 versions begin with 1. */
    cr_assert(zero(
        int, msock_sim_condition(yard.sim, NULL,
                                 &(msock_sim_host){.wall_ms = -(1LL << 42)})));
    yard_put(&yard, "plugins/keeper.so");
}

static void tear_down(void)
{
    yard_close(&yard);
    shelf_tear_down();
}

TestSuite(keeper, .init = set_up, .fini = tear_down);

static const char *config_with(const char *more)
{
    static char config[CONFIG_SIZE];
    snprintf(config, sizeof config, "{\"file\":\"%s\"%s}", shelf_path, more);
    return config;
}

static int load(const char *more)
{
    return msock_host_load(yard.host, "keeper", config_with(more));
}

/* Ends the keeper, which stores all that it has, and looks. */
static const char *stored(void)
{
    cr_assert(eq(int, msock_host_unload(yard.host, "keeper"), 0));
    const char *text = shelf_look(shelf_path);
    cr_assert(ne(ptr, (char *)text, NULL), "%s", shelf_reason);
    return text;
}

static void set(const char *topic, const char *json)
{
    cr_assert(eq(int, msock_publish(yard.sender, topic, json, &as_state), 0));
    cr_assert(eq(int, msock_sim_run(yard.sim, 1000), 0));
}

/* Puts states in the store, as another run of the keeper would have. */
static void fill(void)
{
    struct msock__store *store = shelf_open();
    shelf_put(store, "home/door", 7, 'd', "\"open\"");
    shelf_put(store, "home/lamp", 3, 'd', NULL);
    shelf_put(store, "other", 1, 'd', "1");
    cr_assert(eq(int, msock__store_commit(store), 0));
    msock__store_close(store);
}

Test(keeper, stores_the_newest_state_of_each_topic)
{
    cr_assert(eq(int, load(""), 0), "%s", msock_error_detail());

    set("a", "1");
    set("b", "{\"on\": true}");
    set("a", "2");
    set("c", "3");
    set("c", NULL);
    cr_assert(eq(int, msock_publish(yard.sender, "event", "1", NULL), 0));
    cr_assert(eq(int, msock_publish(yard.node, "own", "1", &as_state), 0));
    cr_assert(eq(int, msock_sim_run(yard.sim, 100), 0));

    const char *text = stored();
    cr_expect(strstr(text, "a 2 ") != NULL, "%s", text);
    cr_expect(strstr(text, " {\"on\":true}\n") != NULL ||
                  strstr(text, " {\"on\": true}\n") != NULL,
              "%s", text);
    cr_expect(strstr(text, "c 2 ") != NULL, "%s", text);
    cr_expect(strstr(text, " -\n") != NULL, "%s", text);
    cr_expect(strstr(text, "own 1 ") != NULL, "%s", text);
    cr_expect(strstr(text, "event") == NULL, "%s", text);
}

Test(keeper, stores_what_its_filters_match)
{
    cr_assert(eq(int, load(",\"filters\":[\"a/+\",\"b\"]"), 0));

    set("a/1", "1");
    set("b", "1");
    set("c", "1");

    const char *text = stored();
    cr_expect(strstr(text, "a/1 1 ") != NULL, "%s", text);
    cr_expect(strstr(text, "b 1 ") != NULL, "%s", text);
    cr_expect(strstr(text, "c 1 ") == NULL, "%s", text);
}

Test(keeper, stores_what_the_channel_held_before)
{
    cr_assert(msock_keep(yard.node, "a", NULL, NULL) == 0);
    set("a", "1");

    cr_assert(eq(int, load(""), 0));
    cr_assert(eq(int, msock_sim_run(yard.sim, 100), 0));

    cr_expect(ne(ptr, (char *)strstr(stored(), "a 1 "), NULL));
}

/* -- What it confirms -- */

/* Writes a JSON string that fills `capacity` bytes with its NUL. */
static void make_large(char *json, size_t capacity)
{
    memset(json, 'x', capacity);
    json[0] = json[capacity - 2] = '"';
    json[capacity - 1] = '\0';
}

static void note_confirm(msock_channel *channel, const msock_confirm *confirm,
                         void *user)
{
    (void)channel;
    *(msock_confirm *)user = *confirm;
}

/* Publishes and lets time pass until it is known who acted. */
static msock_confirm publish_confirmed(const char *topic, const char *json,
                                       const msock_publish_options *publish)
{
    const msock_confirm_options options = {.deadline_ms = 600000,
                                           .publish = publish};
    msock_confirm last = {.node = "none yet"};
    int turns = 0;
    cr_assert(ge(int,
                 msock_publish_confirmed(yard.sender, topic, json, &options,
                                         note_confirm, &last),
                 1));
    while (last.node != NULL && turns++ < TURNS_MAX) {
        cr_assert(eq(int, msock_sim_run(yard.sim, 1), 0));
    }
    return last;
}

Test(keeper, confirms_what_it_has_stored, .timeout = 60)
{
    cr_assert(eq(int, load(",\"filters\":[\"a\"]"), 0));
    cr_assert(eq(int, msock_sim_run(yard.sim, 5000), 0));

    msock_confirm confirm = publish_confirmed("a", "1", &as_state);

    cr_expect(eq(sz, confirm.expected, 1));
    cr_expect(eq(sz, confirm.acted, 1));
    cr_expect(ne(ptr, (char *)strstr(stored(), "a 1 "), NULL));
}

Test(keeper, refuses_what_it_could_not_store, .timeout = 60)
{
    char large[4096];
    make_large(large, sizeof large);
    cr_assert(eq(int, load(",\"quota\":4096,\"filters\":[\"large\"]"), 0));
    cr_assert(eq(int, msock_sim_run(yard.sim, 5000), 0));

    msock_confirm confirm = publish_confirmed("large", large, &as_state);

    cr_expect(eq(sz, confirm.acted, 0));
    cr_expect(eq(sz, confirm.refused, 1));
}

Test(keeper, that_keeps_everything_seems_to_obey_no_order, .timeout = 60)
{
    cr_assert(eq(int, load(""), 0));
    cr_assert(eq(int, msock_sim_run(yard.sim, 5000), 0));

    msock_confirm confirm = publish_confirmed("lights", "true", NULL);

    cr_expect(eq(sz, confirm.expected, 0));
    cr_expect(eq(sz, confirm.acted, 0));
}

/* -- What it gives back -- */

static int note(msock_channel *channel, const msock_message *message,
                void *user)
{
    (void)channel;
    *(msock_message *)user = *message;
    return 0;
}

Test(keeper, gives_back_what_it_stored_marked_as_such)
{
    msock_message seen = {.version = 0};
    fill();
    cr_assert(
        ge(int, msock_subscribe(yard.node, "home/door", note, &seen, NULL), 1));

    cr_assert(eq(int, load(",\"filters\":[\"home/#\"]"), 0));
    cr_assert(eq(int, msock_sim_run(yard.sim, 10), 0));

    cr_expect(eq(u64, seen.version, 7));
    unsigned wanted = MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_TOLD |
                      MSOCK_MESSAGE_OWNER_DOWN | MSOCK_MESSAGE_AGE_UNKNOWN;
    cr_expect(eq(uint, seen.flags & wanted, wanted));
    cr_expect(eq(int, msock_state_each(yard.node, "home/#", NULL, NULL), 2));
    cr_expect(
        ne(ptr, (char *)strstr(yard_log(&yard), "2 states restored"), NULL));
    cr_expect(ne(ptr, (char *)strstr(yard_log(&yard), "1 states in"), NULL));
    cr_expect(ne(ptr, (char *)strstr(stored(), "other 1 d 1\n"), NULL));
}

/* Twenty of 900,000 bytes: more than the 16 MiB of a channel. */
Test(keeper, says_how_many_fit_the_channel)
{
    enum { COUNT = 20, SIZE = 900000 };
    struct msock__store *store;
    char topic[] = "a", wanted[64];
    char *data = malloc(SIZE + 1);
    cr_assert(ne(ptr, data, NULL));
    memset(data, '1', SIZE);
    data[0] = data[SIZE - 1] = '"';
    data[SIZE] = '\0';
    cr_assert(zero(
        int, msock__store_open(&store, shelf_path, 64 << 20, shelf_reason)));
    for (int i = 0; i < COUNT; i++) {
        topic[0] = (char)('a' + i);
        cr_assert(zero(int, shelf_put(store, topic, 1, 'd', data)));
    }
    cr_assert(zero(int, msock__store_commit(store)));
    msock__store_close(store);
    free(data);

    cr_assert(zero(int, load("")));
    cr_assert(zero(int, msock_sim_run(yard.sim, 10)));

    int fit = msock_state_each(yard.node, "#", NULL, NULL);
    cr_expect(gt(int, fit, 10));
    cr_expect(lt(int, fit, COUNT));
    snprintf(wanted, sizeof wanted, "only %d of %d states in", fit, COUNT);
    cr_expect(ne(ptr, (char *)strstr(yard_log(&yard), wanted), NULL));
    snprintf(wanted, sizeof wanted, "state_max to %d bytes",
             COUNT * (SIZE + 400 + 2 + 1));
    cr_expect(ne(ptr, (char *)strstr(yard_log(&yard), wanted), NULL), "%s",
              yard_log(&yard));
}

Test(keeper, goes_on_after_a_reload)
{
    cr_assert(eq(int, load(""), 0));
    set("a", "1");

    cr_assert(eq(int, msock_host_reload(yard.host, "keeper", NULL), 0), "%s",
              msock_error_detail());
    set("b", "1");

    const char *text = stored();
    cr_expect(strstr(text, "a 1 ") != NULL, "%s", text);
    cr_expect(strstr(text, "b 1 ") != NULL, "%s", text);
}

Test(keeper, hears_nothing_when_it_is_unloaded)
{
    cr_assert(eq(int, load(""), 0));
    set("a", "1");
    const char *text = stored();
    cr_expect(strstr(text, "a 1 ") != NULL, "%s", text);

    set("b", "1");

    text = shelf_look(shelf_path);
    cr_expect(strstr(text, "b 1 ") == NULL, "%s", text);
}

/* -- What goes wrong -- */

Test(keeper, says_that_its_quota_is_reached)
{
    char large[4096];
    make_large(large, sizeof large);
    cr_assert(eq(int, load(",\"quota\":4096"), 0));

    set("large", large);
    set("small", "1");

    const char *text = stored();
    cr_expect(strstr(text, "small 1 ") != NULL, "%s", text);
    cr_expect(strstr(text, "large") == NULL, "%s", text);
    cr_expect(ne(ptr, (char *)strstr(yard_log(&yard), "over 4096 bytes"), NULL),
              "%s", yard_log(&yard));
}

/* Lets time pass until the log has a text. */
static void run_until(const char *text)
{
    int turns = 0;
    while (strstr(yard_log(&yard), text) == NULL && turns++ < TURNS_MAX) {
        cr_assert(eq(int, msock_sim_run(yard.sim, TURN_MS), 0));
    }
    cr_assert(turns <= TURNS_MAX, "%s", yard_log(&yard));
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &limit), 0));
}

Test(keeper, stores_later_what_found_no_room, .timeout = 60)
{
    char large[60000];
    make_large(large, sizeof large);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert(eq(int, load(""), 0));
    limit_files(32768);

    set("large", large);
    run_until("cannot store");
    limit_files(RLIM_INFINITY);
    run_until("all states are stored again");

    cr_expect(ne(ptr, (char *)strstr(stored(), "large 1 "), NULL));
}

Test(keeper, says_that_a_file_was_damaged_and_goes_on)
{
    fill();
    cr_assert(eq(int, truncate(shelf_path, 5000), 0));

    cr_assert(eq(int, load(""), 0), "%s", msock_error_detail());

    cr_expect(ne(ptr, (char *)strstr(yard_log(&yard), "was damaged"), NULL));
    set("a", "1");
    cr_expect(ne(ptr, (char *)strstr(stored(), "a 1 "), NULL));
}

Test(keeper, does_not_start_with_the_file_of_another)
{
    struct msock__store *store = shelf_open();

    cr_expect(eq(int, load(""), MSOCK_EPLUGIN));

    cr_expect(ne(ptr,
                 (char *)strstr(msock_error_detail(), "another program has"),
                 NULL));
    msock__store_close(store);
}

Test(keeper, does_not_start_with_filters_that_are_none)
{
    cr_expect(eq(int, load(",\"filters\":[\"a#\"]"), MSOCK_EPLUGIN));
    cr_expect(eq(int, load(",\"filters\":[]"), MSOCK_EPLUGIN));
    cr_expect(eq(int, load(",\"filters\":[1]"), MSOCK_EPLUGIN));
    cr_expect(eq(int, load(",\"quota\":1"), MSOCK_EOPTION));
}

/* -- Its check -- */

static int check(const char *config)
{
    return msock_host_check(yard.folder, "keeper", config);
}

Test(keeper, check_says_what_would_be_wrong)
{
    cr_expect(eq(int, check(config_with("")), 0), "%s", msock_error_detail());
    cr_expect(eq(int, access(shelf_path, F_OK), -1));
    cr_expect(
        eq(int, check("{\"file\":\"/nonexistent/s.db\"}"), MSOCK_EPLUGIN));
    cr_expect(eq(int, check("{\"file\":\"/\"}"), MSOCK_EPLUGIN));
    cr_expect(
        eq(int, check(config_with(",\"filters\":[\"a#\"]")), MSOCK_EPLUGIN));
}

Test(keeper, check_takes_no_lock_from_one_that_runs)
{
    int status;
    struct msock__store *store;
    cr_assert(eq(int, load(""), 0));

    cr_expect(eq(int, check(config_with("")), 0));

    pid_t other = fork();
    if (other == 0) {
        _exit(-msock__store_open(&store, shelf_path, SHELF_BYTES_MAX,
                                 shelf_reason));
    }
    waitpid(other, &status, 0);
    cr_expect(eq(int, WEXITSTATUS(status), -MSOCK_EBUSY));
}
