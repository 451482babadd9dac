/* SPDX-License-Identifier: Apache-2.0 */
/* Where this host has joined a group. */
#include "tools/msock/doctor/probe_iface.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long probe_number(const char *path, const char *word)
{
    FILE *file = fopen(path, "re");
    char line[256];
    long number = -1;

    while (file && number < 0 && fgets(line, sizeof(line), file)) {
        if (strncmp(line, word, strlen(word)) == 0) {
            number = strtol(line + strlen(word), NULL, 10);
        }
    }
    if (file) {
        fclose(file);
    }
    return number;
}

/* Appends one, if there is room. */
static int add(struct probe_iface ifaces[static PROBE_IFACES_MAX], int count,
               unsigned index, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (ifaces[i].index == index) {
            return count;
        }
    }
    if (count == PROBE_IFACES_MAX) {
        return count;
    }
    struct probe_iface *iface = &ifaces[count];
    *iface = (struct probe_iface){.index = index};
    snprintf(iface->name, sizeof(iface->name), "%s", name);
    return count + 1;
}

/* Lines "Index Device : ..." head lines "Group Users ...", where the group is
 * the number that its bytes are on this machine. */
static int read_v4(FILE *file, const void *group,
                   struct probe_iface ifaces[static PROBE_IFACES_MAX])
{
    char line[256];
    char name[16] = "";
    unsigned index = 0;
    uint32_t wanted;
    uint32_t found;
    int count = 0;

    memcpy(&wanted, group, sizeof(wanted));
    while (fgets(line, sizeof(line), file)) {
        if (line[0] >= '0' && line[0] <= '9') {
            (void)sscanf(line, "%u %15s", &index, name);
        } else if (sscanf(line, "%" SCNx32, &found) == 1 && found == wanted) {
            count = add(ifaces, count, index, name);
        }
    }
    return count;
}

/* Lines "Index Device Group ...", where the group is its bytes. */
static int read_v6(FILE *file, const void *group,
                   struct probe_iface ifaces[static PROBE_IFACES_MAX])
{
    const uint8_t *bytes = group;
    char line[256];
    char name[16];
    char found[33];
    char wanted[33];
    unsigned index;
    int count = 0;

    for (int i = 0; i < 16; i++) {
        snprintf(wanted + 2 * i, 3, "%02x", bytes[i]);
    }
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%u %15s %32s", &index, name, found) == 3 &&
            strcmp(found, wanted) == 0) {
            count = add(ifaces, count, index, name);
        }
    }
    return count;
}

int probe_ifaces(bool v6, const void *group,
                 struct probe_iface ifaces[static PROBE_IFACES_MAX])
{
    FILE *file = fopen(v6 ? "/proc/net/igmp6" : "/proc/net/igmp", "re");

    if (!file) {
        return 0;
    }
    int count = (v6 ? read_v6 : read_v4)(file, group, ifaces);
    fclose(file);
    return count;
}
