/* SPDX-License-Identifier: Apache-2.0 */
/* Key files as programs read, change and write them. */
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <multisock/key.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_A "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
#define LINE_B "YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI="
#define LINE_C "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M="

static char directory[64];

static void make_directory(void)
{
    strcpy(directory, "/tmp/multisock-ring-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(directory), NULL));
    cr_assert(zero(int, chdir(directory)));
    cr_assert(zero(int, mkdir("sub", 0700)));
}

/* Leaves nothing behind, so that a temporary file would be noticed. */
static void remove_directory(void)
{
    remove("home.key");
    remove("sub/home.key");
    cr_assert(zero(int, rmdir("sub")));
    cr_assert(zero(int, rmdir(directory)));
}

TestSuite(ring, .init = make_directory, .fini = remove_directory);

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert(ne(ptr, file, NULL));
    fputs(text, file);
    fclose(file);
    cr_assert(zero(int, chmod(path, 0600)));
}

static void expect_file(const char *path, const char *expected)
{
    char found[4200] = "";
    struct stat status;
    FILE *file = fopen(path, "r");

    cr_assert(ne(ptr, file, NULL));
    cr_assert(zero(int, fstat(fileno(file), &status)));
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    fclose(file);
    cr_expect(eq(str, found, (char *)expected));
    cr_expect(eq(int, status.st_mode & 07777, 0600));
}

static msock_ring *ring_of(const char *text)
{
    msock_ring *ring = NULL;

    write_file("home.key", text);
    cr_assert(zero(int, msock_ring_load(&ring, "home.key")), "%s",
              msock_error_detail());
    return ring;
}

static void expect_line(const msock_ring *ring, int index, const char *expected)
{
    char text[MSOCK_KEY_TEXT_SIZE];

    msock_ring_text(ring, index, text);
    cr_expect(eq(str, text, (char *)expected));
}

Test(ring, tells_ids_comments_and_keys_in_the_files_order)
{
    char id[MSOCK_KEY_ID_SIZE];
    msock_ring *ring = ring_of(LINE_B "  ## spring \r\n\n" LINE_A "\n");

    cr_assert(eq(int, msock_ring_count(ring), 2));
    expect_line(ring, 0, LINE_B);
    expect_line(ring, 1, LINE_A);
    cr_expect(eq(str, (char *)msock_ring_comment(ring, 0), (char *)"spring"));
    cr_expect(eq(str, (char *)msock_ring_comment(ring, 1), (char *)""));
    /* hashlib.blake2b(b"multisock 1 id", key=b"b"*32, digest_size=32) */
    msock_ring_id(ring, 0, id);
    cr_expect(eq(str, id, (char *)"23832839"));
    msock_ring_free(ring);
}

Test(ring, what_is_saved_has_the_comments_where_they_belong)
{
    msock_ring *ring = ring_of("# the house\n# of us\n\n"
                               "# bought in spring\n" LINE_A "#one\n"
                               "   # put aside\n\n" LINE_B " # two\n"
                               "# the end");

    msock_ring_promote(ring, 1);

    cr_assert(zero(int, msock_ring_save(ring, "home.key")));
    expect_file("home.key", "# the house\n# of us\n\n   # put aside\n\n"
                            "# the end\n\n" LINE_B " # two\n"
                            "# bought in spring\n" LINE_A " # one\n");
    msock_ring_free(ring);
}

Test(ring, saving_twice_changes_nothing_more)
{
    msock_ring *ring = ring_of("# a\n\n#b\n" LINE_A "# c\n");
    msock_ring *again = NULL;

    cr_assert(zero(int, msock_ring_save(ring, "home.key")));
    cr_assert(zero(int, msock_ring_load(&again, "home.key")));
    cr_assert(zero(int, msock_ring_save(again, "home.key")));

    expect_file("home.key", "# a\n\n#b\n" LINE_A " # c\n");
    msock_ring_free(ring);
    msock_ring_free(again);
}

Test(ring, a_key_is_added_made_first_and_taken_out)
{
    msock_ring *ring = ring_of(LINE_A " # one\n" LINE_B " # two\n");

    cr_assert(zero(int, msock_ring_add(ring, LINE_C, "three")));
    expect_line(ring, 2, LINE_C);
    msock_ring_promote(ring, 2);
    cr_assert(zero(int, msock_ring_remove(ring, 1)));

    cr_assert(zero(int, msock_ring_save(ring, "home.key")));
    expect_file("home.key", LINE_C " # three\n" LINE_B " # two\n");
    msock_ring_free(ring);
}

Test(ring, the_only_key_stays)
{
    msock_ring *ring = ring_of(LINE_A "\n");

    cr_assert(eq(int, msock_ring_remove(ring, 0), MSOCK_EKEY));

    cr_assert(eq(int, msock_ring_count(ring), 1));
    msock_ring_free(ring);
}

Test(ring, what_is_no_key_or_no_comment_is_not_added)
{
    char comment[129];
    msock_ring *ring = ring_of(LINE_A "\n");
    memset(comment, 'x', sizeof comment);
    comment[128] = '\0';

    cr_expect(eq(int, msock_ring_add(ring, LINE_A, NULL), MSOCK_EKEY));
    cr_expect(eq(int, msock_ring_add(ring, "hello", NULL), MSOCK_EKEY));
    cr_expect(
        eq(int,
           msock_ring_add(ring, "# no key at all, of the right size ..", NULL),
           MSOCK_EKEY));
    cr_expect(eq(int, msock_ring_add(ring, NULL, NULL), MSOCK_EINVAL));
    cr_expect(eq(int, msock_ring_add(ring, LINE_B, "a\nb"), MSOCK_EINVAL));
    cr_expect(eq(int, msock_ring_add(ring, LINE_B, comment), MSOCK_EINVAL));
    comment[127] = '\0';
    cr_expect(zero(int, msock_ring_add(ring, LINE_B, comment)));

    cr_expect(eq(int, msock_ring_count(ring), 2));
    msock_ring_free(ring);
}

Test(ring, a_ninth_key_is_not_added)
{
    char text[MSOCK_KEY_TEXT_SIZE];
    msock_ring *ring = ring_of(LINE_A "\n");

    for (int i = 1; i < MSOCK_KEYS_MAX; i++) {
        cr_assert(zero(int, msock_key_generate(text)));
        cr_assert(zero(int, msock_ring_add(ring, text, NULL)));
    }

    cr_assert(eq(int, msock_ring_add(ring, LINE_B, NULL), MSOCK_ELIMIT));
    cr_assert(eq(int, msock_ring_count(ring), MSOCK_KEYS_MAX));
    msock_ring_free(ring);
}

Test(ring, a_link_stays_a_link)
{
    struct stat status;
    msock_ring *ring = ring_of(LINE_A "\n");
    cr_assert(zero(int, rename("home.key", "sub/home.key")));
    cr_assert(zero(int, symlink("sub/home.key", "home.key")));

    cr_assert(zero(int, msock_ring_add(ring, LINE_B, NULL)));
    cr_assert(zero(int, msock_ring_save(ring, "home.key")));

    cr_assert(zero(int, lstat("home.key", &status)));
    cr_expect(eq(int, S_ISLNK(status.st_mode), 1));
    expect_file("sub/home.key", LINE_A "\n" LINE_B "\n");
    msock_ring_free(ring);
}

Test(ring, a_file_that_cannot_be_written_is_as_before)
{
    msock_ring *ring = ring_of(LINE_A "\n");

    cr_expect(eq(int, msock_ring_save(ring, "none/home.key"), MSOCK_ESYSTEM));
    cr_expect(eq(int, msock_ring_save(ring, "sub"), MSOCK_ESYSTEM));
    cr_expect(eq(str, (char *)msock_error_detail(),
                 (char *)"sub: cannot be written: Is a directory"));

    expect_file("home.key", LINE_A "\n");
    msock_ring_free(ring);
}

Test(ring, what_others_wrote_meanwhile_is_not_undone)
{
    msock_ring *ring = ring_of(LINE_A "\n");
    msock_ring *again = NULL;
    write_file("home.key", LINE_A "\n" LINE_B "\n");

    cr_assert(zero(int, msock_ring_add(ring, LINE_C, NULL)));
    cr_expect(eq(int, msock_ring_save(ring, "home.key"), MSOCK_EBUSY));

    expect_file("home.key", LINE_A "\n" LINE_B "\n");
    remove("home.key");
    cr_expect(eq(int, msock_ring_save(ring, "home.key"), MSOCK_EBUSY));
    cr_expect(zero(int, msock_ring_save(ring, "sub/home.key")));
    cr_assert(zero(int, msock_ring_load(&again, "sub/home.key")));
    cr_expect(eq(int, msock_ring_count(again), 2));
    msock_ring_free(ring);
    msock_ring_free(again);
}

Test(ring, its_own_change_is_nobody_elses)
{
    msock_ring *ring = ring_of(LINE_A "\n");

    cr_assert(zero(int, msock_ring_add(ring, LINE_B, NULL)));
    cr_expect(zero(int, msock_ring_save(ring, "home.key")));
    cr_assert(zero(int, msock_ring_add(ring, LINE_C, NULL)));
    cr_expect(zero(int, msock_ring_save(ring, "home.key")));

    expect_file("home.key", LINE_A "\n" LINE_B "\n" LINE_C "\n");
    msock_ring_free(ring);
}

Test(ring, who_locks_the_file_is_waited_for_and_told)
{
    msock_ring *ring = ring_of(LINE_A "\n");
    int fd = open("home.key", O_RDONLY);
    cr_assert(zero(int, flock(fd, LOCK_EX)));

    cr_expect(eq(int, msock_ring_save(ring, "home.key"), MSOCK_EBUSY));
    cr_expect(eq(str, (char *)msock_error_detail(),
                 (char *)"home.key: another program is changing it"));

    close(fd);
    cr_expect(zero(int, msock_ring_save(ring, "home.key")));
    msock_ring_free(ring);
}

Test(ring, a_file_over_4_kib_is_not_written)
{
    char text[4097];
    memset(text, 'x', sizeof text);
    memcpy(text, LINE_A "#", sizeof LINE_A);
    text[4096] = '\0';
    msock_ring *ring = ring_of(text);

    cr_assert(eq(int, msock_ring_save(ring, "home.key"), MSOCK_ELIMIT));

    expect_file("home.key", text);
    msock_ring_free(ring);
}

Test(ring, a_full_file_of_small_blocks_can_be_saved)
{
    char text[4097];

    strcpy(text, LINE_A "\n");
    while (strlen(text) < sizeof text - 4) {
        strcat(text, "#\n\n");
    }
    msock_ring *ring = ring_of(text);

    cr_expect(zero(int, msock_ring_save(ring, "home.key")));
    msock_ring_free(ring);
}

Test(ring, every_allocation_that_fails_is_told)
{
    msock_ring *ring = NULL;
    long n = 0;
    int result;
    write_file("home.key", LINE_A " # one\n");

    do {
        test_alloc_fail_at(++n);
        result = msock_ring_load(&ring, "home.key");
        cr_expect(eq(int, result == MSOCK_ENOMEM, ring == NULL));
    } while (test_alloc_failed());

    cr_assert(zero(int, result));
    cr_expect(eq(int, (int)n, 5));
    msock_ring_free(ring);
    msock_ring_free(NULL);
}

Test(ring, no_memory_to_save_leaves_the_file)
{
    msock_ring *ring = ring_of(LINE_A "#one\n");

    test_alloc_fail_at(1);
    cr_expect(eq(int, msock_ring_save(ring, "home.key"), MSOCK_ENOMEM));
    cr_expect(test_alloc_failed());

    expect_file("home.key", LINE_A "#one\n");
    msock_ring_free(ring);
}
