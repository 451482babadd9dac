/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that has only what was synced. */
#include "tests/plugins/slow_disk.h"

#include "tests/plugins/folder.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SQLite allocates one, and behind it what the real file system wants. */
struct slow_file {
    sqlite3_file base;
    char path[FOLDER_PATH_SIZE]; /* "" if it is not watched */
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs slow_vfs;
static const char *watched;
static const char *synced_to;
static unsigned long syncs;

static sqlite3_file *real(sqlite3_file *file)
{
    return ((struct slow_file *)file)->real;
}

/* -- A file: all but the sync goes straight through -- */

static int slow_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int slow_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
    return real(file)->pMethods->xRead(real(file), to, size, at);
}

static int slow_write(sqlite3_file *file, const void *from, int size,
                      sqlite3_int64 at)
{
    return real(file)->pMethods->xWrite(real(file), from, size, at);
}

static int slow_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real(file)->pMethods->xTruncate(real(file), size);
}

static int slow_sync(sqlite3_file *file, int flags)
{
    char copy[FOLDER_PATH_SIZE];
    const char *path = ((struct slow_file *)file)->path;
    int code = real(file)->pMethods->xSync(real(file), flags);
    if (code == SQLITE_OK && path[0] != '\0') {
        unlink(folder_path(copy, synced_to, strrchr(path, '/') + 1));
        folder_copy(synced_to, path, 0600);
        syncs++;
    }
    return code;
}

static int slow_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int slow_lock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xLock(real(file), level);
}

static int slow_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int slow_check_lock(sqlite3_file *file, int *locked)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), locked);
}

static int slow_control(sqlite3_file *file, int what, void *argument)
{
    return real(file)->pMethods->xFileControl(real(file), what, argument);
}

static int slow_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int slow_traits(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

/* Version 1: without shared memory, so that a store which wants some shows. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = slow_close,
    .xRead = slow_read,
    .xWrite = slow_write,
    .xTruncate = slow_truncate,
    .xSync = slow_sync,
    .xFileSize = slow_size,
    .xLock = slow_lock,
    .xUnlock = slow_unlock,
    .xCheckReservedLock = slow_check_lock,
    .xFileControl = slow_control,
    .xSectorSize = slow_sector,
    .xDeviceCharacteristics = slow_traits,
};

/* -- The file system -- */

static int is_watched(const char *path)
{
    size_t size = strlen(watched);
    return path != NULL && strncmp(path, watched, size) == 0 &&
           path[size] == '/';
}

static int slow_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file,
                     int flags, int *out)
{
    struct slow_file *slow = (struct slow_file *)file;
    (void)vfs;
    *slow = (struct slow_file){.real = (sqlite3_file *)(slow + 1)};
    int code = real_vfs->xOpen(real_vfs, path, slow->real, flags, out);
    if (code == SQLITE_OK) {
        slow->base.pMethods = &methods;
        strncat(slow->path, is_watched(path) ? path : "",
                sizeof slow->path - 1);
    }
    return code;
}

static int slow_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    char copy[FOLDER_PATH_SIZE];
    (void)vfs;
    int code = real_vfs->xDelete(real_vfs, path, sync);
    if (code == SQLITE_OK && is_watched(path)) {
        unlink(folder_path(copy, synced_to, strrchr(path, '/') + 1));
    }
    return code;
}

void slow_disk_watch(const char *folder, const char *disk)
{
    watched = folder;
    synced_to = disk;
    real_vfs = sqlite3_vfs_find(NULL);
    slow_vfs = *real_vfs;
    slow_vfs.zName = "slow";
    slow_vfs.szOsFile += (int)sizeof(struct slow_file);
    slow_vfs.xOpen = slow_open;
    slow_vfs.xDelete = slow_delete;
    if (sqlite3_vfs_register(&slow_vfs, 1) != SQLITE_OK) {
        abort();
    }
}

unsigned long slow_disk_syncs(void)
{
    return syncs;
}
