/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of passphrases, against keys that something else made. */
#include "tests/codec/vector_case.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/key.h>
#include <stdio.h>
#include <string.h>

static void expect_id(const char *key, const char *expected)
{
    struct msock__keyring *ring = NULL;
    char id[MSOCK_KEY_ID_SIZE];

    cr_assert(zero(int, msock__keyring_new(&ring)));
    cr_assert(zero(int, msock__keyring_parse(ring, key, strlen(key), "case")));
    snprintf(id, sizeof id, "%08lx", (unsigned long)msock__keyring_id(ring, 0));
    cr_expect(eq(str, id, (char *)expected));
    msock__keyring_free(ring);
}

Test(key_vectors, two_texts_make_the_key_that_belongs_to_them)
{
    cJSON *file = vector_file("keys.json");
    const cJSON *cases = vector_get(file, "cases");
    const cJSON *vector;

    cr_assert(ge(int, cJSON_GetArraySize(cases), 4));
    cJSON_ArrayForEach(vector, cases)
    {
        char key[MSOCK_KEY_TEXT_SIZE] = "";
        int result =
            msock_key_from_passphrase(vector_text(vector, "key_string"),
                                      vector_text(vector, "passphrase"), key);
        cr_expect(zero(int, result));
        cr_expect(eq(str, key, (char *)vector_text(vector, "key")));
        expect_id(key, vector_text(vector, "id"));
    }
    cJSON_Delete(file);
}

Test(key_vectors, an_empty_text_makes_no_key)
{
    char key[MSOCK_KEY_TEXT_SIZE] = "";

    cr_expect(eq(int, msock_key_from_passphrase("", "p", key), MSOCK_EINVAL));
    cr_expect(eq(int, msock_key_from_passphrase("k", "", key), MSOCK_EINVAL));
    cr_expect(eq(int, msock_key_from_passphrase(NULL, "p", key), MSOCK_EINVAL));
    cr_expect(eq(int, msock_key_from_passphrase("k", NULL, key), MSOCK_EINVAL));
    cr_expect(eq(str, key, (char *)""));
}
