/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's shared object: who may write it, and the descriptor it exports. */
#define _XOPEN_SOURCE 700 /* S_ISVTX */
#include "plugins/library.h"

#include "codec/error.h"
#include "plugins/config.h"
#include "plugins/image.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_SIZE = MSOCK__PLUGIN_NAME_MAX + sizeof ".so",
    LINK_EXTRA = 32,   /* of a link's target: a version and so on */
    FD_PATH_SIZE = 32, /* "/proc/self/fd/" and a number */
    FOLDERS_MAX = 64,  /* above a plugin's */
    FIRST_SIZE =       /* of a descriptor when the ABI began */
    offsetof(msock_plugin_descriptor, stop) + sizeof(void (*)(void *))
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
    return 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Refuses a directory that anybody could put another in the place of: one above
 * it is open to all, and not sticky. Looked at from the open directory, so that
 * it is this one's chain. */
static int guard_above(int folder, const char *path)
{
    char up[3 * FOLDERS_MAX] = "..";
    struct stat below = {0};
    struct stat status;

    for (int i = 1; i < FOLDERS_MAX; i++, strcat(up, "/..")) {
        if (fstatat(folder, up, &status, 0) < 0) {
            return fail_system("directory", path);
        }
        if (i > 1 && is_same(&status, &below)) {
            return 0;
        }
        if ((status.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH) {
            return msock__fail(MSOCK_EACCESS,
                               "everybody may write a directory above the "
                               "plugin's %s, and so replace it (chmod o-w)",
                               path);
        }
        below = status;
    }
    return msock__fail(MSOCK_EPLUGIN,
                       "the plugin's directory %s lies below "
                       "over %d others",
                       path, FOLDERS_MAX);
}

/* Opens a file of the directory. A link may name a neighbour, and no more: a
 * directory that it leads to would not be looked at. */
static int file_open_in(int folder, const char *base, const char *path)
{
    enum { FLAGS = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC };
    char target[FILE_SIZE + LINK_EXTRA];
    int file = openat(folder, base, FLAGS); /* waits for no FIFO's writer */
    if (file >= 0 || errno != ELOOP) {
        return file < 0 ? fail_system("file", path) : file;
    }
    ssize_t size = readlinkat(folder, base, target, sizeof target - 1);
    target[size > 0 ? size : 0] = '\0';
    file = strchr(target, '/') == NULL ? openat(folder, target, FLAGS) : -1;
    return file >= 0 ? file
                     : msock__fail(MSOCK_EACCESS,
                                   "the plugin's file %s is a link to \"%s\"; "
                                   "only a file beside it may be linked",
                                   path, target);
}

/* Returns a descriptor of a file in a directory that both passed the guard;
 * `path` is that of the file, for details. */
static int file_open(const char *directory, const char *base, const char *path)
{
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return fail_system("directory", directory);
    }
    int result = guard(folder, "directory", directory);
    if (result == 0) {
        result = guard_above(folder, directory);
    }
    if (result == 0) {
        result = file_open_in(folder, base, path);
    }
    close(folder);
    if (result < 0) {
        return result;
    }
    int file = result;
    result = guard(file, "file", path);
    if (result < 0) {
        close(file);
        return result;
    }
    return file;
}

/* Returns how much of a descriptor is known on both sides. What was appended
 * since the ABI began are pointers: none of them is known by half. */
static size_t known_size(const msock_plugin_descriptor *found)
{
    size_t size =
        found->struct_size < sizeof *found ? found->struct_size : sizeof *found;
    return size - (size - FIRST_SIZE) % sizeof(void *);
}

/* Copies the descriptor: one of an earlier version of the ABI lacks what was
 * appended since, and that is zero. */
static int descriptor_read(msock_plugin_descriptor *descriptor,
                           const msock_plugin_descriptor *found,
                           const char *name)
{
    if (found == NULL) {
        return msock__fail(MSOCK_EPLUGIN,
                           "plugin %s exports no descriptor: it must define "
                           "MSOCK_PLUGIN_EXPORT msock_plugin",
                           name);
    }
    if (found->abi != MSOCK_PLUGIN_ABI || found->struct_size < FIRST_SIZE) {
        return msock__fail(MSOCK_EABI,
                           "plugin %s was built for ABI %u, this host has %d: "
                           "build it again with this version's headers",
                           name, found->abi, MSOCK_PLUGIN_ABI);
    }
    *descriptor = (msock_plugin_descriptor){0};
    memcpy(descriptor, found, known_size(found));
    if (found->name == NULL || strcmp(found->name, name) != 0) {
        return msock__fail(MSOCK_EPLUGIN,
                           "plugin %s must be called as its file is, but its "
                           "descriptor says \"%s\"",
                           name, found->name ? found->name : "");
    }
    if (found->start == NULL) {
        return msock__fail(MSOCK_EPLUGIN, "plugin %s has no start function",
                           name);
    }
    return 0;
}

/* Unloads a plugin. Code may refuse to go (linked with -z nodelete, or C++ with
 * symbols that are unique): then its descriptor stays open, since the linker
 * would take the next plugin under that number for this one. */
static void image_unload(void *handle, int image)
{
    char path[FD_PATH_SIZE];
    snprintf(path, sizeof path, "/proc/self/fd/%d", image);
    dlclose(handle);
    void *resident = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
    if (resident != NULL) {
        dlclose(resident);
        return;
    }
    close(image);
}

/* Loads the copy of a plugin's file, whose descriptor is given to it. The
 * linker takes an object of the same path for the same object: so the
 * descriptor stays open with the plugin, and its number names no other. */
static int image_load(struct msock__library *library, int image,
                      const char *name, const char *config)
{
    char path[FD_PATH_SIZE];
    snprintf(path, sizeof path, "/proc/self/fd/%d", image);
    struct msock__library opened = {.image = image};
    opened.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (opened.handle == NULL) {
        /* The linker's sentence begins with a path that says nothing. */
        const char *why = dlerror();
        const char *colon = strstr(why, ": ");
        close(image);
        return msock__fail(MSOCK_EPLUGIN, "plugin %s cannot be loaded: %s",
                           name, colon != NULL ? colon + 2 : why);
    }
    int result = descriptor_read(&opened.descriptor,
                                 dlsym(opened.handle, "msock_plugin"), name);
    if (result == 0 && opened.descriptor.config != NULL) {
        result = msock__config_check(name, opened.descriptor.config, config);
    }
    if (result < 0) {
        image_unload(opened.handle, image);
        return result;
    }
    *library = opened;
    return 0;
}

int msock__library_open(struct msock__library *library, const char *directory,
                        const char *name, const char *config)
{
    assert(directory[0] == '/');
    assert(name[0] != '\0' && strlen(name) <= MSOCK__PLUGIN_NAME_MAX);
    assert(strchr(name, '/') == NULL);

    int result = msock__config_object(name, config);
    if (result < 0) {
        return result;
    }
    char base[FILE_SIZE];
    char path[PATH_MAX];
    bool slash = directory[strlen(directory) - 1] == '/';
    snprintf(base, sizeof base, "%s.so", name);
    snprintf(path, sizeof path, "%s%s%s", directory, slash ? "" : "/", base);
    int file = file_open(directory, base, path);
    if (file < 0) {
        return file;
    }
    int image = msock__image_open(file, name, path);
    close(file);
    if (image < 0) {
        return image;
    }
    return image_load(library, image, name, config);
}

void msock__library_close(struct msock__library *library)
{
    image_unload(library->handle, library->image);
}
