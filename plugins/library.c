/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's shared object: who may write it, and the descriptor it exports. */
#include "plugins/library.h"

#include "codec/error.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_SIZE = MSOCK__PLUGIN_NAME_MAX + sizeof ".so",
    FD_PATH_SIZE = 32 /* "/proc/self/fd/" and a number */
};

static int fail_system(const char *what, const char *path)
{
    bool missing = errno == ENOENT || errno == ENOTDIR;
    return msock__fail(missing ? MSOCK_ENOENT : MSOCK_EPLUGIN,
                       "cannot open the plugin's %s %s: %s", what, path,
                       strerror(errno));
}

/* Refuses what somebody else could have changed. A sticky directory such as
 * /tmp is no exception: others may still add names to it. */
static int guard(int descriptor, const char *what, const char *path)
{
    struct stat status;
    if (fstat(descriptor, &status) < 0) {
        return fail_system(what, path);
    }
    if (status.st_uid != 0 && status.st_uid != geteuid()) {
        return msock__fail(MSOCK_EACCESS,
                           "the plugin's %s %s belongs to user %lu; it must "
                           "belong to root or to the user who loads it",
                           what, path, (unsigned long)status.st_uid);
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return msock__fail(MSOCK_EACCESS,
                           "others may write the plugin's %s %s; put plugins "
                           "where only their owner may write (chmod go-w)",
                           what, path);
    }
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) {
        return msock__fail(MSOCK_EPLUGIN, "the plugin's %s %s is no %s", what,
                           path, what);
    }
    return 0;
}

/* Returns a descriptor of a file in a directory that both passed the guard. */
static int file_open(const char *directory, const char *base)
{
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return fail_system("directory", directory);
    }
    int result = guard(folder, "directory", directory);
    if (result == 0) {
        /* Not to wait for a writer, should it be a FIFO. */
        result = openat(folder, base, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        result = result < 0 ? fail_system("file", base) : result;
    }
    close(folder);
    if (result < 0) {
        return result;
    }
    int file = result;
    result = guard(file, "file", base);
    if (result < 0) {
        close(file);
        return result;
    }
    return file;
}

static int descriptor_check(const msock_plugin_descriptor *descriptor,
                            const char *name)
{
    if (descriptor == NULL) {
        return msock__fail(MSOCK_EPLUGIN,
                           "plugin %s exports no descriptor: it must define "
                           "MSOCK_PLUGIN_EXPORT msock_plugin",
                           name);
    }
    if (descriptor->abi != MSOCK_PLUGIN_ABI ||
        descriptor->struct_size < sizeof *descriptor) {
        return msock__fail(MSOCK_EABI,
                           "plugin %s was built for ABI %u, this host has %d: "
                           "build it again with this version's headers",
                           name, descriptor->abi, MSOCK_PLUGIN_ABI);
    }
    if (descriptor->name == NULL || strcmp(descriptor->name, name) != 0) {
        return msock__fail(MSOCK_EPLUGIN,
                           "plugin %s must be called as its file is, but its "
                           "descriptor says \"%s\"",
                           name, descriptor->name ? descriptor->name : "");
    }
    if (descriptor->start == NULL) {
        return msock__fail(MSOCK_EPLUGIN, "plugin %s has no start function",
                           name);
    }
    return 0;
}

int msock__library_open(struct msock__library *library, const char *directory,
                        const char *name)
{
    assert(directory[0] == '/');
    assert(name[0] != '\0' && strlen(name) <= MSOCK__PLUGIN_NAME_MAX);
    assert(strchr(name, '/') == NULL);

    char base[FILE_SIZE];
    snprintf(base, sizeof base, "%s.so", name);
    int file = file_open(directory, base);
    if (file < 0) {
        return file;
    }

    /* The linker takes an object of the same path for the same object. So the
     * descriptor stays open with the plugin, and its number names no other. */
    char path[FD_PATH_SIZE];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    struct msock__library opened = {.file = file};
    opened.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (opened.handle == NULL) {
        int code = msock__fail(MSOCK_EPLUGIN, "plugin %s cannot be loaded: %s",
                               name, dlerror());
        close(file);
        return code;
    }
    opened.descriptor = dlsym(opened.handle, "msock_plugin");
    int result = descriptor_check(opened.descriptor, name);
    if (result < 0) {
        msock__library_close(&opened);
        return result;
    }
    *library = opened;
    return 0;
}

void msock__library_close(struct msock__library *library)
{
    dlclose(library->handle);
    close(library->file);
}
