/* SPDX-License-Identifier: Apache-2.0 */
/* A table of what was last said. */
#include "tools/msock/hub_reports.h"

#include <stdlib.h>
#include <string.h>

static int compare(const struct hub_report *report, const char *topic,
                   const char *sender)
{
    int order = strcmp(report->topic, topic);

    return order != 0 ? order : strcmp(report->sender, sender);
}

/* Returns where the entry is, or would be; *found says which. */
static size_t find(const struct hub_reports *reports,
                   const msock_message *message, bool *found)
{
    size_t low = 0;
    size_t high = reports->count;

    *found = false;
    while (low < high && !*found) {
        size_t middle = low + (high - low) / 2;
        int order =
            compare(reports->entries[middle], message->topic, message->sender);
        *found = order == 0;
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return *found ? high : low;
}

static struct hub_report *report_new(const msock_message *message)
{
    bool raw = (message->flags & MSOCK_MESSAGE_RAW) != 0;
    bool kept = !raw && message->data_size <= HUB_REPORT_DATA_MAX;
    size_t topic_size = message->topic_size + 1;
    size_t sender_size = message->sender_size + 1;
    size_t data_size = kept ? message->data_size + 1 : 0;
    struct hub_report *report =
        malloc(sizeof(*report) + topic_size + sender_size + data_size);

    if (!report) {
        return NULL;
    }
    char *sender = report->topic + topic_size;
    char *data = sender + sender_size;
    memcpy(report->topic, message->topic, topic_size);
    memcpy(sender, message->sender, sender_size);
    memcpy(data, message->data, data_size);
    report->raw = raw;
    report->sealed = (message->flags & MSOCK_MESSAGE_SEALED) != 0;
    report->data_size = message->data_size;
    report->data = kept ? data : NULL;
    report->sender = sender;
    clock_gettime(CLOCK_REALTIME, &report->time);
    return report;
}

int hub_reports_take(struct hub_reports *reports, const msock_message *message)
{
    bool found;
    size_t at = find(reports, message, &found);

    if (!found && reports->count == HUB_REPORTS_MAX) {
        reports->missed++;
        return MSOCK_ELIMIT;
    }
    struct hub_report *report = report_new(message);
    if (!report) {
        reports->missed++;
        return MSOCK_ENOMEM;
    }
    struct hub_report **entry = &reports->entries[at];
    if (found) {
        free(*entry);
    } else {
        memmove(entry + 1, entry, (reports->count - at) * sizeof(*entry));
        reports->count++;
    }
    *entry = report;
    return 0;
}

static bool matches(const char *topic, char *const *filters,
                    size_t filter_count)
{
    for (size_t i = 0; i < filter_count; i++) {
        if (msock_topic_match(filters[i], topic)) {
            return true;
        }
    }
    return false;
}

void hub_reports_keep(struct hub_reports *reports, char *const *filters,
                      size_t filter_count)
{
    size_t kept = 0;

    for (size_t i = 0; i < reports->count; i++) {
        struct hub_report *report = reports->entries[i];
        if (matches(report->topic, filters, filter_count)) {
            reports->entries[kept++] = report;
        } else {
            free(report);
        }
    }
    reports->count = kept;
}
