/* SPDX-License-Identifier: Apache-2.0 */
/* A yard for tests of the host. */
#include "tests/plugins/yard.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int on_told(msock_channel *channel, const msock_message *message,
                   void *user)
{
    struct yard *yard = user;
    (void)channel;
    snprintf(yard->told, sizeof yard->told, "%s %s", message->topic,
             message->data);
    return 0;
}

static void must(int result)
{
    assert(result >= 0);
}

void yard_open(struct yard *yard, msock_host_options options, bool real_time)
{
    const msock_sim_options network = {.seed = 1, .real_time = real_time};
    char path[FOLDER_PATH_SIZE];

    *yard = (struct yard){0};
    folder_make(yard->folder);
    folder_add(yard->folder, "log");
    folder_path(path, yard->folder, "log/host");
    must(msock_logger_open(&yard->logger, "host", path));
    must(msock_sim_open(&yard->sim, "yard", &network));
    must(msock_open(&yard->node, "sim://yard",
                    &(msock_options){.name = "kitchen"}));
    if (!real_time) {
        must(msock_open(&yard->sender, "sim://yard",
                        &(msock_options){.name = "sender"}));
    }
    options.directory = yard->folder;
    options.logger = yard->logger;
    must(msock_host_open(&yard->host, yard->node, &options));
    must(msock_subscribe(yard->node, "+/told", on_told, yard, NULL));
}

void yard_close(struct yard *yard)
{
    msock_host_close(yard->host);
    msock_close(yard->node, NULL, NULL);
    msock_close(yard->sender, NULL, NULL);
    msock_sim_close(yard->sim);
    msock_logger_close(yard->logger);
    folder_remove(yard->folder);
}

void yard_put(struct yard *yard, const char *path)
{
    static char block[65536];
    char from[FOLDER_PATH_SIZE];
    char to[FOLDER_PATH_SIZE];
    folder_path(from, MSOCK_BINARY_DIR, path);
    folder_path(to, yard->folder, strrchr(path, '/') + 1);
    int input = open(from, O_RDONLY | O_CLOEXEC);
    int output = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t size;
    assert(input >= 0 && output >= 0);
    while ((size = read(input, block, sizeof block)) > 0) {
        ssize_t written = write(output, block, (size_t)size);
        assert(written == size);
    }
    close(input);
    close(output);
}

void yard_storm(struct yard *yard, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        char json[32];
        snprintf(json, sizeof json, "%lu", ++yard->sent);
        must(msock_publish(yard->sender, "storm", json, NULL));
        must(msock_sim_run(yard->sim, 1));
    }
}

unsigned long yard_told(struct yard *yard, const char *key)
{
    const char *value;
    yard->told[0] = '\0';
    must(msock_publish(yard->sender, "ask", NULL, NULL));
    must(msock_sim_run(yard->sim, 10));
    const char *json = strchr(yard->told, '{');
    assert(json != NULL);
    must(msock_json_get(json, strlen(json), key, &value));
    return strtoul(value, NULL, 10);
}

msock_plugin_status yard_status(struct yard *yard, const char *name)
{
    msock_plugin_status status = {.struct_size = sizeof status};
    size_t index = 0;
    do {
        must(msock_host_status(yard->host, index++, &status));
    } while (strcmp(status.name, name) != 0);
    return status;
}

const char *yard_log(struct yard *yard)
{
    char path[FOLDER_PATH_SIZE];
    size_t used = 0;
    DIR *list = opendir(folder_path(path, yard->folder, "log"));
    const struct dirent *entry;
    assert(list != NULL);
    yard->log[0] = '\0';
    while ((entry = readdir(list)) != NULL) {
        if (entry->d_name[0] != '.') {
            folder_read(path, entry->d_name, yard->log + used,
                        sizeof yard->log - used);
            used += strlen(yard->log + used);
        }
    }
    closedir(list);
    return yard->log;
}
