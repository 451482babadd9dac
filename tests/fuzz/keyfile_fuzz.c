/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes key files. A text that is taken holds one to eight keys of different
 * ids; written again, with whatever comments it has, it is a key file of the
 * same keys, which then does not change any more. */
#include "codec/keyfile.h"
#include "codec/keyring.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <fcntl.h>
#include <multisock/multisock.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = MSOCK__KEYFILE_MAX + 64, PATH_SIZE = 64 };

static char folder[PATH_SIZE], given[PATH_SIZE + 8], saved[PATH_SIZE + 8];

static void remove_files(void)
{
    unlink(given);
    unlink(saved);
    rmdir(folder);
}

/* In memory where there is a file system of memory. */
static void make_folder(void)
{
    if (folder[0] != '\0') {
        return;
    }
    snprintf(folder, sizeof folder, "%s/keyfile_fuzz.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    char *made = mkdtemp(folder);
    assert(made != NULL);
    snprintf(given, sizeof given, "%s/given", folder);
    snprintf(saved, sizeof saved, "%s/saved", folder);
    atexit(remove_files);
}

static void write_file(const char *path, const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert(fd >= 0);
    ssize_t written = write(fd, text, size);
    assert(written == (ssize_t)size);
    close(fd);
}

static size_t read_file(const char *path, char text[static TEXT_MAX])
{
    int fd = open(path, O_RDONLY);
    assert(fd >= 0);
    ssize_t size = read(fd, text, TEXT_MAX);
    assert(size >= 0 && size < TEXT_MAX);
    close(fd);
    return (size_t)size;
}

/* Lines are cut and trimmed within the text, and all of it is used up. */
static void check_lines(const char *text, size_t size)
{
    struct msock__part rest = {text, size};
    struct msock__keyline line;
    while (msock__keyline_next(&rest, &line)) {
        assert(line.word.text >= text && line.note.text >= text);
        assert(line.word.text + line.word.size <= text + size);
        assert(line.note.text + line.note.size <= text + size);
        assert(line.note.size == 0 || line.note.text[0] == '#');
        assert(rest.text + rest.size == text + size);
    }
    assert(rest.size == 0);
}

static void check_same(const msock_ring *a, const msock_ring *b)
{
    assert(msock_ring_count(a) == msock_ring_count(b));
    for (int i = 0; i < msock_ring_count(a); i++) {
        char one[MSOCK_KEY_TEXT_SIZE], other[MSOCK_KEY_TEXT_SIZE];
        msock_ring_text(a, i, one);
        msock_ring_text(b, i, other);
        assert(strcmp(one, other) == 0);
        assert(strcmp(msock_ring_comment(a, i), msock_ring_comment(b, i)) == 0);
    }
}

/* The ring was loaded from `given`. A text near 4 KiB may not fit once more,
 * since a key takes its own line then. */
static void check_saved(msock_ring *ring)
{
    char once[TEXT_MAX], twice[TEXT_MAX];
    msock_ring *again = NULL;
    int result = msock_ring_save(ring, saved);
    if (result == MSOCK_ELIMIT) {
        return;
    }
    assert(result == 0);
    result = msock_ring_load(&again, saved);
    assert(result == 0);
    check_same(ring, again);
    size_t size = read_file(saved, once);
    result = msock_ring_save(again, saved);
    assert(result == 0);
    assert(read_file(saved, twice) == size && memcmp(once, twice, size) == 0);
    msock_ring_free(again);
}

static void check_ring(msock_ring *ring)
{
    char first[MSOCK_KEY_ID_SIZE], now[MSOCK_KEY_ID_SIZE];
    int count = msock_ring_count(ring);
    assert(count >= 1 && count <= MSOCK_KEYS_MAX);
    check_saved(ring);

    msock_ring_id(ring, count - 1, first);
    msock_ring_promote(ring, count - 1);
    msock_ring_id(ring, 0, now);
    assert(strcmp(first, now) == 0);
    int removed = msock_ring_remove(ring, 0);
    assert(removed == (count > 1 ? 0 : MSOCK_EKEY));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct msock__keyring *keys = NULL;
    msock_ring *ring = NULL;
    if (size > TEXT_MAX) {
        return 0;
    }
    char *text = exact_copy(bytes, size, 0);
    make_folder();
    check_lines(text, size);
    int made = msock__keyring_new(&keys);
    assert(made == 0);
    int parsed = msock__keyring_parse(keys, text, size, "fuzz");
    assert(parsed == 0 || msock_error_detail()[0] != '\0');

    write_file(given, text, size);
    int loaded = msock_ring_load(&ring, given);
    assert(size > MSOCK__KEYFILE_MAX ? loaded == MSOCK_EKEY : loaded == parsed);
    if (loaded == 0) {
        check_ring(ring);
        msock_ring_free(ring);
    }
    msock__keyring_free(keys);
    free(text);
    return 0;
}
