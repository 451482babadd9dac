/* SPDX-License-Identifier: Apache-2.0 */
/* exec: runs listed programs for messages. Which program runs, and how, is
 * fixed by the configuration (docs/plugins.md); from the network come only its
 * standard input and the variables MSOCK_TOPIC, MSOCK_SENDER and MSOCK_TYPE. No
 * shell takes part.
 *
 * Nothing waits: while a program runs, a timer looks at it, first after 2 ms
 * and then more and more rarely, at last every 20 ms; with none there is no
 * timer. Bounded: programs at a time, messages that wait for their turn, bytes
 * of input and output, time. */
#include <multisock/plugin.h>

#include "plugins/exec/child.h"
#include "plugins/exec/command.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum {
    PARALLEL = 4,
    QUEUE = 64,
    INPUT_MAX = 64 << 10,
    OUTPUT_MAX = 64 << 10,
    POLL_FIRST_MS = 2,
    POLL_MS = 20,
    STOP_MS = 500, /* the longest wait for programs that were killed */
    NOTE_SIZE = 512,
    NOTES_MS = 1000, /* a line about what went wrong at most so often */
    /* "MSOCK_TOPIC=" and a text of at most so many bytes */
    VARIABLE_SIZE = 16 + MSOCK_TOPIC_MAX + 1,
    VARIABLES = 5 /* of ours */
};

struct exec;

/* A message that waits for its turn, or the program that it runs. */
struct run {
    struct run *next;
    struct exec *exec;
    const struct msock__command *command;
    struct msock__child child;
    uint64_t due_ms; /* when it is killed */
    bool killed;     /* it is only waited for */
    char topic[VARIABLE_SIZE];
    char sender[VARIABLE_SIZE];
    char type[VARIABLE_SIZE];
    size_t size;
    char data[];
};

/* A queue of runs, oldest first. */
struct line {
    struct run *first;
    struct run **end;
    size_t count;
};

/* What a subscription's callback is given. */
struct subscriber {
    struct exec *exec;
    const struct msock__command *command;
};

struct exec {
    const msock_services *services;
    struct msock__commands commands;
    struct subscriber subscribers[MSOCK__COMMANDS_MAX];
    struct line waiting;
    struct line running;
    size_t parallel;
    size_t queue;
    size_t input_max;
    size_t output_max;
    int timer;         /* 0: none */
    uint64_t delay_ms; /* of the next look */
    uint64_t noted_ms; /* when the last line was logged */
    uint64_t held;     /* lines that were not logged since */
    char node[VARIABLE_SIZE];
};

static void poll_later(struct exec *exec);

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Logs what the network can bring about: not more than a line a second. */
__attribute__((format(printf, 2, 3))) static void
complain(struct exec *exec, const char *format, ...)
{
    char note[NOTE_SIZE];
    va_list arguments;
    uint64_t now = now_ms();
    if (exec->noted_ms != 0 && now - exec->noted_ms < NOTES_MS) {
        exec->held++;
        return;
    }
    va_start(arguments, format);
    int size = vsnprintf(note, sizeof note, format, arguments);
    va_end(arguments);
    if (exec->held > 0 && size > 0 && (size_t)size < sizeof note) {
        snprintf(note + size, sizeof note - (size_t)size,
                 " (and %llu lines more)", (unsigned long long)exec->held);
    }
    exec->noted_ms = now;
    exec->held = 0;
    exec->services->log(exec->services->host, MSOCK_WARNING, note);
}

/* -- Queues -- */

static void line_init(struct line *line)
{
    *line = (struct line){.end = &line->first};
}

static void line_put(struct line *line, struct run *run)
{
    run->next = NULL;
    *line->end = run;
    line->end = &run->next;
    line->count++;
}

/* Takes the run at *at out of the queue. */
static struct run *line_take(struct line *line, struct run **at)
{
    struct run *run = *at;
    *at = run->next;
    if (run->next == NULL) {
        line->end = at;
    }
    line->count--;
    return run;
}

/* -- Programs -- */

static const char *program_of(const struct run *run)
{
    return run->command->argv[0];
}

static bool run_start(struct exec *exec, struct run *run)
{
    static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    char *environment[MSOCK__WORDS_MAX + VARIABLES + 1] = {
        run->topic, run->sender, exec->node};
    size_t count = 3;
    if (run->type[0] != '\0') {
        environment[count++] = run->type;
    }
    char *const *more = run->command->environment;
    bool has_path = false;
    for (; *more != NULL; more++) {
        has_path |= strncmp(*more, "PATH=", 5) == 0;
        environment[count++] = *more;
    }
    if (!has_path) {
        environment[count] = path;
    }
    if (msock__child_start(&run->child, run->command->argv, environment,
                           run->data, run->size, exec->output_max) < 0) {
        complain(exec, "cannot run %s: %s", program_of(run), strerror(errno));
        return false;
    }
    run->due_ms = now_ms() + run->command->timeout_ms;
    return true;
}

/* Publishes output as JSON if it is that, else as a JSON string, else, if it is
 * no text, as bytes. */
static void reply(struct exec *exec, const struct run *run)
{
    const msock_services *services = exec->services;
    const char *topic = run->command->reply;
    const char *output = run->child.bytes;
    size_t size = run->child.size;
    while (size > 0 && (output[size - 1] == '\n' || output[size - 1] == '\r')) {
        size--;
    }
    char *text = malloc(6 * size + 3);
    if (text == NULL) {
        complain(exec, "no memory for the reply of %s", program_of(run));
        return;
    }
    memcpy(text, output, size);
    text[size] = '\0';
    int result = memchr(text, '\0', size) == NULL && size > 0
                     ? services->publish(services->host, topic, text, NULL)
                     : MSOCK_EJSON;
    if (result == MSOCK_EJSON &&
        services->json_quote(output, size, text, 6 * size + 3) >= 0) {
        result = services->publish(services->host, topic, text, NULL);
    } else if (result == MSOCK_EJSON) {
        result = services->publish(
            services->host, topic, NULL,
            &(msock_publish_options){.raw = output, .raw_size = size});
    }
    free(text);
    if (result < 0) {
        complain(exec, "cannot publish the reply of %s on %s: error %d",
                 program_of(run), topic, result);
    }
}

/* Returns whether it is over already. */
static bool run_kill(struct run *run)
{
    run->killed = true;
    msock__child_kill(&run->child);
    return msock__child_gone(&run->child);
}

/* A program that did not end with 0. */
static void complain_end(struct exec *exec, const struct run *run)
{
    int status = run->child.status;
    bool killed = WIFSIGNALED(status);
    complain(exec, "%s failed: %s %d", program_of(run),
             killed ? "signal" : "exit code",
             killed ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* Whether the run is over; what it wrote is published. */
static bool run_over(struct exec *exec, struct run *run, uint64_t now)
{
    if (run->killed) {
        return msock__child_gone(&run->child);
    }
    switch (msock__child_poll(&run->child)) {
    case MSOCK__CHILD_TOO_MUCH:
        complain(exec, "%s killed: it wrote over %zu bytes", program_of(run),
                 exec->output_max);
        return run_kill(run);
    case MSOCK__CHILD_LOST:
        complain(exec, "%s failed: its status was taken by another",
                 program_of(run));
        return true;
    case MSOCK__CHILD_DONE:
        if (run->child.status != 0) {
            complain_end(exec, run);
        } else if (run->command->reply != NULL) {
            reply(exec, run);
        }
        return true;
    case MSOCK__CHILD_RUNS:
    default:
        break;
    }
    if (now < run->due_ms) {
        return false;
    }
    complain(exec, "%s killed: it ran over %llu ms", program_of(run),
             (unsigned long long)run->command->timeout_ms);
    return run_kill(run);
}

/* -- Turns -- */

static void start_waiting(struct exec *exec)
{
    while (exec->running.count < exec->parallel && exec->waiting.count > 0) {
        struct run *run = line_take(&exec->waiting, &exec->waiting.first);
        if (run_start(exec, run)) {
            line_put(&exec->running, run);
            exec->delay_ms = POLL_FIRST_MS;
        } else {
            free(run);
        }
    }
}

static void end_running(struct exec *exec)
{
    uint64_t now = now_ms();
    struct run **at = &exec->running.first;
    while (*at != NULL) {
        if (run_over(exec, *at, now)) {
            struct run *run = line_take(&exec->running, at);
            msock__child_close(&run->child);
            free(run);
        } else {
            at = &(*at)->next;
        }
    }
}

static void on_poll(void *user)
{
    struct exec *exec = user;
    exec->timer = 0;
    end_running(exec);
    start_waiting(exec);
    poll_later(exec);
}

/* Looks again soon, if anything runs. */
static void poll_later(struct exec *exec)
{
    const msock_services *services = exec->services;
    if (exec->timer != 0 || exec->running.count == 0) {
        return;
    }
    int id =
        services->timer_start(services->host, exec->delay_ms, 0, on_poll, exec);
    exec->delay_ms =
        2 * exec->delay_ms < POLL_MS ? 2 * exec->delay_ms : POLL_MS;
    if (id < 0) {
        complain(exec, "no timer: error %d", id);
    } else {
        exec->timer = id;
    }
}

/* -- Messages -- */

static struct run *run_new(struct exec *exec, const msock_message *message,
                           const struct msock__command *command)
{
    struct run *run = malloc(sizeof *run + message->data_size + 1);
    if (run == NULL) {
        return NULL;
    }
    *run = (struct run){
        .exec = exec, .command = command, .size = message->data_size};
    snprintf(run->topic, sizeof run->topic, "MSOCK_TOPIC=%s", message->topic);
    snprintf(run->sender, sizeof run->sender, "MSOCK_SENDER=%s",
             message->sender);
    if (message->type != NULL) {
        snprintf(run->type, sizeof run->type, "MSOCK_TYPE=%s", message->type);
    }
    memcpy(run->data, message->data, message->data_size);
    return run;
}

static int on_message(const msock_message *message, void *user)
{
    const struct subscriber *subscriber = user;
    struct exec *exec = subscriber->exec;
    if (message->data_size > exec->input_max) {
        complain(exec, "refused what %s sent on %s: %zu bytes, over %zu",
                 message->sender, message->topic, message->data_size,
                 exec->input_max);
        return MSOCK_ETOOBIG;
    }
    if (exec->waiting.count == exec->queue &&
        exec->running.count == exec->parallel) {
        complain(exec, "refused what %s sent on %s: %zu messages wait",
                 message->sender, message->topic, exec->waiting.count);
        return MSOCK_EAGAIN;
    }
    struct run *run = run_new(exec, message, subscriber->command);
    if (run == NULL) {
        return MSOCK_ENOMEM;
    }
    line_put(&exec->waiting, run);
    start_waiting(exec);
    poll_later(exec);
    return 0;
}

/* -- The plugin -- */

static uint64_t number(const struct exec *exec, const char *key,
                       uint64_t otherwise)
{
    const char *config = exec->services->config;
    return msock__config_number(exec->services, config, strlen(config), key,
                                otherwise);
}

static int subscribe(struct exec *exec)
{
    const msock_services *services = exec->services;
    for (size_t i = 0; i < exec->commands.count; i++) {
        const struct msock__command *command = &exec->commands.items[i];
        exec->subscribers[i] = (struct subscriber){exec, command};
        int id = services->subscribe(services->host, command->filter,
                                     on_message, &exec->subscribers[i], NULL);
        if (id < 0) {
            char note[NOTE_SIZE];
            snprintf(note, sizeof note, "cannot subscribe to \"%s\": error %d",
                     command->filter, id);
            services->log(services->host, MSOCK_ERROR, note);
            return id;
        }
    }
    return 0;
}

static int start(const msock_services *services, void **state)
{
    struct exec *exec = calloc(1, sizeof *exec);
    if (exec == NULL) {
        return MSOCK_ENOMEM;
    }
    exec->services = services;
    line_init(&exec->waiting);
    line_init(&exec->running);
    exec->parallel = (size_t)number(exec, "parallel", PARALLEL);
    exec->queue = (size_t)number(exec, "queue", QUEUE);
    exec->input_max = (size_t)number(exec, "input_max", INPUT_MAX);
    exec->output_max = (size_t)number(exec, "output_max", OUTPUT_MAX);
    snprintf(exec->node, sizeof exec->node, "MSOCK_NODE=%s", services->node);

    int result = msock__commands_read(&exec->commands, services);
    if (result == 0) {
        result = subscribe(exec);
    }
    if (result < 0) {
        msock__commands_fini(&exec->commands);
        free(exec);
        return result;
    }
    *state = exec;
    return 0;
}

/* Kills what runs, and waits a little until it is gone: only a program that
 * hangs in the kernel takes longer.  Returns how many are not gone. */
static size_t end_all(struct exec *exec)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    uint64_t due_ms = now_ms() + STOP_MS;
    size_t left = 0;

    for (struct run *run = exec->running.first; run != NULL; run = run->next) {
        msock__child_kill(&run->child);
    }
    while (exec->running.count > 0) {
        struct run *run = exec->running.first;
        bool gone = msock__child_gone(&run->child);
        if (!gone && now_ms() < due_ms) {
            nanosleep(&pause, NULL);
            continue;
        }
        left += !gone;
        line_take(&exec->running, &exec->running.first);
        msock__child_close(&run->child);
        free(run);
    }
    return left;
}

static void stop(void *state)
{
    struct exec *exec = state;
    const msock_services *services = exec->services;
    size_t ended = exec->running.count;
    size_t dropped = exec->waiting.count;
    if (exec->timer != 0) {
        services->timer_stop(services->host, exec->timer);
    }
    size_t left = end_all(exec);
    while (exec->waiting.count > 0) {
        free(line_take(&exec->waiting, &exec->waiting.first));
    }
    if (ended + dropped > 0) {
        char note[NOTE_SIZE];
        snprintf(note, sizeof note,
                 "stopped: %zu programs killed, %zu messages dropped%s", ended,
                 dropped, left > 0 ? "; some do not die" : "");
        services->log(services->host, MSOCK_WARNING, note);
    }
    msock__commands_fini(&exec->commands);
    free(exec);
}

/* To start runs nothing. */
static int check(const msock_services *services)
{
    void *state;
    int result = start(services, &state);
    if (result == 0) {
        stop(state);
    }
    return result;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "exec",
    .description = "runs listed programs for messages",
    .start = start,
    .stop = stop,
    .config = msock__exec_keys,
    .check = check,
};
