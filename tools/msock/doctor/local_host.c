/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of this host: its programs, files and clock. */
#include "tools/msock/doctor/local.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

enum { DATE_2024 = 1704067200 };

/* -- Who else has the port -- */

/* Whether a process has the socket with this inode. */
static bool has_socket(const char *pid, unsigned long inode)
{
    char path[300];
    char wanted[64];
    bool found = false;

    snprintf(path, sizeof(path), "/proc/%s/fd", pid);
    snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder && !found && (entry = readdir(folder))) {
        char link[600];
        char target[64] = "";
        snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
        ssize_t size = readlink(link, target, sizeof(target) - 1);
        found = size > 0 && strcmp(target, wanted) == 0;
    }
    if (folder) {
        closedir(folder);
    }
    return found;
}

/* Whether a process has multisock's library, or is msock. */
static bool is_multisock(const char *pid)
{
    char path[300];
    char line[512];
    bool found = false;

    snprintf(path, sizeof(path), "/proc/%s/maps", pid);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof(line), file)) {
        found = strstr(line, "libmultisock") != NULL ||
                strstr(line, "/msock\n") != NULL;
    }
    if (file) {
        fclose(file);
    }
    return found;
}

/* Finds the process, not this one, that has a socket.  Returns whether it is
 * known. */
static bool find_process(unsigned long inode, char pid[static 32])
{
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    bool found = false;

    while (folder && !found && (entry = readdir(folder))) {
        if (isdigit((unsigned char)entry->d_name[0]) &&
            has_socket(entry->d_name, inode)) {
            snprintf(pid, 32, "%.31s", entry->d_name);
            found = true;
        }
    }
    if (folder) {
        closedir(folder);
    }
    return found;
}

static void name_process(const char *pid, char name[static 64])
{
    char path[300];

    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    FILE *file = fopen(path, "re");
    snprintf(name, 64, "?");
    if (file) {
        if (fgets(name, 64, file)) {
            name[strcspn(name, "\n")] = '\0';
        }
        fclose(file);
    }
}

/* Whether a line of /proc/net/udp is of a socket that hears the channel's port:
 * bound to the group, or to any address. */
static bool hears_port(const struct local *local, const char *line,
                       unsigned long *inode)
{
    char address[40];
    unsigned port;

    if (sscanf(line, " %*u: %39[0-9A-F]:%x %*s %*s %*s %*s %*s %*u %*u %lu",
               address, &port, inode) != 3 ||
        port != local->port) {
        return false;
    }
    char group[40];
    snprintf(group, sizeof(group), "%08" PRIX32, local->address[0]);
    if (local->v6) {
        snprintf(group, sizeof(group),
                 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32,
                 local->address[0], local->address[1], local->address[2],
                 local->address[3]);
    }
    return strcmp(address, group) == 0 ||
           strspn(address, "0") == strlen(address);
}

void local_see_port(struct local *local, struct local_finding *finding)
{
    FILE *file = fopen(local->v6 ? "/proc/net/udp6" : "/proc/net/udp", "re");
    char own[32];
    char line[512];
    unsigned long inode;

    snprintf(own, sizeof(own), "%ld", (long)getpid());
    while (file && finding->level == PEERS_OK &&
           fgets(line, sizeof(line), file)) {
        char pid[32];
        char name[64];
        if (!hears_port(local, line, &inode) || !find_process(inode, pid) ||
            strcmp(pid, own) == 0 || is_multisock(pid)) {
            continue;
        }
        name_process(pid, name);
        local_say(finding, PEERS_WARN,
                  "%s (process %s) has the port %u, too, and is no program of "
                  "multisock",
                  name, pid, local->port);
        local_mend(finding, "end it, or take another port for all nodes");
    }
    if (file) {
        fclose(file);
    }
}

/* -- Files -- */

void local_see_files(struct local *local, struct local_finding *finding)
{
    if (local->open_code < 0) {
        local_say(finding, PEERS_FAIL, "the channel cannot be opened: %s",
                  local->open_why);
        local_mend(finding, "%s",
                   local->open_code == MSOCK_EACCESS
                       ? "chmod 600 FILE, and chown it to who runs this"
                       : "the URL, or the file that it names");
    } else {
        local_say(finding, PEERS_OK, "the channel opens");
    }
}

/* Where plugins lie: beside this program, as the hub looks for them. */
static char *find_plugins(void)
{
    char path[1024];
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (size <= 0) {
        return NULL;
    }
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    size_t left = slash ? sizeof(path) - (size_t)(slash - path) - 1 : 0;
    if (left <= strlen(MSOCK_PLUGINS_BESIDE)) {
        return NULL;
    }
    memcpy(slash + 1, MSOCK_PLUGINS_BESIDE, sizeof(MSOCK_PLUGINS_BESIDE));
    return realpath(path, NULL);
}

void local_see_plugins(struct local *local, struct local_finding *finding)
{
    char *path = find_plugins();
    struct stat status;

    (void)local;
    if (!path || stat(path, &status) < 0) {
        free(path);
        finding->skipped = true;
        local_say(finding, PEERS_OK, "no plugins are installed");
        return;
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) ||
        (status.st_uid != 0 && status.st_uid != geteuid())) {
        local_say(finding, PEERS_FAIL,
                  "others may write %s, so the hub loads nothing from there",
                  path);
        local_mend(finding, "chown root %s && chmod go-w %s", path, path);
    } else {
        local_say(finding, PEERS_OK, "only their owner may write them");
    }
    free(path);
}

/* -- The clock, and what this host is -- */

void local_see_clock(struct local *local, struct local_finding *finding)
{
    struct timex clock = {0};
    int64_t now = local->root[0] != '\0' ? local_number(local, "/clock") : -1;
    int state = adjtimex(&clock);

    now = now < 0 ? (int64_t)time(NULL) : now;
    if (now < DATE_2024) {
        local_say(finding, PEERS_WARN,
                  "the clock is wrong by years: keys, logs and recordings are "
                  "dated wrong");
        local_mend(finding, "timedatectl set-ntp true");
    } else if (state < 0 || (clock.status & STA_UNSYNC)) {
        local_say(finding, PEERS_OK,
                  "nothing sets it; multisock does not depend on it");
    } else {
        local_say(finding, PEERS_OK, "it is set");
    }
}

static bool is_there(const struct local *local, const char *path)
{
    char name[1024];

    snprintf(name, sizeof(name), "%s%s", local->root, path);
    return access(name, F_OK) == 0;
}

void local_see_container(struct local *local, struct local_finding *finding)
{
    char path[1024];
    char line[8192];

    if (is_there(local, "/.dockerenv") ||
        is_there(local, "/run/.containerenv") ||
        is_there(local, "/run/systemd/container")) {
        local_say(finding, PEERS_WARN,
                  "this is a container: unless it has its host's network, "
                  "multicast may not reach others");
        local_mend(finding, "run it with --network host");
        return;
    }
    snprintf(path, sizeof(path), "%s/proc/cpuinfo", local->root);
    FILE *file = fopen(path, "re");
    while (file && finding->text[0] == '\0' &&
           fgets(line, sizeof(line), file)) {
        if (strncmp(line, "flags", 5) == 0 && strstr(line, " hypervisor")) {
            local_say(finding, PEERS_OK,
                      "a virtual machine: its network has to be bridged to "
                      "reach others");
        }
    }
    if (file) {
        fclose(file);
    }
}
