/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that play stories. */
#include "tests/sim/runner.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 64, SEED_SECONDS_MAX = 60, TAIL_LINES = 40, LINE_MAX = 400 };

struct job {
    pid_t pid; /* 0: free */
    int pipe;
    uint64_t seed;
};

/* What the process of a seed tells the one that started it. */
struct verdict {
    struct story_result result;
    double cpu_s; /* what it computed: a busy machine does not count */
};

static double clock_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void play_in_child(uint64_t seed, int out)
{
    struct verdict verdict;
    alarm(SEED_SECONDS_MAX);
    story_play(seed, NULL, &verdict.result);
    verdict.cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    ssize_t written = write(out, &verdict, sizeof(verdict));
    _exit(written == (ssize_t)sizeof(verdict) ? 0 : 2);
}

static void start(struct job *job, uint64_t seed)
{
    int ends[2];
    int result = pipe(ends);
    assert(result == 0);
    (void)result;
    fflush(stdout);
    job->seed = seed;
    job->pid = fork();
    assert(job->pid >= 0);
    if (job->pid == 0) {
        close(ends[0]);
        play_in_child(seed, ends[1]);
    }
    close(ends[1]);
    job->pipe = ends[0];
}

/* The end of a failing seed's transcript: it is played once more. */
static void print_tail(uint64_t seed)
{
    static char lines[TAIL_LINES][LINE_MAX];
    size_t count = 0;
    FILE *file = tmpfile();
    if (file == NULL) {
        return;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct story_result result;
        alarm(SEED_SECONDS_MAX);
        setvbuf(file, NULL, _IOLBF, 0);
        /* What an assertion says belongs to it. */
        dup2(fileno(file), STDERR_FILENO);
        story_play(seed, file, &result);
        fflush(file);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    rewind(file);
    bool failed = false;
    while (!failed && fgets(lines[count % TAIL_LINES], LINE_MAX, file)) {
        failed = strncmp(lines[count % TAIL_LINES], "FAILED", 6) == 0;
        count++;
    }
    for (size_t i = count > TAIL_LINES ? count - TAIL_LINES : 0; i < count;
         i++) {
        printf("    %s", lines[i % TAIL_LINES]);
    }
    fclose(file);
}

static void add(struct story_result *sum, const struct story_result *result)
{
    sum->virtual_us += result->virtual_us;
    sum->datagrams += result->datagrams;
    sum->copies_lost += result->copies_lost;
    sum->published += result->published;
    sum->delivered += result->delivered;
    sum->lives += result->lives;
    sum->losses += result->losses;
    sum->repairs += result->repairs;
    sum->nacks += result->nacks;
    sum->injected += result->injected;
    sum->orders += result->orders;
    sum->acted += result->acted;
    sum->refused += result->refused;
    sum->silent += result->silent;
    sum->questions += result->questions;
    sum->replies += result->replies;
    sum->in_vain += result->in_vain;
}

static void fail(struct runner_summary *summary, uint64_t seed, const char *why,
                 uint64_t at_us)
{
    if (summary->failures == 0 || seed < summary->first_failure) {
        summary->first_failure = seed;
    }
    summary->failures++;
    printf("seed %" PRIu64 " failed at %" PRIu64 ".%06" PRIu64 ": %s\n", seed,
           at_us / 1000000, at_us % 1000000, why);
    print_tail(seed);
    printf("again: msock-sim --seed %" PRIu64 "\n", seed);
}

static void note_time(struct runner_summary *summary, uint64_t seed,
                      double cpu_s)
{
    summary->cpu_s += cpu_s;
    if (cpu_s > summary->slowest_s) {
        summary->slowest_s = cpu_s;
        summary->slowest = seed;
    }
}

static void finish(struct job *job, int status, struct runner_summary *summary)
{
    struct verdict verdict;
    const struct story_result *result = &verdict.result;
    char why[64];
    ssize_t size = read(job->pipe, &verdict, sizeof(verdict));
    close(job->pipe);
    job->pid = 0;
    summary->played++;
    if (WIFSIGNALED(status)) {
        snprintf(why, sizeof(why), "%s", strsignal(WTERMSIG(status)));
        fail(summary, job->seed, why, 0);
    } else if (WEXITSTATUS(status) != 0 || size != (ssize_t)sizeof(verdict)) {
        fail(summary, job->seed, "it ended without a verdict", 0);
    } else {
        note_time(summary, job->seed, verdict.cpu_s);
        add(&summary->sum, result);
        if (result->failed) {
            fail(summary, job->seed, result->why, result->failed_us);
        }
    }
}

static struct job *job_of(struct job *jobs, pid_t pid)
{
    size_t i = 0;
    while (i < JOBS_MAX && jobs[i].pid != pid) {
        i++;
    }
    return i < JOBS_MAX ? &jobs[i] : NULL;
}

void runner_play(const struct runner_config *config,
                 struct runner_summary *summary)
{
    struct job jobs[JOBS_MAX] = {{0}};
    uint64_t started = 0;
    unsigned running = 0;
    uint64_t fail_max = config->fail_max > 0 ? config->fail_max : 1;
    double began_s = clock_s(CLOCK_MONOTONIC);
    assert(config->jobs >= 1 && config->jobs <= JOBS_MAX);

    *summary = (struct runner_summary){0};
    for (;;) {
        bool more = started < config->count && summary->failures < fail_max;
        if (more && running < config->jobs) {
            start(job_of(jobs, 0), config->first + started);
            started++;
            running++;
            continue;
        }
        if (running == 0) {
            break;
        }
        int status;
        pid_t pid = wait(&status);
        struct job *job = pid > 0 ? job_of(jobs, pid) : NULL;
        if (job != NULL) {
            running--;
            finish(job, status, summary);
        }
    }
    summary->wall_s = clock_s(CLOCK_MONOTONIC) - began_s;
}
