/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner, eight bytes at a time on every machine. */
#define JSON_NAME(name) json_words_##name
#include "tests/support/json_rename.h"

#define MSOCK__PLAIN_NARROW
#include "codec/json.c"
#include "codec/json_text.c"

#include "tests/support/json_ways.h"

#if defined(MSOCK__PLAIN_SSE2) || defined(MSOCK__PLAIN_NEON)
#error "this is to be what machines without either run"
#endif

const struct json_way json_words = JSON_WAY("words");
