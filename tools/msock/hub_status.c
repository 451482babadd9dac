/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's status as JSON, and its file. */
#include "tools/msock/hub_status.h"

#include "tools/msock/json_out.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { FILE_MODE = 0640, PATH_SIZE = 4200, TIME_SIZE = 40, NAME_SIZE = 256 };

static const char *show_time(const struct timespec *time,
                             char text[static TIME_SIZE])
{
    char date[24] = "";
    struct tm utc;

    gmtime_r(&time->tv_sec, &utc);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, TIME_SIZE, "%s.%03ldZ", date, time->tv_nsec / 1000000);
    return text;
}

static void text_member(struct cli_buffer *out, const char *key,
                        const char *text)
{
    json_out_format(out, "\"%s\":", key);
    json_out_text(out, text, strlen(text));
}

static void render_head(const struct hub_view *view, struct cli_buffer *out)
{
    char text[TIME_SIZE];
    struct timespec now;
    struct timespec started = {.tv_sec = view->started};

    clock_gettime(CLOCK_REALTIME, &now);
    json_out_format(out, "{\"state\":\"%s\",\n\"time\":\"%s\",\n", view->state,
                    show_time(&now, text));
    json_out_format(out, "\"started\":\"%s\",\n\"pid\":%ld,\n",
                    show_time(&started, text), (long)getpid());
    text_member(out, "version", msock_version());
    json_out_format(out, ",\n");
    text_member(out, "name", msock_name(view->channel));
    json_out_format(out, ",\n");
    text_member(out, "channel", view->channel_url);
    json_out_format(out, ",\n\"interfaces\":%d,\n\"queued\":%zu",
                    msock_joined(view->channel), msock_queued(view->channel));
}

/* Those that counted something. */
static void render_counters(const struct hub_view *view, struct cli_buffer *out)
{
    const char *comma = "";

    json_out_format(out, ",\n\"counters\":{");
    for (int i = 0; i < MSOCK_COUNTER_COUNT; i++) {
        enum msock_counter counter = (enum msock_counter)i;
        uint64_t count = msock_counter_get(view->channel, counter);
        if (count > 0) {
            json_out_format(out, "%s\"%s\":%" PRIu64, comma,
                            msock_counter_name(counter), count);
            comma = ",";
        }
    }
    json_out_format(out, "}");
}

static void render_plugin(const msock_plugin_status *plugin,
                          struct cli_buffer *out)
{
    const char *condition = msock_plugin_condition_name(plugin->condition);

    json_out_format(out, "{");
    text_member(out, "name", plugin->name);
    json_out_format(out, ",\"condition\":\"%s\",\"reloads\":%u", condition,
                    plugin->reloads);
    json_out_format(out, ",\"calls\":%" PRIu64 ",\"refused\":%" PRIu64,
                    plugin->calls, plugin->refused);
    json_out_format(out, ",\"failed\":%" PRIu64 ",\"garbage\":%" PRIu64,
                    plugin->failed, plugin->garbage);
    json_out_format(out, ",\"slow\":%" PRIu64 ",\"slowest_ms\":%" PRIu64,
                    plugin->slow, plugin->slowest_ms);
    json_out_format(out, ",\"dropped\":%" PRIu64 ",\"leaked\":%" PRIu64,
                    plugin->dropped, plugin->leaked);
    if (plugin->error[0] != '\0') {
        json_out_format(out, ",");
        text_member(out, "error", plugin->error);
    }
    json_out_format(out, "}");
}

/* Those that could not be loaded: the host does not know them. */
static void render_failed(const struct hub_config *config, const char *comma,
                          struct cli_buffer *out)
{
    for (size_t i = 0; i < config->plugin_count; i++) {
        char name[NAME_SIZE];
        msock_plugin_status plugin = {.name = name,
                                      .condition = MSOCK_PLUGIN_FAILED,
                                      .error = config->plugins[i].error};
        size_t size;
        const char *base = hub_plugin_base(config->plugins[i].name, &size);
        if (plugin.error) {
            snprintf(name, sizeof(name), "%.*s", (int)size, base);
            json_out_format(out, "%s", comma);
            render_plugin(&plugin, out);
            comma = ",\n";
        }
    }
}

void hub_status_render_plugins(const struct hub_view *view,
                               struct cli_buffer *out)
{
    msock_plugin_status plugin = {.struct_size = sizeof(plugin)};
    const char *comma = "\n";

    json_out_format(out, "[");
    for (size_t i = 0; msock_host_status(view->host, i, &plugin) == 0; i++) {
        json_out_format(out, "%s", comma);
        render_plugin(&plugin, out);
        comma = ",\n";
    }
    render_failed(view->config, comma, out);
    json_out_format(out, "]");
}

static void render_plugins(const struct hub_view *view, struct cli_buffer *out)
{
    json_out_format(out, ",\n\"plugins\":");
    if (!view->plugins) {
        hub_status_render_plugins(view, out);
    } else if (view->plugins->size == 0) {
        json_out_format(out, "[]"); /* it ended before there was a host */
    } else {
        json_out(out, view->plugins->bytes, view->plugins->size);
        out->failed |= view->plugins->failed;
    }
}

static void render_report(const struct hub_report *report,
                          struct cli_buffer *out)
{
    char text[TIME_SIZE];

    json_out_format(out, "{");
    text_member(out, "topic", report->topic);
    json_out_format(out, ",");
    text_member(out, "sender", report->sender);
    json_out_format(out, ",\"time\":\"%s\",\"sealed\":%s",
                    show_time(&report->time, text),
                    report->sealed ? "true" : "false");
    if (report->data) {
        json_out_format(out, ",\"data\":");
        json_out_value(out, report->data, report->data_size);
    } else {
        json_out_format(out, ",\"%s\":%zu", report->raw ? "raw_size" : "size",
                        report->data_size);
    }
    json_out_format(out, "}");
}

static void render_reports(const struct hub_reports *reports,
                           struct cli_buffer *out)
{
    json_out_format(out, ",\n\"missed\":%" PRIu64 ",\n\"reports\":[",
                    reports->missed);
    for (size_t i = 0; i < reports->count; i++) {
        json_out_format(out, i > 0 ? ",\n" : "\n");
        render_report(reports->entries[i], out);
    }
    json_out_format(out, "]}\n");
}

void hub_status_render(const struct hub_view *view, struct cli_buffer *out)
{
    out->size = 0;
    out->failed = false;
    render_head(view, out);
    render_counters(view, out);
    render_plugins(view, out);
    render_reports(view->reports, out);
}

/* Writes a new file.  Returns 0, or an errno. */
static int write_new(const char *file, const struct cli_buffer *text)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(file, flags, FILE_MODE);
    size_t written = 0;
    int error = fd < 0 ? errno : 0;

    while (error == 0 && written < text->size) {
        ssize_t size = write(fd, text->bytes + written, text->size - written);
        if (size >= 0) {
            written += (size_t)size;
        } else if (errno != EINTR) {
            error = errno;
        }
    }
    if (fd >= 0 && close(fd) < 0 && error == 0) {
        error = errno;
    }
    return error;
}

int hub_status_claim(const char *file, int *fd)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s.lock", file);
    *fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (*fd < 0) {
        return errno;
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0) {
        return 0;
    }
    int error = errno;
    close(*fd);
    *fd = -1;
    return error;
}

int hub_status_write(const char *file, const struct cli_buffer *text)
{
    char path[PATH_SIZE];

    if (text->failed) {
        return ENOMEM;
    }
    snprintf(path, sizeof(path), "%s.new", file);
    unlink(path); /* of one that was killed while it wrote */
    int error = write_new(path, text);
    if (error == 0 && rename(path, file) < 0) {
        error = errno;
    }
    if (error != 0) {
        unlink(path);
    }
    return error;
}
