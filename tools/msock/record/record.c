/* SPDX-License-Identifier: Apache-2.0 */
/* A message as a recording has it: as bytes, and its times. */
#include "tools/msock/record/record.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECOND_US = 1000000 };

/* What stands before the texts; all of it is copied in and out. */
struct head {
    struct record record; /* whose pointers mean nothing here */
    bool typed;
};

void record_take(struct record *record, const msock_message *message,
                 uint64_t at_us)
{
    *record = (struct record){
        .at_us = at_us,
        .session = message->session,
        .sequence = message->sequence,
        .version = message->version,
        .age_us = message->age_us,
        .flags = message->flags,
        .topic = message->topic,
        .sender = message->sender,
        .type = message->type,
        .data = message->data,
        .topic_size = message->topic_size,
        .sender_size = message->sender_size,
        .type_size = message->type ? strlen(message->type) : 0,
        .data_size = message->data_size,
    };
}

size_t record_size(const struct record *record)
{
    return sizeof(struct head) + record->topic_size + record->sender_size +
           record->type_size + record->data_size + 4; /* NULs */
}

static char *put_text(char *at, const char *text, size_t size)
{
    if (size > 0) {
        memcpy(at, text, size);
    }
    at[size] = '\0';
    return at + size + 1;
}

void record_put(struct cli_buffer *buffer, const struct record *record)
{
    struct head head = {.record = *record, .typed = record->type != NULL};
    char *at = buffer->bytes + buffer->size;

    assert(buffer->capacity - buffer->size >= record_size(record));
    memcpy(at, &head, sizeof(head));
    at = put_text(at + sizeof(head), record->topic, record->topic_size);
    at = put_text(at, record->sender, record->sender_size);
    at = put_text(at, record->type, record->type_size);
    put_text(at, record->data, record->data_size);
    buffer->size += record_size(record);
}

size_t record_get(struct record *record, const char *bytes)
{
    struct head head;

    memcpy(&head, bytes, sizeof(head));
    *record = head.record;
    record->topic = bytes + sizeof(head);
    record->sender = record->topic + record->topic_size + 1;
    record->type = record->sender + record->sender_size + 1;
    record->data = record->type + record->type_size + 1;
    if (!head.typed) {
        record->type = NULL;
    }
    return record_size(record);
}

void record_time(uint64_t at_us, char text[static RECORD_TIME_SIZE])
{
    time_t seconds = (time_t)(at_us / SECOND_US);
    struct tm parts = {0};
    char day[RECORD_TIME_SIZE];

    gmtime_r(&seconds, &parts);
    if (strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
        day[0] = '\0';
    }
    snprintf(text, RECORD_TIME_SIZE, "%.19s.%06uZ", day,
             (unsigned)(at_us % SECOND_US));
}

/* Days since 1970 of a day of the Gregorian calendar (H. Hinnant's
 * chrono-compatible algorithm). */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    unsigned of_era = (unsigned)(year - era * 400);
    unsigned of_year =
        (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 +
           (int64_t)(of_era * 365 + of_era / 4 - of_era / 100 + of_year) -
           719468;
}

/* Reads `digits` digits, and the letter behind them.  Returns the number, or
 * UINT_MAX. */
static unsigned read_part(const char **text, int digits, char behind)
{
    unsigned value = 0;

    for (int i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9') {
            return UINT_MAX;
        }
        value = 10 * value + (unsigned)(**text - '0');
    }
    if (**text != behind) {
        return UINT_MAX;
    }
    (*text)++;
    return value;
}

/* Reads what may stand behind the seconds: a fraction, of which six digits
 * count, and the Z.  Returns µs, or UINT_MAX. */
static unsigned read_fraction(const char *text)
{
    unsigned us = 0;
    unsigned worth = SECOND_US / 10;

    if (*text == '.') {
        text++;
        size_t digits = strspn(text, "0123456789");
        for (size_t i = 0; i < digits; i++, worth /= 10) {
            us += worth * (unsigned)(text[i] - '0');
        }
        text += digits > 0 ? digits : strlen(text);
    }
    return strcmp(text, "Z") == 0 ? us : UINT_MAX;
}

static unsigned days_in(unsigned year, unsigned month)
{
    bool leaps = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (month == 2) {
        return leaps ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

uint64_t record_time_read(const char *text)
{
    unsigned year = read_part(&text, 4, '-');
    unsigned month = year < UINT_MAX ? read_part(&text, 2, '-') : 0;
    unsigned day = month < UINT_MAX ? read_part(&text, 2, 'T') : 0;
    unsigned hour = day < UINT_MAX ? read_part(&text, 2, ':') : UINT_MAX;
    unsigned minute = hour < UINT_MAX ? read_part(&text, 2, ':') : UINT_MAX;
    bool leads = minute < UINT_MAX && strspn(text, "0123456789") == 2;

    if (!leads || year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > days_in(year, month) || hour > 23 || minute > 59) {
        return UINT64_MAX;
    }
    unsigned second =
        10 * (unsigned)(text[0] - '0') + (unsigned)(text[1] - '0');
    unsigned us = read_fraction(text + 2);
    if (second > 60 || us == UINT_MAX) {
        return UINT64_MAX;
    }
    uint64_t seconds = (uint64_t)days_of(year, month, day) * 86400 +
                       hour * 3600 + minute * 60 + second;
    return seconds * SECOND_US + us;
}

uint64_t record_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * SECOND_US + (uint64_t)now.tv_nsec / 1000;
}

uint64_t record_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_US + (uint64_t)now.tv_nsec / 1000;
}
