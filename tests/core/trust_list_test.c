/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a trust file, told to whoever asks. */
#include "tests/support/alloc.h"
#include "tests/support/id_home.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/identity.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char listed[256];

static void make_home(void)
{
    id_home_make();
    id_home_node("hub");
    listed[0] = '\0';
}

TestSuite(trust_list, .init = make_home, .fini = id_home_remove);

/* Appends "NAME keep admin;". */
static void note(const msock_trust_entry *entry, void *user)
{
    size_t size = strlen(listed);

    cr_assert(eq(ptr, user, (void *)listed));
    snprintf(listed + size, sizeof(listed) - size, "%s%s%s;", entry->name,
             entry->keep ? " keep" : "", entry->admin ? " admin" : "");
}

static int list(void)
{
    return msock_trust_list("trust", note, listed);
}

Test(trust_list, names_come_in_order_with_their_rights)
{
    id_home_trust("lamp", "hub", "publish a/# keep");
    id_home_trust("\"hall 7\"", "hub", "");
    id_home_trust("hub", "hub", "admin keep");
    id_home_line("* - unsigned hello/+");

    cr_expect(eq(int, list(), 3));
    cr_expect(eq(str, (char *)listed,
                 (char *)"hall 7;hub keep admin;lamp "
                         "keep;"));
    cr_expect(eq(int, msock_trust_list("trust", NULL, NULL), 3));
}

Test(trust_list, a_file_of_guests_alone_names_nobody)
{
    id_home_line("* - unsigned hello/+");

    cr_expect(zero(int, list()));
}

Test(trust_list, what_a_channel_refuses_is_refused)
{
    cr_expect(eq(int, list(), MSOCK_EKEY), "no file");
    id_home_line("lamp ed25519 nokey");
    cr_expect(eq(int, list(), MSOCK_EKEY));
    chmod("trust", 0666);
    cr_expect(eq(int, list(), MSOCK_EACCESS));
    cr_expect(eq(str, (char *)listed, (char *)""));
}

Test(trust_list, every_failed_allocation_is_told)
{
    long n = 0;
    int code = MSOCK_ENOMEM;
    id_home_trust("hub", "hub", "publish a admin");

    while (code == MSOCK_ENOMEM) {
        test_alloc_fail_at(++n);
        code = list();
    }

    test_alloc_fail_at(0);
    cr_expect(ge(long, n, 4));
    cr_expect(eq(int, code, 1));
    cr_expect(eq(str, (char *)listed, (char *)"hub admin;"));
}
