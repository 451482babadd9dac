/* SPDX-License-Identifier: Apache-2.0 */
/* Watches each call into a plugin's code. */
#include "plugins/watch.h"

#include "plugins/grants.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { HELD_SIZE = 48 };

static const uint64_t ns_per_ms = 1000000;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Whether a line is due; what to add about those that were kept back. */
static bool line_due(struct msock__quiet *quiet, char held[static HELD_SIZE])
{
    uint64_t count;
    if (!msock__quiet_over(quiet, now_ns() / ns_per_ms, &count)) {
        return false;
    }
    held[0] = '\0';
    if (count > 0) {
        snprintf(held, HELD_SIZE, "; %" PRIu64 " more since the last line",
                 count);
    }
    return true;
}

/* `what` was called, with a message on `topic` or "". */
static void note_time(msock_plugin_host *plugin, uint64_t began_ns,
                      const char *what, const char *topic)
{
    char held[HELD_SIZE];
    uint64_t elapsed_ms = (now_ns() - began_ns) / ns_per_ms;
    unsigned slow_ms = plugin->host->slow_ms;

    if (msock__guard_time(&plugin->guard, elapsed_ms, slow_ms) &&
        line_due(&plugin->guard.slow_lines, held)) {
        msock__plugin_report(plugin, MSOCK_WARNING,
                             "slow: its %s%s took %" PRIu64 " ms, over %u ms%s",
                             what, topic, elapsed_ms, slow_ms, held);
    }
}

static void note_failure(msock_plugin_host *plugin, int result,
                         const char *topic)
{
    char held[HELD_SIZE];
    if (!line_due(&plugin->guard.failed_lines, held)) {
        return;
    }
    if (msock__guard_judge(result) == MSOCK__GARBAGE) {
        msock__plugin_report(plugin, MSOCK_WARNING,
                             "garbage: its handler of %s returned %d, which is "
                             "neither 0 nor an error code%s",
                             topic, result, held);
    } else {
        msock__plugin_report(plugin, MSOCK_WARNING,
                             "failed: its handler of %s returned %s (%s)%s",
                             topic, msock_error_name(result),
                             msock_error_text(result), held);
    }
}

uint64_t msock__watch_begin(msock_host *host)
{
    host->running++;
    return now_ns();
}

void msock__watch_end(msock_host *host)
{
    assert(host->running > 0);
    host->running--;
}

/* Its timers end. Its subscriptions stay, to count what it misses. */
static void quarantine(msock_plugin_host *plugin, unsigned count,
                       const char *what)
{
    plugin->condition = MSOCK_PLUGIN_QUARANTINED;
    msock__grants_end_timers(plugin);
    msock__plugin_report(plugin, MSOCK_ERROR,
                         "quarantined: it %s %u times in a row, and is not "
                         "called any more until it is reloaded",
                         what, count);
    if (plugin->host->quarantined != NULL) {
        msock__watch_begin(plugin->host); /* the plugin stays meanwhile */
        plugin->host->quarantined(plugin->name, plugin->host->user);
        msock__watch_end(plugin->host);
    }
}

static void look(msock_plugin_host *plugin)
{
    const struct msock__guard *guard = &plugin->guard;
    if (guard->failures >= plugin->host->fail_max) {
        quarantine(plugin, guard->failures, "failed");
    } else if (guard->slow_calls >= plugin->host->slow_max) {
        quarantine(plugin, guard->slow_calls, "was slow");
    }
}

int msock__watch_end_message(msock_plugin_host *plugin, uint64_t began_ns,
                             int result, const char *topic)
{
    enum msock__verdict verdict = msock__guard_judge(result);

    msock__watch_end(plugin->host);
    note_time(plugin, began_ns, "handler of ", topic);
    msock__guard_result(&plugin->guard, verdict);
    if (verdict == MSOCK__FAILED || verdict == MSOCK__GARBAGE) {
        note_failure(plugin, result, topic);
    }
    look(plugin);
    return verdict == MSOCK__GARBAGE ? MSOCK_EPLUGIN : result;
}

void msock__watch_end_state(msock_plugin_host *plugin, uint64_t began_ns,
                            const char *topic)
{
    msock__watch_end(plugin->host);
    note_time(plugin, began_ns, "keeping of ", topic);
    look(plugin);
}

void msock__watch_end_timer(msock_plugin_host *plugin, uint64_t began_ns)
{
    msock__watch_end(plugin->host);
    note_time(plugin, began_ns, "timer", "");
    look(plugin);
}

void msock__watch_limit(msock_plugin_host *plugin, size_t count,
                        const char *kind)
{
    char held[HELD_SIZE];
    if (line_due(&plugin->guard.limit_lines, held)) {
        msock__plugin_report(plugin, MSOCK_WARNING,
                             "leaking? It has %zu %ss and wants more%s", count,
                             kind, held);
    }
}
