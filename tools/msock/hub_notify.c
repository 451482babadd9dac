/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams to the service manager. */
#include "tools/msock/hub_notify.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <multisock/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_SIZE = 512 };

static struct sockaddr_un manager;
static socklen_t manager_size; /* 0: there is none */
static unsigned watchdog_ms;

/* Reads a socket's address: a path, or @NAME for an abstract one. */
static void read_manager(const char *text)
{
    size_t size = strlen(text);

    if ((text[0] != '/' && text[0] != '@') || size < 2 ||
        size >= sizeof(manager.sun_path)) {
        cli_error("NOTIFY_SOCKET names no socket that is known here: %s", text);
        return;
    }
    manager.sun_family = AF_UNIX;
    memcpy(manager.sun_path, text, size);
    if (text[0] == '@') {
        manager.sun_path[0] = '\0';
    }
    manager_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

/* The watchdog may be meant for another process of the service. */
static void read_watchdog(const char *period_us, const char *pid)
{
    char *end;
    unsigned long long us = strtoull(period_us, &end, 10);
    unsigned long long ms = us / 2000;

    if (*end != '\0' || us == 0 ||
        (pid && strtoull(pid, NULL, 10) != (unsigned long long)getpid())) {
        return;
    }
    ms = ms > 0 ? ms : 1;
    watchdog_ms = ms < UINT_MAX ? (unsigned)ms : UINT_MAX;
}

void hub_notify_init(void)
{
    const char *socket_name = getenv("NOTIFY_SOCKET");
    const char *period_us = getenv("WATCHDOG_USEC");

    if (socket_name) {
        read_manager(socket_name);
    }
    if (period_us) {
        read_watchdog(period_us, getenv("WATCHDOG_PID"));
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static int send_text(const char *text)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ssize_t sent = -1;

    if (fd >= 0) {
        sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL,
                      (const struct sockaddr *)&manager, manager_size);
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    return sent < 0 ? cli_error("cannot notify the service manager: %s",
                                strerror(error))
                    : CLI_OK;
}

int hub_notify(const char *state)
{
    return manager_size == 0 ? CLI_OK : send_text(state);
}

int hub_notify_status(const char *state, const char *format, ...)
{
    char status[STATUS_SIZE];
    char safe[4 * STATUS_SIZE];
    char text[sizeof(safe) + STATUS_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(status, sizeof(status), format, arguments);
    va_end(arguments);
    msock_text_escape(status, strlen(status), safe, sizeof(safe));
    snprintf(text, sizeof(text), "%s\nSTATUS=%s", state, safe);
    return hub_notify(text);
}

int hub_notify_reloading(void)
{
    char text[64];
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
             (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    return hub_notify(text);
}

unsigned hub_notify_watchdog_ms(void)
{
    return watchdog_ms;
}
