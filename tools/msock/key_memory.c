/* SPDX-License-Identifier: Apache-2.0 */
/* Key files in memory. */
#define _GNU_SOURCE /* memfd_create */
#include "tools/msock/key_memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes an empty file that only its owner may open.  Returns its descriptor, -1
 * with errno. */
static int make(size_t size)
{
    int fd = memfd_create("keys", MFD_CLOEXEC);

    if (fd >= 0 &&
        (fchmod(fd, S_IRUSR | S_IWUSR) < 0 || ftruncate(fd, (off_t)size) < 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int key_memory_open(struct key_memory *memory, const msock_ring *ring)
{
    int count = msock_ring_count(ring);
    int fd = make((size_t)count * MSOCK_KEY_TEXT_SIZE);
    void *text = fd < 0 ? MAP_FAILED
                        : mmap(NULL, KEY_MEMORY_SIZE, PROT_READ | PROT_WRITE,
                               MAP_SHARED, fd, 0);

    if (text == MAP_FAILED) {
        int code = cli_error("no memory for keys: %s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return code;
    }
    (void)mlock(text, KEY_MEMORY_SIZE); /* as the keys of a channel are */
    *memory = (struct key_memory){.text = text, .fd = fd};
    for (int i = 0; i < count; i++) {
        char *line = memory->text + i * MSOCK_KEY_TEXT_SIZE;
        msock_ring_text(ring, i, line);
        line[MSOCK_KEY_TEXT_SIZE - 1] = '\n'; /* it was a NUL */
    }
    snprintf(memory->path, sizeof(memory->path), "/proc/self/fd/%d", fd);
    return CLI_OK;
}

void key_memory_close(struct key_memory *memory)
{
    if (memory->text) {
        /* What is behind the end of the file, of less than a page, is ours
         * alone. */
        cli_wipe(memory->text, KEY_MEMORY_SIZE);
        munmap(memory->text, KEY_MEMORY_SIZE);
        close(memory->fd);
        *memory = (struct key_memory){0};
    }
}
