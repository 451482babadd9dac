/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin `exec`, as it is shipped, with real programs: what they are given,
 * what becomes of their output, and what bounds them. */
#include "tests/plugins/yard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_SIZE = 2048, TEXT_SIZE = 8192, DEADLINE_MS = 60000, LOOK_MS = 5 };

static struct yard yard;
static unsigned long sent;
static unsigned long heard;   /* of what was sent */
static unsigned long answers; /* on "out" */
static char answer[TEXT_SIZE];
static size_t answer_size;
static unsigned answer_flags;
static bool late;
static bool stop_when_heard; /* all that was sent */

static int on_in(msock_channel *channel, const msock_message *message,
                 void *user)
{
    (void)message;
    (void)user;
    heard++;
    if (stop_when_heard && heard == sent) {
        msock_stop(channel);
    }
    return 0;
}

static int on_out(msock_channel *channel, const msock_message *message,
                  void *user)
{
    (void)channel;
    (void)user;
    answers++;
    answer_flags = message->flags;
    answer_size = message->data_size;
    memcpy(answer, message->data, message->data_size + 1);
    return 0;
}

static void on_deadline(msock_channel *channel, void *user)
{
    (void)user;
    late = true;
    msock_stop(channel);
}

/* Stops when all was heard and nothing runs: then exec has no timer. */
static void on_look(msock_channel *channel, void *user)
{
    (void)user;
    if (heard == sent && yard_status(&yard, "exec").timers == 0) {
        msock_stop(channel);
    }
}

static void set_up(void)
{
    yard_open(&yard, (msock_host_options){.slow_ms = 60000}, true);
    yard_put(&yard, "plugins/exec.so");
    msock_timer_start(yard.node, DEADLINE_MS, 0, on_deadline, NULL);
    msock_subscribe(yard.node, "in", on_in, NULL, NULL);
    msock_subscribe(yard.node, "out", on_out, NULL, NULL);
}

static void tear_down(void)
{
    cr_expect(not(late));
    yard_close(&yard);
}

TestSuite(exec, .init = set_up, .fini = tear_down);

/* Writes a shell script into the yard. */
static const char *script(const char *text)
{
    static char path[FOLDER_PATH_SIZE];
    folder_write(yard.folder, "script", "#!/bin/sh\n");
    folder_path(path, yard.folder, "script");
    FILE *file = fopen(path, "a");
    fputs(text, file);
    fclose(file);
    chmod(path, 0700);
    return path;
}

/* Loads the plugin with one command on "in" that answers on "out"; `command`
 * and `more` are "" or members, each behind a comma. */
static int load(const char *program, const char *command, const char *more)
{
    char config[CONFIG_SIZE];
    snprintf(config, sizeof config,
             "{\"commands\":[{\"filter\":\"in\",\"reply\":\"out\","
             "\"program\":\"%s\"%s}]%s}",
             program, command, more);
    return msock_host_load(yard.host, "exec", config);
}

static void say(const char *json)
{
    sent++;
    cr_assert(eq(int, msock_publish(yard.node, "in", json, NULL), 0));
}

/* Lets everything that was sent be done. */
static void settle(void)
{
    int look = msock_timer_start(yard.node, LOOK_MS, LOOK_MS, on_look, NULL);
    msock_run(yard.node);
    msock_timer_stop(yard.node, look);
    /* what was published last is delivered in the next turn */
    msock_timer_start(yard.node, 1, 0, on_look, NULL);
    msock_run(yard.node);
}

static void expect_logged(const char *part)
{
    cr_expect(strstr(yard_log(&yard), part) != NULL, "\"%s\" lacks \"%s\"",
              yard.log, part);
}

/* -- What goes in and comes out -- */

Test(exec, gives_the_message_and_publishes_the_output)
{
    cr_assert(eq(int, load("/bin/cat", "", ""), 0));

    say("{\"on\":true}");
    settle();

    cr_expect(eq(ulong, answers, 1));
    cr_expect(eq(str, answer, "{\"on\":true}"));
}

Test(exec, lets_no_shell_look_at_arguments)
{
    cr_assert(eq(int,
                 load("/bin/echo",
                      ",\"arguments\":[\"$HOME; `id`\",\"*\",\"a  b\"]", ""),
                 0));

    say(NULL);
    settle();

    cr_expect(eq(str, answer, "\"$HOME; `id` * a  b\""));
}

Test(exec, gives_a_small_environment)
{
    setenv("SECRET", "x", 1);
    cr_assert(
        eq(int, load("/usr/bin/env", ",\"environment\":[\"A=1 2\"]", ""), 0));

    say(NULL);
    settle();

    cr_expect(eq(str, answer,
                 "\"MSOCK_TOPIC=in\\nMSOCK_SENDER=kitchen\\n"
                 "MSOCK_NODE=kitchen\\nA=1 2\\n"
                 "PATH=/usr/local/bin:/usr/bin:/bin\""));
}

Test(exec, gives_no_descriptor_of_the_host)
{
    const char *path = script("test -e /proc/$$/fd/55 && echo 1 || echo 0");
    cr_assert(eq(int, dup2(STDERR_FILENO, 55), 55));
    cr_assert(eq(int, load(path, "", ""), 0));

    say(NULL);
    settle();

    cr_expect(eq(str, answer, "0"));
}

Test(exec, gives_raw_bytes_as_they_are)
{
    const char *path = script("echo $MSOCK_TYPE; od -An -tx1");
    cr_assert(eq(int, load(path, "", ""), 0));
    sent++;

    msock_publish(yard.node, "in", NULL,
                  &(msock_publish_options){
                      .raw = "\0\xff\n", .raw_size = 3, .type = "a/b"});
    settle();

    cr_expect(eq(str, answer, "\"a/b\\n 00 ff 0a\""));
}

Test(exec, gives_input_larger_than_a_pipe)
{
    static char json[60001];
    memset(json, 'x', 60000);
    json[0] = json[59999] = '"';
    cr_assert(eq(int, load("/usr/bin/wc", ",\"arguments\":[\"-c\"]", ""), 0));

    say(json);
    settle();

    cr_expect(eq(str, answer, "60000"));
}

static const struct {
    const char *text;
    const char *answer;
    size_t size;
    unsigned raw;
} outputs[] = {
    {"echo '[1, 2]'", "[1,2]", 5, 0},
    {"echo hello", "\"hello\"", 7, 0},
    {"printf 'a\\n\\n'", "\"a\"", 3, 0},
    {"true", "\"\"", 2, 0},
    {"printf '\\377\\001'", "\xff\x01", 2, MSOCK_MESSAGE_RAW},
    {"printf 'a\\000b'", "a\0b", 3, MSOCK_MESSAGE_RAW},
};

Test(exec, publishes_json_text_or_bytes)
{
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        cr_assert(eq(int, load(script(outputs[i].text), "", ""), 0));
        say(NULL);
        settle();
        cr_assert(eq(sz, answer_size, outputs[i].size), "%s", outputs[i].text);
        cr_expect(memcmp(answer, outputs[i].answer, answer_size) == 0, "%s",
                  outputs[i].text);
        cr_expect(eq(uint, answer_flags & MSOCK_MESSAGE_RAW, outputs[i].raw));
        msock_host_unload(yard.host, "exec");
    }
}

Test(exec, publishes_nothing_of_a_program_that_failed)
{
    static const struct {
        const char *program;
        const char *said;
    } ends[] = {{"echo no; exit 3", "failed: exit code 3"},
                {"echo no; kill -9 $$", "failed: signal 9"}};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        cr_assert(eq(int, load(script(ends[i].program), "", ""), 0));
        say(NULL);
        settle();
        cr_expect(eq(ulong, answers, 0));
        expect_logged(ends[i].said);
        msock_host_unload(yard.host, "exec");
    }
}

/* -- Bounds -- */

Test(exec, tells_of_a_message_that_is_too_large)
{
    cr_assert(eq(int, load("/bin/cat", "", ",\"input_max\":9"), 0));

    say("\"larger than nine\"");
    settle();

    cr_expect(eq(ulong, answers, 0));
    expect_logged(" sent on in: 18 bytes, over 9");
}

Test(exec, kills_a_program_that_takes_too_long_with_what_it_started)
{
    char pid[64];
    char path[64];
    char cmdline[64] = "";
    cr_assert(eq(int,
                 load(script("sleep 1000 & echo $! > \"$0.pid\"; wait"),
                      ",\"timeout_ms\":1000", ""),
                 0));

    say(NULL);
    settle();

    expect_logged("killed: it ran over 1000 ms");
    cr_expect(eq(ulong, answers, 0));
    folder_read(yard.folder, "script.pid", pid, sizeof pid);
    long number = strtol(pid, NULL, 10);
    cr_assert(ge(long, number, 1));
    snprintf(path, sizeof path, "/proc/%ld/cmdline", number);
    FILE *file = fopen(path, "r");
    size_t size = file != NULL ? fread(cmdline, 1, sizeof cmdline, file) : 0;
    cr_expect(eq(sz, size, 0)); /* gone, or a zombie that init has not seen */
}

Test(exec, kills_a_program_that_left_its_group)
{
    /* it moves into the group of its child */
    const char *path = script("exec python3 -c 'import os,time\n"
                              "pid = os.fork()\n"
                              "if pid == 0: time.sleep(90)\n"
                              "os.setpgid(pid, pid)\n"
                              "os.setpgid(0, pid)\n"
                              "open(\"'$0'.pid\", \"w\").write(str(pid))\n"
                              "time.sleep(90)'");
    char pid[64];
    cr_assert(eq(int, load(path, ",\"timeout_ms\":3000", ""), 0));

    say(NULL);
    settle();

    expect_logged("killed: it ran over 3000 ms");
    folder_read(yard.folder, "script.pid", pid, sizeof pid);
    long number = strtol(pid, NULL, 10);
    cr_assert(ge(long, number, 1)); /* it did leave */
    kill((pid_t)number, SIGKILL);   /* its child is not ours to find */
}

Test(exec, publishes_nothing_of_a_program_whose_status_is_lost)
{
    signal(SIGCHLD, SIG_IGN);
    cr_assert(eq(int, load(script("echo half; exit 3"), "", ""), 0));

    say(NULL);
    settle();

    cr_expect(eq(ulong, answers, 0));
    expect_logged("failed: its status was taken by another");
}

Test(exec, kills_a_program_that_writes_too_much)
{
    cr_assert(eq(int, load("/usr/bin/yes", "", ",\"output_max\":1000"), 0));

    say(NULL);
    settle();

    expect_logged("killed: it wrote over 1000 bytes");
    cr_expect(eq(ulong, answers, 0));
}

Test(exec, takes_output_up_to_the_bound)
{
    const char *path = script("head -c 1000 /dev/zero | tr '\\0' x");
    cr_assert(eq(int, load(path, "", ",\"output_max\":1000"), 0));

    say(NULL);
    settle();

    cr_expect(eq(sz, answer_size, 1002));
}

Test(exec, refuses_what_is_too_large_or_too_much)
{
    cr_assert(eq(int,
                 load(script("read gone < \"$0\"; sleep 0.1"), "",
                      ",\"parallel\":1,\"queue\":2,\"input_max\":9"),
                 0));

    for (int i = 0; i < 6; i++) {
        say("1");
    }
    say("\"larger than nine\"");
    settle();

    cr_expect(eq(u64, yard_status(&yard, "exec").refused, 4));
    cr_expect(
        eq(int, yard_status(&yard, "exec").condition, MSOCK_PLUGIN_RUNNING));
    cr_expect(eq(ulong, answers, 3));
    expect_logged("messages wait");
}

Test(exec, runs_everything_that_waits)
{
    cr_assert(eq(int, load("/bin/cat", "", ",\"parallel\":3"), 0));

    for (int i = 0; i < 50; i++) {
        say("1");
    }
    settle();

    cr_expect(eq(ulong, answers, 50));
    cr_expect(eq(sz, yard_status(&yard, "exec").timers, 0));
}

Test(exec, ends_what_runs_when_it_is_unloaded)
{
    cr_assert(eq(
        int, load("/bin/sleep", ",\"arguments\":[\"1000\"]", ",\"parallel\":1"),
        0));
    say(NULL);
    say(NULL);
    stop_when_heard = true;
    msock_run(yard.node);

    cr_expect(eq(int, msock_host_unload(yard.host, "exec"), 0));

    expect_logged("stopped: 1 programs killed, 1 messages dropped");
}

/* -- Configuration -- */

Test(exec, refuses_programs_that_others_could_change)
{
    const char *path = script("true");
    chmod(path, 0770);
    cr_expect(eq(int, load(path, "", ""), MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "others may not write") != NULL);
    chmod(path, 0600);
    cr_expect(eq(int, load(yard.folder, "", ""), MSOCK_EPLUGIN));
    cr_expect(eq(int, load("/nowhere/x", "", ""), MSOCK_EPLUGIN));
    cr_expect(eq(int, load("cat", "", ""), MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "absolute") != NULL);
}

Test(exec, refuses_programs_that_others_could_replace)
{
    char folder[FOLDER_PATH_SIZE];
    char inside[FOLDER_PATH_SIZE]; /* a link to a program that is safe */
    char outside[FOLDER_PATH_SIZE];
    folder_add(yard.folder, "open");
    folder_path(folder, yard.folder, "open");
    folder_path(inside, yard.folder, "open/link");
    folder_path(outside, yard.folder, "link");
    cr_assert(eq(int, symlink(script("true"), inside), 0));
    folder_write(yard.folder, "open/program", "#!/bin/sh\n");
    cr_assert(eq(int, symlink("open/program", outside), 0));
    chmod(outside, 0700);

    chmod(folder, 0777);
    cr_expect(eq(int, load(inside, "", ""), MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "must lie in a folder") != NULL);
    cr_expect(eq(int, load(outside, "", ""), MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "must lie in a folder") != NULL);
    chmod(folder, 01777);
    cr_expect(eq(int, load(outside, "", ""), 0));
}

Test(exec, refuses_replies_that_nobody_could_publish)
{
    static const char *const replies[] = {
        "bad/+/topic", "#",        "",
        "$ms/x",       "a\\u0001", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"};
    char config[CONFIG_SIZE];

    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        snprintf(config, sizeof config,
                 "{\"commands\":[{\"filter\":\"in\",\"reply\":\"%s\","
                 "\"program\":\"/bin/cat\"}]}",
                 replies[i]);
        cr_expect(
            eq(int, msock_host_load(yard.host, "exec", config), MSOCK_EPLUGIN));
        cr_expect(strstr(msock_error_detail(), "no topic") != NULL, "%s: %s",
                  replies[i], msock_error_detail());
    }
}

Test(exec, refuses_what_it_cannot_honour)
{
    static const struct {
        const char *command;
        const char *more;
        int code;
        const char *detail;
    } cases[] = {
        {",\"timeout\":1", "", MSOCK_EOPTION,
         "\"commands[0].timeout\"; did you mean \"timeout_ms\"?"},
        {",\"timeout_ms\":0", "", MSOCK_EOPTION, "1 to 3600000"},
        {"", ",\"paralell\":1", MSOCK_EOPTION, "\"parallel\""},
        {",\"arguments\":[1]", "", MSOCK_EPLUGIN, "\"arguments\""},
        {",\"environment\":[\"A\"]", "", MSOCK_EPLUGIN, "NAME=VALUE"},
        {",\"environment\":[\"=A\"]", "", MSOCK_EPLUGIN, "NAME=VALUE"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect(eq(int, load("/bin/cat", cases[i].command, cases[i].more),
                     cases[i].code),
                  "%s%s", cases[i].command, cases[i].more);
        cr_expect(strstr(msock_error_detail(), cases[i].detail) != NULL, "%s",
                  msock_error_detail());
    }
    cr_expect(eq(int, msock_host_load(yard.host, "exec", "{\"commands\":[]}"),
                 MSOCK_EPLUGIN));
}

Test(exec, refuses_answers_that_are_orders)
{
    static const char config[] =
        "{\"commands\":[{\"filter\":\"a/#\",\"program\":\"/bin/cat\"},"
        "{\"filter\":\"b\",\"program\":\"/bin/cat\",\"reply\":\"a/b\"}]}";

    cr_expect(
        eq(int, msock_host_load(yard.host, "exec", config), MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "choose another topic") != NULL);
}
