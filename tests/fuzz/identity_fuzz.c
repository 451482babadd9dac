/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes id files and boxes: a text, a NUL, a box. A text that is taken is a
 * key that signs; no box opens that nobody sealed, and one that is sealed for
 * the key opens to its ring, unless a byte of it was changed. */
#include "codec/identity.h"
#include "codec/keyring.h"
#include "codec/ringbox.h"
#include "codec/sign.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/multisock.h>

enum { PARSED_MAX = 8192 };

static void check_signing(const struct msock__identity *identity,
                          const uint8_t *text, size_t size)
{
    uint8_t public[MSOCK__PUBLIC_SIZE];
    size_t under = MSOCK__SIGN_BEFORE + size;
    size_t whole = under + MSOCK__SIGNATURE_SIZE;
    uint8_t *signed_text = (uint8_t *)exact_copy(text, size, whole - size);

    msock__identity_public(identity, public);
    msock__identity_sign(identity, signed_text, under, signed_text + under);
    assert(msock__sign_verify(public, signed_text, whole));
    signed_text[whole / 2] ^= 1;
    assert(!msock__sign_verify(public, signed_text, whole));
    free(signed_text);
}

/* A box of two keys, whose byte `at` (mod its size) becomes `now`. */
static void check_box(const struct msock__identity *identity, size_t at,
                      char now)
{
    uint8_t public[MSOCK__PUBLIC_SIZE];
    const uint8_t ones[MSOCK__KEY_SIZE] = {1}, twos[MSOCK__KEY_SIZE] = {2};
    char box[MSOCK__RINGBOX_TEXT];
    struct msock__keyring *ring = NULL;

    msock__identity_public(identity, public);
    int code = msock__keyring_new(&ring);
    code = code ? code : msock__keyring_add(ring, ones);
    code = code ? code : msock__keyring_add(ring, twos);
    assert(code == 0);
    int size = msock__ringbox_seal(ring, public, box);
    assert(size > 0);
    at %= (size_t)size;
    bool same = box[at] == now;
    box[at] = now;
    msock__keyring_free(ring);
    ring = NULL;
    code = msock__ringbox_open(box, (size_t)size, identity, &ring);
    assert(code == (same ? 0 : MSOCK_EKEY));
    assert(!same || (msock__keyring_count(ring) == 2 &&
                     msock__keyring_master(ring, 0)[0] == 1 &&
                     msock__keyring_master(ring, 1)[0] == 2));
    msock__keyring_free(ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct msock__identity *identity = NULL;
    if (size == 0 || size > PARSED_MAX) {
        return 0;
    }
    const uint8_t *nul = memchr(bytes, 0, size);
    size_t text_size = nul ? (size_t)(nul - bytes) : size;
    size_t box_size = nul ? size - text_size - 1 : 0;
    char *text = exact_copy(bytes, text_size, 0);
    char *box = exact_copy(bytes + size - box_size, box_size, 0);

    if (msock__identity_parse(&identity, text, text_size, "fuzz") == 0) {
        struct msock__keyring *ring = NULL;
        int opened = msock__ringbox_open(box, box_size, identity, &ring);
        assert(opened == MSOCK_EKEY && !ring);
        check_signing(identity, bytes, size);
        check_box(identity, size, (char)bytes[size - 1]);
        msock__identity_free(identity);
    } else {
        assert(!identity && msock_error_detail()[0] != '\0');
    }
    free(text);
    free(box);
    return 0;
}
