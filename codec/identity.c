/* SPDX-License-Identifier: Apache-2.0 */
/* Id files, and the key pair that they hold. */
#include "codec/identity.h"

#include "codec/base64.h"
#include "codec/bytes.h"
#include "codec/error.h"
#include "codec/hash.h"
#include "codec/keyfile.h"

#include <assert.h>
#include <multisock/identity.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define WORD "ed25519-secret "

enum {
    SEED_SIZE = crypto_sign_SEEDBYTES,
    HALF_SIZE = MSOCK__SESSION_SIZE / 2, /* drawn; the other follows */
    WORD_SIZE = sizeof WORD - 1,
    BASE64_SIZE = MSOCK_ID_PUBLIC_SIZE - 1
};

struct msock__identity {
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t public[MSOCK__PUBLIC_SIZE];
};

static_assert(MSOCK__PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES &&
                  MSOCK__SIGNATURE_SIZE == crypto_sign_BYTES &&
                  MSOCK__BOX_OVERHEAD == crypto_box_SEALBYTES,
              "the sizes are those of Ed25519");
static_assert(crypto_generichash_BYTES == 32, "a hash is BLAKE2b-256");
static_assert(SEED_SIZE == 32 && MSOCK__PUBLIC_SIZE == 32 &&
                  MSOCK_ID_TEXT_SIZE == WORD_SIZE + BASE64_SIZE + 1,
              "seed and public key are as long as their text says");

/* Reads 32 bytes in base64.  Returns whether they were that. */
static bool read_base64(const char *text, size_t size, uint8_t out[static 32])
{
    return msock__base64_decode(text, size, out, 32) == 32;
}

int msock__public_parse(const char *text, size_t size,
                        uint8_t public[static MSOCK__PUBLIC_SIZE])
{
    return read_base64(text, size, public) &&
                   crypto_core_ed25519_is_valid_point(public) == 1
               ? 0
               : MSOCK_EKEY;
}

/* Reads the line of an id file.  Returns 0, MSOCK_EKEY. */
static int read_line(struct msock__identity *identity,
                     const struct msock__part *line, const char *source,
                     int number)
{
    uint8_t seed[SEED_SIZE];
    bool fits = line->size == WORD_SIZE + BASE64_SIZE &&
                memcmp(line->text, WORD, WORD_SIZE) == 0 &&
                read_base64(line->text + WORD_SIZE, BASE64_SIZE, seed);

    if (fits) {
        crypto_sign_seed_keypair(identity->public, identity->secret, seed);
    }
    sodium_memzero(seed, sizeof seed);
    return fits ? 0
                : msock__fail(MSOCK_EKEY,
                              "%s:%d: not \"" WORD "\" and %d characters of "
                              "base64: make an identity with msock id gen",
                              source, number, BASE64_SIZE);
}

/* Reads the one line that is none of comment and blanks. */
static int read_text(struct msock__identity *identity, const char *text,
                     size_t size, const char *source)
{
    struct msock__part rest = {text, size};
    struct msock__keyline line;
    bool found = false;

    for (int number = 1; msock__keyline_next(&rest, &line); number++) {
        if (line.word.size == 0) {
            continue;
        }
        if (found) {
            return msock__fail(MSOCK_EKEY,
                               "%s:%d: a second line: a node has one identity",
                               source, number);
        }
        int result = read_line(identity, &line.word, source, number);
        if (result < 0) {
            return result;
        }
        found = true;
    }
    return found ? 0
                 : msock__fail(MSOCK_EKEY,
                               "%s: holds no identity: make one with msock id "
                               "gen",
                               source);
}

int msock__identity_parse(struct msock__identity **identity, const char *text,
                          size_t size, const char *source)
{
    int result = msock__crypto_init();

    if (result < 0) {
        return result;
    }
    struct msock__identity *made = sodium_malloc(sizeof *made);
    if (made == NULL) {
        return msock__fail(MSOCK_ENOMEM, "no memory for an identity");
    }
    result = read_text(made, text, size, source);
    if (result < 0) {
        sodium_free(made);
        return result;
    }
    *identity = made;
    return 0;
}

int msock__identity_load(struct msock__identity **identity, const char *path)
{
    char *text;
    size_t size;
    int result = msock__keyfile_read(path, "msock id gen", &text, &size);

    if (result < 0) {
        return result;
    }
    result = msock__identity_parse(identity, text, size, path);
    sodium_free(text); /* wipes */
    return result;
}

void msock__identity_free(struct msock__identity *identity)
{
    sodium_free(identity); /* wipes; NULL is fine */
}

void msock__identity_public(const struct msock__identity *identity,
                            uint8_t public[static MSOCK__PUBLIC_SIZE])
{
    memcpy(public, identity->public, MSOCK__PUBLIC_SIZE);
}

void msock__identity_sign(const struct msock__identity *identity,
                          const uint8_t *text, size_t size,
                          uint8_t signature[static MSOCK__SIGNATURE_SIZE])
{
    crypto_sign_detached(signature, NULL, text, size, identity->secret);
}

int msock__identity_open(const struct msock__identity *identity,
                         const uint8_t *box, size_t size, uint8_t *out)
{
    uint8_t own[crypto_box_PUBLICKEYBYTES];
    uint8_t *secret = sodium_malloc(crypto_box_SECRETKEYBYTES);

    if (secret == NULL) {
        return MSOCK_ENOMEM;
    }
    (void)crypto_sign_ed25519_sk_to_curve25519(secret, identity->secret);
    (void)crypto_scalarmult_base(own, secret);
    int wrong = crypto_box_seal_open(out, box, size, own, secret);
    sodium_free(secret);
    return wrong ? MSOCK_EKEY : 0;
}

/* Writes the 8 bytes that follow from a key and the drawn half of a session. */
static void write_half(const uint8_t *public, const uint8_t *drawn,
                       uint8_t half[static HALF_SIZE])
{
    static const char purpose[] = "multisock 1 session";
    uint8_t text[sizeof purpose - 1 + MSOCK__PUBLIC_SIZE + HALF_SIZE];
    uint8_t hash[crypto_generichash_BYTES];
    struct msock__writer writer = {.at = text, .left = sizeof text};

    msock__write_bytes(&writer, purpose, sizeof purpose - 1);
    msock__write_bytes(&writer, public, MSOCK__PUBLIC_SIZE);
    msock__write_bytes(&writer, drawn, HALF_SIZE);
    assert(writer.left == 0);
    crypto_generichash(hash, sizeof hash, text, sizeof text, NULL, 0);
    memcpy(half, hash, HALF_SIZE);
}

void msock__session_commit(const uint8_t public[static MSOCK__PUBLIC_SIZE],
                           uint8_t session[static MSOCK__SESSION_SIZE])
{
    write_half(public, session, session + HALF_SIZE);
}

bool msock__session_commits(const uint8_t public[static MSOCK__PUBLIC_SIZE],
                            const uint8_t session[static MSOCK__SESSION_SIZE])
{
    uint8_t half[HALF_SIZE];

    write_half(public, session, half);
    return memcmp(half, session + HALF_SIZE, sizeof half) == 0;
}

/* -- For programs -- */

int msock_id_generate(char text[MSOCK_ID_TEXT_SIZE])
{
    uint8_t seed[SEED_SIZE];
    int result = msock__crypto_init();

    if (result < 0) {
        return result;
    }
    msock__random(seed, sizeof seed);
    memcpy(text, WORD, WORD_SIZE);
    sodium_bin2base64(text + WORD_SIZE, BASE64_SIZE + 1, seed, sizeof seed,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(seed, sizeof seed);
    return 0;
}

int msock_id_public(const char *path, char text[MSOCK_ID_PUBLIC_SIZE])
{
    struct msock__identity *identity;
    int result = msock__identity_load(&identity, path);

    if (result < 0) {
        return result;
    }
    sodium_bin2base64(text, MSOCK_ID_PUBLIC_SIZE, identity->public,
                      sizeof identity->public, sodium_base64_VARIANT_ORIGINAL);
    msock__identity_free(identity);
    return 0;
}
