/* SPDX-License-Identifier: Apache-2.0 */
/* Trust files: what they may say, what is refused and where, and what rights
 * come of them. */
#include "core/trust.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <multisock/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The public keys of RFC 8032, 7.1, tests 1 and 2. */
#define K1 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define K2 "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="

static int parse(const char *text, struct msock__trust **trust)
{
    return msock__trust_parse(trust, text, strlen(text), "trust");
}

static struct msock__trust *parsed(const char *text)
{
    struct msock__trust *trust = NULL;

    cr_assert(zero(int, parse(text, &trust)), "%s", msock_error_detail());
    return trust;
}

static const struct msock__trusted *find(const struct msock__trust *trust,
                                         const char *name)
{
    return msock__trust_find(trust, name, strlen(name));
}

/* What becomes of a message of `name`. */
static int check(const struct msock__trust *trust, const char *name,
                 const char *topic, bool is_signed)
{
    return msock__trust_check(trust, find(trust, name), topic, strlen(topic),
                              is_signed);
}

Test(trust, an_entry_has_a_key_and_rights)
{
    struct msock__trust *trust =
        parsed("# the house\r\n\r\n"
               "hub ed25519 " K1 " publish lights/# \"a b/+\" keep admin\r\n"
               "bulb7\ted25519 " K2 "\n");

    cr_assert(ne(ptr, (void *)find(trust, "hub"), NULL));
    cr_expect(eq(chr, (char)msock__trusted_public(find(trust, "hub"))[0],
                 (char)0xd7));
    cr_expect(msock__trusted_keep(find(trust, "hub")));
    cr_expect(msock__trusted_admin(find(trust, "hub")));
    cr_expect(not(msock__trusted_lax(find(trust, "hub"))));
    cr_expect(not(msock__trusted_keep(find(trust, "bulb7"))));
    cr_expect(not(msock__trusted_admin(find(trust, "bulb7"))));
    cr_expect(eq(ptr, (void *)find(trust, "hu"), NULL));
    cr_expect(eq(ptr, (void *)find(trust, "hub2"), NULL));
    cr_expect(eq(ptr, (void *)find(trust, ""), NULL));
    msock__trust_free(trust);
}

Test(trust, a_session_is_of_the_entry_whose_key_it_was_made_of)
{
    struct msock__trust *trust = parsed("bulb7 ed25519 " K2 "\n"
                                        "hub ed25519 " K1 "\n");
    uint8_t session[MSOCK__SESSION_SIZE] = {7};

    cr_expect(eq(ptr, (void *)msock__trust_owner(trust, session), NULL));
    msock__session_commit(msock__trusted_public(find(trust, "hub")), session);
    cr_expect(eq(ptr, (void *)msock__trust_owner(trust, session),
                 (void *)find(trust, "hub")));
    msock__trust_free(trust);
}

Test(trust, a_signed_message_needs_the_right_to_publish)
{
    struct msock__trust *trust =
        parsed("hub ed25519 " K1 " publish lights/# \"a b/+\" \"\\\"\\\\\"\n"
               "bulb7 ed25519 " K2 " publish sensors/bulb7 unsigned tick/#\n");

    cr_expect(zero(int, check(trust, "hub", "lights/all/off", true)));
    cr_expect(zero(int, check(trust, "hub", "a b/c", true)));
    cr_expect(zero(int, check(trust, "hub", "\"\\", true)));
    cr_expect(eq(int, check(trust, "hub", "sensors", true), MSOCK_DROP_RIGHTS));
    cr_expect(zero(int, check(trust, "bulb7", "sensors/bulb7", true)));
    cr_expect(eq(int, check(trust, "bulb7", "lights/all/off", true),
                 MSOCK_DROP_RIGHTS));
    cr_expect(eq(int, check(trust, "bulb7", "sensors/bulb8", true),
                 MSOCK_DROP_RIGHTS));
    msock__trust_free(trust);
}

Test(trust, what_may_be_unsigned_is_said_by_filters)
{
    struct msock__trust *trust =
        parsed("bulb7 ed25519 " K2 " publish lamp unsigned tick/#\n"
               "* - unsigned hello/+\n");

    cr_expect(msock__trusted_lax(find(trust, "bulb7")));
    cr_expect(zero(int, check(trust, "bulb7", "tick/1", false)));
    cr_expect(zero(int, check(trust, "bulb7", "tick/1", true)));
    cr_expect(
        eq(int, check(trust, "bulb7", "lamp", false), MSOCK_DROP_UNSIGNED));
    cr_expect(
        eq(int, check(trust, "bulb7", "hello/x", false), MSOCK_DROP_UNSIGNED));
    cr_expect(zero(int, check(trust, "guest", "hello/x", false)));
    cr_expect(zero(int, check(trust, "guest", "hello/x", true)));
    cr_expect(
        eq(int, check(trust, "guest", "tick/1", true), MSOCK_DROP_RIGHTS));
    msock__trust_free(trust);
}

Test(trust, nodes_without_an_entry_may_nothing_unless_it_says_so)
{
    struct msock__trust *trust = parsed("hub ed25519 " K1 " publish \"#\"\n");

    cr_expect(eq(int, check(trust, "guest", "t", true), MSOCK_DROP_RIGHTS));
    cr_expect(zero(int, check(trust, "hub", "t", true)));
    cr_expect(
        eq(int, check(trust, "hub", "$reply/1", true), MSOCK_DROP_RIGHTS));
    msock__trust_free(trust);
}

Test(trust, a_word_in_quotes_is_never_a_right)
{
    struct msock__trust *trust =
        parsed("\"my hub\" ed25519 " K1 " publish \"admin\" \"keep\"\n"
               "\"*\" ed25519 " K2 " publish a\n");

    cr_expect(not(msock__trusted_admin(find(trust, "my hub"))));
    cr_expect(zero(int, check(trust, "my hub", "admin", true)));
    cr_expect(zero(int, check(trust, "*", "a", true)));
    msock__trust_free(trust);
}

Test(trust, many_names_are_found)
{
    char *text = malloc(1000 * 80);
    size_t size = 0;

    for (int i = 0; i < 1000; i++) {
        size += (size_t)sprintf(text + size, "n%d ed25519 " K1 " publish t%d\n",
                                i * 7919 % 1000, i);
    }
    struct msock__trust *trust = parsed(text);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        cr_expect(ne(ptr, (void *)find(trust, name), NULL), "%s", name);
    }
    msock__trust_free(trust);
    free(text);
}

Test(trust, what_is_wrong_is_told_with_its_line)
{
    static const struct {
        const char *text;
        const char *detail;
    } cases[] = {
        {"", "trust: names nobody"},
        {"# hub\n\n", "trust: names nobody"},
        {"hub", "trust:1: after the name come the word ed25519"},
        {"\nhub ed25519\n", "trust:2: after the name"},
        {"hub rsa " K1, "trust:1: after the name"},
        {"hub \"ed25519\" " K1, "trust:1: after the name"},
        {"hub ed25519 " K1 "=", "trust:1: after the name"},
        {"hub ed25519 AAAA", "trust:1: after the name"},
        {"hub ed25519 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
         "trust:1: after the name"},
        {"hub ed25519-secret " K1, "trust:1: after the name"},
        {"hub ed25519 " K1 " publsh a",
         "trust:1: unknown word \"publsh\": is it publish?"},
        {"hub ed25519 " K1 " keep Admin",
         "trust:1: unknown word \"Admin\": is it admin?"},
        {"hub ed25519 " K1 " unsinged a",
         "trust:1: unknown word \"unsinged\": is it unsigned?"},
        {"hub ed25519 " K1 " zzzzzzzz", "trust:1: unknown word \"zzzzzzzz\""},
        {"hub ed25519 " K1 " \"\" admin", "trust:1: unknown word \"\""},
        {"hub ed25519 " K1 " publish a admi",
         "trust:1: is admi meant for the word admin? A filter so called is "
         "written \"admi\""},
        {"hub ed25519 " K1 " publish a unsigne b",
         "trust:1: is unsigne meant for the word unsigned?"},
        {"hub ed25519 " K1 " publish", "trust:1: publish needs a filter"},
        {"hub ed25519 " K1 " publish admin", "trust:1: publish needs a filter"},
        {"hub ed25519 " K1 " publish \"\"", "trust:1: \"\" is not a filter"},
        {"hub ed25519 " K1 " unsigned keep",
         "trust:1: unsigned needs a filter"},
        {"hub ed25519 " K1 " publish a publish b",
         "trust:1: publish comes twice"},
        {"hub ed25519 " K1 " publish a#",
         "trust:1: \"a#\" is not a filter: see the words publish and unsigned"},
        {"hub ed25519 " K1 " publish $ms/hello",
         "trust:1: \"$ms/hello\" is not a filter"},
        {"hub ed25519 " K1 " publish a # the boss",
         "trust:1: comments have lines of their own"},
        {"hub ed25519 " K1 " publish #",
         "trust:1: comments have lines of their own, and a filter that begins "
         "so is written \"#\""},
        {"hub ed25519 " K1 " publish \"a", "trust:1: a quote does not end"},
        {"hub ed25519 " K1 " publish \"a\"b", "trust:1: a quote does not end"},
        {"\"hub\\\" ed25519 " K1, "trust:1: a quote does not end"},
        {"\"\" ed25519 " K1, "trust:1: \"\" is not a node name"},
        {"h\x01 ed25519 " K1, "trust:1: \"h\\x01\" is not a node name"},
        {"a ed25519 " K1 "\nb ed25519 " K2 "\na ed25519 " K2 "\n",
         "trust:3: a stands in line 1 already"},
        {"* ed25519 " K1, "trust:1: nodes without a key may have: * -"},
        {"* - publish a", "trust:1: nodes without a key"},
        {"* - unsigned a keep", "trust:1: nodes without a key"},
        {"* - admin", "trust:1: nodes without a key"},
        {"* - unsigned a\n* - unsigned b",
         "trust:2: * stands in line 1 already"},
        {"*", "trust:1: nodes without a key"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct msock__trust *trust = NULL;
        int result = parse(cases[i].text, &trust);
        cr_expect(eq(int, result, MSOCK_EKEY), "%s", cases[i].text);
        cr_expect(eq(ptr, (void *)trust, NULL));
        cr_expect(zero(int, strncmp(msock_error_detail(), cases[i].detail,
                                    strlen(cases[i].detail))),
                  "%s\n%s", cases[i].text, msock_error_detail());
    }
}

static const char whole[] =
    "# x\n\"a b\" ed25519 " K1 " publish a/+ unsigned \"b/#\" keep admin\n"
    "* - unsigned c\n";

Test(trust, every_cut_text_is_read_or_refused)
{
    for (size_t size = 0; size < strlen(whole); size++) {
        char *exact = malloc(size + (size == 0));
        struct msock__trust *trust = NULL;
        memcpy(exact, whole, size);
        int result = msock__trust_parse(&trust, exact, size, "trust");
        cr_expect(result == 0 || result == MSOCK_EKEY, "%zu", size);
        cr_expect(eq(int, result == 0, trust != NULL), "%zu", size);
        msock__trust_free(trust);
        free(exact);
    }
}

Test(trust, every_flipped_byte_is_read_or_refused)
{
    for (size_t i = 0; i < strlen(whole) * 8; i++) {
        char text[sizeof whole];
        struct msock__trust *trust = NULL;
        memcpy(text, whole, sizeof whole);
        text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
        int result = msock__trust_parse(&trust, text, strlen(whole), "trust");
        cr_expect(result == 0 || result == MSOCK_EKEY, "%zu", i);
        msock__trust_free(trust);
    }
}

Test(trust, filters_and_nodes_are_bounded)
{
    enum { NODES = MSOCK__TRUSTED_MAX + 1 };
    char *text = malloc(NODES * 80);
    struct msock__trust *trust = NULL;
    size_t size = (size_t)sprintf(text, "a ed25519 " K1 " publish");

    for (int i = 0; i <= MSOCK__TRUST_FILTERS_MAX; i++) {
        size += (size_t)sprintf(text + size, " f%d", i);
    }
    cr_expect(eq(int, parse(text, &trust), MSOCK_ELIMIT));
    text[strlen(text) - 4] = '\0';
    cr_assert(zero(int, parse(text, &trust)));
    msock__trust_free(trust);

    size = 0;
    for (int i = 0; i < NODES; i++) {
        size += (size_t)sprintf(text + size, "n%d ed25519 " K1 "\n", i);
    }
    trust = NULL;
    cr_expect(eq(int, parse(text, &trust), MSOCK_ELIMIT));
    cr_expect(ne(ptr, strstr(msock_error_detail(), "trust:4097:"), NULL));
    free(text);
}

Test(trust, a_text_of_over_one_mib_is_refused)
{
    char *text = calloc(MSOCK__TRUST_TEXT_MAX + 1, 1);
    struct msock__trust *trust = NULL;

    cr_expect(
        eq(int,
           msock__trust_parse(&trust, text, MSOCK__TRUST_TEXT_MAX + 1, "trust"),
           MSOCK_ELIMIT));
    free(text);
}

Test(trust, every_lack_of_memory_is_told)
{
    long n = 0;

    do {
        struct msock__trust *trust = NULL;
        test_alloc_fail_at(++n);
        int result = parse(whole, &trust);
        cr_expect(eq(int, result, trust ? 0 : MSOCK_ENOMEM));
        msock__trust_free(trust);
    } while (test_alloc_failed());
    cr_expect(eq(long, n, 5));
}
