/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and reading thermometers. */
#include "samples/thermometer.h"

#include <errno.h>
#include <multisock/error.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 16, TEXT_SIZE = 32 };

/* The kinds of them, in the order of preference; the number is the place. */
static const char *const kinds[] = {"%s/thermal/thermal_zone%d/temp",
                                    "%s/hwmon/hwmon%d/temp1_input"};

static int try_kind(const char *kind, const char *root, char *path)
{
    long thousandths;

    for (int place = 0; place < PLACES; place++) {
        int size = snprintf(path, THERMOMETER_PATH_SIZE, kind, root, place);
        if (size < THERMOMETER_PATH_SIZE &&
            thermometer_read(path, &thousandths) == 0) {
            return 0;
        }
    }
    return MSOCK_ENOENT;
}

int thermometer_find(const char *root, char path[static THERMOMETER_PATH_SIZE])
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (try_kind(kinds[i], root, path) == 0) {
            return 0;
        }
    }
    return MSOCK_ENOENT;
}

/* A whole number with at most a newline behind it. */
static int parse(const char *text, long *thousandths)
{
    char *end;

    errno = 0;
    long value = strtol(text, &end, 10);
    bool whole = end != text && (*end == '\0' || strcmp(end, "\n") == 0);
    if (!whole || errno != 0 || value < THERMOMETER_LOWEST ||
        value > THERMOMETER_HIGHEST) {
        return MSOCK_EINVAL;
    }
    *thousandths = value;
    return 0;
}

int thermometer_read(const char *path, long *thousandths)
{
    char text[TEXT_SIZE];
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return MSOCK_ESYSTEM;
    }
    size_t size = fread(text, 1, sizeof text - 1, file);
    int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error != 0) {
        errno = error;
        return MSOCK_ESYSTEM;
    }
    text[size] = '\0';
    return parse(text, thousandths);
}
