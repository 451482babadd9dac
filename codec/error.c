/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes as text, and the sentence about a thread's last failure. */
#include "codec/error.h"

#include <multisock/text.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { DETAIL_SIZE = 512 };

static _Thread_local char detail[DETAIL_SIZE];

static const struct {
    const char *name;
    const char *text;
} errors[] = {
#define MSOCK__XX(name, number, text) [number] = {"MSOCK_" #name, text},
    MSOCK_ERROR_MAP(MSOCK__XX)
#undef MSOCK__XX
        [0] = {"MSOCK_OK", "no error"}};

enum { ERROR_COUNT = sizeof errors / sizeof errors[0] };

/* INT_MIN has no positive counterpart, so codes are compared, not negated. */
static int known(int code)
{
    return code <= 0 && code > -ERROR_COUNT && errors[-code].name != NULL;
}

int msock__fail(int code, const char *format, ...)
{
    /* Composed aside: an argument may be the current detail itself. */
    char sentence[DETAIL_SIZE];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (size <= 0) {
        snprintf(sentence, sizeof sentence, "%s", msock_error_text(code));
    }
    msock_text_escape(sentence, strlen(sentence), detail, sizeof detail);
    return code;
}

const char *msock_error_name(int code)
{
    return known(code) ? errors[-code].name : "MSOCK_UNKNOWN";
}

const char *msock_error_text(int code)
{
    return known(code) ? errors[-code].text : "unknown error";
}

const char *msock_error_detail(void)
{
    return detail;
}
