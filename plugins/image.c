/* SPDX-License-Identifier: Apache-2.0 */
/* A private copy of a shared object, to be loaded instead of the file. */
#define _GNU_SOURCE /* memfd_create, F_ADD_SEALS */
#include "plugins/image.h"

#include "codec/error.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_SIZE = 16384 };

#if UINTPTR_MAX == UINT64_MAX
enum { NATIVE_CLASS = ELFCLASS64 };
#else
enum { NATIVE_CLASS = ELFCLASS32 };
#endif

static int fail_system(const char *what, const char *path)
{
    return msock__fail(MSOCK_ESYSTEM, "cannot %s the plugin's file %s: %s",
                       what, path, strerror(errno));
}

/* -- Copying -- */

static bool write_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Copies all of the file.  Returns its size, or a code. */
static int64_t copy(int from, int to, const char *path)
{
    char block[BLOCK_SIZE];
    int64_t sum = 0;

    while (sum <= MSOCK__IMAGE_MAX) {
        ssize_t size = pread(from, block, sizeof block, (off_t)sum);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return fail_system("read", path);
        }
        if (size == 0) {
            return sum;
        }
        if (!write_all(to, block, (size_t)size)) {
            return fail_system("copy", path);
        }
        sum += size;
    }
    return msock__fail(MSOCK_EPLUGIN,
                       "the plugin's file %s is larger than %d bytes", path,
                       MSOCK__IMAGE_MAX);
}

/* Copies the file, unless somebody writes it at the same time. */
static int64_t copy_quiet(int from, int to, const char *path)
{
    struct stat before;
    struct stat after;

    if (fstat(from, &before) < 0) {
        return fail_system("read", path);
    }
    if (!S_ISREG(before.st_mode)) {
        return msock__fail(MSOCK_EPLUGIN,
                           "the plugin's file %s is no regular file", path);
    }
    int64_t size = copy(from, to, path);
    if (size < 0) {
        return size;
    }
    if (fstat(from, &after) < 0) {
        return fail_system("read", path);
    }
    if (size != before.st_size || size != after.st_size ||
        before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
        before.st_mtim.tv_nsec != after.st_mtim.tv_nsec) {
        return msock__fail(MSOCK_EPLUGIN,
                           "the plugin's file %s is being written; try again",
                           path);
    }
    return size;
}

/* -- Wholeness -- */

static bool read_at(int image, void *bytes, size_t size, uint64_t offset)
{
    return pread(image, bytes, size, (off_t)offset) == (ssize_t)size;
}

static bool inside(uint64_t offset, uint64_t part, uint64_t size)
{
    return offset <= size && part <= size - offset;
}

/* Whether all that the file says it has is there: the linker maps what the
 * headers promise, and the first touch of what is missing ends the program. */
static bool is_whole(int image, uint64_t size)
{
    ElfW(Ehdr) header;
    ElfW(Phdr) part;

    if (!read_at(image, &header, sizeof header, 0) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != NATIVE_CLASS || header.e_type != ET_DYN ||
        header.e_phentsize != sizeof part ||
        !inside(header.e_shoff, (uint64_t)header.e_shnum * header.e_shentsize,
                size)) {
        return false;
    }
    for (unsigned i = 0; i < header.e_phnum; i++) {
        if (!read_at(image, &part, sizeof part,
                     (uint64_t)header.e_phoff + i * sizeof part) ||
            !inside(part.p_offset, part.p_filesz, size)) {
            return false;
        }
    }
    return header.e_phnum > 0;
}

int msock__image_open(int file, const char *name, const char *path)
{
    int image = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (image < 0) {
        return fail_system("copy", path);
    }
    int64_t size = copy_quiet(file, image, path);
    int result = size < 0 ? (int)size : 0;
    if (result == 0 && !is_whole(image, (uint64_t)size)) {
        result =
            msock__fail(MSOCK_EPLUGIN,
                        "the plugin's file %s is no whole shared object of "
                        "this machine",
                        path);
    }
    if (result == 0 &&
        fcntl(image, F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
        result = fail_system("seal", path);
    }
    if (result < 0) {
        close(image);
        return result;
    }
    return image;
}
