/* SPDX-License-Identifier: Apache-2.0 */
/* LED class devices of Linux, as files. */
#include "plugins/lights/led.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    NUMBER_SIZE = 24,
    BRIGHTNESS_DEFAULT = 255,
    BRIGHTNESS_MAX = 1 << 30 /* what we believe */
};

/* Opens a file of an LED, which must not make the loop wait, whatever kind of
 * file it is.  Returns a descriptor, or -1 with errno. */
static int file_open(const struct msock__leds *leds, const char *led,
                     const char *file, int flags)
{
    char path[MSOCK__LED_NAME_MAX + sizeof "/max_brightness"];

    snprintf(path, sizeof path, "%s/%s", led, file);
    return openat(leds->directory, path, flags | O_NONBLOCK | O_CLOEXEC);
}

/* Returns the number in a file of an LED, or -1. */
static int file_read(const struct msock__leds *leds, const char *led,
                     const char *file)
{
    char text[NUMBER_SIZE];
    int descriptor = file_open(leds, led, file, O_RDONLY);
    if (descriptor < 0) {
        return -1;
    }
    ssize_t size = read(descriptor, text, sizeof text - 1);
    close(descriptor);
    if (size <= 0) {
        return -1;
    }
    text[size] = '\0';
    char *end;
    long value = strtol(text, &end, 10);
    bool valid = end != text && value >= 0 && value <= BRIGHTNESS_MAX;
    return valid ? (int)value : -1;
}

/* Writes a file of an LED.  Returns 0, or -1 with errno. */
static int file_write(const struct msock__leds *leds, const char *led,
                      const char *file, const char *text)
{
    int descriptor = file_open(leds, led, file, O_WRONLY | O_TRUNC);
    if (descriptor < 0) {
        return -1;
    }
    ssize_t size = write(descriptor, text, strlen(text));
    int reason = errno;
    close(descriptor);
    errno = reason;
    return size < 0 ? -1 : 0;
}

int msock__leds_open(struct msock__leds *leds, const char *directory)
{
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return -1;
    }
    leds->directory = descriptor;
    leds->count = 0;
    return 0;
}

int msock__leds_add(struct msock__leds *leds, const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > MSOCK__LED_NAME_MAX || name[0] == '.' ||
        strchr(name, '/') != NULL) {
        errno = EINVAL;
        return -1;
    }
    if (leds->count == MSOCK__LEDS_MAX) {
        errno = ENOSPC;
        return -1;
    }
    int descriptor = file_open(leds, name, "brightness", O_RDONLY);
    if (descriptor < 0) {
        return -1;
    }
    close(descriptor);

    struct msock__led *led = &leds->items[leds->count++];
    memcpy(led->name, name, size + 1);
    int max = file_read(leds, name, "max_brightness");
    led->max = max > 0 ? max : BRIGHTNESS_DEFAULT;
    return 0;
}

int msock__leds_add_all(struct msock__leds *leds)
{
    int descriptor =
        openat(leds->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return -1;
    }
    DIR *list = fdopendir(descriptor);
    if (list == NULL) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    const struct dirent *entry;
    while ((entry = readdir(list)) != NULL) {
        (void)msock__leds_add(leds, entry->d_name); /* or it is no LED */
    }
    closedir(list);
    errno = ENOENT;
    return leds->count > 0 ? 0 : -1;
}

int msock__led_set(const struct msock__leds *leds, const struct msock__led *led,
                   int brightness)
{
    char text[NUMBER_SIZE];

    /* While a trigger (disk activity, a heartbeat) drives an LED, its
     * brightness does not last. Not every LED has triggers. */
    if (file_write(leds, led->name, "trigger", "none\n") < 0 &&
        errno != ENOENT) {
        return -1;
    }
    snprintf(text, sizeof text, "%d\n", brightness);
    return file_write(leds, led->name, "brightness", text);
}

int msock__led_get(const struct msock__leds *leds, const struct msock__led *led)
{
    return file_read(leds, led->name, "brightness");
}

void msock__leds_close(struct msock__leds *leds)
{
    close(leds->directory);
}
