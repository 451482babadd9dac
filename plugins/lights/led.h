/* SPDX-License-Identifier: Apache-2.0 */
/* LED class devices of Linux: one directory (/sys/class/leds) with one folder
 * an LED, in it `brightness`, mostly `max_brightness`, and `trigger` where
 * something else may drive the LED.
 *
 * LEDs are opened anew for each access, through the descriptor of the
 * directory: one that was unplugged is an error of that access alone. */
#ifndef MSOCK_PLUGINS_LIGHTS_LED_H
#define MSOCK_PLUGINS_LIGHTS_LED_H

#include <stddef.h>

enum {
    MSOCK__LEDS_MAX = 64,
    MSOCK__LED_NAME_MAX = 63 /* bytes, as in the kernel */
};

struct msock__led {
    char name[MSOCK__LED_NAME_MAX + 1];
    int max; /* brightness when on, at least 1 */
};

struct msock__leds {
    int directory;
    size_t count;
    struct msock__led items[MSOCK__LEDS_MAX];
};

/** Opens a directory of LEDs, with none chosen yet.
 *  Returns 0, or -1 with errno. */
int msock__leds_open(struct msock__leds *leds, const char *directory);

/** Chooses the LED `name`; a name with a slash or a leading dot is EINVAL, one
 *  over MSOCK__LEDS_MAX is ENOSPC. max is 255 if the LED does not say.
 *  Returns 0, or -1 with errno. */
int msock__leds_add(struct msock__leds *leds, const char *name);

/** Chooses every LED of the directory, up to MSOCK__LEDS_MAX.
 *  Returns 0, or -1 with errno (ENOENT: there is none). */
int msock__leds_add_all(struct msock__leds *leds);

/** Takes an LED from its trigger and sets its brightness.
 *  Returns 0, or -1 with errno. */
int msock__led_set(const struct msock__leds *leds, const struct msock__led *led,
                   int brightness);

/** Returns the LED's brightness, or -1 if it cannot be read. */
int msock__led_get(const struct msock__leds *leds,
                   const struct msock__led *led);

void msock__leds_close(struct msock__leds *leds);

#endif
