/* SPDX-License-Identifier: Apache-2.0 */
/* Messages. */
#include "bench/peers/message.h"

#include <stdlib.h>
#include <string.h>

/* Digits stand for the number and the stamp; padding follows. */
static const char head[] =
    "{\"n\":\"00000000\",\"t\":\"000000000000\",\"pad\":\"";
static const char tail[] = "\"}";

enum { NUMBER_AT = 6, STAMP_AT = 21 };

char *message_new(size_t size)
{
    char *text = malloc(size + 1);

    if (text != NULL) {
        memset(text, 'x', size);
        memcpy(text, head, sizeof head - 1);
        memcpy(text + size - (sizeof tail - 1), tail, sizeof tail);
    }
    return text;
}

static void write_hex(char *text, uint64_t value, int digits)
{
    while (digits-- > 0) {
        text[digits] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

static uint64_t read_hex(const char *text, int digits)
{
    uint64_t value = 0;

    for (int i = 0; i < digits; i++) {
        unsigned digit = (unsigned char)text[i];
        value = value << 4 | ((digit & 15) + (digit >= 'a' ? 9 : 0));
    }
    return value;
}

void message_number(char *text, uint64_t number)
{
    write_hex(text + NUMBER_AT, number, MESSAGE_NUMBER_DIGITS);
}

void message_stamp(char *text, uint64_t now_ns)
{
    write_hex(text + STAMP_AT, now_ns & MESSAGE_STAMP_MASK,
              MESSAGE_STAMP_DIGITS);
}

bool message_read(const char *text, size_t size, uint64_t *number)
{
    if (size < MESSAGE_MIN || text[0] != '{' || text[size - 1] != '}') {
        return false;
    }
    *number = read_hex(text + NUMBER_AT, MESSAGE_NUMBER_DIGITS);
    return true;
}

uint64_t message_sent_ns(const char *text)
{
    return read_hex(text + STAMP_AT, MESSAGE_STAMP_DIGITS);
}
