/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share. */
#include "tools/msock/cli.h"

#include "tools/msock/config.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <multisock/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 1024 };

/* A line for people, as the user, not the data, would have it. */
static void compose(char safe[static 4 * LINE_MAX_SIZE], const char *format,
                    va_list arguments)
{
    char line[LINE_MAX_SIZE];

    vsnprintf(line, sizeof(line), format, arguments);
    msock_text_escape(line, strlen(line), safe, 4 * LINE_MAX_SIZE);
}

static void say(const char *format, va_list arguments)
{
    char safe[4 * LINE_MAX_SIZE];

    compose(safe, format, arguments);
    fprintf(stderr, "msock: %s\n", safe);
}

int cli_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return CLI_FAILURE;
}

int cli_usage(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return CLI_USAGE;
}

bool cli_is_filter(const char *text)
{
    char topic[MSOCK_TOPIC_MAX + 1] = ""; /* that it takes, if it is one */

    strncpy(topic, text, MSOCK_TOPIC_MAX);
    for (char *at = topic; *at != '\0'; at++) {
        *at = *at == '+' || *at == '#' ? 'x' : *at;
    }
    return msock_topic_match(text, topic);
}

int cli_exit_of(int code)
{
    if (code == MSOCK_EURL || code == MSOCK_EOPTION || code == MSOCK_ENAME) {
        return CLI_USAGE;
    }
    return code < 0 ? CLI_FAILURE : CLI_OK;
}

int cli_error_code(int code)
{
    const char *detail = msock_error_detail();

    cli_error("%s", detail[0] ? detail : msock_error_text(code));
    return cli_exit_of(code);
}

bool cli_on_terminal(void)
{
    return isatty(STDERR_FILENO);
}

/* How much of a long line is printed at once: whole characters. */
static size_t piece_size(const char *text, size_t size)
{
    size_t piece = LINE_MAX_SIZE;

    if (size <= piece) {
        return size;
    }
    while (piece > LINE_MAX_SIZE - 4 &&
           ((unsigned char)text[piece] & 0xC0) == 0x80) {
        piece--;
    }
    return piece;
}

/* Prints text on one line.  Returns whether it could. */
static bool print_safe(const char *text, size_t size)
{
    while (size > 0) {
        char safe[4 * LINE_MAX_SIZE + 1];
        size_t piece = piece_size(text, size);
        msock_text_escape(text, piece, safe, sizeof(safe));
        bool printed = fputs(safe, stdout) != EOF;
        cli_wipe(safe, sizeof(safe)); /* it may be a key */
        if (!printed) {
            return false;
        }
        text += piece;
        size -= piece;
    }
    return true;
}

static bool reader_gone;

/* Who reads may end when he has enough: that is no news. */
static int cannot_write(void)
{
    reader_gone = errno == EPIPE;
    return reader_gone
               ? CLI_FAILURE
               : cli_error("cannot write standard output: %s", strerror(errno));
}

bool cli_reader_gone(void)
{
    return reader_gone;
}

int cli_print(const char *text)
{
    bool printed = true;

    while (*text != '\0' && printed) {
        size_t size = strcspn(text, "\n");
        printed = print_safe(text, size);
        text += size;
        if (*text == '\n') {
            printed = printed && putchar('\n') != EOF;
            text++;
        }
    }
    if (!printed || fflush(stdout) == EOF) {
        return cannot_write();
    }
    return CLI_OK;
}

/* Returns what printf(3) would print, to be freed, or NULL. */
static char *format_whole(size_t *size, const char *format, va_list arguments)
{
    va_list again;

    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *line = length < 0 ? NULL : malloc((size_t)length + 1);
    if (line) {
        vsnprintf(line, (size_t)length + 1, format, arguments);
        *size = (size_t)length;
    }
    return line;
}

int cli_line(const char *format, ...)
{
    size_t size = 0;
    va_list arguments;

    va_start(arguments, format);
    char *line = format_whole(&size, format, arguments);
    va_end(arguments);
    if (!line) {
        return cli_error("out of memory");
    }
    bool printed =
        print_safe(line, size) && putchar('\n') != EOF && fflush(stdout) != EOF;
    int code = printed ? CLI_OK : cannot_write();
    free(line);
    return code;
}

void cli_wipe(void *memory, size_t size)
{
    volatile char *bytes = memory;

    for (size_t i = 0; i < size; i++) {
        bytes[i] = 0;
    }
}

/* Returns how the option is spelt that getopt_long() stumbled over. It tells
 * only the letter of a long option that was given a value it does not take; a
 * word before the one in hand is told from that by its first letter. */
static const char *option_word(int option, char **argv)
{
    static char letter[3] = "-?";
    const char *word = argv[optind - 1];
    bool is_long = strncmp(word, "--", 2) == 0 &&
                   (option == ':' || (strchr(word, '=') && optopt == word[2]));

    if (optopt > 0 && optopt < CLI_KEY_FILE && !is_long) {
        letter[1] = (char)optopt;
        return letter;
    }
    return word;
}

/* Whether a long option was given a value that it does not take. */
static bool has_vain_value(int option, const char *word)
{
    return option == '?' && optopt > 0 && strncmp(word, "--", 2) == 0 &&
           strchr(word, '=') != NULL;
}

int cli_unknown_option(const char *verb, int option, char **argv,
                       const char *const *names, size_t count)
{
    const char *word = option_word(option, argv);
    const char *meant =
        strncmp(word, "--", 2) == 0
            ? msock_text_nearest(word + 2, strcspn(word + 2, "="), names, count)
            : NULL;
    if (option == ':') {
        return cli_usage("%s needs a value; see msock %s -h", word, verb);
    }
    if (has_vain_value(option, word)) {
        return cli_usage("%s: %.*s takes no value; see msock %s -h", word,
                         (int)strcspn(word, "="), word, verb);
    }
    return cli_usage("unknown option %s%s%s (what is no option and begins with "
                     "- comes after --); see msock %s -h",
                     word, meant ? ", perhaps --" : "", meant ? meant : "",
                     verb);
}

/* Whether a text is 32 bytes in base64. */
static bool is_key(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";

    return strspn(text, digits) == MSOCK_KEY_TEXT_SIZE - 2 &&
           strcmp(text + MSOCK_KEY_TEXT_SIZE - 2, "=") == 0;
}

int cli_check_file(const char *what, const char *file)
{
    return !is_key(file) || access(file, F_OK) == 0
               ? CLI_OK
               : cli_usage("%s: this looks like a key itself: put it in a "
                           "file, never on a command line, which others see",
                           what);
}

/* Takes an option's value, which must not be empty: a variable that is not set
 * would mean the default, and a channel without a key would be open. */
static int take(const char **member, const char *value, const char *name)
{
    if (value[0] == '\0') {
        return cli_usage("%s is empty: is a variable not set?", name);
    }
    *member = value;
    return cli_check_file(name, value);
}

int cli_channel_take(struct cli_channel *names, int option, const char *value)
{
    switch (option) {
    case 'c':
        return take(&names->url, value, "--channel");
    case CLI_KEY_FILE:
        return take(&names->key_file, value, "--key-file");
    case CLI_NAME:
        return take(&names->name, value, "--name");
    case CLI_ID_FILE:
        return take(&names->id_file, value, "--id-file");
    case CLI_TRUST_FILE:
        return take(&names->trust_file, value, "--trust-file");
    case CLI_CONTEXT:
        return take(&names->context, value, "--context");
    default:
        assert(option == 'q');
        names->quiet = true;
        return CLI_OK;
    }
}

const char *cli_channel_url(const struct cli_channel *names)
{
    return names->url;
}

bool cli_channel_says(const struct cli_channel *names, const char *key)
{
    const char *url = cli_channel_url(names);
    const char *option = url ? strchr(url, '?') : NULL;

    for (; option; option = strchr(option + 1, '&')) {
        size_t size = strlen(key);
        if (strncmp(option + 1, key, size) == 0 && option[1 + size] == '=') {
            return true;
        }
    }
    return false;
}

/* An identity has the name that the trust files know it by, which is the
 * host's if nothing else is said. */
static bool has_identity(const struct cli_channel *names)
{
    return names->id_file || cli_channel_says(names, "id_file");
}

/* Names a visitor: printable ASCII, and nobody else's name. */
static void name_visitor(char name[static MSOCK_NAME_MAX + 1], const char *verb)
{
    char host[256] = "";

    (void)gethostname(host, sizeof(host) - 1);
    snprintf(name, MSOCK_NAME_MAX + 1, "$%s-%.32s-%ld", verb, host,
             (long)getpid());
    for (char *at = name; *at != '\0'; at++) {
        *at = *at > ' ' && *at <= '~' ? *at : '-';
    }
}

/* Where channels tell what goes wrong while they run: a key file that cannot be
 * used any more, a network that is gone. It stays until the program ends; NULL
 * if it cannot be had, for channels do without it. */
static msock_logger *warnings(void)
{
    static msock_logger *logger;

    if (!logger && msock_logger_open(&logger, "msock", "-") == 0) {
        msock_logger_level(logger, MSOCK_WARNING);
    }
    return logger;
}

int cli_channel_open(msock_channel **channel, const struct cli_channel *names)
{
    char visitor[MSOCK_NAME_MAX + 1];
    msock_options options = {.struct_size = sizeof(options),
                             .name = names->name,
                             .key_file = names->key_file,
                             .id_file = names->id_file,
                             .trust_file = names->trust_file,
                             .logger = names->quiet ? NULL : warnings()};

    assert(names->resolved);
    if (!names->name && !has_identity(names)) {
        name_visitor(visitor, names->verb ? names->verb : "msock");
        options.name = visitor;
    }
    int code = msock_open(channel, cli_channel_url(names), &options);

    return code < 0 ? cli_error_code(code) : CLI_OK;
}

int cli_buffer_reserve(struct cli_buffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity) {
        return CLI_OK;
    }
    if (capacity < 2 * buffer->capacity) {
        capacity = 2 * buffer->capacity;
    }
    char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        return cli_error("out of memory");
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return CLI_OK;
}
