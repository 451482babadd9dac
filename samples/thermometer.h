/* SPDX-License-Identifier: Apache-2.0 */
/* Where a Linux machine tells its temperature: a file that holds whole
 * thousandths of a degree Celsius, as the kernel's thermal and hwmon drivers
 * write it. Source: Documentation/ABI/testing/sysfs-class-thermal and
 * -hwmon of the Linux kernel. */
#ifndef SAMPLES_THERMOMETER_H
#define SAMPLES_THERMOMETER_H

#include <stddef.h>

enum {
    THERMOMETER_PATH_SIZE = 512,
    /* What no place on Earth exceeds is no temperature, thousandths. */
    THERMOMETER_LOWEST = -273150,
    THERMOMETER_HIGHEST = 1000000
};

/** Finds a thermometer below `root` ("/sys/class" of this machine): the first
 *  that can be read of thermal/thermal_zone0..15/temp and
 *  hwmon/hwmon0..15/temp1_input, and copies its path.
 *  Returns 0, MSOCK_ENOENT. */
int thermometer_find(const char *root, char path[static THERMOMETER_PATH_SIZE]);

/** Reads one: *thousandths is written on success.
 *  Returns 0, MSOCK_ESYSTEM (it cannot be read; errno says why), MSOCK_EINVAL
 *  (what it says is no whole number, or no temperature). */
int thermometer_read(const char *path, long *thousandths);

#endif
