/* SPDX-License-Identifier: Apache-2.0 */
/* Keys as text: the lines of key files, and where new ones come from. */
#include "codec/keyring.h"

#include "codec/base64.h"
#include "codec/error.h"
#include "codec/hash.h"
#include "codec/keyfile.h"

#include <assert.h>
#include <multisock/key.h>
#include <sodium.h>
#include <string.h>

enum {
    BASE64_SIZE = MSOCK_KEY_TEXT_SIZE - 1,
    ARGON2_PASSES = 3,
    ARGON2_BYTES = 64 * 1024 * 1024,
    STACK_SIZE = 8192 /* more than Argon2 takes of it */
};

static_assert(MSOCK__KEY_TEXT == (int)MSOCK_KEY_TEXT_SIZE &&
                  MSOCK__KEYS_MAX == (int)MSOCK_KEYS_MAX,
              "the public sizes are ours");
static_assert(crypto_pwhash_argon2id_SALTBYTES == 16,
              "the salt is a BLAKE2b-128");

/* -- Key files -- */

/* Adds the key of one line.  Returns as msock__keyring_parse(). */
static int add_line(struct msock__keyring *ring, const struct msock__part *line,
                    const char *source, int number)
{
    uint8_t key[MSOCK__KEY_SIZE];
    int result;

    if (msock__base64_decode(line->text, line->size, key, sizeof key) !=
        sizeof key) {
        result = msock__fail(MSOCK_EKEY,
                             "%s:%d: not 32 bytes in base64 (%d characters): "
                             "make a key with msock key gen",
                             source, number, BASE64_SIZE);
        goto out;
    }
    result = msock__keyring_add(ring, key);
    if (result < 0) {
        msock__fail(result, "%s:%d: %s", source, number, msock_error_detail());
    }
out:
    sodium_memzero(key, sizeof key);
    return result;
}

int msock__keyring_parse(struct msock__keyring *ring, const char *text,
                         size_t size, const char *source)
{
    struct msock__part rest = {text, size};
    struct msock__keyline line;
    size_t found = 0;

    if (memchr(text, '\0', size) != NULL) { /* comments are texts too */
        return msock__fail(MSOCK_EKEY,
                           "%s: holds a NUL: not a key file: make one with "
                           "msock key gen",
                           source);
    }
    for (int number = 1; msock__keyline_next(&rest, &line); number++) {
        int result =
            line.word.size > 0 ? add_line(ring, &line.word, source, number) : 0;
        if (result < 0) {
            return result;
        }
        found += line.word.size > 0;
    }
    if (found == 0) {
        return msock__fail(MSOCK_EKEY,
                           "%s: holds no key: make one with msock key gen",
                           source);
    }
    return 0;
}

int msock__keyring_load(struct msock__keyring *ring, const char *path)
{
    char *text = NULL;
    size_t size;
    int result = msock__keyfile_read(path, "msock key gen", &text, &size);

    if (result == 0) {
        result = msock__keyring_parse(ring, text, size, path);
    }
    sodium_free(text); /* wipes; NULL is fine */
    return result;
}

/* -- New keys -- */

void msock__key_text(const uint8_t key[static MSOCK__KEY_SIZE],
                     char text[static MSOCK__KEY_TEXT])
{
    sodium_bin2base64(text, MSOCK__KEY_TEXT, key, MSOCK__KEY_SIZE,
                      sodium_base64_VARIANT_ORIGINAL);
}

int msock_key_generate(char text[MSOCK_KEY_TEXT_SIZE])
{
    uint8_t key[MSOCK__KEY_SIZE];
    int result = msock__crypto_init();

    if (result < 0) {
        return result;
    }
    do {
        msock__random(key, sizeof key);
    } while (msock__key_id(key) == 0);
    msock__key_text(key, text);
    sodium_memzero(key, sizeof key);
    return 0;
}

/* The salt: BLAKE2b-128 of a label and the key string. */
static void salt_of(const char *key_string,
                    uint8_t salt[static crypto_pwhash_argon2id_SALTBYTES])
{
    static const char label[] = "multisock1";
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, crypto_pwhash_argon2id_SALTBYTES);
    crypto_generichash_update(&state, (const uint8_t *)label, sizeof label - 1);
    crypto_generichash_update(&state, (const uint8_t *)key_string,
                              strlen(key_string));
    crypto_generichash_final(&state, salt, crypto_pwhash_argon2id_SALTBYTES);
    sodium_memzero(&state, sizeof state);
}

int msock_key_from_passphrase(const char *key_string, const char *passphrase,
                              char text[MSOCK_KEY_TEXT_SIZE])
{
    uint8_t key[MSOCK__KEY_SIZE];
    uint8_t salt[crypto_pwhash_argon2id_SALTBYTES];
    int result = msock__crypto_init();

    if (result < 0) {
        return result;
    }
    if (!key_string || key_string[0] == '\0' || !passphrase ||
        passphrase[0] == '\0') {
        return msock__fail(MSOCK_EINVAL, "a key string and a passphrase, "
                                         "neither of them empty");
    }
    salt_of(key_string, salt);
    if (crypto_pwhash(key, sizeof key, passphrase, strlen(passphrase), salt,
                      ARGON2_PASSES, ARGON2_BYTES,
                      crypto_pwhash_ALG_ARGON2ID13) < 0) {
        result = msock__fail(MSOCK_ENOMEM, "64 MiB are needed to make a key "
                                           "of a passphrase");
    } else if (msock__key_id(key) == 0) {
        result = msock__fail(MSOCK_EKEY, "the id of this key is zero: take "
                                         "another passphrase");
    } else {
        msock__key_text(key, text);
    }
    sodium_memzero(key, sizeof key);
    sodium_memzero(salt, sizeof salt);
    sodium_stackzero(STACK_SIZE); /* Argon2 leaves the key there */
    return result;
}
