/* SPDX-License-Identifier: Apache-2.0 */
/* All ways to scan read the seeds of all fuzz targets alike, and the files of
 * test vectors: wherever a text lies, begins and ends. */
#include "tests/support/json_ways.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS MSOCK_BINARY_DIR "/tests/fuzz/seeds"
#define VECTORS MSOCK_SOURCE_DIR "/tests/vectors"

enum {
    PLACES = 16, /* alignments */
    FILE_MAX = 1 << 20,
    SHORT_MAX = 160,  /* a file of which all truncations are read */
    SEEDS_MIN = 2000, /* of all targets */
    VECTORS_MIN = 7,
    PATH_SIZE = 4096
};

/* Targets whose input is JSON or holds it, and the seeds that they had when
 * this was written: there are never to be fewer. */
static const struct {
    const char *target;
    size_t seeds;
} wanted[] = {
    {"json", 36},     {"scanner", 176}, {"envelope", 158}, {"batch", 176},
    {"control", 102}, {"config", 48},   {"frame", 714},    {"live", 106},
};

/* -- Where texts lie -- */

/* Memory whose ends are all alignments there are, so that a text lies at each
 * of them, and a read behind it is one behind the memory. */
struct stage {
    char *blocks[PLACES];
};

static void stage_open(struct stage *stage)
{
    for (size_t i = 0; i < PLACES; i++) {
        stage->blocks[i] = malloc(FILE_MAX + i);
        cr_assert(ne(ptr, stage->blocks[i], NULL));
    }
}

static void stage_close(struct stage *stage)
{
    for (size_t i = 0; i < PLACES; i++) {
        free(stage->blocks[i]);
    }
}

/* Puts a text at one of the alignments; before it lie quotes, which a read too
 * far back would find. */
static const char *stage_put(struct stage *stage, size_t place,
                             const char *text, size_t size)
{
    char *at = stage->blocks[place] + FILE_MAX + place - size;
    size_t before = (size_t)(at - stage->blocks[place]);

    before = before < PLACES ? before : PLACES;
    memset(at - before, '"', before);
    memcpy(at, text, size);
    return at;
}

/* -- Files -- */

typedef void look(struct stage *stage, const char *path, const char *text,
                  size_t size);

static size_t file_read(const char *path, char *text)
{
    FILE *file = fopen(path, "rb");

    cr_assert(ne(ptr, file, NULL), "%s is missing", path);
    size_t size = fread(text, 1, FILE_MAX, file);
    cr_assert(lt(sz, size, FILE_MAX), "%s is too large", path);
    fclose(file);
    return size;
}

/* Looks at the files of a folder whose names end so.  Returns their number, 0
 * if there is no such folder. */
static size_t each_file(const char *folder, const char *end, look *look_at)
{
    static char text[FILE_MAX];
    size_t count = 0;
    struct dirent *entry;
    struct stage stage;
    DIR *files = opendir(folder);

    stage_open(&stage);
    while (files != NULL && (entry = readdir(files)) != NULL) {
        char path[PATH_SIZE];
        size_t name_size = strlen(entry->d_name);
        size_t end_size = strlen(end);
        if (entry->d_name[0] == '.' || name_size < end_size ||
            strcmp(entry->d_name + name_size - end_size, end) != 0) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        size_t size = file_read(path, text);
        look_at(&stage, path, text, size);
        count++;
    }
    if (files != NULL) {
        closedir(files);
    }
    stage_close(&stage);
    return count;
}

/* The same with the seeds of all targets, of which each has as many as were
 * made. */
static size_t each_seed(look *look_at)
{
    FILE *made = fopen(SEEDS "/made", "r");
    char target[64], folder[PATH_SIZE];
    size_t count, total = 0;

    cr_assert(ne(ptr, made, NULL), "%s/made is missing", SEEDS);
    while (fscanf(made, "%63s %zu", target, &count) == 2) {
        snprintf(folder, sizeof folder, "%s/%s", SEEDS, target);
        cr_expect(eq(sz, each_file(folder, "", look_at), count), "%s", target);
        total += count;
    }
    fclose(made);
    return total;
}

/* -- What is looked at -- */

static void no_look(struct stage *stage, const char *path, const char *text,
                    size_t size)
{
    (void)stage;
    (void)path;
    (void)text;
    (void)size;
}

/* Millions of times: an assertion of Criterion is for those that fail. */
static void expect_alike(const char *path, size_t place, const char *differs)
{
    if (differs != NULL) {
        cr_assert(eq(ptr, (void *)differs, NULL), "%s, place %zu: %s", path,
                  place, differs);
    }
}

/* The next place of a text where a string or a container may begin, or its
 * end; JSON lies within frames and behind choices. */
static size_t next_begin(const char *text, size_t size, size_t from)
{
    while (from < size && text[from] != '"' && text[from] != '{' &&
           text[from] != '[') {
        from++;
    }
    return from;
}

static void look_whole(struct stage *stage, const char *path, const char *text,
                       size_t size)
{
    for (size_t place = 0; place < PLACES; place++) {
        const char *at = stage_put(stage, place, text, size);
        size_t from = 0;
        expect_alike(path, place, json_ways_read(at, size, 0));
        for (; (from = next_begin(at, size, from)) < size; from++) {
            expect_alike(path, place, json_ways_read(at, size, from));
        }
        expect_alike(path, place, json_ways_write(at, size));
    }
}

/* From its beginning, or from the first place where JSON may begin. */
static void look_cut(struct stage *stage, const char *path, const char *text,
                     size_t size)
{
    size_t from = next_begin(text, size, 0);

    for (size_t cut = 0; cut < size && size <= SHORT_MAX; cut++) {
        for (size_t place = 0; place < PLACES; place++) {
            const char *at = stage_put(stage, place, text, cut);
            expect_alike(path, place,
                         json_ways_read(at, cut, from < cut ? from : 0));
        }
    }
}

/* A large file: from its beginning alone. */
static void look_long(struct stage *stage, const char *path, const char *text,
                      size_t size)
{
    for (size_t place = 0; place < PLACES; place++) {
        const char *at = stage_put(stage, place, text, size);
        expect_alike(path, place, json_ways_read(at, size, 0));
        expect_alike(path, place, json_ways_write(at, size));
    }
}

/* -- Tests -- */

Test(json_ways, corpora_are_all_there)
{
    char folder[PATH_SIZE];

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        snprintf(folder, sizeof folder, "%s/%s", SEEDS, wanted[i].target);
        cr_expect(ge(sz, each_file(folder, "", no_look), wanted[i].seeds), "%s",
                  wanted[i].target);
    }
    cr_expect(ge(sz, each_seed(no_look), SEEDS_MIN));
}

Test(json_ways, read_every_seed_alike_from_wherever_json_begins)
{
    cr_expect(ge(sz, each_seed(look_whole), SEEDS_MIN));
}

Test(json_ways, read_every_truncation_of_a_short_seed_alike)
{
    cr_expect(ge(sz, each_seed(look_cut), SEEDS_MIN));
}

Test(json_ways, read_long_files_alike)
{
    cr_expect(ge(sz, each_file(VECTORS, ".json", look_long), VECTORS_MIN));
}
