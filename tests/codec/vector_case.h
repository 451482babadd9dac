/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the test vectors; tests/vectors/README.md describes them. Whatever is
 * missing in a file fails the test. */
#ifndef TESTS_CODEC_VECTOR_CASE_H
#define TESTS_CODEC_VECTOR_CASE_H

#include "codec/envelope.h"
#include "codec/transform.h"

#include <cjson/cJSON.h>

/** Bytes for free(). */
struct vector_bytes {
    uint8_t *bytes;
    size_t size;
};

/** The tree of a file of tests/vectors/, for cJSON_Delete(). */
cJSON *vector_file(const char *name);

/** A member that must be there. */
cJSON *vector_get(const cJSON *object, const char *key);

/** The text or number of a member that must be there. */
const char *vector_text(const cJSON *object, const char *key);
uint64_t vector_number(const cJSON *object, const char *key);

/** Bytes of a hex text, with one spare byte behind them. */
struct vector_bytes vector_hex(const cJSON *item);

/** The receiver's pipeline of a case. */
struct msock__pipeline vector_pipeline(const cJSON *vector);

/** A message of a case as an envelope that borrows from it; `raw` is kept until
 *  freed by the caller (NULL: none). */
struct msock__envelope vector_envelope(const cJSON *message, uint8_t **raw);

#endif
