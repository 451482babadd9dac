/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the listed tests one by one, each in a child process. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a child tells its result. Not 0: who leaves by exit() has not passed. */
enum { PASSED = 101, FAILED = 102, SKIPPED = 103 };

/* Emulated machines are slow: a timeout is that many times as long here, and a
 * test without one has minutes; none hangs for ever. */
enum { PATIENCE = 10, DEFAULT_TIMEOUT_S = 300 };

static struct criterion_shim_test *tests;
static struct criterion_shim_test **tests_end = &tests;
static struct criterion_shim_suite *suites;

static const struct criterion_shim_test *current;
static int result; /* of the current test */
static jmp_buf test_end;

void criterion_shim_add_test(struct criterion_shim_test *test)
{
    *tests_end = test;
    tests_end = &test->next;
}

void criterion_shim_add_suite(struct criterion_shim_suite *suite)
{
    suite->next = suites;
    suites = suite;
}

/* -- Comparisons -- */

static struct {
    enum { NOTHING, SIGNED, UNSIGNED, DOUBLE, TEXT } kind;
    enum criterion_shim_op op;
    union {
        intmax_t i;
        uintmax_t u;
        double d;
        const char *text;
    } a, b;
} last;

/* Three flags, since a NaN is neither less, equal nor greater. */
static bool compares(enum criterion_shim_op op, bool less, bool equal,
                     bool greater)
{
    const bool holds[] = {
        [CRITERION_SHIM_EQ] = equal,   [CRITERION_SHIM_NE] = !equal,
        [CRITERION_SHIM_LT] = less,    [CRITERION_SHIM_LE] = less || equal,
        [CRITERION_SHIM_GT] = greater, [CRITERION_SHIM_GE] = greater || equal,
    };

    return holds[op];
}

bool criterion_shim_signed(enum criterion_shim_op op, intmax_t a, intmax_t b)
{
    last.kind = SIGNED;
    last.op = op;
    last.a.i = a;
    last.b.i = b;
    return compares(op, a<b, a == b, a> b);
}

bool criterion_shim_unsigned(enum criterion_shim_op op, uintmax_t a,
                             uintmax_t b)
{
    last.kind = UNSIGNED;
    last.op = op;
    last.a.u = a;
    last.b.u = b;
    return compares(op, a<b, a == b, a> b);
}

bool criterion_shim_double(enum criterion_shim_op op, double a, double b)
{
    last.kind = DOUBLE;
    last.op = op;
    last.a.d = a;
    last.b.d = b;
    return compares(op, a < b, a <= b && a >= b, a > b);
}

bool criterion_shim_text(enum criterion_shim_op op, const char *a,
                         const char *b)
{
    int order = (a != NULL) - (b != NULL);

    if (a != NULL && b != NULL) {
        order = strcmp(a, b);
    }
    last.kind = TEXT;
    last.op = op;
    last.a.text = a ? a : "(null)";
    last.b.text = b ? b : "(null)";
    return compares(op, order<0, order == 0, order> 0);
}

static void print_last(void)
{
    static const char *const names[] = {"==", "!=", "<", "<=", ">", ">="};
    const char *name = names[last.op];

    if (last.kind == SIGNED) {
        printf("    last compared: %jd %s %jd\n", last.a.i, name, last.b.i);
    } else if (last.kind == UNSIGNED) {
        printf("    last compared: %ju %s %ju\n", last.a.u, name, last.b.u);
    } else if (last.kind == DOUBLE) {
        printf("    last compared: %g %s %g\n", last.a.d, name, last.b.d);
    } else if (last.kind == TEXT) {
        printf("    last compared: \"%s\" %s \"%s\"\n", last.a.text, name,
               last.b.text);
    }
}

/* -- Claims -- */

void criterion_shim_check(bool fatal, const char *file, int line,
                          const char *text, bool holds, const char *format, ...)
{
    if (holds) {
        return;
    }
    printf("%s:%d: does not hold: %s\n", file, line, text);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    print_last();
    result = FAILED;
    if (fatal) {
        longjmp(test_end, 1);
    }
}

void criterion_shim_skip(const char *format, ...)
{
    printf("[SKIP] %s::%s: ", current->suite, current->name);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    result = SKIPPED;
    longjmp(test_end, 1);
}

/* -- Running -- */

static void call(void (*function)(void))
{
    if (function != NULL) {
        function();
    }
}

static const struct criterion_shim_suite *find_suite(const char *name)
{
    static const struct criterion_shim_suite none;

    for (struct criterion_shim_suite *s = suites; s != NULL; s = s->next) {
        if (strcmp(s->name, name) == 0) {
            return s;
        }
    }
    return &none;
}

/* Runs the current test with what its suite puts around it. */
static void run_current(const struct criterion_shim_suite *suite)
{
    if (setjmp(test_end) == 0) {
        call(suite->init);
        call(current->init);
        current->run();
    }
    if (setjmp(test_end) == 0) {
        call(current->fini);
        call(suite->fini);
    }
}

/* Runs the current test in a child.  Returns its wait status. */
static int run_apart(void)
{
    int status = 0;

    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(EXIT_FAILURE);
    }
    if (child == 0) {
        unsigned timeout_s = (unsigned)(current->timeout * PATIENCE);
        alarm(timeout_s > 0 ? timeout_s : DEFAULT_TIMEOUT_S);
        result = PASSED;
        run_current(find_suite(current->suite));
        fflush(stdout);
        _exit(result);
    }
    if (waitpid(child, &status, 0) != child) {
        perror("waitpid");
        exit(EXIT_FAILURE);
    }
    return status;
}

static struct {
    int tested;
    int passing;
    int failing;
    int crashing;
    int skipped;
} total;

static void count(int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    total.tested += code != SKIPPED;
    total.passing += code == PASSED;
    total.skipped += code == SKIPPED;
    total.failing += code == FAILED;
    if (code == FAILED) {
        printf("[FAIL] %s::%s\n", current->suite, current->name);
    } else if (WIFSIGNALED(status)) {
        total.crashing++;
        printf("[FAIL] %s::%s: ended by signal %d (%s)\n", current->suite,
               current->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else if (code != PASSED && code != SKIPPED) {
        total.crashing++;
        printf("[FAIL] %s::%s: left by exit(%d)\n", current->suite,
               current->name, code);
    }
}

int main(void)
{
    for (current = tests; current != NULL; current = current->next) {
        count(run_apart());
    }
    printf("[====] Tested: %d | Passing: %d | Failing: %d | Crashing: %d | "
           "Skipped: %d\n",
           total.tested, total.passing, total.failing, total.crashing,
           total.skipped);
    return total.tested + total.skipped == 0 || total.passing != total.tested;
}
