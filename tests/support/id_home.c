/* SPDX-License-Identifier: Apache-2.0 */
/* Folders with identities, for tests. */
#include "tests/support/id_home.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void write_line(const char *path, const char *mode, const char *line)
{
    FILE *file = fopen(path, mode);
    assert(file);
    fprintf(file, "%s\n", line);
    fclose(file);
    int code = chmod(path, 0600);
    assert(code == 0);
    (void)code;
}

void id_home_make(void)
{
    char key[MSOCK_KEY_TEXT_SIZE];
    strcpy(folder, "/tmp/multisock-identity-XXXXXX");
    char *made = mkdtemp(folder);
    int code = made ? chdir(folder) : -1;
    assert(code == 0);
    code = msock_key_generate(key);
    assert(code == 0);
    (void)code;
    write_line("home.key", "w", key);
}

void id_home_remove(void)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    while (directory && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            unlink(entry->d_name);
        }
    }
    closedir(directory);
    rmdir(folder);
}

void id_home_node(const char *name)
{
    char path[96];
    char text[MSOCK_ID_TEXT_SIZE];
    int code = msock_id_generate(text);
    assert(code == 0);
    (void)code;
    snprintf(path, sizeof(path), "%s.id", name);
    write_line(path, "w", text);
}

void id_home_trust(const char *name, const char *id, const char *rights)
{
    char path[96];
    char key[MSOCK_ID_PUBLIC_SIZE];
    char line[256];
    snprintf(path, sizeof(path), "%s.id", id);
    int code = msock_id_public(path, key);
    assert(code == 0);
    (void)code;
    snprintf(line, sizeof(line), "%s ed25519 %s %s", name, key, rights);
    id_home_line(line);
}

void id_home_line(const char *line)
{
    write_line("trust", "a", line);
}

void id_home_distrust(void)
{
    unlink("trust");
}

const msock_options *id_home_options(const char *id)
{
    static char path[96];
    static msock_options options;
    snprintf(path, sizeof(path), "%s.id", id ? id : "");
    options = (msock_options){.key_file = "home.key",
                              .id_file = id ? path : NULL,
                              .trust_file = "trust"};
    return &options;
}
