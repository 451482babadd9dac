/* SPDX-License-Identifier: Apache-2.0 */
/* What msock bench tells: to standard output at the end, as text or one JSON
 * object a line, and while it runs to standard error. */
#ifndef MSOCK_TOOLS_BENCH_REPORT_H
#define MSOCK_TOOLS_BENCH_REPORT_H

#include "tools/msock/bench.h"
#include "tools/msock/bench_peers.h"

/** What was published, or answered. */
struct bench_sent {
    uint64_t count;
    uint64_t bytes;
    double seconds;
    uint64_t waits; /* for room in the send queue, or answers without it */
    double late_s;  /* by how much the rate could not be kept */
};

/** Reports of pub and serve, and what was heard by sub and rtt.  Each returns
 *  CLI_OK, or CLI_FAILURE after having told why. */
int bench_report_sent(const struct bench *bench, const struct bench_sent *sent);
int bench_report_served(const struct bench *bench,
                        const struct bench_sent *sent);
int bench_report_publishers(const struct bench *bench,
                            const struct bench_peers *peers);
int bench_report_responders(const struct bench *bench,
                            const struct bench_peers *peers);

/** Tells, once a second, that `count` are done, of which so many are lost; if
 *  it is wanted: on a terminal, or by --progress. `word` is what was done. */
struct bench_progress {
    bool wanted;
    uint64_t start_ns;
    uint64_t told_ns;
    uint64_t told_count;
};

void bench_progress_init(struct bench_progress *progress,
                         const struct bench *bench);
void bench_progress_tell(struct bench_progress *progress, const char *word,
                         uint64_t count, uint64_t lost);

#endif
