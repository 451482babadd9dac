/* SPDX-License-Identifier: Apache-2.0 */
/* Transcript and verdict of a simulation. */
#include "tests/sim/report.h"

#include <inttypes.h>
#include <stdarg.h>

static uint64_t now_us(const struct report *report)
{
    return report->sim != NULL ? msock_sim_now_us(report->sim) : 0;
}

static void write_line(const struct report *report, const char *format,
                       va_list arguments)
{
    uint64_t us = now_us(report);
    fprintf(report->transcript, "%6" PRIu64 ".%06" PRIu64 " ", us / 1000000,
            us % 1000000);
    vfprintf(report->transcript, format, arguments);
    fputc('\n', report->transcript);
}

void report_note(struct report *report, const char *format, ...)
{
    if (report->transcript == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_line(report, format, arguments);
    va_end(arguments);
}

void report_fail(struct report *report, const char *format, ...)
{
    va_list arguments;
    if (!report->failed) {
        report->failed = true;
        report->failed_us = now_us(report);
        va_start(arguments, format);
        vsnprintf(report->why, sizeof(report->why), format, arguments);
        va_end(arguments);
    }
    if (report->transcript != NULL) {
        fputs("FAILED ", report->transcript);
        va_start(arguments, format);
        write_line(report, format, arguments);
        va_end(arguments);
    }
}
